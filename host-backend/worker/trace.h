// SPDX-License-Identifier: MIT
/*
 * Profiling: what a worker writes down about traced commands (host-backend/profile/trace.h has the file's
 * format).
 *
 * The guest sends TRACE before a command; the record made of it goes with the command. What the driver knows of
 * the command's end is asked for later, of many commands at once (trace_collect), and by no callback: a callback
 * for each command costs a driver's own threads, which run kernels, more than all of this together. Times on the
 * driver's clock are moved to CLOCK_MONOTONIC by what every enqueue shows: CL_PROFILING_COMMAND_QUEUED lies
 * between the call's beginning and end.
 *
 * A session's trace lives as long as the session; it is on from trace_start to trace_stop, any number of times.
 *
 * Threads: trace_drop, trace_ref, trace_ended, trace_published and trace_woken any; trace_close the link's; the
 * rest belongs to the leader.
 */
#ifndef HOST_BACKEND_WORKER_TRACE_H
#define HOST_BACKEND_WORKER_TRACE_H

#include "host-backend/worker/object.h"
#include "trillium/wire.h"

struct trace;
struct trace_record;
struct build;
struct board;

/* Whom a trace is of. */
struct trace_of {
    unsigned pid;              /* the worker, in reports */
    const struct board *board; /* where its commands are counted; the session's */
    /* The guest is to send TRACE before commands, or not for now: where all would cost too much, only a sample is traced
     * (sample.h). Called by whoever calls what the leader calls. */
    void (*wants)(void *opaque, bool more);
    void *opaque;
};

/* NULL: out of memory. */
struct trace *trace_new(const struct trace_of *of);
/* Begins a trace file at `fd`, which is the trace's then; of all commands, whatever that costs, or a sample where they are many
 * and short. False, after a sentence on stderr, if that fails. */
bool trace_start(struct trace *t, int fd, bool all);
/* Also while it pauses. */
bool trace_is_on(const struct trace *t);
/* No further command is traced; those under way still are, to their ends, until trace_end. */
void trace_stop(struct trace *t);
/* Writes what is known of commands that have not ended, and closes the file. */
void trace_end(struct trace *t);
/* The same at the end of the process, whatever other threads do. */
void trace_close(struct trace *t);

/* Writes down the commands that have ended, if there are many by now or it is time to. How many have not. */
unsigned trace_collect(struct trace *t);
/* The same where there is nothing else to do: no work is under way, and the leader is about to sleep. Both end a pause that is over. */
void trace_idle(struct trace *t);
/* How long a leader with nothing to do may sleep before it has to look, milliseconds; -1: any time. */
int trace_rest_ms(const struct trace *t);

/* A queue of the driver's that nothing was enqueued in yet: learns how its device's clock stands to ours, by a few
 * markers. */
void trace_calibrate(struct trace *t, const struct driver_device *device, unsigned version,
                     cl_command_queue queue);

/* A command was read from the FIFO just now. */
void trace_picked_up(struct trace *t);
/* The decoder has just awoken from sleep. */
void trace_awake(struct trace *t);
/* TRACE: stamps of the command that follows. */
void trace_next(struct trace *t, const struct tr_trace *stamps);
/* Takes the stamps of a TRACE that came before the present command back out, for trace_next. False: none
 * came. */
bool trace_hold(struct trace *t, struct tr_trace *stamps);
/* The record of the present command, if a TRACE came before it; else NULL. The caller owns a reference. */
struct trace_record *trace_take(struct trace *t, const struct queue *q);
/* The command that trace_take was last asked for is none of its own: a batch, whose commands count. */
void trace_uncount(struct trace *t);
struct trace_record *trace_ref(struct trace_record *r);
/* Drops a reference; NULL is ignored. */
void trace_drop(struct trace_record *r);

/* The record's command is known and will wait for its turn. Left out where there is none to wait for. */
void trace_decoded(struct trace_record *r);
/* It may begin, and the driver's enqueue call is next. */
void trace_begins(struct trace_record *r);

void trace_kernel(struct trace_record *r, const char *name, uint32_t work_dim, const size_t *global,
                  const size_t *local);
void trace_named(struct trace_record *r, const char *name, uint64_t bytes);

/* The driver has taken the command: `event` tells when it has ended. Takes both references over: `r` and `event` may be gone. */
void trace_enqueued(struct trace *t, struct trace_record *r, cl_event event);

/* FINISH: waits have records too. */
struct trace_record *trace_finish(struct trace *t, const struct queue *q);
/* A command without an event of the driver's has ended. Takes the reference over. */
void trace_ended(struct trace *t, struct trace_record *r, cl_int result);

/* The end of the record's command was written, at that time, where the guest reads it. */
void trace_published(struct trace *t, const struct trace_record *r, uint64_t at_ns);
void trace_woken(struct trace *t, uint64_t token, uint64_t wake_ns);

/* Builds: the record of a BUILD_PROGRAM and the like (NULL if it is not traced), and its end. */
struct trace_record *trace_build(struct trace *t, const struct build *b);
void trace_built(struct trace *t, struct build *b, uint64_t start_ns, cl_int result);

#endif
