// SPDX-License-Identifier: MIT
#include "host-backend/broker/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/board/board.h"
#include "host-backend/broker/environment.h"
#include "host-backend/util/packet.h"
#include "host-backend/worker/control.h"

enum { ARGUMENTS = 48 }; /* of a worker's command line */

int spawn_worker(const struct broker_config *config, const struct cell *cell, bool eager, const char *refuse,
                 char *const *variables, struct spawned *out) {
    char number[16], store[16], board[16], bell[16], walls[16], trace[16], pid[CELL_PID_TEXT] = "", more[256];
    char *argv[ARGUMENTS + 1] =
        {"trillium-worker", "--control", number,    "--store", store,    "--cell", walls,
         "--pid",           pid,         "--board", board,     "--bell", bell},
                           *rest;
    int sockets[2], stores[2], bells[2], n = 13, r = 0;
    const bool inside = *cell_variables(cell) != NULL; /* it has a place of its own for caches and the like */

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return -errno;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, stores) < 0) {
        r = -errno;
        close(sockets[0]);
        close(sockets[1]);
        return r;
    }
    const int words = words_begin(&out->words, LOG_WORDS);
    if (words < 0) {
        close(sockets[0]);
        close(sockets[1]);
        close(stores[0]);
        close(stores[1]);
        return words;
    }
    out->board = board_make();
    if (out->board < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, bells) < 0) {
        r = out->board < 0 ? out->board : -errno;
        if (out->board >= 0)
            close(out->board);
        for (int i = 0; i < 2; i++) {
            close(sockets[i]);
            close(stores[i]);
        }
        close(words);
        words_end(&out->words, "a worker");
        return r;
    }
    snprintf(board, sizeof board, "%d", out->board);
    snprintf(bell, sizeof bell, "%d", bells[1]);
    snprintf(number, sizeof number, "%d", sockets[1]);
    snprintf(store, sizeof store, "%d", stores[1]);
    snprintf(walls, sizeof walls, "%u", cell_standing(cell));
    if (config->device_filter) {
        argv[n++] = "--device";
        argv[n++] = (char *)config->device_filter;
    }
    if (config->profile_dir) {
        snprintf(trace, sizeof trace, "%d", sockets[0]); /* a number that is the broker's alone */
        argv[n++] = "--profile-fd";
        argv[n++] = trace;
    }
    if (config->hands)
        argv[n++] = "--hand";
    if (config->fresh_builds)
        argv[n++] = "--no-shared-builds";
    if (config->run_pid)
        argv[n++] = "--hushed";
    if (eager)
        argv[n++] = "--eager";
    if (config->control && access(config->control, F_OK) == 0)
        argv[n++] = "--in-turns";
    if (refuse) {
        argv[n++] = "--refuse";
        argv[n++] = (char *)refuse;
    }
    snprintf(more, sizeof more, "%s", config->worker_options ? config->worker_options : "");
    for (char *word = strtok_r(more, " ", &rest); word && n < ARGUMENTS; word = strtok_r(NULL, " ", &rest))
        argv[n++] = word;
    char **env = worker_environment(cell_variables(cell), variables, inside);
    const struct cell_start start = {.path = config->worker_path,
                                     .argv = argv,
                                     .env = env,
                                     .keep = (int[]){sockets[1], stores[1], out->board, bells[1]},
                                     .keep_count = 4,
                                     .error_fd = words,
                                     .pid_text = pid,
                                     .trace_dir = config->profile_dir,
                                     .trace_fd = sockets[0]};
    out->pid = env ? cell_start(cell, &start) : -ENOMEM;
    if (out->pid < 0)
        r = out->pid;
    free(env);
    close(sockets[1]);
    close(stores[1]);
    close(words);
    close(bells[1]);
    out->bell = bells[0];
    out->control = sockets[0];
    out->store = stores[0];
    out->pidfd = out->pid > 0 ? (int)syscall(SYS_pidfd_open, out->pid, 0) : -1;
    if (out->pid > 0 && out->pidfd < 0) {
        r = -errno;
        kill(out->pid, SIGKILL);
        waitpid(out->pid, NULL, 0);
        cell_ended(cell, out->pid);
    }
    if (r < 0) {
        close(sockets[0]);
        close(stores[0]);
        words_end(&out->words, "a worker");
        close(out->board);
        close(out->bell);
    }
    return r;
}

int spawn_give_session(int control, int session) {
    const char byte = CONTROL_SESSION;
    return packet_send(control, &byte, 1, session, 0);
}
