// SPDX-License-Identifier: MIT
/*
 * The link: what a hostile peer can send to the device half. Every message is answered with the right status,
 * nothing is mapped that does not exist, no descriptor stays open, and other sessions would not notice.
 */
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/refuse.h"
#include "svga-model/device.h"
#include "svga-model/link-io.h"

enum { PAGE = 4096, MAX_PAGES = 1024, MAX_IDS = 32, MAX_MAPS = 64 };

struct session {
    struct svga_device device;
    pthread_t thread;
    _Atomic int result; /* of svga_device_serve_link */
    int sock;           /* the peer's end */
    int bar;            /* memfd */
    void *bar_ptr;
    uint32_t seq;
    _Atomic int configured; /* calls of config_done */
    _Atomic int refuse;     /* config_done shall return this */
    _Atomic int gone;       /* calls of region_gone */
    _Atomic int busy;       /* what busy shall say */
    _Atomic uint64_t idle_times;
};

static int on_config_done(void *opaque, uint32_t version) {
    struct session *s = opaque;

    (void)version;
    atomic_fetch_add(&s->configured, 1);
    return atomic_load(&s->refuse);
}

static void on_region_gone(void *opaque, uint32_t id) {
    struct session *s = opaque;

    (void)id;
    atomic_fetch_add(&s->gone, 1);
}

static bool is_busy(void *opaque, uint64_t *times) {
    struct session *s = opaque;

    *times = atomic_load(&s->idle_times);
    return atomic_load(&s->busy);
}

static void *serve(void *arg) {
    struct session *s = arg;

    atomic_store(&s->result, svga_device_serve_link(&s->device));
    shutdown(s->device.link, SHUT_RDWR);
    return NULL;
}

static int setup(void **state) {
    static const struct svga_device_limits limits = {MAX_PAGES, MAX_IDS, MAX_MAPS};
    struct session *s = calloc(1, sizeof *s);
    const struct svga_device_callbacks callbacks = {s, on_config_done, on_region_gone, is_busy};
    int ends[2];

    if (!s || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        free(s);
        return -1;
    }
    s->sock = ends[0];
    s->bar = unit_memfd(SVGA_BAR_SIZE);
    s->bar_ptr = mmap(NULL, SVGA_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->bar, 0);
    svga_device_init(&s->device, ends[1], 0x10000, &limits, &callbacks);
    pthread_create(&s->thread, NULL, serve, s);
    *state = s;
    return s->bar_ptr == MAP_FAILED ? -1 : 0;
}

static void end(struct session *s) {
    if (s->sock >= 0)
        close(s->sock);
    pthread_join(s->thread, NULL);
    s->sock = -1;
}

static int teardown(void **state) {
    struct session *s = *state;

    if (s->sock >= 0)
        end(s);
    svga_device_finish(&s->device);
    munmap(s->bar_ptr, SVGA_BAR_SIZE);
    close(s->bar);
    free(s);
    return 0;
}

/* Sends a message and returns the device's answer: 0 or a positive errno; -1 if it closed the link. */
static int ask(struct session *s, struct svga_link_msg msg, const struct svga_link_piece *pieces,
               const int *fds, unsigned fd_count) {
    struct svga_link_packet reply;

    msg.seq = ++s->seq;
    msg.flags |= SVGA_LINK_WANT_REPLY;
    if (svga_link_send(s->sock, &msg, pieces, fds, fd_count) < 0)
        return -1;
    int r = svga_link_recv(s->sock, &reply);
    if (r <= 0)
        return -1;
    svga_link_close_fds(&reply);
    assert_int_equal(reply.msg.type, SVGA_LINK_REPLY);
    assert_int_equal(reply.msg.seq, msg.seq);
    return (int)reply.msg.arg;
}

static int define(struct session *s, uint32_t id, uint64_t size, uint64_t offset, uint64_t length, int fd) {
    struct svga_link_msg msg = {.type = SVGA_LINK_GMR_DEFINE, .id = id, .arg = size, .piece_count = 1};
    struct svga_link_piece piece = {.offset = offset, .length = length};

    return ask(s, msg, &piece, &fd, 1);
}

static int define_bar(struct session *s) {
    return define(s, SVGA_GMR_BAR, SVGA_BAR_SIZE, 0, SVGA_BAR_SIZE, s->bar);
}

static int delete (struct session *s, uint32_t id) {
    return ask(s, (struct svga_link_msg){.type = SVGA_LINK_GMR_DELETE, .id = id}, NULL, NULL, 0);
}

static int reg_write(struct session *s, uint32_t reg, uint64_t value) {
    return ask(s, (struct svga_link_msg){.type = SVGA_LINK_REG_WRITE, .id = reg, .arg = value}, NULL, NULL,
               0);
}

static void make_ring(struct session *s) {
    struct svga_producer p;

    svga_producer_init(&p, s->bar_ptr, SVGA_BAR_SIZE);
}

/* ---- the BAR and the registers ---- */

static void nothing_before_the_bar(void **state) {
    struct session *s = *state;
    int fd = unit_memfd(PAGE);

    assert_int_equal(reg_write(s, SVGA_REG_CONFIG_DONE, 1), ENXIO);
    assert_int_equal(define(s, 1, PAGE, 0, PAGE, fd), EINVAL);
    assert_int_equal(delete (s, 1), ENOENT);
    assert_int_equal(delete (s, SVGA_GMR_BAR), EINVAL);
    close(fd);
    assert_int_equal(define_bar(s), 0); /* still good */
}

static void bad_bars(void **state) {
    struct session *s = *state;
    int small = unit_memfd(SVGA_FIFO_DATA_OFFSET);

    assert_int_equal(define(s, SVGA_GMR_BAR, SVGA_BAR_SIZE, 0, SVGA_BAR_SIZE, small),
                     EINVAL); /* beyond the file */
    assert_int_equal(define(s, SVGA_GMR_BAR, 0, 0, 0, s->bar), EINVAL);
    assert_int_equal(define(s, SVGA_GMR_BAR, SVGA_BAR_SIZE, 0, PAGE, s->bar), EINVAL); /* incomplete */
    assert_int_equal(define_bar(s), 0);
    assert_int_equal(define_bar(s), EINVAL); /* one is enough */
    assert_int_equal(delete (s, SVGA_GMR_BAR), EINVAL);
    close(small);
}

static void bar_too_small_for_a_ring(void **state) {
    struct session *s = *state;

    assert_int_equal(define(s, SVGA_GMR_BAR, PAGE, 0, PAGE, s->bar), EINVAL);
    assert_int_equal(reg_write(s, SVGA_REG_CONFIG_DONE, 1), ENXIO);
}

/* Where no answer is asked for, one stands in the BAR: without a BAR the link's end is the only one. */
static void bar_that_cannot_be_had(void **state) {
    struct session *s = *state;
    const struct svga_link_msg msg = {
        .type = SVGA_LINK_GMR_DEFINE, .id = SVGA_GMR_BAR, .arg = PAGE, .piece_count = 1};
    const struct svga_link_piece piece = {.length = PAGE};
    struct svga_link_packet reply;

    assert_int_equal(svga_link_send(s->sock, &msg, &piece, &s->bar, 1), 0);
    assert_int_equal(svga_link_recv(s->sock, &reply), 0);
    end(s);
    assert_int_equal(atomic_load(&s->result), 0);
}

static void config_done(void **state) {
    struct session *s = *state;

    assert_int_equal(define_bar(s), 0);
    make_ring(s);
    assert_int_equal(reg_write(s, SVGA_REG_CONFIG_DONE, 0), EINVAL);
    assert_int_equal(reg_write(s, SVGA_REG_CONFIG_DONE, 1), 0);
    assert_int_equal(reg_write(s, SVGA_REG_CONFIG_DONE, 1), EINVAL); /* once */
    assert_int_equal(atomic_load(&s->configured), 1);
    assert_int_equal(reg_write(s, SVGA_REG_SYNC, 1), 0);
}

static void config_done_without_a_ring(void **state) {
    struct session *s = *state;

    assert_int_equal(define_bar(s), 0);
    assert_int_equal(reg_write(s, SVGA_REG_CONFIG_DONE, 1), EINVAL);
    assert_int_equal(atomic_load(&s->configured), 0);
    assert_int_equal(atomic_load(&svga_fifo_words(s->bar_ptr)[SVGA_FIFO_ERROR]), SVGA_ERROR_PROTOCOL);
}

static void refused(void **state) {
    struct session *s = *state;

    assert_int_equal(define_bar(s), 0);
    make_ring(s);
    atomic_store(&s->refuse, EPERM);
    assert_int_equal(reg_write(s, SVGA_REG_CONFIG_DONE, 1), EPERM);
}

static void unknown_registers(void **state) {
    struct session *s = *state;
    static const uint32_t regs[] = {SVGA_REG_ID, SVGA_REG_ENABLE, SVGA_REG_BUSY, SVGA_REG_COUNT,
                                    1000,        UINT32_MAX};

    assert_int_equal(define_bar(s), 0);
    for (size_t i = 0; i < sizeof regs / sizeof regs[0]; i++)
        assert_int_equal(reg_write(s, regs[i], 1), EINVAL);
    assert_int_equal(atomic_load(&svga_registers(s->bar_ptr)[SVGA_REG_ID]), SVGA_ID_2);
}

static void acknowledged_in_memory_too(void **state) {
    struct session *s = *state;
    svga_word *words = svga_fifo_words(s->bar_ptr);

    assert_int_equal(define_bar(s), 0);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_LINK_ACK]), s->seq);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_LINK_STATUS]), 0);
    assert_int_equal(delete (s, 5), ENOENT);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_LINK_ACK]), s->seq);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_LINK_STATUS]), ENOENT);
}

/* ---- regions ---- */

static void bad_pieces(void **state) {
    struct session *s = *state;
    int fd = unit_memfd(4 * PAGE), sock[2];
    static const struct {
        uint64_t size, offset, length;
    } bad[] = {
        {0, 0, 0},
        {PAGE, 0, 0},
        {100, 0, 100},
        {PAGE, 0, 2 * PAGE},    /* more than announced */
        {2 * PAGE, 0, PAGE},    /* less than announced */
        {PAGE, 1, PAGE},        /* not on a page */
        {PAGE, 4 * PAGE, PAGE}, /* behind the end */
        {5 * PAGE, 0, 5 * PAGE},
        {PAGE, UINT64_MAX - PAGE + 1, PAGE}, /* offset + length overflows */
        {PAGE, (uint64_t)1 << 63, PAGE},
        {UINT64_MAX - PAGE + 1, 0, UINT64_MAX - PAGE + 1},
    };

    assert_int_equal(define_bar(s), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (define(s, 1, bad[i].size, bad[i].offset, bad[i].length, fd) == 0)
            fail_msg("piece %zu was taken", i);
        assert_null(svga_device_span(&s->device, 1, 0, 1));
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sock), 0);
    assert_int_not_equal(define(s, 1, PAGE, 0, PAGE, sock[0]), 0); /* not memory at all */
    int read_only = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_int_not_equal(define(s, 1, PAGE, 0, PAGE, read_only), 0);
    assert_int_equal(define(s, 1, 4 * PAGE, 0, 4 * PAGE, fd), 0);
    assert_int_equal(define(s, 1, PAGE, 0, PAGE, fd), EEXIST);
    assert_non_null(svga_device_span(&s->device, 1, 0, 4 * PAGE)); /* untouched by the attempt */
    close(read_only);
    close(sock[0]);
    close(sock[1]);
    close(fd);
}

static void ids_out_of_range(void **state) {
    struct session *s = *state;
    int fd = unit_memfd(PAGE);

    assert_int_equal(define_bar(s), 0);
    assert_int_equal(define(s, MAX_IDS - 1, PAGE, 0, PAGE, fd), 0);
    assert_int_equal(define(s, MAX_IDS, PAGE, 0, PAGE, fd), ENOSPC);
    assert_int_equal(define(s, UINT32_MAX, PAGE, 0, PAGE, fd), ENOSPC);
    assert_int_equal(delete (s, UINT32_MAX), ENOENT);
    close(fd);
}

static void pages_run_out(void **state) {
    struct session *s = *state;
    uint64_t rest = MAX_PAGES - SVGA_BAR_SIZE / PAGE;
    int fd = unit_memfd(MAX_PAGES * PAGE);

    assert_int_equal(define_bar(s), 0);
    assert_int_equal(define(s, 1, (rest + 1) * PAGE, 0, (rest + 1) * PAGE, fd), ENOSPC);
    assert_int_equal(define(s, 1, rest * PAGE, 0, rest * PAGE, fd), 0);
    assert_int_equal(define(s, 2, PAGE, 0, PAGE, fd), ENOSPC);
    assert_int_equal(delete (s, 1), 0);
    assert_int_equal(define(s, 2, PAGE, 0, PAGE, fd), 0);
    assert_int_equal(atomic_load(&s->gone), 1);
    close(fd);
}

static void many_pieces(void **state) {
    struct session *s = *state;
    struct svga_link_msg msg = {
        .type = SVGA_LINK_GMR_DEFINE, .id = 1, .flags = SVGA_LINK_MORE, .arg = 40 * PAGE};
    struct svga_link_piece pieces[20];
    int fd = unit_memfd(40 * PAGE);

    assert_int_equal(define_bar(s), 0);
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(pwrite(fd, &i, sizeof i, (off_t)i * PAGE), sizeof i);
    for (uint32_t i = 0; i < 20; i++) /* backwards */
        pieces[i] = (struct svga_link_piece){.offset = (uint64_t)(39 - i) * PAGE, .length = PAGE};
    msg.piece_count = 20;
    assert_int_equal(ask(s, msg, pieces, &fd, 1), 0);
    assert_null(svga_device_span(&s->device, 1, 0, 1)); /* not complete yet */
    for (uint32_t i = 0; i < 20; i++)
        pieces[i].offset = (uint64_t)(19 - i) * PAGE;
    msg.type = SVGA_LINK_GMR_PIECES;
    msg.flags = 0;
    assert_int_equal(ask(s, msg, pieces, &fd, 1), 0);
    const uint8_t *span = svga_device_span(&s->device, 1, 0, 40 * PAGE);
    assert_non_null(span);
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(*(const uint32_t *)(span + (size_t)i * PAGE), 39 - i);
    assert_int_equal(ask(s, msg, pieces, &fd, 1), EINVAL); /* pieces for what is complete */
    msg.id = 2;
    assert_int_equal(ask(s, msg, pieces, &fd, 1), EINVAL); /* pieces for what was not begun */
    close(fd);
}

static void mappings_run_out(void **state) {
    struct session *s = *state;
    struct svga_link_msg msg = {
        .type = SVGA_LINK_GMR_DEFINE, .id = 1, .arg = MAX_MAPS * PAGE, .piece_count = MAX_MAPS};
    struct svga_link_piece pieces[MAX_MAPS];
    int fd = unit_memfd(PAGE);

    assert_int_equal(define_bar(s), 0); /* takes one mapping itself */
    for (int i = 0; i < MAX_MAPS; i++)
        pieces[i] = (struct svga_link_piece){.length = PAGE};
    assert_int_equal(ask(s, msg, pieces, &fd, 1), ENOSPC);
    msg.piece_count = MAX_MAPS - 1;
    msg.arg = (MAX_MAPS - 1) * PAGE;
    assert_int_equal(ask(s, msg, pieces, &fd, 1), 0);
    assert_int_equal(define(s, 2, PAGE, 0, PAGE, fd), ENOSPC);
    assert_int_equal(delete (s, 1), 0);
    assert_int_equal(define(s, 2, PAGE, 0, PAGE, fd), 0);
    close(fd);
}

static void unfinished_regions(void **state) {
    struct session *s = *state;
    struct svga_link_msg msg = {
        .type = SVGA_LINK_GMR_DEFINE, .id = 1, .flags = SVGA_LINK_MORE, .arg = 2 * PAGE, .piece_count = 1};
    struct svga_link_piece piece = {.length = PAGE};
    int fd = unit_memfd(2 * PAGE);

    assert_int_equal(define_bar(s), 0);
    assert_int_equal(ask(s, msg, &piece, &fd, 1), 0);
    assert_int_equal(delete (s, 1), 0);
    assert_int_equal(ask(s, msg, &piece, &fd, 1), 0);
    piece.offset = 5 * PAGE;
    msg.type = SVGA_LINK_GMR_PIECES;
    assert_int_equal(ask(s, msg, &piece, &fd, 1), EINVAL); /* a bad piece: the region is gone */
    assert_int_equal(delete (s, 1), ENOENT);
    assert_int_equal(define(s, 1, 2 * PAGE, 0, 2 * PAGE, fd), 0);
    close(fd);
}

/* Addresses outside the range for shared virtual memory could be the worker's own code. */
static void hostile_addresses(void **state) {
    struct session *s = *state;
    struct svga_link_msg msg = {.type = SVGA_LINK_GMR_DEFINE, .id = 1, .arg = PAGE, .piece_count = 1};
    struct svga_link_piece piece = {.length = PAGE};
    const uint64_t bad[] = {1,
                            PAGE,
                            (uintptr_t)s->bar_ptr,
                            (uintptr_t)hostile_addresses & ~(uintptr_t)(PAGE - 1),
                            SVGA_PLACED_MIN - PAGE,
                            SVGA_PLACED_MIN + 1,
                            SVGA_PLACED_MAX,
                            UINT64_MAX - PAGE + 1};
    int fd = unit_memfd(PAGE);

    assert_int_equal(define_bar(s), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        msg.address = bad[i];
        assert_int_equal(ask(s, msg, &piece, &fd, 1), EINVAL);
    }
    msg.address = SVGA_PLACED_MAX - PAGE;
    msg.arg = 2 * PAGE;
    assert_int_equal(ask(s, msg, &piece, &fd, 1), EINVAL);
#ifndef __SANITIZE_THREAD__
    msg.arg = PAGE;
    msg.address = SVGA_PLACED_MIN + 16 * PAGE;
    assert_int_equal(ask(s, msg, &piece, &fd, 1), 0);
    assert_ptr_equal(svga_device_span(&s->device, 1, 0, PAGE), (void *)(SVGA_PLACED_MIN + 16 * PAGE));
    msg.id = 2;
    assert_int_equal(ask(s, msg, &piece, &fd, 1), EEXIST); /* occupied: never replaced */
#endif
    close(fd);
}

/* A deleted region's addresses are nobody else's while something may still refer to them. */
static void addresses_stay_reserved(void **state) {
    struct session *s = *state;
    struct svga_link_msg msg = {.type = SVGA_LINK_GMR_DEFINE, .id = 1, .arg = PAGE, .piece_count = 1};
    struct svga_link_piece piece = {.length = PAGE};
    int fd = unit_memfd(PAGE), probe[2];
    char byte = 0;

    assert_int_equal(define_bar(s), 0);
    assert_null(svga_device_hold(&s->device, 1));
#ifndef __SANITIZE_THREAD__
    msg.address = SVGA_PLACED_MIN + 32 * PAGE;
#endif
    assert_int_equal(ask(s, msg, &piece, &fd, 1), 0);
    void *at = svga_device_span(&s->device, 1, 0, PAGE);
    struct svga_range *object = svga_device_hold(&s->device, 1);
    assert_non_null(object);
    atomic_store(&s->busy, 1);
    assert_int_equal(delete (s, 1), 0);
    assert_null(svga_device_span(&s->device, 1, 0, 1));
    assert_null(svga_device_hold(&s->device, 1));
    assert_int_equal(pipe(probe), 0);
    assert_int_equal(write(probe[1], at, 1), -1); /* its page is gone */
    assert_int_equal(errno, EFAULT);
    msg.address = (uintptr_t)at;
    if (msg.address >= SVGA_PLACED_MIN && msg.address < SVGA_PLACED_MAX) {
        assert_int_equal(ask(s, msg, &piece, &fd, 1), EEXIST);
        svga_device_let_go(object);
        assert_int_equal(ask(s, msg, &piece, &fd, 1), EEXIST); /* a command runs that began before */
        atomic_store(&s->busy, 0);
        assert_int_equal(ask(s, msg, &piece, &fd, 1), 0);
        assert_int_equal(write(probe[1], at, 1), 1);
        assert_int_equal(read(probe[0], &byte, 1), 1);
    } else {
        svga_device_let_go(object);
        atomic_store(&s->busy, 0);
        assert_int_equal(delete (s, 1), ENOENT); /* any message gives back what may be given back */
    }
    /* Not busy meanwhile: what runs now began later. */
    atomic_store(&s->busy, 1);
    msg.id = 2;
    msg.address = 0;
    assert_int_equal(ask(s, msg, &piece, &fd, 1), 0);
    uint32_t maps = s->device.maps;
    assert_int_equal(delete (s, 2), 0);
    assert_int_equal(s->device.maps, maps); /* the reservation counts */
    atomic_fetch_add(&s->idle_times, 1);
    assert_int_equal(delete (s, 2), ENOENT);
    assert_int_equal(s->device.maps, maps - 1);
    close(probe[0]);
    close(probe[1]);
    close(fd);
}

/* ---- messages that are none ---- */

static void unknown_type(void **state) {
    struct session *s = *state;

    assert_int_equal(define_bar(s), 0);
    assert_int_equal(ask(s, (struct svga_link_msg){.type = 0}, NULL, NULL, 0), EOPNOTSUPP);
    assert_int_equal(ask(s, (struct svga_link_msg){.type = SVGA_LINK_REPLY}, NULL, NULL, 0), EOPNOTSUPP);
    assert_int_equal(ask(s, (struct svga_link_msg){.type = UINT32_MAX}, NULL, NULL, 0), EOPNOTSUPP);
    assert_int_equal(ask(s, (struct svga_link_msg){.type = SVGA_LINK_IRQFD}, NULL, NULL, 0), EINVAL);
}

static void expect_end(struct session *s) {
    struct svga_link_packet packet;
    int r;

    while ((r = svga_link_recv(s->sock, &packet)) > 0)
        svga_link_close_fds(&packet);
    assert_int_equal(r, 0);
    end(s);
    assert_int_equal(atomic_load(&s->result), -EPROTO);
    assert_int_equal(atomic_load(&svga_fifo_words(s->bar_ptr)[SVGA_FIFO_ERROR]), SVGA_ERROR_PROTOCOL);
}

static void send_raw(struct session *s, const void *bytes, size_t size) {
    assert_int_equal(send(s->sock, bytes, size, MSG_NOSIGNAL), size);
}

static void too_short(void **state) {
    struct session *s = *state;
    struct svga_link_msg msg = {.type = SVGA_LINK_REG_WRITE};

    assert_int_equal(define_bar(s), 0);
    send_raw(s, &msg, sizeof msg - 1);
    expect_end(s);
}

static void too_long(void **state) {
    struct session *s = *state;
    struct {
        struct svga_link_msg msg;
        char more[8];
    } m = {.msg = {.type = SVGA_LINK_REG_WRITE}};

    assert_int_equal(define_bar(s), 0);
    send_raw(s, &m, sizeof m);
    expect_end(s);
}

static void truncated_by_the_receiver(void **state) {
    struct session *s = *state;
    static char
        large[sizeof(struct svga_link_msg) + (SVGA_LINK_MAX_PIECES + 1) * sizeof(struct svga_link_piece)];
    struct svga_link_msg msg = {.type = SVGA_LINK_GMR_DEFINE, .piece_count = SVGA_LINK_MAX_PIECES};

    assert_int_equal(define_bar(s), 0);
    memcpy(large, &msg, sizeof msg);
    send_raw(s, large, sizeof large);
    expect_end(s);
}

static void piece_count_lies(void **state) {
    struct session *s = *state;
    struct svga_link_msg msg = {
        .type = SVGA_LINK_GMR_DEFINE, .id = 1, .arg = PAGE, .piece_count = UINT32_MAX};

    assert_int_equal(define_bar(s), 0);
    send_raw(s, &msg, sizeof msg);
    expect_end(s);
}

static void piece_without_its_fd(void **state) {
    struct session *s = *state;
    struct {
        struct svga_link_msg msg;
        struct svga_link_piece piece;
    } m = {{.type = SVGA_LINK_GMR_DEFINE, .id = 1, .arg = PAGE, .piece_count = 1}, {.fd = 0, .length = PAGE}};

    assert_int_equal(define_bar(s), 0);
    send_raw(s, &m, sizeof m);
    expect_end(s);
}

/* More descriptors than a message may have: the receiver must not keep any of them. */
static void too_many_fds(void **state) {
    struct session *s = *state;
    enum { COUNT = 100 };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(COUNT * sizeof(int))];
    } control = {0};
    struct svga_link_msg msg = {.type = SVGA_LINK_IRQFD};
    struct iovec iov = {&msg, sizeof msg};
    struct msghdr mh = {.msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = sizeof control.bytes};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);
    int fds[COUNT];

    assert_int_equal(define_bar(s), 0);
    unsigned before = unit_open_fds();
    for (int i = 0; i < COUNT; i++)
        fds[i] = s->bar;
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(cmsg), fds, sizeof fds);
    assert_int_equal(sendmsg(s->sock, &mh, MSG_NOSIGNAL), sizeof msg);
    expect_end(s); /* closes s->sock */
    assert_int_equal(unit_open_fds(), before - 1);
}

static void no_fd_is_kept(void **state) {
    struct session *s = *state;
    int fds[SVGA_LINK_MAX_FDS];
    struct svga_link_piece piece = {.fd = 3, .length = PAGE};

    assert_int_equal(define_bar(s), 0);
    for (size_t i = 0; i < SVGA_LINK_MAX_FDS; i++)
        fds[i] = unit_memfd(PAGE);
    unsigned before = unit_open_fds();
    for (uint32_t i = 1; i < 20; i++) {
        struct svga_link_msg msg = {.type = SVGA_LINK_GMR_DEFINE, .id = i, .arg = PAGE, .piece_count = 1};

        assert_int_equal(ask(s, msg, &piece, fds, SVGA_LINK_MAX_FDS), 0);
        msg.type = SVGA_LINK_REG_WRITE;
        msg.piece_count = 0;
        assert_int_equal(ask(s, msg, NULL, fds, SVGA_LINK_MAX_FDS), EINVAL);
    }
    assert_int_equal(unit_open_fds(), before);
    int event = eventfd(0, EFD_CLOEXEC);
    for (int i = 0; i < 5; i++) /* each replaces the one before */
        assert_int_equal(ask(s, (struct svga_link_msg){.type = SVGA_LINK_IRQFD}, NULL, &event, 1), 0);
    close(event);
    assert_int_equal(unit_open_fds(), before + 1);
    for (size_t i = 0; i < SVGA_LINK_MAX_FDS; i++)
        close(fds[i]);
}

static void irqfd_is_written(void **state) {
    struct session *s = *state;
    int event = eventfd(0, EFD_CLOEXEC);
    uint64_t count = 0;

    assert_int_equal(define_bar(s), 0);
    assert_int_equal(ask(s, (struct svga_link_msg){.type = SVGA_LINK_IRQFD}, NULL, &event, 1), 0);
    svga_word *words = svga_fifo_words(s->bar_ptr);
    uint32_t seq = atomic_load(&words[SVGA_FIFO_IRQ_SEQ]);
    svga_device_irq(&s->device); /* not armed: silent */
    assert_int_equal(atomic_load(&words[SVGA_FIFO_IRQ_SEQ]), seq);
    atomic_store(&words[SVGA_FIFO_IRQ_ARMED], 1);
    svga_device_irq(&s->device);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_IRQ_SEQ]), seq + 1);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_IRQ_ARMED]), 0);
    assert_int_equal(read(event, &count, sizeof count), sizeof count);
    assert_int_equal(count, 1);
    close(event);
}

/* That commands were taken wakes who waits for room, and nobody who waits for what they do. */
static void room_is_told_where_it_is_wanted(void **state) {
    struct session *s = *state;

    assert_int_equal(define_bar(s), 0);
    make_ring(s);
    assert_int_equal(reg_write(s, SVGA_REG_CONFIG_DONE, 1), 0);
    svga_word *words = svga_fifo_words(s->bar_ptr);
    atomic_store(&words[SVGA_FIFO_IRQ_ARMED], 1);
    uint32_t seq = atomic_load(&words[SVGA_FIFO_IRQ_SEQ]);
    svga_device_release(&s->device);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_IRQ_SEQ]), seq);
    atomic_store(&words[SVGA_FIFO_ROOM_WANTED], 1);
    svga_device_release(&s->device);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_IRQ_SEQ]), seq + 1);
}

static void end_without_a_word(void **state) {
    struct session *s = *state;

    end(s);
    assert_int_equal(atomic_load(&s->result), 0);
    assert_true(atomic_load(&s->device.closing));
}

/* Who has no device half for a VM's front says why, whatever the front has said beyond its first word. */
static void a_front_hears_why(void **state) {
    const char why[] = "the host's policy allows no more (processes)";
    struct svga_link_msg irq = {.type = SVGA_LINK_IRQFD, .seq = 1},
                         more = {.type = SVGA_LINK_HAND, .seq = 2, .flags = SVGA_LINK_WANT_REPLY};
    static struct svga_link_packet heard;
    int ends[2], event = eventfd(0, EFD_CLOEXEC);
    (void)state;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(svga_link_send(ends[0], &irq, NULL, &event, 1), 0);
    for (; more.seq < 6; more.seq++)
        assert_int_equal(svga_link_send(ends[0], &more, NULL, NULL, 0), 0);
    assert_true(refuse_guest(ends[1], why));
    close(ends[1]); /* takes nothing back */
    assert_int_equal(svga_link_recv(ends[0], &heard), 1);
    assert_int_equal(heard.msg.type, SVGA_LINK_REFUSED);
    assert_string_equal((const char *)heard.pieces, why);
    close(ends[0]);
    close(event);
}

int main(void) {
#define SESSION(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        SESSION(nothing_before_the_bar),
        SESSION(bad_bars),
        SESSION(bar_too_small_for_a_ring),
        SESSION(bar_that_cannot_be_had),
        SESSION(config_done),
        SESSION(config_done_without_a_ring),
        SESSION(refused),
        SESSION(unknown_registers),
        SESSION(acknowledged_in_memory_too),
        SESSION(bad_pieces),
        SESSION(ids_out_of_range),
        SESSION(pages_run_out),
        SESSION(many_pieces),
        SESSION(mappings_run_out),
        SESSION(unfinished_regions),
        SESSION(hostile_addresses),
        SESSION(addresses_stay_reserved),
        SESSION(unknown_type),
        SESSION(too_short),
        SESSION(too_long),
        SESSION(truncated_by_the_receiver),
        SESSION(piece_count_lies),
        SESSION(piece_without_its_fd),
        SESSION(too_many_fds),
        SESSION(no_fd_is_kept),
        SESSION(irqfd_is_written),
        SESSION(room_is_told_where_it_is_wanted),
        SESSION(end_without_a_word),
        cmocka_unit_test(a_front_hears_why),
    };

    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
