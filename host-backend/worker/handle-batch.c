// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "host-backend/worker/batch.h"
#include "host-backend/worker/enqueue.h"
#include "host-backend/worker/trace.h"
#include "host-backend/worker/wait.h"
#include "trillium/table.h"

/* What may be recorded. All have the queue as their first field, where replay() puts the run's own. */
#define RECORDABLE(X)                                                                                        \
    X(ENQUEUE_KERNEL, enqueue_kernel)                                                                        \
    X(COPY_BUFFER, copy_buffer)                                                                              \
    X(COPY_RECT, copy_rect)                                                                                  \
    X(FILL_BUFFER, fill_buffer)                                                                              \
    X(COPY_IMAGE, copy_image)                                                                                \
    X(COPY_IMAGE_BUFFER, copy_image_buffer)                                                                  \
    X(FILL_IMAGE, fill_image)                                                                                \
    X(MARKER, marker)

#define QUEUE_FIRST(NAME, name) _Static_assert(offsetof(struct tr_##name, queue) == 0, #name);
RECORDABLE(QUEUE_FIRST)

static bool recordable(uint32_t cmd) {
    switch (cmd) {
#define LISTED(NAME, name) case TR_CMD_##NAME:
        RECORDABLE(LISTED)
        return true;
    default:
        return false;
    }
}

/* Has it neither event nor slot nor wait list? */
static bool is_bare(const struct tr_view *v) {
    const uint8_t *at = v->fixed;
    uint32_t word;

    for (const struct tr_field *f = tr_command_find(v->cmd)->fields; f->type != TR_FIELD_END; f++) {
        memcpy(&word, at, sizeof word);
        if ((f->type == TR_FIELD_NEW_OPT && word != 0) ||
            (f->type == TR_FIELD_SLOT_OPT && word != TR_NO_SLOT) || (f->type == TR_FIELD_IDS && word != 0))
            return false;
        at += tr_field_size(f->type);
    }
    return true;
}

static void out_of_memory(struct session *s) {
    s->over = true;
    svga_device_fail(&s->device, SVGA_ERROR_WORKER_DIED, "the host worker is out of memory");
}

void do_create_batch(struct session *s, const struct tr_create_batch *c, const struct tr_view *v) {
    (void)v;
    put_object(s, c->batch, object_new(TR_KIND_BATCH, sizeof(struct batch)));
}

/* ---- recording ---- */

/* May the command be in a batch, but for what only its handler can find? If not, the session has failed. */
static bool check_command(struct session *s, const void *bytes, uint32_t size) {
    struct svga_cmd_header header;
    struct tr_view command;

    if (size < sizeof header) {
        session_violation(s, "record: %u bytes are no command", size);
        return false;
    }
    memcpy(&header, bytes, sizeof header);
    if (!recordable(header.id)) {
        session_violation(s, "record: command %u cannot be in a batch", header.id);
        return false;
    }
    if (!session_verify(s, bytes, size, &command))
        return false;
    if (!is_bare(&command)) {
        session_violation(s, "record: a command with an event or a wait list of its own");
        return false;
    }
    return true;
}

/* A command that was checked; NULL with the session failed. */
static struct recorded *recorded_new(struct session *s, const void *bytes, uint32_t size, bool barrier,
                                     const uint32_t *after, uint32_t after_count) {
    struct svga_cmd_header header;
    struct recorded *r = malloc(sizeof *r + size + (size_t)after_count * sizeof *after);
    if (!r) {
        out_of_memory(s);
        return NULL;
    }
    memcpy(&header, bytes, sizeof header);
    *r = (struct recorded){.size = size,
                           .is_marker = header.id == TR_CMD_MARKER,
                           .barrier = barrier,
                           .after_count = after_count};
    memcpy(r->command, bytes, size);
    if (after_count > 0)
        memcpy((uint8_t *)r->command + size, after, after_count * sizeof *after);
    return r;
}

static const uint32_t *after_of(const struct recorded *r) {
    return (const uint32_t *)((const uint8_t *)r->command + r->size);
}

/* The commands that the new one waits for need not be waited for again at the batch's end. */
static void mark_awaited(struct batch *b, const struct recorded *r) {
    const uint32_t *after = after_of(r);

    for (uint32_t i = 0; i < r->after_count; i++)
        b->commands[after[i]]->awaited = true;
    if (b->gate > 0)
        b->commands[b->gate - 1]->awaited = true;
    for (uint32_t i = b->open; r->barrier && r->after_count == 0 && i < b->count; i++)
        b->commands[i]->awaited = true;
    if (r->barrier) {
        b->gate = b->count + 1;
        b->open = r->after_count == 0 ? b->count : b->open;
    }
}

void do_record(struct session *s, const struct tr_record *c, const struct tr_view *v) {
    struct batch *b = batch_of(s, c->batch);
    uint64_t bytes = c->command_count + (uint64_t)c->after_count * sizeof(uint32_t);

    if (b->count == TR_BATCH_COMMANDS || b->bytes + bytes > TR_BATCH_BYTES) {
        session_violation(s, "record: the batch is full with %u commands", b->count);
        return;
    }
    const uint32_t *after = v->arrays[0];
    if (!check_command(s, v->arrays[1], c->command_count))
        return;
    for (uint32_t i = 0; i < c->after_count; i++)
        if (after[i] >= b->count) {
            session_violation(s, "record: waits for command %u, which is none before it", after[i]);
            return;
        }
    struct recorded *r =
        recorded_new(s, v->arrays[1], c->command_count, c->barrier != 0, after, c->after_count);
    if (!r)
        return;
    if (b->count == b->room) {
        uint32_t room = b->room ? 2 * b->room : 16;
        struct recorded **bigger = realloc(b->commands, room * sizeof(*bigger));
        if (!bigger) {
            free(r);
            out_of_memory(s);
            return;
        }
        b->commands = bigger;
        b->room = room;
    }
    mark_awaited(b, r);
    b->commands[b->count++] = r;
    b->bytes += bytes;
    if (r->after_count > b->most_after)
        b->most_after = r->after_count;
}

void do_update_record(struct session *s, const struct tr_update_record *c, const struct tr_view *v) {
    struct batch *b = batch_of(s, c->batch);

    if (c->index >= b->count) {
        session_violation(s, "update_record: the batch has no command %u", c->index);
        return;
    }
    struct recorded *old = b->commands[c->index];
    uint64_t bytes = b->bytes - old->size + c->command_count;
    if (bytes > TR_BATCH_BYTES) {
        session_violation(s, "update_record: the batch is full");
        return;
    }
    if (!check_command(s, v->arrays[0], c->command_count))
        return;
    struct recorded *r =
        recorded_new(s, v->arrays[0], c->command_count, old->barrier, after_of(old), old->after_count);
    if (!r)
        return;
    r->awaited = old->awaited;
    b->commands[c->index] = r;
    b->bytes = bytes;
    free(old);
}

/* ---- replaying ---- */

/* The run's wait list is given to each command that needs it, unless it is longer than this. */
enum { FEW_WAITS = 16 };

struct run {
    struct session *s;
    struct batch *batch;
    struct enqueue *e; /* RUN_BATCH's own */
    struct replay replay;
    uint32_t queue; /* id */
    bool profiled;
    bool traced;
    struct tr_trace stamps;
    cl_event *events; /* of the commands; NULL where none was kept */
    uint32_t event_count;
    cl_event *waits; /* a wait list in the making */
    cl_uint wait_count;
};

/* Carries out command i, which waits for what r->waits or the given list says. */
static cl_int replay(struct run *r, uint32_t i, cl_uint wait_count, const cl_event *waits, bool keep) {
    struct session *s = r->s;
    struct recorded *command = r->batch->commands[i];

    r->replay.wait_count = wait_count;
    r->replay.waits = waits;
    r->replay.keep = keep;
    r->replay.made = NULL;
    r->replay.result = CL_OUT_OF_RESOURCES;
    memcpy((uint8_t *)command->command + sizeof(struct svga_cmd_header), &r->queue, sizeof r->queue);
    if (r->traced) {
        struct tr_trace stamps = r->stamps;
        if (i + 1 < r->batch->count)
            stamps.token = 0;
        trace_next(s->trace, &stamps);
    }
    s->replay = &r->replay;
    session_carry_out(s, command->command, command->size);
    s->replay = NULL;
    r->events[i] = r->replay.made;
    return s->over ? CL_OUT_OF_RESOURCES : r->replay.result;
}

/* An event of the run's own that waits for the list. enqueue_end counts the run's end once more, which does
 * no harm: the counts are only compared. */
static cl_int marker(struct run *r, cl_uint count, const cl_event *waits, cl_event *made) {
    if (r->e->q->context->version < 120)
        return CL_INVALID_OPERATION;
    cl_int result = clEnqueueMarkerWithWaitList(r->e->queue, count, count > 0 ? waits : NULL, made);
    if (result == CL_SUCCESS)
        session_queue_enqueued(r->s, r->e->q);
    return result;
}

/* *end gets an event that ends with the batch; it is the caller's to release. */
static cl_int run_in_order(struct run *r, cl_event *end) {
    const struct batch *b = r->batch;
    uint32_t first = 0, last = b->count;

    while (first < b->count && b->commands[first]->is_marker)
        first++;
    while (last > first && b->commands[last - 1]->is_marker)
        last--;
    if (first == last)
        return marker(r, r->e->wait_count, r->e->waits, end);
    for (uint32_t i = first; i < last; i++) {
        bool is_first = i == first, is_last = i == last - 1;
        if (b->commands[i]->is_marker)
            continue;
        cl_int result = replay(r, i, is_first ? r->e->wait_count : 0, is_first ? r->e->waits : NULL,
                               is_last || (is_first && r->profiled));
        if (result != CL_SUCCESS)
            return result;
    }
    *end = r->events[last - 1];
    clRetainEvent(*end);
    return CL_SUCCESS;
}

static void wait_for(struct run *r, cl_event event) {
    if (event)
        r->waits[r->wait_count++] = event;
}

/*
 * `gate` is what every further command waits for; commands before `open` have ended with it. Markers are
 * avoided where that is cheap: PoCL's wait for all that is in the queue.
 */
static cl_int run_out_of_order(struct run *r, cl_event *end) {
    const struct batch *b = r->batch;
    cl_event gate = NULL, start = NULL;
    uint32_t open = 0;
    cl_int result = CL_SUCCESS;

    if (r->e->wait_count > FEW_WAITS)
        result = marker(r, r->e->wait_count, r->e->waits, &start);
    gate = start;
    for (uint32_t i = 0; result == CL_SUCCESS && i < b->count; i++) {
        const struct recorded *command = b->commands[i];
        const uint32_t *after = after_of(command);
        bool for_all = command->barrier && command->after_count == 0;

        r->wait_count = 0;
        wait_for(r, gate);
        for (cl_uint k = 0; !gate && k < r->e->wait_count; k++)
            wait_for(r, r->e->waits[k]);
        for (uint32_t k = 0; k < command->after_count; k++)
            wait_for(r, r->events[after[k]]);
        for (uint32_t k = open; for_all && k < i; k++)
            wait_for(r, r->events[k]);
        /* With nothing to wait for, a marker would wait for the whole queue. */
        if (!command->is_marker || r->wait_count > 0)
            result = replay(r, i, r->wait_count, r->waits, true);
        if (command->barrier && r->events[i]) {
            gate = r->events[i];
            open = for_all ? i : open;
        }
    }
    r->wait_count = 0;
    for (uint32_t k = 0; k < b->count; k++)
        if (!b->commands[k]->awaited)
            wait_for(r, r->events[k]);
    if (result == CL_SUCCESS && r->wait_count == 1) {
        *end = r->waits[0];
        clRetainEvent(*end);
    } else if (result == CL_SUCCESS) {
        bool none = r->wait_count == 0; /* an empty batch */
        result = marker(r, none ? r->e->wait_count : r->wait_count, none ? r->e->waits : r->waits, end);
    }
    if (start)
        clReleaseEvent(start);
    return result;
}

static cl_int run(struct run *r, cl_event *end) {
    uint32_t count = r->batch->count; // it was verified; NOLINT(clang-analyzer-core.NullDereference)

    r->events = calloc(count + 1, sizeof(*r->events));
    r->waits = malloc((count + r->batch->most_after + FEW_WAITS + 1) * sizeof(*r->waits));
    if (!r->events || !r->waits)
        return CL_OUT_OF_HOST_MEMORY;
    r->event_count = count;
    return r->e->q->in_order ? run_in_order(r, end) : run_out_of_order(r, end);
}

/* Hands the events that were kept to the batch's event, as its parts; or drops them. */
static void finish(struct run *r, struct event *event) {
    uint32_t kept = 0;

    for (uint32_t i = 0; i < r->event_count; i++)
        if (r->events[i])
            r->events[kept++] = r->events[i];
    if (event && r->profiled && kept > 0) {
        event->parts = r->events;
        event->part_count = kept;
        r->events = NULL;
    }
    for (uint32_t i = 0; r->events && i < kept; i++)
        clReleaseEvent(r->events[i]);
    if (event && r->replay.trace)
        event->trace = r->replay.trace;
    else
        trace_drop(r->replay.trace);
    free(r->events);
    free(r->waits);
}

void do_run_batch(struct session *s, const struct tr_run_batch *c, const struct tr_view *v) {
    struct enqueue e;
    struct run r = {.s = s, .batch = batch_of(s, c->batch), .e = &e, .queue = c->queue};

    /* The commands are traced, not the batch; a guest thread that waits for it waits for the last of them. */
    r.traced = s->trace && trace_hold(s->trace, &r.stamps);
    bool begun = ENQUEUE_BEGIN_IDLE(e, s, c, v, 0);
    if (s->trace)
        trace_uncount(s->trace);
    if (begun) {
        r.replay.after = e.after;
        r.replay.after_count = e.after_count;
        r.replay.blocked = e.blocked;
        r.profiled = c->event != 0 && e.q->profiled;
        e.result = run(&r, &e.made);
    }
    enqueue_end(&e);
    finish(&r, e.result == CL_SUCCESS && !s->over && c->event != 0 ? event_of(s, c->event) : NULL);
}
