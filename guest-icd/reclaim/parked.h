// SPDX-License-Identifier: MIT
/*
 * Status slots that the host may still write although what they belonged to is gone.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_RECLAIM_PARKED_H
#define GUEST_ICD_RECLAIM_PARKED_H

#include <stdint.h>

/* Gives a slot back once the host has made it final, which it does at the latest when the event is released. */
void icd_slot_park(uint32_t slot);

#endif
