// SPDX-License-Identifier: MIT
#include "tests/fuzz/rings/rings.h"

#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint8_t *ram;
static int ram_fd;

uint8_t *rings_begin(struct vu_loop *loop) {
    if (!ram) {
        ram_fd = memfd_create("ram", MFD_CLOEXEC);
        loop->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (ram_fd < 0 || loop->epoll < 0 || ftruncate(ram_fd, RINGS_RAM) < 0)
            abort();
        ram = mmap(NULL, RINGS_RAM, PROT_READ | PROT_WRITE, MAP_SHARED, ram_fd, 0);
        if (ram == MAP_FAILED)
            abort();
    }
    memset(ram, 0, RINGS_RAM);
    return ram;
}

void rings_attach(struct vu_backend *b, unsigned queues) {
    struct vu_message m = {.header.size = 8 + sizeof(struct vu_memory_region), .fd_count = 1};

    m.payload.memory = (struct vu_memory_table){.count = 1, .regions = {{RINGS_BASE, RINGS_RAM, 0, 0}}};
    m.fds[0] = dup(ram_fd);
    b->memory = vu_memory_create(&m);
    if (!b->memory)
        abort();
    for (unsigned i = 0; i < queues; i++) {
        struct vu_queue *q = &b->queues[i];
        uint64_t at = (uint64_t)i * RINGS_EACH;
        q->num = RINGS_NUM;
        q->addr = (struct vu_vring_addr){.desc = at, .avail = at + RINGS_AVAIL, .used = at + RINGS_USED};
        q->has_addr = q->enabled = true;
        if (!vu_queue_resolve(q, b->memory))
            abort();
    }
}

static struct vring_avail *avail(unsigned queue) {
    return (struct vring_avail *)(ram + (size_t)queue * RINGS_EACH + RINGS_AVAIL);
}

struct vring_desc *rings_descriptors(unsigned queue) {
    return (struct vring_desc *)(ram + (size_t)queue * RINGS_EACH);
}

unsigned rings_next(unsigned queue) {
    return avail(queue)->idx % RINGS_NUM;
}

void rings_offer(unsigned queue, unsigned head) {
    struct vring_avail *a = avail(queue);
    a->ring[a->idx % RINGS_NUM] = (uint16_t)head;
    a->idx++;
}
