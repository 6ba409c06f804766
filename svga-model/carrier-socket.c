// SPDX-License-Identifier: MIT
#include "svga-model/carrier-socket.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svga-model/fifo.h"
#include "svga-model/futex.h"
#include "svga-model/lock.h"
#include "svga-model/open-beside.h"
#include "svga-model/own-fd.h"
#include "svga-model/stream-address.h"
#include "svga-model/tls/tls.h"

enum {
    OPEN_LIMIT_MS = 8000, /* without a sign of life from the host */
    LATEST_US = 200,      /* commands wait so long for others to go with them */
    SLICE_MS = 500,
    NAP_US = 1000, /* the receiver leaves the socket alone for so long when somebody has begun to wait, */
    NAP_MAX_US = 16000, /* and longer while that one waits on */
};

struct local_region {
    char *ptr; /* NULL: there is none */
    uint64_t size;
};

struct socket_carrier {
    struct svga_carrier base;
    struct svga_socket_options options;
    char address[120]; /* in messages */
    struct svga_own_fd sock;
    struct svga_stream stream;
    pid_t owner; /* a forked child must not speak for its parent */

    struct svga_lock out_lock; /* guards what is sent */
    struct svga_stream_out out;
    _Atomic uint32_t waiting; /* 1: the flusher is to send soon what is in `out`. Its futex word */

    struct svga_consumer fifo; /* guarded by svga_guest's lock, as all that is called from the doorbell */
    bool running;
    _Alignas(8) uint8_t command[SVGA_CMD_MAX_SIZE];

    struct svga_lock region_lock; /* guards the regions */
    struct local_region *regions;
    uint32_t region_cap;

    pthread_mutex_t
        in_lock; /* whoever has it reads the socket; taken before region_lock, and never waited for */
    struct svga_stream_in in;
    _Atomic uint32_t waits;    /* how often a thread has begun to wait */
    _Atomic uint32_t asleep;   /* threads that wait while another one reads */
    uint32_t asked;            /* [serial] */
    _Atomic uint32_t answered; /* STATUS frames that came; a futex word */
    _Atomic uint32_t status;   /* of the last one */
    uint32_t syncs;            /* under the FIFO's lock */
    _Atomic uint32_t synced;   /* a futex word */
    _Atomic bool gone;
};

static struct socket_carrier *socket_of(struct svga_carrier *c) {
    return (struct socket_carrier *)c;
}

/* ---- what comes ---- */

static void interrupt(struct socket_carrier *s) {
    svga_word *words = svga_fifo_words(s->base.bar);
    svga_handshake_fence(); /* what was written, then ARMED; pairs with svga_guest_sleep */
    if (atomic_load_explicit(&words[SVGA_FIFO_IRQ_ARMED], memory_order_relaxed) == 0)
        return;
    atomic_store(&words[SVGA_FIFO_IRQ_ARMED], 0);
    atomic_fetch_add(&words[SVGA_FIFO_IRQ_SEQ], 1);
    svga_futex_wake(&words[SVGA_FIFO_IRQ_SEQ], INT32_MAX);
}

/* The device is lost: with the reason that the host gave, or with ours. The first counts. */
static void lose(struct socket_carrier *s, uint32_t error, const char *text) {
    svga_word *words = svga_fifo_words(s->base.bar);
    if (atomic_load(&words[SVGA_FIFO_ERROR]) != SVGA_ERROR_NONE)
        return;
    snprintf((char *)s->base.bar + SVGA_BAR_ERROR_TEXT, SVGA_BAR_ERROR_TEXT_SIZE, "%s", text);
    atomic_store(&words[SVGA_FIFO_ERROR], error != SVGA_ERROR_NONE ? error : SVGA_ERROR_WORKER_DIED);
}

static int take_lost(struct socket_carrier *s, const struct svga_frame *frame) {
    char text[SVGA_BAR_ERROR_TEXT_SIZE];
    if (frame->length >= sizeof text)
        return -EPROTO;
    int r = svga_stream_take(&s->in, text, (size_t)frame->length);
    text[frame->length] = '\0';
    if (r == 0)
        lose(s, frame->id, text);
    return r;
}

/* Bytes [offset, offset + length) of a region of ours, NULL if there are none. region_lock is held. */
static char *bytes_of(struct socket_carrier *s, uint32_t id, uint64_t offset, uint64_t length) {
    if (id >= s->region_cap || !s->regions[id].ptr)
        return NULL;
    const struct local_region *r = &s->regions[id];
    return offset <= r->size && length <= r->size - offset ? r->ptr + offset : NULL;
}

/* The lock is held while the bytes come, so that the region stays. */
static int take_data(struct socket_carrier *s, const struct svga_frame *frame) {
    svga_lock_take(&s->region_lock);
    char *to = bytes_of(s, frame->id, frame->offset, frame->length);
    int r = to ? svga_stream_take(&s->in, to, (size_t)frame->length) : -EPROTO;
    svga_lock_give(&s->region_lock);
    return r;
}

static int take_record(struct socket_carrier *s, const struct svga_frame *frame) {
    uint32_t words[SVGA_STREAM_RECORD / sizeof(uint32_t)];
    if (frame->length < sizeof words[0] || frame->length > sizeof words ||
        frame->offset % sizeof words[0] != 0)
        return -EPROTO;
    int r = svga_stream_take(&s->in, words, (size_t)frame->length);
    if (r < 0)
        return r;
    svga_lock_take(&s->region_lock);
    char *to = bytes_of(s, frame->id, frame->offset, frame->length);
    if (to) {
        memcpy(to + sizeof words[0], words + 1, (size_t)frame->length - sizeof words[0]);
        atomic_store_explicit((svga_word *)(void *)to, words[0], memory_order_release);
    }
    svga_lock_give(&s->region_lock);
    return to ? 0 : -EPROTO;
}

/* It needs no room that the guest would have to announce: that would have to go the way that its commands block. */
static int take_text(struct socket_carrier *s, const struct svga_frame *frame) {
    char text[4096];
    int r = 0;
    for (uint64_t left = frame->length; left > 0 && r == 0;) {
        size_t n = left < sizeof text ? (size_t)left : sizeof text;
        r = svga_stream_take(&s->in, text, n);
        if (r == 0)
            s->options.text(text, n);
        left -= n;
    }
    return r;
}

static void count(_Atomic uint32_t *counter) {
    atomic_fetch_add(counter, 1);
    svga_futex_wake(counter, INT32_MAX);
}

static int take_frame(struct socket_carrier *s, const struct svga_frame *frame) {
    switch (frame->type) {
    case SVGA_FRAME_DATA:
        return take_data(s, frame);
    case SVGA_FRAME_RECORD:
        return take_record(s, frame);
    case SVGA_FRAME_LOST:
        return take_lost(s, frame);
    case SVGA_FRAME_TEXT:
        return take_text(s, frame);
    case SVGA_FRAME_FENCE:
        atomic_store(&svga_fifo_words(s->base.bar)[SVGA_FIFO_FENCE], frame->id);
        break;
    case SVGA_FRAME_PROFILE:
        atomic_store(&svga_fifo_words(s->base.bar)[SVGA_FIFO_PROFILE], frame->id);
        break;
    case SVGA_FRAME_STATUS:
        atomic_store(&s->status, frame->id);
        count(&s->answered);
        break;
    case SVGA_FRAME_SYNCED:
        count(&s->synced);
        break;
    case SVGA_FRAME_WAIT:
        break;
    default:
        return -EPROTO;
    }
    return frame->length == 0 ? 0 : -EPROTO;
}

/* No more comes. */
static void end(struct socket_carrier *s, int r) {
    char text[SVGA_WHY_SIZE];
    snprintf(text, sizeof text, "the connection to %s is lost: %s", s->address,
             r == -EPIPE    ? "the host closed it"
             : r == -EPROTO ? "what came over it makes no sense"
                            : strerror(-r));
    lose(s, SVGA_ERROR_WORKER_DIED, text);
    atomic_store(&s->gone, true);
    count(&s->answered);
    count(&s->synced);
}

/* in_lock is held. Waits for something to come, and takes what is there. */
static void take_some(struct socket_carrier *s, int timeout_ms) {
    struct pollfd p = {.fd = s->stream.fd, .events = POLLIN};
    struct svga_frame frame;
    int r = 0;

    if (atomic_load(&s->gone) || poll(&p, 1, timeout_ms) <= 0)
        return;
    do {
        r = svga_stream_take(&s->in, &frame, sizeof frame);
        if (r == 0)
            r = take_frame(s, &frame);
    } while (r == 0 && svga_stream_has(&s->in));
    if (r < 0)
        end(s, r);
    interrupt(s);
}

/*
 * A thread that waits reads the socket itself, which saves waking another one. This thread reads when nobody has begun to
 * wait for a while, so that programs hear of what comes that look at their memory, or wait for a callback.
 */
static void *receive(void *arg) {
    struct socket_carrier *s = arg;
    uint32_t seen = atomic_load(&s->waits);
    unsigned nap_us = NAP_US;

    while (!atomic_load(&s->gone)) {
        uint32_t now = atomic_load(&s->waits);
        if (now == seen && pthread_mutex_trylock(&s->in_lock) == 0) {
            take_some(s, SLICE_MS);
            pthread_mutex_unlock(&s->in_lock);
            nap_us = NAP_US;
        } else {
            usleep(nap_us);
            nap_us = now == seen && nap_us < NAP_MAX_US ? 2 * nap_us : NAP_US;
        }
        seen = now;
    }
    return NULL;
}

/* Waits on the socket while *word is `seen`; or, where another thread does so, until that one has changed the word. */
static void wait_for_some(struct socket_carrier *s, _Atomic uint32_t *word, uint32_t seen, int timeout_ms) {
    atomic_fetch_add(&s->waits, 1);
    if (pthread_mutex_trylock(&s->in_lock) != 0) {
        atomic_fetch_add(&s->asleep, 1);
        svga_futex_wait(word, seen, timeout_ms * INT64_C(1000));
        atomic_fetch_sub(&s->asleep, 1);
        return;
    }
    if (atomic_load(word) == seen)
        take_some(s, timeout_ms);
    pthread_mutex_unlock(&s->in_lock);
    if (atomic_load(&s->asleep) >
        0) { /* one of them is to read from now on; the receiver does where this comes too early */
        svga_futex_wake(&svga_fifo_words(s->base.bar)[SVGA_FIFO_IRQ_SEQ], 1);
        svga_futex_wake(&s->answered, 1);
        svga_futex_wake(&s->synced, 1);
    }
}

/* ---- what goes ---- */

static void *flush_late(void *arg) {
    struct socket_carrier *s = arg;
    while (!atomic_load(&s->gone)) {
        if (atomic_load(&s->waiting) == 0) {
            svga_futex_wait(&s->waiting, 0, SLICE_MS * INT64_C(1000));
            continue;
        }
        usleep(LATEST_US);
        svga_lock_take(&s->out_lock);
        atomic_store(&s->waiting, 0);
        svga_stream_flush(&s->out);
        svga_lock_give(&s->out_lock);
    }
    return NULL;
}

/* out_lock is held. A connection that takes nothing is noticed by the receiver. */
static void send_now(struct socket_carrier *s) {
    if (svga_own_fd_there(&s->sock))
        svga_stream_flush(&s->out);
    else
        lose(s, SVGA_ERROR_WORKER_DIED, SVGA_OWN_FD_GONE);
}

static void send_soon(struct socket_carrier *s) {
    if (atomic_exchange(&s->waiting, 1) == 0)
        svga_futex_wake(&s->waiting, 1);
}

static void put_data(struct socket_carrier *s, uint32_t id, uint64_t offset, uint64_t length) {
    svga_lock_take(&s->region_lock);
    const char *from = bytes_of(s, id, offset, length);
    svga_lock_give(&s->region_lock); /* what a command names stays until the command has ended */
    const struct svga_frame frame = {SVGA_FRAME_DATA, id, offset, length};
    if (from)
        svga_stream_put(&s->out, &frame, from);
}

/* out_lock is held. True if it is to be sent at once. */
static bool put_command(struct socket_carrier *s, uint32_t size) {
    const struct svga_cmd_header *header = (const void *)s->command;
    struct svga_needs needs = {.now = true};

    if (header->id != SVGA_CMD_FENCE && !s->options.needs(s->command, size, &needs)) {
        lose(s, SVGA_ERROR_PROTOCOL, "a command of this guest's driver cannot travel without shared memory");
        return true;
    }
    if (needs.length > 0)
        put_data(s, needs.id, needs.offset, needs.length);
    svga_stream_put_command(&s->out, s->command, size);
    return needs.now;
}

static void await(struct socket_carrier *s, _Atomic uint32_t *counter, uint32_t goal) {
    uint32_t now;
    while ((now = atomic_load(counter)) < goal && !atomic_load(&s->gone))
        wait_for_some(s, counter, now, SLICE_MS);
}

/* Called under svga_guest's lock, with commands in the FIFO. */
static void socket_doorbell(struct svga_carrier *c) {
    struct socket_carrier *s = socket_of(c);
    const char *why = "";
    bool now = s->options.strict;
    int size;

    svga_lock_take(&s->out_lock);
    while ((size = svga_consumer_next(&s->fifo, s->command, &why)) > 0)
        now = put_command(s, (uint32_t)size) || now;
    svga_consumer_release(&s->fifo);
    /* Pairs with nobody: NEXT_CMD moves under the lock that is held. */
    atomic_store(&svga_fifo_words(c->bar)[SVGA_FIFO_BUSY], 0);
    if (s->options.strict)
        svga_stream_put(&s->out, &(struct svga_frame){.type = SVGA_FRAME_SYNC}, NULL);
    if (now)
        send_now(s);
    svga_lock_give(&s->out_lock);
    if (s->options.strict)
        await(s, &s->synced, ++s->syncs);
    else if (!now)
        send_soon(s);
}

static int socket_wait_irq(struct svga_carrier *c, uint32_t seen, int64_t timeout_us) {
    struct socket_carrier *s = socket_of(c);
    if (atomic_load(&s->waiting)) {
        svga_lock_take(&s->out_lock);
        send_now(s);
        svga_lock_give(&s->out_lock);
    }
    int64_t timeout_ms =
        timeout_us <= 0 || timeout_us > SLICE_MS * INT64_C(1000) ? SLICE_MS : (timeout_us + 999) / 1000;
    wait_for_some(s, &svga_fifo_words(c->bar)[SVGA_FIFO_IRQ_SEQ], seen, (int)timeout_ms);
    return atomic_load(&s->gone) ? -ENODEV : 0;
}

/* Regions are few: pools cut them up. */
static bool find_region(struct socket_carrier *s, const char *bytes, uint64_t length,
                        struct svga_frame *frame) {
    bool found = false;
    svga_lock_take(&s->region_lock);
    for (uint32_t i = 0; i < s->region_cap && !found; i++) {
        const struct local_region *r = &s->regions[i];
        found =
            r->ptr && bytes >= r->ptr && length <= r->size && (uint64_t)(bytes - r->ptr) <= r->size - length;
        if (found)
            *frame = (struct svga_frame){SVGA_FRAME_DATA, i, (uint64_t)(bytes - r->ptr), length};
    }
    svga_lock_give(&s->region_lock);
    return found;
}

static void socket_wrote(struct svga_carrier *c, const void *bytes, uint64_t length) {
    struct socket_carrier *s = socket_of(c);
    struct svga_frame frame;
    if (!find_region(s, bytes, length, &frame))
        return;
    svga_lock_take(&s->out_lock);
    svga_stream_put(&s->out, &frame, bytes);
    send_now(s);
    svga_lock_give(&s->out_lock);
}

/* [serial] Sends a frame and waits for its status. */
static int ask(struct socket_carrier *s, struct svga_frame frame) {
    svga_lock_take(&s->out_lock);
    svga_stream_put(&s->out, &frame, NULL);
    send_now(s);
    svga_lock_give(&s->out_lock);
    await(s, &s->answered, ++s->asked);
    return atomic_load(&s->gone) ? -ENODEV : -(int)(atomic_load(&s->status) & 4095);
}

static int socket_reg_write(struct svga_carrier *c, uint32_t reg, uint32_t value) {
    struct socket_carrier *s = socket_of(c);
    if (reg == SVGA_REG_CONFIG_DONE && !svga_consumer_init(&s->fifo, c->bar, c->bar_size))
        return -EINVAL;
    return ask(s, (struct svga_frame){.type = SVGA_FRAME_REGISTER, .id = reg, .offset = value});
}

/* ---- regions ---- */

static bool make_room(struct socket_carrier *s, uint32_t id) {
    if (id < s->region_cap)
        return true;
    uint32_t cap = s->region_cap ? 2 * s->region_cap : 64;
    while (cap <= id)
        cap *= 2;
    struct local_region *bigger = realloc(s->regions, cap * sizeof *bigger);
    if (!bigger)
        return false;
    memset(bigger + s->region_cap, 0, (cap - s->region_cap) * sizeof *bigger);
    s->regions = bigger;
    s->region_cap = cap;
    return true;
}

static int socket_region_create(struct svga_carrier *c, struct svga_region *region) {
    struct socket_carrier *s = socket_of(c);
    if (region->address)
        return -EEXIST;
    region->ptr =
        mmap(NULL, region->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region->ptr == MAP_FAILED)
        return -errno;
    svga_lock_take(&s->region_lock);
    bool fits = make_room(s, region->id);
    if (fits)
        s->regions[region->id] = (struct local_region){region->ptr, region->size};
    svga_lock_give(&s->region_lock);
    int r =
        fits
            ? ask(s, (struct svga_frame){.type = SVGA_FRAME_REGION, .id = region->id, .offset = region->size})
            : -ENOMEM;
    if (r == 0)
        return 0;
    svga_lock_take(&s->region_lock);
    if (fits)
        s->regions[region->id].ptr = NULL;
    svga_lock_give(&s->region_lock);
    munmap(region->ptr, region->size);
    return r;
}

static void socket_region_destroy(struct svga_carrier *c, struct svga_region *region) {
    struct socket_carrier *s = socket_of(c);
    const struct svga_frame frame = {.type = SVGA_FRAME_REGION_GONE, .id = region->id};

    svga_lock_take(&s->region_lock);
    s->regions[region->id].ptr = NULL;
    svga_lock_give(&s->region_lock);
    munmap(region->ptr, region->size);
    svga_lock_take(&s->out_lock);
    svga_stream_put(&s->out, &frame, NULL);
    svga_lock_give(&s->out_lock);
    send_soon(s);
}

/* ---- opening ---- */

static void free_carrier(struct socket_carrier *s) {
    svga_own_fd_close(&s->sock);
    if (s->base.bar)
        munmap(s->base.bar, s->base.bar_size);
    free(s->regions);
    free(s);
}

static void socket_close(struct svga_carrier *c) {
    struct socket_carrier *s = socket_of(c);
    if (s->owner != getpid())
        return; /* its parent's threads are not here to be waited for */
    if (s->running) {
        shutdown(s->stream.fd, SHUT_RDWR);
        while (!atomic_load(&s->gone))
            wait_for_some(s, &s->answered, atomic_load(&s->answered), 1);
    }
    /* The threads are detached and may still look at what is here: it ends with the process. */
    if (!s->running)
        free_carrier(s);
}

static const struct svga_carrier_ops socket_ops = {
    .name = "socket",
    .region_create = socket_region_create,
    .region_destroy = socket_region_destroy,
    .reg_write = socket_reg_write,
    .doorbell = socket_doorbell,
    .wait_irq = socket_wait_irq,
    .copies = true,
    .wrote = socket_wrote,
    .same_cpus = false,
    .close = socket_close,
};

/* The first line of the file. -1 with a reason; 0 without a file. */
static int read_token(const char *path, char token[SVGA_STREAM_TOKEN], char why[SVGA_WHY_SIZE]) {
    if (!path)
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, token, SVGA_STREAM_TOKEN) : -1;
    int e = errno;
    if (fd >= 0)
        close(fd);
    const char *end = n > 0 ? memchr(token, '\n', (size_t)n) : NULL;
    if (end)
        n = end - token;
    if (n > 0)
        return (int)n;
    snprintf(why, SVGA_WHY_SIZE, "cannot read the token in %.120s: %s", path,
             n < 0 ? strerror(e) : "it is empty");
    return -1;
}

/* Waits for WELCOME. */
static int be_welcomed(struct socket_carrier *s, char why[SVGA_WHY_SIZE]) {
    struct svga_frame frame;
    for (;;) {
        struct pollfd p = {.fd = s->stream.fd, .events = POLLIN};
        if (!svga_stream_has(&s->in) && poll(&p, 1, OPEN_LIMIT_MS) == 0) {
            snprintf(why, SVGA_WHY_SIZE, "%s does not answer; is the daemon there stopped?", s->address);
            return -ETIMEDOUT;
        }
        int r = svga_stream_take(&s->in, &frame, sizeof frame);
        if (r == 0 && frame.type == SVGA_FRAME_WELCOME)
            r = frame.length == SVGA_REG_COUNT * sizeof(uint32_t)
                    ? svga_stream_take(&s->in, (char *)s->base.bar + SVGA_BAR_REGS, (size_t)frame.length)
                    : -EPROTO;
        else if (r == 0)
            r = take_frame(s, &frame);
        if (r < 0 || atomic_load(&svga_fifo_words(s->base.bar)[SVGA_FIFO_ERROR]) != SVGA_ERROR_NONE) {
            const char *text = (const char *)s->base.bar + SVGA_BAR_ERROR_TEXT;
            if (*text)
                snprintf(why, SVGA_WHY_SIZE, "%.*s", SVGA_WHY_SIZE - 1, text);
            else
                snprintf(why, SVGA_WHY_SIZE, "%s gave no session: %s", s->address,
                         r == -EPIPE    ? "it closed the connection"
                         : r == -EPROTO ? "it does not speak Trillium's stream protocol"
                                        : strerror(-r));
            return -EACCES;
        }
        if (frame.type == SVGA_FRAME_WELCOME)
            return 0;
    }
}

static bool start_thread(void *(*run)(void *), struct socket_carrier *s, const char *name) {
    sigset_t all, before;
    pthread_t thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&thread, NULL, run, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0)
        return false;
    pthread_setname_np(thread, name);
    pthread_detach(thread);
    return true;
}

/* Says hello, and has the device's registers. */
static int begin(struct socket_carrier *s, char why[SVGA_WHY_SIZE]) {
    char token[SVGA_STREAM_TOKEN];
    int n = read_token(s->options.token_file, token, why);

    if (n < 0)
        return -EACCES;
    const struct svga_frame hello = {SVGA_FRAME_HELLO, SVGA_STREAM_MAGIC, SVGA_STREAM_VERSION, (uint64_t)n};
    svga_stream_put(&s->out, &hello, token);
    svga_stream_flush(&s->out); /* why nothing can be sent, the host may have said */
    return be_welcomed(s, why);
}

static bool begin_tls(struct socket_carrier *s, const char *host, char why[SVGA_WHY_SIZE]) {
    void *library = svga_open_beside(SVGA_TLS_LIBRARY);
    svga_tls_connecting *connecting = NULL;

    if (library) /* POSIX lets a function's address go through an object pointer this way */
        *(void **)&connecting = dlsym(library, SVGA_TLS_CONNECT);
    if (connecting)
        return connecting(&s->stream, host, s->options.ca_file, why, SVGA_WHY_SIZE);
    const char *reason = dlerror();
    snprintf(why, SVGA_WHY_SIZE, "TLS is not available: %.200s", reason ? reason : SVGA_TLS_LIBRARY);
    return false;
}

struct svga_carrier *svga_carrier_socket_open(const struct svga_socket_options *options,
                                              char why[SVGA_WHY_SIZE]) {
    struct socket_carrier *s = calloc(1, sizeof *s);
    char host[SVGA_HOST_NAME];

    if (!s) {
        snprintf(why, SVGA_WHY_SIZE, "out of memory");
        return NULL;
    }
    s->base.ops = &socket_ops;
    s->options = *options;
    snprintf(s->address, sizeof s->address, "%s", options->address);
    s->owner = getpid();
    svga_lock_init(&s->out_lock, SVGA_LOCK_STREAM);
    svga_lock_init(&s->region_lock, SVGA_LOCK_STREAM_REGIONS);
    pthread_mutex_init(&s->in_lock, NULL);
    s->sock.fd = -1;
    int fd = svga_address_connect(options->address, OPEN_LIMIT_MS, host, why, SVGA_WHY_SIZE);
    if (fd < 0) {
        free_carrier(s);
        return NULL;
    }
    s->sock = svga_own_fd_take(fd);
    svga_stream_tune(s->sock.fd);
    s->stream.fd = s->sock.fd;
    s->in.stream = s->out.stream = &s->stream;
    if (options->ca_file && !begin_tls(s, host, why)) {
        free_carrier(s);
        return NULL;
    }
    void *bar = mmap(NULL, SVGA_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bar == MAP_FAILED) {
        snprintf(why, SVGA_WHY_SIZE, "out of memory");
        free_carrier(s);
        return NULL;
    }
    s->base.bar = bar;
    s->base.bar_size = SVGA_BAR_SIZE;
    if (begin(s, why) < 0) {
        free_carrier(s);
        return NULL;
    }
    s->running = start_thread(receive, s, "trillium-receive");
    if (!s->running || !start_thread(flush_late, s, "trillium-flush")) {
        snprintf(why, SVGA_WHY_SIZE, "cannot start a thread");
        socket_close(&s->base);
        return NULL;
    }
    return &s->base;
}
