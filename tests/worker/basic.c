#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/worker/guest.h"
#include "tests/worker/tests.h"

static const char add_source[] = "kernel void add(global int *x, int n) { x[get_global_id(0)] += n; }\n";

static void test_path_of_a_kernel(void **state) {
    struct test_guest t;
    struct test_setup s;
    size_t n = 1000;
    (void)state;

    guest_open(&t, NULL);
    uint32_t slot = guest_slot(&t);
    TR_SEND(t.g, ENUMERATE, enumerate, NULL, .slot = slot, .out = guest_span(&t, 0, 4096));
    assert_int_equal(guest_result(&t, slot), CL_SUCCESS);
    assert_true(t.slots[slot].value >= sizeof(struct tr_device_entry));
    assert_int_equal(((struct tr_device_entry *)t.memory.ptr)->shares, 1);

    guest_setup(&t, &s, add_source, "add", 0);
    int *data = t.memory.ptr;
    for (size_t i = 0; i < n; i++)
        data[i] = (int)i;
    uint32_t mem = guest_placed_buffer(&t, s.context, 0, n * sizeof *data);
    guest_set_mem(&t, s.kernel, 0, mem);
    int add = 7;
    TR_SEND(t.g, SET_ARG, set_arg, ((struct tr_array[]){{&add, sizeof add}}), .kernel = s.kernel, .index = 1,
            .kind = TR_ARG_VALUE, .size = sizeof add, .slot = TR_NO_SLOT);
    for (int round = 0; round < 3; round++)
        TR_SEND(t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = s.queue,
                .kernel = s.kernel, .event_slot = TR_NO_SLOT, .work_dim = 1, .global = {n, 1, 1});
    assert_int_equal(guest_finish(&t, s.queue), CL_SUCCESS);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(data[i], (int)i + 21);
    assert_int_equal(guest_finish(&t, s.queue), CL_SUCCESS);
    int status = guest_close(&t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int worker_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_of_a_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
