// SPDX-License-Identifier: MIT
#include "guest-icd/session/ranges.h"

#include <stdlib.h>
#include <string.h>

size_t icd_ranges_behind(const struct icd_ranges *r, uintptr_t address) {
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->items[middle].address + r->items[middle].size <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct icd_range *icd_ranges_find(const struct icd_ranges *r, const void *ptr, uint64_t size) {
    uintptr_t address = (uintptr_t)ptr;
    size_t i = icd_ranges_behind(r, address);
    if (i == r->count || r->items[i].address > address)
        return NULL;
    return size <= r->items[i].size - (address - r->items[i].address) ? &r->items[i] : NULL;
}

bool icd_ranges_add(struct icd_ranges *r, const struct icd_range *range) {
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : 16;
        struct icd_range *more = realloc(r->items, room * sizeof *more);
        if (!more)
            return false;
        r->items = more;
        r->room = room;
    }
    size_t at = icd_ranges_behind(r, range->address);
    memmove(&r->items[at + 1], &r->items[at], (r->count - at) * sizeof *r->items);
    r->items[at] = *range;
    r->count++;
    return true;
}

void *icd_ranges_take(struct icd_ranges *r, uintptr_t address) {
    size_t at = icd_ranges_behind(r, address);
    if (at == r->count || r->items[at].address != address)
        return NULL;
    void *what = r->items[at].what;
    memmove(&r->items[at], &r->items[at + 1], (r->count - at - 1) * sizeof *r->items);
    r->count--;
    return what;
}
