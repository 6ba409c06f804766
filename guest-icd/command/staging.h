// SPDX-License-Identifier: MIT
/*
 * The ways of a transfer between the application's memory and a memory object, common to buffers, rectangles
 * and images: copied by the guest itself, or through staging blocks.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_COMMAND_STAGING_H
#define GUEST_ICD_COMMAND_STAGING_H

#include "guest-icd/memory/memory.h"
#include "guest-icd/queue/enqueue.h"
#include "guest-icd/reclaim/pending.h"

/* One transfer as the application wants it. */
struct icd_transfer {
    cl_command_queue queue;
    cl_mem mem;
    cl_command_type type; /* of the event */
    bool write;           /* from the application to the object */
    bool blocking;
    struct icd_box app;    /* the application's memory */
    struct icd_box object; /* where the object's bytes lie for the guest; ptr NULL: only the host has them */
    size_t region[3];      /* bytes, rows, slices */
    const size_t *origin, *image_region;                           /* images: in pixels */
    size_t offset;                                                 /* buffers: of the first byte */
    size_t buffer_origin[3], buffer_row_pitch, buffer_slice_pitch; /* rectangles, as given */
    enum { ICD_TRANSFER_BUFFER, ICD_TRANSFER_RECT, ICD_TRANSFER_IMAGE } kind;
    cl_uint wait_count;
    const cl_event *wait_list;
    cl_event *event;
};

/* Carries it out; everything but the wait list has been checked. */
cl_int icd_transfer(struct icd_transfer *t);

/* The same for `size` bytes of a buffer from t->offset on and the application's memory at ptr, with all checks.
 * Queue, mem, type, write, blocking, offset, wait list and event are filled in. */
cl_int icd_transfer_linear(struct icd_transfer *t, size_t size, void *ptr);

/* Puts the command that moves the transfer's bytes between the object and `block` (packed). svga_guest_lock
 * is held. */
void icd_transfer_put(const struct icd_transfer *t, const struct icd_enqueue *e,
                      const struct icd_block *block);

/* Would an event of that queue have to show times of the device's clock? Then the command must pass through
 * the host. */
static inline bool icd_event_profiled(cl_command_queue q, const cl_event *event) {
    return event && (q->properties & CL_QUEUE_PROFILING_ENABLE);
}

/* Gives the application a local event, if it wants one. */
cl_int icd_local_event(cl_command_queue q, cl_command_type type, cl_event *event);

#endif
