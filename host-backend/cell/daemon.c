// SPDX-License-Identifier: MIT
#include "host-backend/cell/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/cell/filters.h"

const struct daemon_wall_info daemon_walls[DAEMON_WALLS] = {
    [DAEMON_BROKER] = {"broker", "the broker from system calls that neither it nor a worker needs"},
    [DAEMON_CONTROL] = {"control",
                        "the host's control from starting programs, opening files to write that are there, "
                        "signals, and any network"},
    [DAEMON_FRONT] = {"front", "a VM's front from starting programs, writing files, and any network"},
    [DAEMON_REMOTE] = {"remote",
                       "the process of a remote guest from all but its connection, its worker, and memory"},
};

int daemon_confine(enum daemon_wall wall) {
    return filter_load(&daemon_filters[wall], wall != DAEMON_FRONT);
}

bool daemon_raise(enum daemon_wall wall, enum cell_mode mode) {
    int r = mode == CELL_MODE_OFF ? 0 : daemon_confine(wall);
    if (r < 0)
        fprintf(stderr, "trillium: the wall '%s', which keeps %s, does not stand: %s\n",
                daemon_walls[wall].name, daemon_walls[wall].stops, strerror(-r));
    return r == 0 || mode != CELL_MODE_STRICT;
}

int daemon_try(enum daemon_wall wall) {
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(-daemon_confine(wall) & 0xff);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}
