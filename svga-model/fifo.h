// SPDX-License-Identifier: MIT
/*
 * The command FIFO: a ring of commands in the BAR, written by the guest half and read by the device half.
 *
 * Words and rules are SVGA II's: MIN, MAX, NEXT_CMD and STOP are byte offsets into the BAR; the guest writes
 * a command at NEXT_CMD and then moves NEXT_CMD behind it, the device reads at STOP and then moves STOP
 * behind it; NEXT_CMD == STOP is empty. Departures: every command is a multiple of 8 bytes; a command never
 * wraps (the rest of the ring is filled with one SVGA_CMD_NOP instead), so the guest may always build it in
 * place, as with SVGA's RESERVE capability.
 *
 * Both halves keep private copies of what they wrote themselves and never read it back: what lies in shared
 * memory may have been changed by a hostile other side.
 *
 * Threads: one producer and one consumer at a time; callers lock.
 */
#ifndef SVGA_MODEL_FIFO_H
#define SVGA_MODEL_FIFO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svga-model/regs.h"

/* Every command starts with this. */
struct svga_cmd_header {
    uint32_t id;   /* an svga_cmd, or a command of the layer above (>= SVGA_CMD_FIRST_CLIENT) */
    uint32_t size; /* bytes, this header included; a multiple of 8 */
};

enum svga_cmd {
    SVGA_CMD_NOP = 0,
    SVGA_CMD_FENCE = 30, /* struct svga_cmd_fence: FENCE = value once everything before was decoded */
    SVGA_CMD_FIRST_CLIENT = 2048, /* commands from here on belong to the layer above */
};

struct svga_cmd_fence {
    struct svga_cmd_header header;
    uint32_t fence; /* never 0 */
    uint32_t reserved;
};

#define SVGA_CMD_ALIGN 8u
/* A command is at most this long (header included): longer data goes through regions. */
#define SVGA_CMD_MAX_SIZE 32768u

typedef _Atomic uint32_t svga_word;

/* The FIFO words (index: enum svga_fifo_word) of a mapped BAR. */
static inline svga_word *svga_fifo_words(void *bar) {
    return (svga_word *)((char *)bar + SVGA_BAR_FIFO);
}

/* The registers (index: enum svga_reg) of a mapped BAR. */
static inline svga_word *svga_registers(void *bar) {
    return (svga_word *)((char *)bar + SVGA_BAR_REGS);
}

/* "fence has passed": SVGA's comparison, right across the 32-bit wrap. */
static inline bool svga_fence_passed(uint32_t reached, uint32_t fence) {
    return reached - fence < 1u << 31;
}

/* ---- guest side ---- */

struct svga_producer {
    uint8_t *bar;
    svga_word *words;
    uint32_t min, max;
    uint32_t next;      /* where the next command goes; published by svga_producer_publish */
    uint32_t published; /* what NEXT_CMD says */
};

/* Sets MIN, MAX, NEXT_CMD and STOP in `bar` of bar_size bytes, before CONFIG_DONE. */
void svga_producer_init(struct svga_producer *p, void *bar, size_t bar_size);

/* Room for a command of `size` bytes (a multiple of 8, at most SVGA_CMD_MAX_SIZE), or NULL while the ring is
 * too full. May add a NOP. The caller fills it in (header included) and calls svga_producer_commit with the
 * same size. */
void *svga_producer_reserve(struct svga_producer *p, uint32_t size);
void svga_producer_commit(struct svga_producer *p, uint32_t size);

/* Makes all committed commands visible. True if there were any. */
bool svga_producer_publish(struct svga_producer *p);

/* ---- device side ---- */

struct svga_consumer {
    const uint8_t *bar;
    svga_word *words;
    uint32_t min, max;
    uint32_t stop;
};

/* Reads MIN, MAX and STOP once and checks them. False if they make no ring inside bar_size bytes. */
bool svga_consumer_init(struct svga_consumer *c, void *bar, size_t bar_size);

/* True if NEXT_CMD says that there is a command. */
static inline bool svga_consumer_pending(const struct svga_consumer *c) {
    return atomic_load_explicit(&c->words[SVGA_FIFO_NEXT_CMD], memory_order_acquire) != c->stop;
}

/* What the next command claims to be, while the guest may still rewrite it: a hint, for what to expect.
 * SVGA_CMD_NOP if there is none. */
static inline uint32_t svga_consumer_peek(const struct svga_consumer *c) {
    if (!svga_consumer_pending(c))
        return SVGA_CMD_NOP;
    return *(const volatile uint32_t *)(c->bar + c->stop + offsetof(struct svga_cmd_header, id));
}

/* The same, looking past one command `passed`, which only says something about the one behind it. */
static inline uint32_t svga_consumer_peek_past(const struct svga_consumer *c, uint32_t passed) {
    uint32_t id = svga_consumer_peek(c);
    if (id != passed || id == SVGA_CMD_NOP)
        return id;
    uint32_t size = *(const volatile uint32_t *)(c->bar + c->stop + offsetof(struct svga_cmd_header, size));
    if (size % SVGA_CMD_ALIGN != 0 || size > c->max - c->stop)
        return SVGA_CMD_NOP;
    uint32_t at = size == c->max - c->stop ? c->min : c->stop + size;
    if (at == atomic_load_explicit(&c->words[SVGA_FIFO_NEXT_CMD], memory_order_acquire))
        return SVGA_CMD_NOP;
    return *(const volatile uint32_t *)(c->bar + at + offsetof(struct svga_cmd_header, id));
}

/*
 * Copies the next command, whole, into `buffer` (SVGA_CMD_MAX_SIZE bytes, 8-aligned) and moves past it; the
 * guest sees the room as free only after svga_consumer_release. Skips NOPs. Returns the command's size, 0 if
 * there is none, or -1 if the ring is corrupt (*why says how).
 */
int svga_consumer_next(struct svga_consumer *c, void *buffer, const char **why);

/* Writes STOP: the room of all commands read so far may be written again. */
static inline void svga_consumer_release(struct svga_consumer *c) {
    atomic_store_explicit(&c->words[SVGA_FIFO_STOP], c->stop, memory_order_release);
}

#endif
