// SPDX-License-Identifier: MIT
/*
 * Status slots: where the host answers without a message. Slots lie in chunks, each in a region that the
 * guest announced with ADD_SLOTS; slot number n is slot n % TR_SLOTS_PER_CHUNK of chunk n /
 * TR_SLOTS_PER_CHUNK.
 *
 * A slot belongs either to an event or to one answer that a guest thread waits for. The guest sets status =
 * TR_STATUS_PENDING before it sends the command; the host writes everything else first and the status last,
 * with release order, then interrupts. After a final status (<= CL_COMPLETE) the host never writes the slot
 * again, so the guest may reuse it. RELEASE of an event that has no final status yet writes CL_COMPLETE to
 * its slot, whatever becomes of the command: so released slots come back.
 */
#ifndef TRILLIUM_SLOT_H
#define TRILLIUM_SLOT_H

#include <stdatomic.h>
#include <stdint.h>

#define TR_SLOTS_PER_CHUNK 4096u
#define TR_MAX_CHUNKS 1024u

/* Any status above CL_QUEUED (3). */
#define TR_STATUS_PENDING 4

struct tr_slot {
    _Atomic int32_t
        status; /* event: CL_SUBMITTED, CL_RUNNING, CL_COMPLETE or a negative error; answer: CL_COMPLETE */
    int32_t result; /* answer: OpenCL error code */
    uint64_t value; /* answer: see the command */
    /* event on a profiling queue, once complete: CL_PROFILING_COMMAND_* on the device's clock */
    uint64_t queued, submit, start, end, complete;
    uint32_t profiled; /* 1: the timestamps are there */
    uint32_t reserved;
};

_Static_assert(sizeof(struct tr_slot) == 64, "one cache line");

#endif
