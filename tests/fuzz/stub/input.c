// SPDX-License-Identifier: MIT
#include "tests/fuzz/stub/input.h"

#include <string.h>

#include "trillium/table.h"

enum {
    ODD = 250 /* of a byte: from here on a field holds anything */,
    MEMORY_REGION = 2,
    MEMORY_REGIONS = 4
};

uint8_t input_u8(struct input *in) {
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->at++;
}

uint32_t input_u32(struct input *in) {
    uint32_t n = 0;
    for (int i = 0; i < 4; i++)
        n = n << 8 | input_u8(in);
    return n;
}

static uint64_t input_u64(struct input *in) {
    uint64_t high = input_u32(in);
    return high << 32 | input_u32(in);
}

/* ---- numbers ---- */

/* Where the numbers of a field come from, by its name: `base` + a small one. */
static const struct range {
    const char *field;
    uint64_t bases[8];
    uint8_t span;
} ranges[] = {
    {"param", {0x0900, 0x1000, 0x1100, 0x1110, 0x1160, 0x1181, 0x1190, 0x1280}, 16},
    {"what", {0}, 18},
    {"kind", {0}, 6},
    {"ir", {1}, 5},
    {"image_type", {CL_MEM_OBJECT_BUFFER}, 9},
    {"channel_order", {CL_R, CL_RGBA, CL_RGBA, CL_R}, 2},
    {"channel_type", {CL_UNSIGNED_INT8, CL_FLOAT, CL_SNORM_INT8, CL_FLOAT}, 1},
    {"work_dim", {0, 1, 1, 1}, 4},
    {"size", {1, 4, 8, 64, 256, 4096, 1 << 20, 1 << 30}, 1},
    {"write", {0}, 2},
    {"barrier", {0}, 2},
    {"status", {0, (uint64_t)-20, (uint64_t)-1, 0}, 3},
};

static uint64_t number(struct input *in, const char *field) {
    static const uint64_t odd[] = {0,        1,          UINT32_MAX, UINT64_MAX,       INT64_MAX,
                                   1u << 31, 1ull << 32, 1ull << 63, UINT64_MAX - 4095};
    uint8_t pick = input_u8(in);
    if (pick >= ODD)
        return pick == 255 ? input_u64(in) : odd[input_u8(in) % (sizeof odd / sizeof odd[0])];
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (strcmp(field, ranges[i].field) != 0)
            continue;
        unsigned bases = 1;
        while (bases < 8 && ranges[i].bases[bases] != 0)
            bases++;
        return ranges[i].bases[pick % bases] + input_u8(in) % ranges[i].span;
    }
    if (pick < 128)
        return pick % 4u;
    return pick < 192 ? pick - 128u : 1ull << (pick % 20);
}

/* ---- what the session has ---- */

static uint32_t free_id(struct input *in, const struct session *s) {
    uint8_t pick = input_u8(in);
    if (pick >= ODD)
        return input_u32(in);
    for (uint32_t id = 1 + pick % 8;; id++)
        if (!objects_get(&s->objects, id))
            return id;
}

/* The object to which `pick` falls among those of the kind; 0 if there is none. */
static uint32_t used_id(struct input *in, const struct session *s, enum tr_kind kind) {
    uint8_t pick = input_u8(in);
    uint32_t found = 0, n = 0;
    if (pick >= ODD)
        return input_u8(in);
    for (uint32_t id = 1; id < s->objects.cap; id++) {
        const struct object *o = objects_get(&s->objects, id);
        if (!o || (kind != TR_KIND_ANY && o->kind != kind))
            continue;
        if (n++ <= pick % 16u)
            found = id;
    }
    return found;
}

static uint32_t slot(struct input *in, const struct session *s, bool optional) {
    uint8_t pick = input_u8(in);
    if (pick >= ODD)
        return input_u32(in);
    return optional && (pick & 1) ? TR_NO_SLOT : s->chunk_count > 0 ? pick : TR_NO_SLOT;
}

static struct tr_span span(struct input *in, bool optional) {
    static const uint16_t lengths[] = {16, 64, 256, 1024, 4096, 16384, 65535, 8};
    uint8_t pick = input_u8(in);
    if (pick >= ODD)
        return (struct tr_span){input_u8(in), 0, input_u64(in), input_u64(in)};
    if (optional && pick < 80)
        return (struct tr_span){0};
    return (struct tr_span){MEMORY_REGION + pick % MEMORY_REGIONS, 0, input_u8(in) * 64u,
                            lengths[input_u8(in) % 8]};
}

/* ---- arrays ---- */

struct writer {
    uint8_t *base;
    uint32_t fixed, tail; /* offsets */
};

static void put(struct writer *w, const void *data, uint32_t size) {
    memcpy(w->base + w->fixed, data, size);
    w->fixed += size;
}

static void pad(struct writer *w) {
    while (w->tail % 8 != 0)
        w->base[w->tail++] = 0;
}

static uint32_t put_text(struct writer *w, struct input *in, const char *field, uint32_t room) {
    static const char *const names[] = {"k", "two", "k", "none"};
    static const char *const options[] = {"", "-bad", "-cl-kernel-arg-info", "-I."};
    static const char sources[] = "kernel void k(global float *x) {}";
    uint8_t pick = input_u8(in);
    const char *text = NULL;
    uint32_t n;

    if (pick < 160 && strcmp(field, "name") == 0)
        text = names[pick % 4];
    else if (pick < 160 && strcmp(field, "options") == 0)
        text = options[pick % 4];
    else if (pick < 128 && strcmp(field, "inline_ir") == 0)
        text = sources;
    if (text) {
        n = (uint32_t)strlen(text);
        memcpy(w->base + w->tail, text, n);
    } else {
        n = pick < ODD ? pick % 32 : input_u8(in) * 8u;
        n = n > room ? room : n;
        for (uint32_t i = 0; i < n; i++)
            w->base[w->tail + i] = input_u8(in);
    }
    return n;
}

static uint32_t put_array(struct writer *w, struct input *in, const struct session *s,
                          const struct tr_field *f) {
    uint32_t room = SVGA_CMD_MAX_SIZE - 64 - w->tail, n, element = tr_field_element_size(f->type);
    if (f->type == TR_FIELD_BYTES) {
        n = put_text(w, in, f->name, room);
        w->tail += n;
        return n;
    }
    uint8_t pick = input_u8(in);
    n = pick < 128 ? 0 : pick < ODD ? pick % 8u : input_u8(in);
    if (strcmp(f->name, "devices") == 0 && pick < ODD)
        n = pick % 3u;
    n = n > room / element ? room / element : n;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t value;
        if (f->type == TR_FIELD_IDS)
            value = used_id(in, s, f->kind);
        else if (strcmp(f->name, "devices") == 0)
            value = input_u8(in) % (s->driver->device_count + (input_u8(in) >= ODD));
        else if (strcmp(f->name, "properties") == 0 && i % 2 == 0)
            value = input_u8(in) % 2 ? CL_QUEUE_PROPERTIES : CL_DEVICE_PARTITION_EQUALLY + input_u8(in) % 3;
        else
            value = number(in, f->name);
        memcpy(w->base + w->tail, &value, element);
        w->tail += element;
    }
    return n;
}

/* ---- what goes together ---- */

/* Fields that have to agree, most of the time. */
static void agree(struct input *in, const struct session *s, uint32_t cmd, void *fixed) {
    if (input_u8(in) >= ODD)
        return;
    switch (cmd) {
    case TR_CMD_SET_ARG: {
        struct tr_set_arg *c = fixed;
        if (c->kind == TR_ARG_VALUE)
            c->size = c->value_count;
        break;
    }
    case TR_CMD_CREATE_BUFFER: {
        struct tr_create_buffer *c = fixed;
        if (c->placed.length > 0)
            c->size = c->placed.length;
        break;
    }
    case TR_CMD_ADD_SLOTS:
        ((struct tr_add_slots *)fixed)->chunk = s->chunk_count;
        ((struct tr_add_slots *)fixed)->region = MEMORY_REGION + MEMORY_REGIONS;
        break;
    case TR_CMD_CREATE_SUB_DEVICES:
        ((struct tr_create_sub_devices *)fixed)->first = s->driver->device_count;
        break;
    case TR_CMD_TRANSFER_IMAGE: {
        struct tr_transfer_image *c = fixed;
        c->row_pitch = c->row_pitch % 4096;
        break;
    }
    default:
        break;
    }
}

static uint32_t build(struct input *in, const struct session *s, uint32_t cmd, void *out) {
    const struct tr_command *c = tr_command_find(cmd);
    struct writer w = {out, sizeof(struct svga_cmd_header), 0};

    w.tail = w.fixed + tr_align8(c->fixed_size);
    memset(out, 0, w.tail);
    for (const struct tr_field *f = c->fields; f->type != TR_FIELD_END; f++) {
        uint64_t numbers[3];
        struct tr_span sp;
        uint32_t word;
        switch (f->type) {
        case TR_FIELD_U32:
        case TR_FIELD_I32:
            word = strcmp(f->name, "device") == 0 ? input_u8(in) % s->driver->device_count
                                                  : (uint32_t)number(in, f->name);
            put(&w, &word, 4);
            break;
        case TR_FIELD_U64:
            numbers[0] = number(in, f->name);
            put(&w, numbers, 8);
            break;
        case TR_FIELD_U64X3:
            for (int i = 0; i < 3; i++)
                numbers[i] = number(in, f->name);
            put(&w, numbers, sizeof numbers);
            break;
        case TR_FIELD_NEW:
        case TR_FIELD_NEW_OPT:
            word = f->type == TR_FIELD_NEW || input_u8(in) & 1 ? free_id(in, s) : 0;
            put(&w, &word, 4);
            break;
        case TR_FIELD_ID:
        case TR_FIELD_ID_OPT:
            word = f->type == TR_FIELD_ID || input_u8(in) & 1 ? used_id(in, s, f->kind) : 0;
            put(&w, &word, 4);
            break;
        case TR_FIELD_SLOT:
        case TR_FIELD_SLOT_OPT:
            word = slot(in, s, f->type == TR_FIELD_SLOT_OPT);
            put(&w, &word, 4);
            break;
        case TR_FIELD_SPAN:
        case TR_FIELD_SPAN_OPT:
            sp = span(in, f->type == TR_FIELD_SPAN_OPT);
            put(&w, &sp, sizeof sp);
            break;
        default:
            word = put_array(&w, in, s, f);
            put(&w, &word, 4);
            pad(&w);
            break;
        }
    }
    agree(in, s, cmd, (uint8_t *)out + sizeof(struct svga_cmd_header));
    *(struct svga_cmd_header *)out = (struct svga_cmd_header){cmd, w.tail};
    return w.tail;
}

uint32_t input_command(struct input *in, const struct session *s, void *out) {
    uint32_t cmd;
    unsigned pick = input_u8(in);
    /* The table's numbers have gaps: the pick-th command there is. */
    for (cmd = SVGA_CMD_FIRST_CLIENT;;
         cmd = cmd + 1 < SVGA_CMD_FIRST_CLIENT + TR_CMD_SLOTS ? cmd + 1 : SVGA_CMD_FIRST_CLIENT)
        if (tr_command_find(cmd) && pick-- == 0)
            break;
    return build(in, s, cmd, out);
}

uint32_t input_record(struct input *in, const struct session *s, void *out) {
    static const uint32_t recordable[] = {TR_CMD_ENQUEUE_KERNEL, TR_CMD_COPY_BUFFER, TR_CMD_COPY_RECT,
                                          TR_CMD_FILL_BUFFER,    TR_CMD_COPY_IMAGE,  TR_CMD_COPY_IMAGE_BUFFER,
                                          TR_CMD_FILL_IMAGE,     TR_CMD_MARKER};
    _Alignas(8) uint8_t inner[SVGA_CMD_MAX_SIZE];
    uint8_t pick = input_u8(in);
    uint32_t size = build(in, s, pick < ODD ? recordable[pick % 8] : TR_CMD_RELEASE, inner), after = 0;
    const struct tr_command *c = tr_command_find(((struct svga_cmd_header *)inner)->id);
    uint32_t at = sizeof(struct svga_cmd_header);

    /* Without event, slot and wait list. */
    for (const struct tr_field *f = c->fields; pick < ODD && f->type != TR_FIELD_END; f++) {
        const uint32_t none = f->type == TR_FIELD_SLOT_OPT ? TR_NO_SLOT : 0;
        uint32_t count;
        memcpy(&count, inner + at, 4);
        if (f->type == TR_FIELD_NEW_OPT || f->type == TR_FIELD_SLOT_OPT || f->type == TR_FIELD_IDS)
            memcpy(inner + at, &none, 4);
        if (f->type == TR_FIELD_IDS) /* always the last array */
            size -= tr_align8(count * 4);
        at += tr_field_size(f->type);
    }
    ((struct svga_cmd_header *)inner)->size = size;

    struct writer w = {out, sizeof(struct svga_cmd_header), 0};
    struct tr_record r = {
        .batch = used_id(in, s, TR_KIND_BATCH), .barrier = input_u8(in) & 1, .command_count = size};
    const struct batch *b = objects_get(&s->objects, r.batch < TR_MAX_ID ? r.batch : 0);
    if (b && b->object.kind == TR_KIND_BATCH && b->count > 0)
        r.after_count = input_u8(in) % 4;
    w.tail = w.fixed + tr_align8(sizeof r);
    memset(out, 0, w.tail);
    put(&w, &r, sizeof r);
    for (uint32_t i = 0; i < r.after_count; i++, w.tail += 4) {
        after = input_u8(in) % (b->count + (input_u8(in) >= ODD));
        memcpy(w.base + w.tail, &after, 4);
    }
    pad(&w);
    if (w.tail + size > SVGA_CMD_MAX_SIZE)
        size = 0;
    memcpy(w.base + w.tail, inner, size);
    w.tail += size;
    *(struct svga_cmd_header *)out = (struct svga_cmd_header){TR_CMD_RECORD, w.tail};
    return w.tail;
}
