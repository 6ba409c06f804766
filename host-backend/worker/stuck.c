// SPDX-License-Identifier: MIT
#include "host-backend/worker/stuck.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/worker/session.h"
#include "host-backend/worker/turn.h"

enum {
    LOOKS = 4,        /* in the time after which something is stuck */
    LOST_SECONDS = 5, /* that time, once a compiler was given up: whatever waits for it waits for ever */
    BUSY_PERCENT = 5, /* of one CPU: kernels run */
    NEVER_MS = 3600000,
};

static _Noreturn void end(struct session *s, unsigned seconds, const char *what, const char *which) {
    svga_device_fail(
        &s->device, SVGA_ERROR_WORKER_DIED,
        "%s for longer than the %u s that the host allows %s; the host worker of this guest ended", what,
        seconds, which);
    fprintf(stderr, "trillium-worker: %s for longer than %u s\n", what, seconds);
    _exit(1);
}

static const char *which(bool lost) {
    return lost ? "once the driver's compiler was given up at a limit of builds" : "(--build-seconds)";
}

uint64_t stuck_period_ms(const struct session *s, bool lost) {
    uint64_t seconds = lost ? LOST_SECONDS : s->options.build_seconds;
    return seconds > 0 ? seconds * 1000 / LOOKS : NEVER_MS;
}

/* Has the leader been at one command for as many looks? */
static void look_at_fifo(struct session *s, bool lost, bool led) {
    static unsigned looks;
    static uint32_t stop;
    uint32_t now = atomic_load_explicit(&s->device.words[SVGA_FIFO_STOP], memory_order_relaxed);

    looks = led && now == stop ? looks + 1 : 0;
    stop = now;
    if (looks > LOOKS)
        end(s, lost ? LOST_SECONDS : s->options.build_seconds, "the driver was at one command", which(lost));
}

/* ---- commands that need the compiler that was given up ---- */

/* A marker behind the commands of some queue, which shows whether they end. */
static struct {
    cl_event event; /* NULL: none under way */
    uint64_t cpu_ns, looked_ns;
    unsigned looks; /* at which it had not ended, and no kernel ran */
    uint32_t at;    /* number of the queue among the objects */
} probe;

static uint64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Do kernels run on this process's threads? */
static bool is_busy(void) {
    uint64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), now = clock_ns(CLOCK_MONOTONIC);
    bool busy = (cpu - probe.cpu_ns) * 100 > (now - probe.looked_ns) * BUSY_PERCENT;

    probe.cpu_ns = cpu;
    probe.looked_ns = now;
    return busy;
}

/* The next queue whose commands are not known to have ended, though nothing that the guest does holds them up. */
static struct queue *next_queue(struct session *s) {
    for (uint32_t i = 0; i < s->objects.cap; i++) {
        probe.at = (probe.at + 1) % s->objects.cap;
        struct object *o = s->objects.table[probe.at];
        struct queue *q = o && o->kind == TR_KIND_QUEUE ? (struct queue *)o : NULL;
        if (q && q->cl && q->enqueued > q->finished && !queue_gated(q))
            return q;
    }
    return NULL;
}

static void look_at_commands(struct session *s) {
    cl_int status = CL_COMPLETE;

    if (!probe.event) {
        struct queue *q = next_queue(s);
        if (q && clEnqueueMarkerWithWaitList(q->cl, 0, NULL, &probe.event) == CL_SUCCESS)
            clFlush(q->cl);
        probe.looks = 0;
        is_busy();
        return;
    }
    if (clGetEventInfo(probe.event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL) !=
            CL_SUCCESS ||
        status <= CL_COMPLETE) {
        clReleaseEvent(probe.event);
        probe.event = NULL;
        return;
    }
    probe.looks = is_busy() ? 0 : probe.looks + 1;
    if (probe.looks > LOOKS)
        end(s, LOST_SECONDS, "a command has waited", which(true));
}

void stuck_look(struct session *s, bool lost) {
    bool led = pthread_mutex_trylock(&s->lock) != 0;

    look_at_fifo(s, lost, led && !atomic_load(&s->turns->waiting));
    if (led)
        return;
    if (lost)
        look_at_commands(s);
    pthread_mutex_unlock(&s->lock);
}
