// SPDX-License-Identifier: MIT
#include "host-backend/broker/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/broker/spare.h"
#include "host-backend/broker/spawn.h"
#include "host-backend/broker/store.h"
#include "host-backend/worker/control.h"

enum {
    NAME_SIZE = 64,
    MAX_WORKERS = 1024,   /* idle and busy; a host has no use for more at a time */
    MAX_EARLY_DEATHS = 3, /* in a row, before guests are refused instead of kept waiting */
    END_GRACE_MS = 2000,  /* for workers to end by themselves when the broker does */
    BACK_OFF_MS = 200,    /* before the next warm worker after a death; doubles up to BACK_OFF_MAX_MS */
    BACK_OFF_MAX_MS = 30000,
};

/* One process. Starting: it loads the drivers. Ready, and warm, once it has run their compilers too: a guest may
 * come. Busy: it has one. */
enum worker_state { WORKER_STARTING, WORKER_READY, WORKER_WARMING, WORKER_WARM, WORKER_BUSY, WORKER_STATES };

struct worker {
    struct worker *next, **link;
    struct spawned process;
    enum worker_state state;
    bool stopped;          /* warming: by SIGSTOP, while guests need the CPUs */
    char guest[NAME_SIZE]; /* busy: whom it serves */
};

/* A guest that has no worker yet. */
struct pending {
    struct pending *next;
    int session; /* the device's end of its socket */
    char name[NAME_SIZE];
    char tenant[STORE_TENANT_SIZE];
};

struct broker {
    struct broker_config config; /* strings are our own */
    struct store *store;
    struct cell *cell; /* of its workers */
    int epoll, event, listener;
    char *path; /* of the listener; NULL: none */
    struct worker *workers;
    unsigned worker_count, count[WORKER_STATES]; /* all, and those in each state */
    unsigned early_deaths;                       /* in a row, of those that load drivers */
    unsigned warm_deaths;                        /* in a row, of those that warm up */
    char death[128];                             /* how the last one died */
    int64_t next_spawn_ms;                       /* no warm worker before this, after an early death */
    unsigned guest_count;                        /* ever: for names */
    bool handed_out;                             /* a guest has got a worker */
    struct spare spare;

    pthread_mutex_t lock; /* guards pending and stop */
    struct pending *pending, **pending_end;
    _Atomic bool stop;
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "trillium: %s\n", text);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wake(struct broker *b) {
    uint64_t one = 1;
    ssize_t ignored = write(b->event, &one, sizeof one); /* full means: it is awake already */
    (void)ignored;
}

/* ---- workers ---- */

/* epoll data: a worker's pidfd has the lowest bit set, its control socket does not. */
static int watch(struct broker *b, int fd, uintptr_t data) {
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = data};
    return epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static void set_state(struct broker *b, struct worker *w, enum worker_state state) {
    b->count[w->state]--;
    b->count[state]++;
    w->state = state;
}

static unsigned idle_count(const struct broker *b) {
    return b->worker_count - b->count[WORKER_BUSY];
}

static void forget(struct broker *b, struct worker *w) {
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    b->worker_count--;
    b->count[w->state]--;
    /* Not by closing alone: a child that is about to exec may still hold copies. */
    epoll_ctl(b->epoll, EPOLL_CTL_DEL, w->process.pidfd, NULL);
    epoll_ctl(b->epoll, EPOLL_CTL_DEL, w->process.control, NULL);
    close(w->process.control);
    if (w->process.store >= 0)
        close(w->process.store);
    close(w->process.pidfd);
    free(w);
}

static struct worker *start(struct broker *b, bool eager, const char *refuse) {
    struct worker *w = b->worker_count < MAX_WORKERS ? calloc(1, sizeof *w) : NULL;
    int r = w ? spawn_worker(&b->config, b->cell, eager, refuse, &w->process) : -EAGAIN;

    if (r < 0) {
        say("cannot start a worker: %s", strerror(-r));
        free(w);
        return NULL;
    }
    w->next = b->workers;
    w->link = &b->workers;
    if (w->next)
        w->next->link = &w->next;
    b->workers = w;
    b->worker_count++;
    b->count[WORKER_STARTING]++;
    r = watch(b, w->process.pidfd, (uintptr_t)w | 1);
    if (r == 0)
        r = watch(b, w->process.control, (uintptr_t)w);
    if (r < 0) {
        say("cannot watch a worker: %s", strerror(-r));
        kill(w->process.pid, SIGKILL);
        waitpid(w->process.pid, NULL, 0);
        forget(b, w);
        return NULL;
    }
    return w;
}

static struct worker *find(struct broker *b, enum worker_state state) {
    for (struct worker *w = b->workers; w; w = w->next)
        if (w->state == state)
            return w;
    return NULL;
}

/* The one that warms up (there is at most one) takes nothing from a guest that has come. */
static void hold(struct broker *b) {
    struct worker *w = find(b, WORKER_WARMING);
    if (w && !w->stopped)
        w->stopped = kill(w->process.pid, SIGSTOP) == 0;
}

static bool give(struct broker *b, struct worker *w, struct pending *p) {
    int r = spawn_give_session(w->process.control, p->session);
    if (r < 0)
        return false; /* it is dying; its pidfd will say so */
    if (w->process.store >= 0 && (r = store_serve(b->store, w->process.store, p->tenant)) < 0)
        say("%s: nothing is kept for it: %s", p->name, strerror(-r));
    w->process.store = -1;
    set_state(b, w, WORKER_BUSY);
    b->handed_out = true;
    hold(b);
    memcpy(w->guest, p->name, sizeof w->guest);
    if (b->config.verbose)
        say("%s: served by worker %d", w->guest, (int)w->process.pid);
    return true;
}

/* Describes how a process ended. */
static void describe(const siginfo_t *info, char *text, size_t size) {
    /* The first process of a pid namespace cannot end itself by a signal, and says so as shells do. */
    int number = info->si_code != CLD_EXITED ? info->si_status : info->si_status - 128;
    if (info->si_code == CLD_EXITED && (number <= 0 || number > SIGRTMAX))
        snprintf(text, size, "exit status %d%s", info->si_status,
                 info->si_status == 127 ? ", the program is not there" : "");
    else
        snprintf(text, size, "signal %d, %s", number, strsignal(number));
}

static void on_death(struct broker *b, struct worker *w) {
    siginfo_t info = {0};
    char how[96];

    if (waitid(P_PID, (id_t)w->process.pid, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return;
    describe(&info, how, sizeof how);
    bool clean = info.si_code == CLD_EXITED && info.si_status == 0;
    if (w->state == WORKER_BUSY) {
        if (!clean)
            say("%s: its worker ended (%s); other guests are not affected", w->guest, how);
        else if (b->config.verbose)
            say("%s: gone", w->guest);
    } else if (w->state == WORKER_STARTING || w->state == WORKER_WARMING) {
        unsigned *deaths = w->state == WORKER_WARMING ? &b->warm_deaths : &b->early_deaths;
        int64_t delay = (int64_t)BACK_OFF_MS << (*deaths < 8 ? *deaths : 8);
        ++*deaths;
        b->next_spawn_ms = now_ms() + (delay < BACK_OFF_MAX_MS ? delay : BACK_OFF_MAX_MS);
        snprintf(b->death, sizeof b->death, "%s", how);
        say("a worker ended before it served anyone (%s)", how);
    } else {
        say("an idle worker ended (%s)", how);
    }
    forget(b, w);
}

static void on_control(struct broker *b, struct worker *w) {
    char byte;
    ssize_t n = recv(w->process.control, &byte, 1, MSG_DONTWAIT);

    if (n == 1 && byte == CONTROL_READY && w->state == WORKER_STARTING) {
        set_state(b, w, WORKER_READY);
        b->early_deaths = 0;
    } else if (n == 1 && byte == CONTROL_WARM && w->state == WORKER_WARMING) {
        set_state(b, w, WORKER_WARM);
        b->warm_deaths = 0;
    } else if (n == 0) {
        epoll_ctl(b->epoll, EPOLL_CTL_DEL, w->process.control, NULL); /* its pidfd tells the rest */
    }
}

/* ---- guests ---- */

static struct pending *first_pending(struct broker *b) {
    pthread_mutex_lock(&b->lock);
    struct pending *p = b->pending;
    pthread_mutex_unlock(&b->lock);
    return p;
}

static void drop_pending(struct broker *b, struct pending *p) {
    pthread_mutex_lock(&b->lock);
    b->pending = p->next;
    if (!b->pending)
        b->pending_end = &b->pending;
    pthread_mutex_unlock(&b->lock);
    close(p->session); /* the worker has its own */
    free(p);
}

static bool add_pending(struct broker *b, int session, const char *name, const char *tenant) {
    struct pending *p = calloc(1, sizeof *p);
    if (!p)
        return false;
    p->session = session;
    snprintf(p->name, sizeof p->name, "%s", name);
    snprintf(p->tenant, sizeof p->tenant, "%s", tenant);
    pthread_mutex_lock(&b->lock);
    *b->pending_end = p;
    b->pending_end = &p->next;
    pthread_mutex_unlock(&b->lock);
    wake(b);
    return true;
}

/* A guest waits: whoever still loads drivers shall do it as fast as it can. */
static void hurry(struct broker *b) {
    struct worker *w = find(b, WORKER_STARTING);
    char byte = CONTROL_HURRY;
    if (!w)
        w = start(b, true, NULL);
    else
        send(w->process.control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Workers cannot even start: the guest gets a sentence instead of a device. */
static void refuse(struct broker *b, struct pending *p) {
    char text[256];
    snprintf(text, sizeof text,
             "the host's workers end before they can serve (%s): ask the host's administrator to run "
             "\"trillium doctor\"",
             b->death);
    struct worker *w = start(b, true, text);
    if (!w || !give(b, w, p))
        say("%s: refused, and it cannot be told why", p->name);
    drop_pending(b, p);
}

/* ---- ahead of need ---- */

/* What is to be done next, if anything is. */
enum errand { NOTHING, START_ONE, WARM_ONE, RESUME_ONE };

/* One that has loaded the drivers is there for whoever comes next, and another one before the first warms up. */
static enum errand next_errand(const struct broker *b) {
    unsigned ready = b->count[WORKER_STARTING] + b->count[WORKER_READY];
    bool warms = !b->config.first_only && b->warm_deaths < MAX_EARLY_DEATHS &&
                 b->count[WORKER_WARM] + b->count[WORKER_WARMING] < b->config.warm_workers;

    if (b->config.warm_workers == 0 || (b->config.first_only && b->handed_out))
        return NOTHING;
    if (b->count[WORKER_WARMING] > 0)
        return find((struct broker *)b, WORKER_WARMING)->stopped ? RESUME_ONE : NOTHING;
    if (ready < (warms ? 2 : 1))
        return b->early_deaths < MAX_EARLY_DEATHS ? START_ONE : NOTHING;
    return warms && b->count[WORKER_READY] >= 2 ? WARM_ONE : NOTHING;
}

/* May anything be done now? Not at the cost of guests that run. */
static bool has_time(struct broker *b) {
    if (b->count[WORKER_BUSY] == 0)
        b->spare = (struct spare){0};
    return b->count[WORKER_BUSY] == 0 || spare_seen(&b->spare, now_ms());
}

static bool warm_up(struct broker *b) {
    struct worker *w = find(b, WORKER_READY);
    char byte = CONTROL_WARM_UP;
    if (send(w->process.control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
        return false; /* it is dying */
    set_state(b, w, WORKER_WARMING);
    return true;
}

static bool resume(struct broker *b) {
    struct worker *w = find(b, WORKER_WARMING);
    w->stopped = false;
    return kill(w->process.pid, SIGCONT) == 0;
}

static bool run_errand(struct broker *b, enum errand errand) {
    switch (errand) {
    case START_ONE:
        return start(b, b->config.first_only, NULL) != NULL;
    case WARM_ONE:
        return warm_up(b);
    case RESUME_ONE:
        return resume(b);
    default:
        return false;
    }
}

static void prepare(struct broker *b) {
    enum errand errand;
    while ((errand = next_errand(b)) != NOTHING && now_ms() >= b->next_spawn_ms)
        if (!has_time(b) || !run_errand(b, errand))
            break;
}

/* How long there is nothing to do: until an errand may be tried, after a death or while guests need the CPUs;
 * -1: until something happens. */
static int idle_ms(const struct broker *b) {
    int64_t left = b->next_spawn_ms - now_ms();
    if (next_errand(b) == NOTHING)
        return -1;
    if (left <= 0)
        return b->count[WORKER_BUSY] > 0 ? SPARE_LOOK_MS : -1;
    return (int)left;
}

/* Gives every waiting guest a worker that is ready, the warm ones first. */
static void assign(struct broker *b) {
    struct pending *p;

    while ((p = first_pending(b))) {
        struct worker *w = find(b, WORKER_WARM);
        if (!w)
            w = find(b, WORKER_READY);
        if (w && give(b, w, p)) {
            drop_pending(b, p);
        } else if (w) {
            set_state(b, w, WORKER_STARTING); /* never ready again: it is dying */
        } else if (b->early_deaths >= MAX_EARLY_DEATHS && idle_count(b) == 0 && now_ms() < b->next_spawn_ms) {
            refuse(b, p);
        } else {
            hurry(b);
            break;
        }
    }
    prepare(b);
}

int broker_open_session(struct broker *b, const char *name) {
    int ends[2];

    if (atomic_load(&b->stop))
        return -ENODEV;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    if (!add_pending(b, ends[1], name, b->config.vm ? b->config.vm : "vm")) {
        close(ends[0]);
        close(ends[1]);
        return -ENOMEM;
    }
    return ends[0];
}

/* What to call a process that has connected, and whose it is. */
static void name_peer(struct broker *b, int fd, char name[NAME_SIZE], char tenant[STORE_TENANT_SIZE]) {
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    snprintf(name, NAME_SIZE, "guest %u (process %d of user %u)", ++b->guest_count, (int)peer.pid,
             (unsigned)peer.uid);
    snprintf(tenant, STORE_TENANT_SIZE, "user-%u", (unsigned)peer.uid);
}

static void on_connect(struct broker *b) {
    char name[NAME_SIZE], tenant[STORE_TENANT_SIZE];
    int fd = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    name_peer(b, fd, name, tenant);
    if (!add_pending(b, fd, name, tenant))
        close(fd);
}

/* ---- life ---- */

static char *copy(const char *text) {
    return text ? strdup(text) : NULL;
}

/* The cell that workers are to live in, and word of what it lacks. False with a reason. */
static bool make_cell(struct broker *b, char why[BROKER_WHY_SIZE]) {
    const struct cell_config config = {.mode = b->config.sandbox, .worker = b->config.worker_path};
    char missing[256] = "";
    size_t used = 0;

    b->cell = cell_create(&config, why);
    if (!b->cell)
        return false;
    if (b->config.sandbox == CELL_MODE_OFF) {
        say("--sandbox off: workers run with all rights of this user, and so do their guests' kernels");
        return true;
    }
    for (int i = 0; i < CELL_WALLS && used < sizeof missing; i++)
        if ((CELL_STRICT_NEEDS & CELL_BIT(i)) && !(cell_standing(b->cell) & CELL_BIT(i)))
            used += (size_t)snprintf(missing + used, sizeof missing - used, " %s", cell_walls[i].name);
    if (used > 0)
        say("workers are not walled in as they should be, missing:%s; `trillium doctor` says why", missing);
    return true;
}

struct broker *broker_create(const struct broker_config *config, char why[BROKER_WHY_SIZE]) {
    struct broker *b = calloc(1, sizeof *b);

    if (!b) {
        snprintf(why, BROKER_WHY_SIZE, "out of memory");
        return NULL;
    }
    b->config = *config;
    /* in a worker's cell paths begin at its root */
    b->config.worker_path = realpath(config->worker_path, NULL);
    if (!b->config.worker_path)
        b->config.worker_path = copy(config->worker_path);
    b->config.device_filter = copy(config->device_filter);
    b->config.profile_dir = copy(config->profile_dir);
    b->config.cache_dir = copy(config->cache_dir);
    b->config.key_path = copy(config->key_path);
    b->config.vm = copy(config->vm);
    b->config.worker_options = copy(config->worker_options);
    b->listener = -1;
    b->pending_end = &b->pending;
    pthread_mutex_init(&b->lock, NULL);
    b->epoll = epoll_create1(EPOLL_CLOEXEC);
    b->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b->epoll < 0 || b->event < 0 || watch(b, b->event, (uintptr_t)&b->event) < 0) {
        snprintf(why, BROKER_WHY_SIZE, "cannot watch for events: %s", strerror(errno));
        broker_destroy(b);
        return NULL;
    }
    if (access(b->config.worker_path, X_OK) < 0) {
        snprintf(why, BROKER_WHY_SIZE, "the worker %.150s cannot be executed: %s", b->config.worker_path,
                 strerror(errno));
        broker_destroy(b);
        return NULL;
    }
    if (b->config.worker_options && strlen(b->config.worker_options) > BROKER_WORKER_OPTIONS) {
        snprintf(why, BROKER_WHY_SIZE, "the options for workers may have at most %d characters",
                 BROKER_WORKER_OPTIONS);
        broker_destroy(b);
        return NULL;
    }
    if (!make_cell(b, why)) {
        broker_destroy(b);
        return NULL;
    }
    b->store =
        store_create(&(struct store_config){.cache_dir = config->fresh_builds ? NULL : config->cache_dir,
                                            .shared = config->cache_shared,
                                            .max_bytes = (uint64_t)config->cache_mib << 20,
                                            .key_path = config->key_path});
    if (!b->store) {
        snprintf(why, BROKER_WHY_SIZE, "cannot keep a store: %s", strerror(errno));
        broker_destroy(b);
        return NULL;
    }
    assign(b);
    return b;
}

/* A socket at this address that nobody serves any more is in the way; one that somebody serves is not ours to
 * take. */
static bool is_stale(const struct sockaddr_un *addr) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool stale =
        fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof *addr) < 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return stale;
}

int broker_listen(struct broker *b, const char *path, char why[BROKER_WHY_SIZE]) {
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof addr.sun_path) {
        snprintf(why, BROKER_WHY_SIZE, "%.100s... is longer than the %zu bytes that a socket's path can have",
                 path, sizeof addr.sun_path - 1);
        return -1;
    }
    memcpy(addr.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* fchmod of a socket before bind sets the mode that bind makes the file with: no moment in which others
     * could connect. */
    int r = fd < 0 || fchmod(fd, 0600) < 0 ? -1 : bind(fd, (struct sockaddr *)&addr, sizeof addr);
    if (r < 0 && errno == EADDRINUSE && is_stale(&addr)) {
        unlink(path);
        r = bind(fd, (struct sockaddr *)&addr, sizeof addr);
    }
    if (r == 0)
        r = listen(fd, 64);
    if (r < 0) {
        snprintf(why, BROKER_WHY_SIZE,
                 errno == EADDRINUSE ? "%.150s is there already: %s" : "cannot listen at %.150s: %s", path,
                 errno == EADDRINUSE ? "another daemon serves it, or it is no socket" : strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    b->listener = fd;
    b->path = copy(path);
    return watch(b, fd, (uintptr_t)&b->listener);
}

static void handle(struct broker *b, const struct epoll_event *e) {
    if (e->data.u64 == (uintptr_t)&b->event) {
        uint64_t count;
        ssize_t ignored = read(b->event, &count, sizeof count);
        (void)ignored;
    } else if (e->data.u64 == (uintptr_t)&b->listener) {
        on_connect(b);
    } else if (e->data.u64 & 1) {
        on_death(b, (struct worker *)(uintptr_t)(e->data.u64 & ~(uint64_t)1));
    } else {
        on_control(b, (struct worker *)(uintptr_t)e->data.u64);
    }
}

int broker_run(struct broker *b) {
    while (!atomic_load(&b->stop)) {
        struct epoll_event e;
        assign(b);
        /* One event at a time: handling one may free the worker that the next is about. */
        if (epoll_wait(b->epoll, &e, 1, idle_ms(b)) == 1)
            handle(b, &e);
    }
    return 0;
}

void broker_stop(struct broker *b) {
    atomic_store(&b->stop, true);
    wake(b);
}

/* Workers that served a guest may have something to write down still; they are asked first, and killed if
 * they take too long. */
static void end_workers(struct broker *b) {
    int64_t end = now_ms() + END_GRACE_MS;
    for (struct worker *w = b->workers; w; w = w->next)
        kill(w->process.pid, w->state == WORKER_BUSY ? SIGTERM : SIGKILL);
    while (b->workers) { /* forget() takes the first one off, which the analyzer cannot see */
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        struct pollfd p = {.fd = b->workers->process.pidfd, .events = POLLIN};
        int64_t left = end - now_ms();
        if (poll(&p, 1, left > 0 ? (int)left : 0) != 1)
            kill(b->workers->process.pid, SIGKILL);
        waitpid(b->workers->process.pid, NULL, 0);
        forget(b, b->workers);
    }
}

void broker_destroy(struct broker *b) {
    struct pending *p;

    if (!b)
        return;
    atomic_store(&b->stop, true);
    if (b->path) /* now: once the workers have ended, which takes a while, it may be another daemon's */
        unlink(b->path);
    end_workers(b);
    store_destroy(b->store); /* after them: they may have had something to store */
    while ((p = first_pending(b)))
        drop_pending(b, p);
    if (b->listener >= 0)
        close(b->listener);
    if (b->epoll >= 0)
        close(b->epoll);
    if (b->event >= 0)
        close(b->event);
    cell_destroy(b->cell);
    pthread_mutex_destroy(&b->lock);
    free(b->path);
    free((char *)b->config.worker_path);
    free((char *)b->config.device_filter);
    free((char *)b->config.profile_dir);
    free((char *)b->config.cache_dir);
    free((char *)b->config.key_path);
    free((char *)b->config.vm);
    free((char *)b->config.worker_options);
    free(b);
}
