// SPDX-License-Identifier: MIT
/*
 * The guest half of the virtual GPU: a session's FIFO, fences and regions over some carrier.
 *
 * Commands are written in place:
 *
 *     svga_guest_lock(g);
 *     void *cmd = svga_guest_reserve(g, size);   // waits for room
 *     ... fill in ...
 *     svga_guest_commit(g, size);                // any number of reserve/commit pairs
 *     svga_guest_unlock(g);                      // publishes, rings the doorbell if the device sleeps
 *
 * Threads: everything here may be called from any thread; lock/unlock bracket one thread's commands.
 */
#ifndef SVGA_MODEL_GUEST_H
#define SVGA_MODEL_GUEST_H

#include "svga-model/carrier.h"
#include "svga-model/fifo.h"
#include "svga-model/lock.h"

struct svga_guest {
    struct svga_carrier *carrier;
    svga_word *words;
    struct svga_producer fifo; /* guarded by fifo_lock */
    struct svga_lock fifo_lock;
    struct svga_lock region_lock; /* guards the carrier's [serial] calls, next_region and free_regions */
    uint32_t next_region;
    uint32_t *free_regions;
    size_t free_region_count, free_region_cap;
    uint32_t last_fence; /* guarded by fifo_lock */
    uint64_t spin_ns;    /* how long a waiter spins at most before it sleeps */
    /* What kind of work was given to the device last, and is not waited for yet (svga-model/waits.h): who spins for the end of what is for
     * all of its CPUs, if it is these, takes one from it. 0: none, or nobody knows. */
    _Atomic uint32_t kind;
    bool detached; /* this process is a fork of the one that owns the session */
    /* for measurements */
    _Atomic uint64_t commands, command_bytes; /* written with fifo_lock held */
    _Atomic uint64_t doorbells;
    _Atomic uint64_t sleeps;
};

/*
 * Takes over `carrier` (also on failure) and starts a session on it: sets the FIFO up and writes GUEST_ID =
 * version and CONFIG_DONE. spin_us: see spin_ns. NULL with `why` filled when the device refuses.
 */
struct svga_guest *svga_guest_open(struct svga_carrier *carrier, uint32_t version, unsigned spin_us,
                                   char why[SVGA_WHY_SIZE]);
void svga_guest_close(struct svga_guest *g);

/* For a forked child: the session stays its parent's. From here on the device counts as lost in this process.
 */
void svga_guest_detach(struct svga_guest *g);

/* A register's value, as the device wrote it. */
uint32_t svga_guest_reg_read(const struct svga_guest *g, enum svga_reg reg);

void svga_guest_lock(struct svga_guest *g);
/* NULL if the device is lost: nothing was reserved, do not commit. */
void *svga_guest_reserve(struct svga_guest *g, uint32_t size);
void svga_guest_commit(struct svga_guest *g, uint32_t size);
void svga_guest_unlock(struct svga_guest *g);
/* The same, for what has time until the device is awake for something else: wakes nobody. */
void svga_guest_unlock_quietly(struct svga_guest *g);

/* Writes SVGA_CMD_FENCE with the next fence number and returns it (0: device lost). */
uint32_t svga_guest_fence(struct svga_guest *g);
/* Waits until FENCE has passed `fence`. 0 or -ENODEV. */
int svga_guest_wait_fence(struct svga_guest *g, uint32_t fence);

/*
 * Waits until done(arg) is true: spins while that can help (the other side runs on another CPU), then sleeps.
 * `done` reads memory that the device writes, with acquire order. 0, or -ENODEV when the device was lost
 * first.
 */
int svga_guest_wait(struct svga_guest *g, bool (*done)(void *arg), void *arg);
/* The same for who has time, while the device has more to do: spins hardly where that would take a CPU from it. */
int svga_guest_wait_idly(struct svga_guest *g, bool (*done)(void *arg), void *arg);
/* The same without spinning: for threads that nobody waits for. */
int svga_guest_sleep(struct svga_guest *g, bool (*done)(void *arg), void *arg);
/* What kind of work is given to the device next: how long who waits for it spins depends on how long waits for that kind took. */
static inline void svga_guest_set_kind(struct svga_guest *g, uint32_t kind) {
    atomic_store_explicit(&g->kind, kind, memory_order_relaxed);
}
/* The same, of less importance than what is not waited for yet. */
static inline void svga_guest_set_kind_beside(struct svga_guest *g, uint32_t kind) {
    if (atomic_load_explicit(&g->kind, memory_order_relaxed) == 0)
        svga_guest_set_kind(g, kind);
}

/* True once the device is lost for good; svga_guest_error tells why. */
bool svga_guest_lost(const struct svga_guest *g);
/* Copies the device's reason into `why`; always leaves a sentence. */
void svga_guest_error(const struct svga_guest *g, char why[SVGA_WHY_SIZE]);

/* To be called when bytes of a region have changed that no command to come names: after the one that does, or for what no
 * command names. Commands that are sent later find them changed. */
static inline void svga_guest_wrote(struct svga_guest *g, const void *bytes, uint64_t length) {
    if (g->carrier->ops->copies)
        g->carrier->ops->wrote(g->carrier, bytes, length);
}

/* Makes a region of `size` bytes (rounded up to pages). 0 or a negative errno
 * (svga_carrier_ops.region_create). */
int svga_guest_region_create(struct svga_guest *g, uint64_t size, struct svga_region *region);
/* The same at one address on both sides (svga_region.address); -EEXIST if one side has something there. */
int svga_guest_region_create_at(struct svga_guest *g, uint64_t size, uint64_t address,
                                struct svga_region *region);
/* What uses it must have been released and have ended. Waits for a fence first: commands that name the region
 * may still lie in the FIFO, while its end goes over the link. */
void svga_guest_region_destroy(struct svga_guest *g, struct svga_region *region);

#endif
