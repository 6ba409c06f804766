// SPDX-License-Identifier: MIT
#include "host-backend/broker/broker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/ahead.h"
#include "host-backend/broker/clock.h"
#include "host-backend/broker/door.h"
#include "host-backend/broker/events.h"
#include "host-backend/broker/guests.h"
#include "host-backend/broker/host.h"
#include "host-backend/broker/log.h"
#include "host-backend/broker/refuse.h"
#include "host-backend/broker/store.h"
#include "host-backend/broker/walls.h"
#include "host-backend/broker/workers.h"
#include "host-backend/worker/control.h"

enum {
    MIN_STARTS = 2, /* workers that start at a time for guests that wait; one for each CPU, in these bounds */
    MAX_STARTS = 8,
};

/* A session that another thread has opened, on its way to the broker's. */
struct arrival {
    struct arrival *next;
    int session;
    struct guest_name who;
};

struct broker {
    struct broker_config config; /* strings are our own */
    struct store *store;
    struct cell *cell; /* of its workers */
    int epoll, event;
    struct door door;
    struct guests guests;
    struct workers workers;
    struct spare spare;
    struct host host;
    unsigned max_starts;

    pthread_mutex_t lock; /* guards arrivals */
    struct arrival *arrivals, **arrivals_end;
    _Atomic bool stop;
};

static void wake(struct broker *b) {
    uint64_t one = 1;
    ssize_t ignored = write(b->event, &one, sizeof one); /* full means: it is awake already */
    (void)ignored;
}

/* ---- arrivals ---- */

static bool arrive(struct broker *b, int session, const struct guest_name *who) {
    struct arrival *a = calloc(1, sizeof *a);
    if (!a)
        return false;
    a->session = session;
    a->who = *who;
    pthread_mutex_lock(&b->lock);
    *b->arrivals_end = a;
    b->arrivals_end = &a->next;
    pthread_mutex_unlock(&b->lock);
    wake(b);
    return true;
}

static void take_arrivals(struct broker *b) {
    struct arrival *a, *next;

    pthread_mutex_lock(&b->lock);
    a = b->arrivals;
    b->arrivals = NULL;
    b->arrivals_end = &b->arrivals;
    pthread_mutex_unlock(&b->lock);
    for (; a; a = next) {
        next = a->next;
        guests_add(&b->guests, a->session, &a->who, NULL);
        free(a);
    }
}

static int open_session(struct broker *b, const struct guest_name *who) {
    int ends[2];

    if (atomic_load(&b->stop))
        return -ENODEV;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    if (!arrive(b, ends[1], who)) {
        close(ends[0]);
        close(ends[1]);
        return -ENOMEM;
    }
    return ends[0];
}

int broker_open_session(struct broker *b, const char *name) {
    const struct guest_name who = name_of_vm(name, b->config.vm, b->config.name);
    return open_session(b, &who);
}

int broker_open_remote_session(struct broker *b, const char *name, uint64_t from) {
    const struct guest_name who = name_of_remote(name, from, b->config.vm, b->config.name);
    return open_session(b, &who);
}

/* ---- workers for those that wait ---- */

/* Guests wait: whoever still loads drivers shall do it as fast as it can, and as many as there are guests. */
static void hurry(struct broker *b) {
    struct workers *all = &b->workers;
    char byte = CONTROL_HURRY;

    for (struct worker *w = all->first; w; w = w->next)
        if (w->state == WORKER_STARTING)
            send(w->process.control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (all->count[WORKER_STARTING] < b->guests.asking && all->count[WORKER_STARTING] < b->max_starts &&
           (all->early_deaths == 0 || clock_now_ms() >= all->next_start_ms))
        if (!workers_start(all, true, NULL, NULL))
            break;
}

/* Workers cannot even start, or none takes this guest over: it gets a sentence instead of a device. Where the
 * broker cannot tell it itself, a worker that does nothing else may. */
static void refuse(struct broker *b, struct guest *guest) {
    char text[256];
    snprintf(text, sizeof text,
             "the host's workers end before they can serve (%s): ask the host's administrator to run "
             "\"trillium doctor\"",
             b->workers.death);
    log_say(LOG_REFUSALS, "%s: refused: %s", guest->who.text, text);
    if (!refuse_guest(guest->session, text) && guest->tries <= MAX_TRIES) {
        struct worker *w = workers_start(&b->workers, true, text, NULL);
        if (w && workers_give(&b->workers, w, guest))
            return;
    }
    guests_drop(&b->guests, guest);
}

static bool cannot_start(const struct workers *all) {
    return all->early_deaths >= MAX_EARLY_DEATHS && workers_idle(all) == 0 &&
           clock_now_ms() < all->next_start_ms;
}

/* A guest with variables of its own: it alone waits for a driver to be loaded with them. */
static void assign_own(struct broker *b, struct guest *guest) {
    struct workers *all = &b->workers;
    struct worker *w = workers_find_own(all, guest->id);
    bool ready = w && w->state == WORKER_READY;
    char why[HOST_WHY];

    if (guest->tries >= MAX_TRIES || (!w && cannot_start(all)))
        refuse(b, guest);
    else if (ready && !host_admit(&b->host, all, w, &guest->who, why))
        guests_refuse(&b->guests, guest, why); /* its worker is an orphan then */
    else if (ready && !workers_give(all, w, guest))
        workers_set_state(all, w, WORKER_STARTING); /* as below */
    else if (!w && (all->early_deaths == 0 || clock_now_ms() >= all->next_start_ms))
        (void)workers_start(all, true, NULL, guest);
}

/* Ends workers whose guest went while they were started for it. */
static void drop_orphans(struct broker *b) {
    for (struct worker *w = b->workers.first; w; w = w->next) {
        struct guest *guest = b->guests.first;
        while (guest && guest->id != w->only_for)
            guest = guest->next;
        if (w->only_for != 0 && w->state == WORKER_READY && !guest) {
            workers_set_state(&b->workers, w, WORKER_STARTING); /* as below */
            workers_signal(w, SIGKILL);
        }
    }
}

/* Gives every waiting guest a worker that is ready, the warm ones first. */
static void assign(struct broker *b) {
    struct guest *guest, *after;
    char why[HOST_WHY];

    for (guest = b->guests.first; guest; guest = after) {
        after = guest->next;
        if (guest->asks && guest->variables)
            assign_own(b, guest);
    }
    drop_orphans(b);
    while ((guest = guests_next(&b->guests))) {
        if (guest->tries >= MAX_TRIES) {
            refuse(b, guest);
            continue;
        }
        struct worker *w = workers_find(&b->workers, WORKER_WARM);
        if (!w)
            w = workers_find(&b->workers, WORKER_READY);
        if (w && !host_admit(&b->host, &b->workers, w, &guest->who, why)) {
            guests_refuse(&b->guests, guest, why);
        } else if (w && !workers_give(&b->workers, w, guest)) {
            workers_set_state(&b->workers, w, WORKER_STARTING); /* never ready again: it is dying */
        } else if (!w && cannot_start(&b->workers)) {
            refuse(b, guest);
        } else if (!w) {
            hurry(b);
            break;
        }
    }
    ahead_prepare(&b->workers, &b->spare);
}

/* ---- life ---- */

static char *copy(const char *text) {
    return text ? strdup(text) : NULL;
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
    b->config.variables = copy(config->variables);
    b->config.device_filter = copy(config->device_filter);
    b->config.profile_dir = copy(config->profile_dir);
    b->config.cache_dir = copy(config->cache_dir);
    b->config.key_path = copy(config->key_path);
    b->config.vm = copy(config->vm);
    b->config.name = copy(config->name);
    b->config.control = copy(config->control);
    b->host.fd = -1;
    b->config.worker_options = copy(config->worker_options);
    b->arrivals_end = &b->arrivals;
    door_init(&b->door);
    pthread_mutex_init(&b->lock, NULL);
    b->epoll = epoll_create1(EPOLL_CLOEXEC);
    b->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    b->max_starts = cpus < MIN_STARTS ? MIN_STARTS : cpus > MAX_STARTS ? MAX_STARTS : (unsigned)cpus;
    guests_init(&b->guests, b->epoll, peer_limits_find(MAX_WORKERS));
    b->guests.choice = b->config.variables;
    b->workers = (struct workers){.config = &b->config, .guests = &b->guests, .epoll = b->epoll};
    if (b->epoll < 0 || b->event < 0 || events_watch(b->epoll, b->event, EPOLLIN, EVENT_WAKE, 0) < 0) {
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
    if (!(b->cell = walls_make_cell(&b->config, why))) {
        broker_destroy(b);
        return NULL;
    }
    host_init(&b->host, b->config.control, b->epoll);
    b->door.name = b->config.name;
    b->workers.cell = b->cell;
    assign(b); /* the rest is done while the first worker enters its cell */
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
    b->workers.store = b->store;
    return b;
}

int broker_listen(struct broker *b, const char *path, char why[BROKER_WHY_SIZE]) {
    const struct listen_access access = {.mode = b->config.run_pid > 0 ? 0666 : 0600, .group = (gid_t)-1};
    struct listen_socket l;

    return listen_begin(&l, SOCK_SEQPACKET, path, access, why, BROKER_WHY_SIZE) < 0
               ? -1
               : broker_admit(b, &l, why);
}

int broker_admit(struct broker *b, const struct listen_socket *l, char why[BROKER_WHY_SIZE]) {
    b->door.socket = *l;
    b->door.ancestor = b->config.run_pid;
    int r = events_watch(b->epoll, b->door.socket.fd, EPOLLIN, EVENT_LISTENER, 0);
    if (r < 0)
        snprintf(why, BROKER_WHY_SIZE, "cannot watch for events: %s", strerror(-r));
    return r < 0 ? -1 : 0;
}

static void handle(struct broker *b, const struct epoll_event *e) {
    const struct worker *over;
    uint64_t count;

    switch (events_kind(e)) {
    case EVENT_WAKE:
        if (read(b->event, &count, sizeof count) < 0)
            break; /* another look at what there is does no harm */
        break;
    case EVENT_LISTENER:
        door_open(&b->door, &b->guests);
        break;
    case EVENT_GUEST:
        guests_event(&b->guests, events_id(e));
        break;
    case EVENT_WORKER_ENDED:
        workers_ended(&b->workers, events_id(e));
        break;
    case EVENT_WORKER_CONTROL:
        workers_control(&b->workers, events_id(e));
        break;
    case EVENT_WORKER_WORDS:
        workers_words(&b->workers, events_id(e));
        break;
    case EVENT_HOST:
        host_event(&b->host, &b->workers);
        break;
    case EVENT_SESSION_OVER:
        over = workers_session_over(&b->workers, events_id(e));
        if (over)
            host_over(&b->host, over);
        break;
    default:
        break;
    }
}

/* How long there is nothing to do unless something happens; -1: for ever. */
static int idle_ms(struct broker *b) {
    int64_t now = clock_now_ms();
    int64_t next = clock_nearer(guests_tick(&b->guests, now), workers_tick(&b->workers, now));

    next = clock_nearer(next, host_tick(&b->host, &b->workers, now));
    next = clock_nearer(next, ahead_next_ms(&b->workers, now));
    if (b->guests.asking > 0 && b->workers.early_deaths > 0)
        next = clock_nearer(next, b->workers.next_start_ms);
    if (next < 0)
        return -1;
    return next > now ? (int)(next - now) : 0;
}

int broker_run(struct broker *b) {
    struct epoll_event events[16];

    while (!atomic_load(&b->stop)) {
        take_arrivals(b);
        assign(b);
        int n = epoll_wait(b->epoll, events, sizeof events / sizeof events[0], idle_ms(b));
        for (int i = 0; i < n; i++)
            handle(b, &events[i]);
    }
    return 0;
}

void broker_stop(struct broker *b) {
    atomic_store(&b->stop, true);
    wake(b);
}

void broker_destroy(struct broker *b) {
    if (!b)
        return;
    atomic_store(&b->stop, true);
    listen_remove_name(&b->door.socket); /* now: once the workers have ended it may be another daemon's */
    workers_finish(&b->workers);
    store_destroy(b->store); /* after them: they may have had something to store */
    take_arrivals(b);
    guests_finish(&b->guests);
    door_finish(&b->door);
    host_finish(&b->host);
    if (b->epoll >= 0)
        close(b->epoll);
    if (b->event >= 0)
        close(b->event);
    cell_destroy(b->cell);
    pthread_mutex_destroy(&b->lock);
    free((char *)b->config.worker_path);
    free((char *)b->config.variables);
    free((char *)b->config.device_filter);
    free((char *)b->config.profile_dir);
    free((char *)b->config.cache_dir);
    free((char *)b->config.key_path);
    free((char *)b->config.vm);
    free((char *)b->config.name);
    free((char *)b->config.control);
    free((char *)b->config.worker_options);
    free(b);
}
