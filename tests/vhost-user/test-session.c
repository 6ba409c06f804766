// SPDX-License-Identifier: MIT
/* Sessions: what the front says to device halves on behalf of guest processes, and when guest pages are given
 * back. */
#include "tests/vhost-user/machine.h"
#include "tests/vhost-user/tests.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svga-model/futex.h"

enum { CTX = 4, BAR = 100 };

static struct machine m;
static unsigned fds_before;
static int link_ = -1, irqfd = -1;
static uint64_t bar_at;
static svga_word *words;
static struct svga_link_packet packet;
static struct hand_owner owner;

static int setup(void **state) {
    (void)state;
    fds_before = unit_open_fds();
    machine_start(&m);
    link_ = machine_session(&m, CTX, BAR, &bar_at, &irqfd, &owner);
    words = bar_words(&m, bar_at);
    return 0;
}

/* The device half ends. */
static void drop_link(void) {
    if (link_ >= 0)
        close(link_);
    link_ = -1;
    machine_end_owner(&owner);
}

static int teardown(void **state) {
    (void)state;
    machine_pass_time(-1);
    machine_stop(&m);
    drop_link();
    close(irqfd);
    assert_int_equal(unit_open_fds(), fds_before);
    return 0;
}

static void interrupt(void) {
    atomic_fetch_add(&words[SVGA_FIFO_IRQ_SEQ], 1);
    eventfd_write(irqfd, 1);
}

static struct request wait_begin(uint32_t ctx, uint32_t seen, uint64_t fence) {
    return gpu_payload_begin(&m, ctx, &(struct svga_payload){.op = SVGA_PAYLOAD_WAIT, .id = seen}, NULL,
                             fence);
}

/* Defines region `id` of resource `resource`. */
static void define(uint32_t seq, uint32_t id, uint32_t resource, uint64_t size) {
    struct svga_payload p = {.op = SVGA_PAYLOAD_GMR_DEFINE, .seq = seq, .id = id, .arg = size, .count = 1};
    assert_int_equal(gpu_payload(&m, CTX, p, &resource), VIRTIO_GPU_RESP_OK_NODATA);
}

/* The next link message is `type` for region `id`. */
static void expect(uint32_t type, uint32_t id) {
    assert_true(link_receive(link_, &packet));
    svga_link_close_fds(&packet);
    assert_int_equal(packet.msg.type, type);
    assert_int_equal(packet.msg.id, id);
}

static void expect_status(uint32_t seq, uint32_t status) {
    assert_int_equal(atomic_load(&words[SVGA_FIFO_LINK_ACK]), seq);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_LINK_STATUS]), status);
}

/* Plays the device half's part of a definition. */
static void take_definition(uint32_t seq, uint32_t id) {
    expect(SVGA_LINK_GMR_DEFINE, id);
    assert_int_equal(packet.msg.seq, seq);
    assert_int_equal(packet.fd_count, 0);
    link_place(link_, seq);
    expect(SVGA_LINK_GMR_PIECES, id);
    assert_int_equal(packet.msg.seq, seq);
    assert_int_equal(packet.msg.piece_count, 0);
    link_reply(link_, seq, 0);
}

static void register_writes_pass(void **state) {
    (void)state;
    gpu_payload(&m, CTX, (struct svga_payload){.op = SVGA_PAYLOAD_REG_WRITE, .seq = 2, .id = 23, .arg = 7},
                NULL);
    expect(SVGA_LINK_REG_WRITE, 23);
    assert_int_equal(packet.msg.seq, 2);
    assert_int_equal(packet.msg.arg, 7);
}

static void region_of_high_and_low_memory(void **state) {
    uint32_t ids[2] = {101, 102};
    uint64_t low = machine_pages(&m, 4);
    struct svga_payload p = {.op = SVGA_PAYLOAD_GMR_DEFINE,
                             .seq = 2,
                             .id = 1,
                             .arg = 7ull * 4096,
                             .address = 0x200000000000,
                             .count = 2};
    (void)state;
    gpu_resource(&m, 101, CTX, RAM_HIGH_AT + 0x5000, 3ull * 4096);
    gpu_resource(&m, 102, CTX, low, 4ull * 4096);
    assert_int_equal(gpu_payload(&m, CTX, p, ids), VIRTIO_GPU_RESP_OK_NODATA);
    /* The pages are the guest's own. */
    *(char *)machine_at(&m, RAM_HIGH_AT + 0x5000) = 'h';
    *(char *)machine_at(&m, low) = 'l';
    expect(SVGA_LINK_GMR_DEFINE, 1);
    assert_int_equal(packet.msg.arg, 7ull * 4096);
    assert_int_equal(packet.msg.address, 0x200000000000);
    link_place(link_, 2);
    expect(SVGA_LINK_GMR_PIECES, 1);
    assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(2)), 'h');
    assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(2) + 3 * 4096), 'l');
    assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(2) + 7 * 4096 - 1), 0);
    assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(2) + 7 * 4096), -1);
    assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(2) - 1), -1);
}

static void region_of_scattered_pages(void **state) {
    enum { PIECES = 1300 };
    static struct {
        struct virtio_gpu_resource_attach_backing attach;
        struct virtio_gpu_mem_entry entries[PIECES];
    } __attribute__((packed)) backing;
    struct virtio_gpu_resource_create_3d create = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
                                                   .resource_id = 101};
    struct virtio_gpu_ctx_resource own = {.hdr = {.type = VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, .ctx_id = CTX},
                                          .resource_id = 101};
    (void)state;
    backing.attach = (struct virtio_gpu_resource_attach_backing){
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, .resource_id = 101, .nr_entries = PIECES};
    for (uint32_t i = 0; i < PIECES; i++) /* every other page, so that none are merged */
        backing.entries[i] = (struct virtio_gpu_mem_entry){RAM_HIGH_AT + i * 8192ull, 4096, 0};
    machine_do(&m, &create, sizeof create);
    assert_int_equal(machine_do(&m, &backing, sizeof backing), VIRTIO_GPU_RESP_OK_NODATA);
    machine_do(&m, &own, sizeof own);
    define(2, 1, 101, PIECES * 4096ull);
    for (uint32_t i = 0; i < PIECES; i++)
        *(uint8_t *)machine_at(&m, RAM_HIGH_AT + i * 8192ull) = (uint8_t)(i % 251);
    take_definition(2, 1);
    for (uint32_t i = 0; i < PIECES; i++)
        assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(2) + i * 4096ull), i % 251);
    assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(2) + PIECES * 4096ull), -1);
}

static void another_contexts_resource_is_refused(void **state) {
    (void)state;
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 5);
    gpu_resource(&m, 101, 5, machine_pages(&m, 1), 4096);
    define(2, 1, 101, 4096);
    expect_status(2, ENOENT);
    define(3, 1, 999, 4096); /* and one that is not there */
    expect_status(3, ENOENT);
    /* Nothing of that reached the device half: the next message is this. */
    gpu_payload(&m, CTX, (struct svga_payload){.op = SVGA_PAYLOAD_REG_WRITE, .seq = 4, .id = 23}, NULL);
    expect(SVGA_LINK_REG_WRITE, 23);
}

static void regions_that_cannot_be(void **state) {
    (void)state;
    gpu_resource(&m, 101, CTX, machine_pages(&m, 1), 4096);
    define(2, 1, 101, 8192); /* not its size */
    expect_status(2, EINVAL);
    gpu_resource(&m, 102, CTX, machine_pages(&m, 1) + 8, 4000); /* not pages */
    define(3, 1, 102, 4000);
    expect_status(3, EINVAL);
    gpu_resource(&m, 103, CTX, RAM_LOW - 4096, 8192); /* half outside */
    define(4, 1, 103, 8192);
    expect_status(4, EINVAL);
    gpu_resource(&m, 104, CTX, UINT64_MAX - 4095, 4096);
    define(5, 1, 104, 4096);
    expect_status(5, ENOENT); /* never got pages */
    define(6, SVGA_GMR_BAR, 101, 4096);
    expect_status(6, EEXIST);
}

/* They are the guest's again when the worker has none of them any more, whatever it says. */
static void pages_are_taken_from_the_worker(void **state) {
    uint64_t page = machine_pages(&m, 1);
    (void)state;
    gpu_resource(&m, 101, CTX, page, 4096);
    define(2, 1, 101, 4096);
    take_definition(2, 1);
    *(char *)machine_at(&m, page) = 'x';
    assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(2)), 'x');
    gpu_payload(&m, CTX, (struct svga_payload){.op = SVGA_PAYLOAD_GMR_DELETE, .seq = 3, .id = 1}, NULL);
    struct request unref = gpu_unref_begin(&m, 101);
    assert_int_equal(machine_wait(&m, unref), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(2)), -1);
    expect(SVGA_LINK_GMR_DELETE, 1);
    assert_int_equal(packet.msg.seq, 3);
    link_reply(link_, 3, 0);
}

/* A worker that closes its link has its memory still. */
static void pages_stay_while_the_worker_lives(void **state) {
    (void)state;
    gpu_resource(&m, 101, CTX, machine_pages(&m, 1), 4096);
    define(2, 1, 101, 4096);
    expect(SVGA_LINK_GMR_DEFINE, 1);
    struct request unref = gpu_unref_begin(&m, 101); /* while it is being mapped */
    assert_false(machine_answered(&m, unref, 0));
    link_place(link_, 2);
    expect(SVGA_LINK_GMR_PIECES, 1);
    assert_false(machine_answered(&m, unref, 0));
    close(link_); /* it closes its link, and lives on */
    link_ = -1;
    assert_false(machine_answered(&m, unref, 100));
    assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(2)), 0);
    drop_link();
    assert_int_equal(machine_wait(&m, unref), VIRTIO_GPU_RESP_OK_NODATA);
}

static void pages_taken_back_without_a_word(void **state) {
    (void)state;
    gpu_resource(&m, 101, CTX, machine_pages(&m, 1), 4096);
    define(2, 1, 101, 4096);
    take_definition(2, 1);
    struct virtio_gpu_resource_detach_backing detach = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING,
                                                        .resource_id = 101};
    struct request back = machine_submit(&m, &detach, sizeof detach, false);
    struct request unref = gpu_unref_begin(&m, 101);
    expect(SVGA_LINK_GMR_DELETE, 1); /* the front sees to it */
    link_reply(link_, packet.msg.seq, 0);
    assert_int_equal(machine_wait(&m, back), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(machine_wait(&m, unref), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(gpu_resource(&m, 101, CTX, machine_pages(&m, 1), 4096), VIRTIO_GPU_RESP_OK_NODATA);
}

static void region_that_the_device_refused(void **state) {
    (void)state;
    gpu_resource(&m, 101, CTX, machine_pages(&m, 1), 4096);
    define(2, 1, 101, 4096);
    define(3, 1, 101, 4096); /* the same id again, before an answer */
    expect(SVGA_LINK_GMR_DEFINE, 1);
    expect(SVGA_LINK_GMR_DEFINE, 1);
    link_reply(link_, 2, ENOSPC);
    link_reply(link_, 3, ENOSPC);
    /* Nobody uses the pages: the answer comes although the link says nothing more. */
    assert_int_equal(machine_wait(&m, gpu_unref_begin(&m, 101)), VIRTIO_GPU_RESP_OK_NODATA);
    expect_status(3, ENOSPC);
}

static void killed_process_gives_pages_back_after_the_link(void **state) {
    (void)state;
    gpu_resource(&m, 101, CTX, machine_pages(&m, 1), 4096);
    define(2, 1, 101, 4096);
    take_definition(2, 1);
    struct request parked = wait_begin(CTX, 0, 8);
    assert_int_equal(gpu_context(&m, VIRTIO_GPU_CMD_CTX_DESTROY, CTX), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(machine_wait(&m, parked), VIRTIO_GPU_RESP_OK_NODATA);
    struct request bar = gpu_unref_begin(&m, BAR), region = gpu_unref_begin(&m, 101);
    assert_false(link_receive(link_, &packet)); /* our side is told that it is over */
    assert_int_equal(gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, CTX), VIRTIO_GPU_RESP_OK_NODATA);
    assert_false(machine_answered(&m, bar, 0));
    assert_false(machine_answered(&m, region, 0));
    drop_link();
    assert_int_equal(machine_wait(&m, bar), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(machine_wait(&m, region), VIRTIO_GPU_RESP_OK_NODATA);
}

static void bar_that_goes_ends_the_session(void **state) {
    (void)state;
    struct request parked = wait_begin(CTX, 0, 8);
    struct request bar = gpu_unref_begin(&m, BAR);
    assert_int_equal(machine_wait(&m, parked), VIRTIO_GPU_RESP_OK_NODATA);
    assert_false(link_receive(link_, &packet));
    drop_link();
    assert_int_equal(machine_wait(&m, bar), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(gpu_payload(&m, CTX, (struct svga_payload){.op = SVGA_PAYLOAD_DOORBELL}, NULL),
                     VIRTIO_GPU_RESP_OK_NODATA);
}

static void wait_ends_with_the_interrupt(void **state) {
    (void)state;
    struct request parked = wait_begin(CTX, 0, 8);
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 7); /* it was looked at by now */
    assert_false(machine_answered(&m, parked, 0));
    interrupt();
    assert_int_equal(machine_wait(&m, parked), VIRTIO_GPU_RESP_OK_NODATA);
    struct virtio_gpu_ctrl_hdr *h = (void *)parked.response;
    assert_int_equal(h->fence_id, 8);
    assert_int_equal(h->flags, VIRTIO_GPU_FLAG_FENCE);
    /* One who has not seen that interrupt does not wait. */
    struct request late = wait_begin(CTX, 0, 9);
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 8);
    assert_true(machine_answered(&m, late, 0));
}

static void wait_ends_by_itself(void **state) {
    (void)state;
    uint64_t start = svga_now_ns();
    assert_int_equal(machine_wait(&m, wait_begin(CTX, 0, 8)), VIRTIO_GPU_RESP_OK_NODATA);
    assert_true(svga_now_ns() - start >= (SVGA_PAYLOAD_WAIT_MS - 1) * 1000000ull);
}

static void younger_fence_ends_older_waits(void **state) {
    struct virtio_gpu_ctrl_hdr h = {
        .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO, .flags = VIRTIO_GPU_FLAG_FENCE, .fence_id = 10};
    (void)state;
    struct request a = wait_begin(CTX, 0, 8), b = wait_begin(CTX, 0, 9);
    /* Answered within much less than a wait's own limit. */
    assert_int_equal(machine_do(&m, &h, sizeof h), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    assert_true(machine_answered(&m, a, 0));
    assert_true(machine_answered(&m, b, 0));
}

static void many_waits_do_not_fill_the_queue(void **state) {
    enum { WAITS = 65 }; /* one more than a context may have parked */
    struct request waits[WAITS];
    (void)state;
    for (uint64_t i = 0; i < WAITS; i++)
        waits[i] = wait_begin(CTX, 0, 100 + i);
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 7); /* they were looked at by now */
    assert_true(machine_answered(&m, waits[0], 0));
    assert_true(machine_answered(&m, waits[WAITS - 1], 0));
}

static void *sleep_on_busy(void *arg) {
    (void)arg;
    svga_futex_wait(&words[SVGA_FIFO_BUSY], 0, LIMIT_MS * INT64_C(1000));
    return NULL;
}

static void doorbell_wakes_the_sleeper(void **state) {
    pthread_t sleeper;
    uint64_t start = svga_now_ns();
    (void)state;
    assert_int_equal(pthread_create(&sleeper, NULL, sleep_on_busy, NULL), 0);
    /* It may not sleep yet: ring until it is awake. */
    while (pthread_tryjoin_np(sleeper, NULL) != 0) {
        assert_int_equal(gpu_payload(&m, CTX, (struct svga_payload){.op = SVGA_PAYLOAD_DOORBELL}, NULL),
                         VIRTIO_GPU_RESP_OK_NODATA);
        usleep(1000);
        assert_true(svga_now_ns() - start < LIMIT_MS * 1000000ull / 2);
    }
}

static void worker_that_dies_is_told(void **state) {
    (void)state;
    struct request parked = wait_begin(CTX, 0, 8);
    drop_link();
    assert_int_equal(machine_wait(&m, parked), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_ERROR]), SVGA_ERROR_WORKER_DIED);
    assert_true(atomic_load(&words[SVGA_FIFO_IRQ_SEQ]) > 0);
    assert_non_null(strstr((char *)machine_at(&m, bar_at) + SVGA_BAR_ERROR_TEXT, "worker"));
    /* Nothing waits and nothing hangs from here on. */
    uint32_t seen = atomic_load(&words[SVGA_FIFO_IRQ_SEQ]);
    assert_int_equal(machine_wait(&m, wait_begin(CTX, seen, 9)), VIRTIO_GPU_RESP_OK_NODATA);
    define(2, 1, BAR, 4096);
    expect_status(2, ENODEV);
    assert_int_equal(machine_wait(&m, gpu_unref_begin(&m, BAR)), VIRTIO_GPU_RESP_OK_NODATA);
}

static void an_error_that_is_there_stays(void **state) {
    (void)state;
    atomic_store(&words[SVGA_FIFO_ERROR], SVGA_ERROR_PROTOCOL);
    struct request parked = wait_begin(CTX, 0, 8);
    drop_link();
    machine_wait(&m, parked);
    assert_int_equal(atomic_load(&words[SVGA_FIFO_ERROR]), SVGA_ERROR_PROTOCOL);
}

static void device_half_that_lies(void **state) {
    (void)state;
    gpu_resource(&m, 101, CTX, machine_pages(&m, 1), 4096);
    define(2, 1, 101, 4096);
    expect(SVGA_LINK_GMR_DEFINE, 1);
    struct request unref = gpu_unref_begin(&m, 101);
    link_reply(link_, 4711, 0); /* to what was never said */
    assert_false(link_receive(link_, &packet));
    assert_int_equal(atomic_load(&words[SVGA_FIFO_ERROR]), SVGA_ERROR_PROTOCOL);
    assert_false(machine_answered(&m, unref, 0)); /* it may still map the page */
    drop_link();
    assert_int_equal(machine_wait(&m, unref), VIRTIO_GPU_RESP_OK_NODATA);
}

static void refused_session_says_why(void **state) {
    uint64_t at = machine_pages(&m, SVGA_BAR_SIZE / 4096);
    struct svga_payload p = {
        .op = SVGA_PAYLOAD_GMR_DEFINE, .seq = 1, .id = SVGA_GMR_BAR, .arg = SVGA_BAR_SIZE, .count = 1};
    uint32_t bar = 200;
    (void)state;
    pthread_mutex_lock(&m.lock);
    m.refuse = 1;
    pthread_mutex_unlock(&m.lock);
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 6);
    gpu_resource(&m, bar, 6, at, SVGA_BAR_SIZE);
    assert_int_equal(gpu_payload(&m, 6, p, &bar), VIRTIO_GPU_RESP_OK_NODATA);
    svga_word *w = bar_words(&m, at);
    assert_int_equal(atomic_load(&w[SVGA_FIFO_ERROR]), SVGA_ERROR_REFUSED);
    assert_int_equal(atomic_load(&w[SVGA_FIFO_LINK_ACK]), 1);
    assert_int_equal(atomic_load(&w[SVGA_FIFO_LINK_STATUS]), EDQUOT);
    assert_non_null(strstr((char *)machine_at(&m, at) + SVGA_BAR_ERROR_TEXT, "too many"));
    assert_int_equal(machine_wait(&m, gpu_unref_begin(&m, bar)), VIRTIO_GPU_RESP_OK_NODATA);
}

/* However early it closed the link: with variables to hear first, or none. */
static void who_is_gone_has_said_why(void **state) {
    static const char variable[] = "POCL_DEBUG=1";
    (void)state;
    pthread_mutex_lock(&m.lock);
    m.gone = "the host's policy allows no more (processes)";
    pthread_mutex_unlock(&m.lock);
    for (unsigned with = 0; with < 2; with++) {
        uint64_t at = machine_pages(&m, SVGA_BAR_SIZE / 4096);
        struct svga_payload p = {.op = SVGA_PAYLOAD_GMR_DEFINE,
                                 .seq = 1,
                                 .id = SVGA_GMR_BAR,
                                 .arg = SVGA_BAR_SIZE,
                                 .count = 1,
                                 .variables = with ? sizeof variable : 0};
        uint32_t bar = 200 + with, context = 6 + with;
        memcpy((char *)machine_at(&m, at) + SVGA_BAR_VARIABLES, variable, sizeof variable);
        gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, context);
        gpu_resource(&m, bar, context, at, SVGA_BAR_SIZE);
        assert_int_equal(gpu_payload(&m, context, p, &bar), VIRTIO_GPU_RESP_OK_NODATA);
        svga_word *w = bar_words(&m, at);
        for (int i = 0; i < 1000 && atomic_load(&w[SVGA_FIFO_ERROR]) == SVGA_ERROR_NONE; i++)
            usleep(10000);
        assert_int_equal(atomic_load(&w[SVGA_FIFO_ERROR]), SVGA_ERROR_REFUSED);
        assert_string_equal((char *)machine_at(&m, at) + SVGA_BAR_ERROR_TEXT, m.gone);
        gpu_context(&m, VIRTIO_GPU_CMD_CTX_DESTROY, context);
    }
}

/* A session that is opened with so many bytes of variables. */
static void open_with(uint64_t at, uint32_t variables) {
    struct svga_payload p = {.op = SVGA_PAYLOAD_GMR_DEFINE,
                             .seq = 1,
                             .id = SVGA_GMR_BAR,
                             .arg = SVGA_BAR_SIZE,
                             .count = 1,
                             .variables = variables};
    uint32_t bar = 200;

    gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 6);
    gpu_resource(&m, bar, 6, at, SVGA_BAR_SIZE);
    assert_int_equal(gpu_payload(&m, 6, p, &bar), VIRTIO_GPU_RESP_OK_NODATA);
}

static void variables_go_before_all_others(void **state) {
    static const char wanted[] = "POCL_MAX_PTHREAD_COUNT=3";
    uint64_t at = machine_pages(&m, SVGA_BAR_SIZE / 4096);
    (void)state;
    memcpy((char *)machine_at(&m, at) + SVGA_BAR_VARIABLES, wanted, sizeof wanted);
    open_with(at, sizeof wanted);
    int link = machine_link(&m);
    assert_true(link_receive(link, &packet));
    svga_link_close_fds(&packet);
    assert_int_equal(packet.msg.type, SVGA_LINK_VARIABLES);
    assert_int_equal(packet.msg.piece_count, 2);
    assert_string_equal((const char *)packet.pieces, wanted);
    assert_true(link_receive(link, &packet));
    svga_link_close_fds(&packet);
    assert_int_equal(packet.msg.type, SVGA_LINK_IRQFD);
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_DESTROY, 6);
    close(link);
}

static void more_variables_than_there_can_be_are_refused(void **state) {
    uint64_t at = machine_pages(&m, SVGA_BAR_SIZE / 4096);
    (void)state;
    open_with(at, SVGA_BAR_VARIABLES_SIZE + 1);
    int link = machine_link(&m);
    assert_false(link_receive(link, &packet));
    svga_word *w = bar_words(&m, at);
    assert_int_equal(atomic_load(&w[SVGA_FIFO_LINK_STATUS]), EINVAL);
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_DESTROY, 6);
    close(link);
}

/* A session whose device half does not come: our end of its link. */
static int open_unanswered(uint64_t at) {
    struct svga_payload p = {
        .op = SVGA_PAYLOAD_GMR_DEFINE, .seq = 1, .id = SVGA_GMR_BAR, .arg = SVGA_BAR_SIZE, .count = 1};
    uint32_t bar = 200;

    gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 6);
    gpu_resource(&m, bar, 6, at, SVGA_BAR_SIZE);
    assert_int_equal(gpu_payload(&m, 6, p, &bar), VIRTIO_GPU_RESP_OK_NODATA);
    return machine_link(&m);
}

/* What the front does next sees another time. */
static void later(int ms) {
    machine_pass_time(ms);
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 7);
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_DESTROY, 7);
}

static void end_unanswered(int link) {
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_DESTROY, 6);
    close(link);
    assert_int_equal(machine_wait(&m, gpu_unref_begin(&m, 200)), VIRTIO_GPU_RESP_OK_NODATA);
}

static void opening_has_a_deadline(void **state) {
    uint64_t at = machine_pages(&m, SVGA_BAR_SIZE / 4096);
    (void)state;

    later(0);
    int link = open_unanswered(at);
    svga_word *w = bar_words(&m, at);
    later(9000);
    assert_int_equal(atomic_load(&w[SVGA_FIFO_ERROR]), SVGA_ERROR_NONE);
    later(2000);
    assert_int_equal(atomic_load(&w[SVGA_FIFO_ERROR]), SVGA_ERROR_WORKER_DIED);
    assert_non_null(strstr((char *)machine_at(&m, at) + SVGA_BAR_ERROR_TEXT, "does not answer"));
    end_unanswered(link);
}

/* As long as somebody is there who says so (SVGA_LINK_WAIT), and no longer. */
static void who_is_told_to_wait_waits(void **state) {
    const struct svga_link_msg wait = {.type = SVGA_LINK_WAIT};
    uint64_t at = machine_pages(&m, SVGA_BAR_SIZE / 4096);
    (void)state;

    later(0);
    int link = open_unanswered(at), unread = 1;
    svga_word *w = bar_words(&m, at);
    for (int i = 0; i < 3; i++) {
        later(9000);
        assert_int_equal(atomic_load(&w[SVGA_FIFO_ERROR]), SVGA_ERROR_NONE);
        assert_int_equal(svga_link_send(link, &wait, NULL, NULL, 0), 0);
        for (int tries = 0; tries < LIMIT_MS && unread > 0; tries++, usleep(1000))
            assert_int_equal(ioctl(link, SIOCOUTQ, &unread), 0);
        assert_int_equal(unread, 0);
        unread = 1;
        later(0); /* it has been taken, and now it has been acted on */
    }
    later(11000);
    assert_int_equal(atomic_load(&w[SVGA_FIFO_ERROR]), SVGA_ERROR_WORKER_DIED);
    end_unanswered(link);
}

static void a_reset_ends_all_sessions(void **state) {
    (void)state;
    machine_send(&m, VU_RESET_DEVICE, NULL, 0, NULL, 0, NULL, 0);
    assert_false(link_receive(link_, &packet));
}

static void a_vm_that_goes_ends_all_sessions(void **state) {
    (void)state;
    shutdown(m.sock, SHUT_RDWR);
    assert_false(link_receive(link_, &packet));
}

static void waits_of_a_paused_machine_are_answered_later(void **state) {
    (void)state;
    struct request parked = wait_begin(CTX, 0, 8);
    gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 7); /* the wait was taken from the ring */
    uint16_t base = machine_stop_rings(&m);
    interrupt();
    assert_false(machine_answered(&m, parked, 50));
    machine_set_up_rings(&m, base);
    assert_int_equal(machine_wait(&m, parked), VIRTIO_GPU_RESP_OK_NODATA);
    /* The session lives on. */
    gpu_payload(&m, CTX, (struct svga_payload){.op = SVGA_PAYLOAD_REG_WRITE, .seq = 2, .id = 23}, NULL);
    expect(SVGA_LINK_REG_WRITE, 23);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int run_session_tests(void) {
    const struct CMUnitTest tests[] = {
        T(register_writes_pass),
        T(region_of_high_and_low_memory),
        T(region_of_scattered_pages),
        T(another_contexts_resource_is_refused),
        T(regions_that_cannot_be),
        T(pages_are_taken_from_the_worker),
        T(pages_stay_while_the_worker_lives),
        T(pages_taken_back_without_a_word),
        T(region_that_the_device_refused),
        T(killed_process_gives_pages_back_after_the_link),
        T(bar_that_goes_ends_the_session),
        T(wait_ends_with_the_interrupt),
        T(wait_ends_by_itself),
        T(younger_fence_ends_older_waits),
        T(many_waits_do_not_fill_the_queue),
        T(doorbell_wakes_the_sleeper),
        T(worker_that_dies_is_told),
        T(an_error_that_is_there_stays),
        T(device_half_that_lies),
        T(variables_go_before_all_others),
        T(more_variables_than_there_can_be_are_refused),
        T(refused_session_says_why),
        T(who_is_gone_has_said_why),
        T(opening_has_a_deadline),
        T(who_is_told_to_wait_waits),
        T(a_reset_ends_all_sessions),
        T(a_vm_that_goes_ends_all_sessions),
        T(waits_of_a_paused_machine_are_answered_later),
    };
    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
