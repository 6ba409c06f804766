// SPDX-License-Identifier: MIT
/* The lists of system calls that the build makes: what each kind of driver adds, and who may be signalled. */
#include "tests/lib/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/cell/drivers.h"
#include "host-backend/cell/filters.h"

static unsigned kinds;   /* of drivers, beside the first */
static unsigned present; /* of these, as bits: what the child supposes */

/* What a child says behind the filter for `present`. */
static int behind(int (*says)(void)) {
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(filter_load(&worker_filters[present], true) < 0 ? 255 : says());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int signals(pid_t pid, pid_t tid) {
    return syscall(SYS_tgkill, pid, tid, 0) < 0 ? errno : 0;
}

static int signals_itself(void) {
    return signals(getpid(), gettid());
}

static int signals_its_parent(void) {
    return signals(getppid(), getppid());
}

/* What stands for its number until it is loaded. */
static int signals_a_placeholder(void) {
    return signals((pid_t)FILTER_SELF, (pid_t)FILTER_SELF);
}

/* Requests of kinds that are there reach the kernel, which says that nothing is open; all others do not exist. */
static int asks_devices(void) {
    for (unsigned i = 0; cell_drivers[i].name; i++) {
        bool there = i == 0 || (present & 1u << (i - 1)) != 0;
        for (int k = 0; k < CELL_IOCTLS && cell_drivers[i].ioctls[k].mask; k++) {
            int error = ioctl(-1, cell_drivers[i].ioctls[k].value, NULL) < 0 ? errno : 0;
            if (error != (there ? EBADF : ENOSYS))
                return (int)(1 + i);
        }
    }
    return 0;
}

static void test_signals(void **state) {
    (void)state;
    for (present = 0; present < 1u << kinds; present++) {
        assert_int_equal(behind(signals_itself), 0);
        assert_int_equal(behind(signals_its_parent), ENOSYS);
        assert_int_equal(behind(signals_a_placeholder), ENOSYS);
    }
}

static void test_devices(void **state) {
    (void)state;
    for (present = 0; present < 1u << kinds; present++)
        assert_int_equal(behind(asks_devices), 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_devices),
    };

    while (cell_drivers[kinds + 1].name)
        kinds++;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
