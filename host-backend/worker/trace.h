// SPDX-License-Identifier: MIT
/*
 * Profiling: what a worker writes down about traced commands (host-backend/profile/trace.h has the file's
 * format).
 *
 * The guest sends TRACE before a command; the record made of it goes with the command and is written once the
 * driver has ended it. Times on the driver's clock are moved to CLOCK_MONOTONIC by what every enqueue shows:
 * CL_PROFILING_COMMAND_QUEUED lies between the call's beginning and end.
 *
 * Threads: trace_next, trace_picked_up, trace_take and trace_build belong to the leader; the rest may be
 * called by any thread.
 */
#ifndef HOST_BACKEND_WORKER_TRACE_H
#define HOST_BACKEND_WORKER_TRACE_H

#include "host-backend/worker/object.h"
#include "trillium/wire.h"

struct trace;
struct trace_record;
struct build;

/* Begins a trace file at `fd`, which is the trace's then; `pid` names the worker in reports. NULL, after a
 * sentence on stderr, if that fails. */
struct trace *trace_open(int fd, unsigned pid);
/* Writes what is known of commands that have not ended, and closes. */
void trace_close(struct trace *t);

/* A new queue: learns how its device's clock stands to ours, by a few markers. */
void trace_calibrate(struct trace *t, const struct queue *q);

/* The next command was read from the FIFO just now. */
void trace_picked_up(struct trace *t);
/* The decoder has just awoken from sleep. Leader lock. */
void trace_awake(struct trace *t);
/* TRACE: stamps of the command that follows. */
void trace_next(struct trace *t, const struct tr_trace *stamps);
/* Takes the stamps of a TRACE that came before the present command back out, for trace_next. False: none
 * came. */
bool trace_hold(struct trace *t, struct tr_trace *stamps);
/* The record of the present command, if a TRACE came before it; else NULL. The caller owns a reference. */
struct trace_record *trace_take(struct trace *t, const struct queue *q);
struct trace_record *trace_ref(struct trace_record *r);
/* Drops a reference; NULL is ignored. */
void trace_drop(struct trace_record *r);

/* The record's command may begin, and the driver's enqueue call is next. */
void trace_begins(struct trace_record *r);

void trace_kernel(struct trace_record *r, const char *name, uint32_t work_dim, const size_t *global,
                  const size_t *local);
void trace_named(struct trace_record *r, const char *name, uint64_t bytes);

/* The driver has taken the command: `event` (retained as needed) tells when it has ended. The reference stays
 * the caller's. */
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
