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

/* Sockets between the broker, at the first end of each, and the worker. */
enum pair { CONTROL_PAIR, STORE_PAIR, BELL_PAIR, LIFE_PAIR, PAIRS };

static void close_pairs(int pairs[PAIRS][2], int count) {
    for (int i = 0; i < count; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
}

/* 0 or a negative errno: then there are none. */
static int open_pairs(int pairs[PAIRS][2]) {
    static const int types[PAIRS] = {[CONTROL_PAIR] = SOCK_SEQPACKET,
                                     [STORE_PAIR] = SOCK_SEQPACKET,
                                     [BELL_PAIR] = SOCK_STREAM | SOCK_NONBLOCK,
                                     [LIFE_PAIR] = SOCK_STREAM};

    for (int i = 0; i < PAIRS; i++) {
        if (socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, pairs[i]) < 0) {
            int error = errno;
            close_pairs(pairs, i);
            return -error;
        }
    }
    return 0;
}

int spawn_worker(const struct broker_config *config, const struct cell *cell, bool eager, const char *refuse,
                 char *const *variables, struct spawned *out) {
    char number[16], store[16], board[16], bell[16], life[16], walls[16], trace[16], pid[CELL_PID_TEXT] = "",
                                                                                     more[256];
    char *argv[ARGUMENTS + 1] =
        {"trillium-worker", "--control", number,   "--store", store,    "--cell", walls, "--pid", pid,
         "--board",         board,       "--bell", bell,      "--life", life},
                           *rest;
    int pairs[PAIRS][2], n = 15, r = open_pairs(pairs);
    const bool inside = *cell_variables(cell) != NULL; /* it has a place of its own for caches and the like */

    if (r < 0)
        return r;
    const int words = words_begin(&out->words, LOG_WORDS);
    if (words < 0) {
        close_pairs(pairs, PAIRS);
        return words;
    }
    out->board = board_make();
    if (out->board < 0) {
        close_pairs(pairs, PAIRS);
        close(words);
        words_end(&out->words, "a worker");
        return out->board;
    }
    snprintf(board, sizeof board, "%d", out->board);
    snprintf(bell, sizeof bell, "%d", pairs[BELL_PAIR][1]);
    snprintf(life, sizeof life, "%d", pairs[LIFE_PAIR][1]);
    snprintf(number, sizeof number, "%d", pairs[CONTROL_PAIR][1]);
    snprintf(store, sizeof store, "%d", pairs[STORE_PAIR][1]);
    snprintf(walls, sizeof walls, "%u", cell_standing(cell));
    if (config->device_filter) {
        argv[n++] = "--device";
        argv[n++] = (char *)config->device_filter;
    }
    if (config->profile_dir) {
        snprintf(trace, sizeof trace, "%d", pairs[CONTROL_PAIR][0]); /* a number that is the broker's alone */
        argv[n++] = "--profile-fd";
        argv[n++] = trace;
    }
    if (config->hands)
        argv[n++] = "--hand";
    if (config->fresh_builds)
        argv[n++] = "--no-shared-builds";
    if (config->run_pid)
        argv[n++] = "--hushed";
    if (eager) { /* what it loads its guest waits for */
        argv[n++] = "--eager";
        argv[n++] = "--late-translator";
    }
    if (cell_assumed(cell))
        argv[n++] = "--trying";
    if (config->control && access(config->control, F_OK) == 0)
        argv[n++] = "--in-turns";
    if (config->profile_dir && config->profile_all)
        argv[n++] = "--profile-all";
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
                                     .keep = (int[]){pairs[CONTROL_PAIR][1], pairs[STORE_PAIR][1], out->board,
                                                     pairs[BELL_PAIR][1], pairs[LIFE_PAIR][1]},
                                     .keep_count = 5,
                                     .error_fd = words,
                                     .pid_text = pid,
                                     .trace_dir = config->profile_dir,
                                     .trace_fd = pairs[CONTROL_PAIR][0]};
    out->pid = env ? cell_start(cell, &start) : -ENOMEM;
    if (out->pid < 0)
        r = out->pid;
    free(env);
    close(words);
    for (int i = 0; i < PAIRS; i++)
        close(pairs[i][1]);
    out->control = pairs[CONTROL_PAIR][0];
    out->store = pairs[STORE_PAIR][0];
    out->bell = pairs[BELL_PAIR][0];
    out->life = pairs[LIFE_PAIR][0];
    out->pidfd = out->pid > 0 ? (int)syscall(SYS_pidfd_open, out->pid, 0) : -1;
    if (out->pid > 0 && out->pidfd < 0) {
        r = -errno;
        kill(out->pid, SIGKILL);
        waitpid(out->pid, NULL, 0);
        cell_ended(cell, out->pid);
    }
    if (r < 0) {
        for (int i = 0; i < PAIRS; i++)
            close(pairs[i][0]);
        words_end(&out->words, "a worker");
        close(out->board);
    }
    return r;
}

int spawn_give_session(int control, int session) {
    const char byte = CONTROL_SESSION;
    return packet_send(control, &byte, 1, session, 0);
}
