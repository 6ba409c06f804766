// SPDX-License-Identifier: MIT
#include "guest-icd/memory/svm.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "guest-icd/api.h"
#include "guest-icd/memory/memory.h"
#include "guest-icd/session/ranges.h"
#include "guest-icd/session/session.h"

struct allocation {
    uintptr_t address;
    size_t size;
    size_t room;        /* addresses that it takes, with a page behind it */
    cl_context context; /* retained */
    struct svga_region region;
    cl_mem buffer; /* over the whole allocation, for copies and fills; NULL: still being made */
    bool there;    /* its memory is */
};

static const struct svga_placed_range ranges[] = SVGA_PLACED_RANGES;
enum { RANGES = sizeof ranges / sizeof ranges[0], PAGE = 4096 };

static struct svga_lock lock = SVGA_LOCK(ICD_LOCK_SVM); /* guards everything below */
static struct icd_ranges allocations;
static unsigned range; /* where the next allocation is looked for: in ranges[range], from next_address on */
static uintptr_t next_address;

/* The live allocation that holds all of [ptr, ptr + size), or NULL. lock is held. */
static struct allocation *find(const void *ptr, size_t size) {
    const struct icd_range *found = icd_ranges_find(&allocations, ptr, size);
    struct allocation *a = found ? found->what : NULL;
    return a && a->there ? a : NULL;
}

bool icd_svm_find(const void *ptr, size_t size, struct tr_span *span) {
    svga_lock_take(&lock);
    struct allocation *a = find(ptr, size);
    if (a)
        *span =
            (struct tr_span){.region = a->region.id, .offset = (uintptr_t)ptr - a->address, .length = size};
    svga_lock_give(&lock);
    return a != NULL;
}

/* What every device of the context has. */
static cl_device_svm_capabilities context_capabilities(cl_context context) {
    cl_device_svm_capabilities all = ~(cl_device_svm_capabilities)0;
    for (cl_uint i = 0; i < context->device_count; i++) {
        cl_device_svm_capabilities has = 0;
        icd_device_info(context->devices[i], CL_DEVICE_SVM_CAPABILITIES, sizeof has, &has, NULL);
        all &= has;
    }
    return all;
}

bool icd_svm_in_context(cl_context context) {
    return context->shares && context_capabilities(context) != 0;
}

/* clSVMAlloc's conditions (OpenCL 3.0, 5.6.1). */
static bool acceptable(cl_context context, cl_svm_mem_flags flags, size_t size, cl_uint alignment) {
    cl_device_svm_capabilities has = context_capabilities(context);
    cl_svm_mem_flags access = flags & (CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY);

    if (!(has & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER) || (access & (access - 1)) != 0 ||
        (flags & ~(access | CL_MEM_SVM_FINE_GRAIN_BUFFER | CL_MEM_SVM_ATOMICS)) != 0)
        return false;
    if ((flags & CL_MEM_SVM_FINE_GRAIN_BUFFER) && !(has & CL_DEVICE_SVM_FINE_GRAIN_BUFFER))
        return false;
    if ((flags & CL_MEM_SVM_ATOMICS) &&
        !((flags & CL_MEM_SVM_FINE_GRAIN_BUFFER) && (has & CL_DEVICE_SVM_ATOMICS)))
        return false;
    if ((alignment & (alignment - 1)) != 0 || alignment > sizeof(cl_long16))
        return false;
    if (size == 0)
        return false;
    for (cl_uint i = 0; i < context->device_count; i++)
        if (size > context->devices[i]->limits.max_mem_alloc_size)
            return false;
    return true;
}

/* ---- addresses ---- */

/* A program under ThreadSanitizer ends at an attempt to map into its shadow, which the first range is part of. */
static bool first_is_shadow(void) {
    return dlsym(RTLD_DEFAULT, "__tsan_init") != NULL;
}

/* Under a kernel whose processes have fewer addresses (39 bits in user-mode Linux) nothing can be mapped there. */
static bool first_is_beyond(void) {
    void *page = mmap((void *)ranges[0].start, PAGE, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (page == MAP_FAILED)
        return errno != EEXIST;
    munmap(page, PAGE);
    return page != (void *)ranges[0].start; /* before Linux 4.17 an address is a hint */
}

/* lock is held. */
static bool first_is_usable(void) {
    static int known; /* 1: it is, -1: it is not */

    if (known == 0)
        known = first_is_shadow() || first_is_beyond() ? -1 : 1;
    return known > 0;
}

/* lock is held. The next free addresses for `room` bytes, from next_address on, and around once. False if there
 * are none. */
static bool next_free(size_t room) {
    for (unsigned looks = 0; looks <= RANGES; looks++) {
        if (range == 0 && !first_is_usable()) {
            range = 1;
            next_address = ranges[range].start;
        }
        if (next_address < ranges[range].start)
            next_address = ranges[range].start;
        for (size_t i = icd_ranges_behind(&allocations, next_address); i < allocations.count; i++) {
            const struct icd_range *in_the_way = &allocations.items[i];
            if (in_the_way->address >= ranges[range].end ||
                (in_the_way->address >= next_address && in_the_way->address - next_address >= room))
                break;
            next_address = in_the_way->address + ((const struct allocation *)in_the_way->what)->room;
        }
        if (next_address < ranges[range].end && room <= ranges[range].end - next_address)
            return true;
        range = (range + 1) % RANGES;
        next_address = ranges[range].start;
    }
    return false;
}

/* Takes the allocation that starts at ptr out of the list. NULL if there is none. */
static struct allocation *take(const void *ptr) {
    svga_lock_take(&lock);
    struct allocation *a = icd_ranges_take(&allocations, (uintptr_t)ptr);
    svga_lock_give(&lock);
    return a;
}

/* Chooses addresses and enters the allocation into the list. Behind `taken` ones, where something foreign lies,
 * it looks `step` bytes further. */
static bool reserve(struct allocation *a, uintptr_t taken, uint64_t step) {
    svga_lock_take(&lock);
    if (taken != 0 && taken + a->room == next_address)
        next_address = step < ranges[range].end - taken ? taken + step : ranges[range].end;
    bool found = next_free(a->room);
    a->address = next_address;
    found = found && icd_ranges_add(&allocations, &(struct icd_range){a->address, a->size, a});
    if (found)
        next_address += a->room;
    svga_lock_give(&lock);
    return found;
}

/* What lies in the way (SPDK maps at the first range's start) can have any size: each step is twice the last. */
static bool make_region(struct allocation *a) {
    uintptr_t taken = 0;
    for (uint64_t step = (uint64_t)2 << 20; step <= ranges[0].end; step *= 2) {
        if (!reserve(a, taken, step))
            return false;
        int r = svga_guest_region_create_at(icd_session->g, a->room - PAGE, a->address, &a->region);
        svga_lock_take(&lock);
        a->there = r == 0;
        if (r < 0)
            icd_ranges_take(&allocations, a->address);
        svga_lock_give(&lock);
        if (r != -EEXIST)
            return r == 0;
        taken = a->address;
    }
    return false;
}

void *CL_API_CALL icd_SVMAlloc(cl_context context, cl_svm_mem_flags flags, size_t size, cl_uint alignment) {
    if (!icd_valid(context, ICD_CONTEXT) || !acceptable(context, flags, size, alignment))
        return NULL;
    struct allocation *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->size = size;
    a->room = ((size + PAGE - 1) & ~(size_t)(PAGE - 1)) + PAGE; /* an unmapped page catches overruns */
    if (!make_region(a)) {
        free(a);
        return NULL;
    }
    cl_int r;
    a->buffer =
        icd_buffer_new(context, NULL, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, size, (void *)a->address, &r);
    if (!a->buffer) {
        take((void *)a->address);
        svga_guest_region_destroy(icd_session->g, &a->region);
        free(a);
        return NULL;
    }
    icd_ref(context);
    a->context = context;
    return (void *)a->address;
}

void icd_svm_free(void *pointer) {
    struct allocation *a = take(pointer);
    if (!a)
        return;
    icd_mem_release(a->buffer);
    svga_guest_region_destroy(icd_session->g, &a->region);
    icd_context_unref(a->context);
    free(a);
}

void CL_API_CALL icd_SVMFree(cl_context context, void *svm_pointer) {
    if (icd_valid(context, ICD_CONTEXT))
        icd_svm_free(svm_pointer);
}

cl_mem icd_svm_buffer(const void *ptr, size_t size, size_t *offset) {
    svga_lock_take(&lock);
    struct allocation *a = find(ptr, size);
    cl_mem buffer = a ? a->buffer : NULL;
    if (a)
        *offset = (uintptr_t)ptr - a->address;
    svga_lock_give(&lock);
    return buffer;
}
