// SPDX-License-Identifier: MIT
#include "host-backend/broker/workers.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/broker/clock.h"
#include "host-backend/broker/events.h"
#include "host-backend/broker/log.h"
#include "host-backend/broker/walls.h"
#include "host-backend/worker/control.h"

enum {
    END_GRACE_MS = STORE_MAX_SECONDS * 1000 + 500, /* for workers to end by themselves when the broker does */
    BACK_OFF_MS = 200, /* before the next worker ahead of need after a death; doubles up to BACK_OFF_MAX_MS */
    BACK_OFF_MAX_MS = 30000,
    STOPPED_LOOK_MS = 1000, /* between looks whether a worker that a guest waits for was stopped */
};

struct worker *workers_find(const struct workers *all, enum worker_state state) {
    for (struct worker *w = all->first; w; w = w->next)
        if (w->state == state && w->only_for == 0)
            return w;
    return NULL;
}

struct worker *workers_find_own(const struct workers *all, uint64_t guest) {
    struct worker *w = all->first;
    while (w && (w->only_for != guest || w->state == WORKER_BUSY))
        w = w->next;
    return w;
}

static struct worker *with_id(const struct workers *all, uint64_t id) {
    struct worker *w = all->first;
    while (w && w->id != id)
        w = w->next;
    return w;
}

void workers_set_state(struct workers *all, struct worker *w, enum worker_state state) {
    all->count[w->state]--;
    all->count[state]++;
    w->state = state;
    if (state != WORKER_STARTING)
        w->until_ms = -1;
}

bool workers_signal(const struct worker *w, int number) {
    return kill(w->process.pid, number) == 0;
}

/* ---- life ---- */

static void pass_on(struct worker *w, void (*how)(struct words *words, const char *who)) {
    char name[32];
    snprintf(name, sizeof name, "worker %d", (int)w->process.pid);
    how(&w->process.words, w->guest ? w->guest->who.text : name);
}

static void kill_worker(struct worker *w) {
    w->killed = workers_signal(w, SIGKILL);
}

/* One that has been waited for. */
static void forget(struct workers *all, struct worker *w) {
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    all->total--;
    all->count[w->state]--;
    if (w->guest)
        guests_served(all->guests, w->guest);
    /* Not by closing alone: a child that is about to exec may still hold copies. */
    events_unwatch(all->epoll, w->process.pidfd);
    events_unwatch(all->epoll, w->process.control);
    events_unwatch(all->epoll, w->process.words.fd);
    pass_on(w, words_end);
    close(w->process.control);
    if (w->process.store >= 0)
        close(w->process.store);
    close(w->process.pidfd);
    close(w->process.board);
    close(w->process.bell);
    close(w->process.life);
    cell_ended(all->cell, w->process.pid);
    free(w);
}

static void early_death(struct workers *all, unsigned *deaths, const char *how) {
    int64_t delay = (int64_t)BACK_OFF_MS << (*deaths < 8 ? *deaths : 8);
    ++*deaths;
    all->next_start_ms = clock_now_ms() + (delay < BACK_OFF_MAX_MS ? delay : BACK_OFF_MAX_MS);
    snprintf(all->death, sizeof all->death, "%s", how);
}

static struct worker *could_not_start(struct workers *all, int error) {
    char how[96];
    snprintf(how, sizeof how, "it cannot be started: %s", strerror(error));
    log_say(LOG_WORKERS, "no worker: %s", how);
    early_death(all, &all->early_deaths, how);
    return NULL;
}

struct worker *workers_start(struct workers *all, bool eager, const char *refuse,
                             const struct guest *for_guest) {
    struct worker *w = all->total < MAX_WORKERS ? calloc(1, sizeof *w) : NULL;
    int r = -EAGAIN;

    if (w) {
        char *const *variables = for_guest ? for_guest->variables : NULL;
        do {
            w->assumes = cell_assumed(all->cell);
            r = spawn_worker(all->config, all->cell, eager, refuse, variables, &w->process);
        } while (r < 0 && walls_settle(all->cell));
    }
    if (r < 0) {
        free(w);
        return could_not_start(all, -r);
    }
    w->id = ++all->last_id;
    w->only_for = for_guest ? for_guest->id : 0;
    w->until_ms = clock_now_ms() + WORKER_START_MS;
    w->next = all->first;
    w->link = &all->first;
    if (w->next)
        w->next->link = &w->next;
    all->first = w;
    all->total++;
    all->count[WORKER_STARTING]++;
    r = events_watch(all->epoll, w->process.pidfd, EPOLLIN, EVENT_WORKER_ENDED, w->id);
    if (r == 0)
        r = events_watch(all->epoll, w->process.control, EPOLLIN, EVENT_WORKER_CONTROL, w->id);
    if (r == 0)
        r = events_watch(all->epoll, w->process.words.fd, EPOLLIN, EVENT_WORKER_WORDS, w->id);
    if (r < 0) {
        workers_signal(w, SIGKILL);
        waitpid(w->process.pid, NULL, 0);
        forget(all, w);
        return could_not_start(all, -r);
    }
    return w;
}

/* The one that warms up (there is at most one) takes nothing from a guest that has come. */
static void hold(struct workers *all) {
    struct worker *w = workers_find(all, WORKER_WARMING);
    if (w && !w->stopped)
        w->stopped = workers_signal(w, SIGSTOP);
}

/* Has somebody else stopped it? */
static bool is_stopped(const struct worker *w) {
    siginfo_t info = {0};
    return !w->stopped && waitid(P_PID, (id_t)w->process.pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid != 0;
}

bool workers_give(struct workers *all, struct worker *w, struct guest *guest) {
    if (is_stopped(w)) {
        log_say(LOG_WORKERS, "worker %d is stopped, and serves nobody", (int)w->process.pid);
        kill_worker(w);
        return false;
    }
    /* Before it goes: the worker may be faster than we are. What is watched is the socket, wherever it is. */
    events_unwatch(all->epoll, guest->session);
    int r = events_watch(all->epoll, guest->session, EPOLLRDHUP | EPOLLONESHOT, EVENT_SESSION_OVER, w->id);
    if (r == 0)
        r = spawn_give_session(w->process.control, guest->session);
    if (r < 0)
        return false; /* it is dying; its pidfd will say so */
    if (w->process.store >= 0 && (r = store_serve(all->store, w->process.store, guest->who.tenant)) < 0)
        log_say(LOG_GUESTS, "%s: nothing is kept for it: %s", guest->who.text, strerror(-r));
    w->process.store = -1;
    guests_take(all->guests, guest);
    w->guest = guest;
    workers_set_state(all, w, WORKER_BUSY);
    all->handed_out = true;
    hold(all);
    if (all->config->verbose)
        log_say(LOG_GUESTS, "%s: served by worker %d", guest->who.text, (int)w->process.pid);
    return true;
}

/* The worker has the socket, and reads it: from now on its end is the end of the session. */
static void taken(struct worker *w) {
    close(w->guest->session); /* watched on, for the worker holds it */
    w->guest->session = -1;
}

static bool is_on_its_way(const struct worker *w) {
    return w->state == WORKER_BUSY && w->guest->session >= 0;
}

/* Its worker ended without having read a byte of it: the next one may. */
static void give_back(struct workers *all, struct worker *w, const char *how) {
    struct guest *guest = w->guest;

    w->guest = NULL;
    log_say(LOG_WORKERS, "%s: its worker ended (%s) before it had taken it over", guest->who.text, how);
    snprintf(all->death, sizeof all->death, "%s", how);
    guest->tries++;
    guests_return(all->guests, guest);
}

/* Has it ended of a wall that it alone found missing? Then others are started without, and it is nobody's concern. One that has been
 * ready, and may have had a guest, tells nothing of walls. */
static bool only_tried_walls(const struct workers *all, const struct worker *w, const siginfo_t *info) {
    return w->assumes && w->state == WORKER_STARTING && info->si_code == CLD_EXITED &&
           info->si_status == CELL_EXIT && (!cell_assumed(all->cell) || walls_settle(all->cell));
}

/* ---- events ---- */

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

/* A worker that served a guest: also one whose guest has gone already, for it may have gone because of it. */
static bool say_if_it_crashed(const struct worker *w, const siginfo_t *info, const char *how) {
    if (w->killed || (info->si_code == CLD_EXITED && info->si_status == 0))
        return false;
    log_say(LOG_WORKERS, "%s: its worker ended (%s); other guests are not affected", w->guest->who.text, how);
    return true;
}

/* One byte of a worker's. What recv says: 0 or less, there was none. */
static ssize_t hear(struct workers *all, struct worker *w) {
    char byte;
    ssize_t n = recv(w->process.control, &byte, 1, MSG_DONTWAIT);

    if (n <= 0)
        return n;
    if (byte == CONTROL_READY && w->state == WORKER_STARTING) {
        workers_set_state(all, w, WORKER_READY);
        all->early_deaths = 0;
        if (w->assumes)
            cell_stands(all->cell); /* before a guest can have a say in it */
    } else if (byte == CONTROL_WARM && w->state == WORKER_WARMING) {
        workers_set_state(all, w, WORKER_WARM);
        all->warm_deaths = 0;
    } else if (byte == CONTROL_TAKEN && is_on_its_way(w)) {
        taken(w);
    }
    return n;
}

void workers_ended(struct workers *all, uint64_t id) {
    struct worker *w = with_id(all, id);
    siginfo_t info = {0};
    char how[96];

    if (!w || waitid(P_PID, (id_t)w->process.pid, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return;
    describe(&info, how, sizeof how);
    /* What it said before it ended may not have been heard yet; but where it has no pid namespace, a child of its may say
     * more than anybody can listen to. */
    for (int i = 0; i < CONTROL_KINDS && hear(all, w) > 0; i++)
        ;
    if (only_tried_walls(all, w, &info)) {
        forget(all, w);
        return;
    }
    pass_on(w, words_pass_on);
    if (is_on_its_way(w)) {
        give_back(all, w, how);
    } else if (w->state == WORKER_BUSY) {
        if (!say_if_it_crashed(w, &info, how) && all->config->verbose)
            log_say(LOG_GUESTS, "%s: gone", w->guest->who.text);
    } else if (w->state == WORKER_STARTING || w->state == WORKER_WARMING) {
        early_death(all, w->state == WORKER_WARMING ? &all->warm_deaths : &all->early_deaths, how);
        log_say(LOG_WORKERS, "a worker ended before it served anyone (%s)", how);
    } else {
        log_say(LOG_WORKERS, "an idle worker ended (%s)", how);
    }
    forget(all, w);
}

void workers_control(struct workers *all, uint64_t id) {
    struct worker *w = with_id(all, id);
    if (w && hear(all, w) == 0)
        events_unwatch(all->epoll, w->process.control); /* its pidfd tells the rest */
}

void workers_words(struct workers *all, uint64_t id) {
    struct worker *w = with_id(all, id);
    if (w)
        pass_on(w, words_pass_on);
}

const struct worker *workers_session_over(struct workers *all, uint64_t id) {
    struct worker *w = with_id(all, id);
    if (!w || w->state != WORKER_BUSY || w->until_ms >= 0)
        return NULL;
    w->until_ms = clock_now_ms() + WORKER_END_MS;
    return w;
}

/* ---- time ---- */

/* A guest waits for it to do something. */
static bool is_awaited(const struct workers *all, const struct worker *w) {
    return is_on_its_way(w) || (w->state == WORKER_STARTING && all->guests->asking > 0);
}

int64_t workers_tick(struct workers *all, int64_t now_ms) {
    int64_t next = -1;

    for (struct worker *w = all->first; w; w = w->next) {
        if (is_awaited(all, w)) {
            next = clock_nearer(next, now_ms + STOPPED_LOOK_MS);
            if (is_stopped(w)) {
                log_say(LOG_WORKERS, "worker %d, which a guest waits for, was stopped, and is killed",
                        (int)w->process.pid);
                kill_worker(w);
            }
        }
        if (w->until_ms >= 0 && w->until_ms <= now_ms) {
            if (w->state == WORKER_BUSY)
                log_say(LOG_WORKERS, "%s: its worker goes on %d s after it has gone, and is killed",
                        w->guest->who.text, WORKER_END_MS / 1000);
            else
                log_say(LOG_WORKERS, "a worker is not ready after %d s, and is killed",
                        WORKER_START_MS / 1000);
            kill_worker(w);
            w->until_ms = now_ms + WORKER_END_MS; /* said again if even that does not help */
        }
        next = clock_nearer(next, w->until_ms);
    }
    return next;
}

void workers_finish(struct workers *all) {
    int64_t end = clock_now_ms() + END_GRACE_MS;

    for (struct worker *w = all->first; w; w = w->next) {
        /* One whose guest has gone ends already, and may be compiling what it keeps: LLVM takes its files away at a SIGTERM, and
         * the compiler says that it failed. */
        if (w->state != WORKER_BUSY)
            workers_signal(w, SIGKILL);
        else if (w->until_ms < 0)
            workers_signal(w, SIGTERM);
        workers_signal(w, SIGCONT); /* somebody may have stopped it */
    }
    while (all->first) { /* forget() takes the first one off, which the analyzer cannot see */
        struct worker *w = all->first;
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        struct pollfd p = {.fd = w->process.pidfd, .events = POLLIN};
        int64_t left = end - clock_now_ms();
        bool killed = poll(&p, 1, left > 0 ? (int)left : 0) != 1;
        siginfo_t info = {0};
        char how[96];
        if (killed)
            kill_worker(w);
        waitid(P_PID, (id_t)w->process.pid, &info, WEXITED);
        describe(&info, how, sizeof how);
        pass_on(w, words_pass_on);
        if (w->state == WORKER_BUSY)
            say_if_it_crashed(w, &info, how);
        forget(all, w);
    }
}
