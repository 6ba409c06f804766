// SPDX-License-Identifier: MIT
#include "host-backend/cell/walls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAMESPACES                                                                                           \
    "namespaces: the daemon is root, or the kernel lets users have user namespaces "                         \
    "(kernel.unprivileged_userns_clone, user.max_user_namespaces, AppArmor's restriction of them)"
#define MEND_NAMESPACES                                                                                      \
    "sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0"

const struct cell_wall_info cell_walls[CELL_WALLS] = {
    [CELL_PID] = {"pid", "seeing or signalling other processes, and outliving its worker", NAMESPACES,
                  MEND_NAMESPACES},
    [CELL_ROOT] = {"root", "opening files, sockets and devices that its driver does not need",
                   NAMESPACES ", Linux 5.12, and a root file system that pivot_root works on",
                   MEND_NAMESPACES},
    [CELL_NET] = {"net", "any network, loopback and abstract sockets too", NAMESPACES, MEND_NAMESPACES},
    [CELL_IPC] = {"ipc", "System V memory, semaphores and queues of others", NAMESPACES, MEND_NAMESPACES},
    [CELL_UTS] = {"uts", "the host's name", NAMESPACES, MEND_NAMESPACES},
    [CELL_UID] = {"uid", "what the daemon's user may do",
                  "a daemon that runs as root (then each worker has a user of its own), or user namespaces "
                  "(then it is its user's own process, without any right over others)",
                  NULL},
    [CELL_CAPS] = {"caps", "capabilities, setuid programs, being traced", "Linux 3.5", NULL},
    [CELL_LIMITS] = {"limits", "taking all memory, processes, descriptors or disk",
                     "limits of this process that are not above what a worker may have", NULL},
    [CELL_LANDLOCK] = {"landlock", "files, a second time", "Linux 5.19 with Landlock among its LSMs",
                       "boot with lsm=landlock,... (the list in /sys/kernel/security/lsm, landlock first)"},
    [CELL_SECCOMP] = {"seccomp", "system calls that its driver does not need", "Linux with seccomp filters",
                      NULL},
};

unsigned cell_report_standing(const struct cell_report *report) {
    unsigned standing = 0;
    for (int i = 0; i < CELL_WALLS; i++)
        if (report->error[i] == 0)
            standing |= CELL_BIT(i);
    return standing;
}

void cell_explain(enum cell_wall wall, int error, char *out, size_t size) {
    snprintf(out, size, "%s (it needs %s)", strerror(error), cell_walls[wall].needs);
}
