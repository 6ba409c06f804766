// SPDX-License-Identifier: MIT
/*
 * Rectangles in linear memory, as clEnqueue*BufferRect describe them: origin and region are in bytes, rows
 * and slices.
 */
#ifndef GUEST_ICD_COMMAND_RECT_H
#define GUEST_ICD_COMMAND_RECT_H

#include <stdbool.h>
#include <stddef.h>

struct icd_pitch {
    size_t row, slice; /* bytes; 0: closely packed */
};

/* Fills in pitches that are 0 and checks region, pitches and that everything lies inside of `size` bytes.
 * *offset gets the distance of the first byte. */
bool icd_rect_check(const size_t origin[3], const size_t region[3], struct icd_pitch *pitch, size_t size,
                    size_t *offset);

/* Do two rectangles of the same region, at these offsets and with the same pitches in one buffer, share a
 * byte? */
bool icd_rect_overlap(const size_t a[3], const size_t b[3], const size_t region[3], size_t row_pitch,
                      size_t slice_pitch);

#endif
