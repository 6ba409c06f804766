// SPDX-License-Identifier: MIT
/*
 * The shm carrier: a guest process on the device's own machine. Memory is memfds that travel over the link's
 * Unix socket, the doorbell and the interrupt are futexes on the BAR.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "svga-model/carrier.h"
#include "svga-model/fifo.h"
#include "svga-model/fresh.h"
#include "svga-model/futex.h"
#include "svga-model/link-io.h"
#include "svga-model/own-fd.h"

enum {
    ACK_SLICE_MS = 500,
    OPEN_SLICE_MS = 100,
    OPEN_LIMIT_MS = 8000, /* without a sign of life from who is to give us a session */
    MAX_MESSAGES = 64,    /* taken at a time */
};

struct shm_carrier {
    struct svga_carrier base;
    struct svga_own_fd sock;
    struct svga_own_fd spare; /* [serial] for a moment in which the program has used up all descriptors */
    struct svga_fresh fresh;  /* regions that are to be filled */
    uint32_t seq;             /* [serial] of the last link message */
    pid_t owner;              /* a forked child must not speak for its parent */
    bool open;                /* [serial] there is a device, which takes commands */
    uint64_t heard_ns;        /* not open: the last sign of life */
};

static struct shm_carrier *shm_of(struct svga_carrier *c) {
    return (struct shm_carrier *)c;
}

/* True if the device's end of the socket is closed. What comes from there says that somebody lives. */
static bool peer_gone(struct shm_carrier *s) {
    struct svga_link_msg msg;
    if (!svga_own_fd_there(&s->sock))
        return true;
    for (int i = 0; i < MAX_MESSAGES; i++) {
        ssize_t n = recv(s->sock.fd, &msg, sizeof msg, MSG_DONTWAIT | (s->open ? MSG_PEEK : 0));
        if (n <= 0)
            return n == 0 || (errno != EAGAIN && errno != EINTR);
        if (s->open)
            break;
        if (n == sizeof msg && msg.type == SVGA_LINK_WAIT)
            s->heard_ns = svga_now_ns();
    }
    return false;
}

static bool out_of_patience(const struct shm_carrier *s) {
    return !s->open && svga_now_ns() - s->heard_ns > OPEN_LIMIT_MS * UINT64_C(1000000);
}

static int shm_wait_irq(struct svga_carrier *c, uint32_t seen, int64_t timeout_us) {
    svga_word *words = svga_fifo_words(c->bar);
    if (svga_futex_wait(&words[SVGA_FIFO_IRQ_SEQ], seen, timeout_us) == -ETIMEDOUT && peer_gone(shm_of(c)))
        return -ENODEV;
    return 0;
}

static void shm_doorbell(struct svga_carrier *c) {
    svga_futex_wake(&svga_fifo_words(c->bar)[SVGA_FIFO_BUSY], 1);
}

/* Sends a message and waits until the device has carried it out. */
static int send_and_wait(struct shm_carrier *s, struct svga_link_msg msg, const struct svga_link_piece *piece,
                         int fd) {
    svga_word *words = svga_fifo_words(s->base.bar);

    if (!svga_own_fd_there(&s->sock)) {
        snprintf((char *)s->base.bar + SVGA_BAR_ERROR_TEXT, SVGA_BAR_ERROR_TEXT_SIZE, SVGA_OWN_FD_GONE);
        return -ENODEV;
    }
    msg.seq = ++s->seq;
    s->heard_ns = svga_now_ns();
    int r = svga_link_send(s->sock.fd, &msg, piece, &fd, piece ? 1 : 0);
    if (r < 0)
        return r == -EPIPE || r == -ECONNRESET ? -ENODEV : r;
    for (;;) {
        uint32_t seen = atomic_load(&words[SVGA_FIFO_IRQ_SEQ]);
        atomic_store(&words[SVGA_FIFO_IRQ_ARMED], 1);
        svga_handshake_fence();
        if (atomic_load_explicit(&words[SVGA_FIFO_LINK_ACK], memory_order_acquire) == msg.seq)
            return svga_link_result(atomic_load(&words[SVGA_FIFO_LINK_STATUS]));
        if (atomic_load(&words[SVGA_FIFO_ERROR]) != SVGA_ERROR_NONE ||
            shm_wait_irq(&s->base, seen, (s->open ? ACK_SLICE_MS : OPEN_SLICE_MS) * INT64_C(1000)) < 0)
            return -ENODEV;
        if (out_of_patience(s))
            return -ETIMEDOUT;
    }
}

/*
 * Gives a memfd its size. A limit to the size of files (RLIMIT_FSIZE) counts for memfds, and is told by a
 * signal that ends the program; memory is not what it is meant for. So it is lifted as far as that is allowed,
 * and what is left of it is an error.
 */
static int set_size(int fd, uint64_t size) {
    struct rlimit limit;
    sigset_t too_large, before, pending;

    if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur >= size)
        return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
    struct rlimit lifted = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    sigemptyset(&too_large);
    sigaddset(&too_large, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &too_large, &before);
    sigpending(&pending);
    if (limit.rlim_max >= size || setrlimit(RLIMIT_FSIZE, &none) < 0)
        setrlimit(RLIMIT_FSIZE, &lifted);
    int r = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
    setrlimit(RLIMIT_FSIZE, &limit);
    if (r < 0 && !sigismember(&pending, SIGXFSZ)) /* ours, and for this thread */
        sigtimedwait(&too_large, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static bool hard_limit_below(uint64_t size) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_max < size;
}

static void take_spare(struct shm_carrier *s) {
    int fd = memfd_create("trillium-spare", MFD_CLOEXEC);
    if (fd >= 0)
        s->spare = svga_own_fd_take(fd);
}

/*
 * A memfd, also where the program is at its limit of descriptors (RLIMIT_NOFILE): natively memory takes none. It
 * lives for a moment only, so the limit is lifted as far as that is allowed, or the spare one gives way to it.
 */
static int new_memfd(struct shm_carrier *s, const char *name) {
    struct rlimit limit;
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0 && errno == EMFILE) {
        svga_fresh_forget(&s->fresh);
        fd = memfd_create(name, MFD_CLOEXEC);
    }
    if (fd >= 0 || errno != EMFILE)
        return fd;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        struct rlimit lifted = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &lifted) == 0) {
            fd = memfd_create(name, MFD_CLOEXEC);
            setrlimit(RLIMIT_NOFILE, &limit);
        }
    }
    if (fd < 0 && s->spare.fd >= 0) {
        svga_own_fd_close(&s->spare);
        fd = memfd_create(name, MFD_CLOEXEC);
    }
    return fd;
}

/* A memfd of `size` bytes, mapped, at `address` if that is not 0. */
static int make_memory(struct shm_carrier *s, const char *name, uint64_t size, uint64_t address, void **ptr) {
    int fd = new_memfd(s, name);
    if (fd < 0)
        return -errno;
    int r = set_size(fd, size);
    if (r < 0) {
        close(fd);
        return r == -EFBIG || r == -EINVAL ? -ENOMEM : r;
    }
    *ptr = mmap((void *)address, size, PROT_READ | PROT_WRITE,
                MAP_SHARED | (address ? MAP_FIXED_NOREPLACE : 0), fd, 0);
    if (*ptr == MAP_FAILED) {
        int e = errno;
        close(fd);
        return -e;
    }
    if (address &&
        *ptr != (void *)address) { /* ThreadSanitizer's mmap takes what it does not like as a hint */
        munmap(*ptr, size);
        close(fd);
        return -EEXIST;
    }
    madvise(*ptr, size, MADV_HUGEPAGE); /* fewer page faults where shmem_enabled allows it; else no effect */
    return fd;
}

static int shm_region_create(struct svga_carrier *c, struct svga_region *region) {
    struct svga_link_piece piece = {.fd = 0, .offset = 0, .length = region->size};
    struct svga_link_msg msg = {.type = SVGA_LINK_GMR_DEFINE,
                                .id = region->id,
                                .arg = region->size,
                                .piece_count = 1,
                                .address = region->address};
    struct shm_carrier *s = shm_of(c);
    int fd = make_memory(s, "trillium-region", region->size, region->address, &region->ptr);
    if (fd < 0)
        return fd;
    int r = send_and_wait(s, msg, &piece, fd);
    if (r < 0)
        munmap(region->ptr, region->size);
    if (r == 0 && s->spare.fd >= 0)
        svga_fresh_add(&s->fresh, region->ptr, region->size, fd);
    else
        close(fd);
    if (s->spare.fd < 0)
        take_spare(s);
    return r;
}

static size_t shm_fill(struct svga_carrier *c, void *to, const void *from, size_t size) {
    return svga_fresh_fill(&shm_of(c)->fresh, to, from, size);
}

static void shm_region_destroy(struct svga_carrier *c, struct svga_region *region) {
    svga_fresh_drop(&shm_of(c)->fresh, region->ptr);
    munmap(region->ptr, region->size);
    send_and_wait(shm_of(c), (struct svga_link_msg){.type = SVGA_LINK_GMR_DELETE, .id = region->id}, NULL,
                  -1);
}

static int shm_reg_write(struct svga_carrier *c, uint32_t reg, uint32_t value) {
    int r = send_and_wait(
        shm_of(c), (struct svga_link_msg){.type = SVGA_LINK_REG_WRITE, .id = reg, .arg = value}, NULL, -1);
    if (r == 0 && reg == SVGA_REG_CONFIG_DONE)
        shm_of(c)->open = !peer_gone(shm_of(c)); /* which takes what came before there was a device */
    return r;
}

static void shm_close(struct svga_carrier *c) {
    struct shm_carrier *s = shm_of(c);
    svga_own_fd_close(
        &s->sock); /* the other descriptors of this socket decide when the device sees the end */
    svga_own_fd_close(&s->spare);
    svga_fresh_close(&s->fresh);
    if (c->bar && s->owner == getpid())
        munmap(c->bar, c->bar_size);
    free(s);
}

static const struct svga_carrier_ops shm_ops = {
    .name = "shm",
    .region_create = shm_region_create,
    .region_destroy = shm_region_destroy,
    .reg_write = shm_reg_write,
    .doorbell = shm_doorbell,
    .wait_irq = shm_wait_irq,
    .fill = shm_fill,
    .same_cpus = true,
    .close = shm_close,
};

struct svga_carrier *svga_carrier_shm_from_fd(int fd, char why[SVGA_WHY_SIZE]) {
    struct shm_carrier *s = calloc(1, sizeof *s);
    if (!s) {
        snprintf(why, SVGA_WHY_SIZE, "out of memory");
        close(fd);
        return NULL;
    }
    s->base.ops = &shm_ops;
    s->sock = svga_own_fd_take(fd);
    s->spare.fd = -1;
    svga_fresh_init(&s->fresh);
    take_spare(s);
    s->owner = getpid();

    int memfd = make_memory(s, "trillium-bar", SVGA_BAR_SIZE, 0, &s->base.bar);
    if (memfd < 0) {
        snprintf(
            why, SVGA_WHY_SIZE, "cannot create shared memory: %s",
            hard_limit_below(SVGA_BAR_SIZE)
                ? "it counts as a file, and the hard limit to the size of files (ulimit -Hf) is below 1 MiB"
                : strerror(-memfd));
        s->base.bar = NULL;
        shm_close(&s->base);
        return NULL;
    }
    s->base.bar_size = SVGA_BAR_SIZE;

    struct svga_link_piece piece = {.length = SVGA_BAR_SIZE};
    struct svga_link_msg msg = {
        .type = SVGA_LINK_GMR_DEFINE, .id = SVGA_GMR_BAR, .arg = SVGA_BAR_SIZE, .piece_count = 1};
    int r = send_and_wait(s, msg, &piece, memfd);
    close(memfd);
    if (r < 0) {
        const char *text = s->base.bar ? (const char *)s->base.bar + SVGA_BAR_ERROR_TEXT : "";
        if (*text)
            snprintf(why, SVGA_WHY_SIZE, "%.*s", SVGA_WHY_SIZE - 1, text);
        else
            snprintf(why, SVGA_WHY_SIZE, "the daemon gave no session: %s",
                     r == -ENODEV      ? "it closed the connection"
                     : r == -ETIMEDOUT ? "it does not answer; is it stopped?"
                                       : strerror(-r));
        shm_close(&s->base);
        return NULL;
    }
    return &s->base;
}

struct svga_carrier *svga_carrier_shm_open(const char *path, const char *variables, size_t size,
                                           char why[SVGA_WHY_SIZE]) {
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path) {
        snprintf(why, SVGA_WHY_SIZE,
                 "the socket path is longer than the %zu bytes that a Unix socket can have",
                 sizeof addr.sun_path - 1);
        return NULL;
    }
    memcpy(addr.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        snprintf(why, SVGA_WHY_SIZE, "cannot make a socket: %s", strerror(errno));
        return NULL;
    }
    /* A daemon that is stopped accepts nobody: connect() waits for room in its queue, as long as sending may. */
    const struct timeval limit = {.tv_sec = OPEN_LIMIT_MS / 1000}, none = {0};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    int r = connect(fd, (struct sockaddr *)&addr, sizeof addr), e = errno;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
    if (r < 0) {
        close(fd);
        if (e == ENOENT || e == ECONNREFUSED)
            snprintf(why, SVGA_WHY_SIZE,
                     "no daemon serves %.120s: start one with \"trillium serve --shm PATH\"", path);
        else if (e == EAGAIN)
            snprintf(why, SVGA_WHY_SIZE, "the daemon at %.120s takes no connections; is it stopped?", path);
        else
            snprintf(why, SVGA_WHY_SIZE, "cannot connect to the daemon at %.120s: %s", path, strerror(e));
        return NULL;
    }
    if (size > 0 && svga_link_send_text(fd, SVGA_LINK_VARIABLES, variables, size) < 0) {
        close(fd);
        snprintf(why, SVGA_WHY_SIZE, "the daemon at %.120s took no variables for a driver", path);
        return NULL;
    }
    return svga_carrier_shm_from_fd(fd, why);
}
