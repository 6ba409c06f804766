// SPDX-License-Identifier: MIT
/*
 * The register file and the FIFO words of Trillium's virtual GPU.
 *
 * Names, numbers and semantics are SVGA II's (VMware's svga_reg.h) wherever the model mirrors that device.
 * Departures:
 *
 * - There is no I/O port pair. Registers are *read* from a page of memory that the device writes (the
 * register file at SVGA_BAR_REGS) and *written* through the carrier (svga_carrier_ops.reg_write), because a
 * virtio-gpu guest has a message channel and shared pages but no port of ours.
 * - The FIFO words that different sides write lie on cache lines of their own. SVGA II packs them into one
 * line, which costs a cache-line transfer per command when both sides run on different cores.
 * - FENCE interrupts are one counter (SVGA_FIFO_IRQ_SEQ) plus an "armed" word (SVGA_FIFO_IRQ_ARMED), the
 *   shared-memory form of IRQSTATUS and IRQMASK: a waiter arms, looks again, and sleeps until the counter
 * moves.
 *
 * The *BAR* is the one memory region that a session starts with: page 0 is the register file, page 1 the FIFO
 * words, and commands lie from SVGA_FIFO_DATA_OFFSET on.
 */
#ifndef SVGA_MODEL_REGS_H
#define SVGA_MODEL_REGS_H

#include <stdbool.h>
#include <stdint.h>

#define SVGA_ID_MAGIC 0x900000u
#define SVGA_ID_2 ((SVGA_ID_MAGIC << 8) | 2u)

/* Capabilities (SVGA_REG_CAPABILITIES) that this model offers. */
#define SVGA_CAP_EXTENDED_FIFO 0x00008000u
#define SVGA_CAP_IRQMASK 0x00040000u
#define SVGA_CAP_GMR 0x00100000u
#define SVGA_CAP_GMR2 0x00400000u

/* Registers: index of a 32-bit word in the register file. */
enum svga_reg {
    SVGA_REG_ID = 0,
    SVGA_REG_ENABLE = 1,
    SVGA_REG_CAPABILITIES = 17,
    SVGA_REG_MEM_SIZE = 19,    /* bytes of the BAR */
    SVGA_REG_CONFIG_DONE = 20, /* guest writes 1 once MIN, MAX, NEXT_CMD and STOP are set */
    SVGA_REG_SYNC = 21,        /* guest writes: the doorbell */
    SVGA_REG_BUSY = 22,
    SVGA_REG_GUEST_ID = 23, /* guest writes: its protocol version (trillium/protocol.h) */
    SVGA_REG_MEM_REGS = 30, /* number of FIFO words that the device knows */
    SVGA_REG_IRQMASK = 33,
    SVGA_REG_GMR_ID = 41,
    SVGA_REG_GMR_DESCRIPTOR = 42,
    SVGA_REG_GMR_MAX_IDS = 43,
    SVGA_REG_GMR_MAX_DESCRIPTOR_LENGTH = 44, /* pieces that one region may consist of */
    SVGA_REG_GMRS_MAX_PAGES = 46,            /* 4 KiB pages that all regions of a session may have together */
    SVGA_REG_DEV_CAP = 52,                   /* device's protocol version (trillium/protocol.h) */
    SVGA_REG_COUNT = 64
};

/* FIFO words: index of a 32-bit word from SVGA_BAR_FIFO. Sixteen words are one cache line. */
enum svga_fifo_word {
    /* line 0: set once by the guest before CONFIG_DONE */
    SVGA_FIFO_MIN = 0,
    SVGA_FIFO_MAX = 1,
    SVGA_FIFO_CAPABILITIES = 4,
    SVGA_FIFO_FLAGS = 5,
    /* line 1: written by the guest with every command */
    SVGA_FIFO_NEXT_CMD = 16,
    SVGA_FIFO_RESERVED = 17,
    SVGA_FIFO_GUEST_CPU = 18, /* CPU of the thread that last waited, + 1; 0 unknown */
    /* line 2: written by the device */
    SVGA_FIFO_STOP = 32,
    SVGA_FIFO_FENCE = 33,
    SVGA_FIFO_HOST_CPU = 34,    /* CPU of the decode thread, + 1; 0: it does not run; or SVGA_CPUS_WANTED */
    SVGA_FIFO_LINK_ACK = 35,    /* seq of the newest link message that was carried out */
    SVGA_FIFO_LINK_STATUS = 36, /* its result: 0, or a positive errno */
    SVGA_FIFO_ERROR = 37,       /* 0, or an svga_error: the device is lost */
    SVGA_FIFO_PROFILE =
        38, /* 0; else the guest shall stamp its commands: the number of the profile that wants it */
    /* line 3: the doorbell; both sides write it. It is the futex word of the sleeping device. */
    SVGA_FIFO_BUSY = 48,
    /* line 4: the interrupt; ARMED by the guest, cleared by the device; SEQ is the futex word of sleeping
       guests */
    SVGA_FIFO_IRQ_ARMED = 64,
    SVGA_FIFO_FENCE_GOAL = 65,
    SVGA_FIFO_ROOM_WANTED = 66, /* the guest's: 1 while a thread waits for room */
    /* line 5 */
    SVGA_FIFO_IRQ_SEQ = 80,
    SVGA_FIFO_NUM_WORDS = 96
};

/* Reasons in SVGA_FIFO_ERROR. The text that goes with it lies at SVGA_BAR_ERROR_TEXT (NUL-terminated). */
enum svga_error {
    SVGA_ERROR_NONE = 0,
    SVGA_ERROR_PROTOCOL = 1, /* the guest sent what the command table forbids */
    SVGA_ERROR_WORKER_DIED = 2,
    SVGA_ERROR_REFUSED = 3, /* policy, or no worker could be had */
    SVGA_ERROR_VERSION = 4,
};

/* Instead of the decode thread's CPU: other guests' kernels wait for the CPUs, so nobody spins. */
#define SVGA_CPUS_WANTED UINT32_MAX

/* Bytes of the BAR that every carrier creates. */
#define SVGA_BAR_SIZE (1u << 20)
#define SVGA_BAR_REGS 0u
#define SVGA_BAR_ERROR_TEXT 2048u
#define SVGA_BAR_ERROR_TEXT_SIZE 512u
/* Before a session opens on the virtio-gpu carrier: the guest's variables for its driver (link.h). */
#define SVGA_BAR_VARIABLES 2560u
#define SVGA_BAR_VARIABLES_SIZE 512u
#define SVGA_BAR_FIFO 4096u
#define SVGA_FIFO_DATA_OFFSET 8192u

/*
 * Regions for shared virtual memory lie at one address in guest process and device half, inside one of these
 * ranges, which no allocator hands out by itself on 64-bit Linux (47 bits of address). The first lies above
 * what AddressSanitizer takes for its shadow; the second is the application's under ThreadSanitizer and
 * MemorySanitizer, whose shadows take the first.
 */
#define SVGA_PLACED_MIN 0x200000000000u
#define SVGA_PLACED_MAX 0x300000000000u
#define SVGA_PLACED_RANGES                                                                                   \
    {                                                                                                        \
        {SVGA_PLACED_MIN, SVGA_PLACED_MAX}, {                                                                \
            0x1000000000u, 0x8000000000u                                                                     \
        }                                                                                                    \
    }

struct svga_placed_range {
    uint64_t start, end;
};

/* Does [address, address + size) lie inside one of them? */
static inline bool svga_placed(uint64_t address, uint64_t size) {
    static const struct svga_placed_range ranges[] = SVGA_PLACED_RANGES;
    for (unsigned i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (address >= ranges[i].start && address < ranges[i].end && size <= ranges[i].end - address)
            return true;
    return false;
}

/* The region id that names the BAR itself. */
#define SVGA_GMR_BAR 0u

#endif
