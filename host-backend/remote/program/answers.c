// SPDX-License-Identifier: MIT
/*
 * What the worker has written becomes known to the guest here. The guest draws conclusions from what it sees, so the order
 * counts: the output of kernels and what commands wrote come before the records that say that they have ended; and what
 * ended before something else is told before that, or with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host-backend/remote/program/remote.h"

/* lock is held. The slot, pending as the guest has it. */
static bool expect_slot(struct remote *r, uint32_t slot, const struct answer *like) {
    uint32_t chunk = slot / TR_SLOTS_PER_CHUNK;
    if (chunk >= r->chunk_count) {
        snprintf(r->why, sizeof r->why, "slot %u was never announced", slot);
        return false;
    }
    if (r->answer_count == r->answer_cap) {
        size_t cap = r->answer_cap ? 2 * r->answer_cap : 256;
        struct answer *bigger = cap <= REMOTE_ANSWERS ? realloc(r->answers, cap * sizeof *bigger) : NULL;
        if (!bigger) {
            snprintf(r->why, sizeof r->why, "too many answers are waited for");
            return false;
        }
        r->answers = bigger;
        r->answer_cap = cap;
    }
    struct answer *a = &r->answers[r->answer_count++];
    *a = *like;
    a->region = r->chunks[chunk];
    a->offset = (uint64_t)(slot % TR_SLOTS_PER_CHUNK) * sizeof(struct tr_slot);
    a->slot = (struct tr_slot *)(void *)remote_span(r, a->region, a->offset, sizeof *a->slot);
    a->told = a->status = TR_STATUS_PENDING;
    a->slot->result = 0;
    a->slot->value = 0;
    a->slot->profiled = 0;
    atomic_store_explicit(&a->slot->status, TR_STATUS_PENDING, memory_order_relaxed);
    return true;
}

static bool is_ordered(const struct remote *r, uint32_t queue) {
    return queue < TR_MAX_ID && (r->ordered[queue / 8] >> queue % 8 & 1);
}

bool answers_expect(struct remote *r, const void *command, const struct tr_moves *m) {
    struct answer like = {
        .queue = m->queue, .ends_all = m->all_before || is_ordered(r, m->queue), .sized = m->sized};
    bool well = true;
    (void)command;

    if (m->slot_count == 0)
        return true;
    pthread_mutex_lock(&r->lock);
    if (m->out.length > 0 && !remote_span(r, m->out.region, m->out.offset, m->out.length)) {
        snprintf(r->why, sizeof r->why, "a command writes outside of its region");
        well = false;
    }
    like.out = m->out;
    for (unsigned i = 0; i < m->slot_count && well; i++) {
        well = expect_slot(r, m->slots[i], &like);
        like.out.length = 0;
    }
    pthread_mutex_unlock(&r->lock);
    return well;
}

/* lock is held. From the newest on: whatever ended before something that is seen here is seen as well; and again, until
 * nothing is new, since ends may be written while this looks. */
static bool look(struct remote *r) {
    bool any = false;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = r->answer_count; i > 0; i--) {
            struct answer *a = &r->answers[i - 1];
            if (a->status <= CL_COMPLETE)
                continue;
            int32_t status = atomic_load_explicit(&a->slot->status, memory_order_acquire);
            if (status != a->status) {
                a->status = status;
                more = true;
            }
            any = any || a->status != a->told;
        }
    }
    return any;
}

static struct tr_console *console(struct remote *r) {
    return r->console_region ? r->regions[r->console_region].ptr : NULL;
}

bool answers_due(struct remote *r) {
    pthread_mutex_lock(&r->lock);
    const struct tr_console *c = console(r);
    bool due = look(r) || (c && atomic_load(&c->written) != r->console_sent) ||
               atomic_load(&r->g->words[SVGA_FIFO_FENCE]) != r->fence ||
               atomic_load(&r->g->words[SVGA_FIFO_PROFILE]) != r->profile;
    pthread_mutex_unlock(&r->lock);
    return due;
}

/* ---- telling; lock and out_lock are held ---- */

static void put(struct remote *r, enum svga_frame_type type, uint32_t region, uint64_t offset,
                const void *bytes, uint64_t length) {
    const struct svga_frame frame = {type, region, offset, length};
    svga_stream_put(&r->out, &frame, bytes);
}

static void put_console(struct remote *r) {
    struct tr_console *c = console(r);
    uint32_t written = c ? atomic_load_explicit(&c->written, memory_order_acquire) : 0;

    if (!c || written == r->console_sent)
        return;
    if (written - r->console_sent > TR_CONSOLE_SIZE) /* a worker that has been taken over */
        r->console_sent = written - TR_CONSOLE_SIZE;
    while (r->console_sent != written) {
        uint32_t at = r->console_sent % TR_CONSOLE_SIZE, n = written - r->console_sent;
        if (n > TR_CONSOLE_SIZE - at)
            n = TR_CONSOLE_SIZE - at;
        put(r, SVGA_FRAME_TEXT, 0, 0, c->data + at, n);
        r->console_sent += n;
    }
    atomic_store_explicit(&c->read, written, memory_order_release); /* the worker has room again */
}

static void put_output(struct remote *r, struct answer *a) {
    uint64_t length = a->out.length;
    if (length > 0 && a->sized && a->slot->value < length)
        length = a->slot->value;
    const char *bytes = length > 0 ? remote_span(r, a->out.region, a->out.offset, length) : NULL;
    if (bytes)
        put(r, SVGA_FRAME_DATA, a->out.region, a->out.offset, bytes, length);
    a->out.length = 0;
}

/* What ends with answer number `n`, without anybody having asked. */
static void put_outputs_before(struct remote *r, size_t n) {
    const struct answer *last = &r->answers[n];
    for (size_t i = 0; i < n; i++)
        if (r->answers[i].queue == last->queue && r->answers[i].out.length > 0)
            put_output(r, &r->answers[i]);
}

static void put_record(struct remote *r, struct answer *a) {
    struct tr_slot record;
    memcpy(&record, a->slot, sizeof record);
    atomic_init(&record.status, a->status);
    put(r, SVGA_FRAME_RECORD, a->region, a->offset, &record, sizeof record);
    a->told = a->status;
}

static void put_answers(struct remote *r) {
    size_t kept = 0, outputs = 0;
    for (size_t i = 0; i < r->answer_count; i++) {
        struct answer *a = &r->answers[i];
        bool ended = a->status <= CL_COMPLETE && a->told != a->status;
        if (ended && a->ends_all && a->queue != 0 && outputs > 0)
            put_outputs_before(r, i);
        outputs += a->out.length > 0;
        if (ended && a->out.length > 0)
            put_output(r, a);
        if (a->status != a->told)
            put_record(r, a);
    }
    for (size_t i = 0; i < r->answer_count; i++)
        if (r->answers[i].status > CL_COMPLETE)
            r->answers[kept++] = r->answers[i];
    r->answer_count = kept;
}

void answers_tell(struct remote *r) {
    pthread_mutex_lock(&r->lock);
    uint32_t fence = atomic_load_explicit(&r->g->words[SVGA_FIFO_FENCE], memory_order_acquire);
    uint32_t profile = atomic_load_explicit(&r->g->words[SVGA_FIFO_PROFILE], memory_order_relaxed);
    look(r);
    pthread_mutex_lock(&r->out_lock);
    if (profile != r->profile)
        put(r, SVGA_FRAME_PROFILE, profile, 0, NULL, 0);
    r->profile = profile;
    put_console(r); /* looked at after the ends: what was printed before them is in it */
    put_answers(r);
    if (fence != r->fence)
        put(r, SVGA_FRAME_FENCE, fence, 0, NULL, 0);
    r->fence = fence;
    svga_stream_flush(&r->out);
    pthread_mutex_unlock(&r->out_lock);
    pthread_mutex_unlock(&r->lock);
}
