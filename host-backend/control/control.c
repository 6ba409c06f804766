// SPDX-License-Identifier: MIT
#include "host-backend/control/control.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/log.h"
#include "host-backend/control/commands.h"
#include "host-backend/control/metrics.h"
#include "host-backend/control/subject.h"
#include "host-backend/control/wire.h"
#include "host-backend/listen/listen.h"
#include "host-backend/util/prompt.h"
#include "svga-model/futex.h"

enum {
    CONNECTIONS_MOST = 1024,
    OF_ONE_USER = 512,
    SESSIONS_OF_ONE_USER = SESSIONS_MOST / 4,
    EVENTS = 64,
    LIST_PAGE = 4,
    SCRAPES_MOST = 16,
};

enum what {
    WHAT_NOTHING,
    WHAT_WAKE,
    WHAT_LISTENER,
    WHAT_METRICS,
    WHAT_SCRAPE,
    WHAT_CONNECTION,
    WHAT_BELL,
    WHAT_LIFE
};

struct connection {
    struct connection *next;
    int fd;
    struct ucred peer;
};

/* What a descriptor is, by its number: an event for one that is closed already finds another or nothing, and looking
 * at that once more does no harm. */
struct known {
    enum what what;
    void *about;
};

struct control {
    struct control_config config;
    struct guests guests;
    struct listen_socket socket, metrics;
    int port, counters; /* where counters are asked for; -1: nowhere */
    struct scrape *scrapes[SCRAPES_MOST];
    unsigned scrape_count; /* up to now */
    int listener, epoll, wake;
    struct known *known;
    size_t known_count;
    struct connection *connections;
    unsigned connection_count;
    _Atomic bool stop, reload;
};

static int watch(struct control *c, int fd, enum what what, void *about) {
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

    if ((size_t)fd >= c->known_count) {
        size_t count = (size_t)fd + 64;
        struct known *bigger = realloc(c->known, count * sizeof *bigger);
        if (!bigger)
            return -ENOMEM;
        memset(bigger + c->known_count, 0, (count - c->known_count) * sizeof *bigger);
        c->known = bigger;
        c->known_count = count;
    }
    c->known[fd] = (struct known){what, about};
    return epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* Before it is closed. */
static void unwatch(struct control *c, int fd) {
    epoll_ctl(c->epoll, EPOLL_CTL_DEL, fd, NULL);
    c->known[fd] = (struct known){0};
}

/* ---- brokers ---- */

static void on_kill(struct session *s, const char *why) {
    const struct connection *owner = s->owner;

    log_say(LOG_LIMITS, "%s: process %d loses its worker: %s", s->guest->who.name, (int)s->pid, why);
    s->killed = true;
    wire_send(owner->fd,
              json_pack("{s:s, s:I, s:s}", "do", "kill", "session", (json_int_t)s->number, "why", why), NULL,
              0);
}

static void leave(struct control *c, struct session *s, bool open) {
    unwatch(c, s->bell);
    if (s->life >= 0)
        unwatch(c, s->life);
    guests_leave(&c->guests, s, open, svga_now_ns());
}

/* That brokers of this user have told of. */
static unsigned sessions_of(const struct control *c, uid_t uid) {
    unsigned n = 0;
    for (const struct guest *g = c->guests.first; g; g = g->next)
        for (const struct session *s = g->first; s; s = s->next)
            n += ((const struct connection *)s->owner)->peer.uid == uid;
    return n;
}

static void close_all(const int *fds, int count) {
    while (count > 0)
        close(fds[--count]);
}

/* With its board, its bell, and its lifeline. */
static void join(struct control *c, const struct connection *from, const json_t *request, const int *fds,
                 int count) {
    struct policy_subject who;
    char why[LIMIT_TEXT] = "the host's daemon said something that makes no sense";
    struct session *s = NULL;

    if (from->peer.uid != 0 && sessions_of(c, from->peer.uid) >= SESSIONS_OF_ONE_USER) {
        snprintf(why, sizeof why, "the host knows as many processes of this user as it can");
        close_all(fds, 2);
    } else if (subject_of(request, from->peer.uid, from->peer.pid, &who)) {
        s = guests_join(&c->guests, &who, fds[0], fds[1], svga_now_ns(), why);
    } else {
        close_all(fds, 2);
    }
    if (!s) {
        close_all(fds + 2, count - 2);
        wire_send(from->fd, commands_failed(why), NULL, 0);
        return;
    }
    s->owner = (void *)from;
    s->number = (uint64_t)json_integer_value(json_object_get(request, "session"));
    s->pid = (pid_t)json_integer_value(json_object_get(request, "pid"));
    s->worker = (pid_t)json_integer_value(json_object_get(request, "worker"));
    if (count > 2)
        s->life = fds[2];
    if (watch(c, s->bell, WHAT_BELL, s) < 0 || (s->life >= 0 && watch(c, s->life, WHAT_LIFE, s) < 0)) {
        leave(c, s, true);
        wire_send(from->fd, commands_failed("the host is out of memory"), NULL, 0);
        return;
    }
    wire_send(from->fd, json_pack("{s:b, s:s}", "ok", 1, "guest", s->guest->who.name), NULL, 0);
}

/* A word of the broker that told of it; nobody hears an answer. */
static void over(const struct control *c, const struct connection *from, const json_t *request) {
    uint64_t number = (uint64_t)json_integer_value(json_object_get(request, "session"));

    for (const struct guest *g = c->guests.first; g; g = g->next)
        for (struct session *s = g->first; s; s = s->next)
            if (s->owner == from && s->number == number)
                guests_over(s);
}

/* ---- administrators ---- */

/* As many as a socket holds without anybody reading. */
static void list(const struct control *c, int fd, const json_t *o) {
    json_int_t after = json_integer_value(json_object_get(o, "after")), last = 0;
    uint64_t now_ns = svga_now_ns();
    unsigned told = 0;
    for (const struct guest *g = c->guests.first; g && told < LIST_PAGE; g = g->next) {
        if ((json_int_t)g->id <= after)
            continue;
        wire_send(fd, json_pack("{s:o}", "guest", guests_tell(&c->guests, g, now_ns)), NULL, 0);
        last = g->id;
        told++;
    }
    wire_send(fd,
              json_pack("{s:b, s:I, s:s}", "ok", 1, "last", last, "scheduler", c->guests.arena.kind->name),
              NULL, 0);
}

/* The socket goes on to the worker (worker/attach.h). */
static json_t *profile(const struct control *c, const json_t *o, int line) {
    const char *name = json_string_value(json_object_get(o, "guest"));
    json_int_t worker = json_integer_value(json_object_get(o, "worker"));
    const struct guest *g = name ? guests_find(&c->guests, name) : NULL;
    const struct session *s = g ? g->first : NULL;

    while (s && s->worker != worker)
        s = s->next;
    if (!s)
        return commands_failed("that guest has no such process any more");
    const struct connection *owner = s->owner;
    int r = wire_send(owner->fd, json_pack("{s:s, s:I}", "do", "profile", "session", (json_int_t)s->number),
                      &line, 1);
    return r < 0 ? commands_failed("its daemon does not listen") : json_pack("{s:b}", "ok", 1);
}

/* The file as it is to be read now. */
static const char *policy_now(const struct control_config *config) {
    return config->policy_may_lack && access(config->policy, F_OK) < 0 && errno == ENOENT ? NULL
                                                                                          : config->policy;
}

static void request(struct control *c, const struct connection *from, const json_t *o, int *fds, int count) {
    const char *what = json_string_value(json_object_get(o, "do"));

    if (what && strcmp(what, "join") == 0 && count >= 2) {
        join(c, from, o, fds, count);
        return;
    }
    if (what && strcmp(what, "over") == 0) {
        over(c, from, o);
        close_all(fds, count);
        return;
    }
    if (!commands_allowed(&c->guests, from->peer.uid, from->peer.gid))
        wire_send(from->fd,
                  commands_failed("commands are for root, for the user that the control runs as, and for the "
                                  "policy's group of administrators"),
                  NULL, 0);
    else if (what && strcmp(what, "profile") == 0 && count == 1)
        wire_send(from->fd, profile(c, o, fds[0]), NULL, 0);
    else if (what && strcmp(what, "list") == 0)
        list(c, from->fd, o);
    else if (what && strcmp(what, "reload") == 0)
        wire_send(from->fd, commands_reload(&c->guests, policy_now(&c->config), svga_now_ns()), NULL, 0);
    else
        wire_send(from->fd, commands_do(&c->guests, o, svga_now_ns()), NULL, 0);
    close_all(fds, count);
}

/* ---- connections ---- */

/* Its workers go on, unless they end with it. */
static void hang_up(struct control *c, struct connection *gone) {
    struct connection **at = &c->connections;

    for (struct guest *g = c->guests.first; g; g = g->next)
        for (struct session *s = g->first, *next; s; s = next) {
            next = s->next;
            if (s->owner == gone)
                leave(c, s, true);
        }
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    c->connection_count--;
    unwatch(c, gone->fd);
    close(gone->fd);
    free(gone);
}

static void hear(struct control *c, struct connection *from) {
    int fds[WIRE_FDS], count;
    json_t *o = wire_receive(from->fd, 0, fds, &count);

    if (o)
        request(c, from, o, fds, count);
    else if (errno != EAGAIN && errno != EINTR)
        hang_up(c, from);
    json_decref(o);
}

static unsigned of_user(const struct control *c, uid_t uid) {
    unsigned n = 0;
    for (const struct connection *each = c->connections; each; each = each->next)
        n += each->peer.uid == uid;
    return n;
}

static void let_in(struct control *c) {
    int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct connection *new = fd >= 0 ? calloc(1, sizeof *new) : NULL;
    socklen_t size = sizeof new->peer;

    if (!new || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &new->peer, &size) < 0 ||
        c->connection_count >= CONNECTIONS_MOST ||
        (new->peer.uid != 0 && of_user(c, new->peer.uid) >= OF_ONE_USER) ||
        watch(c, fd, WHAT_CONNECTION, new) < 0) {
        free(new);
        if (fd >= 0)
            close(fd);
        return;
    }
    new->fd = fd;
    new->next = c->connections;
    c->connections = new;
    c->connection_count++;
}

/* The worker has ended, or does as if: its broker sees to it that it does not go on for long. */
static void gone(struct control *c, struct session *s) {
    const struct connection *owner = s->owner;

    wire_send(owner->fd, json_pack("{s:s, s:I}", "do", "gone", "session", (json_int_t)s->number), NULL, 0);
    leave(c, s, false);
}

static void rung(struct control *c, struct session *s, bool life) {
    char bytes[256];
    /* whoever sent it: a read might wait */
    ssize_t n = recv(life ? s->life : s->bell, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n == 0)
        gone(c, s);
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        leave(c, s, true); /* it was no socket */
    else if (!life)
        guests_rung(s, svga_now_ns());
}

/* ---- who reads counters ---- */

static struct scrape **place_of(struct control *c, const struct scrape *s) {
    unsigned i = 0;
    while (i < SCRAPES_MOST && c->scrapes[i] != s)
        i++;
    return i < SCRAPES_MOST ? &c->scrapes[i] : NULL;
}

static void end_scrape(struct control *c, struct scrape **at) {
    unwatch(c, (*at)->fd);
    metrics_end(*at);
    *at = NULL;
}

/* One more than there is room for takes the oldest one's place. */
static void let_scrape_in(struct control *c) {
    struct scrape *s = metrics_let_in(c->counters), **at = &c->scrapes[c->scrape_count % SCRAPES_MOST];

    if (!s)
        return;
    if (*at)
        end_scrape(c, at);
    if (watch(c, s->fd, WHAT_SCRAPE, s) < 0) {
        metrics_end(s);
        return;
    }
    *at = s;
    c->scrape_count++;
}

static void scrape(struct control *c, struct scrape *s) {
    if (!metrics_go_on(s, &c->guests)) {
        end_scrape(c, place_of(c, s));
        return;
    }
    struct epoll_event e = {.events = metrics_pending(s) ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.fd = s->fd};
    epoll_ctl(c->epoll, EPOLL_CTL_MOD, s->fd, &e);
}

/* ---- life ---- */

static void handle(struct control *c, int fd) {
    uint64_t count;

    switch (c->known[fd].what) {
    case WHAT_WAKE:
        if (read(c->wake, &count, sizeof count) < 0)
            break; /* looking does no harm */
        break;
    case WHAT_LISTENER:
        let_in(c);
        break;
    case WHAT_METRICS:
        let_scrape_in(c);
        break;
    case WHAT_SCRAPE:
        scrape(c, c->known[fd].about);
        break;
    case WHAT_CONNECTION:
        hear(c, c->known[fd].about);
        break;
    case WHAT_BELL:
    case WHAT_LIFE:
        rung(c, c->known[fd].about, c->known[fd].what == WHAT_LIFE);
        break;
    case WHAT_NOTHING:
        break;
    }
}

int control_run(struct control *c) {
    struct epoll_event events[EVENTS];

    prompt_begin(); /* devices stand still meanwhile */
    while (!atomic_load(&c->stop)) {
        if (atomic_exchange(&c->reload, false))
            json_decref(commands_reload(&c->guests, policy_now(&c->config), svga_now_ns()));
        uint64_t now = svga_now_ns(), next = arena_tick(&c->guests.arena, now);
        uint64_t wait = next <= now ? 0 : next - now;
        const struct timespec timeout = {.tv_sec = (time_t)(wait / 1000000000u),
                                         .tv_nsec = (long)(wait % 1000000000u)};
        int n = epoll_pwait2(c->epoll, events, EVENTS, next == UINT64_MAX ? NULL : &timeout, NULL);
        for (int i = 0; i < n; i++)
            handle(c, events[i].data.fd);
    }
    return 0;
}

static void wake(const struct control *c) {
    uint64_t one = 1;
    ssize_t ignored = write(c->wake, &one, sizeof one);
    (void)ignored;
}

void control_stop(struct control *c) {
    atomic_store(&c->stop, true);
    wake(c);
}

void control_reload(struct control *c) {
    atomic_store(&c->reload, true);
    wake(c);
}

static bool begin(struct control *c, const struct control_config *config, char why[CONTROL_WHY]) {
    const struct listen_access everybody = {0666, (gid_t)-1}, ours = {0600, (gid_t)-1};
    struct policy *policy = policy_read(policy_now(config), why);

    if (!policy)
        return false;
    guests_begin(&c->guests, config->scheduler, policy, config->changes);
    c->guests.kill = on_kill;
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->listener = config->listen_fd;
    /* Anybody may tell of its workers; who may give commands is asked at each of them. */
    if (c->listener < 0 &&
        listen_begin(&c->socket, SOCK_SEQPACKET, config->socket, everybody, why, CONTROL_WHY) == 0)
        c->listener = c->socket.fd;
    if (c->listener < 0)
        return false;
    if (config->metrics &&
        listen_begin(&c->metrics, SOCK_STREAM, config->metrics, ours, why, CONTROL_WHY) < 0)
        return false;
    if (config->metrics)
        c->counters = c->metrics.fd;
    else if (config->metrics_port > 0 && (c->port = c->counters = metrics_listen(config->metrics_port)) < 0) {
        snprintf(why, CONTROL_WHY, "cannot listen on port %u of 127.0.0.1: %s", config->metrics_port,
                 strerror(-c->port));
        return false;
    }
    if (c->epoll < 0 || c->wake < 0 || watch(c, c->wake, WHAT_WAKE, NULL) < 0 ||
        watch(c, c->listener, WHAT_LISTENER, NULL) < 0 ||
        (c->counters >= 0 && watch(c, c->counters, WHAT_METRICS, NULL) < 0)) {
        snprintf(why, CONTROL_WHY, "cannot watch for events: %s", strerror(errno));
        return false;
    }
    board_ticks_to_ns(0);
    return true;
}

struct control *control_create(const struct control_config *config, char why[CONTROL_WHY]) {
    struct control *c = calloc(1, sizeof *c);

    if (!c) {
        snprintf(why, CONTROL_WHY, "out of memory");
        return NULL;
    }
    c->config = *config;
    c->epoll = c->wake = c->socket.fd = c->metrics.fd = c->port = c->counters = -1;
    if (begin(c, config, why))
        return c;
    control_destroy(c);
    return NULL;
}

void control_destroy(struct control *c) {
    while (c->connections)
        hang_up(c, c->connections);
    for (unsigned i = 0; i < SCRAPES_MOST; i++)
        if (c->scrapes[i])
            end_scrape(c, &c->scrapes[i]);
    guests_end(&c->guests);
    listen_end(&c->socket);
    listen_end(&c->metrics);
    if (c->port >= 0)
        close(c->port);
    if (c->epoll >= 0)
        close(c->epoll);
    if (c->wake >= 0)
        close(c->wake);
    free(c->known);
    free(c);
}
