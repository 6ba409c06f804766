// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "guest-icd/api.h"
#include "guest-icd/command/check.h"
#include "guest-icd/command/map.h"
#include "guest-icd/memory/image.h"
#include "guest-icd/reclaim/limbo.h"

/* The distance of what the application sees as the next row of a region: layers of a 1D array are rows. */
static size_t row_step(cl_mem image, const struct icd_map *map) {
    return image->type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? map->slice_pitch : map->row_pitch;
}

void icd_map_image_transfer(struct icd_transfer *t, const struct icd_map *map) {
    t->kind = ICD_TRANSFER_IMAGE;
    t->origin = map->origin;
    t->image_region = map->region;
    icd_image_bytes(t->mem, map->region, t->region);
    t->app = (struct icd_box){map->ptr, row_step(t->mem, map), map->slice_pitch, true};
    t->object = (struct icd_box){NULL, 0, 0, false};
}

/* Chooses where the mapping lies. */
static cl_int place(cl_mem image, struct icd_map *map) {
    size_t bytes[3];

    if (image->host_ptr) {
        map->row_pitch = image->desc.image_row_pitch;
        map->slice_pitch = image->desc.image_slice_pitch;
        map->ptr = (char *)image->host_ptr + map->origin[0] * image->element_size +
                   map->origin[1] * row_step(image, map) + map->origin[2] * map->slice_pitch;
        return CL_SUCCESS;
    }
    icd_image_bytes(image, map->region, bytes);
    map->row_pitch = bytes[0];
    map->slice_pitch = image->type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? bytes[0]
                       : icd_image_has_slices(image->type)        ? bytes[0] * bytes[1]
                                                                  : 0;
    cl_int r = icd_pool_alloc(bytes[0] * bytes[1] * bytes[2], &map->shadow);
    map->ptr = map->shadow.ptr;
    return r;
}

static cl_int map_image(struct icd_transfer *t, struct icd_map *map) {
    uint64_t seq;
    cl_int r = place(t->mem, map);
    if (r != CL_SUCCESS)
        return r;
    icd_map_image_transfer(t, map);
    if (!icd_map_reads(map->flags))
        r = icd_map_order(t);
    else
        r = map->shadow.region ? icd_map_move(t, &map->shadow, &seq) : icd_transfer(t);
    if (r != CL_SUCCESS)
        icd_limbo_block(&t->mem->context->ledger, &map->shadow);
    return r;
}

void *CL_API_CALL icd_EnqueueMapImage(cl_command_queue queue, cl_mem image, cl_bool blocking,
                                      cl_map_flags flags, const size_t *origin, const size_t *region,
                                      size_t *row_pitch, size_t *slice_pitch, cl_uint wait_count,
                                      const cl_event *wait_list, cl_event *event, cl_int *errcode_ret) {
    struct icd_transfer t = {.queue = queue,
                             .mem = image,
                             .type = CL_COMMAND_MAP_IMAGE,
                             .blocking = blocking,
                             .wait_count = wait_count,
                             .wait_list = wait_list,
                             .event = event};
    struct icd_map *map = NULL;
    cl_int r = icd_image_check(queue, image);
    if (r == CL_SUCCESS)
        r = icd_image_check_region(image, origin, region);
    if (r == CL_SUCCESS && (!row_pitch || (icd_image_has_slices(image->type) && !slice_pitch)))
        r = CL_INVALID_VALUE;
    if (r == CL_SUCCESS)
        r = icd_map_check_flags(image, flags);
    if (r == CL_SUCCESS && !(map = calloc(1, sizeof *map)))
        r = CL_OUT_OF_HOST_MEMORY;
    if (map) {
        map->flags = flags;
        memcpy(map->origin, origin, sizeof map->origin);
        memcpy(map->region, region, sizeof map->region);
        r = map_image(&t, map);
        if (r == CL_SUCCESS) {
            *row_pitch = map->row_pitch;
            if (slice_pitch)
                *slice_pitch = map->slice_pitch;
            icd_maps_add(&image->maps, &image->lock, map);
        } else {
            free(map);
        }
    }
    if (errcode_ret)
        *errcode_ret = r;
    return r == CL_SUCCESS ? map->ptr : NULL;
}
