// SPDX-License-Identifier: MIT
#include "host-backend/worker/object.h"

#include <stdlib.h>
#include <string.h>

#include "host-backend/worker/facts.h"
#include "host-backend/worker/ir.h"
#include "host-backend/worker/trace.h"
#include "host-backend/worker/turn.h"

void *object_new(enum tr_kind kind, size_t size) {
    struct object *o = calloc(1, size);
    if (o) {
        o->kind = kind;
        atomic_init(&o->refs, 1);
    }
    return o;
}

void object_ref(void *object) {
    struct object *o = object;
    atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
}

static void destroy_program(struct program *p) {
    if (p->cl)
        clReleaseProgram(p->cl);
    object_unref(p->context);
    ir_unref(p->source);
    ir_unref(p->module);
    ir_unref(p->files);
    facts_unref(p->facts);
    free(p->options);
    free(p->log);
}

static void destroy_batch(struct batch *b) {
    for (uint32_t i = 0; i < b->count; i++)
        free(b->commands[i]);
    free(b->commands);
}

static void destroy(struct object *o) {
    switch (o->kind) {
    case TR_KIND_CONTEXT: {
        struct context *c = (struct context *)o;
        if (c->cl)
            clReleaseContext(c->cl);
        break;
    }
    case TR_KIND_QUEUE: {
        struct queue *q = (struct queue *)o;
        if (q->last)
            clReleaseEvent(q->last);
        if (q->cl)
            clReleaseCommandQueue(q->cl);
        if (q->twin)
            clReleaseCommandQueue(q->twin);
        object_unref(q->context);
        break;
    }
    case TR_KIND_MEM: {
        struct mem *m = (struct mem *)o;
        if (m->cl)
            clReleaseMemObject(m->cl);
        if (m->turns)
            turns_give(m->turns, BOARD_MEMORY, m->taken);
        object_unref(m->parent);
        break;
    }
    case TR_KIND_SAMPLER: {
        struct sampler *s = (struct sampler *)o;
        if (s->cl)
            clReleaseSampler(s->cl);
        break;
    }
    case TR_KIND_PROGRAM:
        destroy_program((struct program *)o);
        break;
    case TR_KIND_KERNEL: {
        struct kernel *k = (struct kernel *)o;
        if (k->cl)
            clReleaseKernel(k->cl);
        facts_unref(k->facts);
        object_unref(k->program);
        free(k->arg_classes);
        break;
    }
    case TR_KIND_EVENT: {
        struct event *e = (struct event *)o;
        if (e->cl)
            clReleaseEvent(e->cl);
        for (uint32_t i = 0; i < e->part_count; i++)
            clReleaseEvent(e->parts[i]);
        free(e->parts);
        trace_drop(e->trace);
        object_unref(e->queue);
        break;
    }
    case TR_KIND_BATCH:
        destroy_batch((struct batch *)o);
        break;
    default:
        break;
    }
    free(o);
}

void object_unref(void *object) {
    struct object *o = object;
    if (o && atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1)
        destroy(o);
}

static bool is_counted(const struct object *o) {
    return o->kind != TR_KIND_EVENT && o->kind != TR_KIND_BATCH;
}

bool objects_put(struct objects *o, uint32_t id, void *object) {
    struct object *new = object;

    if (id >= o->cap) {
        uint32_t cap = o->cap ? o->cap : 256;
        while (cap <= id)
            cap *= 2;
        struct object **bigger = realloc(o->table, cap * sizeof *bigger);
        if (!bigger)
            return false;
        memset(bigger + o->cap, 0, (cap - o->cap) * sizeof *bigger);
        o->table = bigger;
        o->cap = cap;
    }
    new->refused = o->turns &&is_counted(new) && !turns_take(o->turns, BOARD_OBJECTS, 1, new->kind);
    o->table[id] = new;
    o->count++;
    return true;
}

void *objects_take(struct objects *o, uint32_t id) {
    struct object *object = objects_get(o, id);
    if (object) {
        if (o->turns && is_counted(object) && !object->refused)
            turns_give(o->turns, BOARD_OBJECTS, 1);
        o->table[id] = NULL;
        o->count--;
    }
    return object;
}

void objects_finish(struct objects *o) {
    for (uint32_t id = 0; id < o->cap; id++)
        object_unref(o->table[id]);
    free(o->table);
    *o = (struct objects){0};
}
