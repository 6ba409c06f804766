// SPDX-License-Identifier: MIT
/* Commands about the session itself: slots, clock, references, what the host has. */
#include <stdlib.h>
#include <string.h>

#include "host-backend/worker/console.h"
#include "host-backend/worker/handlers.h"
#include "host-backend/worker/trace.h"
#include "host-backend/worker/wait.h"
#include "svga-model/futex.h"

void do_add_slots(struct session *s, const struct tr_add_slots *c, const struct tr_view *v) {
    const uint64_t size = TR_SLOTS_PER_CHUNK * sizeof(struct tr_slot);
    (void)v;
    if (c->chunk != s->chunk_count || c->chunk >= TR_MAX_CHUNKS) {
        session_violation(s, "add_slots: chunk %u is not the next one", c->chunk);
        return;
    }
    struct tr_slot *slots = svga_device_span(&s->device, c->region, 0, size);
    if (!slots) {
        session_violation(s, "add_slots: region %u is too small for a chunk of slots", c->region);
        return;
    }
    (void)svga_device_hold(&s->device, c->region); /* for as long as the session lasts */
    s->slots[s->chunk_count++] = slots;
}

void do_get_clock(struct session *s, const struct tr_get_clock *c, const struct tr_view *v) {
    (void)v;
    session_answer(s, session_slot(s, c->slot), CL_SUCCESS, svga_now_ns());
}

void do_trace(struct session *s, const struct tr_trace *c, const struct tr_view *v) {
    (void)v;
    if (s->trace)
        trace_next(s->trace, c);
}

void do_trace_wake(struct session *s, const struct tr_trace_wake *c, const struct tr_view *v) {
    (void)v;
    if (s->trace)
        trace_woken(s->trace, c->token, c->wake_ns);
}

void do_release(struct session *s, const struct tr_release *c, const struct tr_view *v) {
    (void)v;
    struct object *o = objects_take(&s->objects, c->object);
    if (o->kind == TR_KIND_EVENT)
        event_retire(s, (struct event *)o);
    object_unref(o);
}

void do_set_console(struct session *s, const struct tr_set_console *c, const struct tr_view *v) {
    struct tr_console *ring = svga_device_span(&s->device, c->region, 0, sizeof *ring);
    (void)v;
    if (!ring)
        session_violation(s, "set_console: region %u is too small for a console", c->region);
    else if (!console_attach(&s->device, ring))
        session_violation(s, "set_console: there is a console already");
    else
        (void)svga_device_hold(&s->device, c->region); /* for as long as the session lasts */
}

void do_enumerate(struct session *s, const struct tr_enumerate *c, const struct tr_view *v) {
    struct driver *d = s->driver;
    uint64_t needed = 0;
    (void)v;

    for (uint32_t i = 0; i < d->root_count; i++) {
        const struct driver_device *device = d->devices[i];
        struct tr_device_entry entry = {
            .platform = device->platform_number,
            .device = i,
            .type = device->type,
            .shares = device->shares,
            .target = (uint32_t)device->target.kind,
        };
        if (device->hidden)
            continue;
        if (needed + sizeof entry <= c->out.length)
            memcpy((char *)session_span(s, c->out) + needed, &entry, sizeof entry);
        needed += sizeof entry;
    }
    session_answer(s, session_slot(s, c->slot), CL_SUCCESS, needed);
}
