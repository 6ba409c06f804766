// SPDX-License-Identifier: MIT
#include "host-backend/front/bar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "svga-model/futex.h"

enum { PAGE = 4096 };

/* Maps page `index` of the resource. */
static void *map_page(const struct vu_memory *memory, const struct vgpu_resource *r, uint64_t index) {
    uint64_t offset = index * PAGE;

    for (uint32_t i = 0; i < r->piece_count; i++) {
        const struct vgpu_piece *p = &r->pieces[i];
        if (offset >= p->length) {
            offset -= p->length;
            continue;
        }
        uint64_t at = p->guest_addr + offset;
        int region = p->length - offset < PAGE || at % PAGE != 0 ? -1 : vu_memory_find(memory, at, PAGE);
        if (region < 0)
            break;
        const struct vu_mapped_region *m = &memory->regions[region];
        void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd,
                          (off_t)(m->offset + (at - m->guest_addr)));
        return page == MAP_FAILED ? NULL : page;
    }
    errno = EINVAL;
    return NULL;
}

int front_bar_map(struct front_bar *bar, const struct vu_memory *memory, const struct vgpu_resource *r) {
    _Static_assert(SVGA_BAR_REGS == 0 && SVGA_BAR_FIFO == PAGE &&
                       SVGA_FIFO_NUM_WORDS * sizeof(svga_word) <= PAGE &&
                       SVGA_BAR_ERROR_TEXT + SVGA_BAR_ERROR_TEXT_SIZE <= SVGA_BAR_VARIABLES &&
                       SVGA_BAR_VARIABLES + SVGA_BAR_VARIABLES_SIZE <= PAGE,
                   "what the front touches of the BAR lies in its first two pages");
    bar->page = map_page(memory, r, 0);
    if (!bar->page)
        return -errno;
    bar->words = map_page(memory, r, 1);
    if (!bar->words) {
        int e = errno;
        munmap(bar->page, PAGE);
        bar->page = NULL;
        return -e;
    }
    return 0;
}

void front_bar_unmap(struct front_bar *bar) {
    if (!bar->page)
        return;
    munmap(bar->page, PAGE);
    munmap(bar->words, PAGE);
    *bar = (struct front_bar){0};
}

bool front_bar_variables(const struct front_bar *bar, uint32_t size, char to[SVGA_BAR_VARIABLES_SIZE]) {
    if (size > SVGA_BAR_VARIABLES_SIZE)
        return false;
    memcpy(to, bar->page + SVGA_BAR_VARIABLES, size);
    return true;
}

void front_bar_fail(struct front_bar *bar, enum svga_error error, const char *text) {
    if (!bar->page || atomic_load(&bar->words[SVGA_FIFO_ERROR]) != SVGA_ERROR_NONE)
        return;
    snprintf((char *)bar->page + SVGA_BAR_ERROR_TEXT, SVGA_BAR_ERROR_TEXT_SIZE, "%s", text);
    atomic_store(&bar->words[SVGA_FIFO_ERROR], error);
}

void front_bar_ack(struct front_bar *bar, uint32_t seq, uint32_t status) {
    if (!bar->page)
        return;
    atomic_store(&bar->words[SVGA_FIFO_LINK_STATUS], status);
    atomic_store(&bar->words[SVGA_FIFO_LINK_ACK], seq);
}

void front_bar_interrupt(struct front_bar *bar) {
    if (bar->page)
        atomic_fetch_add(&bar->words[SVGA_FIFO_IRQ_SEQ], 1);
}

void front_bar_ring(struct front_bar *bar) {
    if (bar->page)
        svga_futex_wake(&bar->words[SVGA_FIFO_BUSY], 1);
}

bool front_bar_moved(const struct front_bar *bar, uint32_t seen) {
    return !bar->page || atomic_load(&bar->words[SVGA_FIFO_IRQ_SEQ]) != seen;
}
