// SPDX-License-Identifier: MIT
/*
 * A session's objects: what the ids in commands stand for.
 *
 * The table owns one reference to each object; whoever uses an object after the leader lock is given up
 * (waits, builds, traces) takes one of its own. The driver's handle goes with the last reference. An object
 * whose creation failed in the driver is *dead*: its handle is NULL, and whatever uses it fails with
 * CL_OUT_OF_RESOURCES. One that the guest may not have (its limit of objects) is so from the beginning.
 *
 * Threads: the table is touched under the leader lock only. References may be taken and dropped by any
 * thread. Members of an object belong to the leader lock unless the comment says otherwise.
 */
#ifndef HOST_BACKEND_WORKER_OBJECT_H
#define HOST_BACKEND_WORKER_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <CL/cl.h>

#include "host-backend/worker/driver.h"
#include "trillium/protocol.h"
#include "trillium/slot.h"

struct object {
    enum tr_kind kind;
    _Atomic uint32_t refs;
    uint32_t platform; /* whose driver knows it: its number + 1; 0: of none */
    bool refused;      /* it is one more than the guest may have: it stays dead */
};

struct context {
    struct object object;
    cl_context cl;
    const struct driver_platform *platform;
    unsigned version; /* of the platform, as in driver_platform */
    uint32_t device_count;
    struct driver_device *devices[]; /* never changes */
};

enum { QUEUE_PROPERTIES = 16 };

struct queue {
    struct object object;
    cl_command_queue cl;
    cl_command_queue twin; /* of another profiling property, for queue_profile; NULL: there is none yet */
    cl_queue_properties given[QUEUE_PROPERTIES]; /* by the guest */
    uint32_t given_count;
    struct context *context; /* referenced */
    struct driver_device *device;
    bool in_order;
    bool by_callback;   /* its ends are told by the driver's callbacks (wait.h) */
    bool profiled;      /* the guest asked for CL_QUEUE_PROFILING_ENABLE */
    bool host_profiled; /* the driver's queue has it (also set while the worker is profiling) */
    uint64_t enqueued;  /* commands given to the driver so far */
    uint64_t finished;  /* as many of them are known to have ended: all up to this one */
    uint64_t gated;     /* as many of them may wait for a user event that is not set (struct event) */
    uint32_t behind;    /* commands that behind.h knows, */
    uint32_t barriers;  /* barriers among them, */
    uint32_t seen;      /* and, of both, those that a look has passed and let be */
    uint32_t seen_barriers;
    bool barred;                /* out of order, but there was a barrier that waited for one of those */
    cl_event last;              /* of the newest command, where a FINISH will want it; NULL: not kept */
    cl_int sticky;              /* first error of a command without an event since the last FINISH */
    uint32_t id;                /* the guest's, for traces */
    struct turn *turn;          /* of the device (turn.h), */
    struct board_device *board; /* and its part of the board */
};

/* May one of the commands that are not known to have ended wait for a user event? */
static inline bool queue_gated(const struct queue *q) {
    return q->gated > q->finished;
}

struct mem {
    struct object object;
    cl_mem cl;
    struct mem *parent; /* referenced; NULL */
    uint64_t size;      /* buffers: bytes */
    bool is_buffer;
    struct turns *turns; /* whose account of memory it is on; NULL: on none */
    uint64_t taken;      /* bytes on it */
};

struct sampler {
    struct object object;
    cl_sampler cl;
};

struct ir;    /* ir.h */
struct facts; /* facts.h */
struct visa_kernel;
struct trace_record;
struct turns;
struct turn;
struct board_device;
struct board_kernel;

struct program {
    struct object object;
    cl_program cl;           /* a builder's while the program is busy */
    struct context *context; /* referenced */
    uint32_t ir;             /* enum tr_ir */
    _Atomic uint32_t
        jobs;      /* builds that are under way or wait: while there are any, only references may be taken */
    bool in_work;  /* the builders' lock: one of the jobs runs */
    char *options; /* of the last build, as the guest gave them; NULL: none yet */
    char *log;     /* build log, where the driver has none to ask for; NULL */
    cl_int log_status;    /* the build status that goes with it */
    struct ir *source;    /* TR_IR_SOURCE: the text */
    struct ir *module;    /* TR_IR_SPIRV: the words that SET_SPIRV gave, validated; NULL */
    uint64_t validate_ns; /* that it took to validate the module */
    struct ir *files;     /* what its next build may include: SET_FILES; NULL: nothing */
    struct facts *facts;  /* of its kernels, where the program came from the cache; else NULL */
    bool built;           /* a build began: the driver's program is not as CREATE_PROGRAM made it */
};

enum { KERNEL_SIZES = 8 };

struct kernel {
    struct object object;
    cl_kernel cl;
    struct program *program; /* referenced */
    cl_int error;            /* of a SET_ARG that nobody was told of: enqueues fail with it, */
    uint64_t failed_args; /* as long as there are such arguments; the last bit is of all from the 64th on */
    struct facts *facts;  /* referenced; NULL: the driver knows all itself */
    const struct visa_kernel *own_facts;
    uint32_t arg_count;
    uint8_t *arg_classes;       /* enum arg_class; NULL until they are asked for */
    struct board_kernel *meter; /* where it is counted */
    char name[64];              /* for traces, cut short */
    uint64_t
        sizes[KERNEL_SIZES]; /* with which the driver had it last (first-run.h), the newest first; 0: none */
};

struct event {
    struct object object;
    cl_event cl;
    struct queue *queue;  /* referenced; NULL: a user event */
    struct tr_slot *slot; /* where its status goes; NULL: nowhere */
    uint64_t number;      /* in its queue */
    cl_event *parts;      /* a batch's: events of its commands, which its times span; NULL: those of `cl` */
    uint32_t part_count;
    cl_int error; /* it is known to have failed with this; 0: it is not */
    bool
        gated; /* a user event that is not set, or a command that may wait for one; of drivers that then take care */
    bool blocked;       /* a user event that is not set, or a command that is behind one (behind.h) */
    bool failed_behind; /* a command that failed there */
    bool watched;       /* event_watch has been called */
    /* The status in the slot; written under the session\'s slot_lock; it only ever falls. */
    _Atomic cl_int told;
    struct trace_record *trace; /* trace.h; NULL: not traced */
};

/* One command of a batch. */
struct recorded {
    uint32_t size;  /* of the command, in bytes, with its header */
    bool is_marker; /* nothing for an in-order queue to do */
    bool barrier;
    bool awaited;         /* a later one waits for it */
    uint32_t after_count; /* `after` lies behind the command */
    uint64_t command[];   /* as the guest wrote it, for the verifier; its first field is the queue */
};

struct batch {
    struct object object;
    struct recorded **commands;
    uint32_t count, room;
    uint64_t bytes;
    uint32_t most_after; /* longest `after` */
    uint32_t gate;       /* number of the newest barrier + 1; 0: none yet */
    uint32_t open;       /* commands before this one are waited for by a barrier for all */
};

struct objects {
    struct object **table; /* by id */
    uint32_t cap;
    uint32_t count;
    struct turns *turns; /* whose account they are on; NULL: on none */
};

void objects_finish(struct objects *o);

/* Makes an object of `size` bytes, zeroed, with one reference. NULL when out of memory. */
void *object_new(enum tr_kind kind, size_t size);
void object_ref(void *object);
/* NULL is ignored. With the last reference the driver's handle is released too. */
void object_unref(void *object);

/* Puts the object under a free id below TR_MAX_ID; the table takes the reference over. False when out of
 * memory. */
bool objects_put(struct objects *o, uint32_t id, void *object);
/* Takes it out of the table: the reference is the caller's. */
void *objects_take(struct objects *o, uint32_t id);

/* NULL if there is none. */
static inline void *objects_get(const struct objects *o, uint32_t id) {
    return id < o->cap ? o->table[id] : NULL;
}

#endif
