// SPDX-License-Identifier: MIT
#include "host-backend/broker/host.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/board/board.h"
#include "host-backend/broker/clock.h"
#include "host-backend/broker/events.h"
#include "host-backend/broker/log.h"
#include "host-backend/control/wire.h"
#include "host-backend/util/packet.h"
#include "host-backend/worker/control.h"

enum { TRY_MS = 1000, ANSWER_MS = 1000 };

void host_init(struct host *h, const char *path, int epoll) {
    *h = (struct host){.path = path, .fd = -1, .epoll = epoll};
}

static void open_board(const struct worker *w) {
    struct board *b = board_map(w->process.board);
    if (b)
        board_open_all(b);
    board_unmap(b);
}

/* Nobody decides any more. */
static void lose(struct host *h, struct workers *all, const char *why) {
    log_say(LOG_DAEMON, "the host's control is gone (%s): guests go on without it", why);
    events_unwatch(h->epoll, h->fd);
    close(h->fd);
    h->fd = -1;
    h->next_try_ms = clock_now_ms() + TRY_MS;
    for (const struct worker *w = all->first; w; w = w->next)
        if (w->state == WORKER_BUSY)
            open_board(w);
}

static void kill_worker(struct worker *w, const json_t *order) {
    log_say(LOG_WORKERS, "%s: its worker is killed: %s", w->guest->who.text,
            json_string_value(json_object_get(order, "why")));
    w->until_ms = clock_now_ms() + WORKER_END_MS; /* its end is no surprise */
    workers_signal(w, SIGKILL);
}

/* An administrator's socket, for the worker alone. */
static void begin_profile(const struct worker *w, int line) {
    const char byte = CONTROL_PROFILE;

    log_say(LOG_WORKERS, "%s: an administrator profiles it", w->guest->who.text);
    packet_send(w->process.control, &byte, 1, line, MSG_DONTWAIT);
}

static void obey(const struct workers *all, const json_t *order, const int *fds, int count) {
    const char *what = json_string_value(json_object_get(order, "do"));
    json_int_t id = json_integer_value(json_object_get(order, "session"));
    struct worker *w = all->first;

    while (w && (w->state != WORKER_BUSY || (json_int_t)w->id != id))
        w = w->next;
    if (!w || !what)
        return;
    if (strcmp(what, "kill") == 0)
        kill_worker(w, order);
    else if (strcmp(what, "profile") == 0 && count == 1)
        begin_profile(w, fds[0]);
    else if (strcmp(what, "gone") == 0 && w->until_ms < 0)
        w->until_ms = clock_now_ms() + WORKER_END_MS; /* as it says itself */
}

static void close_all(const int *fds, int count) {
    while (count > 0)
        close(fds[--count]);
}

/* The next packet that is an answer. NULL: there is no control any more. */
static json_t *answer(struct host *h, struct workers *all) {
    int64_t end = clock_now_ms() + ANSWER_MS;
    int fds[WIRE_FDS], count;

    for (;;) {
        int64_t left = end - clock_now_ms();
        json_t *o = wire_receive(h->fd, left > 0 ? (int)left : 0, fds, &count);
        if (!o) {
            lose(h, all, errno == EAGAIN ? "it does not answer" : "it has ended");
            return NULL;
        }
        bool is_answer = json_object_get(o, "ok");
        if (!is_answer)
            obey(all, o, fds, count);
        close_all(fds, count);
        if (is_answer)
            return o;
        json_decref(o);
    }
}

/* Tells of a worker. False: refused, with a sentence. Where there is no control (any more), nobody refuses. */
static bool join(struct host *h, struct workers *all, const struct worker *w, const struct guest_name *who,
                 char why[HOST_WHY]) {
    json_t *o = json_pack("{s:s, s:I, s:i, s:i, s:I}", "do", "join", "session", (json_int_t)w->id, "worker",
                          (int)w->process.pid, "pid", (int)who->pid, "uid", (json_int_t)who->uid);
    if (o && who->vm[0])
        json_object_set_new(o, "vm", json_string(who->vm));
    int r = wire_send(h->fd, o, (int[]){w->process.board, w->process.bell, w->process.life}, 3);
    if (r < 0) {
        lose(h, all, strerror(-r));
        return true;
    }
    json_t *told = answer(h, all);
    bool may = !told || json_is_true(json_object_get(told, "ok"));
    if (!may) {
        const char *text = json_string_value(json_object_get(told, "why"));
        snprintf(why, HOST_WHY, "%s", text ? text : "the host's control refuses it");
    }
    json_decref(told);
    return may;
}

/* A control is there that was not: it adopts those that run. */
static bool find(struct host *h, struct workers *all) {
    char why[HOST_WHY];

    h->next_try_ms = clock_now_ms() + TRY_MS;
    if (h->fd >= 0 || !h->path)
        return h->fd >= 0;
    h->fd = wire_connect(h->path);
    if (h->fd < 0 && errno != ENOENT && errno != ECONNREFUSED)
        log_say(LOG_WORKERS, "no control at %s: %s", h->path, strerror(errno));
    if (h->fd < 0)
        return false;
    if (events_watch(h->epoll, h->fd, EPOLLIN, EVENT_HOST, 0) < 0) {
        close(h->fd);
        h->fd = -1;
        return false;
    }
    for (struct worker *w = all->first; w && h->fd >= 0; w = w->next) {
        if (w->state == WORKER_BUSY && !join(h, all, w, &w->guest->who, why)) {
            log_say(LOG_WORKERS, "%s: its worker is killed: %s", w->guest->who.text, why);
            w->until_ms = clock_now_ms() + WORKER_END_MS;
            workers_signal(w, SIGKILL);
        }
    }
    return h->fd >= 0;
}

bool host_admit(struct host *h, struct workers *all, const struct worker *w, const struct guest_name *who,
                char why[HOST_WHY]) {
    return !find(h, all) || join(h, all, w, who, why);
}

void host_over(const struct host *h, const struct worker *w) {
    if (h->fd >= 0) /* one that is gone is noticed by the next who asks it */
        wire_send(h->fd, json_pack("{s:s, s:I}", "do", "over", "session", (json_int_t)w->id), NULL, 0);
}

void host_event(struct host *h, struct workers *all) {
    int fds[WIRE_FDS], count;

    if (h->fd < 0)
        return;
    json_t *o = wire_receive(h->fd, 0, fds, &count);
    if (o)
        obey(all, o, fds, count);
    else if (errno != EAGAIN && errno != EINTR)
        lose(h, all, errno == 0 ? "it has ended" : strerror(errno));
    close_all(fds, count);
    json_decref(o);
}

int64_t host_tick(struct host *h, struct workers *all, int64_t now_ms) {
    if (!h->path || h->fd >= 0 || all->count[WORKER_BUSY] == 0)
        return -1;
    if (now_ms >= h->next_try_ms)
        find(h, all);
    return h->fd < 0 ? h->next_try_ms : -1;
}

void host_finish(struct host *h) {
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
}
