// SPDX-License-Identifier: MIT
#include "svga-model/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "svga-model/fifo.h"

#ifdef __SANITIZE_THREAD__
/* What comes was written after what was sent before: by way of the other side, which ThreadSanitizer does not see. */
void __tsan_acquire(const void *);
void __tsan_release(const void *);
#define SENDS(s) __tsan_release(s)
#define HAS_COME(s) __tsan_acquire(s)
#else
#define SENDS(s) ((void)(s))
#define HAS_COME(s) ((void)(s))
#endif

enum { LARGE = 16 * 1024 }; /* payloads from here on are not copied into the buffer */

static void set(int fd, int level, int option, int value) {
    setsockopt(fd, level, option, &value, sizeof value);
}

void svga_stream_tune(int fd) {
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 2);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, SVGA_STREAM_GONE_S - 2);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, SVGA_STREAM_GONE_S * 1000);
}

static int send_tls(const struct svga_stream *s, const struct iovec *iov, int count) {
    int r = 0;
    for (int i = 0; i < count && r == 0; i++)
        if (iov[i].iov_len > 0)
            r = s->tls_send(s->tls, iov[i].iov_base, iov[i].iov_len);
    return r;
}

int svga_stream_send(const struct svga_stream *s, struct iovec *iov, int count) {
    SENDS(s);
    if (s->tls)
        return send_tls(s, iov, count);
    while (count > 0) {
        struct msghdr mh = {.msg_iov = iov, .msg_iovlen = (size_t)count};
        ssize_t n = sendmsg(s->fd, &mh, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        size_t sent = (size_t)n;
        for (; count > 0 && sent >= iov->iov_len; count--)
            sent -= iov++->iov_len;
        if (count > 0) {
            iov->iov_base = (char *)iov->iov_base + sent;
            iov->iov_len -= sent;
        }
    }
    return 0;
}

ssize_t svga_stream_recv(const struct svga_stream *s, void *bytes, size_t size) {
    ssize_t n;
    if (s->tls) {
        n = s->tls_recv(s->tls, bytes, size);
    } else {
        do
            n = recv(s->fd, bytes, size, 0);
        while (n < 0 && errno == EINTR);
        n = n < 0 ? -errno : n;
    }
    HAS_COME(s);
    return n;
}

int svga_stream_take(struct svga_stream_in *in, void *bytes, size_t size) {
    uint8_t *to = bytes;
    while (size > 0) {
        size_t there = in->end - in->at < size ? in->end - in->at : size;
        if (there > 0) {
            memcpy(to, in->bytes + in->at, there);
            in->at += there;
        } else {
            /* What is larger than the buffer goes where it belongs. */
            bool direct = size >= sizeof in->bytes;
            ssize_t n =
                svga_stream_recv(in->stream, direct ? to : in->bytes, direct ? size : sizeof in->bytes);
            if (n <= 0)
                return n == 0 ? -EPIPE : (int)n;
            if (direct) {
                there = (size_t)n;
            } else {
                in->at = 0;
                in->end = (size_t)n;
            }
        }
        to += there;
        size -= there;
    }
    return 0;
}

static void send_all(struct svga_stream_out *out, const void *payload, size_t size) {
    struct iovec iov[2] = {{out->bytes, out->used}, {(void *)payload, size}};
    if (out->error == 0 && out->used + size > 0)
        out->error = svga_stream_send(out->stream, iov, size > 0 ? 2 : 1);
    out->used = 0;
    out->commands = 0;
}

int svga_stream_flush(struct svga_stream_out *out) {
    send_all(out, NULL, 0);
    return out->error;
}

/* Room for `size` bytes, at most LARGE and a frame. */
static uint8_t *room(struct svga_stream_out *out, size_t size) {
    if (sizeof out->bytes - out->used < size)
        svga_stream_flush(out);
    uint8_t *at = out->bytes + out->used;
    out->used += size;
    return at;
}

void svga_stream_put(struct svga_stream_out *out, const struct svga_frame *frame, const void *payload) {
    bool large = frame->length > LARGE;
    uint8_t *at = room(out, sizeof *frame + (large ? 0 : (size_t)frame->length));

    out->commands = 0;
    memcpy(at, frame, sizeof *frame);
    if (large)
        send_all(out, payload, (size_t)frame->length);
    else if (frame->length > 0)
        memcpy(at + sizeof *frame, payload, (size_t)frame->length);
}

void svga_stream_put_command(struct svga_stream_out *out, const void *command, uint32_t size) {
    struct svga_frame frame = {.type = SVGA_FRAME_COMMANDS};

    _Static_assert(sizeof out->bytes >= SVGA_STREAM_COMMANDS + SVGA_CMD_MAX_SIZE + sizeof frame,
                   "one frame fits");
    if (sizeof out->bytes - out->used < sizeof frame + size)
        svga_stream_flush(out);
    if (out->commands > 0)
        memcpy(&frame, out->bytes + out->commands - 1, sizeof frame);
    if (out->commands == 0 || frame.length + size > SVGA_STREAM_COMMANDS) {
        frame.length = 0;
        out->commands = out->used + 1;
        out->used += sizeof frame;
    }
    memcpy(out->bytes + out->used, command, size);
    out->used += size;
    frame.length += size;
    memcpy(out->bytes + out->commands - 1, &frame, sizeof frame);
}
