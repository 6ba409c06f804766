// SPDX-License-Identifier: MIT
/*
 * Fuzzes the host's end of a stream: the input is what a guest that has been let in sends. Behind it is the device half in
 * this process, whose commands end at once (every slot that they name becomes final), so that outputs and records flow back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/remote/program/remote.h"
#include "svga-model/carrier-loopback.h"

static struct svga_loopback *device;
static uint32_t chunks[TR_MAX_CHUNKS], chunk_count;

/* What a worker would do: on the device's thread. */
static void carry_out(struct svga_device *d, const void *bytes, uint32_t size, void *opaque) {
    const struct svga_cmd_header *header = bytes;
    struct tr_moves m;
    (void)opaque;

    if (!tr_moves_of(bytes, size, &m))
        abort(); /* checked before */
    if (header->id == TR_CMD_ADD_SLOTS && chunk_count < TR_MAX_CHUNKS)
        chunks[chunk_count++] = ((const struct tr_add_slots *)(const void *)(header + 1))->region;
    for (unsigned i = 0; i < m.slot_count; i++) {
        uint32_t chunk = m.slots[i] / TR_SLOTS_PER_CHUNK, index = m.slots[i] % TR_SLOTS_PER_CHUNK;
        struct tr_slot *slot = chunk < chunk_count
                                   ? svga_device_span(d, chunks[chunk], index * sizeof *slot, sizeof *slot)
                                   : NULL;
        if (!slot)
            abort();
        slot->value = header->id * 977u;
        atomic_store_explicit(&slot->status, CL_COMPLETE, memory_order_release);
    }
    svga_device_irq(d);
}

/* Instead of a worker behind the socket. */
struct svga_carrier *__real_svga_carrier_shm_from_fd(int fd, char why[SVGA_WHY_SIZE]);
struct svga_carrier *__wrap_svga_carrier_shm_from_fd(int fd, char why[SVGA_WHY_SIZE]);
struct svga_carrier *__wrap_svga_carrier_shm_from_fd(int fd, char why[SVGA_WHY_SIZE]) {
    static bool nested;
    if (nested)
        return __real_svga_carrier_shm_from_fd(fd, why);
    close(fd);
    nested = true;
    struct svga_carrier *carrier = svga_carrier_loopback_open(device, why);
    nested = false;
    return carrier;
}

/* Reads away what comes back, or the other end would wait for room; looks whether it makes sense. */
static void *drain(void *arg) {
    static const struct svga_stream_in empty;
    static _Thread_local struct svga_stream_in in;
    const struct svga_stream stream = {.fd = *(int *)arg};
    struct svga_frame frame;
    char bytes[4096];

    in = empty;
    in.stream = &stream;
    while (svga_stream_take(&in, &frame, sizeof frame) == 0) {
        if (frame.type < SVGA_FRAME_WAIT && frame.type != SVGA_FRAME_DATA)
            abort();
        for (uint64_t left = frame.length; left > 0;) {
            size_t n = left < sizeof bytes ? (size_t)left : sizeof bytes;
            if (svga_stream_take(&in, bytes, n) < 0)
                return NULL;
            left -= n;
        }
    }
    return NULL;
}

struct input {
    int fd;
    const uint8_t *data;
    size_t size;
};

static void *feed(void *arg) {
    const struct input *input = arg;
    for (size_t at = 0; at < input->size;) {
        ssize_t n = send(input->fd, input->data + at, input->size - at, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    shutdown(input->fd, SHUT_WR);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool quiet;
    int ends[2], session[2];
    pthread_t feeder, drainer;
    struct remote *r = calloc(1, sizeof *r);

    if (!quiet) { /* why a guest is refused is said there */
        stderr = fopen("/dev/null", "we");
        quiet = stderr != NULL;
    }
    device = calloc(1, sizeof *device);
    if (!r || !device || !quiet || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, session) < 0)
        abort();
    *device = (struct svga_loopback){.command = carry_out, .limits = {4096, 64, 128}, .version = TR_VERSION};
    chunk_count = 0;
    pthread_mutex_init(&r->lock, NULL);
    pthread_mutex_init(&r->out_lock, NULL);
    r->stream.fd = ends[1];
    r->in.stream = r->out.stream = &r->stream;
    r->memory_limit = 16 << 20;
    struct input input = {ends[0], data, size};
    pthread_create(&feeder, NULL, feed, &input);
    pthread_create(&drainer, NULL, drain, &ends[0]);
    remote_serve(r, session[1]);
    shutdown(ends[1], SHUT_RDWR);
    pthread_join(feeder, NULL);
    pthread_join(drainer, NULL);
    svga_loopback_join(device);
    close(ends[0]);
    close(ends[1]);
    close(session[0]);
    free(r);
    free(device);
    return 0;
}
