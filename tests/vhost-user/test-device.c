// SPDX-License-Identifier: MIT
/* The virtio-gpu device, driven over a vhost-user connection. */
#include "tests/vhost-user/machine.h"
#include "tests/vhost-user/tests.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/log.h"
#include "svga-model/futex.h"

static struct machine m;
static unsigned fds_before;

static int setup(void **state) {
    (void)state;
    fds_before = unit_open_fds();
    machine_start(&m);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    machine_stop(&m);
    assert_int_equal(unit_open_fds(), fds_before);
    return 0;
}

static uint32_t command(uint32_t type) {
    struct virtio_gpu_ctrl_hdr h = {.type = type};
    return machine_do(&m, &h, sizeof h);
}

static void configuration(void **state) {
    struct vu_config c = {.size = sizeof(struct virtio_gpu_config)}, reply;
    size_t size = offsetof(struct vu_config, bytes) + c.size;
    struct virtio_gpu_config config;
    (void)state;
    assert_int_equal(size, 28);
    machine_send(&m, VU_GET_CONFIG, &c, size, NULL, 0, &reply, size);
    memcpy(&config, reply.bytes, sizeof config);
    assert_int_equal(config.num_scanouts, 1);
    assert_int_equal(config.num_capsets, 1);
}

static void capset(void **state) {
    struct virtio_gpu_get_capset_info info = {.hdr.type = VIRTIO_GPU_CMD_GET_CAPSET_INFO};
    struct virtio_gpu_get_capset get = {.hdr.type = VIRTIO_GPU_CMD_GET_CAPSET, .capset_id = SVGA_CAPSET_ID};
    (void)state;
    struct request r = machine_submit(&m, &info, sizeof info, false);
    assert_int_equal(machine_wait(&m, r), VIRTIO_GPU_RESP_OK_CAPSET_INFO);
    struct virtio_gpu_resp_capset_info *i = (void *)r.response;
    assert_int_equal(i->capset_id, SVGA_CAPSET_ID);
    assert_true(i->capset_id <= 30);
    assert_int_equal(i->capset_max_size, sizeof(struct svga_capset));
    info.capset_index = 1;
    assert_int_equal(machine_do(&m, &info, sizeof info), VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);

    r = machine_submit(&m, &get, sizeof get, true);
    assert_int_equal(machine_wait(&m, r), VIRTIO_GPU_RESP_OK_CAPSET);
    struct svga_capset *c = (void *)(r.response + sizeof(struct virtio_gpu_ctrl_hdr));
    assert_int_equal(c->magic, SVGA_CAPSET_MAGIC);
    assert_int_equal(c->version, SVGA_CAPSET_VERSION);
    get.capset_id = 1;
    assert_int_equal(machine_do(&m, &get, sizeof get), VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
}

static void pictures_are_taken_and_thrown_away(void **state) {
    (void)state;
    assert_int_equal(command(VIRTIO_GPU_CMD_GET_DISPLAY_INFO), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    assert_int_equal(command(VIRTIO_GPU_CMD_GET_EDID), VIRTIO_GPU_RESP_OK_EDID);
    assert_int_equal(command(VIRTIO_GPU_CMD_SET_SCANOUT), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(command(VIRTIO_GPU_CMD_RESOURCE_FLUSH), VIRTIO_GPU_RESP_OK_NODATA);
}

static void display_socket_stays_open(void **state) {
    int pair[2];
    struct pollfd p;
    (void)state;
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
    machine_send(&m, VU_GPU_SET_SOCKET, NULL, 0, &pair[1], 1, NULL, 0);
    close(pair[1]);
    assert_int_equal(command(VIRTIO_GPU_CMD_GET_DISPLAY_INFO), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    p = (struct pollfd){pair[0], POLLIN, 0};
    assert_int_equal(poll(&p, 1, 0), 0);
    close(pair[0]);
}

static void unknown_and_cut_commands(void **state) {
    (void)state;
    assert_int_equal(command(0x9999), VIRTIO_GPU_RESP_ERR_UNSPEC);
    assert_int_equal(machine_do(&m, "abc", 3), VIRTIO_GPU_RESP_ERR_UNSPEC);
    /* Cut to the header: zeros stand for the rest, and id 0 is no id. */
    assert_int_equal(command(VIRTIO_GPU_CMD_RESOURCE_CREATE_3D), VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    assert_int_equal(command(VIRTIO_GPU_CMD_RESOURCE_UNREF), VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    assert_int_equal(command(VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING),
                     VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    assert_int_equal(command(VIRTIO_GPU_CMD_CTX_CREATE), VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID);
    assert_int_equal(command(VIRTIO_GPU_CMD_CTX_DESTROY), VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID);
    assert_int_equal(command(VIRTIO_GPU_CMD_SUBMIT_3D), VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID);
}

static void more_pages_announced_than_sent(void **state) {
    struct virtio_gpu_resource_create_3d create = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
                                                   .resource_id = 5};
    struct {
        struct virtio_gpu_resource_attach_backing attach;
        struct virtio_gpu_mem_entry entry;
    } __attribute__((packed))
    backing = {{.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, .resource_id = 5, .nr_entries = 2},
               {.addr = 0x600000, .length = 4096}};
    (void)state;
    assert_int_equal(machine_do(&m, &create, sizeof create), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(machine_do(&m, &create, sizeof create), VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    assert_int_equal(machine_do(&m, &backing, sizeof backing), VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    backing.attach.nr_entries = UINT32_MAX;
    assert_int_equal(machine_do(&m, &backing, sizeof backing), VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    backing.attach.nr_entries = 1;
    assert_int_equal(machine_do(&m, &backing, sizeof backing), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(machine_do(&m, &backing, sizeof backing), VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    assert_int_equal(machine_wait(&m, gpu_unref_begin(&m, 5)), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(machine_wait(&m, gpu_unref_begin(&m, 5)), VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
}

static void payloads_that_are_not_ours(void **state) {
    struct {
        struct virtio_gpu_cmd_submit submit;
        uint32_t words[64];
    } c = {.submit = {.hdr = {.type = VIRTIO_GPU_CMD_SUBMIT_3D, .ctx_id = 3}, .size = 256}};
    (void)state;
    assert_int_equal(gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 3), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(machine_do(&m, &c, sizeof c), VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    c.submit.size = 257; /* more than there is */
    assert_int_equal(machine_do(&m, &c, sizeof c), VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    c.submit.size = UINT32_MAX;
    assert_int_equal(machine_do(&m, &c, sizeof c), VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    /* A fence is signalled all the same, or the guest would wait for ever. */
    c.submit.size = 256;
    c.submit.hdr.flags = VIRTIO_GPU_FLAG_FENCE;
    c.submit.hdr.fence_id = 77;
    struct request r = machine_submit(&m, &c, sizeof c, false);
    assert_int_equal(machine_wait(&m, r), VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    struct virtio_gpu_ctrl_hdr *h = (void *)r.response;
    assert_int_equal(h->flags & VIRTIO_GPU_FLAG_FENCE, VIRTIO_GPU_FLAG_FENCE);
    assert_int_equal(h->fence_id, 77);
    /* A payload of ours that must come first is a BAR's definition. */
    assert_int_equal(gpu_payload(&m, 3, (struct svga_payload){.op = SVGA_PAYLOAD_DOORBELL}, NULL),
                     VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
}

static void break_ring(void) {
    struct vring_avail *avail = machine_at(&m, 0x2000);
    avail->idx = (uint16_t)(avail->idx + 2000);
    uint64_t one = 1;
    assert_int_equal(write(m.kick[0], &one, sizeof one), sizeof one);
}

/* QEMU resets the device: fresh rings. */
static void reset(void) {
    machine_send(&m, VU_RESET_DEVICE, NULL, 0, NULL, 0, NULL, 0);
    machine_stop_rings(&m);
    memset(machine_at(&m, 0x1000), 0, 0x3000);
    m.avail[0] = m.seen[0] = 0;
    machine_set_up_rings(&m, 0);
}

static void broken_ring_is_not_served_until_it_is_new(void **state) {
    (void)state;
    assert_int_equal(command(VIRTIO_GPU_CMD_GET_DISPLAY_INFO), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    break_ring();
    reset();
    assert_int_equal(command(VIRTIO_GPU_CMD_GET_DISPLAY_INFO), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

/* A guest's kernel may do that as often as it likes: the host's log does not grow with it. */
static void broken_rings_do_not_fill_the_log(void **state) {
    enum { TIMES = 150 };
    uint64_t start = svga_now_ns();
    (void)state;

    unit_errors_begin();
    for (int i = 0; i < TIMES; i++) {
        break_ring();
        uint64_t features; /* it has come by the kick then */
        for (int k = 0; k < 4; k++)
            machine_send(&m, VU_GET_FEATURES, NULL, 0, NULL, 0, &features, sizeof features);
        reset();
    }
    unsigned lines = unit_count(unit_errors_end(), "trillium: the VM's virtio-gpu driver broke queue 0");
    assert_true(lines > 0);
    assert_true(lines <= LOG_BURST + 1 + LOG_PER_SECOND * ((svga_now_ns() - start) / 1000000000 + 1));
    assert_int_equal(command(VIRTIO_GPU_CMD_GET_DISPLAY_INFO), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

/* The ring's size is a number of another message than its place: one that the place has no room for is not believed. */
static void ring_does_not_grow_under_its_place(void **state) {
    const struct virtio_gpu_ctrl_hdr c = {.type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO};
    static const uint32_t sizes[] = {0, 3, 1u << 16, UINT32_MAX};
    struct vu_vring_state size = {0}, base;
    uint64_t features;
    (void)state;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size.num = sizes[i];
        machine_send(&m, VU_SET_VRING_NUM, &size, sizeof size, NULL, 0, NULL, 0);
        machine_send(&m, VU_GET_FEATURES, NULL, 0, NULL, 0, &features, sizeof features); /* it has come */
        uint16_t before = m.avail[0];
        machine_submit(&m, &c, sizeof c, false);
        /* Behind the kick: a front that took it has come by it twice by then. */
        for (int k = 0; k < 4; k++)
            machine_send(&m, VU_GET_FEATURES, NULL, 0, NULL, 0, &features, sizeof features);
        machine_send(&m, VU_GET_VRING_BASE, &(struct vu_vring_state){0, 0}, sizeof base, NULL, 0, &base,
                     sizeof base);
        assert_int_equal(base.num, before);
        machine_stop_rings(&m);
        memset(machine_at(&m, 0x1000), 0, 0x3000);
        m.avail[0] = m.seen[0] = 0;
        machine_set_up_rings(&m, 0);
        assert_int_equal(command(VIRTIO_GPU_CMD_GET_DISPLAY_INFO), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    }
}

/* A connection that sends what is not vhost-user, or not possible, ends, and front_run says so. */
static int result_of(const void *bytes, size_t size) {
    struct front_config config = {0};
    struct front *front = front_create(&config);
    int pair[2];
    assert_non_null(front);
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
    assert_int_equal(write(pair[0], bytes, size), size);
    shutdown(pair[0], SHUT_WR);
    int r = front_run(front, -1, pair[1]);
    front_destroy(front);
    close(pair[0]);
    return r;
}

/* One that stops within a message does not keep the front, which has more to do. */
static void connection_that_stalls(void **state) {
    struct front_config config = {0};
    struct front *front = front_create(&config);
    int pair[2];
    (void)state;
    assert_non_null(front);
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
    assert_int_equal(write(pair[0], "abc", 3), 3);
    assert_int_equal(front_run(front, -1, pair[1]), -EPROTO);
    front_destroy(front);
    close(pair[0]);
}

static void connections_that_break_the_protocol(void **state) {
    struct {
        struct vu_header header;
        uint64_t value[2];
    } message = {{VU_SET_VRING_KICK, VU_FLAG_VERSION, 8}, {0}};
    (void)state;
    assert_int_equal(result_of("", 0), 0);
    assert_int_equal(result_of("abc", 3), -EPROTO);
    assert_int_equal(result_of(&message, 20), -EINVAL); /* no descriptor with it */
    message.value[0] = 2 | VU_VRING_FD_NONE;            /* there is no queue 2 */
    assert_int_equal(result_of(&message, 20), -EINVAL);
    message.header.request = 999;
    assert_int_equal(result_of(&message, 20), -EOPNOTSUPP);
    message.header.flags = 2;
    assert_int_equal(result_of(&message, 20), -EPROTO);
    message.header.flags = VU_FLAG_VERSION;
    message.header.size = 1u << 20;
    assert_int_equal(result_of(&message, 20), -EPROTO);
    message.header = (struct vu_header){VU_SET_VRING_NUM, VU_FLAG_VERSION, 8};
    assert_int_equal(result_of(&message, 16), -EPROTO); /* ends in the middle */
}

static void a_paused_machine_goes_on(void **state) {
    (void)state;
    assert_int_equal(gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 9), VIRTIO_GPU_RESP_OK_NODATA);
    uint16_t base = machine_stop_rings(&m);
    assert_int_equal(base, m.avail[0]);
    machine_set_up_rings(&m, base);
    /* The context is still there. */
    assert_int_equal(gpu_context(&m, VIRTIO_GPU_CMD_CTX_DESTROY, 9), VIRTIO_GPU_RESP_OK_NODATA);
}

static void a_driver_that_starts_anew_finds_nothing(void **state) {
    (void)state;
    assert_int_equal(gpu_context(&m, VIRTIO_GPU_CMD_CTX_CREATE, 9), VIRTIO_GPU_RESP_OK_NODATA);
    machine_stop_rings(&m);
    memset(machine_at(&m, 0x1000), 0, 0x3000);
    m.avail[0] = m.seen[0] = 0;
    machine_set_up_rings(&m, 0);
    assert_int_equal(gpu_context(&m, VIRTIO_GPU_CMD_CTX_DESTROY, 9), VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID);
}

/* The socket by which user-mode Linux is called is full soon, if nobody reads it: answers come all the same. */
static void calls_that_nobody_takes_hold_nobody_up(void **state) {
    enum { MORE_THAN_FIT = 200, LOOKS = 1000000 };
    int kept = m.call[0];
    (void)state;

    m.call[0] =
        eventfd(LOOKS, EFD_CLOEXEC | EFD_SEMAPHORE); /* look at the ring so often, without being called */
    for (int i = 0; i < MORE_THAN_FIT; i++)
        assert_int_equal(command(VIRTIO_GPU_CMD_GET_DISPLAY_INFO), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    close(m.call[0]);
    m.call[0] = kept;
}

static int setup_uml(void **state) {
    (void)state;
    fds_before = unit_open_fds();
    machine_start_as(&m, MACHINE_UML);
    return 0;
}

static int setup_crosvm(void **state) {
    (void)state;
    fds_before = unit_open_fds();
    machine_start_as(&m, MACHINE_CROSVM);
    return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define AS_UML(f) cmocka_unit_test_setup_teardown(f, setup_uml, teardown)
#define AS_CROSVM(f) cmocka_unit_test_setup_teardown(f, setup_crosvm, teardown)

static void *nothing(void *unused) {
    return unused;
}

/* What a hostile VMM may do to a front: events that cannot be told without waiting. It is freed, and hangs up. */
static void events_that_block(void **state) {
    struct machine m;
    uint64_t index = 0;
    (void)state;

#ifdef __SANITIZE_THREAD__
    skip(); /* it keeps signals back until a call returns */
#endif
    machine_start(&m);
    int call = eventfd(0, EFD_CLOEXEC); /* blocks */
    assert_true(call >= 0 && eventfd_write(call, UINT64_MAX - 1) == 0);
    uint64_t taken = 1;
    machine_send(&m, VU_SET_VRING_CALL, &index, sizeof index, &call, 1, &taken, sizeof taken);
    assert_int_equal(taken, 0); /* before the kick: they come by different ways */
    struct virtio_gpu_ctrl_hdr bad = {.type = 0xffff};
    machine_submit(&m, &bad, sizeof bad, false);
    pthread_join(m.thread, NULL);
    assert_int_equal(m.result, -EPROTO);
    eventfd_t count = 0;
    assert_int_equal(eventfd_read(call, &count), 0); /* it is as it was */
    assert_true(count == UINT64_MAX - 1);
    close(call);
    assert_int_equal(pthread_create(&m.thread, NULL, nothing, NULL), 0); /* for machine_stop to wait for */
    machine_stop(&m);
}

int run_device_tests(void) {
    const struct CMUnitTest tests[] = {
        T(configuration),
        T(capset),
        T(pictures_are_taken_and_thrown_away),
        T(display_socket_stays_open),
        T(unknown_and_cut_commands),
        T(more_pages_announced_than_sent),
        T(payloads_that_are_not_ours),
        T(broken_ring_is_not_served_until_it_is_new),
        T(broken_rings_do_not_fill_the_log),
        T(a_paused_machine_goes_on),
        T(a_driver_that_starts_anew_finds_nothing),
        AS_CROSVM(configuration),
        AS_CROSVM(capset),
        AS_CROSVM(a_driver_that_starts_anew_finds_nothing),
        AS_CROSVM(a_paused_machine_goes_on),
        AS_UML(configuration),
        AS_UML(capset),
        AS_UML(unknown_and_cut_commands),
        AS_UML(payloads_that_are_not_ours),
        AS_UML(calls_that_nobody_takes_hold_nobody_up),
        cmocka_unit_test(connections_that_break_the_protocol),
        cmocka_unit_test(connection_that_stalls),
        cmocka_unit_test(events_that_block),
        T(ring_does_not_grow_under_its_place),
    };
    return cmocka_run_group_tests_name("virtio-gpu device", tests, NULL, NULL);
}
