// SPDX-License-Identifier: MIT
/*
 * An OpenCL driver that computes nothing and holds its caller to the rules instead of libOpenCL: the worker's
 * handlers are linked with it where no real driver shall take part (fuzzing, runs without memory).
 *
 * It aborts where a real driver could be harmed: a handle of another kind or one that was released, memory
 * that the caller does not have, an entry point that the platform's version does not know. What a driver has
 * to refuse by itself it refuses with an error. Two platforms: one of OpenCL 3.0 with two CPU devices, one of
 * OpenCL 1.1 with one GPU.
 *
 * Commands end when stub_run says so, in an order that queues and wait lists allow; callbacks run in there.
 *
 * Threads: one at a time.
 */
#ifndef TESTS_FUZZ_STUB_STUB_H
#define TESTS_FUZZ_STUB_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CL/cl.h>

/* Before a session: no commands, no failures. */
void stub_reset(void);
/* From now on every `period`th call that may fail does; 0: none. */
void stub_fail_every(unsigned period);
/* Lets up to `count` commands end. Returns how many did. */
unsigned stub_run(unsigned count);
/* Lets everything end, whatever it waits for. */
void stub_run_all(void);
/* Objects that were made and not released. */
unsigned stub_live(void);

/* Whether the caller may let the driver read and write these bytes. NULL: everything is allowed. */
extern bool (*stub_memory_ok)(const void *at, size_t size);

/* ---- inside ---- */

enum stub_kind {
    STUB_CONTEXT = 1,
    STUB_QUEUE,
    STUB_MEM,
    STUB_SAMPLER,
    STUB_PROGRAM,
    STUB_KERNEL,
    STUB_EVENT,
    STUB_DEVICE,
    STUB_PLATFORM,
};

struct stub_head {
    void *dispatch; /* where a loader looks */
    uint32_t magic;
    enum stub_kind kind;
    unsigned refs;
    unsigned version; /* of the platform: 110, 300 */
};

struct _cl_platform_id {
    struct stub_head head;
};

struct _cl_device_id {
    struct stub_head head;
    cl_platform_id platform;
    cl_device_type type;
    const char *name;
};

struct _cl_context {
    struct stub_head head;
    cl_device_id devices[8];
    cl_uint device_count;
};

struct _cl_command_queue {
    struct stub_head head;
    cl_context context;
    cl_device_id device;
    bool in_order, profiled;
};

struct _cl_mem {
    struct stub_head head;
    cl_context context;
    cl_mem parent;
    cl_mem_object_type type;
    cl_mem_flags flags;
    size_t size;      /* buffers */
    size_t extent[3]; /* images: pixels; of arrays the last is the number of slices */
    cl_image_format format;
    void(CL_CALLBACK *gone)(cl_mem mem, void *opaque); /* NULL: nobody wants to know */
    void *opaque;
};

struct _cl_sampler {
    struct stub_head head;
    cl_context context;
};

struct _cl_program {
    struct stub_head head;
    cl_context context;
    bool from_source, built;
};

struct _cl_kernel {
    struct stub_head head;
    cl_program program;
    unsigned number;
};

struct stub_callback {
    struct stub_callback *next;
    cl_int type;
    void(CL_CALLBACK *call)(cl_event, cl_int, void *);
    void *opaque;
};

struct _cl_event {
    struct stub_head head;
    cl_context context;
    cl_command_queue queue; /* NULL: a user event */
    cl_int status;
    cl_event *waits;
    cl_uint wait_count;
    struct stub_callback *callbacks;
    struct _cl_event *next; /* not ended, in the order of their enqueueing */
};

/* Aborts with a sentence. */
_Noreturn void stub_harm(const char *what);
/* True if the handle is one of the kind, false if it is NULL; harm otherwise. */
bool stub_is(const void *handle, enum stub_kind kind);
/* The entry point appeared with OpenCL `version`. */
void stub_needs(const void *handle, unsigned version);
void stub_touch(const void *at, size_t size);
/* It is this call's turn to fail. */
bool stub_fails(void);
void *stub_new(enum stub_kind kind, size_t size, unsigned version);
void stub_retain(void *handle);
/* True if that was the last reference: the caller drops what the object holds, then stub_free. */
bool stub_release(void *handle);
void stub_free(void *handle);
/* Answers a query. */
cl_int stub_give(const void *data, size_t length, size_t size, void *value, size_t *size_ret);
cl_int stub_give_text(const char *text, size_t size, void *value, size_t *size_ret);
/* Stores `r` where the caller wants it, and returns NULL. */
void *stub_error(cl_int *out, cl_int r);
bool stub_in_context(cl_context context, cl_device_id device);

#endif
