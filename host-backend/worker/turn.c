// SPDX-License-Identifier: MIT
#include "host-backend/worker/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/util/prompt.h"
#include "svga-model/futex.h"

enum {
    /* Looks for the end of the session, and for a host that opened a gate without a word. */
    LOOK_US = 100000,
    /* A command that does not end may depend on one that is held back behind it: then that one goes on. */
    PATIENCE_MS = 1000,
    MORE_US = 1000000, /* for the host's answer whether there is more */
};

static struct board_device nobodys; /* of devices beyond the board */

/* ---- setting up ---- */

static uint64_t hash(const char *text, uint64_t h) {
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h;
}

/* The same on all workers of this host, whatever else they show: by name, and by number among those of one name. */
static uint64_t device_key(const struct driver *driver, uint32_t number) {
    const struct driver_device *d = driver->devices[number];
    const char *name = d->name ? d->name : "";
    uint64_t same = 0;

    for (uint32_t i = 0; i < number; i++)
        same += driver->devices[i]->platform == d->platform && driver->devices[i]->name &&
                strcmp(driver->devices[i]->name, name) == 0;
    return hash(name, hash(d->platform->name, UINT64_C(0xcbf29ce484222325) + same));
}

struct turns *turns_new(int board_fd, int bell, const struct driver *driver) {
    struct turns *all = calloc(1, sizeof *all);
    int fd = board_fd >= 0 ? board_fd : board_make();

    if (all && fd >= 0)
        all->board = board_map(fd);
    if (fd >= 0)
        close(fd);
    if (!all || !all->board) {
        free(all);
        return NULL;
    }
    all->bell = bell;
    if (bell >= 0) {
        fcntl(bell, F_SETFD, FD_CLOEXEC);
    }
    uint32_t count = driver->root_count < BOARD_DEVICES ? driver->root_count : BOARD_DEVICES;
    for (uint32_t i = 0; i < BOARD_DEVICES; i++) {
        struct turn *t = &all->device[i];
        t->all = all;
        t->board = i < count ? &all->board->devices[i] : &nobodys;
        pthread_mutex_init(&t->lock, NULL);
        pthread_condattr_t clock;
        pthread_condattr_init(&clock);
        pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
        pthread_cond_init(&t->ended, &clock);
        if (i < count) {
            t->board->key = device_key(driver, i);
            snprintf(t->board->name, sizeof t->board->name, "%s",
                     driver->devices[i]->name ? driver->devices[i]->name : "");
        }
    }
    atomic_store(&all->board->device_count, count);
    return all;
}

void turns_free(struct turns *all) {
    for (uint32_t i = 0; i < BOARD_DEVICES; i++) {
        pthread_mutex_destroy(&all->device[i].lock);
        pthread_cond_destroy(&all->device[i].ended);
    }
    board_unmap(all->board);
    free(all);
}

struct turn *turns_of(struct turns *all, const struct driver *driver, const struct driver_device *device) {
    while (device->parent)
        device = device->parent;
    for (uint32_t i = 0; i < BOARD_DEVICES - 1 && i < driver->root_count; i++)
        if (driver->devices[i] == device)
            return &all->device[i];
    return &all->device[BOARD_DEVICES - 1];
}

/* ---- turns ---- */

/* A device that is shared stands still until the thread that its next holder waits in has run: it shall be let in at
 * once, beside whatever computes. As one of SCHED_BATCH, which all of a worker's are at first, it would wait for a tick. */
static void wake_promptly(void) {
    static _Thread_local bool done;

    if (!done)
        prompt_begin();
    done = true;
}

void turns_ring(const struct turns *all) {
    char byte = 0;
    /* full: the host is awake already */
    ssize_t ignored = all->bell >= 0 ? send(all->bell, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    (void)ignored;
}

/* The turn is over: nothing is in flight, and where more is to come the next one is asked for with the same ring.
 * Lock held. */
static void give_back(struct turn *t) {
    uint32_t number = atomic_load(&t->board->granted);

    t->held = false;
    t->asked_ahead = t->waiting;
    t->asked_at = atomic_load(&t->all->board->signal);
    if (t->waiting)
        atomic_store(&t->board->asked, number + 1);
    atomic_store(&t->board->returned, number);
    turns_ring(t->all);
}

/* One more command than there are in flight would still fit: the turn, and what may be in flight. */
static bool fits(const struct turn *t, uint64_t now) {
    uint32_t depth = atomic_load(&t->board->depth);

    if (t->mean_ns == 0 || (depth > 0 && t->in_flight >= depth) ||
        t->in_flight * t->mean_ns >= atomic_load(&t->board->ahead_ns))
        return false;
    return now - t->begun_ns + (t->in_flight + 1) * t->mean_ns <= atomic_load(&t->board->quantum_ns);
}

/* So little is in flight that the decoder is worth waking: not after every short command. */
static bool runs_dry(const struct turn *t) {
    return t->in_flight <= 1 || t->in_flight * t->mean_ns <= atomic_load(&t->board->ahead_ns) / 2;
}

/* Of what is in flight. Lock held. */
static uint64_t expected_end(const struct turn *t) {
    return t->last_ns + t->in_flight * t->mean_ns;
}

/* When the turn may go back although something is in flight, which is its last. UINT64_MAX: it may not. Lock held. */
static uint64_t early_end(const struct turn *t) {
    uint64_t lead = atomic_load(&t->board->lead_ns), end = expected_end(t);

    if (lead == 0 || t->left_over > 0 || t->known < TURN_KNOWN || t->spread_ns > lead ||
        end + t->mean_ns - t->begun_ns <= atomic_load(&t->board->quantum_ns))
        return UINT64_MAX;
    return end - lead;
}

static void give_back_early(struct turn *t) {
    t->due_ns = expected_end(t);
    t->left_over = t->in_flight;
    t->in_flight = 0;
    t->number++;
    give_back(t);
}

/* Until what is in flight leaves room, or the turn has gone back. Lock held. */
static void wait_for_room(struct turn *t) {
    uint64_t now = svga_now_ns(), end = now + PATIENCE_MS * UINT64_C(1000000), early;

    t->waiting = true;
    while (now < end && t->held && t->in_flight > 0 && !fits(t, now)) {
        early = early_end(t);
        if (now >= early) {
            give_back_early(t);
            break;
        }
        uint64_t next = early < end ? early : end;
        const struct timespec until = {(time_t)(next / 1000000000), (long)(next % 1000000000)};
        pthread_cond_timedwait(&t->ended, &t->lock, &until);
        now = svga_now_ns();
    }
    if (t->held && t->in_flight == 0 && !fits(t, svga_now_ns()))
        give_back(t); /* it was kept for this command, and has grown too old or been cut short since */
    t->waiting = false;
}

/* True once the turn is there; false: the gate is open, or the session over. `rung`: it was asked for when `signal` was at `asked_at`.
 * Asked again once the host has signalled anything: the gate may have been open meanwhile, and who opened it forgets who asked. No
 * lock held. */
static bool ask(struct turn *t, bool rung, uint32_t asked_at, const _Atomic bool *over) {
    struct board *b = t->all->board;
    uint64_t since = svga_now_ns();
    bool got = false;

    while (!got && atomic_load(&t->board->gate) != 0 && !atomic_load(over)) {
        uint32_t signal = atomic_load(&b->signal), returned = atomic_load(&t->board->returned);
        if (atomic_load(&t->board->granted) == returned + 1) {
            got = true;
        } else if (!rung || asked_at != signal || atomic_load(&t->board->asked) != returned + 1) {
            atomic_store(&t->board->asked, returned + 1);
            turns_ring(t->all);
            rung = true;
            asked_at = signal;
        } else {
            svga_futex_wait(&b->signal, signal, LOOK_US);
        }
    }
    board_add(&t->board->queued_ns, svga_now_ns() - since);
    return got;
}

bool turn_wait(struct turn *t, const _Atomic bool *over) {
    bool mine;

    wake_promptly();
    if (t->busy_queues > 0)
        turn_idle(t, board_ticks());
    t->busy_since = TURN_MEASURED;
    atomic_store(&t->all->waiting, true);
    pthread_mutex_lock(&t->lock);
    if (t->held)
        wait_for_room(t);
    mine = t->held;
    if (!mine) {
        bool rung = t->asked_ahead;

        uint32_t asked_at = t->asked_at;
        t->asked_ahead = false;
        pthread_mutex_unlock(&t->lock);
        mine = ask(t, rung, asked_at, over);
        pthread_mutex_lock(&t->lock);
        if (mine) {
            t->held = true;
            t->begun_ns = t->last_ns = svga_now_ns();
        }
    }
    if (mine)
        t->in_flight++;
    pthread_mutex_unlock(&t->lock);
    atomic_store(&t->all->waiting, false);
    return mine;
}

/* A command has ended; `beside`: an earlier turn's, in this one. Lock held. */
static void measure(struct turn *t, struct board_kernel *kernel, bool beside, uint64_t now) {
    uint64_t took = now - t->last_ns, off = took > t->mean_ns ? took - t->mean_ns : t->mean_ns - took;

    t->last_ns = now;
    if (kernel)
        atomic_fetch_add(&kernel->device_ns, took);
    if (beside) /* nobody knows what it took; where it was late, no other turn goes back early for a while */
        t->spread_ns = now > t->due_ns + t->spread_ns ? now - t->due_ns : t->spread_ns;
    else if (t->known == 0)
        t->mean_ns = took;
    else
        t->spread_ns = (3 * t->spread_ns + off) / 4;
    if (beside)
        return;
    t->mean_ns = (3 * t->mean_ns + took) / 4;
    t->known += t->known < TURN_KNOWN;
}

static void end(struct turn *t, struct board_kernel *kernel, bool ran, unsigned number) {
    uint64_t now = svga_now_ns();

    pthread_mutex_lock(&t->lock);
    bool old = number != t->number;
    if (ran)
        measure(t, kernel, old && t->held, now);
    if (old)
        t->left_over--;
    else if (--t->in_flight == 0 && !(t->waiting && fits(t, now)))
        give_back(t);
    if (t->waiting && runs_dry(t))
        pthread_cond_signal(&t->ended);
    pthread_mutex_unlock(&t->lock);
}

struct running {
    struct turn *turn;
    struct turn_command command;
    unsigned number; /* of the turn that it began in */
};

static void tell(const struct turn_command *c, cl_int status) {
    if (c->told)
        c->told(c->opaque, c->told_event, status);
}

static void CL_CALLBACK on_end(cl_event event, cl_int status, void *opaque) {
    struct running *r = opaque;
    (void)event;
    tell(&r->command, status);
    end(r->turn, r->command.kernel, true, r->number);
    free(r);
}

void turn_begun(struct turn *t, const struct turn_command *command) {
    struct running *r = command->event ? malloc(sizeof *r) : NULL;
    cl_event event = command->event;
    unsigned number =
        t->number; /* it stays this turn while the command is being enqueued: only the decoder gives one back early */

    if (!event) {
        end(t, NULL, false, number);
        return;
    }
    clFlush(command->queue);
    if (r)
        *r = (struct running){t, *command, number};
    if (command->wait || !r || clSetEventCallback(event, CL_COMPLETE, on_end, r) != CL_SUCCESS) {
        free(r);
        cl_int status = clWaitForEvents(1, &event);
        tell(command, status == CL_SUCCESS ? CL_COMPLETE : status);
        end(t, command->kernel, true, number);
    }
}

/* ---- counting ---- */

struct board_kernel *turns_kernel(struct turns *all, const char *name) {
    struct board_kernel *k = all->board->kernels;
    char cut[BOARD_KERNEL_NAME];

    snprintf(cut, sizeof cut, "%s", name);
    for (int i = 0; i < BOARD_KERNELS - 1; i++, k++) {
        if (k->name[0] == '\0')
            memcpy(k->name, cut, sizeof cut);
        if (strncmp(k->name, cut, sizeof cut) == 0)
            return k;
    }
    snprintf(k->name, sizeof k->name, BOARD_OTHERS);
    return k;
}

/* ---- accounts ---- */

static bool ask_for_more(struct turns *all, enum board_account account, uint64_t amount) {
    struct board *b = all->board;
    uint64_t end_ns = svga_now_ns() + MORE_US * UINT64_C(1000);

    if (all->bell < 0 || amount > BOARD_UNLIMITED) /* nobody hears it, or nobody has as much */
        return false;
    atomic_store(&b->requested_account, account);
    atomic_store(&b->requested_amount, amount);
    uint32_t request = atomic_fetch_add(&b->requested, 1) + 1;
    turns_ring(all);
    while (atomic_load(&b->answered) != request && svga_now_ns() < end_ns) {
        uint32_t signal = atomic_load(&b->signal);
        if (atomic_load(&b->answered) != request)
            svga_futex_wait(&b->signal, signal, MORE_US);
    }
    return board_take(&b->left[account], amount);
}

bool turns_take(struct turns *all, enum board_account account, uint64_t amount, enum tr_kind kind) {
    struct board *b = all->board;

    if (!board_take(&b->left[account], amount) && !ask_for_more(all, account, amount)) {
        atomic_store(&b->refused_kind, kind);
        board_add(&b->hits[account], 1);
        turns_ring(all);
        return false;
    }
    uint64_t now = atomic_fetch_add(&b->now[account], amount) + amount;
    if (now > board_read(&b->peak[account]))
        atomic_store_explicit(&b->peak[account], now, memory_order_relaxed);
    return true;
}

void turns_give(struct turns *all, enum board_account account, uint64_t amount) {
    atomic_fetch_sub(&all->board->now[account], amount);
    atomic_fetch_add(&all->board->left[account], amount);
}
