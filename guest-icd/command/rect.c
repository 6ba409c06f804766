// SPDX-License-Identifier: MIT
#include "guest-icd/command/rect.h"

#include <stdint.h>

bool icd_rect_check(const size_t origin[3], const size_t region[3], struct icd_pitch *pitch, size_t size,
                    size_t *offset) {
    size_t packed_slice, a, b, last;

    if (region[0] == 0 || region[1] == 0 || region[2] == 0)
        return false;
    if (pitch->row == 0)
        pitch->row = region[0];
    if (pitch->row < region[0] || __builtin_mul_overflow(region[1], pitch->row, &packed_slice))
        return false;
    if (pitch->slice == 0)
        pitch->slice = packed_slice;
    if (pitch->slice < packed_slice || pitch->slice % pitch->row != 0)
        return false;
    /* offset = origin[2] * slice + origin[1] * row + origin[0] */
    if (__builtin_mul_overflow(origin[2], pitch->slice, &a) ||
        __builtin_mul_overflow(origin[1], pitch->row, &b) || __builtin_add_overflow(a, b, offset) ||
        __builtin_add_overflow(*offset, origin[0], offset))
        return false;
    /* the last byte's place + 1 */
    if (__builtin_mul_overflow(region[2] - 1, pitch->slice, &a) ||
        __builtin_mul_overflow(region[1] - 1, pitch->row, &b) || __builtin_add_overflow(*offset, a, &last) ||
        __builtin_add_overflow(last, b, &last) || __builtin_add_overflow(last, region[0], &last))
        return false;
    return last <= size;
}

/* The specification's check_copy_overlap (Appendix E). */
bool icd_rect_overlap(const size_t a[3], const size_t b[3], const size_t region[3], size_t row_pitch,
                      size_t slice_pitch) {
    const size_t slice_size = (region[1] - 1) * row_pitch + region[0];
    const size_t block_size = (region[2] - 1) * slice_pitch + slice_size;
    const size_t a_start = a[2] * slice_pitch + a[1] * row_pitch + a[0];
    const size_t b_start = b[2] * slice_pitch + b[1] * row_pitch + b[0];
    const size_t a_dx = a[0] % row_pitch, b_dx = b[0] % row_pitch;
    const size_t a_dy = (a[1] * row_pitch + a[0]) % slice_pitch,
                 b_dy = (b[1] * row_pitch + b[0]) % slice_pitch;

    /* One ends before the other starts. */
    if (b_start + block_size <= a_start || a_start + block_size <= b_start)
        return false;
    /* The rows of one fit into the gap between the other's rows, */
    if ((b_dx >= a_dx + region[0] && b_dx + region[0] <= a_dx + row_pitch) ||
        (a_dx >= b_dx + region[0] && a_dx + region[0] <= b_dx + row_pitch))
        return false;
    /* or the slices of one into the gap between the other's slices. */
    if ((b_dy >= a_dy + slice_size && b_dy + slice_size <= a_dy + slice_pitch) ||
        (a_dy >= b_dy + slice_size && a_dy + slice_size <= b_dy + slice_pitch))
        return false;
    return true;
}
