// SPDX-License-Identifier: MIT
/*
 * What a hostile guest can do to its vsock device. An input is steps, each two bytes and what they announce: a packet of so many
 * bytes; and what its owner and its ring do then: a place for a packet to the guest, words from the owner of the newest
 * stream, or its end.
 */
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/vhost-user/vsock.h"
#include "tests/fuzz/rings/rings.h"

enum { QUEUES = 2, DATA = 0x10000, PLACE = 0x4000 };
enum { OFFER = 0x40, OWNER = 0x80 };

static struct vu_loop loop;
static struct vsock device;
static uint8_t *ram;
static int newest;

static int open_stream(void *opaque) {
    int pair[2];
    (void)opaque;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        abort();
    if (newest >= 0)
        close(newest);
    newest = pair[0];
    return pair[1];
}

static const struct vsock_ops ops = {.port = 7878, .connect = open_stream};

static void start(void) {
    ram = rings_begin(&loop);
    newest = -1;
    vsock_init(&device, &loop, -1, &ops);
    rings_attach(&device.backend, QUEUES);
    for (unsigned i = 0; i < QUEUES; i++) {
        int kick = device.backend.queues[i].kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (kick < 0 || vu_loop_add(&loop, kick, EPOLLIN, &device.backend.kicks[i].source) < 0)
            abort();
    }
}

/* Puts a place of the queue on its ring. */
static void put(unsigned queue, const uint8_t *bytes, uint32_t size, uint16_t flags) {
    unsigned index = rings_next(queue);
    uint64_t at = DATA + (uint64_t)(queue * RINGS_NUM + index) * PLACE;

    if (bytes)
        memcpy(ram + at, bytes, size);
    rings_descriptors(queue)[index] = (struct vring_desc){RINGS_BASE + at, size, flags, 0};
    rings_offer(queue, index);
    vu_backend_kick_again(&device.backend, queue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    start();
    while (size > 2) {
        size_t n = data[0] | (size_t)(data[1] & 0x3f) << 8;
        uint8_t what = data[1];
        data += 2, size -= 2;
        if (n > size)
            n = size;
        if (what & OFFER)
            put(0, NULL, (uint32_t)(n % 2 ? n % 64 : PLACE), VRING_DESC_F_WRITE);
        if (newest >= 0 && (what & OWNER) && n == 0) {
            close(newest);
            newest = -1;
        } else if (newest >= 0 && (what & OWNER)) {
            ssize_t ignored = send(newest, data, n, MSG_NOSIGNAL);
            (void)ignored;
        } else {
            put(1, data, (uint32_t)n, 0);
        }
        for (int i = 0; i < 1000 && vu_loop_once(&loop, 0); i++)
            ;
        data += n, size -= n;
    }
    if (newest >= 0)
        close(newest);
    vsock_finish(&device);
    return 0;
}
