// SPDX-License-Identifier: MIT
#include "svga-model/fifo.h"

#include <string.h>

#include "svga-model/shared.h"

void svga_producer_init(struct svga_producer *p, void *bar, size_t bar_size) {
    p->bar = bar;
    p->words = svga_fifo_words(bar);
    p->min = SVGA_FIFO_DATA_OFFSET;
    p->max = (uint32_t)(bar_size & ~(size_t)(SVGA_CMD_ALIGN - 1));
    p->next = p->published = p->min;
    atomic_store(&p->words[SVGA_FIFO_MIN], p->min);
    atomic_store(&p->words[SVGA_FIFO_MAX], p->max);
    atomic_store(&p->words[SVGA_FIFO_NEXT_CMD], p->min);
    atomic_store(&p->words[SVGA_FIFO_STOP], p->min);
    atomic_store(&p->words[SVGA_FIFO_BUSY], 0);
}

void *svga_producer_reserve(struct svga_producer *p, uint32_t size) {
    uint32_t stop = atomic_load_explicit(&p->words[SVGA_FIFO_STOP], memory_order_acquire);

    /* The device is trusted less than it might be: a STOP outside the ring only ever means "full". */
    if (stop < p->min || stop >= p->max)
        return NULL;
    if (stop > p->next) /* free: [next, stop), less one unit, since next == stop means empty */
        return stop - p->next > size ? p->bar + p->next : NULL;

    /* free: [next, max) and [min, stop) */
    uint32_t tail = p->max - p->next;
    if (tail > size || (tail == size && stop > p->min))
        return p->bar + p->next;
    if (stop - p->min <= size)
        return NULL;
    struct svga_cmd_header nop = {.id = SVGA_CMD_NOP, .size = tail};
    memcpy(p->bar + p->next, &nop, sizeof nop);
    p->next = p->min;
    return p->bar + p->next;
}

void svga_producer_commit(struct svga_producer *p, uint32_t size) {
    p->next += size;
    if (p->next == p->max)
        p->next = p->min;
}

bool svga_producer_publish(struct svga_producer *p) {
    if (p->next == p->published)
        return false;
    p->published = p->next;
    atomic_store_explicit(&p->words[SVGA_FIFO_NEXT_CMD], p->next, memory_order_release);
    return true;
}

bool svga_consumer_init(struct svga_consumer *c, void *bar, size_t bar_size) {
    c->bar = bar;
    c->words = svga_fifo_words(bar);
    c->min = atomic_load(&c->words[SVGA_FIFO_MIN]);
    c->max = atomic_load(&c->words[SVGA_FIFO_MAX]);
    c->stop = atomic_load(&c->words[SVGA_FIFO_STOP]);
    return c->min >= SVGA_FIFO_DATA_OFFSET && c->min % SVGA_CMD_ALIGN == 0 && c->max % SVGA_CMD_ALIGN == 0 &&
           c->max <= bar_size && c->max > c->min && c->max - c->min >= 2 * SVGA_CMD_MAX_SIZE &&
           c->stop >= c->min && c->stop < c->max && c->stop % SVGA_CMD_ALIGN == 0;
}

int svga_consumer_next(struct svga_consumer *c, void *buffer, const char **why) {
    for (;;) {
        uint32_t next = atomic_load_explicit(&c->words[SVGA_FIFO_NEXT_CMD], memory_order_acquire);
        struct svga_cmd_header header;

        if (next == c->stop)
            return 0;
        if (next < c->min || next >= c->max || next % SVGA_CMD_ALIGN != 0) {
            *why = "NEXT_CMD points outside the FIFO";
            return -1;
        }
        /* What the guest says is there: up to NEXT_CMD, or up to the ring's end if NEXT_CMD has wrapped. */
        uint32_t available = next > c->stop ? next - c->stop : c->max - c->stop;
        svga_copy_in(&header, c->bar + c->stop, sizeof header);
        if (header.size < sizeof header || header.size % SVGA_CMD_ALIGN != 0 || header.size > available) {
            *why = "a command's size does not fit what NEXT_CMD announced";
            return -1;
        }
        if (header.id != SVGA_CMD_NOP) {
            if (header.size > SVGA_CMD_MAX_SIZE) {
                *why = "a command is longer than SVGA_CMD_MAX_SIZE";
                return -1;
            }
            svga_copy_in(buffer, c->bar + c->stop, header.size);
            /* The guest may have rewritten the header between the two copies; what was checked counts. */
            memcpy(buffer, &header, sizeof header);
        }
        c->stop += header.size;
        if (c->stop == c->max)
            c->stop = c->min;
        if (header.id != SVGA_CMD_NOP)
            return (int)header.size;
    }
}
