// SPDX-License-Identifier: MIT
#include "svga-model/device-gmr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { PAGE = 4096 };

/* The table's entry for `id`, made if it is missing. NULL: beyond the limits. d->lock is held. */
static struct svga_gmr *entry(struct svga_device *d, uint32_t id) {
    if (id >= d->limits.max_ids)
        return NULL;
    if (id >= d->gmr_cap) {
        uint32_t cap = d->gmr_cap ? d->gmr_cap : 16;
        while (cap <= id)
            cap *= 2;
        struct svga_gmr *bigger = realloc(d->gmrs, cap * sizeof *bigger);
        if (!bigger)
            return NULL;
        memset(bigger + d->gmr_cap, 0, (cap - d->gmr_cap) * sizeof *bigger);
        d->gmrs = bigger;
        d->gmr_cap = cap;
    }
    return &d->gmrs[id];
}

/* The addresses of a region. */
struct svga_range {
    struct svga_range *next; /* in d->deleted */
    void *ptr;
    uint64_t size;
    _Atomic uint32_t holds; /* of svga_device_hold */
    bool used;              /* deleted, and a command may run that has been given an address of it, */
    bool asked;             /* and collect has seen it: */
    uint64_t times;         /* what callbacks.busy said then */
};

/* Gives the addresses back to which nothing can refer any more. Link thread; d->lock is not held, since
 * callbacks.busy takes locks under which others take it. */
static void collect(struct svga_device *d) {
    uint64_t times = 0;
    bool is_busy = d->callbacks.busy && d->callbacks.busy(d->callbacks.opaque, &times);

    pthread_mutex_lock(&d->lock);
    for (struct svga_range **at = &d->deleted, *range; (range = *at);) {
        if (!range->asked)
            range->times = times;
        range->asked = true;
        range->used = range->used && is_busy && times == range->times;
        if (range->used || atomic_load(&range->holds) > 0) {
            at = &range->next;
            continue;
        }
        *at = range->next;
        munmap(range->ptr, range->size);
        d->maps--;
        free(range);
    }
    pthread_mutex_unlock(&d->lock);
}

/* Takes the pages of a region away. Its addresses stay as d->deleted says. d->lock is held. */
static void drop(struct svga_device *d, struct svga_gmr *gmr) {
    struct svga_range *range = gmr->range;

    d->pages -= gmr->size / PAGE;
    d->maps -= gmr->maps;
    if (mmap(gmr->ptr, gmr->size, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
             0) == MAP_FAILED) {
        munmap(gmr->ptr, gmr->size); /* no mapping is left for the reservation */
        if (atomic_load(&range->holds) > 0)
            svga_device_fail(d, SVGA_ERROR_WORKER_DIED, "the worker has no mappings left");
        free(range);
    } else {
        d->maps++;
        range->used = gmr->complete;
        range->next = d->deleted;
        d->deleted = range;
    }
    *gmr = (struct svga_gmr){0};
}

/* Begins a region: reserves its addresses. */
static int begin(struct svga_device *d, struct svga_gmr *gmr, uint64_t size, uint64_t address) {
    if (gmr->ptr)
        return EEXIST;
    if (size == 0 || size % PAGE != 0)
        return EINVAL;
    if (size / PAGE > d->limits.max_pages - d->pages)
        return ENOSPC;

    if (address != 0 && (address % PAGE != 0 || !svga_placed(address, size)))
        return EINVAL;
    int placed = address != 0 ? MAP_FIXED_NOREPLACE : 0;
    void *ptr =
        mmap((void *)address, size, PROT_NONE, placed | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ptr == MAP_FAILED)
        return errno;
    struct svga_range *range = calloc(1, sizeof *range);
    if (!range) {
        munmap(ptr, size);
        return ENOMEM;
    }
    *range = (struct svga_range){.ptr = ptr, .size = size};
    *gmr = (struct svga_gmr){.ptr = ptr, .size = size, .range = range};
    d->pages += size / PAGE;
    return 0;
}

static int map_piece(struct svga_device *d, struct svga_gmr *gmr, const struct svga_link_piece *piece,
                     int fd) {
    struct stat st;
    if (piece->length == 0 || piece->length % PAGE != 0 || piece->offset % PAGE != 0 ||
        piece->length > gmr->size - gmr->mapped)
        return EINVAL;
    /* Beyond the file's end every access would be a SIGBUS. */
    if (fstat(fd, &st) < 0 || piece->offset > (uint64_t)st.st_size ||
        piece->length > (uint64_t)st.st_size - piece->offset)
        return EINVAL;
    if (d->maps >= d->limits.max_maps)
        return ENOSPC;
    void *at = (char *)gmr->ptr + gmr->mapped;
    if (mmap(at, piece->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, (off_t)piece->offset) ==
        MAP_FAILED)
        return errno;
    gmr->mapped += piece->length;
    gmr->maps++;
    d->maps++;
    return 0;
}

int svga_gmr_define(struct svga_device *d, struct svga_link_packet *packet) {
    const struct svga_link_msg *msg = &packet->msg;

    collect(d);
    pthread_mutex_lock(&d->lock);
    struct svga_gmr *gmr = entry(d, msg->id);
    int r = gmr ? 0 : ENOSPC;
    if (r == 0 && msg->type == SVGA_LINK_GMR_DEFINE)
        r = begin(d, gmr, msg->arg, msg->address);
    else if (r == 0 && (!gmr->ptr || gmr->complete))
        r = EINVAL;
    if (r == 0 && (msg->flags & SVGA_LINK_BY_HAND)) {
        gmr->mapped = gmr->size;
        if (!d->by_hand || !(msg->flags & SVGA_LINK_MORE) || msg->piece_count > 0)
            r = EINVAL;
    }
    if (r == 0) {
        for (uint32_t i = 0; r == 0 && i < msg->piece_count; i++)
            r = map_piece(d, gmr, &packet->pieces[i], packet->fds[packet->pieces[i].fd]);
        if (r == 0 && !(msg->flags & SVGA_LINK_MORE)) {
            if (gmr->mapped == gmr->size) {
                madvise(gmr->ptr, gmr->size, MADV_HUGEPAGE);
                gmr->complete = true;
            } else {
                r = EINVAL;
            }
        }
    }
    bool dropped = r != 0 && gmr && gmr->ptr && !gmr->complete;
    if (dropped)
        drop(d, gmr);
    pthread_mutex_unlock(&d->lock);
    if (dropped)
        collect(d); /* nobody has seen its addresses */
    return r;
}

int svga_gmr_delete(struct svga_device *d, uint32_t id) {
    int r = ENOENT;

    pthread_mutex_lock(&d->lock);
    if (id < d->gmr_cap && d->gmrs[id].ptr) {
        drop(d, &d->gmrs[id]);
        r = 0;
    }
    pthread_mutex_unlock(&d->lock);
    collect(d);
    return r;
}

void svga_gmr_delete_all(struct svga_device *d) {
    pthread_mutex_lock(&d->lock);
    for (uint32_t id = 0; id < d->gmr_cap; id++)
        if (d->gmrs[id].ptr)
            drop(d, &d->gmrs[id]);
    while (d->deleted) {
        struct svga_range *range = d->deleted;
        d->deleted = range->next;
        munmap(range->ptr, range->size);
        free(range);
    }
    free(d->gmrs);
    d->gmrs = NULL;
    d->gmr_cap = 0;
    pthread_mutex_unlock(&d->lock);
}

struct svga_range *svga_device_hold(struct svga_device *d, uint32_t id) {
    struct svga_range *range = NULL;
    pthread_mutex_lock(&d->lock);
    if (id < d->gmr_cap && d->gmrs[id].complete) {
        range = d->gmrs[id].range;
        atomic_fetch_add(&range->holds, 1);
    }
    pthread_mutex_unlock(&d->lock);
    return range;
}

void svga_device_let_go(struct svga_range *range) {
    if (range)
        atomic_fetch_sub(&range->holds, 1); /* the last access before it; pairs with collect */
}

void *svga_device_span(struct svga_device *d, uint32_t id, uint64_t offset, uint64_t length) {
    void *ptr = NULL;
    pthread_mutex_lock(&d->lock);
    if (id < d->gmr_cap && d->gmrs[id].complete && offset <= d->gmrs[id].size &&
        length <= d->gmrs[id].size - offset)
        ptr = (char *)d->gmrs[id].ptr + offset;
    pthread_mutex_unlock(&d->lock);
    return ptr;
}
