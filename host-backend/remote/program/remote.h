// SPDX-License-Identifier: MIT
/*
 * trillium-remote: the host's end of one stream (svga-model/stream.h), a process for each connection. To its worker it is a
 * guest process like any other, with regions, FIFO and slots in memory that the two share; to the guest at the other end of
 * the stream it is the device. It carries over what the guest's commands read (trillium/moves.h), and back what they wrote.
 *
 * Everything that comes over the stream is hostile: regions are bounded, ranges and commands checked before they are used.
 * What a command means is the worker's to check.
 *
 * Threads: the reader takes frames from the guest; the teller waits for the worker and tells the guest.
 */
#ifndef HOST_BACKEND_REMOTE_PROGRAM_REMOTE_H
#define HOST_BACKEND_REMOTE_PROGRAM_REMOTE_H

#include <pthread.h>

#include <CL/cl.h>

#include "svga-model/guest.h"
#include "svga-model/stream.h"
#include "trillium/console.h"
#include "trillium/moves.h"
#include "trillium/slot.h"

enum {
    REMOTE_REGIONS = 1u << 16,
    REMOTE_ANSWERS = 1u << 20, /* that are waited for at a time */
};

/* A slot that the guest waits for the end of. */
struct answer {
    struct tr_slot *slot;
    uint32_t region; /* where the slot lies */
    uint64_t offset;
    int32_t told;       /* the status that the guest has */
    int32_t status;     /* what it is to be told; differs from `told`: it is due */
    uint32_t queue;     /* 0: none */
    bool ends_all;      /* its end is that of everything before it in the queue */
    bool sized;         /* the slot's value is the size of what was written */
    struct tr_span out; /* what the command writes; length 0: nothing, or it has been sent */
};

struct remote {
    struct svga_stream stream;
    struct svga_carrier *carrier; /* NULL until the worker is there */
    struct svga_guest *g;         /* NULL until the session has begun */
    uint32_t version;             /* the guest's */
    uint64_t memory_limit;        /* bytes that all regions may have together */
    unsigned spin_us;             /* how long the reader looks for an answer that is likely to come at once */

    struct svga_stream_in in; /* the reader's */
    pthread_mutex_t out_lock; /* guards `out`; after `lock` */
    struct svga_stream_out out;

    pthread_mutex_t lock;                       /* guards everything below */
    struct svga_region regions[REMOTE_REGIONS]; /* ptr NULL: there is none */
    uint64_t memory;                            /* bytes in them */
    uint32_t chunks[TR_MAX_CHUNKS];             /* regions of slots */
    uint32_t chunk_count;
    uint32_t console_region; /* 0: none */
    uint32_t console_sent;
    uint32_t fence;   /* what the guest knows */
    uint32_t profile; /* the same */
    uint8_t *ordered; /* bit n: object n is a queue that runs in order; TR_MAX_ID bits */
    struct answer *answers;
    size_t answer_count, answer_cap;

    pthread_t teller;
    _Atomic bool over;
    char why[SVGA_BAR_ERROR_TEXT_SIZE]; /* the reader's: what the guest did that it may not */
};

/* ---- reader.c ---- */

/* Serves a guest that has been let in, by a worker at the other end of `session` (taken over), until either goes. `r` is zeroed
 * but for the stream, the buffers' streams, the locks, and what the command line says. */
void remote_serve(struct remote *r, int session);

/* The bytes of a span, NULL if they are not all in a region. lock is held. */
char *remote_span(struct remote *r, uint32_t region, uint64_t offset, uint64_t length);

/* Sends a frame by itself. */
void remote_send(struct remote *r, const struct svga_frame *frame, const void *payload);

/* ---- answers.c ---- */

/* Notes what a command will answer and write, before it is handed on. False: it names what is not there (r->why). */
bool answers_expect(struct remote *r, const void *command, const struct tr_moves *moves);

/* Is there something to tell? */
bool answers_due(struct remote *r);

/* Tells the guest what is due. */
void answers_tell(struct remote *r);

#endif
