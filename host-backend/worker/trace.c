// SPDX-License-Identifier: MIT
#include "host-backend/worker/trace.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host-backend/board/board.h"
#include "host-backend/profile/trace.h"
#include "host-backend/worker/build.h"
#include "host-backend/worker/sample.h"
#include "host-backend/worker/trace-file.h"
#include "svga-model/futex.h"

/* Bounds of (driver's clock - CLOCK_MONOTONIC) of one device, made narrower by every enqueue. */
struct clock_bounds {
    const struct driver_device *device;
    int64_t low, high;
};

enum {
    MAX_CLOCKS = 64,
    CALIBRATIONS = 8,
    NARROW_EVERY = 16,  /* commands: of so many one is asked when it was queued, for the clocks alone */
    COLLECT_AT = 256,   /* commands that may have ended: so many are asked for at once, */
    IDLE_AT = 16,       /* or so many where there is nothing else to do */
    MAX_OPEN = 1 << 16, /* commands under way, some 400 bytes each; those beyond are lost, and counted */
    COLLECT_MS =
        10, /* by then at the latest, for what is kept with them: memory that the guest has released */
    MOST_REST_MS = 60000,
    LOOK_EVERY = 16, /* commands that are not traced: whether they are to be again */
};

/* Commands so far of each kernel that the board knows. */
struct counts {
    uint64_t kernels[BOARD_KERNELS];
};

struct trace {
    struct trace_of of;
    /* the leader's */
    _Atomic bool on;
    bool have_next;
    struct sample sample;
    unsigned untraced;                /* commands since the last look whether the pause is over */
    _Atomic bool was_sampled, pauses; /* there was a pause; there is one, or was at the end */
    struct counts before;             /* the board's, when the trace began; under `lock`, too */
    _Atomic uint64_t commands;        /* of queues, since then */
    struct tr_trace next;
    uint64_t awake, picked_up;
    _Atomic uint64_t sequence; /* only the leader writes it */
    /* Given to the driver since the last look, newest first. The leader puts, without a lock, for each command; who holds
     * open_lock takes all of them. Pairs with itself: what is put is whole before it can be taken. */
    struct trace_record *_Atomic fresh;

    pthread_mutex_t open_lock; /* guards up to `lock`: the leader's but for trace_close */
    struct clock_bounds clocks[MAX_CLOCKS];
    unsigned clock_count;
    struct trace_record *open,
        **open_end;              /* given to the driver, and not known to have ended; oldest first */
    uint32_t open_queue;         /* of the open ones; */
    bool many_queues;            /* or they are of more than that one */
    _Atomic unsigned open_count; /* with the fresh ones; the leader adds, who looks takes off */
    unsigned collect_at;
    uint64_t collect_ns;
    uint64_t ends; /* commands that were asked for their times so far */

    pthread_mutex_t lock; /* guards the rest */
    struct trace_file file;
    _Atomic uint64_t lost; /* entries for which there was none */
};

struct trace_record {
    struct trace_command command;
    const struct driver_device *device; /* NULL: a build */
    bool in_order;                      /* its queue's commands end one after the other */
    cl_event event;
    _Atomic uint32_t refs;
    struct trace_record *next; /* in trace->open */
};

static struct counts counts_of(const struct board *b) {
    struct counts c = {0};

    for (int i = 0; i < BOARD_KERNELS; i++)
        c.kernels[i] = board_read(&b->kernels[i].commands);
    return c;
}

struct trace *trace_new(const struct trace_of *of) {
    struct trace *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->of = *of;
    t->open_end = &t->open;
    t->collect_at = COLLECT_AT;
    t->file.fd = -1;
    pthread_mutex_init(&t->open_lock, NULL);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

bool trace_start(struct trace *t, int fd, bool all) {
    struct trace_header header = {.magic = TRACE_MAGIC, .version = TRACE_FILE_VERSION, .pid = t->of.pid};

    pthread_mutex_lock(&t->lock);
    bool begun = trace_file_begin(&t->file, fd, TRACE_ROOM);
    if (begun)
        trace_file_add(&t->file, &header, sizeof header);
    t->was_sampled = t->pauses = false;
    t->before = counts_of(t->of.board);
    t->commands = 0;
    pthread_mutex_unlock(&t->lock);
    if (!begun)
        return false;
    t->lost = 0;
    t->have_next = false;
    sample_begin(&t->sample, all, svga_now_ns());
    t->on = true;
    return true;
}

bool trace_is_on(const struct trace *t) {
    return t && atomic_load_explicit(&t->on, memory_order_relaxed);
}

void trace_stop(struct trace *t) {
    t->on = t->have_next = false;
    t->sample.paused = false;
}

/* trace->lock is held. */
static void put(struct trace *t, const void *entry, size_t size) {
    if (t->file.fd >= 0 && !trace_file_add(&t->file, entry, size))
        t->lost++;
}

static void write_entry(struct trace *t, const void *entry, size_t size) {
    pthread_mutex_lock(&t->lock);
    put(t, entry, size);
    pthread_mutex_unlock(&t->lock);
}

/* ---- sampling ---- */

static void look_at_pause(struct trace *t, bool idle) {
    uint64_t now = svga_now_ns();

    t->untraced = 0;
    if (now < t->sample.due_ns)
        return;
    struct trace_stamp window = {TRACE_WINDOW, sizeof window, 2 * t->sequence + idle, now};
    write_entry(t, &window, sizeof window);
    t->pauses = false;
    sample_goes_on(&t->sample, now);
    t->of.wants(t->of.opaque, true);
}

static void collect_now(struct trace *t);

/* A command without a TRACE. */
static void not_traced(struct trace *t) {
    if (!t->sample.paused || ++t->untraced < LOOK_EVERY)
        return;
    look_at_pause(t, false);
    if (t->open_count > 0 && svga_now_ns() >= t->collect_ns)
        collect_now(t);
}

/* One is traced. */
static void count_traced(struct trace *t) {
    if (t->sample.left > 0) {
        t->sample.left--;
        return;
    }
    pthread_mutex_lock(&t->lock);
    uint64_t room = t->file.room;
    pthread_mutex_unlock(&t->lock);
    if (!t->sample.paused && sample_pauses(&t->sample, svga_now_ns(), room, TRACE_ROOM)) {
        t->was_sampled = t->pauses = true;
        t->of.wants(t->of.opaque, false);
    }
}

/* ---- records ---- */

struct trace_record *trace_ref(struct trace_record *r) {
    atomic_fetch_add(&r->refs, 1);
    return r;
}

void trace_drop(struct trace_record *r) {
    if (r && atomic_fetch_sub(&r->refs, 1) == 1) {
        if (r->event)
            clReleaseEvent(r->event);
        free(r);
    }
}

void trace_picked_up(struct trace *t) {
    if (t->have_next)
        t->picked_up = svga_now_ns();
}

void trace_awake(struct trace *t) {
    t->awake = svga_now_ns();
}

void trace_decoded(struct trace_record *r) {
    r->command.decoded = svga_now_ns();
}

void trace_begins(struct trace_record *r) {
    r->command.begun = svga_now_ns();
    if (r->command.decoded == 0)
        r->command.decoded = r->command.begun;
}

void trace_next(struct trace *t, const struct tr_trace *stamps) {
    t->next = *stamps;
    t->have_next = t->on;
}

bool trace_hold(struct trace *t, struct tr_trace *stamps) {
    bool held = t->have_next;
    *stamps = t->next;
    t->have_next = false;
    return held;
}

static struct trace_record *take(struct trace *t, enum trace_what what) {
    if (!t->have_next) {
        not_traced(t);
        return NULL;
    }
    t->have_next = false;
    count_traced(t);
    struct trace_record *r = t->open_count < MAX_OPEN ? malloc(sizeof *r) : NULL;
    if (!r) {
        t->lost++;
        return NULL;
    }
    atomic_init(&r->refs, 1);
    r->device = NULL;
    r->in_order = false;
    r->event = NULL;
    r->next = NULL;
    board_count(&t->sequence);
    r->command = (struct trace_command){
        .type = TRACE_COMMAND,
        .size = sizeof r->command,
        .sequence = board_read(&t->sequence),
        .token = t->next.token,
        .what = what,
        .call = t->next.call_ns,
        .write = t->next.write_ns,
        .awake = t->awake,
        .picked_up = t->picked_up,
        .compile = t->next.compile_ns,
    };
    return r;
}

struct trace_record *trace_take(struct trace *t, const struct queue *q) {
    board_count(&t->commands);
    if (!q->host_profiled)
        t->have_next = false;
    struct trace_record *r = take(t, TRACE_TRANSFER);
    if (r) {
        r->device = q->device;
        r->in_order = q->in_order;
        r->command.queue = q->id;
    }
    return r;
}

void trace_uncount(struct trace *t) {
    atomic_store_explicit(&t->commands, board_read(&t->commands) - 1, memory_order_relaxed);
}

struct trace_record *trace_finish(struct trace *t, const struct queue *q) {
    struct trace_record *r = take(t, TRACE_FINISH);
    if (r) {
        r->command.queue = q->id;
        trace_named(r, "finish", 0);
    }
    return r;
}

void trace_named(struct trace_record *r, const char *name, uint64_t bytes) {
    /* No snprintf: that alone cost a quarter of a command's record. */
    size_t length = strnlen(name, sizeof r->command.name - 1);
    memcpy(r->command.name, name, length);
    r->command.name[length] = '\0';
    r->command.bytes = bytes;
}

void trace_kernel(struct trace_record *r, const char *name, uint32_t work_dim, const size_t *global,
                  const size_t *local) {
    trace_named(r, name, 0);
    r->command.what = TRACE_KERNEL;
    r->command.work_dim = work_dim;
    for (uint32_t i = 0; i < work_dim; i++) {
        r->command.global[i] = global[i];
        r->command.local[i] = local ? local[i] : 0;
    }
}

/* ---- the driver's clock ---- */

/* The device's bounds, made if they are missing. trace->open_lock is held. */
static struct clock_bounds *bounds(struct trace *t, const struct driver_device *device) {
    for (unsigned i = 0; i < t->clock_count; i++)
        if (t->clocks[i].device == device)
            return &t->clocks[i];
    if (t->clock_count == MAX_CLOCKS)
        return NULL;
    t->clocks[t->clock_count] = (struct clock_bounds){device, INT64_MIN, INT64_MAX};
    return &t->clocks[t->clock_count++];
}

/* A command was queued, by the driver's clock, while ours went from `before` to `after`, and had ended when
 * it was `ended`. Returns the best guess of the offset, which keeps this order. trace->open_lock is held. */
static int64_t narrow(struct trace *t, const struct driver_device *device, uint64_t queued, uint64_t before,
                      uint64_t after, uint64_t end, uint64_t ended) {
    int64_t low = (int64_t)(queued - after), high = (int64_t)(queued - before);

    if ((int64_t)(end - ended) > low && (int64_t)(end - ended) <= high)
        low = (int64_t)(end - ended);
    int64_t offset = low + (high - low) / 2;
    struct clock_bounds *b = bounds(t, device);
    if (b) {
        if (low > b->low)
            b->low = low;
        if (high < b->high)
            b->high = high;
        /* A driver whose clock runs at another rate drifts out of its bounds: then the newest enqueue counts.
         */
        if (b->low > b->high) {
            b->low = low;
            b->high = high;
        }
        offset = b->low + (b->high - b->low) / 2;
    }
    return offset;
}

/* The same without news. False: nothing is known of the device's clock yet. */
static bool known_offset(struct trace *t, const struct driver_device *device, int64_t *offset) {
    const struct clock_bounds *b = bounds(t, device);

    if (!b || b->low == INT64_MIN || b->high == INT64_MAX)
        return false;
    *offset = b->low + (b->high - b->low) / 2;
    return true;
}

static bool stamp(cl_event event, cl_profiling_info param, uint64_t *out) {
    cl_ulong value = 0;
    bool good = clGetEventProfilingInfo(event, param, sizeof value, &value, NULL) == CL_SUCCESS;
    *out = value;
    return good;
}

void trace_calibrate(struct trace *t, const struct driver_device *device, unsigned version,
                     cl_command_queue queue) {
    for (int i = 0; i < CALIBRATIONS && version >= 120; i++) {
        uint64_t queued, end, before = svga_now_ns();
        cl_event event;
        if (clEnqueueMarkerWithWaitList(queue, 0, NULL, &event) != CL_SUCCESS)
            return;
        uint64_t after = svga_now_ns();
        clWaitForEvents(1, &event);
        uint64_t ended = svga_now_ns();
        pthread_mutex_lock(&t->open_lock);
        if (stamp(event, CL_PROFILING_COMMAND_QUEUED, &queued) &&
            stamp(event, CL_PROFILING_COMMAND_END, &end))
            narrow(t, device, queued, before, after, end, ended);
        pthread_mutex_unlock(&t->open_lock);
        clReleaseEvent(event);
    }
}

/* ---- the ends of commands ---- */

/* Fills in what the driver says of a command, moved to CLOCK_MONOTONIC, once it has ended. False if it has not.
 * trace->open_lock is held. */
static bool has_ended(struct trace *t, struct trace_record *r, uint64_t now) {
    struct trace_command *c = &r->command;
    uint64_t queued, submit, start, end;
    int64_t offset;
    cl_int status = CL_QUEUED;

    if (!stamp(r->event, CL_PROFILING_COMMAND_END, &end)) {
        clGetEventInfo(r->event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
        if (status > CL_COMPLETE)
            return false;
        c->result = status;
        c->ended = now;
        return true;
    }
    c->ended = now;
    if (!stamp(r->event, CL_PROFILING_COMMAND_SUBMIT, &submit) ||
        !stamp(r->event, CL_PROFILING_COMMAND_START, &start))
        return true;
    if (t->ends++ % NARROW_EVERY != 0 && known_offset(t, r->device, &offset))
        ;
    else if (stamp(r->event, CL_PROFILING_COMMAND_QUEUED, &queued))
        offset = narrow(t, r->device, queued, c->begun, c->enqueued, end, now);
    else
        return true;
    c->submit = submit - (uint64_t)offset;
    c->start = start - (uint64_t)offset;
    c->end = c->ended = end - (uint64_t)offset;
    return true;
}

/*
 * trace->open_lock is held, but not trace->lock while the driver is asked: it may hold a lock of its own for which we wait, and
 * call back with it to whoever writes an entry. Behind a command that has not ended, those of its queue are not asked for, if
 * they end one after the other; nor looked at, if there is no other queue: they may be many, and far apart in memory.
 */
static void collect(struct trace *t, uint64_t now) {
    struct trace_record **at = &t->open, *ended = NULL, **ended_end = &ended, *going = NULL, *fresh = NULL;
    unsigned count = 0;
    struct trace_record *newest = atomic_exchange(&t->fresh, NULL),
                        **end = newest ? &newest->next : t->open_end;

    if (!t->open && newest) {
        t->open_queue = newest->command.queue;
        t->many_queues = false;
    }
    for (struct trace_record *r = newest, *next; r; r = next) {
        next = r->next;
        r->next = fresh;
        fresh = r;
        t->many_queues = t->many_queues || r->command.queue != t->open_queue;
    }
    *t->open_end = fresh;
    for (struct trace_record *r = *at; r; r = *at) {
        if (going && r->in_order && r->command.queue == going->command.queue) {
            at = &r->next;
            continue;
        }
        if (!has_ended(t, r, now)) {
            going = r;
            at = r->in_order && !t->many_queues ? end : &r->next;
            continue;
        }
        *at = r->next;
        count++;
        *ended_end = r;
        ended_end = &r->next;
    }
    t->open_end = at;
    atomic_fetch_sub_explicit(&t->open_count, count, memory_order_relaxed);
    *ended_end = NULL;
    pthread_mutex_lock(&t->lock);
    for (struct trace_record *r = ended; r; r = r->next)
        put(t, &r->command, sizeof r->command);
    pthread_mutex_unlock(&t->lock);
    for (struct trace_record *r = ended, *next; r; r = next) {
        next = r->next;
        trace_drop(r);
    }
}

static void collect_now(struct trace *t) {
    pthread_mutex_lock(&t->open_lock);
    collect(t, svga_now_ns());
    pthread_mutex_unlock(&t->open_lock);
    /* Those that go on are looked at again when as many others have come: so each is looked at twice or thrice. */
    t->collect_at = 2 * t->open_count + COLLECT_AT;
    t->collect_ns = svga_now_ns() + COLLECT_MS * 1000000ull;
}

unsigned trace_collect(struct trace *t) {
    if (t->sample.paused)
        look_at_pause(t, false);
    if (t->open_count >= t->collect_at || (t->open_count > 0 && svga_now_ns() >= t->collect_ns))
        collect_now(t);
    return t->open_count;
}

void trace_idle(struct trace *t) {
    if (t->sample.paused)
        look_at_pause(t, true);
    if (t->open_count >= IDLE_AT)
        collect_now(t);
    else
        trace_collect(t);
}

int trace_rest_ms(const struct trace *t) {
    if (t && t->open_count > 0)
        return COLLECT_MS;
    if (!t || !t->sample.paused)
        return -1;
    uint64_t now = svga_now_ns(), rest = t->sample.due_ns > now ? (t->sample.due_ns - now) / 1000000 : 0;
    return rest < MOST_REST_MS ? (int)rest + 1 : MOST_REST_MS;
}

void trace_enqueued(struct trace *t, struct trace_record *r, cl_event event) {
    uint64_t now = svga_now_ns();
    r->command.enqueued = now;
    r->event = event;
    r->next = atomic_load_explicit(&t->fresh, memory_order_relaxed);
    /* No exchange: the only other thread that takes them, trace_close's, is the last to look at any. */
    atomic_store_explicit(&t->fresh, r, memory_order_release);
    /* Nor an addition: it has no other thread to lose one of but that. */
    unsigned count = atomic_load_explicit(&t->open_count, memory_order_relaxed) + 1;
    atomic_store_explicit(&t->open_count, count, memory_order_relaxed);
    if (count >= t->collect_at || now >= t->collect_ns)
        collect_now(t);
}

void trace_ended(struct trace *t, struct trace_record *r, cl_int result) {
    if (!r)
        return;
    r->command.ended = svga_now_ns();
    r->command.result = result;
    write_entry(t, &r->command, sizeof r->command);
    trace_drop(r);
}

void trace_published(struct trace *t, const struct trace_record *r, uint64_t at_ns) {
    struct trace_stamp stamp = {TRACE_PUBLISHED, sizeof stamp, r->command.sequence, at_ns};
    write_entry(t, &stamp, sizeof stamp);
}

void trace_woken(struct trace *t, uint64_t token, uint64_t wake_ns) {
    struct trace_stamp stamp = {TRACE_WOKEN, sizeof stamp, token, wake_ns};
    write_entry(t, &stamp, sizeof stamp);
}

struct trace_record *trace_build(struct trace *t, const struct build *b) {
    static const char *const names[] = {[BUILD_BUILD] = "build",
                                        [BUILD_COMPILE] = "compile",
                                        [BUILD_LINK] = "link",
                                        [BUILD_VALIDATE] = "validate"};
    struct trace_record *r = take(t, TRACE_BUILD);
    if (r)
        trace_named(r, names[b->kind], 0);
    return r;
}

void trace_built(struct trace *t, struct build *b, uint64_t start_ns, cl_int result) {
    struct trace_record *r = b->trace;
    r->command.enqueued = start_ns;
    r->command.validate = b->validate_ns;
    r->command.translate = b->translate_ns;
    r->command.driver = b->driver_ns;
    r->command.cached = b->from_cache;
    trace_published(t, r, svga_now_ns());
    trace_ended(t, r, result);
    b->trace = NULL;
}

/* How many there were, traced or not. trace->lock is held. */
static void put_totals(struct trace *t) {
    const struct board *b = t->of.board;
    struct counts now = counts_of(b);
    struct trace_stamp window = {TRACE_WINDOW, sizeof window, 2 * t->sequence + 1, svga_now_ns()};
    struct trace_total total = {.type = TRACE_TOTAL, .size = sizeof total, .count = t->commands};

    if (t->pauses)
        trace_file_add_last(&t->file, &window, sizeof window);
    trace_file_add_last(&t->file, &total, sizeof total);
    for (int i = 0; i < BOARD_KERNELS; i++) {
        total.count = now.kernels[i] - t->before.kernels[i];
        memset(total.name, 0, sizeof total.name);
        memcpy(total.name, b->kernels[i].name, sizeof b->kernels[i].name);
        if (total.count > 0)
            trace_file_add_last(&t->file, &total, sizeof total);
    }
}

/* The locks are held; `drop`: those that are open are of no further use. */
static void end_file(struct trace *t, bool drop) {
    struct trace_record *next;

    for (struct trace_record *r = t->open; r; r = next) {
        next = r->next;
        put(t, &r->command, sizeof r->command);
        if (drop)
            trace_drop(r);
    }
    t->open = NULL;
    t->open_end = &t->open;
    t->open_count = 0;
    if (t->file.fd < 0)
        return;
    for (unsigned i = 0; i < t->clock_count; i++) {
        const struct clock_bounds *b = &t->clocks[i];
        struct trace_stamp clock = {TRACE_CLOCK, sizeof clock, i, (uint64_t)(b->high - b->low) / 2 + 1};
        if (b->low != INT64_MIN && b->high != INT64_MAX)
            trace_file_add_last(&t->file, &clock, sizeof clock);
    }
    if (t->was_sampled)
        put_totals(t);
    struct trace_stamp lost = {TRACE_LOST, sizeof lost, 0, t->lost};
    trace_file_add_last(&t->file, &lost, sizeof lost);
    trace_file_end(&t->file);
}

void trace_end(struct trace *t) {
    trace_stop(t);
    pthread_mutex_lock(&t->open_lock);
    collect(t, svga_now_ns());
    pthread_mutex_lock(&t->lock);
    end_file(t, true);
    pthread_mutex_unlock(&t->lock);
    pthread_mutex_unlock(&t->open_lock);
}

void trace_close(struct trace *t) {
    pthread_mutex_lock(&t->lock);
    if (t->file.fd >= 0)
        trace_file_flush(&t->file); /* a driver that hangs costs no more than the last commands */
    pthread_mutex_unlock(&t->lock);
    pthread_mutex_lock(&t->open_lock);
    collect(t, svga_now_ns());
    pthread_mutex_lock(&t->lock);
    end_file(t, false);
    /* The locks stay taken: the process is about to exit, and nothing may be written any more. */
}
