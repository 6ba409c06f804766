// SPDX-License-Identifier: MIT
/*
 * The guests of this host as the control knows them, their processes (sessions), what they may have and what they had.
 *
 * A guest is a VM, or what one user runs in one control group; it stays known when its last process has ended, so its
 * counters outlive them. GUESTS_MOST are known, and a quarter of that of one user, whose daemon may invent as many as it
 * likes; then the one, of this user, that has been without processes for longest is forgotten.
 *
 * Threads: one.
 */
#ifndef HOST_BACKEND_CONTROL_GUEST_H
#define HOST_BACKEND_CONTROL_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "host-backend/board/board.h"
#include "host-backend/control/changes.h"
#include "host-backend/control/limits.h"
#include "host-backend/control/policy.h"
#include "host-backend/control/turns.h"

enum { GUESTS_MOST = 1024, SESSIONS_MOST = 4096, KERNELS_MOST = 64, RATES = 2 /* of commands, of bytes */ };

struct meters {
    uint64_t commands, device_ns, queued_ns, bytes;
    uint64_t builds, build_ns, errors, hits[BOARD_LIMITS];
};

struct kernel_meter {
    char name[BOARD_KERNEL_NAME];
    uint64_t commands, device_ns;
};

struct guest {
    struct guest *next;
    unsigned id;
    struct policy_subject who;   /* name, uid and cgroup */
    struct limits limits, given; /* by the policy; and with what commands changed */
    bool paused;
    struct session *first;
    unsigned session_count;
    uint64_t last_ns; /* a session came or went */
    uint64_t since_ms;
    uint64_t memory_peak;
    uint64_t turns_ns;  /* devices' time in its turns that are over */
    struct meters past; /* of sessions that have ended */
    struct kernel_meter kernels[KERNELS_MOST];
    double tokens[RATES]; /* commands and bytes that it may still do this moment: below 0 it has to wait */
    uint64_t tokens_ns;
    uint64_t rate_hits;           /* times that it had to wait for a rate */
    uint64_t rate_told_ns[RATES]; /* the log heard of it; 0: never */
};

/* A process of a guest, and its worker. */
struct session {
    struct session *next;
    struct guest *guest;
    struct guests *all;
    void *owner;     /* the broker that told of it */
    uint64_t number; /* by which the broker knows it */
    pid_t pid, worker;
    struct board *board;
    int bell, life; /* -1: it has none */
    unsigned seat_count;
    struct seat seats[BOARD_DEVICES];
    uint64_t given[BOARD_ACCOUNTS]; /* that it may have: what it took and what the board says is left */
    uint32_t answered;              /* requests for more */
    uint64_t hits[BOARD_LIMITS];
    bool killed, over;
};

struct guests {
    struct guest *first;
    unsigned count, session_count;
    unsigned last_id;
    struct policy *policy;
    struct changes changes; /* by commands */
    struct arena arena;
    /* Ends a session's worker, for this reason. */
    void (*kill)(struct session *s, const char *why);
};

/* `changes`: the file of what commands change, which is taken up from it (changes.h); NULL: none. */
void guests_begin(struct guests *g, const struct scheduler_kind *kind, struct policy *policy,
                  const char *changes);
void guests_end(struct guests *g);

/* A worker is about to serve a process of the guest so named. Takes board and bell over. NULL: refused, with a sentence
 * for the guest. */
struct session *guests_join(struct guests *g, const struct policy_subject *who, int board_fd, int bell,
                            uint64_t now_ns, char why[LIMIT_TEXT]);
/* Its guest has gone, and its worker is about to end: it counts no more as a process that the guest has. */
void guests_over(struct session *s);
/* Its worker has ended; `open`: or nobody decides about it any more, and it goes on without. */
void guests_leave(struct guests *g, struct session *s, bool open, uint64_t now_ns);
/* Its worker has rung. */
void guests_rung(struct session *s, uint64_t now_ns);

/* By number or name. */
struct guest *guests_find(const struct guests *g, const char *name);
/* What `given` or `paused` say takes effect. */
void guests_apply(struct guests *g, struct guest *guest, uint64_t now_ns);
/* The policy has changed: limits that commands had changed are forgotten. */
void guests_reload(struct guests *g, struct policy *policy, uint64_t now_ns);

/* All that is known of it, up to now: of the turn that it has, too. */
json_t *guests_tell(const struct guests *all, const struct guest *g, uint64_t now_ns);

#endif
