// SPDX-License-Identifier: MIT
#include "trillium/verify.h"

#include <stdio.h>
#include <string.h>

/* One command on its way through. */
struct check {
    const struct tr_session_view *session;
    struct tr_view *view;
    const char *command; /* its name */
    const uint8_t *bytes;
    uint32_t size;
    uint64_t tail;  /* where the next array starts; cannot overflow: counts are 32 bits, elements 8 bytes */
    unsigned array; /* the next one's number */
    char *why;
    size_t why_size;
};

static __attribute__((cold, noinline)) bool reject(const struct check *c, const char *field, const char *what,
                                                   unsigned long long value) {
    snprintf(c->why, c->why_size, "%s.%s: %s (%llu)", c->command, field, what, value);
    return false;
}

static inline bool check_id(const struct check *c, const char *field, uint32_t id, enum tr_kind wanted,
                            bool optional) {
    if (id == 0)
        return optional || reject(c, field, "no object given", 0);
    if (id >= TR_MAX_ID)
        return reject(c, field, "id out of range", id);
    struct tr_known o = c->session->object(c->session->opaque, id);
    if (o.kind == TR_KIND_NONE || (wanted != TR_KIND_ANY && o.kind != wanted))
        return reject(c, field, "no such object", id);
    if (o.platform != c->view->platform && o.platform != 0) {
        if (c->view->platform != 0)
            return reject(c, field, "an object of another platform", id);
        c->view->platform = o.platform;
    }
    return true;
}

static inline bool check_new(const struct check *c, const char *field, uint32_t id, bool optional) {
    if (id == 0)
        return optional || reject(c, field, "no id given", 0);
    if (id >= TR_MAX_ID)
        return reject(c, field, "id out of range", id);
    if (c->session->object(c->session->opaque, id).kind != TR_KIND_NONE)
        return reject(c, field, "id is in use", id);
    return true;
}

static inline bool check_slot(const struct check *c, const char *field, uint32_t slot, bool optional) {
    if (slot == TR_NO_SLOT)
        return optional || reject(c, field, "no slot given", slot);
    return c->session->slot_ok(c->session->opaque, slot) || reject(c, field, "no such slot", slot);
}

static inline bool check_span(const struct check *c, const char *field, struct tr_span span, bool optional) {
    if (span.length == 0)
        return optional || reject(c, field, "empty span", 0);
    return c->session->span_ok(c->session->opaque, &span) ||
           reject(c, field, "span outside of its region", span.region);
}

/* The next array, of `count` elements of `element` bytes, lies inside the command. */
static inline bool check_array(struct check *c, const char *field, uint32_t count, uint32_t element) {
    uint64_t length = ((uint64_t)count * element + 7) & ~(uint64_t)7;
    if (length > c->size - c->tail)
        return reject(c, field, "the array is longer than the command", count);
    c->view->arrays[c->array++] = c->bytes + c->tail;
    c->tail += length;
    return true;
}

static inline bool check_ids(struct check *c, const char *field, uint32_t count, enum tr_kind kind) {
    if (!check_array(c, field, count, sizeof(uint32_t)))
        return false;
    const uint8_t *data = c->view->arrays[c->array - 1];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id;
        memcpy(&id, data + (size_t)i * sizeof id, sizeof id);
        if (!check_id(c, field, id, kind, false))
            return false;
    }
    return true;
}

/* What each type of field has to fulfil. Plain numbers are the handlers' business. */
#define CHECK_U32(field, kind)
#define CHECK_U64(field, kind)
#define CHECK_I32(field, kind)
#define CHECK_U64X3(field, kind)
#define CHECK_NEW(field, kind) &&check_new(c, #field, f->field, false)
#define CHECK_NEW_OPT(field, kind) &&check_new(c, #field, f->field, true)
#define CHECK_ID(field, kind) &&check_id(c, #field, f->field, kind, false)
#define CHECK_ID_OPT(field, kind) &&check_id(c, #field, f->field, kind, true)
#define CHECK_SLOT(field, kind) &&check_slot(c, #field, f->field, false)
#define CHECK_SLOT_OPT(field, kind) &&check_slot(c, #field, f->field, true)
#define CHECK_SPAN(field, kind) &&check_span(c, #field, f->field, false)
#define CHECK_SPAN_OPT(field, kind) &&check_span(c, #field, f->field, true)
#define CHECK_BYTES(field, kind) &&check_array(c, #field, f->field##_count, 1)
#define CHECK_U64S(field, kind) &&check_array(c, #field, f->field##_count, sizeof(uint64_t))
#define CHECK_U32S(field, kind) &&check_array(c, #field, f->field##_count, sizeof(uint32_t))
#define CHECK_IDS(field, kind) &&check_ids(c, #field, f->field##_count, kind)

/* check_<name>: the fields of each command, in the table's order. */
#define COMMAND(NAME, name, number, doc)                                                                     \
    static bool check_##name(struct check *c, const struct tr_##name *f) {                                   \
        (void)c, (void)f;                                                                                    \
        return true
#define FIELD(TYPE, KIND, field, doc) CHECK_##TYPE(field, TR_KIND_##KIND)
#define END(NAME, name)                                                                                      \
    ;                                                                                                        \
    }
#include "trillium/fields.h"
#include "trillium/commands.def"
#undef FIELD

static bool starts_well(struct check *c, const char *name, size_t fixed_size) {
    struct svga_cmd_header header;

    memcpy(&header, c->bytes, sizeof header);
    c->command = name;
    c->tail = sizeof header + tr_align8((uint32_t)fixed_size);
    if (header.size == c->size && c->size >= c->tail)
        return true;
    snprintf(c->why, c->why_size, "%s: %u bytes are too few", name, c->size);
    return false;
}

static bool check_command(struct check *c, uint32_t id) {
    switch (id) {
#define COMMAND(NAME, name, number, doc)                                                                     \
    case TR_CMD_##NAME:                                                                                      \
        return starts_well(c, #name, sizeof(struct tr_##name)) && check_##name(c, c->view->fixed);
#define FIELD(TYPE, KIND, field, doc)
#define END(NAME, name)
#include "trillium/fields.h"
#include "trillium/commands.def"
#undef FIELD
    default:
        snprintf(c->why, c->why_size, "unknown command %u", id);
        return false;
    }
}

bool tr_verify(const void *bytes, uint32_t size, const struct tr_session_view *session, struct tr_view *view,
               char *why, size_t why_size) {
    struct svga_cmd_header header;
    struct check c = {
        .session = session, .view = view, .bytes = bytes, .size = size, .why = why, .why_size = why_size};

    memcpy(&header, bytes, sizeof header);
    *view = (struct tr_view){.cmd = (enum tr_cmd)header.id, .fixed = c.bytes + sizeof header};
    if (!check_command(&c, header.id))
        return false;
    if (c.tail != size) {
        snprintf(why, why_size, "%s: %u bytes are too many", c.command, size);
        return false;
    }
    return true;
}
