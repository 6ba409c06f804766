// SPDX-License-Identifier: MIT
/*
 * An epoll loop of sources. It handles one event at a time, so a handler may remove any source, its own and
 * others, without meeting a stale event afterwards.
 */
#ifndef SVGA_MODEL_VHOST_USER_LOOP_H
#define SVGA_MODEL_VHOST_USER_LOOP_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

struct vu_source {
    void (*ready)(struct vu_source *source, uint32_t events);
};

struct vu_loop {
    int epoll;
};

/* 0 or a negative errno. The descriptor stays the caller's. */
static inline int vu_loop_add(struct vu_loop *loop, int fd, uint32_t events, struct vu_source *source) {
    struct epoll_event e = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static inline void vu_loop_change(struct vu_loop *loop, int fd, uint32_t events, struct vu_source *source) {
    struct epoll_event e = {.events = events, .data.ptr = source};
    epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &e);
}

/* To be called before the descriptor is closed. */
static inline void vu_loop_remove(struct vu_loop *loop, int fd) {
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Waits up to timeout_ms (-1: no limit) and handles one event. False if there was none. */
static inline int vu_loop_once(struct vu_loop *loop, int timeout_ms) {
    struct epoll_event e;
    if (epoll_wait(loop->epoll, &e, 1, timeout_ms) <= 0)
        return 0;
    struct vu_source *source = e.data.ptr;
    source->ready(source, e.events);
    return 1;
}

#endif
