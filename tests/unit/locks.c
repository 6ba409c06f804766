// SPDX-License-Identifier: MIT
/* The order of locks (svga-model/lock.h, guest-icd/session/locks.h): whoever takes one out of it aborts where it is checked. */
#define SVGA_CHECK_LOCKS 1
#include "svga-model/lock.c" // NOLINT(bugprone-suspicious-include): the checked one, whatever this build is

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest-icd/session/locks.h"

static void take_and_give(unsigned first, unsigned second) {
    struct svga_lock a = SVGA_LOCK(first), b = SVGA_LOCK(second);
    svga_lock_take(&a);
    svga_lock_take(&b);
    svga_lock_give(&b);
    svga_lock_give(&a);
}

/* How a process of its own ends that takes the one and then the other. */
static int ends(unsigned first, unsigned second) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2);
        take_and_give(first, second);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void in_order(void **state) {
    (void)state;
    take_and_give(ICD_LOCK_SUB_DEVICES, ICD_LOCK_PLATFORMS);
    take_and_give(ICD_LOCK_PENDING, ICD_LOCK_POOL);
    take_and_give(ICD_LOCK_SLOTS, SVGA_LOCK_REGIONS);
    take_and_give(SVGA_LOCK_REGIONS, SVGA_LOCK_FIFO);
    assert_int_equal(ends(ICD_LOCK_CONTEXT, ICD_LOCK_PENDING), 0);
}

static void out_of_order(void **state) {
    (void)state;
    assert_true(WIFSIGNALED(ends(ICD_LOCK_PENDING, ICD_LOCK_CONTEXT)));
    assert_true(WIFSIGNALED(ends(SVGA_LOCK_FIFO, ICD_LOCK_SUB_DEVICES)));
    assert_true(WIFSIGNALED(ends(ICD_LOCK_MEM, ICD_LOCK_MEM)));
}

static void there_is_room(void **state) {
    (void)state;
    assert_true((int)ICD_LOCK_SLOTS < (int)SVGA_LOCK_REGIONS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(out_of_order),
        cmocka_unit_test(there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
