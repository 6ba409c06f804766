// SPDX-License-Identifier: MIT
/*
 * What carries the virtual GPU to its device half. The model is one; carriers differ in how memory comes to
 * be shared, how a register is written, how the doorbell rings and how a guest thread sleeps.
 *
 * A carrier is opened by one of the functions at the end. It starts with its BAR (svga-model/regs.h) mapped
 * and the register file filled in by the device. All functions may be called from any thread; the ones marked
 * [serial] are called under svga_guest's own lock, one at a time.
 *
 * Errors are negative errno values. A function that opens something also fills `why` (a sentence that a
 * person can act on).
 */
#ifndef SVGA_MODEL_CARRIER_H
#define SVGA_MODEL_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct svga_carrier;

/* Memory that guest and device share. Owned by whoever called region_create; given back with region_destroy.
 */
struct svga_region {
    uint32_t id;      /* GMR id; chosen by the caller, never SVGA_GMR_BAR */
    uint64_t size;    /* bytes, a multiple of 4096 */
    uint64_t address; /* 0, or where it must lie on both sides: in one of SVGA_PLACED_RANGES,
                         page-aligned */
    void *ptr;        /* the guest's mapping, page-aligned */
    uint64_t priv;    /* the carrier's */
};

struct svga_carrier_ops {
    const char *name; /* "loopback", "shm", "virtio-gpu", "socket" */

    /* [serial] Makes, maps and announces a region: region->id, ->size and ->address are set by the caller
     * (-EEXIST: the address is taken). Returns once the device has mapped it. -ENOMEM, -ENOSPC (device's
     * limits), -ENODEV (device lost). Fresh memory reads as zeros. */
    int (*region_create)(struct svga_carrier *c, struct svga_region *region);

    /* [serial] Withdraws and unmaps it. The caller has made sure that the device no longer uses it. */
    void (*region_destroy)(struct svga_carrier *c, struct svga_region *region);

    /* [serial] Writes a register; returns once the device has carried the write out. */
    int (*reg_write)(struct svga_carrier *c, uint32_t reg, uint32_t value);

    /* Wakes the device: called when the guest moved SVGA_FIFO_BUSY from 0 to 1. Never blocks for long. */
    void (*doorbell)(struct svga_carrier *c);

    /* Sleeps until SVGA_FIFO_IRQ_SEQ differs from `seen`, or timeout_us went by, or spuriously. The caller
     * has set IRQ_ARMED and looked again. 0, or -ENODEV when the device turned out to be gone. */
    int (*wait_irq)(struct svga_carrier *c, uint32_t seen, int64_t timeout_us);

    /* NULL, or as memcpy into regions, faster where the target's pages are not there yet. Returns how many bytes from the start it
     * has copied, 0 where it can do nothing. */
    size_t (*fill)(struct svga_carrier *c, void *to, const void *from, size_t size);

    /* No memory is shared: what either side writes is sent to the other with the command that it belongs to. */
    bool copies;

    /* Where it copies: the guest has changed these bytes of a region, and no command that is to come says so. */
    void (*wrote)(struct svga_carrier *c, const void *bytes, uint64_t length);

    /* True if both sides' CPU numbers (SVGA_FIFO_GUEST_CPU, SVGA_FIFO_HOST_CPU) speak of the same CPUs. Then
     * a sleep is a system call, and wait_irq keeps to its timeout to some 100 us; else it costs a message. */
    bool same_cpus;

    /* Unmaps everything and closes. Also after a fork in the child, where it must not disturb the parent's
     * session. */
    void (*close)(struct svga_carrier *c);
};

/* Carriers embed this as their first member. */
struct svga_carrier {
    const struct svga_carrier_ops *ops;
    void *bar;       /* the BAR, mapped */
    size_t bar_size; /* bytes */
};

#define SVGA_WHY_SIZE 256

/* Connects to the daemon's socket at `path` (trillium serve --shm PATH). `variables`: what goes with
 * SVGA_LINK_VARIABLES, `size` bytes; 0: nothing. */
struct svga_carrier *svga_carrier_shm_open(const char *path, const char *variables, size_t size,
                                           char why[SVGA_WHY_SIZE]);

/* Takes over `fd`, a connected SOCK_SEQPACKET socket that speaks the link protocol. */
struct svga_carrier *svga_carrier_shm_from_fd(int fd, char why[SVGA_WHY_SIZE]);

/* Finds Trillium's virtual GPU among the render nodes of this machine. NULL with a reason, and with errno
 * ENOENT if nothing here looks like it: no render node, or only those of other GPUs. `variables`: as above, of which
 * SVGA_BAR_VARIABLES_SIZE bytes pass. */
struct svga_carrier *svga_carrier_virtio_open(const char *variables, size_t size, char why[SVGA_WHY_SIZE]);

#endif
