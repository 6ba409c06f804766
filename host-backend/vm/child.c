// SPDX-License-Identifier: MIT
#include "host-backend/vm/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "host-backend/cell/limits.h"

void vm_child_begin(pid_t parent, const int *kept, unsigned count, int log) {
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    cell_limits_no_core();
    for (unsigned i = 0; i < count; i++)
        if (kept[i] > 2)
            fcntl(kept[i], F_SETFD, 0);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(log, 1);
    dup2(log, 2);
}
