// SPDX-License-Identifier: MIT
/*
 * The loopback carrier: both halves of the virtual GPU in one process, for unit tests and fuzzing. The device
 * half is the real one (svga-model/device.h), served by a thread of this process; a callback sees every
 * command.
 */
#ifndef SVGA_MODEL_CARRIER_LOOPBACK_H
#define SVGA_MODEL_CARRIER_LOOPBACK_H

#include "svga-model/carrier.h"
#include "svga-model/device.h"

struct svga_loopback {
    /* Called on the device's decode thread with each command (header included); NULL: commands are dropped.
     */
    void (*command)(struct svga_device *device, const void *bytes, uint32_t size, void *opaque);
    void *opaque;
    struct svga_device_limits limits;
    uint32_t version; /* SVGA_REG_DEV_CAP */
    /* the carrier's */
    struct svga_device device;
    pthread_t link_thread, decode_thread;
    bool decoding;
};

/* Starts the device half of `loopback` (the caller fills in the upper members) and opens a carrier to it.
 * After the carrier's close: svga_loopback_join. NULL with `why` (then there is nothing to join). */
struct svga_carrier *svga_carrier_loopback_open(struct svga_loopback *loopback, char why[SVGA_WHY_SIZE]);

/* Waits for the device half's threads and frees what it holds. */
void svga_loopback_join(struct svga_loopback *loopback);

#endif
