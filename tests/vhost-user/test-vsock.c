// SPDX-License-Identifier: MIT
/* The virtio-vsock device: a guest's driver that writes its rings by hand, and an owner with the other ends of the streams. */
#include "tests/vhost-user/tests.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_vsock.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/vhost-user/vsock.h"

enum {
    RAM = 4 << 20,
    NUM = 128,
    RING = 0x4000,       /* of each queue: descriptors, available, used */
    DATA = 0x100000,     /* a place of PLACE bytes for each descriptor of each queue */
    PLACE = 0x1000 + 64, /* Linux gives a page at a time, and a header */
    PORT = 7878,
    GUEST_PORT = 1000,
};

struct ring {
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
    uint16_t seen;
};

static struct vu_loop loop;
static struct vsock device;
static uint8_t *ram;
static struct ring rings[2]; /* to the guest, from the guest */
static int owner[VSOCK_STREAMS + 1];
static unsigned opened;
static bool refuse;
static unsigned fds_before;

static int open_stream(void *opaque) {
    int pair[2];
    (void)opaque;
    if (refuse)
        return -ECONNREFUSED;
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), errno);
    owner[opened++] = pair[0];
    return pair[1];
}

static const struct vsock_ops ops = {.port = PORT, .connect = open_stream};

static uint64_t place(unsigned queue, unsigned index) {
    return DATA + (uint64_t)(queue * NUM + index) * PLACE;
}

/* Gives the device a place for a packet. */
static void offer(unsigned index) {
    struct ring *r = &rings[0];
    r->desc[index] = (struct vring_desc){place(0, index), PLACE, VRING_DESC_F_WRITE, 0};
    r->avail->ring[r->avail->idx % NUM] = (uint16_t)index;
    r->avail->idx++;
}

static void settle(void) {
    while (vu_loop_once(&loop, 0))
        ;
}

static void kick(unsigned queue) {
    vu_backend_kick_again(&device.backend, queue);
    settle();
}

static int setup(void **state) {
    struct vu_message m = {.header.size = 8 + sizeof(struct vu_memory_region), .fd_count = 1};
    (void)state;
    fds_before = unit_open_fds();
    int fd = memfd_create("ram", MFD_CLOEXEC);
    assert_return_code(ftruncate(fd, RAM), errno);
    ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(ram, MAP_FAILED);
    loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    vsock_init(&device, &loop, -1, &ops);
    m.payload.memory = (struct vu_memory_table){.count = 1, .regions = {{0, RAM, 0, 0}}};
    m.fds[0] = fd;
    device.backend.memory = vu_memory_create(&m);
    assert_non_null(device.backend.memory);
    for (unsigned i = 0; i < 2; i++) {
        struct vu_queue *q = &device.backend.queues[i];
        uint64_t at = (uint64_t)i * RING;
        rings[i] =
            (struct ring){(void *)(ram + at), (void *)(ram + at + 0x1000), (void *)(ram + at + 0x2000), 0};
        q->num = NUM;
        q->addr = (struct vu_vring_addr){.desc = at, .avail = at + 0x1000, .used = at + 0x2000};
        q->has_addr = q->enabled = true;
        assert_true(vu_queue_resolve(q, device.backend.memory));
        q->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_int_equal(vu_loop_add(&loop, q->kick, EPOLLIN, &device.backend.kicks[i].source), 0);
    }
    opened = 0;
    refuse = false;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    vsock_finish(&device);
    for (unsigned i = 0; i < opened; i++)
        close(owner[i]);
    close(loop.epoll);
    munmap(ram, RAM);
    assert_int_equal(unit_open_fds(), fds_before);
    return 0;
}

/* ---- what the guest does ---- */

static struct virtio_vsock_hdr header(uint32_t from, uint16_t op) {
    return (struct virtio_vsock_hdr){.src_cid = VSOCK_GUEST,
                                     .dst_cid = 2,
                                     .src_port = from,
                                     .dst_port = PORT,
                                     .type = VIRTIO_VSOCK_TYPE_STREAM,
                                     .op = op,
                                     .buf_alloc = 1 << 20};
}

/* Sends a packet whose header announces what it likes. True: the device has taken it. */
static bool send_raw(const struct virtio_vsock_hdr *h, const void *data, size_t size) {
    struct ring *r = &rings[1];
    unsigned index = r->avail->idx % NUM;
    memcpy(ram + place(1, index), h, sizeof *h);
    memcpy(ram + place(1, index) + sizeof *h, data, size);
    r->desc[index] = (struct vring_desc){place(1, index), (uint32_t)(sizeof *h + size), 0, 0};
    r->avail->ring[index] = (uint16_t)index;
    r->avail->idx++;
    kick(1);
    return r->used->idx == r->avail->idx;
}

static void send_op(uint32_t from, uint16_t op, uint32_t flags) {
    struct virtio_vsock_hdr h = header(from, op);
    h.flags = flags;
    assert_true(send_raw(&h, "", 0));
}

static void send_data(uint32_t from, const void *data, uint32_t size) {
    struct virtio_vsock_hdr h = header(from, VIRTIO_VSOCK_OP_RW);
    h.len = size;
    assert_true(send_raw(&h, data, size));
}

/* The next packet that came, and its data. False: none. */
static bool receive(struct virtio_vsock_hdr *h, uint8_t data[PLACE]) {
    struct ring *r = &rings[0];
    if (r->used->idx == r->seen)
        return false;
    struct vring_used_elem e = r->used->ring[r->seen++ % NUM];
    memcpy(h, ram + place(0, e.id), sizeof *h);
    assert_int_equal(e.len, sizeof *h + h->len);
    memcpy(data, ram + place(0, e.id) + sizeof *h, h->len);
    return true;
}

/* The next packet is this one. */
static struct virtio_vsock_hdr expect(uint32_t to, uint16_t op) {
    struct virtio_vsock_hdr h;
    uint8_t data[PLACE];
    assert_true(receive(&h, data));
    assert_int_equal(h.src_cid, 2);
    assert_int_equal(h.dst_cid, VSOCK_GUEST);
    assert_int_equal(h.dst_port, to);
    assert_int_equal(h.op, op);
    return h;
}

static void expect_nothing(void) {
    assert_int_equal(rings[0].used->idx, rings[0].seen);
}

/* With places for so many packets, a stream that is open. */
static void begin(unsigned places) {
    for (unsigned i = 0; i < places; i++)
        offer(i);
    send_op(GUEST_PORT, VIRTIO_VSOCK_OP_REQUEST, 0);
    struct virtio_vsock_hdr h = expect(GUEST_PORT, VIRTIO_VSOCK_OP_RESPONSE);
    assert_int_equal(h.buf_alloc, VSOCK_ROOM);
    assert_int_equal(h.src_port, PORT);
}

/* ---- the tests ---- */

static void bytes_go_both_ways(void **state) {
    struct virtio_vsock_hdr h;
    uint8_t data[PLACE], text[9000], got[9000];
    size_t n = 0;
    (void)state;
    begin(8);
    send_data(GUEST_PORT, "there", 5);
    assert_int_equal(read(owner[0], got, sizeof got), 5);
    assert_memory_equal(got, "there", 5);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(write(owner[0], text, sizeof text), sizeof text);
    settle();
    while (receive(&h, data)) { /* more than fit into two places */
        assert_int_equal(h.op, VIRTIO_VSOCK_OP_RW);
        assert_int_equal(h.fwd_cnt, 5);
        memcpy(got + n, data, h.len);
        n += h.len;
    }
    assert_int_equal(n, sizeof text);
    assert_memory_equal(got, text, n);
}

/* No more goes to the guest than it has room for, and none where its ring has no place; both make up for it later. */
static void waits_for_credit_and_places(void **state) {
    struct virtio_vsock_hdr h = header(GUEST_PORT, VIRTIO_VSOCK_OP_CREDIT_UPDATE);
    uint8_t data[PLACE], text[300] = {0};
    (void)state;
    begin(3);
    h.buf_alloc = 100;
    assert_true(send_raw(&h, "", 0));
    assert_int_equal(write(owner[0], text, sizeof text), sizeof text);
    settle();
    assert_int_equal(expect(GUEST_PORT, VIRTIO_VSOCK_OP_RW).len, 100);
    expect_nothing();
    h.buf_alloc = 50; /* less than it has not yet taken */
    assert_true(send_raw(&h, "", 0));
    expect_nothing();
    h.fwd_cnt = 100;
    h.buf_alloc = 1000;
    assert_true(send_raw(&h, "", 0));
    assert_int_equal(expect(GUEST_PORT, VIRTIO_VSOCK_OP_RW).len, 200);
    assert_int_equal(write(owner[0], text, 10), 10);
    settle();
    expect_nothing(); /* three places were used */
    offer(0);
    kick(0);
    assert_true(receive(&h, data));
    assert_int_equal(h.len, 10);
}

/* The guest hears what the owner has taken, before its credit is used up; beyond that, it loses the stream. */
static void credit_of_the_guest(void **state) {
    static uint8_t piece[4096];
    static uint8_t sink[VSOCK_ROOM];
    uint32_t sent = 0, credit = VSOCK_ROOM;
    (void)state;
    begin(100);
    while (sent < 3 * VSOCK_ROOM) {
        struct virtio_vsock_hdr h;
        uint8_t data[PLACE];
        assert_true(credit - sent >= sizeof piece);
        send_data(GUEST_PORT, piece, sizeof piece);
        sent += sizeof piece;
        while (read(owner[0], sink, sizeof sink) > 0)
            settle();
        while (receive(&h, data)) {
            assert_int_equal(h.op, VIRTIO_VSOCK_OP_CREDIT_UPDATE);
            credit = h.fwd_cnt + h.buf_alloc;
        }
    }
    /* nobody reads any more: what the socket takes is taken, the rest waits */
    for (unsigned i = 0; rings[0].used->idx == rings[0].seen; i++) {
        assert_true(i < 16 * VSOCK_ROOM / sizeof piece);
        send_data(GUEST_PORT, piece, sizeof piece);
        struct virtio_vsock_hdr h;
        uint8_t data[PLACE];
        while (receive(&h, data) && h.op != VIRTIO_VSOCK_OP_RST)
            ;
        if (h.op == VIRTIO_VSOCK_OP_RST)
            break;
    }
    assert_int_equal(device.stream_count, 0);
}

static void the_owner_ends_it(void **state) {
    (void)state;
    begin(8);
    assert_int_equal(write(owner[0], "last", 4), 4);
    assert_return_code(shutdown(owner[0], SHUT_RDWR), errno);
    settle();
    assert_int_equal(expect(GUEST_PORT, VIRTIO_VSOCK_OP_RW).len, 4);
    assert_int_equal(expect(GUEST_PORT, VIRTIO_VSOCK_OP_SHUTDOWN).flags, 3);
    send_data(GUEST_PORT, "late", 4); /* was on its way */
    expect_nothing();
    send_op(GUEST_PORT, VIRTIO_VSOCK_OP_RST, 0);
    assert_int_equal(device.stream_count, 0);
    expect_nothing();
}

static void the_guest_ends_it(void **state) {
    uint8_t got[16];
    (void)state;
    begin(8);
    send_data(GUEST_PORT, "last", 4);
    send_op(GUEST_PORT, VIRTIO_VSOCK_OP_SHUTDOWN, VIRTIO_VSOCK_SHUTDOWN_SEND);
    assert_int_equal(read(owner[0], got, sizeof got), 4);
    assert_int_equal(read(owner[0], got, sizeof got), 0);
    assert_int_equal(write(owner[0], "answer", 6), 6); /* which it still takes */
    settle();
    assert_int_equal(expect(GUEST_PORT, VIRTIO_VSOCK_OP_RW).len, 6);
    send_op(GUEST_PORT, VIRTIO_VSOCK_OP_SHUTDOWN, VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND);
    expect(GUEST_PORT, VIRTIO_VSOCK_OP_RST);
    assert_int_equal(device.stream_count, 0);
}

static void refusals(void **state) {
    struct virtio_vsock_hdr h;
    (void)state;
    begin(100);
    send_op(GUEST_PORT, VIRTIO_VSOCK_OP_REQUEST, 0); /* a second time */
    expect(GUEST_PORT, VIRTIO_VSOCK_OP_RST);
    send_op(5, VIRTIO_VSOCK_OP_RW, 0); /* never opened */
    expect(5, VIRTIO_VSOCK_OP_RST);
    h = header(5, VIRTIO_VSOCK_OP_REQUEST);
    h.dst_port = 22;
    assert_true(send_raw(&h, "", 0));
    assert_int_equal(expect(5, VIRTIO_VSOCK_OP_RST).src_port, 22);
    h = header(5, VIRTIO_VSOCK_OP_REQUEST);
    h.type = VIRTIO_VSOCK_TYPE_SEQPACKET;
    assert_true(send_raw(&h, "", 0));
    expect(5, VIRTIO_VSOCK_OP_RST);
    h = header(5, VIRTIO_VSOCK_OP_REQUEST);
    h.src_cid = 9; /* another's name */
    assert_true(send_raw(&h, "", 0));
    expect_nothing();
    refuse = true;
    send_op(6, VIRTIO_VSOCK_OP_REQUEST, 0);
    expect(6, VIRTIO_VSOCK_OP_RST);
    refuse = false;
    send_op(7, VIRTIO_VSOCK_OP_REQUEST, 0);
    expect(7, VIRTIO_VSOCK_OP_RESPONSE);
    h = header(7, VIRTIO_VSOCK_OP_RW);
    h.len = 1 << 30; /* more than there is */
    assert_true(send_raw(&h, "abc", 3));
    expect(7, VIRTIO_VSOCK_OP_RST);
    send_op(8, 77, 0);
    expect(8, VIRTIO_VSOCK_OP_RST);
    assert_int_equal(device.stream_count, 0);
}

/* Refusals that find no place are kept, so many; then the guest is not listened to until there are places. */
static void a_guest_that_takes_no_answers(void **state) {
    unsigned taken = 0;
    (void)state;
    for (unsigned i = 0; i < VSOCK_REFUSALS + 20; i++) {
        struct virtio_vsock_hdr h = header(i + 1, VIRTIO_VSOCK_OP_RW);
        taken += send_raw(&h, "", 0);
    }
    assert_int_equal(taken, VSOCK_REFUSALS);
    for (unsigned i = 0; i < VSOCK_REFUSALS + 20; i++)
        offer(i);
    kick(0);
    assert_int_equal(rings[1].used->idx, VSOCK_REFUSALS + 20);
    assert_int_equal(rings[0].used->idx, VSOCK_REFUSALS + 20);
}

static void too_many_streams(void **state) {
    struct virtio_vsock_hdr h;
    uint8_t data[PLACE];
    (void)state;
    for (unsigned i = 0; i <= VSOCK_STREAMS; i++) {
        offer(i % NUM);
        send_op(GUEST_PORT + i, VIRTIO_VSOCK_OP_REQUEST, 0);
        assert_true(receive(&h, data));
        assert_int_equal(h.op, i < VSOCK_STREAMS ? VIRTIO_VSOCK_OP_RESPONSE : VIRTIO_VSOCK_OP_RST);
    }
}

static void a_driver_that_starts_anew(void **state) {
    uint8_t got[4];
    (void)state;
    begin(8);
    device.backend.ops->reset(device.backend.opaque);
    assert_int_equal(device.stream_count, 0);
    assert_int_equal(read(owner[0], got, sizeof got), 0);
}

int run_vsock_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_go_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_for_credit_and_places, setup, teardown),
        cmocka_unit_test_setup_teardown(credit_of_the_guest, setup, teardown),
        cmocka_unit_test_setup_teardown(the_owner_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(the_guest_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(a_guest_that_takes_no_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_streams, setup, teardown),
        cmocka_unit_test_setup_teardown(a_driver_that_starts_anew, setup, teardown),
    };
    return cmocka_run_group_tests_name("vsock", tests, NULL, NULL);
}
