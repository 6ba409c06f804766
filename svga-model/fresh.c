// SPDX-License-Identifier: MIT
#include "svga-model/fresh.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

void svga_fresh_init(struct svga_fresh *f) {
    *f = (struct svga_fresh){.next = 0};
    svga_lock_init(&f->lock, SVGA_LOCK_FRESH);
    for (unsigned i = 0; i < SVGA_FRESH_PIECES; i++)
        f->pieces[i].fd.fd = -1;
}

static void forget(struct svga_fresh_piece *p) {
    svga_own_fd_close(&p->fd);
    p->ptr = NULL;
}

void svga_fresh_add(struct svga_fresh *f, void *ptr, uint64_t size, int fd) {
    if (size < SVGA_FRESH_LEAST_BYTES) {
        close(fd);
        return;
    }
    svga_lock_take(&f->lock);
    struct svga_fresh_piece *p = &f->pieces[f->next];
    f->next = (f->next + 1) % SVGA_FRESH_PIECES;
    forget(p);
    *p = (struct svga_fresh_piece){.ptr = ptr, .size = size, .fd = svga_own_fd_take(fd)};
    svga_lock_give(&f->lock);
}

void svga_fresh_drop(struct svga_fresh *f, const void *ptr) {
    svga_lock_take(&f->lock);
    for (unsigned i = 0; i < SVGA_FRESH_PIECES; i++)
        if (f->pieces[i].ptr == ptr)
            forget(&f->pieces[i]);
    svga_lock_give(&f->lock);
}

void svga_fresh_forget(struct svga_fresh *f) {
    svga_lock_take(&f->lock);
    for (unsigned i = 0; i < SVGA_FRESH_PIECES; i++)
        forget(&f->pieces[i]);
    svga_lock_give(&f->lock);
}

void svga_fresh_close(struct svga_fresh *f) {
    svga_fresh_forget(f);
    svga_lock_destroy(&f->lock);
}

/* The piece that all of these bytes lie in. Lock held. */
static struct svga_fresh_piece *piece_of(struct svga_fresh *f, const char *to, size_t size) {
    for (unsigned i = 0; i < SVGA_FRESH_PIECES; i++) {
        struct svga_fresh_piece *p = &f->pieces[i];
        if (p->ptr && to >= p->ptr && (uint64_t)(to - p->ptr) <= p->size &&
            size <= p->size - (uint64_t)(to - p->ptr))
            return p;
    }
    return NULL;
}

/* A limit to the size of files counts here, too, and is told by a signal that ends the program. */
static int is_within_limit(uint64_t end) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur >= end;
}

static size_t write_all(int fd, const char *from, size_t size, uint64_t offset) {
    size_t done = 0;

    while (done < size) {
        ssize_t n = pwrite(fd, from + done, size - done, (off_t)(offset + done));
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            break; /* whoever writes through the mapping then meets the reason as natively */
    }
    return done;
}

size_t svga_fresh_fill(struct svga_fresh *f, void *to, const void *from, size_t size) {
    size_t done = 0;

    svga_lock_take(&f->lock);
    struct svga_fresh_piece *p = piece_of(f, to, size);
    if (p && is_within_limit(p->size) && svga_own_fd_there(&p->fd)) {
        done = write_all(p->fd.fd, from, size, (uint64_t)((char *)to - p->ptr));
        p->written += done < p->size - p->written ? done : p->size - p->written;
        if (done < size || p->size - p->written < SVGA_FRESH_LEAST_BYTES)
            forget(p);
    }
    svga_lock_give(&f->lock);
    return done;
}
