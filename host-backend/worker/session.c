// SPDX-License-Identifier: MIT
#include "host-backend/worker/session.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "host-backend/worker/attach.h"
#include "host-backend/worker/build.h"
#include "host-backend/worker/crash.h"
#include "host-backend/worker/deadline.h"
#include "host-backend/worker/handlers.h"
#include "host-backend/worker/seen.h"
#include "host-backend/worker/trace.h"
#include "host-backend/worker/turn.h"
#include "host-backend/worker/wait.h"
#include "svga-model/futex.h"

enum {
    RELEASE_EVERY =
        32, /* commands after which the guest gets its room in the FIFO back, while more are there */
};

/* Regions of one session: as much memory as the guest has for it, in as many pieces as a process may map. */
static const struct svga_device_limits limits = {
    .max_pages = 1ull << 32, .max_ids = 1u << 16, .max_maps = 60000};

/* ---- what handlers use ---- */

void session_violation(struct session *s, const char *format, ...) {
    char text[SVGA_BAR_ERROR_TEXT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    s->over = true;
    svga_device_fail(&s->device, SVGA_ERROR_PROTOCOL, "the guest sent a command that is not allowed: %s",
                     text);
}

void *session_span(struct session *s, struct tr_span span) {
    return span.length > 0 ? svga_device_span(&s->device, span.region, span.offset, span.length) : NULL;
}

struct tr_slot *session_slot(const struct session *s, uint32_t slot) {
    return slot == TR_NO_SLOT ? NULL : &s->slots[slot / TR_SLOTS_PER_CHUNK][slot % TR_SLOTS_PER_CHUNK];
}

void session_answer(struct session *s, struct tr_slot *slot, cl_int result, uint64_t value) {
    if (!slot)
        return;
    /* The slot's last answer may be another thread's; what lies between, the guest, orders nothing here. */
    (void)atomic_load_explicit(&slot->status, memory_order_acquire);
    slot->result = result;
    slot->value = value;
    atomic_store_explicit(&slot->status, CL_COMPLETE, memory_order_release);
    svga_device_irq(&s->device);
}

/* The same number after a pause: the clocks have been aligned. */
static void wants_traces(void *opaque, bool more) {
    struct session *s = opaque;
    s->swap_due = true;
    s->swap_to = more;
    atomic_store(&s->device.words[SVGA_FIFO_PROFILE], more ? s->profiles : 0);
    svga_device_irq(&s->device);
}

struct trace *session_trace_new(struct session *s) {
    const struct trace_of of = {s->options.pid, s->turns->board, wants_traces, s};
    return trace_new(&of);
}

void session_tell_profile(struct session *s, bool on) {
    atomic_store(&s->device.words[SVGA_FIFO_PROFILE], on ? ++s->profiles : 0);
    svga_device_irq(&s->device); /* for who carries it on to a guest elsewhere */
}

void session_crowded(struct session *s, const struct board_device *device) {
    s->crowded = device;
    svga_device_cpus_wanted(&s->device);
}

/* Others may have gone since. */
static void look_for_crowd(struct session *s) {
    if (!s->crowded || atomic_load_explicit(&s->crowded->gate, memory_order_relaxed) != 0)
        return;
    s->crowded = NULL;
    svga_device_on_other_cpu(&s->device);
}

void session_queue_enqueued(struct session *s, struct queue *q) {
    if (atomic_load_explicit(&s->ended, memory_order_relaxed))
        wait_account(s); /* else the time between two commands would count as busy */
    board_count(&q->board->commands);
    if (q->enqueued++ == q->finished) {
        s->busy_queues++;
        if (q->turn->busy_queues++ == 0)
            turn_busy(q->turn);
    }
}

void session_queue_finished(struct session *s, struct queue *q, uint64_t number, uint64_t ticks) {
    if (number <= q->finished)
        return;
    q->finished = number;
    if (q->finished != q->enqueued)
        return;
    if (--q->turn->busy_queues == 0)
        turn_idle(q->turn, ticks);
    if (--s->busy_queues == 0)
        s->idle_times++;
}

bool put_object(struct session *s, uint32_t id, void *object) {
    if (object && objects_put(&s->objects, id, object)) {
        ((struct object *)object)->platform = s->platform;
        return true;
    }
    object_unref(object);
    s->over = true;
    svga_device_fail(&s->device, SVGA_ERROR_WORKER_DIED, "the host worker is out of memory");
    return false;
}

/* ---- what the verifier asks ---- */

static struct tr_known object_with(void *opaque, uint32_t id) {
    const struct session *s = opaque;
    const struct object *o = objects_get(&s->objects, id);
    return o ? (struct tr_known){o->kind, o->platform} : (struct tr_known){TR_KIND_NONE, 0};
}

static bool span_ok(void *opaque, const struct tr_span *span) {
    struct session *s = opaque;
    return svga_device_span(&s->device, span->region, span->offset, span->length) != NULL;
}

static bool slot_ok(void *opaque, uint32_t slot) {
    const struct session *s = opaque;
    return slot / TR_SLOTS_PER_CHUNK < s->chunk_count;
}

/* ---- decoding ---- */

static void dispatch(struct session *s, const struct tr_view *v) {
    switch (v->cmd) {
#define COMMAND(NAME, name, number, doc)                                                                     \
    case TR_CMD_##NAME:                                                                                      \
        do_##name(s, v->fixed, v);                                                                           \
        break;
#define FIELD(TYPE, KIND, field, doc)
#define END(NAME, name)
#include "trillium/fields.h"
#include "trillium/commands.def"
#undef FIELD
    }
}

static inline bool verify(struct session *s, const void *bytes, uint32_t size, struct tr_view *command) {
    char why[256];

    if (tr_verify(bytes, size, &s->view, command, why, sizeof why)) {
        s->platform = command->platform;
        return true;
    }
    session_violation(s, "%s", why);
    return false;
}

bool session_verify(struct session *s, const void *bytes, uint32_t size, struct tr_view *command) {
    return verify(s, bytes, size, command);
}

void session_carry_out(struct session *s, const void *bytes, uint32_t size) {
    struct tr_view command;

    if (verify(s, bytes, size, &command))
        dispatch(s, &command);
}

/* Carries out all commands that are there. Leader lock held. `make count` looks for it by its name. */
static __attribute__((noinline)) void drain(struct session *s) {
    unsigned unreleased = 0;
    int size;

    while (!s->over && (size = svga_device_next(&s->device, s->buffer)) != 0) {
        struct tr_view command;

        if (size < 0) {
            s->over = true;
            return;
        }
        if (s->trace)
            trace_picked_up(s->trace);
        if (!verify(s, s->buffer, (uint32_t)size, &command))
            return;
        dispatch(s, &command);
        if (++unreleased == RELEASE_EVERY) {
            svga_device_release(&s->device);
            unreleased = 0;
            if (attach_ordered(s))
                attach_obey(s);
            if (s->swap_due)
                attach_swap(s);
            look_for_crowd(s);
        }
    }
    if (unreleased > 0)
        svga_device_release(&s->device);
}

/*
 * Looks for the next command for a while, if that can help: the guest must run on another CPU, and no work of
 * the driver may be under way (its threads need the CPU more). True if there is one. Leader lock held: nobody
 * else could do anything with it.
 */
static bool spin(struct session *s) {
    if (s->options.spin_us == 0 || s->busy_queues > 0 || s->away > 0 || !svga_device_on_other_cpu(&s->device))
        return false;
    uint64_t end = svga_now_ns() + s->options.spin_us * 1000ull;
    for (unsigned i = 1;; i++) {
        if (svga_device_pending(&s->device))
            return true;
        if (i % 64 == 0 && (svga_now_ns() >= end || !svga_device_on_other_cpu(&s->device)))
            return false;
        svga_pause();
    }
}

static void *decode(void *opaque);

bool session_by_callback(const struct session *s, const struct driver_device *device) {
    if (driver_has(device->platform, QUIRK_LATE_CALLBACKS_ARE_LOST))
        return false;
    if (s->options.completion == COMPLETION_AUTO)
        return (device->type & CL_DEVICE_TYPE_CPU) != 0;
    return s->options.completion == COMPLETION_CALLBACK;
}

void session_kick(struct session *s) {
    uint32_t guest_cpu = atomic_load_explicit(&s->device.words[SVGA_FIFO_GUEST_CPU], memory_order_relaxed);
    if (s->options.spin_us == 0 || guest_cpu == (uint32_t)sched_getcpu() + 1)
        return;
    svga_device_awake(&s->device); /* the guest need not ring any more */
    svga_futex_wake(&s->device.words[SVGA_FIFO_BUSY], 1);
}

/* Makes sure that somebody serves the FIFO while this decoder is away. Leader lock held. */
static bool has_follower(struct session *s) {
    if (s->decoders - s->away > 1)
        return true;
    pthread_t thread;
    if (s->decoders >= s->options.max_decoders || pthread_create(&thread, NULL, decode, s) != 0)
        return false;
    pthread_detach(thread);
    s->decoders++;
    return true;
}

/* Attends to the oldest wait. Leader lock held, given up in between; BUSY is 0. */
static void attend(struct session *s) {
    struct wait *w = wait_take(s);

    if (!has_follower(s)) {
        svga_device_awake(&s->device);
        (w->gated ? wait_poll_add : wait_by_callback)(s, w);
        return;
    }
    if (s->waits) {
        /* The others are for the follower: with BUSY = 1 it cannot fall asleep without having looked. */
        svga_device_awake(&s->device);
        svga_futex_wake(&s->device.words[SVGA_FIFO_BUSY], 1);
    }
    s->away++;
    pthread_mutex_unlock(&s->lock);
    wait_perform(s, w);
    pthread_mutex_lock(&s->lock);
    s->away--;
    wait_done(s, w);
    svga_device_awake(&s->device);
}

static void *decode(void *opaque) {
    struct session *s = opaque;

    crash_own_stack();
    pthread_mutex_lock(&s->lock);
    while (!s->over && !atomic_load(&s->device.closing)) {
        drain(s);
        wait_account(s);
        look_for_crowd(s);
        if (s->polled)
            wait_poll(s);
        if (s->over || (!s->waits && spin(s)))
            continue;
        if (s->trace && s->busy_queues > 0)
            trace_collect(s->trace);
        else if (s->trace)
            trace_idle(s->trace);
        attach_obey(s);
        if (s->swap_due)
            attach_swap(s);
        if (!svga_device_doze(&s->device))
            continue;
        if (attach_ordered(s)) { /* since; pairs with give_order, which writes BUSY after it */
            svga_device_awake(&s->device);
            continue;
        }
        if (s->waits) {
            attend(s);
            continue;
        }
        int timeout_ms = s->polled ? WAIT_POLL_MS : trace_rest_ms(s->trace);
        pthread_mutex_unlock(&s->lock);
        svga_device_sleep(&s->device, timeout_ms);
        pthread_mutex_lock(&s->lock);
        svga_device_awake(&s->device);
        if (s->trace)
            trace_awake(s->trace);
    }
    s->decoders--;
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- start and end ---- */

/* Asked when a region is deleted: a command that runs may have been given its addresses. */
static bool busy(void *opaque, uint64_t *times) {
    struct session *s = opaque;

    pthread_mutex_lock(&s->lock);
    bool is_busy = s->busy_queues > 0;
    *times = s->idle_times;
    pthread_mutex_unlock(&s->lock);
    return is_busy;
}

static int config_done(void *opaque, uint32_t version) {
    struct session *s = opaque;

    if (version >> 16 != TR_VERSION_MAJOR || version > TR_VERSION) {
        svga_device_fail(&s->device, SVGA_ERROR_VERSION,
                         "the guest speaks version %u.%u of Trillium's protocol, this host %u.%u: install "
                         "the same version on both",
                         version >> 16, version & 0xffff, TR_VERSION_MAJOR, TR_VERSION_MINOR);
        return EPROTONOSUPPORT;
    }
    if (s->driver->device_count > 0 && s->shown == 0) {
        svga_device_fail(&s->device, SVGA_ERROR_REFUSED,
                         "the host's policy lets this guest see none of its devices (devices): ask the "
                         "host's administrator");
        return ENODEV;
    }
    if (s->driver->device_count == 0) {
        svga_device_fail(
            &s->device, SVGA_ERROR_REFUSED,
            "the host has no OpenCL device to offer: install an OpenCL driver on it (for example the package "
            "pocl-opencl-icd), or choose another --device");
        return ENODEV;
    }
    pthread_t thread;
    int r = 0;
    if (trace_is_on(s->trace))
        session_tell_profile(s, true);
    pthread_mutex_lock(&s->lock);
    s->decoders = 1;
    r = pthread_create(&thread, NULL, decode, s);
    pthread_mutex_unlock(&s->lock);
    if (r == 0)
        pthread_detach(thread);
    return r;
}

struct session *session_new(int link, struct driver *driver, const struct session_options *options) {
    struct session *s = calloc(1, sizeof *s);

    if (!s || !(s->buffer = aligned_alloc(64, SVGA_CMD_MAX_SIZE))) {
        free(s);
        return NULL;
    }
    s->driver = driver;
    s->options = *options;
    s->turns = options->turns ? options->turns : turns_new(-1, -1, driver);
    if (!s->turns) {
        free(s->buffer);
        free(s);
        return NULL;
    }
    s->waits_end = &s->waits;
    s->behind_end = &s->behind;
    s->objects.turns = s->turns;
    char filter[BOARD_FILTER];
    snprintf(filter, sizeof filter, "%.*s", (int)sizeof filter - 1, s->turns->board->filter);
    s->shown = filter[0] ? driver_hide(driver, filter) : driver->root_count;
    s->view = (struct tr_session_view){s, object_with, span_ok, slot_ok};
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->slot_lock, NULL);
    if (options->profile_fd >= 0 && (s->trace = session_trace_new(s)))
        trace_start(s->trace, options->profile_fd, options->profile_all);
    s->store = store_asker_new(options->store_fd);
    if (options->share_builds && s->store)
        s->seen = seen_open(s->store);
    const struct svga_device_callbacks callbacks = {.opaque = s, .config_done = config_done, .busy = busy};
    svga_device_init(&s->device, link, TR_VERSION, &limits, &callbacks);
    s->device.hushed = options->hushed;
    if (options->hand)
        svga_device_give_hand(&s->device, options->hand);
    return s;
}

/* Guests do not ring for the stamps of their last waits: those that are still there when the guest has gone. */
static void take_last_stamps(struct session *s) {
    struct timespec soon;
    int size;

    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_sec++;
    if (pthread_mutex_clocklock(&s->lock, CLOCK_MONOTONIC, &soon) != 0)
        return; /* a decoder hangs in the driver */
    while (!s->over && svga_device_peek(&s->device) == TR_CMD_TRACE_WAKE &&
           (size = svga_device_next(&s->device, s->buffer)) > 0)
        session_carry_out(s, s->buffer, (uint32_t)size);
    pthread_mutex_unlock(&s->lock);
}

void session_run(int link, struct driver *driver, const struct session_options *options) {
    struct session *s = session_new(link, driver, options);

    if (!s)
        return;
    bool leave_sigfpe = false;
    for (uint32_t i = 0; i < driver->platform_count; i++)
        leave_sigfpe = leave_sigfpe || driver_has(&driver->platforms[i], QUIRK_ANSWERS_SIGFPE);
    crash_guard(&s->device, leave_sigfpe);
    deadline_watch(s);
    if (options->control >= 0)
        attach_listen(s, options->control);
    svga_device_serve_link(&s->device);
    if (s->trace)
        take_last_stamps(s);
    crash_guard(NULL, false);
    /* A driver may hang in what follows, or compute for ever: main.c ends the process then. */
    alarm(seen_store_seconds(s->seen));
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = STORE_CPU_SECONDS}, NULL);
    if (s->trace)
        trace_close(s->trace);
    if (!build_compiler_given_up()) /* it would be asked for what it compiled */
        seen_store(s->seen);
}

struct refusal {
    struct svga_device device;
    const char *why;
};

static int refuse_config(void *opaque, uint32_t version) {
    struct refusal *r = opaque;
    (void)version;
    svga_device_fail(&r->device, SVGA_ERROR_REFUSED, "%s", r->why);
    return ENODEV;
}

void session_refuse(int link, const char *why, const struct session_options *options) {
    struct refusal r = {.why = why};
    const struct svga_device_callbacks callbacks = {.opaque = &r, .config_done = refuse_config};
    svga_device_init(&r.device, link, TR_VERSION, &limits, &callbacks);
    r.device.hushed = options->hushed;
    if (options->hand)
        svga_device_give_hand(&r.device, options->hand);
    svga_device_serve_link(&r.device);
    svga_device_finish(&r.device);
}
