// SPDX-License-Identifier: MIT
#include "tests/vhost-user/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/cell/daemon.h"
#include "svga-model/hand.h"

/* Where the rings of queue `i` lie in low RAM. */
#define DESC_AT(i) (0x1000u + (i)*0x4000u)
#define AVAIL_AT(i) (0x2000u + (i)*0x4000u)
#define USED_AT(i) (0x3000u + (i)*0x4000u)
/* Indirect tables and request bytes of each head. */
#define SLOT_AT(head) (0x100000u + (head)*0x10000u)
/* Bytes of low RAM that user-mode Linux keeps to itself: where its image lies. */
#define IMAGE 0x1000u

void machine_make_ram(struct machine *m) {
    m->ram = unit_memfd(RAM_LOW + RAM_HIGH);
    m->low = mmap(NULL, RAM_LOW + RAM_HIGH, PROT_READ | PROT_WRITE, MAP_SHARED, m->ram, 0);
    assert_ptr_not_equal(m->low, MAP_FAILED);
    m->high = m->low + RAM_LOW;
    m->next_page = 0xa00000;
}

void *machine_at(struct machine *m, uint64_t a) {
    return a >= RAM_HIGH_AT ? m->high + (a - RAM_HIGH_AT) : m->low + a;
}

uint64_t machine_pages(struct machine *m, unsigned count) {
    uint64_t at = m->next_page;
    m->next_page += (uint64_t)count * 4096;
    assert_true(m->next_page <= RAM_LOW);
    return at;
}

/* ---- vhost-user ---- */

void machine_send(struct machine *m, uint32_t request, const void *payload, size_t size, const int *fds,
                  unsigned count, void *reply, size_t reply_size) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(8 * sizeof(int))];
    } control = {0};
    struct vu_header header = {
        request,
        VU_FLAG_VERSION | (reply && reply_size == 8 && (size > 0 || count > 0) ? VU_FLAG_NEED_REPLY : 0),
        (uint32_t)size};
    struct iovec iov[2] = {{&header, sizeof header}, {(void *)payload, size}};
    struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};
    if (count > 0) {
        mh.msg_control = control.bytes;
        mh.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
        *c = (struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    }
    assert_int_equal(sendmsg(m->sock, &mh, MSG_NOSIGNAL), sizeof header + size);
    if (reply) {
        struct pollfd p = {m->sock, POLLIN, 0};
        assert_int_equal(poll(&p, 1, LIMIT_MS), 1);
        assert_int_equal(recv(m->sock, &header, sizeof header, MSG_WAITALL), sizeof header);
        assert_int_equal(header.request, request);
        assert_int_equal(header.flags, VU_FLAG_VERSION | VU_FLAG_REPLY);
        assert_int_equal(header.size, reply_size);
        assert_int_equal(recv(m->sock, reply, reply_size, MSG_WAITALL), reply_size);
    }
}

/* With an acknowledgement, if `acked`. */
static void send_told(struct machine *m, uint32_t request, const void *payload, size_t size, const int *fds,
                      unsigned count, bool acked) {
    uint64_t result = 0;
    machine_send(m, request, payload, size, fds, count, acked ? &result : NULL, sizeof result);
    assert_int_equal(result, 0);
}

static void send_one(struct machine *m, uint32_t request, const void *payload, size_t size, const int *fd) {
    send_told(m, request, payload, size, fd, fd ? 1 : 0, m->vmm == MACHINE_UML);
}

static void send_u64(struct machine *m, uint32_t request, uint64_t value) {
    send_one(m, request, &value, sizeof value, NULL);
}

static void send_state(struct machine *m, uint32_t request, uint32_t index, uint32_t num) {
    send_one(m, request, &(struct vu_vring_state){index, num}, sizeof(struct vu_vring_state), NULL);
}

static void send_memory(struct machine *m) {
    struct vu_memory_table two = {
        .count = 2,
        .regions = {{0, RAM_LOW, USER_AT, 0}, {RAM_HIGH_AT, RAM_HIGH, USER_AT + RAM_LOW, RAM_LOW}}};
    struct vu_memory_table one = {.count = 1, .regions = {{IMAGE, RAM_LOW - IMAGE, IMAGE, IMAGE}}};
    bool uml = m->vmm == MACHINE_UML;
    /* user-mode Linux's message has room for a second region always */
    send_told(m, VU_SET_MEM_TABLE, uml ? &one : &two, 8 + 2 * sizeof two.regions[0], (int[2]){m->ram, m->ram},
              uml ? 1 : 2, m->vmm != MACHINE_CROSVM);
}

static void send_address(struct machine *m, uint32_t i) {
    uint64_t at = m->vmm == MACHINE_UML ? 0 : USER_AT;
    struct vu_vring_addr a = {.index = i,
                              .desc = at + DESC_AT(i),
                              .used = at + USED_AT(i),
                              .avail = at + AVAIL_AT(i),
                              .log = m->vmm == MACHINE_UML ? UINT64_MAX : 0};
    send_one(m, VU_SET_VRING_ADDR, &a, sizeof a, NULL);
}

static void set_up_rings_of_uml(struct machine *m, uint16_t base) {
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t index = i;
        int call[2];
        const int small = 4096; /* so that a test may fill it */
        assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, call), errno);
        assert_return_code(setsockopt(call[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), errno);
        assert_int_equal(dup3(call[0], m->call[i], O_CLOEXEC), m->call[i]);
        close(call[0]);
        send_one(m, VU_SET_VRING_CALL, &index, 8, &call[1]);
        close(call[1]);
        send_state(m, VU_SET_VRING_NUM, i, QUEUE_SIZE);
        send_state(m, VU_SET_VRING_BASE, i, i == 0 ? base : 0);
        send_address(m, i);
    }
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t index = i;
        send_one(m, VU_SET_VRING_KICK, &index, 8, &m->kick[i]);
        send_state(m, VU_SET_VRING_ENABLE, i, 1);
    }
}

void machine_set_up_rings(struct machine *m, uint16_t base) {
    if (m->vmm == MACHINE_UML) {
        set_up_rings_of_uml(m, base);
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t index = i;
        send_state(m, VU_SET_VRING_NUM, i, QUEUE_SIZE);
        if (m->vmm == MACHINE_CROSVM)
            send_address(m, i);
        send_state(m, VU_SET_VRING_BASE, i, i == 0 ? base : 0);
        if (m->vmm == MACHINE_QEMU) {
            send_address(m, i);
            machine_send(m, VU_SET_VRING_KICK, &index, 8, &m->kick[i], 1, NULL, 0);
            machine_send(m, VU_SET_VRING_CALL, &index, 8, &m->call[i], 1, NULL, 0);
        } else {
            machine_send(m, VU_SET_VRING_CALL, &index, 8, &m->call[i], 1, NULL, 0);
            machine_send(m, VU_SET_VRING_KICK, &index, 8, &m->kick[i], 1, NULL, 0);
        }
        send_state(m, VU_SET_VRING_ENABLE, i, 1);
    }
}

uint16_t machine_stop_rings(struct machine *m) {
    struct vu_vring_state state[2];
    for (uint32_t i = 0; i < 2; i++) {
        if (m->vmm == MACHINE_CROSVM)
            send_state(m, VU_SET_VRING_ENABLE, i, 0);
        machine_send(m, VU_GET_VRING_BASE, &(struct vu_vring_state){i, 0}, sizeof state[0], NULL, 0,
                     &state[i], sizeof state[0]);
    }
    return (uint16_t)state[0].num;
}

/* ---- the front ---- */

static _Atomic int64_t stands_ms; /* 0: the time passes as ever */

/* Linked in the C library's stead: -Wl,--wrap=clock_gettime. */
int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t) {
    int64_t ms = id == CLOCK_MONOTONIC ? atomic_load(&stands_ms) : 0;
    if (ms == 0)
        return __real_clock_gettime(id, t);
    *t = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    return 0;
}

void machine_pass_time(int ms) {
    struct timespec t;
    __real_clock_gettime(CLOCK_MONOTONIC, &t);
    if (ms < 0)
        atomic_store(&stands_ms, 0);
    else if (atomic_load(&stands_ms) == 0)
        atomic_store(&stands_ms, t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms);
    else
        atomic_fetch_add(&stands_ms, ms);
}

static int open_session(void *opaque) {
    struct machine *m = opaque;
    int pair[2];
    pthread_mutex_lock(&m->lock);
    int r = m->refuse                                                         ? -EDQUOT
            : socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno
                                                                              : 0;
    if (r == 0 && m->gone) {
        shutdown(pair[1], SHUT_RD);
        svga_link_send_text(pair[1], SVGA_LINK_REFUSED, m->gone, strlen(m->gone) + 1);
        close(pair[1]);
        r = pair[0];
    } else if (r == 0) {
        m->links[m->opened++ % 16] = pair[1];
        r = pair[0];
    }
    pthread_mutex_unlock(&m->lock);
    return r;
}

int machine_link(struct machine *m) {
    pthread_mutex_lock(&m->lock);
    int link = m->links[(m->opened - 1) % 16];
    pthread_mutex_unlock(&m->lock);
    return link;
}

static void *run_front(void *arg) {
    struct machine *m = arg;
    /* as in a daemon: whatever a front does in these tests it does behind its wall */
    m->walled = daemon_confine(DAEMON_FRONT);
    m->result = front_run(m->front, -1, m->result);
    return NULL;
}

/* A channel for requests of the back-end's, which stays open. Without that the driver gets no interrupt for its queues. */
static void set_up_requests(struct machine *m, uint64_t protocol) {
    struct pollfd p;
    int pair[2];

    assert_true(protocol & VU_PROTOCOL_F_BACKEND_REQ);
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
    send_one(m, VU_SET_BACKEND_REQ_FD, NULL, 0, &pair[1]);
    close(pair[1]);
    p = (struct pollfd){pair[0], POLLIN, 0};
    assert_int_equal(poll(&p, 1, 0), 0);
    close(pair[0]);
}

void machine_start(struct machine *m) {
    machine_start_as(m, MACHINE_QEMU);
}

void machine_start_as(struct machine *m, enum machine_vmm vmm) {
    int pair[2];
    uint64_t features, protocol;

    memset(m, 0, sizeof *m);
    m->vmm = vmm;
    machine_make_ram(m);
    pthread_mutex_init(&m->lock, NULL);
    m->config = (struct front_config){.open_session = open_session, .opaque = m};
    m->front = front_create(&m->config);
    assert_non_null(m->front);
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
    m->sock = pair[0];
    m->result = pair[1];
    assert_int_equal(pthread_create(&m->thread, NULL, run_front, m), 0);
    for (int i = 0; i < 2; i++) {
        m->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        m->call[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    machine_send(m, VU_SET_OWNER, NULL, 0, NULL, 0, NULL, 0);
    machine_send(m, VU_GET_FEATURES, NULL, 0, NULL, 0, &features, sizeof features);
    assert_true(features & (1ull << VIRTIO_GPU_F_VIRGL));
    assert_true(features & VU_F_PROTOCOL_FEATURES);
    machine_send(m, VU_GET_PROTOCOL_FEATURES, NULL, 0, NULL, 0, &protocol, sizeof protocol);
    assert_true(protocol & VU_PROTOCOL_F_CONFIG);
    /* the others set what they know themselves: CONFIG and REPLY_ACK of these */
    send_u64(m, VU_SET_PROTOCOL_FEATURES,
             vmm == MACHINE_QEMU ? protocol
                                 : protocol & (VU_PROTOCOL_F_CONFIG | VU_PROTOCOL_F_REPLY_ACK |
                                               (vmm == MACHINE_UML ? VU_PROTOCOL_F_BACKEND_REQ : 0)));
    if (vmm == MACHINE_UML)
        set_up_requests(m, protocol);
    m->event_idx = true;
    send_u64(m, VU_SET_FEATURES, features);
    send_memory(m);
    machine_set_up_rings(m, 0);
}

void machine_stop(struct machine *m) {
    close(m->sock);
    pthread_join(m->thread, NULL);
    assert_int_equal(m->walled, 0);
    front_destroy(m->front);
    for (int i = 0; i < 2; i++) {
        close(m->kick[i]);
        close(m->call[i]);
    }
    munmap(m->low, RAM_LOW + RAM_HIGH);
    close(m->ram);
    pthread_mutex_destroy(&m->lock);
}

/* ---- the driver's side of a ring ---- */

static struct vring_desc *descriptors(struct machine *m) {
    return machine_at(m, DESC_AT(0));
}

struct request machine_submit(struct machine *m, const void *bytes, size_t size, bool indirect) {
    uint16_t head = m->avail[0] % (QUEUE_SIZE / 2) * 2; /* two descriptors each */
    struct vring_desc *d = descriptors(m);
    uint64_t slot = SLOT_AT(head / 2);
    struct vring_avail *avail = machine_at(m, AVAIL_AT(0));
    struct vring_desc two[2] = {
        {slot + 0x1000, (uint32_t)size, VRING_DESC_F_NEXT, (uint16_t)(indirect ? 1 : head + 1)},
        {slot + 0x100, 0xf00, VRING_DESC_F_WRITE, 0}};

    assert_true(size <= 0xf000);
    memcpy(machine_at(m, slot + 0x1000), bytes, size);
    memset(machine_at(m, slot + 0x100), 0, 0xf00);
    if (indirect) {
        memcpy(machine_at(m, slot), two, sizeof two);
        d[head] = (struct vring_desc){slot, sizeof two, VRING_DESC_F_INDIRECT, 0};
    } else {
        memcpy(&d[head], two, sizeof two);
    }
    m->done[head] = false;
    avail->ring[m->avail[0] % QUEUE_SIZE] = head;
    m->avail[0]++;
    __atomic_store_n(&avail->idx, m->avail[0], __ATOMIC_RELEASE);
    eventfd_write(m->kick[0], 1);
    return (struct request){head, machine_at(m, slot + 0x100)};
}

/* Takes what is in the used ring, and asks for an interrupt at the next. */
static void take_used(struct machine *m) {
    struct vring_used *used = machine_at(m, USED_AT(0));
    struct vring_avail *avail = machine_at(m, AVAIL_AT(0));
    for (;;) {
        while (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) != m->seen[0]) {
            uint32_t id = used->ring[m->seen[0] % QUEUE_SIZE].id;
            assert_true(id < QUEUE_SIZE);
            assert_false(m->done[id]); /* answered twice */
            m->done[id] = true;
            m->seen[0]++;
        }
        __atomic_store_n(&avail->ring[QUEUE_SIZE], m->seen[0], __ATOMIC_SEQ_CST); /* used_event */
        if (__atomic_load_n(&used->idx, __ATOMIC_SEQ_CST) == m->seen[0])
            return;
    }
}

bool machine_answered(struct machine *m, struct request r, int limit_ms) {
    for (;;) {
        struct pollfd p = {m->call[0], POLLIN, 0};
        eventfd_t count;
        take_used(m);
        if (m->done[r.head])
            return true;
        if (poll(&p, 1, limit_ms) == 0)
            return false;
        eventfd_read(m->call[0], &count);
    }
}

uint32_t machine_wait(struct machine *m, struct request r) {
    assert_true(machine_answered(m, r, LIMIT_MS));
    return ((struct virtio_gpu_ctrl_hdr *)r.response)->type;
}

uint32_t machine_do(struct machine *m, const void *bytes, size_t size) {
    return machine_wait(m, machine_submit(m, bytes, size, m->avail[0] % 2));
}

/* ---- virtio-gpu ---- */

uint32_t gpu_context(struct machine *m, uint32_t type, uint32_t ctx) {
    struct virtio_gpu_ctx_create c = {.hdr = {.type = type, .ctx_id = ctx}};
    return machine_do(m, &c, type == VIRTIO_GPU_CMD_CTX_CREATE ? sizeof c : sizeof c.hdr);
}

uint32_t gpu_resource(struct machine *m, uint32_t id, uint32_t ctx, uint64_t guest_addr, uint64_t size) {
    struct virtio_gpu_resource_create_3d create = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
                                                   .resource_id = id};
    struct {
        struct virtio_gpu_resource_attach_backing attach;
        struct virtio_gpu_mem_entry entry;
    } __attribute__((packed))
    backing = {{.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, .resource_id = id, .nr_entries = 1},
               {.addr = guest_addr, .length = (uint32_t)size}};
    struct virtio_gpu_ctx_resource own = {.hdr = {.type = VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, .ctx_id = ctx},
                                          .resource_id = id};
    uint32_t r = machine_do(m, &create, sizeof create);
    if (r == VIRTIO_GPU_RESP_OK_NODATA)
        r = machine_do(m, &backing, sizeof backing);
    if (r == VIRTIO_GPU_RESP_OK_NODATA)
        r = machine_do(m, &own, sizeof own);
    return r;
}

struct request gpu_unref_begin(struct machine *m, uint32_t id) {
    struct virtio_gpu_resource_unref c = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_UNREF, .resource_id = id};
    return machine_submit(m, &c, sizeof c, false);
}

struct request gpu_payload_begin(struct machine *m, uint32_t ctx, const struct svga_payload *p,
                                 const uint32_t *ids, uint64_t fence) {
    struct {
        struct virtio_gpu_cmd_submit submit;
        struct svga_payload payload;
        uint32_t ids[SVGA_PAYLOAD_MAX_RESOURCES];
    } c = {.submit = {.hdr = {.type = VIRTIO_GPU_CMD_SUBMIT_3D,
                              .ctx_id = ctx,
                              .flags = fence ? VIRTIO_GPU_FLAG_FENCE : 0,
                              .fence_id = fence}},
           .payload = *p};
    c.payload.magic = SVGA_CAPSET_MAGIC;
    c.submit.size = (uint32_t)(sizeof *p + p->count * sizeof *ids);
    if (p->count > 0)
        memcpy(c.ids, ids, p->count * sizeof *ids);
    return machine_submit(m, &c, sizeof c.submit + c.submit.size, true);
}

uint32_t gpu_payload(struct machine *m, uint32_t ctx, struct svga_payload p, const uint32_t *ids) {
    return machine_wait(m, gpu_payload_begin(m, ctx, &p, ids, 0));
}

/* ---- sessions ---- */

bool link_receive(int link, struct svga_link_packet *packet) {
    struct pollfd p = {link, POLLIN, 0};
    assert_int_equal(poll(&p, 1, LIMIT_MS), 1);
    int r = svga_link_recv(link, packet);
    assert_true(r >= 0);
    return r > 0;
}

void link_reply(int link, uint32_t seq, uint64_t status) {
    struct svga_link_msg reply = {.type = SVGA_LINK_REPLY, .seq = seq, .arg = status};
    assert_int_equal(svga_link_send(link, &reply, NULL, NULL, 0), 0);
}

void link_place(int link, uint32_t seq) {
    struct svga_link_msg reply = {.type = SVGA_LINK_REPLY, .seq = seq, .address = OWNER_ADDRESS(seq)};
    assert_int_equal(svga_link_send(link, &reply, NULL, NULL, 0), 0);
}

/* Tells of its memory until the other end closes. */
static void own_hand(int sock) {
    struct svga_link_msg msg = {.type = SVGA_LINK_REPLY};
    int fds[SVGA_HAND_FDS], probe[2];
    uint64_t address;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (close_range(3, (unsigned)sock - 1, 0) < 0 || close_range((unsigned)sock + 1, ~0u, 0) < 0 ||
        pipe(probe) < 0 || svga_hand_make(fds) < 0 ||
        svga_link_send(sock, &msg, NULL, fds, SVGA_HAND_FDS) < 0)
        _exit(1);
    for (int i = 0; i < SVGA_HAND_FDS; i++)
        close(fds[i]);
    while (recv(sock, &address, sizeof address, 0) == sizeof address) {
        unsigned char byte;
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel looks whether there is anything */
        int answer = write(probe[1], (void *)address, 1) == 1 && read(probe[0], &byte, 1) == 1 ? byte : -1;
        send(sock, &answer, sizeof answer, MSG_NOSIGNAL);
    }
    _exit(0);
}

void machine_give_hand(struct hand_owner *o, int link, uint32_t seq) {
    struct svga_link_msg reply = {.type = SVGA_LINK_REPLY, .seq = seq};
    static struct svga_link_packet packet;
    int pair[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), errno);
    o->pid = fork();
    if (o->pid == 0)
        own_hand(pair[1]);
    close(pair[1]);
    o->sock = pair[0];
    assert_true(link_receive(o->sock, &packet));
    assert_int_equal(packet.fd_count, SVGA_HAND_FDS);
    assert_int_equal(svga_link_send(link, &reply, NULL, packet.fds, packet.fd_count), 0);
    svga_link_close_fds(&packet);
}

void machine_end_owner(struct hand_owner *o) {
    if (o->pid == 0)
        return;
    kill(o->pid, SIGKILL);
    waitpid(o->pid, NULL, 0);
    close(o->sock);
    o->pid = 0;
}

int machine_owner_byte(struct hand_owner *o, uint64_t address) {
    int answer;
    assert_int_equal(send(o->sock, &address, sizeof address, MSG_NOSIGNAL), sizeof address);
    assert_int_equal(recv(o->sock, &answer, sizeof answer, 0), sizeof answer);
    return answer;
}

svga_word *bar_words(struct machine *m, uint64_t bar_at) {
    return svga_fifo_words(machine_at(m, bar_at));
}

int machine_session(struct machine *m, uint32_t ctx, uint32_t bar, uint64_t *bar_at, int *irqfd,
                    struct hand_owner *owner) {
    static struct svga_link_packet packet;
    struct svga_payload p = {
        .op = SVGA_PAYLOAD_GMR_DEFINE, .seq = 1, .id = SVGA_GMR_BAR, .arg = SVGA_BAR_SIZE, .count = 1};

    *bar_at = machine_pages(m, SVGA_BAR_SIZE / 4096);
    assert_int_equal(gpu_context(m, VIRTIO_GPU_CMD_CTX_CREATE, ctx), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(gpu_resource(m, bar, ctx, *bar_at, SVGA_BAR_SIZE), VIRTIO_GPU_RESP_OK_NODATA);
    assert_int_equal(gpu_payload(m, ctx, p, &bar), VIRTIO_GPU_RESP_OK_NODATA);
    int link = machine_link(m);
    assert_true(link_receive(link, &packet));
    assert_int_equal(packet.msg.type, SVGA_LINK_IRQFD);
    assert_int_equal(packet.fd_count, 1);
    *irqfd = packet.fds[0];
    assert_true(link_receive(link, &packet));
    assert_int_equal(packet.msg.type, SVGA_LINK_HAND);
    machine_give_hand(owner, link, packet.msg.seq);
    assert_true(link_receive(link, &packet));
    assert_int_equal(packet.msg.type, SVGA_LINK_GMR_DEFINE);
    assert_int_equal(packet.msg.id, SVGA_GMR_BAR);
    assert_int_equal(packet.msg.arg, SVGA_BAR_SIZE);
    assert_int_equal(packet.fd_count, 0);
    assert_int_equal(packet.msg.piece_count, 0);
    link_place(link, packet.msg.seq);
    assert_true(link_receive(link, &packet));
    assert_int_equal(packet.msg.type, SVGA_LINK_GMR_PIECES);
    assert_true(packet.msg.flags & SVGA_LINK_WANT_REPLY);
    link_reply(link, packet.msg.seq, 0);
    return link;
}
