// SPDX-License-Identifier: MIT
#include "host-backend/worker/first-run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host-backend/worker/build-limits.h"
#include "host-backend/worker/deadline.h"
#include "host-backend/worker/turn.h"

enum { MOST = 64 /* that are watched at a time: a stream of others is looked at when these have begun */ };

struct first_run {
    struct first_run *next;
    cl_event event;  /* of the command */
    cl_event before; /* ends when nothing is left that the command waits for; NULL: nothing is */
    struct build_use use;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static struct first_run *watched;
static unsigned count;

static cl_int status_of(cl_event event) {
    cl_int status;
    return clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL) ==
                   CL_SUCCESS
               ? status
               : CL_COMPLETE;
}

static void forget(struct first_run *f) {
    if (f->event)
        clReleaseEvent(f->event);
    if (f->before)
        clReleaseEvent(f->before);
    free(f);
}

/* Has the kernel been given to the driver with this size? It is the newest one now. */
static bool is_known(struct kernel *k, uint64_t size) {
    unsigned i = 1;

    while (i < KERNEL_SIZES - 1 && k->sizes[i] != size)
        i++;
    bool known = k->sizes[i] == size;
    for (; i > 0; i--)
        k->sizes[i] = k->sizes[i - 1];
    k->sizes[0] = size;
    return known;
}

struct first_run *first_run_new(struct enqueue *e, struct kernel *k, uint64_t size) {
    struct first_run *f;

    if (is_known(k, size) || !deadline_watches() ||
        !driver_has(e->q->device->platform, QUIRK_COMPILES_WHEN_RUN))
        return NULL;
    pthread_mutex_lock(&lock);
    bool full = count >= MOST;
    pthread_mutex_unlock(&lock);
    if (full || !(f = calloc(1, sizeof *f)))
        return NULL;
    if ((e->wait_count > 0 || e->q->enqueued > e->q->finished) &&
        clEnqueueMarkerWithWaitList(e->queue, e->wait_count, e->waits, &f->before) != CL_SUCCESS) {
        free(f);
        return NULL;
    }
    build_use_begin(&f->use);
    e->event = &e->made;
    return f;
}

void first_run_begun(struct first_run *f, cl_event event) {
    if (!event) {
        forget(f);
        return;
    }
    clRetainEvent(event);
    f->event = event;
    pthread_mutex_lock(&lock);
    f->next = watched;
    watched = f;
    count++;
    pthread_mutex_unlock(&lock);
    deadline_wake();
}

bool first_runs_pending(void) {
    pthread_mutex_lock(&lock);
    bool any = watched != NULL;
    pthread_mutex_unlock(&lock);
    return any;
}

static _Noreturn void end(struct session *s, const char *why) {
    svga_device_fail(&s->device, SVGA_ERROR_WORKER_DIED,
                     "compiling a kernel for its first run %s; the host worker of this guest ended", why);
    fprintf(stderr, "trillium-worker: compiling a kernel for its first run %s\n", why);
    _exit(1);
}

/* May the driver be at nothing else of this session's? */
static bool is_alone(struct session *s) {
    if (pthread_mutex_trylock(&s->lock) != 0)
        return false;
    bool alone = s->busy_queues <= 1;
    pthread_mutex_unlock(&s->lock);
    return alone;
}

/* False: it runs, or has ended. */
static bool look(struct session *s, struct first_run *f, uint64_t memory, bool alone) {
    char why[256];

    if (status_of(f->event) <= CL_RUNNING)
        return false;
    if (f->before) {
        bool due = status_of(f->before) <= CL_COMPLETE;
        if (due) {
            clReleaseEvent(f->before);
            f->before = NULL;
        }
        build_use_begin(&f->use);
        return true;
    }
    build_use_look(&f->use, alone);
    if (build_use_is_beyond(s, &f->use, memory, why))
        end(s, why);
    return true;
}

void first_runs_look(struct session *s) {
    /* What buffers may take is theirs: drivers get their pages when they are first used. */
    const uint64_t objects = atomic_load_explicit(&s->turns->board->now[BOARD_MEMORY], memory_order_relaxed),
                   private = build_private_bytes(), memory = private > objects ? private - objects : 0;
    const bool alone = is_alone(s);

    pthread_mutex_lock(&lock);
    for (struct first_run **at = &watched, *f; (f = *at);) {
        if (look(s, f, memory, alone)) {
            at = &f->next;
        } else {
            *at = f->next;
            count--;
            forget(f);
        }
    }
    pthread_mutex_unlock(&lock);
}
