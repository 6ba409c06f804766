// SPDX-License-Identifier: MIT
/*
 * The command set on the wire. Golden bytes of every command lie in tests/unit/wire.golden; the verifier
 * takes what the encoder makes and nothing else.
 *
 *     wire --print     writes the golden file anew: only ever for new commands, old lines must stay as they
 * are
 */
#include "tests/lib/unit.h"

#include "trillium/slot.h"

#include "trillium/encode.h"
#include "trillium/table.h"
#include "trillium/verify.h"

static const char golden_path[] = "tests/unit/wire.golden";

/* ---- a session that never was ---- */

/* Objects: id 100 + kind, and of another platform 200 + kind. Regions: number 7, 4096 bytes. Slots: 0 .. 99. Everything else is free. */
enum { OBJECT = 100, OTHER = 200, FREE_ID = 1000, REGION = 7, REGION_SIZE = 4096, SLOTS = 100 };

static struct tr_known known(void *opaque, uint32_t id) {
    assert_non_null(opaque);
    assert_true(id > 0 && id < TR_MAX_ID); /* the verifier's promise */
    if (id > OTHER && id < OTHER + TR_KIND_ANY)
        return (struct tr_known){(enum tr_kind)(id - OTHER), 2};
    if (id > OBJECT && id < OBJECT + TR_KIND_ANY)
        return (struct tr_known){(enum tr_kind)(id - OBJECT), 1};
    return (struct tr_known){TR_KIND_NONE, 0};
}

static bool span_ok(void *opaque, const struct tr_span *span) {
    assert_non_null(opaque);
    return span->region == REGION && span->offset <= REGION_SIZE &&
           span->length <= REGION_SIZE - span->offset;
}

static bool slot_ok(void *opaque, uint32_t slot) {
    assert_non_null(opaque);
    return slot < SLOTS;
}

static int token;
static const struct tr_session_view session = {&token, known, span_ok, slot_ok};

/* ---- a valid command of each sort ---- */

struct sample {
    const struct tr_command *command;
    enum tr_cmd cmd;
    uint8_t fixed[TR_MAX_FIXED];
    uint8_t data[TR_MAX_ARRAYS][64];
    struct tr_array arrays[TR_MAX_ARRAYS];
    uint8_t bytes[4096];
    uint32_t size;
};

static uint32_t object_id(enum tr_kind kind) {
    return OBJECT + (kind == TR_KIND_ANY ? TR_KIND_MEM : kind);
}

static void fill_field(uint8_t *at, const struct tr_field *f, uint32_t seed) {
    const uint64_t number = 0x1122334455660000u + seed;
    const struct tr_span span = {.region = REGION, .offset = 64, .length = 128};
    uint32_t word = (uint32_t)number;

    switch (f->type) {
    case TR_FIELD_U64:
        memcpy(at, &number, sizeof number);
        return;
    case TR_FIELD_U64X3:
        for (uint64_t i = 0; i < 3; i++)
            memcpy(at + 8 * i, &(uint64_t){number + (i << 32)}, 8);
        return;
    case TR_FIELD_SPAN:
    case TR_FIELD_SPAN_OPT:
        memcpy(at, &span, sizeof span);
        return;
    case TR_FIELD_NEW:
    case TR_FIELD_NEW_OPT:
        word = FREE_ID + seed;
        break;
    case TR_FIELD_ID:
    case TR_FIELD_ID_OPT:
        word = object_id(f->kind);
        break;
    case TR_FIELD_SLOT:
    case TR_FIELD_SLOT_OPT:
        word = seed % SLOTS;
        break;
    default:
        break;
    }
    memcpy(at, &word, sizeof word);
}

/* Fills arrays with `count` elements each. */
static bool make_sample(struct sample *s, uint32_t cmd, uint32_t count) {
    const struct tr_command *c = tr_command_find(cmd);
    uint32_t offset = 0, n = 0;

    if (!c)
        return false;
    memset(s, 0, sizeof *s);
    s->command = c;
    s->cmd = (enum tr_cmd)cmd;
    for (const struct tr_field *f = c->fields; f->type != TR_FIELD_END; f++) {
        uint32_t element = tr_field_element_size(f->type);

        if (element == 0) {
            fill_field(s->fixed + offset, f, offset);
        } else {
            assert_true(n < TR_MAX_ARRAYS && count * element <= sizeof s->data[0]);
            for (uint32_t i = 0; i < count * element; i++)
                s->data[n][i] = (uint8_t)(0xa0 + n * 16 + i);
            uint32_t id = f->type == TR_FIELD_IDS ? object_id(f->kind) : 0;
            for (uint32_t i = 0; id != 0 && i < count; i++)
                memcpy(s->data[n] + i * sizeof id, &id, sizeof id);
            s->arrays[n] = (struct tr_array){s->data[n], count};
            n++;
        }
        offset += tr_field_size(f->type);
    }
    s->size = tr_encoded_size(s->cmd, s->arrays);
    assert_true(s->size > 0 && s->size <= sizeof s->bytes);
    memset(s->bytes, 0xcc, sizeof s->bytes);
    tr_encode(s->bytes, s->size, s->cmd, s->fixed, s->arrays);
    return true;
}

#define EACH_COMMAND(cmd)                                                                                    \
    (uint32_t cmd = SVGA_CMD_FIRST_CLIENT; cmd < SVGA_CMD_FIRST_CLIENT + TR_CMD_SLOTS; cmd++)

/* ---- golden bytes ---- */

static void golden_line(const struct sample *s, char *line, size_t room) {
    size_t used = (size_t)snprintf(line, room, "%u %s ", (unsigned)s->cmd, s->command->name);

    for (uint32_t i = 0; i < s->size; i++)
        used += (size_t)snprintf(line + used, room - used, "%02x", s->bytes[i]);
}

static void print_golden(void) {
    static struct sample s;
    static char line[16384];

    for
        EACH_COMMAND(cmd)
    if (make_sample(&s, cmd, 3)) {
        golden_line(&s, line, sizeof line);
        puts(line);
    }
}

static void golden_bytes(void **state) {
    static struct sample s;
    static char line[16384], golden[16384];
    FILE *f = fopen(golden_path, "r");

    (void)state;
    if (!f)
        fail_msg("%s cannot be read: run from the repository's root", golden_path);
    for
        EACH_COMMAND(cmd) {
            if (!make_sample(&s, cmd, 3))
                continue;
            golden_line(&s, line, sizeof line);
            if (!fgets(golden, sizeof golden, f))
                fail_msg("%s has no line for %s: a new command gets one (wire --print)", golden_path,
                         s.command->name);
            golden[strcspn(golden, "\n")] = '\0';
            if (strcmp(line, golden) != 0)
                fail_msg("the wire has changed\n    was: %.2000s\n    is:  %.2000s", golden, line);
        }
    assert_null(fgets(golden, sizeof golden, f)); /* a command went away */
    fclose(f);
}

/* Written down by hand, so that encoder and golden file cannot be wrong together. */
static void bytes_by_hand(void **state) {
    static const uint32_t waits[] = {0x11, 0x22, 0x33};
    static const uint8_t marker[] = {
        0x6b, 0x08, 0, 0, 0x30, 0, 0, 0,                /* 2048 + 107, 48 bytes */
        0x01, 0,    0, 0, 0x02, 0, 0, 0, 0x03, 0, 0, 0, /* queue, event, event_slot */
        0x01, 0,    0, 0, 0x03, 0, 0, 0, 0,    0, 0, 0, /* barrier, waits_count, padding */
        0x11, 0,    0, 0, 0x22, 0, 0, 0, 0x33, 0, 0, 0, /* waits */
        0,    0,    0, 0,                               /* padding */
    };
    struct tr_array arrays[] = {{waits, 3}};
    uint8_t out[64];
    uint32_t size = tr_encoded_size(TR_CMD_MARKER, arrays);

    (void)state;
    memset(out, 0xcc, sizeof out);
    tr_encode(out, size, TR_CMD_MARKER,
              &(struct tr_marker){.queue = 1, .event = 2, .event_slot = 3, .barrier = 1}, arrays);
    assert_int_equal(size, sizeof marker);
    assert_memory_equal(out, marker, sizeof marker);
    for (uint32_t i = size; i < sizeof out; i++)
        assert_int_equal(out[i], 0xcc);
}

static void too_long_to_encode(void **state) {
    static uint8_t name[SVGA_CMD_MAX_SIZE];
    struct tr_array fits[] = {
        {name, SVGA_CMD_MAX_SIZE - 8 - 8 * ((sizeof(struct tr_create_kernel) + 7) / 8)}};
    struct tr_array long_one[] = {{name, fits[0].count + 1}};
    struct tr_array absurd[] = {{name, UINT32_MAX}};

    (void)state;
    assert_int_equal(tr_encoded_size(TR_CMD_CREATE_KERNEL, fits), SVGA_CMD_MAX_SIZE);
    assert_int_equal(tr_encoded_size(TR_CMD_CREATE_KERNEL, long_one), 0);
    assert_int_equal(tr_encoded_size(TR_CMD_CREATE_KERNEL, absurd), 0);
}

/* ---- the verifier ---- */

static bool accepts(const struct sample *s, const uint8_t *bytes, uint32_t size) {
    struct tr_view view;
    char why[200] = "";
    /* exactly as long as it claims, so that AddressSanitizer sees a read behind it */
    uint8_t *copy = malloc(size);

    (void)s;
    memcpy(copy, bytes, size);
    bool ok = tr_verify(copy, size, &session, &view, why, sizeof why);
    free(copy);
    if (!ok && !why[0])
        fail_msg("refused without a reason");
    return ok;
}

#define REFUSED(s, what)                                                                                     \
    do {                                                                                                     \
        if (accepts(s, (s)->bytes, (s)->size))                                                               \
            fail_msg("%s: %s was taken", (s)->command->name, what);                                          \
    } while (0)

static void takes_what_is_valid(void **state) {
    static struct sample s;

    (void)state;
    for (uint32_t count = 0; count <= 5; count++)
        for
            EACH_COMMAND(cmd) {
                struct tr_view view;
                char why[200] = "";
                unsigned n = 0;
                uint32_t offset = 0;

                if (!make_sample(&s, cmd, count))
                    continue;
                if (!tr_verify(s.bytes, s.size, &session, &view, why, sizeof why))
                    fail_msg("%s", why);
                assert_int_equal(view.cmd, cmd);
                for (const struct tr_field *f = s.command->fields; f->type != TR_FIELD_END; f++) {
                    const uint8_t *at = (const uint8_t *)view.fixed + offset;
                    uint32_t element = tr_field_element_size(f->type), got;

                    offset += tr_field_size(f->type);
                    if (element == 0) {
                        assert_memory_equal(at, s.fixed + (at - (const uint8_t *)view.fixed),
                                            tr_field_size(f->type));
                        continue;
                    }
                    memcpy(&got, at, sizeof got);
                    assert_int_equal(got, count);
                    if (count > 0)
                        assert_memory_equal(view.arrays[n], s.data[n], count * element);
                    assert_int_equal(((uintptr_t)view.arrays[n] - (uintptr_t)s.bytes) % 8, 0);
                    n++;
                }
            }
}

static void refuses_wrong_lengths(void **state) {
    static struct sample s;

    (void)state;
    for
        EACH_COMMAND(cmd) {
            if (!make_sample(&s, cmd, 3))
                continue;
            uint32_t size = s.size;
            for (uint32_t shorter = 8; shorter < size; shorter += 8) {
                memcpy(s.bytes + 4, &shorter, 4);
                s.size = shorter;
                REFUSED(&s, "a truncated command");
            }
            for (uint32_t longer = size + 8; longer < size + 64; longer += 8) {
                memcpy(s.bytes + 4, &longer, 4);
                s.size = longer;
                REFUSED(&s, "a command with bytes behind it");
            }
            s.size = size;
            memcpy(s.bytes + 4, &(uint32_t){size + 8}, 4);
            REFUSED(&s, "a header with another size");
        }
}

static void refuses_unknown_commands(void **state) {
    static struct sample s;
    static const uint32_t ids[] = {
        0, 1, 30, SVGA_CMD_FIRST_CLIENT - 1, SVGA_CMD_FIRST_CLIENT + TR_CMD_SLOTS, UINT32_MAX};
    struct tr_view view;
    char why[200];

    (void)state;
    make_sample(&s, TR_CMD_FLUSH, 0);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        memcpy(s.bytes, &ids[i], 4);
        assert_false(tr_verify(s.bytes, s.size, &session, &view, why, sizeof why));
    }
    for
        EACH_COMMAND(cmd)
    if (!tr_command_find(cmd)) {
        memcpy(s.bytes, &cmd, 4);
        assert_false(tr_verify(s.bytes, s.size, &session, &view, why, sizeof why));
    }
}

/* Puts `word` in place of the field at `offset` of the fixed part for the time of one look. */
static void refuses_word(struct sample *s, uint32_t offset, uint32_t word, const char *field,
                         const char *what) {
    uint8_t *at = s->bytes + sizeof(struct svga_cmd_header) + offset;
    uint32_t good;

    memcpy(&good, at, 4);
    memcpy(at, &word, 4);
    if (accepts(s, s->bytes, s->size))
        fail_msg("%s.%s: %s (%u) was taken", s->command->name, field, what, word);
    memcpy(at, &good, 4);
}

static void takes_word(struct sample *s, uint32_t offset, uint32_t word, const char *field,
                       const char *what) {
    uint8_t *at = s->bytes + sizeof(struct svga_cmd_header) + offset;
    uint32_t good;

    memcpy(&good, at, 4);
    memcpy(at, &word, 4);
    if (!accepts(s, s->bytes, s->size))
        fail_msg("%s.%s: %s (%u) was refused", s->command->name, field, what, word);
    memcpy(at, &good, 4);
}

static void check_hostile_field(struct sample *s, const struct tr_field *f, uint32_t offset) {
    static const struct tr_span bad_spans[] = {
        {.region = REGION + 1, .offset = 0, .length = 1},
        {.region = UINT32_MAX, .offset = 0, .length = 1},
        {.region = REGION, .offset = REGION_SIZE, .length = 1},
        {.region = REGION, .offset = 0, .length = REGION_SIZE + 1},
        {.region = REGION, .offset = UINT64_MAX, .length = 2},
        {.region = REGION, .offset = 2, .length = UINT64_MAX},
    };
    uint8_t *at = s->bytes + sizeof(struct svga_cmd_header) + offset;
    struct tr_span good;
    bool optional = false;

    switch (f->type) {
    case TR_FIELD_NEW_OPT:
        optional = true;
        /* fall through */
    case TR_FIELD_NEW:
        (optional ? takes_word : refuses_word)(s, offset, 0, f->name, "no id");
        refuses_word(s, offset, TR_MAX_ID, f->name, "an id out of range");
        refuses_word(s, offset, UINT32_MAX, f->name, "an id out of range");
        refuses_word(s, offset, object_id(TR_KIND_CONTEXT), f->name, "an id in use");
        refuses_word(s, offset, object_id(TR_KIND_EVENT), f->name, "an id in use");
        takes_word(s, offset, TR_MAX_ID - 1, f->name, "the last id");
        break;
    case TR_FIELD_ID_OPT:
        optional = true;
        /* fall through */
    case TR_FIELD_ID:
        (optional ? takes_word : refuses_word)(s, offset, 0, f->name, "no object");
        refuses_word(s, offset, TR_MAX_ID, f->name, "an id out of range");
        refuses_word(s, offset, UINT32_MAX, f->name, "an id out of range");
        refuses_word(s, offset, FREE_ID, f->name, "an id of nothing");
        for (enum tr_kind kind = TR_KIND_CONTEXT; kind < TR_KIND_ANY; kind++)
            (kind == f->kind || f->kind == TR_KIND_ANY ? takes_word : refuses_word)(
                s, offset, object_id(kind), f->name, tr_kind_name(kind));
        break;
    case TR_FIELD_SLOT_OPT:
        optional = true;
        /* fall through */
    case TR_FIELD_SLOT:
        (optional ? takes_word : refuses_word)(s, offset, TR_NO_SLOT, f->name, "no slot");
        refuses_word(s, offset, SLOTS, f->name, "a slot that was not announced");
        refuses_word(s, offset, UINT32_MAX - 1, f->name, "a slot that was not announced");
        takes_word(s, offset, SLOTS - 1, f->name, "the last slot");
        break;
    case TR_FIELD_SPAN:
    case TR_FIELD_SPAN_OPT:
        memcpy(&good, at, sizeof good);
        for (size_t i = 0; i < sizeof bad_spans / sizeof bad_spans[0]; i++) {
            memcpy(at, &bad_spans[i], sizeof good);
            REFUSED(s, f->name);
        }
        memcpy(at, &(struct tr_span){.region = UINT32_MAX}, sizeof good);
        if (accepts(s, s->bytes, s->size) != (f->type == TR_FIELD_SPAN_OPT))
            fail_msg("%s.%s: an empty span", s->command->name, f->name);
        memcpy(at, &good, sizeof good);
        break;
    case TR_FIELD_BYTES:
    case TR_FIELD_U32S:
    case TR_FIELD_U64S:
    case TR_FIELD_IDS:
        for (int shift = 4; shift < 32; shift++)
            refuses_word(s, offset, 3 + (1u << shift), f->name, "a count beyond the command");
        refuses_word(s, offset, UINT32_MAX, f->name, "a count beyond the command");
        refuses_word(s, offset, UINT32_MAX / 8 + 1, f->name, "a count that overflows 32 bits");
        refuses_word(s, offset, UINT32_MAX / 4 + 1, f->name, "a count that overflows 32 bits");
        break;
    default:
        break;
    }
}

static void hostile_fields(void **state) {
    static struct sample s;

    (void)state;
    for
        EACH_COMMAND(cmd) {
            uint32_t offset = 0;

            if (!make_sample(&s, cmd, 3))
                continue;
            for (const struct tr_field *f = s.command->fields; f->type != TR_FIELD_END; f++) {
                check_hostile_field(&s, f, offset);
                offset += tr_field_size(f->type);
            }
            if (!accepts(&s, s.bytes, s.size))
                fail_msg("%s: the test did not restore the command", s.command->name);
        }
}

static void hostile_id_arrays(void **state) {
    static struct sample s;
    static const uint32_t bad[] = {0, FREE_ID, TR_MAX_ID, UINT32_MAX};

    (void)state;
    for
        EACH_COMMAND(cmd) {
            unsigned n = 0;
            struct tr_view view;
            char why[200];

            if (!make_sample(&s, cmd, 3))
                continue;
            assert_true(tr_verify(s.bytes, s.size, &session, &view, why, sizeof why));
            for (const struct tr_field *f = s.command->fields; f->type != TR_FIELD_END; f++) {
                if (tr_field_element_size(f->type) == 0)
                    continue;
                uint32_t *ids = (uint32_t *)(s.bytes + ((const uint8_t *)view.arrays[n++] - s.bytes));
                for (int at = 0; f->type == TR_FIELD_IDS && at < 3; at++) {
                    uint32_t good = ids[at];

                    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                        ids[at] = bad[i];
                        REFUSED(&s, f->name);
                    }
                    ids[at] = object_id(f->kind == TR_KIND_EVENT ? TR_KIND_MEM : TR_KIND_EVENT);
                    REFUSED(&s, "an object of another kind");
                    ids[at] = good + OTHER - OBJECT;
                    REFUSED(&s, "an object of another platform");
                    ids[at] = good;
                }
            }
        }
}

/* A command that names several objects names none of two platforms; one of either is the same. */
static void objects_of_two_platforms(void **state) {
    static struct sample s;
    unsigned mixed = 0;

    (void)state;
    for
        EACH_COMMAND(cmd) {
            uint32_t offset = 0, named = 0;

            if (!make_sample(&s, cmd, 0))
                continue;
            for (const struct tr_field *f = s.command->fields; f->type != TR_FIELD_END; f++)
                named += f->type == TR_FIELD_ID || f->type == TR_FIELD_ID_OPT;
            for (const struct tr_field *f = s.command->fields; f->type != TR_FIELD_END; f++) {
                uint32_t good;
                memcpy(&good, s.bytes + sizeof(struct svga_cmd_header) + offset, sizeof good);
                if (f->type == TR_FIELD_ID || f->type == TR_FIELD_ID_OPT) {
                    if (named > 1)
                        refuses_word(&s, offset, good + OTHER - OBJECT, f->name,
                                     "an object of another platform");
                    else
                        takes_word(&s, offset, good + OTHER - OBJECT, f->name,
                                   "an object of the other platform");
                    mixed += named > 1;
                }
                offset += tr_field_size(f->type);
            }
        }
    assert_true(mixed > 10);
}

/* Random damage: accepted or refused, but never a read outside (AddressSanitizer watches). */
static void random_damage(void **state) {
    static struct sample s;
    uint32_t seed = 99;

    (void)state;
    for (int round = 0; round < 200; round++)
        for
            EACH_COMMAND(cmd) {
                if (!make_sample(&s, cmd, unit_random(&seed) % 5))
                    continue;
                for (uint32_t n = 1 + unit_random(&seed) % 4; n > 0; n--) {
                    uint32_t at = 8 + unit_random(&seed) % (s.size - 8);
                    s.bytes[at] = (uint8_t)unit_random(&seed);
                }
                accepts(&s, s.bytes, s.size);
            }
}

/* ---- the table ---- */

static void table_is_sound(void **state) {
    unsigned count = 0;

    (void)state;
    for
        EACH_COMMAND(cmd) {
            const struct tr_command *c = tr_command_find(cmd);
            uint32_t size = 0, arrays = 0;

            if (!c)
                continue;
            count++;
            assert_true(strlen(c->name) > 0);
            assert_true(c->doc[strlen(c->doc) - 1] == '.');
            for (const struct tr_field *f = c->fields; f->type != TR_FIELD_END; f++) {
                bool refers = f->type == TR_FIELD_ID || f->type == TR_FIELD_ID_OPT ||
                              f->type == TR_FIELD_NEW || f->type == TR_FIELD_NEW_OPT ||
                              f->type == TR_FIELD_IDS;

                if (strlen(f->doc) == 0)
                    fail_msg("%s.%s has no description", c->name, f->name);
                assert_int_equal(refers, f->kind != TR_KIND_NONE);
                assert_true(strlen(tr_field_type_name(f->type)) > 0);
                size += tr_field_size(f->type);
                arrays += tr_field_element_size(f->type) > 0;
            }
            assert_int_equal(size, c->fixed_size);
            assert_true(arrays <= TR_MAX_ARRAYS);
        }
    assert_true(count >= 40);
    assert_null(tr_command_find(0));
    assert_null(tr_command_find(UINT32_MAX));
}

/* tr_encode_tail makes the same bytes as tr_encode. */
static void tails(void **state) {
    uint8_t one[512], other[512], data[64];
    uint32_t seed = 7;

    (void)state;
    for (uint32_t n = 0; n <= 13; n++) {
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (uint8_t)unit_random(&seed);
        memset(one, 0xaa, sizeof one);
        memset(other, 0x55, sizeof other);

        struct tr_enqueue_kernel k = {
            .queue = 1, .kernel = 2, .event = 3, .work_dim = 3, .global = {4, 5, 6}};
        struct tr_array waits = {data, n};
        uint32_t size = tr_encoded_size(TR_CMD_ENQUEUE_KERNEL, &waits);
        tr_encode(one, size, TR_CMD_ENQUEUE_KERNEL, &k, &waits);
        k.waits_count = n;
        assert_int_equal(tr_tail_size(sizeof k, 4 * n), size);
        tr_encode_tail(other, size, TR_CMD_ENQUEUE_KERNEL, &k, sizeof k, data, 4 * n);
        assert_memory_equal(one, other, size);

        struct tr_set_arg a = {.kernel = 1, .index = 2, .kind = TR_ARG_VALUE, .size = n, .slot = TR_NO_SLOT};
        struct tr_array value = {data, n};
        size = tr_encoded_size(TR_CMD_SET_ARG, &value);
        tr_encode(one, size, TR_CMD_SET_ARG, &a, &value);
        a.value_count = n;
        assert_int_equal(tr_tail_size(sizeof a, n), size);
        tr_encode_tail(other, size, TR_CMD_SET_ARG, &a, sizeof a, data, n);
        assert_memory_equal(one, other, size);
    }
    /* Too long for a command is too long both ways. */
    for (uint32_t n = SVGA_CMD_MAX_SIZE - 200; n < SVGA_CMD_MAX_SIZE + 20; n++)
        assert_int_equal(tr_tail_size(sizeof(struct tr_set_arg), n),
                         tr_encoded_size(TR_CMD_SET_ARG, &(struct tr_array){data, n}));
    assert_int_equal(tr_tail_size(sizeof(struct tr_set_arg), UINT32_MAX), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sound),
        cmocka_unit_test(tails),
        cmocka_unit_test(golden_bytes),
        cmocka_unit_test(bytes_by_hand),
        cmocka_unit_test(too_long_to_encode),
        cmocka_unit_test(takes_what_is_valid),
        cmocka_unit_test(refuses_wrong_lengths),
        cmocka_unit_test(refuses_unknown_commands),
        cmocka_unit_test(hostile_fields),
        cmocka_unit_test(hostile_id_arrays),
        cmocka_unit_test(objects_of_two_platforms),
        cmocka_unit_test(random_damage),
    };

    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        print_golden();
        return 0;
    }
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
