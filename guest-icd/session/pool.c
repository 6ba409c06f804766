// SPDX-License-Identifier: MIT
#include "guest-icd/session/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guest-icd/session/ranges.h"
#include "guest-icd/session/session.h"

enum {
    MIN_SHIFT = 7,                     /* 128 bytes: the alignment that drivers need */
    STEPS = 4,                         /* classes per power of two: at most a quarter is wasted */
    SLAB_MAX_CLASS = (18 - 7) * STEPS, /* up to 256 KiB come from slabs */
    CLASSES = (48 - 7) * STEPS,
    /* Where a large block starts in its region. Copies of hundreds of MiB run some 10 % slower to the start
     * of a page from malloc's memory, which begins 16 bytes into one, than to here, where drivers' own memory
     * begins. */
    LARGE_OFFSET = 128,
};

#define SLAB_SIZE ((uint64_t)4 << 20)
/* Freed large regions are kept for reuse up to this many bytes together. */
#define CACHE_MAX ((uint64_t)1 << 30)

/* A region: cut into small blocks, or one block. */
struct chunk {
    struct svga_region region;
};

/* A free block; for slab classes and for cached regions alike. */
struct free_block {
    struct free_block *next;
    struct chunk *chunk;
    uint64_t offset;
};

static struct svga_lock lock = SVGA_LOCK(ICD_LOCK_POOL); /* guards everything below */
static struct free_block *free_lists[CLASSES];
static struct free_block *spare_nodes;
static struct chunk *slab; /* the newest */
static uint64_t slab_used; /* bytes of it that were ever handed out */
static uint64_t cached_bytes;
static struct icd_ranges chunks; /* all there are */

static unsigned class_of(uint64_t size) {
    if (size <= (uint64_t)1 << MIN_SHIFT)
        return 0;
    unsigned shift = 63u - (unsigned)__builtin_clzll(size - 1); /* 2^shift < size <= 2^(shift+1) */
    uint64_t step = ((uint64_t)1 << shift) / STEPS;
    return (shift - MIN_SHIFT) * STEPS + (unsigned)((size - ((uint64_t)1 << shift) + step - 1) / step);
}

static uint64_t class_size(unsigned class) {
    uint64_t base = (uint64_t)1 << (MIN_SHIFT + class / STEPS);
    uint64_t size = base + class % STEPS * (base / STEPS);
    return (size + 127) & ~(uint64_t)127;
}

static struct free_block *node_new(void) {
    struct free_block *node = spare_nodes;
    if (node)
        spare_nodes = node->next;
    else
        node = malloc(sizeof *node);
    return node;
}

static void node_free(struct free_block *node) {
    node->next = spare_nodes;
    spare_nodes = node;
}

static cl_int error_of(int r) {
    return r == -ENODEV ? icd_session_error() : CL_MEM_OBJECT_ALLOCATION_FAILURE;
}

/* Puts a block on its free list. False if there is no memory for the node (the block is then lost until the
 * end). */
static bool push(unsigned class, struct chunk *chunk, uint64_t offset) {
    struct free_block *node = node_new();
    if (!node)
        return false;
    *node = (struct free_block){free_lists[class], chunk, offset};
    free_lists[class] = node;
    return true;
}

/* ---- regions by address ---- */

/* One that there is no memory for is not found later. lock is held. */
static void enter(struct chunk *chunk) {
    const struct icd_range range = {(uintptr_t)chunk->region.ptr, chunk->region.size, chunk};
    icd_ranges_add(&chunks, &range);
}

/* lock is held. */
static void leave(const struct chunk *chunk) {
    icd_ranges_take(&chunks, (uintptr_t)chunk->region.ptr);
}

bool icd_pool_find(const void *ptr, uint64_t size, struct icd_block *block) {
    svga_lock_take(&lock);
    const struct icd_range *found = icd_ranges_find(&chunks, ptr, size);
    if (found) {
        const struct svga_region *region = &((const struct chunk *)found->what)->region;
        uint64_t offset = (uintptr_t)ptr - found->address;
        *block = (struct icd_block){
            .ptr = (char *)region->ptr + offset, .size = size, .offset = offset, .region = region->id};
    }
    svga_lock_give(&lock);
    return found != NULL;
}

/* ---- blocks ---- */

/* A new region, or NULL with *r saying why. */
static struct chunk *new_chunk(uint64_t size, cl_int *r) {
    struct chunk *chunk = malloc(sizeof *chunk);
    if (!chunk) {
        *r = CL_OUT_OF_HOST_MEMORY;
        return NULL;
    }
    int created = svga_guest_region_create(icd_session->g, size, &chunk->region);
    if (created < 0) {
        free(chunk);
        *r = error_of(created);
        return NULL;
    }
    return chunk;
}

/*
 * Cuts a block that was never used off the newest slab, or off a new one: all small classes share slabs,
 * because each region costs a round trip. lock is held.
 */
static cl_int carve(unsigned class, struct chunk **chunk, uint64_t *offset) {
    uint64_t size = class_size(class);
    cl_int r = CL_SUCCESS;
    if (!slab || slab->region.size - slab_used < size) {
        struct chunk *fresh = new_chunk(SLAB_SIZE, &r);
        if (!fresh)
            return r;
        slab = fresh;
        slab_used = 0;
        enter(slab);
    }
    *chunk = slab;
    *offset = slab_used;
    slab_used += size;
    return CL_SUCCESS;
}

/* Gives back the large regions that are kept for reuse. False if there were none. */
static bool drop_cached(void) {
    struct free_block *dropped = NULL;

    svga_lock_take(&lock);
    for (unsigned class = SLAB_MAX_CLASS + 1; class < CLASSES; class ++)
        for (struct free_block *node; (node = free_lists[class]);) {
            free_lists[class] = node->next;
            cached_bytes -= node->chunk->region.size;
            leave(node->chunk);
            node->next = dropped;
            dropped = node;
        }
    svga_lock_give(&lock);
    bool any = dropped != NULL;
    while (dropped) {
        struct free_block *node = dropped;
        dropped = node->next;
        svga_guest_region_destroy(icd_session->g, &node->chunk->region);
        free(node->chunk);
        free(node);
    }
    return any;
}

/* The process or its device may be at its limit: what is only kept must not be in the way. */
static struct chunk *new_large_chunk(uint64_t size, cl_int *r) {
    struct chunk *chunk = new_chunk(size, r);
    if (!chunk && *r == CL_MEM_OBJECT_ALLOCATION_FAILURE && drop_cached()) {
        *r = CL_SUCCESS;
        chunk = new_chunk(size, r);
    }
    if (chunk) {
        svga_lock_take(&lock);
        enter(chunk);
        svga_lock_give(&lock);
    }
    return chunk;
}

cl_int icd_pool_alloc(uint64_t size, struct icd_block *block) {
    if (size == 0)
        size = 1;
    if (size > (uint64_t)1 << 46)
        return CL_MEM_OBJECT_ALLOCATION_FAILURE;
    unsigned class = class_of(size);
    cl_int r = CL_SUCCESS;
    struct chunk *chunk = NULL;
    uint64_t offset = 0;

    svga_lock_take(&lock);
    struct free_block *node = free_lists[class];
    if (!node && class <= SLAB_MAX_CLASS)
        r = carve(class, &chunk, &offset);
    if (node) {
        free_lists[class] = node->next;
        chunk = node->chunk;
        offset = node->offset;
        node_free(node);
        if (class > SLAB_MAX_CLASS)
            cached_bytes -= chunk->region.size;
    }
    svga_lock_give(&lock);
    if (r == CL_SUCCESS && !chunk) {
        chunk = new_large_chunk(LARGE_OFFSET + class_size(class), &r);
        offset = LARGE_OFFSET;
    }
    if (!chunk)
        return r;
    *block = (struct icd_block){.ptr = (char *)chunk->region.ptr + offset,
                                .size = size,
                                .offset = offset,
                                .region = chunk->region.id,
                                .size_class = class,
                                .owner = chunk};
    return CL_SUCCESS;
}

void icd_pool_free(struct icd_block *block) {
    if (block->region == 0 || svga_locks_forked)
        return;
    struct chunk *chunk = block->owner;
    bool kept = true;
    svga_lock_take(&lock);
    if (block->size_class <= SLAB_MAX_CLASS) {
        push(block->size_class, chunk, block->offset);
    } else {
        kept =
            cached_bytes + chunk->region.size <= CACHE_MAX && push(block->size_class, chunk, block->offset);
        if (kept)
            cached_bytes += chunk->region.size;
        else
            leave(chunk);
    }
    svga_lock_give(&lock);
    if (!kept) {
        svga_guest_region_destroy(icd_session->g, &chunk->region);
        free(chunk);
    }
    block->region = 0;
}

bool icd_pool_has(uint64_t size) {
    svga_lock_take(&lock);
    bool has = free_lists[class_of(size)] != NULL;
    svga_lock_give(&lock);
    return has;
}

void icd_pool_start_over(void) {
    svga_lock_init(&lock, ICD_LOCK_POOL);
    memset(free_lists, 0, sizeof free_lists);
    spare_nodes = NULL;
    slab = NULL;
    slab_used = cached_bytes = 0;
    chunks = (struct icd_ranges){0};
}
