// SPDX-License-Identifier: MIT
#include "host-backend/broker/store.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/broker/cache.h"
#include "host-backend/broker/log.h"
#include "host-backend/broker/prune.h"
#include "host-backend/broker/mac.h"
#include "host-backend/cache/ask.h"
#include "host-backend/cache/packet.h"
#include "host-backend/util/clock.h"

enum {
    /* Credit, in milliseconds: it comes with time, and a client that has used up this much of it ahead of time
     * has to wait. A program that builds a thousand kernels at once does not notice. */
    CREDIT_MS = 4000,
    QUESTION_MS = 1,
    PART = 4, /* of the thread's time is what one client may have for ever */
    /* What is handed out is the worker's as long as it likes, and no limit of its own counts it: as often as this the
     * size of the whole cache, and at most so much. */
    GIVEN_TIMES = 4,
    GIVEN_MOST_MIB = 1024,
};

struct client {
    struct client *next, **link;
    int fd;
    char tenant[STORE_TENANT_SIZE];
    struct mac_key key;
    struct cache *cache;    /* NULL: none, or not opened yet */
    bool opened;            /* or tried */
    bool waits;             /* for credit */
    int64_t used_until_ms;  /* its questions so far are worth the time until then */
    uint64_t stored, given; /* bytes */
};

struct store {
    char *cache_dir;
    bool shared;
    uint64_t max_bytes;
    struct mac_key key;
    int epoll, stop;
    bool started;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the list */
    struct client *clients;
    bool fails; /* the thread's: nothing could be kept when it was last tried, which was said */
};

static void drop(struct store *s, struct client *c) {
    pthread_mutex_lock(&s->lock);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    pthread_mutex_unlock(&s->lock);
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    close(c->fd);
    cache_close(c->cache);
    free(c);
}

/* ---- answers ---- */

/* The tenant's cache. A name that makes no file name is replaced by its digest. */
static struct cache *cache_of(struct store *s, struct client *c) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    char path[PATH_MAX], hex[2 * CACHE_DIGEST_SIZE + 1];
    const char *name = c->tenant;

    if (c->opened || !s->cache_dir)
        return c->cache;
    c->opened = true;
    if (name[strspn(name, plain)] != '\0' || *name == '\0') {
        struct cache_digest digest = cache_digest(&(struct iovec){c->tenant, strlen(c->tenant)}, 1);
        for (unsigned i = 0; i < CACHE_DIGEST_SIZE; i++)
            snprintf(hex + 2 * (size_t)i, 3, "%02x", digest.bytes[i]);
        name = hex;
    }
    int n = s->shared ? snprintf(path, sizeof path, "%s", s->cache_dir)
                      : snprintf(path, sizeof path, "%s/%s", s->cache_dir, name);
    if (n >= 0 && n < (int)sizeof path)
        c->cache = cache_open(path, s->max_bytes);
    if (c->cache && !s->shared && strncmp(name, PRUNE_PREFIX, strlen(PRUNE_PREFIX)) == 0) {
        prune_mark(path);
        prune_containers(s->cache_dir, STORE_MAX_CONTAINERS);
    }
    if (!c->cache)
        fprintf(stderr, "trillium: no cache of built programs in %s: %s\n", s->cache_dir, strerror(errno));
    return c->cache;
}

/* Bytes that one worker is handed out. */
static uint64_t given_most(const struct store *s) {
    const uint64_t most = (uint64_t)GIVEN_MOST_MIB << 20;
    return s->max_bytes < most / GIVEN_TIMES ? s->max_bytes * GIVEN_TIMES : most;
}

/* The contents to send, or -1. */
static int get(struct store *s, struct client *c, const struct store_question *q, struct store_answer *a) {
    struct cache *cache = cache_of(s, c);
    const uint64_t most = given_most(s);
    void *data;
    size_t size;

    a->result = STORE_NONE;
    if (!cache || c->given >= most || !cache_get(cache, &q->digest, &data, &size))
        return -1;
    bool may = size <= most - c->given;
    int fd = may ? packet_contents_new(data, size) : -1;
    free(data);
    if (!may) {
        log_say(LOG_WORKERS, "%s: a worker has had %llu MiB of what is kept for it, and gets no more",
                c->tenant, (unsigned long long)(c->given >> 20));
        c->given = most;
    }
    if (fd >= 0) {
        a->result = STORE_OK;
        a->size = size;
        c->given += size;
    }
    return fd;
}

static void put(struct store *s, struct client *c, const struct store_question *q, int contents,
                struct store_answer *a) {
    struct cache *cache = cache_of(s, c);
    void *data;

    a->result = cache ? STORE_REFUSED : STORE_NONE;
    /* What one worker stores is never worth more than the whole cache. */
    if (!cache || q->size > s->max_bytes - c->stored || packet_contents_read(contents, q->size, &data) < 0)
        return;
    c->stored += q->size;
    int r = cache_put(cache, &q->digest, data, q->size);
    free(data);
    if (r == 0)
        a->result = STORE_OK;
    else if (r != -EFBIG && !s->fails)
        log_say(LOG_WORKERS, "built programs cannot be kept in %s: %s", s->cache_dir, strerror(-r));
    if (r != -EFBIG)
        s->fails = r < 0;
}

/* Of this thread's CPU: how busy the machine is costs nobody credit. */
static int64_t worked_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Counts a question that was begun at `since` (worked_ms). */
static void charge(struct client *c, int64_t since) {
    int64_t now = clock_now_ms();
    if (c->used_until_ms < now)
        c->used_until_ms = now;
    c->used_until_ms += QUESTION_MS + PART * (worked_ms() - since);
}

/* False: nobody is to be answered any more. */
static bool answer(struct store *s, struct client *c) {
    struct store_question q;
    struct store_answer a = {.result = STORE_REFUSED};
    int with, contents = -1;
    const int64_t since = worked_ms();

    ssize_t n = packet_receive(c->fd, &q, sizeof q, &with, MSG_DONTWAIT);
    if (n == -EAGAIN)
        return true;
    if (n == (ssize_t)sizeof q) {
        switch (q.what) {
        case STORE_GET:
            contents = get(s, c, &q, &a);
            break;
        case STORE_PUT:
            put(s, c, &q, with, &a);
            break;
        case STORE_MAC:
            a.mac = mac_of(&c->key, q.digest.bytes, sizeof q.digest.bytes);
            a.result = STORE_OK;
            break;
        default:
            break;
        }
        charge(c, since);
    }
    if (with >= 0)
        close(with);
    /* One that does not read its answers gets no more. */
    bool good = n == (ssize_t)sizeof q && packet_send(c->fd, &a, sizeof a, contents, MSG_DONTWAIT) == 0;
    if (contents >= 0)
        close(contents);
    return good;
}

/* ---- the thread ---- */

static void watch(struct store *s, struct client *c, bool on) {
    struct epoll_event e = {.events = on ? EPOLLIN : 0, .data.ptr = c};
    c->waits = !on;
    epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

/* Lets those go on whose credit has come; milliseconds until the next one's has, -1: nobody waits. */
static int give_credit(struct store *s) {
    int64_t now = clock_now_ms(), next = -1;

    pthread_mutex_lock(&s->lock);
    for (struct client *c = s->clients; c; c = c->next) {
        int64_t left = c->used_until_ms - CREDIT_MS - now;
        if (!c->waits)
            continue;
        if (left <= 0)
            watch(s, c, true);
        else if (next < 0 || left < next)
            next = left;
    }
    pthread_mutex_unlock(&s->lock);
    return (int)next;
}

static void *run(void *opaque) {
    struct store *s = opaque;

    for (;;) {
        struct epoll_event e;
        if (epoll_wait(s->epoll, &e, 1, give_credit(s)) != 1)
            continue;
        struct client *c = e.data.ptr;
        if (!c)
            return NULL;
        if (!(e.events & EPOLLIN) || !answer(s, c))
            drop(s, c);
        else if (c->used_until_ms - CREDIT_MS > clock_now_ms())
            watch(s, c, false);
    }
}

static bool start(struct store *s) {
    struct epoll_event e = {.events = EPOLLIN};
    sigset_t all, before;

    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->stop = eventfd(0, EFD_CLOEXEC);
    if (s->epoll < 0 || s->stop < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->stop, &e) < 0)
        return false;
    sigfillset(&all); /* signals are the daemon's main thread's */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    errno = pthread_create(&s->thread, NULL, run, s);
    s->started = errno == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return s->started;
}

static bool make_key(struct store *s, const char *path) {
    int r = path ? mac_key_load(path, &s->key) : -ENOENT;

    if (r == 0)
        return true;
    if (path)
        fprintf(
            stderr,
            "trillium: cannot use the key in %s (%s): programs that keep their binaries will have to build "
            "them again\n",
            path, strerror(-r));
    r = mac_key_new(&s->key);
    errno = -r;
    return r == 0;
}

struct store *store_create(const struct store_config *config) {
    struct store *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->epoll = s->stop = -1;
    s->shared = config->shared;
    s->max_bytes = config->max_bytes ? config->max_bytes : STORE_MAX_BYTES;
    pthread_mutex_init(&s->lock, NULL);
    if ((config->cache_dir && !(s->cache_dir = strdup(config->cache_dir))) ||
        !make_key(s, config->key_path) || !start(s)) {
        int error = errno;
        store_destroy(s);
        errno = error;
        return NULL;
    }
    return s;
}

int store_serve(struct store *s, int fd, const char *tenant) {
    struct client *c = calloc(1, sizeof *c);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

    if (!c) {
        close(fd);
        return -ENOMEM;
    }
    c->fd = fd;
    snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
    c->key = mac_key_derive(&s->key, tenant);
    pthread_mutex_lock(&s->lock);
    c->next = s->clients;
    c->link = &s->clients;
    if (c->next)
        c->next->link = &c->next;
    s->clients = c;
    pthread_mutex_unlock(&s->lock);
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
        int error = errno;
        drop(s, c);
        return -error;
    }
    return 0;
}

void store_destroy(struct store *s) {
    uint64_t one = 1;

    if (!s)
        return;
    if (s->started && write(s->stop, &one, sizeof one) == (ssize_t)sizeof one)
        pthread_join(s->thread, NULL);
    while (s->clients)
        drop(s, s->clients);
    if (s->epoll >= 0)
        close(s->epoll);
    if (s->stop >= 0)
        close(s->stop);
    pthread_mutex_destroy(&s->lock);
    free(s->cache_dir);
    free(s);
}
