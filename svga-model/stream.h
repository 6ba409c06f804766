// SPDX-License-Identifier: MIT
/*
 * The stream: how a guest speaks to a device that it shares no memory with, over a connected socket. This is the
 * API-remoting baseline, and the way to a device on another machine.
 *
 * Each side has the regions and the FIFO words in memory of its own. What the other side must see is sent, in frames:
 * a struct svga_frame and `length` bytes behind it. Numbers are little-endian.
 *
 * Order of a session:
 *   1. guest: HELLO. host: WAIT, as often as it likes, then WELCOME, or LOST with the reason.
 *   2. guest: REGISTER, REGION, REGION_GONE, DATA, COMMANDS, SYNC. What a command reads is sent before it.
 *      host: STATUS for each REGISTER and REGION, SYNCED for each SYNC, in their order; PROFILE; and DATA, RECORD and FENCE: what a
 *      command wrote is sent before the record that says that it has ended.
 *   3. host: LOST, if the device is lost. Either side closes.
 *
 * The host trusts nothing of it. A guest bounds what it takes in by its own regions.
 */
#ifndef SVGA_MODEL_STREAM_H
#define SVGA_MODEL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define SVGA_STREAM_VERSION 1u
#define SVGA_STREAM_MAGIC 0x4d4c5254u /* "TRLM" */

enum svga_frame_type {
    /* from the guest */
    SVGA_FRAME_HELLO = 1,       /* id: SVGA_STREAM_MAGIC; offset: SVGA_STREAM_VERSION; the token's bytes */
    SVGA_FRAME_REGISTER = 2,    /* id: register; offset: value. CONFIG_DONE begins the session */
    SVGA_FRAME_REGION = 3,      /* id: of a new region; offset: its size in bytes */
    SVGA_FRAME_REGION_GONE = 4, /* id */
    SVGA_FRAME_DATA = 5,        /* id: region; offset: where in it; the bytes. Also from the host */
    SVGA_FRAME_COMMANDS = 6,    /* whole commands, each with its header */
    SVGA_FRAME_SYNC = 7,        /* to be answered once the commands before it have been decoded */
    /* from the host */
    SVGA_FRAME_WAIT = 16,    /* a sign of life before WELCOME */
    SVGA_FRAME_WELCOME = 17, /* the register file, SVGA_REG_COUNT words */
    SVGA_FRAME_STATUS = 18,  /* id: 0 or a positive errno */
    SVGA_FRAME_SYNCED = 19,
    SVGA_FRAME_RECORD = 20,  /* as DATA; its first word is to be written last, with release order */
    SVGA_FRAME_FENCE = 21,   /* id: what SVGA_FIFO_FENCE has reached */
    SVGA_FRAME_TEXT = 24,    /* output of the guest's kernels, for its standard output */
    SVGA_FRAME_LOST = 22,    /* id: an svga_error; the reason's text */
    SVGA_FRAME_PROFILE = 23, /* id: what SVGA_FIFO_PROFILE says */
};

struct svga_frame {
    uint32_t type;
    uint32_t id;
    uint64_t offset;
    uint64_t length;
};

enum {
    SVGA_STREAM_TOKEN = 1024,          /* bytes that a token has at most */
    SVGA_STREAM_COMMANDS = 128 * 1024, /* bytes that a frame of commands has at most */
    SVGA_STREAM_RECORD = 64,           /* bytes that a record has at most */
    SVGA_STREAM_WAIT_MS = 1000,        /* how often the host says WAIT */
    SVGA_STREAM_GONE_S = 5,            /* after which an end that the network does not reach counts as gone */
};

/* What has to go with a command: `length` bytes of region `id` that it reads (0: none). `now`: somebody is about to wait
 * for its answer. */
struct svga_needs {
    uint32_t id;
    uint64_t offset, length;
    bool now;
};

/* Fills in `needs` for a command (header included). False: it cannot travel. Any thread. */
typedef bool svga_needs_of(const void *command, uint32_t size, struct svga_needs *needs);

/* ---- the connection ---- */

/* One thread may receive while another sends. */
struct svga_stream {
    int fd;
    /* NULL: plain. As recv and send, with `tls`; what is sent is sent whole. */
    ssize_t (*tls_recv)(void *tls, void *bytes, size_t size);
    int (*tls_send)(void *tls, const void *bytes, size_t size);
    void *tls;
};

/* Has the kernel send small frames at once and notice an end that is gone within SVGA_STREAM_GONE_S. Unix sockets and vsock
 * need none of that. */
void svga_stream_tune(int fd);

/* Sends all of it, in order. 0 or a negative errno. Never SIGPIPE. Changes `iov`. */
int svga_stream_send(const struct svga_stream *s, struct iovec *iov, int count);

/* Some bytes, at least one: how many; 0: the other end has closed; or a negative errno. */
ssize_t svga_stream_recv(const struct svga_stream *s, void *bytes, size_t size);

/* ---- buffers ---- */

/* Receives through a buffer, so that small frames come with one system call for many. */
struct svga_stream_in {
    const struct svga_stream *stream;
    size_t at, end;
    uint8_t bytes[64 * 1024];
};

/* Exactly `size` bytes. 0; -EPIPE: the other end has closed; or a negative errno. */
int svga_stream_take(struct svga_stream_in *in, void *bytes, size_t size);
/* Is there more in the buffer? */
static inline bool svga_stream_has(const struct svga_stream_in *in) {
    return in->at < in->end;
}

/* Sends through a buffer. One thread at a time. */
struct svga_stream_out {
    const struct svga_stream *stream;
    size_t used;
    size_t commands; /* where the frame of commands that is being written begins, + 1; 0: there is none */
    int error;       /* sticky: a negative errno */
    uint8_t bytes[192 * 1024];
};

/* Puts a frame into the buffer; large payloads are sent from where they lie, after what is in the buffer. */
void svga_stream_put(struct svga_stream_out *out, const struct svga_frame *frame, const void *payload);
/* Adds one command, to the frame of commands before it if nothing came between. */
void svga_stream_put_command(struct svga_stream_out *out, const void *command, uint32_t size);
/* Sends what is in the buffer. 0 or the first error that there was. */
int svga_stream_flush(struct svga_stream_out *out);

#endif
