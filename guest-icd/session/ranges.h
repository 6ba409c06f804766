// SPDX-License-Identifier: MIT
/*
 * Ranges of addresses that do not overlap, in order, each with what lies there.
 *
 * Threads: the caller's lock.
 */
#ifndef GUEST_ICD_SESSION_RANGES_H
#define GUEST_ICD_SESSION_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct icd_range {
    uintptr_t address;
    size_t size; /* bytes, at least 1 */
    void *what;  /* the caller's */
};

/* Zeroed at first. */
struct icd_ranges {
    struct icd_range *items; /* ascending addresses */
    size_t count, room;
};

/* Index of the first one that ends behind `address`; `count`: none does. */
size_t icd_ranges_behind(const struct icd_ranges *r, uintptr_t address);
/* The one that holds all of [ptr, ptr + size), or NULL. Until the next change. */
const struct icd_range *icd_ranges_find(const struct icd_ranges *r, const void *ptr, uint64_t size);
/* False: out of memory, and nothing has changed. */
bool icd_ranges_add(struct icd_ranges *r, const struct icd_range *range);
/* Takes the one out that starts at `address`. Returns what lay there, or NULL if there is none. */
void *icd_ranges_take(struct icd_ranges *r, uintptr_t address);

#endif
