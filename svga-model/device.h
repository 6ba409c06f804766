// SPDX-License-Identifier: MIT
/*
 * The device half of the virtual GPU: one session's BAR, regions, FIFO and interrupt, as the process sees it
 * that serves the session. Knows nothing of what the commands mean.
 *
 * Threads: one thread runs svga_device_serve_link; any number of threads take turns as the decoder (one at a
 * time, between svga_device_next and svga_device_release; the caller's lock); everything else may be called
 * from any thread.
 */
#ifndef SVGA_MODEL_DEVICE_H
#define SVGA_MODEL_DEVICE_H

#include <pthread.h>

#include "svga-model/fifo.h"
#include "svga-model/hand.h"

struct svga_device_limits {
    uint64_t max_pages; /* 4 KiB pages in all regions together */
    uint32_t max_ids;   /* regions */
    uint32_t max_maps;  /* mappings in all regions together: stays below vm.max_map_count */
};

struct svga_range;

struct svga_gmr {
    void *ptr; /* NULL: not defined */
    uint64_t size;
    uint64_t mapped; /* while being defined: bytes that have pieces already */
    uint32_t maps;   /* mappings that it took */
    bool complete;
    struct svga_range *range; /* its addresses, which may outlive it */
};

struct svga_device_callbacks {
    void *opaque;
    /* CONFIG_DONE was written: commands may come. `version` is what the guest wrote to GUEST_ID. Returns 0,
     * or a positive errno to refuse (after svga_device_fail with the reason). Called on the link thread. */
    int (*config_done)(void *opaque, uint32_t version);
    /* A region is about to be unmapped. Called on the link thread; may be NULL. */
    void (*region_gone)(void *opaque, uint32_t id);
    /* Does a command run that may still use what svga_device_span once gave out? *times: how often it was
     * otherwise so far. Called on the link thread; NULL: none ever does. */
    bool (*busy)(void *opaque, uint64_t *times);
};

struct svga_device {
    int link;
    int irqfd;        /* -1: none */
    uint32_t version; /* for SVGA_REG_DEV_CAP */
    struct svga_device_limits limits;
    struct svga_device_callbacks callbacks;
    bool
        hushed; /* why a guest gets no session is not said on stderr where the guest itself is told; set after
                    svga_device_init */

    pthread_mutex_t lock; /* guards gmrs, gmr_cap, pages, maps, the ranges and irqfd */
    struct svga_gmr *gmrs;
    uint32_t gmr_cap;
    uint64_t pages;
    uint32_t maps;
    struct svga_range *deleted; /* ranges whose regions are deleted and that something may still refer to */

    int hand[SVGA_HAND_FDS]; /* the hand's descriptors until it is asked for; -1: none */
    bool by_hand;            /* it was asked for: regions are mapped by it */

    void *bar; /* NULL until GMR 0 is defined */
    size_t bar_size;
    svga_word *words;
    uint32_t guest_version;
    struct svga_consumer fifo; /* the decoder's */
    _Atomic bool running;      /* CONFIG_DONE was carried out */
    _Atomic bool closing;      /* the link ended: threads shall leave */
    _Atomic uint32_t sleepers; /* threads in svga_device_sleep */
};

/* `link` is taken over. `version` is published in SVGA_REG_DEV_CAP. */
void svga_device_init(struct svga_device *d, int link, uint32_t version,
                      const struct svga_device_limits *limits, const struct svga_device_callbacks *callbacks);

/* Takes over the descriptors of this process's hand, for the peer to ask for. Before svga_device_serve_link. */
void svga_device_give_hand(struct svga_device *d, const int hand[SVGA_HAND_FDS]);

/* Serves link messages until the peer closes or could not be told what failed (0), or breaks the protocol (-EPROTO). Wakes all sleepers at the
 * end, with `closing` set. */
int svga_device_serve_link(struct svga_device *d);

/* Unmaps everything. No other thread may be inside any more. */
void svga_device_finish(struct svga_device *d);

/* Bytes [offset, offset + length) of region `id`, or NULL if they are not all inside a complete region. The
 * pointer is good until the guest deletes the region; after that an access faults: no other region, and
 * nothing else, gets the addresses while a command runs (callbacks.busy) or somebody holds them. */
void *svga_device_span(struct svga_device *d, uint32_t id, uint64_t offset, uint64_t length);

/* Holds the addresses of a region for something that outlives a command. NULL: there is no such region, or
 * out of memory. */
struct svga_range *svga_device_hold(struct svga_device *d, uint32_t id);
/* Gives the hold back: once for each svga_device_hold. NULL is ignored. Any thread, before
 * svga_device_finish. */
void svga_device_let_go(struct svga_range *range);

/* Next command into `buffer` (SVGA_CMD_MAX_SIZE bytes): its size; 0: none; -1: the FIFO is corrupt, the
 * device failed. Carries out SVGA_CMD_FENCE itself (and looks further). */
int svga_device_next(struct svga_device *d, void *buffer);
static inline bool svga_device_pending(const struct svga_device *d) {
    return svga_consumer_pending(&d->fifo);
}
/* Hints (svga_consumer_peek): the id of the command after the one last read. */
static inline uint32_t svga_device_peek(const struct svga_device *d) {
    return svga_consumer_peek(&d->fifo);
}
static inline uint32_t svga_device_peek_past(const struct svga_device *d, uint32_t passed) {
    return svga_consumer_peek_past(&d->fifo, passed);
}
/* Gives the room of the commands read so far back to the guest. */
void svga_device_release(struct svga_device *d);

/*
 * The doorbell's device side. svga_device_doze says "ring before you expect to be heard" (BUSY = 0) and
 * returns false, BUSY being 1 again, if a command came in meanwhile. After true: svga_device_sleep until rung
 * (or closing, or timeout_ms < 0: no limit); or go and do something else while another thread sleeps.
 * svga_device_awake takes the promise back (BUSY = 1).
 */
bool svga_device_doze(struct svga_device *d);
void svga_device_sleep(struct svga_device *d, int timeout_ms);
void svga_device_awake(struct svga_device *d);

/* After something that a guest thread may wait for was written to shared memory: interrupts it if it sleeps.
 */
void svga_device_irq(struct svga_device *d);

/* Publishes the CPU that the decoder runs on (SVGA_FIFO_HOST_CPU), and tells whether the guest last waited on
 * another one. */
bool svga_device_on_other_cpu(struct svga_device *d);
/* Until that is called again: other guests want the CPUs, so that a thread of this one that waits had better sleep than spin. */
void svga_device_cpus_wanted(struct svga_device *d);

/* Marks the device lost, with a reason for the guest. The first call counts. */
void svga_device_fail(struct svga_device *d, enum svga_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool svga_device_failed(const struct svga_device *d);

#endif
