#include "trillium/verify.h"

#include <stdio.h>
#include <string.h>

#include "trillium/table.h"

struct check {
    const struct tr_command *command;
    const struct tr_session_view *session;
    char *why;
    size_t why_size;
};

static bool reject(const struct check *c, const struct tr_field *f, const char *what, unsigned long long value) {
    snprintf(c->why, c->why_size, "%s.%s: %s (%llu)", c->command->name, f->name, what, value);
    return false;
}

static bool check_id(const struct check *c, const struct tr_field *f, uint32_t id, bool optional) {
    if (id == 0)
        return optional || reject(c, f, "no object given", 0);
    if (id >= TR_MAX_ID)
        return reject(c, f, "id out of range", id);
    enum tr_kind kind = c->session->kind_of(c->session->opaque, id);
    if (kind == TR_KIND_NONE || (f->kind != TR_KIND_ANY && kind != f->kind))
        return reject(c, f, "no such object", id);
    return true;
}

static bool check_new(const struct check *c, const struct tr_field *f, uint32_t id, bool optional) {
    if (id == 0)
        return optional || reject(c, f, "no id given", 0);
    if (id >= TR_MAX_ID)
        return reject(c, f, "id out of range", id);
    if (c->session->kind_of(c->session->opaque, id) != TR_KIND_NONE)
        return reject(c, f, "id is in use", id);
    return true;
}

static bool check_ids(const struct check *c, const struct tr_field *f, const uint8_t *data, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id;
        memcpy(&id, data + (size_t)i * sizeof id, sizeof id);
        if (!check_id(c, f, id, false))
            return false;
    }
    return true;
}

static bool check_field(const struct check *c, const struct tr_field *f, const uint8_t *at) {
    struct tr_span span;
    uint32_t word;

    memcpy(&word, at, sizeof word);
    switch (f->type) {
    case TR_FIELD_NEW:
    case TR_FIELD_NEW_OPT:
        return check_new(c, f, word, f->type == TR_FIELD_NEW_OPT);
    case TR_FIELD_ID:
    case TR_FIELD_ID_OPT:
        return check_id(c, f, word, f->type == TR_FIELD_ID_OPT);
    case TR_FIELD_SLOT:
    case TR_FIELD_SLOT_OPT:
        if (word == TR_NO_SLOT)
            return f->type == TR_FIELD_SLOT_OPT || reject(c, f, "no slot given", word);
        return c->session->slot_ok(c->session->opaque, word) || reject(c, f, "no such slot", word);
    case TR_FIELD_SPAN:
    case TR_FIELD_SPAN_OPT:
        memcpy(&span, at, sizeof span);
        if (span.length == 0)
            return f->type == TR_FIELD_SPAN_OPT || reject(c, f, "empty span", 0);
        return c->session->span_ok(c->session->opaque, &span) ||
               reject(c, f, "span outside of its region", span.region);
    default:
        return true;
    }
}

bool tr_verify(const void *bytes, uint32_t size, const struct tr_session_view *session, struct tr_view *view, char *why,
               size_t why_size) {
    struct svga_cmd_header header;
    struct check c = {.session = session, .why = why, .why_size = why_size};

    memcpy(&header, bytes, sizeof header);
    c.command = tr_command_find(header.id);
    if (!c.command) {
        snprintf(why, why_size, "unknown command %u", header.id);
        return false;
    }
    uint32_t fixed_end = (uint32_t)sizeof header + tr_align8(c.command->fixed_size);
    if (header.size != size || size < fixed_end) {
        snprintf(why, why_size, "%s: %u bytes are too few", c.command->name, size);
        return false;
    }

    const uint8_t *at = (const uint8_t *)bytes + sizeof header;
    uint64_t tail = fixed_end; /* where the next array starts; cannot overflow: counts are 32 bits, elements 8 bytes */
    unsigned array = 0;
    *view = (struct tr_view){.cmd = (enum tr_cmd)header.id, .fixed = at};
    for (const struct tr_field *f = c.command->fields; f->type != TR_FIELD_END; f++) {
        uint32_t element = tr_field_element_size(f->type);
        if (element > 0) {
            uint32_t count;
            memcpy(&count, at, sizeof count);
            uint64_t length = ((uint64_t)count * element + 7) & ~(uint64_t)7;
            if (length > size - tail)
                return reject(&c, f, "the array is longer than the command", count);
            const uint8_t *data = (const uint8_t *)bytes + tail;
            if (f->type == TR_FIELD_IDS && !check_ids(&c, f, data, count))
                return false;
            view->arrays[array++] = data;
            tail += length;
        } else if (!check_field(&c, f, at)) {
            return false;
        }
        at += tr_field_size(f->type);
    }
    if (tail != size) {
        snprintf(why, why_size, "%s: %u bytes are too many", c.command->name, size);
        return false;
    }
    return true;
}
