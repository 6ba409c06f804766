// SPDX-License-Identifier: MIT
#include "host-backend/broker/peers.h"

#include <stdlib.h>
#include <sys/resource.h>

enum {
    /* Its pidfd, control and store sockets, board, bell, life and words; its own while it waits; one on the way; and two at the
     * door where it is a remote guest's. */
    FDS_OF_SESSION = 11,
    FDS_OF_DAEMON = 64,
    MIN_SESSIONS = 4,
    MAX_SILENT = 64,
};

struct peer_limits peer_limits_find(unsigned max_workers) {
    struct peer_limits limits = {.sessions = max_workers};
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
        rlim_t room = files.rlim_cur > FDS_OF_DAEMON ? (files.rlim_cur - FDS_OF_DAEMON) / FDS_OF_SESSION : 0;
        if (room < limits.sessions)
            limits.sessions = (unsigned)room;
    }
    if (limits.sessions < MIN_SESSIONS)
        limits.sessions = MIN_SESSIONS;
    limits.of_one = limits.sessions - limits.sessions / 4;
    limits.silent = limits.sessions / 4 < MAX_SILENT ? limits.sessions / 4 : MAX_SILENT;
    return limits;
}

struct peer *peer_get(struct peer **all, uint64_t key) {
    struct peer *p = *all;

    while (p && p->key != key)
        p = p->next;
    if (!p) {
        p = calloc(1, sizeof *p);
        if (!p)
            return NULL;
        p->key = key;
        p->next = *all;
        *all = p;
    }
    p->refs++;
    return p;
}

void peer_put(struct peer **all, struct peer *p) {
    if (--p->refs > 0)
        return;
    while (*all != p)
        all = &(*all)->next;
    *all = p->next;
    free(p);
}
