// SPDX-License-Identifier: MIT
#include "host-backend/vhost-user/vsock.h"

#include <errno.h>
#include <linux/virtio_vsock.h>
#include <linux/vm_sockets.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/log.h"

enum { TO_GUEST, FROM_GUEST, EVENTS, QUEUES };
enum {
    BATCH = 64,        /* packets before other sources get their turn */
    CHUNK = 64 * 1024, /* bytes taken from the owner's stream at a time */
    HEADER = sizeof(struct virtio_vsock_hdr),
};

/* What the guest has to be told of a stream; a RESET is the last. */
enum { TELL_ACCEPTED = 1, TELL_CREDIT = 2, TELL_RESET = 4 };

struct vsock_stream {
    struct vu_source source;
    struct vsock *device;
    struct vsock_stream *next;
    int fd;            /* -1: closed, and the guest is being told */
    uint32_t interest; /* what the loop looks for; 0: it does not have the descriptor */
    uint32_t port;     /* the guest's */
    unsigned tell;
    /* Counters of bytes go round. */
    uint32_t guest_room, guest_taken; /* as the guest last said: its room, and how much it has taken out */
    uint32_t sent;                    /* to the guest */
    uint32_t taken, told;             /* how much the owner has taken, and the guest has been told of that */
    bool ended, told_end;             /* the owner's stream has no more, and the guest knows */
    bool no_more, unwanted;           /* the guest sends no more; it takes no more */
    size_t in_at, in_end;             /* for the guest: in[in_at, in_end) */
    size_t out_at, out_size;          /* for the owner: so many bytes of the ring, from there */
    uint8_t in[HEADER + CHUNK];       /* a packet's header has room before its data */
    uint8_t out[VSOCK_ROOM];
};

/* ---- streams ---- */

static struct vsock_stream *find(const struct vsock *v, uint32_t port) {
    struct vsock_stream *s = v->streams;
    while (s && s->port != port)
        s = s->next;
    return s;
}

static void rearm(struct vsock_stream *s) {
    struct vu_loop *loop = s->device->backend.loop;
    uint32_t want = (!s->ended && s->in_at == s->in_end ? EPOLLIN : 0u) | (s->out_size > 0 ? EPOLLOUT : 0u);

    if (s->fd < 0 || want == s->interest)
        return;
    /* Not kept with an interest in nothing: a hang-up would be told again and again. */
    if (want == 0)
        vu_loop_remove(loop, s->fd);
    else if (s->interest == 0)
        vu_loop_add(loop, s->fd, want, &s->source);
    else
        vu_loop_change(loop, s->fd, want, &s->source);
    s->interest = want;
}

static void hang_up(struct vsock_stream *s) {
    if (s->fd < 0)
        return;
    if (s->interest != 0)
        vu_loop_remove(s->device->backend.loop, s->fd);
    close(s->fd);
    s->fd = -1;
    s->interest = 0;
    s->out_size = 0;
}

/* Forgets the stream; whoever is at its other end has been told, or told us. */
static void forget(struct vsock_stream *s) {
    struct vsock *v = s->device;
    struct vsock_stream **at = &v->streams;

    hang_up(s);
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    v->stream_count--;
    free(s);
}

/* Ends it in both directions, and the guest will hear of that. */
static void reset_stream(struct vsock_stream *s) {
    hang_up(s);
    s->in_end = s->in_at;
    s->tell = TELL_RESET;
}

/* Takes more from the owner, if all that was taken has gone. */
static void fill(struct vsock_stream *s) {
    if (s->fd < 0 || s->ended || s->in_at < s->in_end)
        return;
    ssize_t n = recv(s->fd, s->in + HEADER, CHUNK, 0);
    if (n > 0) {
        s->in_at = HEADER;
        s->in_end = HEADER + (size_t)n;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        s->ended = true;
    }
}

/* Hands on what the guest has sent. */
static void drain(struct vsock_stream *s) {
    while (s->fd >= 0 && s->out_size > 0) {
        size_t piece = VSOCK_ROOM - s->out_at < s->out_size ? VSOCK_ROOM - s->out_at : s->out_size;
        ssize_t n = send(s->fd, s->out + s->out_at, piece, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0 && errno != EINTR)
            n = (ssize_t)
                piece; /* nobody reads it any more; that its stream has ended shows where it is read */
        if (n > 0) {
            s->out_at = (s->out_at + (size_t)n) % VSOCK_ROOM;
            s->out_size -= (size_t)n;
            s->taken += (uint32_t)n;
        }
    }
    if (s->taken - s->told >= VSOCK_ROOM / 4)
        s->tell |= TELL_CREDIT;
    if (s->fd >= 0 && s->out_size == 0 && s->no_more) {
        if (s->unwanted)
            reset_stream(s);
        else
            shutdown(s->fd, SHUT_WR);
    }
}

/* ---- to the guest ---- */

/* Sends a header that stands before `size` bytes of data at `packet`, as many of them as there is room for. Their number; -1:
 * the guest's ring has no place now. */
static ssize_t send_packet(struct vsock *v, uint8_t *packet, struct virtio_vsock_hdr h, size_t size) {
    struct vu_queue *q = &v->backend.queues[TO_GUEST];
    size_t room = 0;

    if (vu_queue_pop(q, v->backend.memory, &v->element) <= 0)
        return -1;
    for (unsigned i = 0; i < v->element.answer.count; i++)
        room += v->element.answer.writable[i].length;
    room = room < HEADER ? 0 : room - HEADER;
    size = size < room ? size : room;
    h.src_cid = VMADDR_CID_HOST;
    h.dst_cid = VSOCK_GUEST;
    h.type = VIRTIO_VSOCK_TYPE_STREAM;
    h.len = (uint32_t)size;
    memcpy(packet, &h, HEADER);
    vu_queue_push(q, v->backend.memory, &v->element.answer, packet, HEADER + size);
    return (ssize_t)size;
}

static struct virtio_vsock_hdr header(struct vsock_stream *s, uint16_t op, uint32_t flags) {
    s->told = s->taken;
    s->tell &= ~(unsigned)TELL_CREDIT; /* each packet says it */
    return (struct virtio_vsock_hdr){.src_port = s->device->ops->port,
                                     .dst_port = s->port,
                                     .op = op,
                                     .flags = flags,
                                     .buf_alloc = VSOCK_ROOM,
                                     .fwd_cnt = s->taken};
}

static bool tell(struct vsock_stream *s, uint16_t op, uint32_t flags) {
    uint8_t packet[HEADER];
    return send_packet(s->device, packet, header(s, op, flags), 0) >= 0;
}

static bool send_data(struct vsock_stream *s) {
    uint32_t credit = s->guest_room - (s->sent - s->guest_taken);
    size_t size = s->in_end - s->in_at;

    if (s->sent - s->guest_taken >= s->guest_room) /* it has made its room smaller, perhaps */
        return false;
    ssize_t n = send_packet(s->device, s->in + s->in_at - HEADER, header(s, VIRTIO_VSOCK_OP_RW, 0),
                            size < credit ? size : credit);
    if (n < 0)
        return false;
    if (n == 0)
        reset_stream(s); /* the guest's places have no room for data */
    s->in_at += (size_t)n;
    s->sent += (uint32_t)n;
    if (s->in_at == s->in_end)
        fill(s);
    return true;
}

/* Sends one packet of the stream, if there is one to send. `s` may be gone then. */
static bool send_one(struct vsock_stream *s) {
    const uint32_t both = VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND;

    if (s->tell & TELL_RESET) {
        if (!tell(s, VIRTIO_VSOCK_OP_RST, 0))
            return false;
        forget(s);
        return true;
    }
    if (s->tell & TELL_ACCEPTED) {
        if (!tell(s, VIRTIO_VSOCK_OP_RESPONSE, 0))
            return false;
        s->tell &= ~(unsigned)TELL_ACCEPTED;
        return true;
    }
    if (s->in_at < s->in_end && !s->unwanted && send_data(s))
        return true;
    if (s->ended && s->in_at == s->in_end && !s->told_end) {
        if (!tell(s, VIRTIO_VSOCK_OP_SHUTDOWN, both))
            return false;
        s->told_end = true;
        hang_up(s); /* a guest that has read all answers with a RST */
        return true;
    }
    return (s->tell & TELL_CREDIT) && tell(s, VIRTIO_VSOCK_OP_CREDIT_UPDATE, 0);
}

static void send_refusals(struct vsock *v) {
    uint8_t packet[HEADER];

    while (v->refusal_count > 0) {
        const struct vsock_refusal *r = &v->refusals[v->refusal_count - 1];
        struct virtio_vsock_hdr h = {.src_port = r->host, .dst_port = r->guest, .op = VIRTIO_VSOCK_OP_RST};
        if (send_packet(v, packet, h, 0) < 0)
            break;
        v->refusal_count--;
    }
}

static void say_broken(struct vsock *v, unsigned index) {
    struct vu_queue *q = &v->backend.queues[index];

    if (!q->broken || q->kick < 0)
        return;
    log_say(LOG_GUESTS, "the VM's virtio-vsock driver broke queue %u: %s; it is not served until a reset",
            index, q->broken);
    vu_loop_remove(v->backend.loop, q->kick);
    close(q->kick);
    q->kick = -1;
}

/* One packet of each stream after the other, until nothing is left, or no place, or it is others' turn. */
static void pump(struct vsock *v) {
    bool more = true, full = v->refusal_count == VSOCK_REFUSALS;

    send_refusals(v);
    for (int sent = 0; more && sent < BATCH;) {
        more = false;
        for (struct vsock_stream *s = v->streams, *next; s; s = next) {
            next = s->next;
            if (send_one(s)) {
                more = true;
                sent++;
            }
        }
    }
    for (struct vsock_stream *s = v->streams; s; s = s->next)
        rearm(s);
    vu_queue_notify(&v->backend.queues[TO_GUEST]);
    if (more)
        vu_backend_kick_again(&v->backend, TO_GUEST);
    if (full && v->refusal_count < VSOCK_REFUSALS)
        vu_backend_kick_again(&v->backend, FROM_GUEST);
    say_broken(v, TO_GUEST);
}

static void stream_ready(struct vu_source *source, uint32_t events) {
    struct vsock_stream *s = (struct vsock_stream *)source;

    (void)events;
    drain(s);
    fill(s);
    pump(s->device);
}

/* ---- from the guest ---- */

static bool open_stream(struct vsock *v, const struct virtio_vsock_hdr *h) {
    if (v->stream_count == VSOCK_STREAMS)
        return false;
    struct vsock_stream *s = malloc(sizeof *s);
    if (!s)
        return false;
    memset(s, 0, offsetof(struct vsock_stream, in));
    s->fd = v->ops->connect(v->ops->opaque);
    if (s->fd < 0) {
        free(s);
        return false;
    }
    s->source.ready = stream_ready;
    s->device = v;
    s->port = h->src_port;
    s->tell = TELL_ACCEPTED;
    s->guest_room = h->buf_alloc;
    s->guest_taken = h->fwd_cnt;
    s->next = v->streams;
    v->streams = s;
    v->stream_count++;
    return true;
}

/* Data of the packet being handled. False: more than there is, or than there was credit for. */
static bool take_data(struct vsock_stream *s, uint32_t size) {
    struct vu_element *e = &s->device->element;

    if (s->fd < 0)
        return true; /* on its way when the other end had gone */
    if (size > vu_element_left(e) || size > VSOCK_ROOM - s->out_size || s->no_more)
        return false;
    while (size > 0) {
        size_t at = (s->out_at + s->out_size) % VSOCK_ROOM;
        size_t piece = VSOCK_ROOM - at < size ? VSOCK_ROOM - at : size;
        vu_element_read(e, s->out + at, piece);
        s->out_size += piece;
        size -= (uint32_t)piece;
    }
    drain(s);
    return true;
}

/* A packet of a stream that is there. False: it breaks the rules. */
static bool take_packet(struct vsock_stream *s, const struct virtio_vsock_hdr *h) {
    s->guest_room = h->buf_alloc;
    s->guest_taken = h->fwd_cnt;
    switch (h->op) {
    case VIRTIO_VSOCK_OP_RW:
        return take_data(s, h->len);
    case VIRTIO_VSOCK_OP_SHUTDOWN:
        s->no_more = s->no_more || (h->flags & VIRTIO_VSOCK_SHUTDOWN_SEND);
        s->unwanted = s->unwanted || (h->flags & VIRTIO_VSOCK_SHUTDOWN_RCV);
        if (s->fd < 0 && s->no_more && s->unwanted)
            reset_stream(s);
        drain(s);
        return true;
    case VIRTIO_VSOCK_OP_CREDIT_UPDATE:
        return true;
    case VIRTIO_VSOCK_OP_CREDIT_REQUEST:
        s->tell |= TELL_CREDIT;
        return true;
    default:
        return false;
    }
}

static void take(struct vsock *v) {
    struct virtio_vsock_hdr h;

    if (vu_element_read(&v->element, &h, sizeof h) != sizeof h || h.src_cid != VSOCK_GUEST)
        return;
    bool ours =
        h.dst_cid == VMADDR_CID_HOST && h.dst_port == v->ops->port && h.type == VIRTIO_VSOCK_TYPE_STREAM;
    struct vsock_stream *s = ours ? find(v, h.src_port) : NULL;
    if (h.op == VIRTIO_VSOCK_OP_RST) {
        if (s)
            forget(s);
    } else if (s) {
        if (!(s->tell & TELL_RESET) && !take_packet(s, &h))
            reset_stream(s);
    } else if (!ours || h.op != VIRTIO_VSOCK_OP_REQUEST || !open_stream(v, &h)) {
        v->refusals[v->refusal_count++] = (struct vsock_refusal){h.src_port, h.dst_port};
    }
}

static void kicked(void *opaque, unsigned index) {
    struct vsock *v = opaque;
    struct vu_queue *q = &v->backend.queues[index];
    int r = 0;

    if (index == EVENTS)
        return; /* nothing is ever told there */
    for (int i = 0; index == FROM_GUEST && i < BATCH && v->refusal_count < VSOCK_REFUSALS; i++) {
        r = vu_queue_pop(q, v->backend.memory, &v->element);
        if (r <= 0)
            break;
        take(v);
        vu_queue_push(q, v->backend.memory, &v->element.answer, NULL, 0);
    }
    if (index == FROM_GUEST) {
        vu_queue_notify(q);
        say_broken(v, index);
    }
    pump(v);
    if (r > 0 && v->refusal_count < VSOCK_REFUSALS)
        vu_backend_kick_again(&v->backend, index);
}

/* ---- the device ---- */

static void get_config(void *opaque, uint32_t offset, void *bytes, uint32_t size) {
    (void)opaque;
    const struct virtio_vsock_config config = {.guest_cid = VSOCK_GUEST};
    if (offset < sizeof config)
        memcpy(bytes, (const char *)&config + offset,
               size < sizeof config - offset ? size : sizeof config - offset);
}

static void reset(void *opaque) {
    struct vsock *v = opaque;

    for (struct vsock_stream *s = v->streams, *next; s; s = next) {
        next = s->next;
        forget(s);
    }
    v->refusal_count = 0;
}

static const struct vu_backend_ops backend_ops = {
    .queues = QUEUES,
    .get_config = get_config,
    .kicked = kicked,
    .reset = reset,
};

void vsock_init(struct vsock *v, struct vu_loop *loop, int sock, const struct vsock_ops *ops) {
    memset(v, 0, sizeof *v);
    v->ops = ops;
    vu_backend_init(&v->backend, loop, sock, &backend_ops, v);
}

void vsock_finish(struct vsock *v) {
    reset(v);
    vu_element_free(&v->element);
    vu_backend_finish(&v->backend);
}
