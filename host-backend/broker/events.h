// SPDX-License-Identifier: MIT
/*
 * What the broker's loop waits for. An event names what it is about by a number that is never used again, not
 * by a pointer: epoll tells of a session's socket for as long as anybody holds it, which may be longer than the
 * broker remembers it.
 */
#ifndef HOST_BACKEND_BROKER_EVENTS_H
#define HOST_BACKEND_BROKER_EVENTS_H

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>

enum event_kind {
    EVENT_WAKE,           /* something came from another thread */
    EVENT_LISTENER,       /* somebody connects */
    EVENT_GUEST,          /* one that has no worker yet speaks, or goes */
    EVENT_WORKER_ENDED,   /* its pidfd */
    EVENT_WORKER_CONTROL, /* its control socket */
    EVENT_WORKER_WORDS,   /* what it writes */
    EVENT_SESSION_OVER,   /* the guest of a worker has gone */
    EVENT_HOST,           /* the host's control speaks, or goes */
    EVENT_KINDS = 8
};

static inline int events_watch(int epoll, int fd, uint32_t events, enum event_kind kind, uint64_t id) {
    struct epoll_event e = {.events = events, .data.u64 = id * EVENT_KINDS + kind};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}
static inline void events_unwatch(int epoll, int fd) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}
static inline enum event_kind events_kind(const struct epoll_event *e) {
    return (enum event_kind)(e->data.u64 % EVENT_KINDS);
}
static inline uint64_t events_id(const struct epoll_event *e) {
    return e->data.u64 / EVENT_KINDS;
}

#endif
