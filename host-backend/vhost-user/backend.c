// SPDX-License-Identifier: MIT
#include "host-backend/vhost-user/backend.h"

#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/broker/log.h"
#include "host-backend/vhost-user/event.h"

#define RING_FEATURES                                                                                        \
    ((1ull << VIRTIO_F_VERSION_1) | (1ull << VIRTIO_RING_F_INDIRECT_DESC) | (1ull << VIRTIO_RING_F_EVENT_IDX))
/* BACKEND_REQ: nothing is asked of the front-end, but the virtio_uml of Linux 6.1 gets an interrupt for its queues only on
 * the way of setting that channel up; without, it asks for the timer's, and is refused. */
#define PROTOCOL_FEATURES                                                                                    \
    (VU_PROTOCOL_F_CONFIG | VU_PROTOCOL_F_REPLY_ACK | VU_PROTOCOL_F_RESET_DEVICE | VU_PROTOCOL_F_BACKEND_REQ)

static void kick_ready(struct vu_source *source, uint32_t events) {
    struct vu_kick_source *kick = (struct vu_kick_source *)source;
    struct vu_backend *b = kick->backend;

    (void)events;
    if (vu_event_take(b->queues[kick->index].kick))
        b->ops->kicked(b->opaque, kick->index);
}

void vu_backend_init(struct vu_backend *b, struct vu_loop *loop, int sock, const struct vu_backend_ops *ops,
                     void *opaque) {
    memset(b, 0, sizeof *b);
    b->ops = ops;
    b->opaque = opaque;
    b->loop = loop;
    b->sock = sock;
    b->display = b->requests = -1;
    for (unsigned i = 0; i < VU_QUEUES; i++) {
        b->queues[i].kick = b->queues[i].call = -1;
        b->kicks[i] = (struct vu_kick_source){{kick_ready}, b, i};
    }
}

static void set_kick(struct vu_backend *b, unsigned index, int fd) {
    struct vu_queue *q = &b->queues[index];
    if (q->kick >= 0) {
        vu_loop_remove(b->loop, q->kick);
        close(q->kick);
    }
    q->kick = fd;
    if (fd >= 0)
        vu_loop_add(b->loop, fd, EPOLLIN, &b->kicks[index].source);
}

static void set_call(struct vu_queue *q, int fd) {
    if (q->call >= 0)
        close(q->call);
    q->call = fd;
}

/* Takes a message's descriptor for `kept`, in the place of the one before. */
static int keep(int *kept, struct vu_message *m) {
    if (m->fd_count != 1)
        return -EINVAL;
    if (*kept >= 0)
        close(*kept);
    *kept = m->fds[0];
    m->fds[0] = -1;
    return 0;
}

static void drop(int *kept) {
    if (*kept >= 0)
        close(*kept);
    *kept = -1;
}

void vu_backend_finish(struct vu_backend *b) {
    for (unsigned i = 0; i < VU_QUEUES; i++) {
        set_kick(b, i, -1);
        set_call(&b->queues[i], -1);
        vu_queue_drop_deferred(&b->queues[i]);
    }
    vu_memory_unref(b->memory);
    b->memory = NULL;
    drop(&b->display);
    drop(&b->requests);
    if (b->sock >= 0)
        close(b->sock);
    b->sock = -1;
}

void vu_backend_kick_again(struct vu_backend *b, unsigned index) {
    if (b->queues[index].kick >= 0)
        vu_event_signal(b->queues[index].kick);
}

static void resolve(struct vu_backend *b, struct vu_queue *q) {
    q->event_idx = b->acked & (1ull << VIRTIO_RING_F_EVENT_IDX);
    vu_queue_resolve(q, b->memory);
}

/* Starts a queue that has become able to run. Its kick may have come before. */
static void start(struct vu_backend *b, unsigned index) {
    struct vu_queue *q = &b->queues[index];
    if (!q->desc || !q->enabled)
        return;
    if (q->fresh && !vu_queue_begin(q, b->memory) && index == 0)
        b->ops->reset(b->opaque);
    vu_backend_kick_again(b, index);
}

static int set_memory(struct vu_backend *b, struct vu_message *m) {
    struct vu_memory *memory = vu_memory_create(m);
    if (!memory)
        return -errno;
    vu_memory_unref(b->memory);
    b->memory = memory;
    for (unsigned i = 0; i < VU_QUEUES; i++) {
        resolve(b, &b->queues[i]);
        start(b, i);
    }
    return 0;
}

static int set_address(struct vu_backend *b, const struct vu_vring_addr *addr) {
    struct vu_queue *q = &b->queues[addr->index];
    if (!q->desc)
        q->fresh = true;
    q->addr = *addr;
    q->has_addr = true;
    resolve(b, q);
    return q->desc ? 0 : -EINVAL;
}

/* SET_VRING_KICK, CALL and ERR: takes the message's descriptor, if it has one. */
static int set_event(struct vu_backend *b, struct vu_message *m) {
    unsigned index = m->payload.u64 & VU_VRING_FD_INDEX_MASK;
    int fd = -1;

    if (index >= b->ops->queues)
        return -EINVAL;
    if (!(m->payload.u64 & VU_VRING_FD_NONE)) {
        if (m->fd_count != 1)
            return -EINVAL;
        fd = m->fds[0];
        m->fds[0] = -1;
        /* User-mode Linux hands a socket over to be called by, which blocks once it is full; QEMU's events do not. */
        struct stat st;
        if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
            fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    switch (m->header.request) {
    case VU_SET_VRING_KICK:
        set_kick(b, index, fd);
        if (!(b->acked & VU_F_PROTOCOL_FEATURES))
            b->queues[index].enabled = true;
        start(b, index);
        return 0;
    case VU_SET_VRING_CALL:
        set_call(&b->queues[index], fd);
        return 0;
    default: /* ERR: we have nothing to say there */
        if (fd >= 0)
            close(fd);
        return 0;
    }
}

/* Queue index of a message, or -EINVAL. */
static int index_of(const struct vu_backend *b, uint32_t index) {
    return index < b->ops->queues ? (int)index : -EINVAL;
}

static int stop_queue(struct vu_backend *b, struct vu_message *m) {
    int index = index_of(b, m->payload.state.index);
    if (index < 0)
        return index;
    m->payload.state.num = b->queues[index].last_avail;
    vu_queue_stop(&b->queues[index]);
    set_kick(b, (unsigned)index, -1);
    return vu_message_reply(b->sock, m, sizeof m->payload.state);
}

static int get_config(struct vu_backend *b, struct vu_message *m) {
    struct vu_config *c = &m->payload.config;
    if (m->header.size < offsetof(struct vu_config, bytes) || c->size > VU_MAX_CONFIG)
        return -EINVAL;
    memset(c->bytes, 0, c->size);
    b->ops->get_config(b->opaque, c->offset, c->bytes, c->size);
    return vu_message_reply(b->sock, m, offsetof(struct vu_config, bytes) + c->size);
}

static int reply_u64(struct vu_backend *b, struct vu_message *m, uint64_t value) {
    m->payload.u64 = value;
    return vu_message_reply(b->sock, m, sizeof value);
}

/* Carries out a message that has no reply of its own. 0 or a negative errno. */
static int carry_out(struct vu_backend *b, struct vu_message *m) {
    int index;

    switch (m->header.request) {
    case VU_SET_FEATURES:
        b->acked = m->payload.u64;
        for (unsigned i = 0; i < VU_QUEUES; i++)
            b->queues[i].event_idx = b->acked & (1ull << VIRTIO_RING_F_EVENT_IDX);
        return 0;
    case VU_SET_OWNER:
    case VU_RESET_OWNER:
    case VU_SET_PROTOCOL_FEATURES:
    case VU_SET_CONFIG: /* the guest acknowledges display events; there are none */
        return 0;
    case VU_RESET_DEVICE:
        for (unsigned i = 0; i < VU_QUEUES; i++) {
            vu_queue_drop_deferred(&b->queues[i]);
            b->queues[i].stopped = false;
        }
        b->ops->reset(b->opaque);
        return 0;
    case VU_GPU_SET_SOCKET:
        return keep(&b->display, m);
    case VU_SET_BACKEND_REQ_FD:
        return keep(&b->requests, m);
    case VU_SET_MEM_TABLE:
        return set_memory(b, m);
    case VU_SET_VRING_NUM:
        if ((index = index_of(b, m->payload.state.index)) < 0)
            return index;
        b->queues[index].num = m->payload.state.num;
        if (b->queues[index].desc) /* it runs by what was found for another size */
            resolve(b, &b->queues[index]);
        return 0;
    case VU_SET_VRING_ADDR:
        if ((index = index_of(b, m->payload.addr.index)) < 0)
            return index;
        return set_address(b, &m->payload.addr);
    case VU_SET_VRING_BASE:
        if ((index = index_of(b, m->payload.state.index)) < 0)
            return index;
        b->queues[index].last_avail = (uint16_t)m->payload.state.num;
        b->queues[index].fresh = true;
        return 0;
    case VU_SET_VRING_KICK:
    case VU_SET_VRING_CALL:
    case VU_SET_VRING_ERR:
        return set_event(b, m);
    case VU_SET_VRING_ENABLE:
        if ((index = index_of(b, m->payload.state.index)) < 0)
            return index;
        b->queues[index].enabled = m->payload.state.num != 0;
        start(b, (unsigned)index);
        return 0;
    default:
        log_say(LOG_GUESTS, "the VM sent vhost-user message %u, which is not known here", m->header.request);
        return -EOPNOTSUPP;
    }
}

int vu_backend_message(struct vu_backend *b) {
    struct vu_message m;
    int r = vu_message_recv(b->sock, &m);
    if (r <= 0)
        return r;

    switch (m.header.request) {
    case VU_GET_FEATURES:
        r = reply_u64(b, &m, b->ops->features | RING_FEATURES | VU_F_PROTOCOL_FEATURES);
        break;
    case VU_GET_PROTOCOL_FEATURES:
        r = reply_u64(b, &m, PROTOCOL_FEATURES);
        break;
    case VU_GET_QUEUE_NUM:
        r = reply_u64(b, &m, b->ops->queues);
        break;
    case VU_GET_VRING_BASE:
        r = stop_queue(b, &m);
        break;
    case VU_GET_CONFIG:
        r = get_config(b, &m);
        break;
    default:
        r = carry_out(b, &m);
        /* With an acknowledgement the front-end hears of the failure; without, it must not believe in
         * success. */
        if (m.header.flags & VU_FLAG_NEED_REPLY)
            r = reply_u64(b, &m, r < 0 ? 1 : 0);
    }
    vu_message_close_fds(&m);
    return r < 0 ? r : 1;
}
