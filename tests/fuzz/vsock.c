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
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/vhost-user/vsock.h"

enum { RAM = 1 << 20, NUM = 16, RING = 0x4000, DATA = 0x10000, PLACE = 0x4000 };
enum { OFFER = 0x40, OWNER = 0x80 };

static struct vu_loop loop;
static struct vsock device;
static uint8_t *ram;
static int ram_fd, newest;

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
    struct vu_message m = {.header.size = 8 + sizeof(struct vu_memory_region), .fd_count = 1};
    if (!ram) {
        ram_fd = memfd_create("ram", MFD_CLOEXEC);
        loop.epoll = epoll_create1(EPOLL_CLOEXEC);
        if (ram_fd < 0 || loop.epoll < 0 || ftruncate(ram_fd, RAM) < 0)
            abort();
        ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, ram_fd, 0);
        if (ram == MAP_FAILED)
            abort();
    }
    memset(ram, 0, RAM);
    newest = -1;
    vsock_init(&device, &loop, -1, &ops);
    m.payload.memory = (struct vu_memory_table){.count = 1, .regions = {{0, RAM, 0, 0}}};
    m.fds[0] = dup(ram_fd);
    device.backend.memory = vu_memory_create(&m);
    for (unsigned i = 0; i < 2; i++) {
        struct vu_queue *q = &device.backend.queues[i];
        uint64_t at = (uint64_t)i * RING;
        q->num = NUM;
        q->addr = (struct vu_vring_addr){.desc = at, .avail = at + 0x1000, .used = at + 0x2000};
        q->has_addr = q->enabled = true;
        q->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (!device.backend.memory || !vu_queue_resolve(q, device.backend.memory) || q->kick < 0 ||
            vu_loop_add(&loop, q->kick, EPOLLIN, &device.backend.kicks[i].source) < 0)
            abort();
    }
}

/* Puts a place of the queue on its ring. */
static void put(unsigned queue, const uint8_t *bytes, uint32_t size, uint16_t flags) {
    struct vring_desc *d = (struct vring_desc *)(ram + (size_t)queue * RING);
    struct vring_avail *avail = (struct vring_avail *)(ram + (size_t)queue * RING + 0x1000);
    unsigned index = avail->idx % NUM;
    uint64_t at = DATA + (uint64_t)(queue * NUM + index) * PLACE;

    if (bytes)
        memcpy(ram + at, bytes, size);
    d[index] = (struct vring_desc){at, size, flags, 0};
    avail->ring[index] = (uint16_t)index;
    avail->idx++;
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
            ssize_t ignored = write(newest, data, n);
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
