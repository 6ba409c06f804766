// SPDX-License-Identifier: MIT
/*
 * A session: one guest process's virtual GPU, served by this worker process.
 *
 * Threads. One thread serves the link (session_run). Commands are decoded by *leader and followers*: whoever
 * holds the leader lock is the leader; it reads the FIFO and calls the handlers. When the FIFO is empty and a
 * guest thread waits for the driver, then either the driver's callback answers it (CPU drivers: the thread
 * that ran the kernel writes the status itself, which saves waking another one), or the leader gives up the
 * lock and waits in the driver (GPU drivers wait better than they call back); another decoder then sleeps on
 * the doorbell and becomes leader when the guest rings. So the FIFO is served at all times, and an idle
 * worker uses no CPU.
 */
#ifndef HOST_BACKEND_WORKER_SESSION_H
#define HOST_BACKEND_WORKER_SESSION_H

#include <pthread.h>

#include "host-backend/worker/driver.h"
#include "host-backend/worker/object.h"
#include "svga-model/device.h"
#include "trillium/slot.h"
#include "trillium/verify.h"

struct wait;
struct trace;
struct turns;
struct replay;
struct behind;

struct session_options {
    const int *hand;  /* descriptors of this process's hand (svga-model/hand.h), taken over; NULL: none */
    unsigned spin_us; /* how long an idle leader looks for the next command before it sleeps; 0: not at all */
    unsigned max_decoders; /* threads; beyond that, ends are told by callback */
    enum completion { COMPLETION_AUTO, COMPLETION_WAIT, COMPLETION_CALLBACK } completion;
    int profile_fd;            /* where the profile goes; -1: none from the beginning */
    bool profile_all;          /* it is of all commands, also where that costs much (sample.h) */
    int control;               /* where the broker may begin one later (attach.h); -1: nowhere */
    unsigned pid;              /* what the host knows this process by */
    unsigned build_memory_mib; /* most memory that a build may take; 0: any */
    unsigned build_seconds;    /* longest time that a build may take; 0: any */
    bool share_builds;         /* builds seen before are not done again */
    int store_fd;              /* the broker's store; -1: none */
    bool hushed; /* the guest writes to the same stderr: what it says of its opening is not said twice */
    struct turns *turns; /* what the host decides (turn.h); NULL: nobody decides, and nobody counts */
};

struct session {
    struct svga_device device;
    struct driver *driver;
    struct session_options options;
    struct tr_session_view view; /* what the verifier asks */
    uint32_t platform;           /* of what the present command names, and so makes (object.h) */
    struct trace *trace;         /* NULL: there was no profile yet */
    struct turns *turns;
    uint32_t shown; /* devices that the guest may see */
    struct store_asker *store;
    struct seen *seen; /* builds seen before; NULL: every build is the driver's */

    pthread_mutex_t lock; /* the leader lock: guards everything from here to `threads` */
    void *buffer;         /* the command being decoded: SVGA_CMD_MAX_SIZE bytes */
    struct objects objects;
    struct tr_slot *slots[TR_MAX_CHUNKS];
    uint32_t chunk_count;
    struct wait *waits, **waits_end; /* guest threads wait for these, and nobody attends to it yet */
    struct wait *polled;             /* wait_poll looks after these */
    struct wait *_Atomic ended; /* told by callback, for the next leader to account for; any thread pushes */
    struct behind *behind, **behind_end; /* commands that may not run yet (behind.h) */
    uint32_t busy_queues;                /* queues with commands that are not known to have ended */
    uint64_t idle_times;                 /* how often busy_queues has come down to 0 */
    struct replay *replay;               /* a batch's command is being carried out (batch.h); else NULL */
    bool over;         /* a command was refused, or the link ended: no further ones are read */
    unsigned decoders; /* threads that exist */
    unsigned away;     /* of these, waiting for the driver */
    uint32_t profiles; /* that were begun so far */
    const struct board_device
        *crowded; /* a CPU device that others want, too: the guest is told not to spin; NULL: it may */

    _Atomic uint32_t attach_order; /* attach.h: the leader resets what its thread sets */
    int attach_file;               /* these belong to whose turn it is */
    bool attach_all, attach_began;
    uint64_t swap_again_ns;
    bool swap_due, swap_to; /* queues are to be the driver's with its stamps, or those without */
    uint64_t attach_until_ns;

    pthread_mutex_t slot_lock; /* guards event.told and the order of writes to events' slots; innermost */
};

/* A session that nobody serves yet; takes `link` over. NULL when out of memory. For session_run, and for tests
 * that hand commands to session_carry_out themselves. */
struct session *session_new(int link, struct driver *driver, const struct session_options *options);

/* Serves `link` (taken over) until the guest goes. Does not tear the session down: the process is about to
 * exit, and a driver that hangs must not hold that up. */
void session_run(int link, struct driver *driver, const struct session_options *options);

/* Serves `link` just far enough to tell the guest why it gets no session. */
void session_refuse(int link, const char *why, const struct session_options *options);

/* The guest broke the rules: fails the session with a sentence. No further command is read. Leader lock held.
 */
void session_violation(struct session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Checks a command in private memory, 8-aligned; if it is not allowed the session has failed. Leader lock
 * held. */
bool session_verify(struct session *s, const void *bytes, uint32_t size, struct tr_view *command);
/* The same, and carries it out. */
void session_carry_out(struct session *s, const void *bytes, uint32_t size);

/* The memory that a verified span names; NULL for an empty one. */
void *session_span(struct session *s, struct tr_span span);

/* The slot's address; NULL for TR_NO_SLOT. It stays valid as long as the guest keeps the region. Leader lock
 * held. */
struct tr_slot *session_slot(const struct session *s, uint32_t slot);

/* Answers a command in its slot (NULL: no answer wanted) and interrupts. Any thread. */
void session_answer(struct session *s, struct tr_slot *slot, cl_int result, uint64_t value);

/* Tells the guest to stamp its commands from now on, or no more. Leader lock, or before there is a leader. */
void session_tell_profile(struct session *s, bool on);
/* The session's trace; NULL: out of memory. */
struct trace *session_trace_new(struct session *s);

/* This CPU device, on which a command has begun in a turn, is wanted by others, too. Leader lock. */
void session_crowded(struct session *s, const struct board_device *device);

/* How ends of this device's commands are told. */
bool session_by_callback(const struct session *s, const struct driver_device *device);

/* From a thread of the driver: a wait that the guest sleeps or spins for was just answered. If the guest runs
 * on another CPU its next command is near: wakes a decoder, to look for it. */
void session_kick(struct session *s);

/* What queue->enqueued and ->finished say has changed: keeps busy_queues. `ticks`: when (board_ticks). Leader lock
 * held. */
void session_queue_enqueued(struct session *s, struct queue *q);
void session_queue_finished(struct session *s, struct queue *q, uint64_t number, uint64_t ticks);

#endif
