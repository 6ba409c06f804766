// SPDX-License-Identifier: MIT
/* The stream between a guest and a host that share no memory: what each command moves, and frames through buffers. */
#include "tests/lib/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svga-model/stream-address.h"
#include "svga-model/stream.h"
#include "trillium/moves.h"
#include "trillium/slot.h"
#include "trillium/table.h"

/* ---- moves ---- */

struct sample {
    _Alignas(8) uint8_t bytes[sizeof(struct svga_cmd_header) + TR_MAX_FIXED];
    uint32_t size;
    unsigned spans, slots;
};

/* A command whose spans and slots all name something: the slots 7, 8, ..., region 3 with 16 bytes. */
static bool make(struct sample *s, uint32_t cmd, uint32_t write) {
    const struct tr_command *c = tr_command_find(cmd);
    const struct tr_span span = {.region = 3, .offset = 32, .length = 16};
    uint32_t offset = sizeof(struct svga_cmd_header);

    if (!c)
        return false;
    *s = (struct sample){.size = (uint32_t)sizeof(struct svga_cmd_header) + tr_align8(c->fixed_size)};
    memcpy(s->bytes, &(struct svga_cmd_header){cmd, s->size}, sizeof(struct svga_cmd_header));
    for (const struct tr_field *f = c->fields; f->type != TR_FIELD_END; f++) {
        if (f->type == TR_FIELD_SPAN || f->type == TR_FIELD_SPAN_OPT) {
            memcpy(s->bytes + offset, &span, sizeof span);
            s->spans++;
        } else if (f->type == TR_FIELD_SLOT || f->type == TR_FIELD_SLOT_OPT) {
            const uint32_t slot = 7 + s->slots++;
            memcpy(s->bytes + offset, &slot, sizeof slot);
        } else if (strcmp(f->name, "write") == 0) {
            memcpy(s->bytes + offset, &write, sizeof write);
        }
        offset += tr_field_size(f->type);
    }
    return true;
}

/* A command that is new in the table says which way its spans go, or cannot travel. */
static void test_every_command_moves(void **state) {
    (void)state;
    unsigned with_spans = 0;

    for (uint32_t cmd = SVGA_CMD_FIRST_CLIENT; cmd < SVGA_CMD_FIRST_CLIENT + TR_CMD_SLOTS; cmd++) {
        struct sample s;
        struct tr_moves m;
        if (!make(&s, cmd, 1))
            continue;
        assert_true(tr_moves_of(s.bytes, s.size, &m));
        assert_int_equal((m.in.length > 0) + (m.out.length > 0) + m.shared, s.spans);
        assert_int_equal(m.shared, cmd == TR_CMD_CREATE_BUFFER);
        assert_int_equal(m.slot_count, s.slots);
        for (unsigned i = 0; i < m.slot_count; i++)
            assert_int_equal(m.slots[i], 7 + i);
        /* What is written must have an end that is told. */
        if (m.out.length > 0)
            assert_true(m.slot_count > 0);
        with_spans += s.spans > 0;
        assert_false(tr_moves_of(s.bytes, s.size - 8, &m));
    }
    assert_true(with_spans >= 10);
}

static void test_direction(void **state) {
    (void)state;
    static const uint32_t transfers[] = {TR_CMD_TRANSFER_BUFFER, TR_CMD_TRANSFER_RECT, TR_CMD_TRANSFER_IMAGE};
    struct svga_needs needs;
    struct sample s;
    struct tr_moves m;

    for (size_t i = 0; i < sizeof transfers / sizeof transfers[0]; i++) {
        assert_true(make(&s, transfers[i], 1) && tr_moves_of(s.bytes, s.size, &m));
        assert_true(m.in.length == 16 && m.out.length == 0);
        assert_true(tr_needs_of(s.bytes, s.size, &needs));
        assert_true(needs.id == 3 && needs.offset == 32 && needs.length == 16 && !needs.now);
        assert_true(make(&s, transfers[i], 0) && tr_moves_of(s.bytes, s.size, &m));
        assert_true(m.in.length == 0 && m.out.length == 16);
        assert_true(tr_needs_of(s.bytes, s.size, &needs) && needs.length == 0);
    }
    assert_true(make(&s, TR_CMD_FINISH, 0) && tr_needs_of(s.bytes, s.size, &needs) && needs.now);
    assert_true(make(&s, TR_CMD_FLUSH, 0) && tr_needs_of(s.bytes, s.size, &needs) && needs.now);
    assert_true(make(&s, TR_CMD_CREATE_BUFFER, 0));
    assert_false(tr_needs_of(s.bytes, s.size, &needs));
}

/* ---- frames ---- */

enum { LARGE = 3 << 20 };

struct sending {
    struct svga_stream stream;
    uint8_t *large;
};

/* Small and large ones, and commands between them. */
static void *send_frames(void *arg) {
    struct sending *s = arg;
    struct svga_stream_out *out = calloc(1, sizeof *out);
    _Alignas(8) uint8_t command[64] = {0};

    assert_non_null(out);
    out->stream = &s->stream;
    for (uint32_t i = 0; i < 10000; i++) {
        memcpy(command, &(struct svga_cmd_header){i, sizeof command}, sizeof(struct svga_cmd_header));
        svga_stream_put_command(out, command, sizeof command);
        if (i % 1000 == 0)
            svga_stream_put(out, &(struct svga_frame){SVGA_FRAME_DATA, i, 0, LARGE}, s->large);
        if (i % 100 == 0)
            svga_stream_put(out, &(struct svga_frame){SVGA_FRAME_RECORD, i, 0, 8}, "abcdefg");
    }
    assert_int_equal(svga_stream_flush(out), 0);
    shutdown(s->stream.fd, SHUT_WR);
    free(out);
    return NULL;
}

static void test_frames(void **state) {
    (void)state;
    int ends[2];
    pthread_t thread;
    struct svga_frame frame;
    struct svga_stream_in *in = calloc(1, sizeof *in);
    uint8_t *got = malloc(LARGE), small[8];
    uint32_t commands = 0, data = 0, records = 0;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct sending s = {.stream.fd = ends[0], .large = malloc(LARGE)};
    const struct svga_stream receiver = {.fd = ends[1]};
    assert_true(in && got && s.large);
    for (size_t i = 0; i < LARGE; i++)
        s.large[i] = (uint8_t)(i * 7 + i / 253);
    in->stream = &receiver;
    assert_int_equal(pthread_create(&thread, NULL, send_frames, &s), 0);
    while (svga_stream_take(in, &frame, sizeof frame) == 0) {
        if (frame.type == SVGA_FRAME_DATA) {
            assert_int_equal(frame.length, LARGE);
            assert_int_equal(frame.id, commands - 1); /* in its place */
            assert_int_equal(svga_stream_take(in, got, LARGE), 0);
            assert_memory_equal(got, s.large, LARGE);
            data++;
        } else if (frame.type == SVGA_FRAME_RECORD) {
            assert_int_equal(svga_stream_take(in, small, sizeof small), 0);
            assert_string_equal((char *)small, "abcdefg");
            records++;
        } else {
            assert_int_equal(frame.type, SVGA_FRAME_COMMANDS);
            assert_true(frame.length > 0 && frame.length <= SVGA_STREAM_COMMANDS && frame.length % 64 == 0);
            for (uint64_t at = 0; at < frame.length; at += 64) {
                _Alignas(8) uint8_t command[64];
                struct svga_cmd_header header;
                assert_int_equal(svga_stream_take(in, command, sizeof command), 0);
                memcpy(&header, command, sizeof header);
                assert_int_equal(header.id, commands++);
            }
        }
    }
    pthread_join(thread, NULL);
    assert_int_equal(commands, 10000);
    assert_int_equal(data, 10);
    assert_int_equal(records, 100);
    close(ends[0]);
    close(ends[1]);
    free(in);
    free(got);
    free(s.large);
}

static void test_closed_ends(void **state) {
    (void)state;
    static struct svga_stream_in in;
    static struct svga_stream_out out;
    struct svga_frame frame = {.type = SVGA_FRAME_SYNC};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const struct svga_stream stream = {.fd = ends[0]};
    in.stream = out.stream = &stream;
    assert_int_equal(write(ends[1], &frame, 5), 5); /* cut short */
    close(ends[1]);
    assert_int_equal(svga_stream_take(&in, &frame, sizeof frame), -EPIPE);
    svga_stream_put(&out, &frame, NULL);
    assert_true(svga_stream_flush(&out) < 0);
    svga_stream_put(&out, &frame, NULL);
    assert_true(svga_stream_flush(&out) < 0); /* and stays so */
    close(ends[0]);
}

/* ---- addresses ---- */

static void test_addresses(void **state) {
    (void)state;
    struct svga_address a[SVGA_ADDRESSES];
    char host[SVGA_HOST_NAME], why[256];
    static const char *const bad[] = {"",      "here",    "1.2.3.4:",  ":1",       "1.2.3.4:65536", "::1:5",
                                      "unix:", "vsock:1", "vsock:x:1", "vsock:1:", "1.2.3.4:1x",    "[::1]5"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        why[0] = '\0';
        assert_int_equal(svga_address_find(bad[i], a, host, why, sizeof why), 0);
        assert_true(why[0] != '\0');
    }
    assert_true(svga_address_find("127.0.0.1:70", a, host, why, sizeof why) > 0);
    assert_string_equal(host, "127.0.0.1");
    assert_true(svga_address_local(&a[0]));
    assert_true(svga_address_find("[::1]:70", a, host, why, sizeof why) > 0);
    assert_true(svga_address_local(&a[0]));
    assert_true(svga_address_find("0.0.0.0:70", a, host, why, sizeof why) > 0);
    assert_false(svga_address_local(&a[0]));
    assert_int_equal(svga_address_find("unix:/x", a, host, why, sizeof why), 1);
    assert_true(svga_address_local(&a[0]));
    assert_int_equal(svga_address_find("vsock:3:70", a, host, why, sizeof why), 1);
    assert_false(svga_address_local(&a[0]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_command_moves),
        cmocka_unit_test(test_direction),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_closed_ends),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
