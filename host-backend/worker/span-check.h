// SPDX-License-Identifier: MIT
/*
 * Does what a command reads or writes lie inside the span that it names? Sizes come from the guest: all
 * arithmetic is checked.
 */
#ifndef HOST_BACKEND_WORKER_SPAN_CHECK_H
#define HOST_BACKEND_WORKER_SPAN_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* *total += count * pitch; false on overflow. */
static inline bool span_extend(uint64_t *total, uint64_t count, uint64_t pitch) {
    uint64_t add;
    return !__builtin_mul_overflow(count, pitch, &add) && !__builtin_add_overflow(*total, add, total);
}

/*
 * The bytes of a box, from its memory's beginning to its last byte, are at most `length`. `origin` and
 * `region` are bytes, rows, slices. Pitches of 0 mean "tightly packed", as in clEnqueueReadBufferRect. Boxes
 * without any bytes fit: the driver refuses them.
 */
static inline bool rect_fits(const size_t origin[3], const size_t region[3], uint64_t row_pitch,
                             uint64_t slice_pitch, uint64_t length) {
    uint64_t row = row_pitch, slice = slice_pitch, total = 0, x, y, z;

    if (region[0] == 0 || region[1] == 0 || region[2] == 0)
        return true;
    if (row == 0)
        row = region[0];
    if (slice == 0 && __builtin_mul_overflow(row, region[1], &slice))
        return false;
    if (__builtin_add_overflow(origin[0], region[0], &x) ||
        __builtin_add_overflow(origin[1], region[1] - 1, &y) ||
        __builtin_add_overflow(origin[2], region[2] - 1, &z))
        return false;
    return span_extend(&total, 1, x) && span_extend(&total, y, row) && span_extend(&total, z, slice) &&
           total <= length;
}

#endif
