// SPDX-License-Identifier: MIT
/*
 * The device half's table of guest memory regions. Internal to the device half.
 *
 * A region is one contiguous range of addresses, put together from its pieces by mmap. When it is deleted its
 * pages are taken away at once: a late access faults and ends this session's worker, nobody else. The addresses
 * stay reserved as long as an object or a running command may refer to them, so that no such access meets the
 * memory of another region; to place one there is refused (EEXIST).
 */
#ifndef SVGA_MODEL_DEVICE_GMR_H
#define SVGA_MODEL_DEVICE_GMR_H

#include "svga-model/device.h"
#include "svga-model/link-io.h"

/* Carries out GMR_DEFINE or GMR_PIECES. 0 or a positive errno; after an error the region does not exist. */
int svga_gmr_define(struct svga_device *d, struct svga_link_packet *packet);

/* 0, or ENOENT. */
int svga_gmr_delete(struct svga_device *d, uint32_t id);
void svga_gmr_delete_all(struct svga_device *d);

#endif
