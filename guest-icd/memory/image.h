// SPDX-License-Identifier: MIT
/*
 * Images: their shape. The host's driver has the last word on formats and descriptors when an image is
 * created; the guest knows what it needs to check transfers and to lay out memory.
 */
#ifndef GUEST_ICD_MEMORY_IMAGE_H
#define GUEST_ICD_MEMORY_IMAGE_H

#include "guest-icd/memory/memory.h"

/* Bytes per pixel; 0 if the format makes no sense. */
size_t icd_image_element_size(const cl_image_format *format);

/* The image's extent in the coordinates of origin and region: a 1D array's layers are its second one. */
void icd_image_extent(const cl_image_desc *desc, size_t extent[3]);

/* Has the image layers or slices that lie slice_pitch apart? */
static inline bool icd_image_has_slices(cl_mem_object_type type) {
    return type == CL_MEM_OBJECT_IMAGE1D_ARRAY || type == CL_MEM_OBJECT_IMAGE2D_ARRAY ||
           type == CL_MEM_OBJECT_IMAGE3D;
}

/* origin and region, NULL included: CL_SUCCESS or CL_INVALID_VALUE. */
cl_int icd_image_check_region(cl_mem image, const size_t *origin, const size_t *region);

/* A region in bytes, rows and slices, where rows of one layer each count as rows. */
static inline void icd_image_bytes(cl_mem image, const size_t region[3], size_t bytes[3]) {
    bytes[0] = region[0] * image->element_size;
    bytes[1] = region[1];
    bytes[2] = region[2];
}

#endif
