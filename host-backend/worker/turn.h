// SPDX-License-Identifier: MIT
/*
 * What the host decides about a worker, on the worker's side (board/board.h): may this command begin, is there memory
 * for that object; and what the worker did, counted.
 *
 * A command that begins in a turn gets an event, whose callback says when it has ended: so the time between two ends
 * is the device's time for one command, and as many commands are given to the driver at once as are expected to fit
 * the rest of the turn, one at least. When none is left in flight the turn goes back; or, where the host wants it so and what commands
 * take is known well, a little before: the way to the next holder's first command leads through three threads, which wake up meanwhile.
 * Commands that may wait for what the guest does later (a user event) take their turn when it has done it (behind.h).
 *
 * Threads: turn_take, turn_begun and what is taken from accounts under the leader lock; ends come from any thread.
 */
#ifndef HOST_BACKEND_WORKER_TURN_H
#define HOST_BACKEND_WORKER_TURN_H

#include <pthread.h>

#include <CL/cl.h>

#include "host-backend/board/board.h"
#include "host-backend/worker/driver.h"
#include "trillium/protocol.h"

/* One root device's. */
struct turn {
    struct board_device *board;
    struct turns *all;
    pthread_mutex_t lock; /* guards the members up to `waiting` */
    pthread_cond_t ended;
    unsigned in_flight; /* commands that have begun in this turn */
    uint64_t begun_ns;  /* the turn */
    uint64_t last_ns;   /* the newest end, or the first beginning */
    uint64_t mean_ns;   /* what a command takes, from those before; 0: not known */
    uint64_t spread_ns; /* and how far one is off that */
    unsigned known;     /* commands that this was learnt from, up to TURN_KNOWN */
    unsigned left_over; /* commands of earlier turns that have not ended; */
    uint64_t due_ns;    /* when they were expected to */
    unsigned number;    /* of the turn: higher with each that was given back early */
    uint32_t asked_at;  /* board->signal when it was asked for ahead */
    bool held;
    bool waiting;     /* the decoder will ask again at once */
    bool asked_ahead; /* so the end of the last turn has asked for it */
    /* while the gate is open; leader lock */
    unsigned busy_queues;
    uint64_t busy_since; /* board_ticks; TURN_MEASURED: the host measures turns meanwhile */
};

#define TURN_MEASURED UINT64_MAX
enum { TURN_KNOWN = 8 };

struct turns {
    struct board *board;
    _Atomic bool waiting; /* the decoder waits for a turn, not for the driver */
    int bell;             /* -1: nobody listens */
    struct turn device[BOARD_DEVICES];
};

/* Writes the driver's devices down on the board at `board_fd`; both descriptors are taken over. -1: a board of this
 * process' own, which nobody else reads. NULL when out of memory or `board_fd` is none. */
struct turns *turns_new(int board_fd, int bell, const struct driver *driver);
/* For processes that outlive a session; the bell stays open. */
void turns_free(struct turns *all);

/* The device that this one is a part of; devices beyond the board share one that is always open. */
struct turn *turns_of(struct turns *all, const struct driver *driver, const struct driver_device *device);

/* Slow path, where turn->board->gate is not 0: waits until a command may begin. `over` ends the wait. True: it is
 * counted, and turn_begun must follow. */
bool turn_wait(struct turn *t, const _Atomic bool *over);
static inline bool turn_take(struct turn *t, const _Atomic bool *over) {
    return __builtin_expect(atomic_load_explicit(&t->board->gate, memory_order_relaxed) != 0, 0) &&
           turn_wait(t, over);
}
/* What begins in a turn. */
struct turn_command {
    cl_command_queue queue;
    cl_event event;              /* tells of its end; NULL: the driver has refused it */
    struct board_kernel *kernel; /* whose time it is; NULL: no kernel's */
    bool wait;                   /* the driver loses callbacks: the end is waited for here */
    /* Is told of the end, on any thread; the decoder may be waiting behind this command. NULL: nobody is. */
    void (*told)(void *opaque, void *event, cl_int status);
    void *opaque, *told_event;
};
/* The driver has the command, or has refused it. */
void turn_begun(struct turn *t, const struct turn_command *command);

/* A first command is in flight on the device, and the last one has ended. Leader lock. */
static inline void turn_busy(struct turn *t) {
    t->busy_since =
        atomic_load_explicit(&t->board->gate, memory_order_relaxed) ? TURN_MEASURED : board_ticks();
}
static inline void turn_idle(const struct turn *t, uint64_t ticks) {
    if (ticks > t->busy_since)
        board_add(&t->board->busy_ticks, ticks - t->busy_since);
}

/* Where a kernel of this name is counted. Leader lock. */
struct board_kernel *turns_kernel(struct turns *all, const char *name);

/* The host shall look at the board. Any thread. */
void turns_ring(const struct turns *all);

/* A limit of builds (0: none): the smaller one of the worker's own and the board's. Any thread. */
static inline unsigned turns_tighter(const _Atomic uint32_t *board, unsigned own) {
    unsigned limit = atomic_load_explicit(board, memory_order_relaxed);
    return limit != 0 && (own == 0 || limit < own) ? limit : own;
}

/* So much of an account for an object of this kind, under the leader lock. False: it is more than the guest may have. */
bool turns_take(struct turns *all, enum board_account account, uint64_t amount, enum tr_kind kind);
/* Any thread. */
void turns_give(struct turns *all, enum board_account account, uint64_t amount);

#endif
