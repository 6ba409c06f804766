// SPDX-License-Identifier: MIT
#include "host-backend/control/guest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host-backend/broker/log.h"
#include "trillium/table.h"

#define SECOND_NS UINT64_C(1000000000)
#define RATE_TOLD_NS (60 * SECOND_NS)

enum { PROCESSES_TOLD = 256 }; /* of a guest: an answer has to fit a packet */

/* ---- what a guest may have ---- */

static uint64_t limit_of(const struct guest *g, enum limit_name l) {
    return g->given.value[l];
}

static uint64_t or_nothing(uint64_t value) {
    return value == LIMIT_NONE ? 0 : value;
}

/* Does it need turns even while it is alone? */
static bool is_bound(const struct guest *g) {
    return limit_of(g, LIMIT_COMMANDS) != LIMIT_NONE || limit_of(g, LIMIT_KERNELS_PER_SECOND) != LIMIT_NONE ||
           limit_of(g, LIMIT_BYTES_PER_SECOND) != LIMIT_NONE || limit_of(g, LIMIT_KERNEL_MS) != LIMIT_NONE;
}

/* Which limit leaves it nothing; -1: none. */
static int nothing(const struct guest *g) {
    for (int i = 0; i < LIMITS; i++)
        if (g->given.value[i] == 0)
            return i;
    return -1;
}

static uint32_t bounded(uint64_t value) {
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static void apply_to_tenant(const struct guest *g, struct tenant *t) {
    /* One whose policy leaves it nothing asks until its worker has ended: no scheduler divides by 0. */
    scheduler_weigh(&t->device->sched, &t->who,
                    limit_of(g, LIMIT_WEIGHT) > 0 ? (unsigned)limit_of(g, LIMIT_WEIGHT) : 1);
    t->bound = is_bound(g);
    t->held = g->paused;
    t->kernel_most = or_nothing(limit_of(g, LIMIT_KERNEL_MS)) * (SECOND_NS / 1000);
    /* A turn of several kernels at once would say nothing about the time that one takes. */
    uint32_t depth = t->kernel_most > 0 ? 1 : bounded(or_nothing(limit_of(g, LIMIT_COMMANDS)));
    for (struct seat *s = t->first; s; s = s->next)
        atomic_store(&s->on->depth, depth);
}

/* ---- accounts ---- */

static const enum limit_name limit_of_board[BOARD_LIMITS] = {
    [BOARD_MEMORY] = LIMIT_MEMORY,
    [BOARD_OBJECTS] = LIMIT_OBJECTS,
    [BOARD_LIMIT_BUILD_SECONDS] = LIMIT_BUILD_SECONDS,
    [BOARD_LIMIT_BUILD_MEMORY] = LIMIT_BUILD_MEMORY,
};

/* What its sessions have of it: taken, or left to take. */
static uint64_t given_to_all(const struct guest *g, enum board_account a) {
    uint64_t sum = 0;
    for (const struct session *s = g->first; s; s = s->next)
        sum += s->given[a];
    return sum;
}

/* Takes back what a session has not used. */
static void reclaim(struct session *s, enum board_account a) {
    uint64_t left = atomic_exchange(&s->board->left[a], 0);
    s->given[a] -= left < s->given[a] ? left : s->given[a];
}

static void give_more(struct session *s, enum board_account a, uint64_t amount) {
    s->given[a] += amount;
    atomic_fetch_add(&s->board->left[a], amount);
}

/* It asks for so much: gets it, and an eighth of what is free then, if there is that much. */
static void asked_for_more(struct session *s, enum board_account a, uint64_t amount) {
    const struct guest *g = s->guest;
    uint64_t limit = limit_of(g, limit_of_board[a]);

    if (limit == LIMIT_NONE)
        return;
    for (struct session *each = g->first; each; each = each->next)
        reclaim(each, a);
    uint64_t given = given_to_all(g, a), free = given < limit ? limit - given : 0;
    if (amount <= free)
        give_more(s, a, amount + (free - amount) / 8);
}

static void apply_to_accounts(struct session *s) {
    uint64_t memory = limit_of(s->guest, LIMIT_MEMORY);

    for (int i = 0; i < BOARD_ACCOUNTS; i++) {
        reclaim(s, i);
        if (limit_of(s->guest, limit_of_board[i]) == LIMIT_NONE)
            give_more(s, i, BOARD_UNLIMITED);
    }
    atomic_store(&s->board->memory_limit, memory == LIMIT_NONE ? BOARD_UNLIMITED : memory);
}

static void apply_to_builds(struct session *s) {
    uint64_t memory = or_nothing(limit_of(s->guest, LIMIT_BUILD_MEMORY));

    atomic_store(&s->board->build_seconds, bounded(or_nothing(limit_of(s->guest, LIMIT_BUILD_SECONDS))));
    atomic_store(&s->board->build_mib, bounded((memory + (1u << 20) - 1) >> 20));
}

void guests_apply(struct guests *g, struct guest *guest, uint64_t now_ns) {
    int none = nothing(guest);
    char why[LIMIT_TEXT];

    for (struct session *s = guest->first; s; s = s->next) {
        apply_to_accounts(s);
        apply_to_builds(s);
        for (unsigned i = 0; i < s->seat_count; i++) {
            apply_to_tenant(guest, s->seats[i].tenant);
            arena_changed(s->seats[i].tenant, now_ns);
        }
        if (none >= 0) {
            snprintf(why, sizeof why, "the policy gives it nothing (%s = 0)", limit_table[none].name);
            g->kill(s, why);
        }
    }
    guest->tokens_ns = 0;
}

void guests_reload(struct guests *g, struct policy *policy, uint64_t now_ns) {
    policy_free(g->policy);
    g->policy = policy;
    changes_forget_limits(&g->changes);
    for (struct guest *guest = g->first; guest; guest = guest->next) {
        guest->limits = guest->given = policy_limits(policy, &guest->who);
        guests_apply(g, guest, now_ns);
    }
}

/* ---- rates ---- */

static const enum limit_name limit_of_rate[RATES] = {LIMIT_KERNELS_PER_SECOND, LIMIT_BYTES_PER_SECOND};

static void refill(struct guest *g, uint64_t now_ns) {
    double seconds = now_ns > g->tokens_ns ? (double)(now_ns - g->tokens_ns) / 1e9 : 0;

    for (int i = 0; i < RATES; i++) {
        double rate = (double)limit_of(g, limit_of_rate[i]),
               most = rate / 10; /* a tenth of a second may be saved up */
        g->tokens[i] = g->tokens_ns == 0 ? most : g->tokens[i] + seconds * rate;
        if (g->tokens[i] > most)
            g->tokens[i] = most;
    }
    g->tokens_ns = now_ns;
}

/* It waits. One that wants more than it may meets its limit all the time: a line a minute says enough. */
static void met_rate(struct guest *g, int rate, uint64_t now_ns) {
    const enum limit_name which = limit_of_rate[rate];
    char limit[32];

    g->rate_hits += g->rate_hits < UINT64_MAX;
    if (g->rate_told_ns[rate] != 0 && now_ns - g->rate_told_ns[rate] < RATE_TOLD_NS)
        return;
    g->rate_told_ns[rate] = now_ns;
    limit_write((int)which, limit_of(g, which), limit);
    log_say(LOG_LIMITS, "%s: its commands wait: it met its limit of %s (%s)", g->who.name,
            limit_table[which].name, limit);
}

/* Until when it has to wait. */
static uint64_t spend(struct guest *g, uint64_t commands, uint64_t bytes, uint64_t now_ns) {
    const uint64_t spent[] = {commands, bytes};
    double wait = 0;

    refill(g, now_ns);
    for (int i = 0; i < RATES; i++) {
        if (limit_of(g, limit_of_rate[i]) == LIMIT_NONE)
            continue;
        g->tokens[i] -= (double)spent[i];
        if (g->tokens[i] < 0)
            met_rate(g, i, now_ns);
        if (g->tokens[i] < 0 && -g->tokens[i] / (double)limit_of(g, limit_of_rate[i]) > wait)
            wait = -g->tokens[i] / (double)limit_of(g, limit_of_rate[i]);
    }
    return wait > 0 ? now_ns + (uint64_t)((wait < 3600 ? wait : 3600) * 1e9) : 0;
}

static void on_used(void *opaque, struct tenant *t, uint64_t ns, uint64_t commands, uint64_t bytes,
                    uint64_t now_ns) {
    struct guest *g = t->guest;
    (void)opaque;
    g->turns_ns += ns;
    if (t->bound)
        t->not_before = spend(g, commands, bytes, now_ns);
}

static void on_overdue(void *opaque, struct seat *s) {
    struct session *session = s->session;
    const struct guests *g = opaque;
    char why[LIMIT_TEXT];

    snprintf(why, sizeof why, "a kernel runs for more than the %llu ms that it may (kernel_ms)",
             (unsigned long long)limit_of(session->guest, LIMIT_KERNEL_MS));
    if (!session->killed)
        g->kill(session, why);
}

void guests_begin(struct guests *g, const struct scheduler_kind *kind, struct policy *policy,
                  const char *changes) {
    *g = (struct guests){.policy = policy,
                         .arena = {.kind = kind, .opaque = g, .used = on_used, .overdue = on_overdue}};
    changes_begin(&g->changes, changes);
}

/* ---- coming and going ---- */

/* Is it one of this user's? Of VMs, and of root's, there are not any number. */
static bool is_of(const struct guest *g, const struct policy_subject *who) {
    return !g->who.vm && g->who.uid == who->uid;
}

static unsigned count_of(const struct guests *g, const struct policy_subject *who) {
    unsigned n = 0;
    for (const struct guest *guest = g->first; guest; guest = guest->next)
        n += is_of(guest, who);
    return n;
}

/* False: all of them (`of` NULL), or all of this user's, have processes. */
static bool forget_oldest(struct guests *g, const struct policy_subject *of) {
    struct guest **oldest = NULL;

    for (struct guest **at = &g->first; *at; at = &(*at)->next)
        if (!(*at)->first && (!of || is_of(*at, of)) && (!oldest || (*at)->last_ns < (*oldest)->last_ns))
            oldest = at;
    if (!oldest)
        return false;
    struct guest *gone = *oldest;
    *oldest = gone->next;
    g->count--;
    arena_forget(&g->arena, gone);
    free(gone);
    return true;
}

/* Room for one more. */
static bool make_room(struct guests *g, const struct policy_subject *who) {
    if (!who->vm && who->uid != 0 && count_of(g, who) >= GUESTS_MOST / 4 && !forget_oldest(g, who))
        return false;
    return g->count < GUESTS_MOST || forget_oldest(g, NULL);
}

static struct guest *guest_named(struct guests *g, const struct policy_subject *who, uint64_t now_ns) {
    struct guest **at = &g->first;

    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->who.name, who->name) == 0)
            return *at;
    struct guest *new = make_room(g, who) ? calloc(1, sizeof *new) : NULL;
    if (!new)
        return NULL;
    for (at = &g->first; *at;)
        at = &(*at)->next;
    new->id = ++g->last_id;
    new->who = *who;
    new->limits = new->given = policy_limits(g->policy, who);
    new->paused = changes_apply(&g->changes, who->name, &new->given);
    new->last_ns = now_ns;
    *at = new;
    g->count++;
    return new;
}

/* Whoever starts one program after another never has two: a worker that still ends does not count. */
static unsigned processes_of(const struct guest *guest) {
    unsigned n = 0;
    for (const struct session *s = guest->first; s; s = s->next)
        n += !s->over;
    return n;
}

static bool admit(const struct guest *guest, char why[LIMIT_TEXT]) {
    unsigned processes = processes_of(guest);
    int none = nothing(guest);

    if (none >= 0)
        snprintf(why, LIMIT_TEXT,
                 "the host's policy gives this guest nothing (%s = 0): ask the host's administrator",
                 limit_table[none].name);
    else if (processes >= limit_of(guest, LIMIT_PROCESSES))
        snprintf(why, LIMIT_TEXT,
                 "this guest has %u processes with a device already, and the host's policy allows no more "
                 "(processes)",
                 processes);
    else
        return true;
    log_say(LOG_LIMITS, "%s: refused: %s", guest->who.name, why);
    return false;
}

static bool take_seats(struct guests *g, struct session *s, uint64_t now_ns) {
    uint32_t count = atomic_load(&s->board->device_count);

    for (uint32_t i = 0; i < count && i < BOARD_DEVICES; i++) {
        struct seat *seat = &s->seats[i];
        struct board_device told = s->board->devices[i];
        seat->board = s->board;
        seat->session = s;
        if (!arena_join(&g->arena, seat, &told, &s->board->devices[i], s->guest, now_ns))
            return false;
        s->seat_count++;
    }
    return true;
}

struct session *guests_join(struct guests *g, const struct policy_subject *who, int board_fd, int bell,
                            uint64_t now_ns, char why[LIMIT_TEXT]) {
    struct guest *guest = guest_named(g, who, now_ns);
    struct session *s = guest && g->session_count < SESSIONS_MOST ? calloc(1, sizeof *s) : NULL;

    if (s && admit(guest, why)) {
        s->board = board_map(board_fd);
        if (!s->board)
            snprintf(why, LIMIT_TEXT, "the host's daemon sent something else than a board");
    } else if (!s) {
        snprintf(why, LIMIT_TEXT, "the host knows as many guests as it can");
    }
    close(board_fd);
    if (!s || !s->board) {
        close(bell);
        free(s);
        return NULL;
    }
    s->guest = guest;
    s->all = g;
    s->bell = bell;
    s->life = -1;
    s->next = guest->first;
    guest->first = s;
    guest->session_count++;
    g->session_count++;
    guest->last_ns = now_ns;
    memcpy(s->board->filter, guest->given.devices, sizeof s->board->filter);
    /* Accounts begin with what the worker has taken while nobody decided. */
    for (int i = 0; i < BOARD_ACCOUNTS; i++) {
        uint64_t taken = board_read(&s->board->now[i]);
        reclaim(s, i);
        s->given[i] = taken < BOARD_UNLIMITED ? taken : BOARD_UNLIMITED;
    }
    s->answered = atomic_load(&s->board->requested);
    for (int i = 0; i < BOARD_LIMITS; i++)
        s->hits[i] = board_read(&s->board->hits[i]);
    if (!take_seats(g, s, now_ns)) {
        guests_leave(g, s, true, now_ns);
        snprintf(why, LIMIT_TEXT, "the host is out of memory");
        return NULL;
    }
    guests_apply(g, guest, now_ns);
    return s;
}

static void add(uint64_t *sum, uint64_t n) {
    if (__builtin_add_overflow(*sum, n, sum))
        *sum = UINT64_MAX;
}

static void count_board(struct meters *m, const struct board *b) {
    for (int i = 0; i < BOARD_DEVICES; i++) {
        add(&m->commands, board_read(&b->devices[i].commands));
        add(&m->device_ns, board_ticks_to_ns(board_read(&b->devices[i].busy_ticks)));
        add(&m->queued_ns, board_read(&b->devices[i].queued_ns));
        add(&m->bytes, board_read(&b->devices[i].bytes));
    }
    add(&m->builds, board_read(&b->builds));
    add(&m->build_ns, board_read(&b->build_ns));
    add(&m->errors, board_read(&b->errors));
    for (int i = 0; i < BOARD_LIMITS; i++)
        add(&m->hits[i], board_read(&b->hits[i]));
}

/* A guest's names are shown to people: nothing may be in them that a terminal understands. */
static void plain_name(char to[BOARD_KERNEL_NAME], const char *from) {
    size_t n = 0;
    for (; n < BOARD_KERNEL_NAME - 1 && from[n]; n++)
        to[n] = (char)(isalnum((unsigned char)from[n]) || strchr("_.()", from[n]) ? from[n] : '?');
    to[n] = '\0';
}

static void count_kernels(struct kernel_meter kernels[KERNELS_MOST], const struct board *b) {
    for (int i = 0; i < BOARD_KERNELS && b->kernels[i].name[0]; i++) {
        char name[BOARD_KERNEL_NAME];
        int k = 0;

        plain_name(name, b->kernels[i].name);
        while (k < KERNELS_MOST - 1 && kernels[k].name[0] && strcmp(kernels[k].name, name) != 0)
            k++;
        if (!kernels[k].name[0])
            snprintf(kernels[k].name, sizeof kernels[k].name, "%s",
                     k == KERNELS_MOST - 1 ? BOARD_OTHERS : name);
        add(&kernels[k].commands, board_read(&b->kernels[i].commands));
        add(&kernels[k].device_ns, board_read(&b->kernels[i].device_ns));
    }
}

void guests_over(struct session *s) {
    s->over = true;
}

void guests_leave(struct guests *g, struct session *s, bool open, uint64_t now_ns) {
    struct guest *guest = s->guest;
    struct session **at = &guest->first;

    for (unsigned i = 0; i < s->seat_count; i++)
        arena_leave(&s->seats[i], now_ns);
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    guest->session_count--;
    g->session_count--;
    guest->last_ns = now_ns;
    count_board(&guest->past, s->board);
    if (board_read(&s->board->peak[BOARD_MEMORY]) > guest->memory_peak)
        guest->memory_peak = board_read(&s->board->peak[BOARD_MEMORY]);
    count_kernels(guest->kernels, s->board);
    if (open)
        board_open_all(s->board);
    board_unmap(s->board);
    close(s->bell);
    if (s->life >= 0)
        close(s->life);
    free(s);
}

void guests_end(struct guests *g) {
    while (g->first) {
        struct guest *guest = g->first;
        while (guest->first) /* guests_leave() takes it off, which the analyzer cannot see */
            /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
            guests_leave(g, guest->first, true, 0);
        g->first = guest->next;
        free(guest);
    }
    arena_finish(&g->arena);
    changes_end(&g->changes);
    policy_free(g->policy);
}

/* As its worker says. */
static const char *name_of_kind(uint32_t kind) {
    if (kind == TR_KIND_NONE || kind >= TR_KIND_ANY)
        return "thing that there is not";
    return kind == TR_KIND_MEM ? "buffer or image" : tr_kind_name((enum tr_kind)kind);
}

static void look_at_hits(struct session *s, enum board_limit l) {
    uint64_t hits = board_read(&s->board->hits[l]);
    const struct guest *g = s->guest;
    const enum limit_name which = limit_of_board[l];
    char limit[32];

    if (hits == s->hits[l])
        return;
    s->hits[l] = hits;
    limit_write((int)which, limit_of(g, which), limit);
    if (l == BOARD_LIMIT_BUILD_SECONDS || l == BOARD_LIMIT_BUILD_MEMORY)
        log_say(LOG_LIMITS, "%s: process %d met its limit of %s (%s) in a build", g->who.name, (int)s->pid,
                limit_table[which].name, limit_of(g, which) == LIMIT_NONE ? "its daemon's own" : limit);
    else if (which == LIMIT_MEMORY)
        log_say(LOG_LIMITS,
                "%s: process %d met its limit of memory (%s) when it made an object of %llu bytes",
                g->who.name, (int)s->pid, limit, (unsigned long long)board_read(&s->board->requested_amount));
    else
        log_say(LOG_LIMITS, "%s: process %d met its limit of %s (%s) when it made a %s", g->who.name,
                (int)s->pid, limit_table[which].name, limit,
                name_of_kind(atomic_load(&s->board->refused_kind)));
}

void guests_rung(struct session *s, uint64_t now_ns) {
    uint32_t requested = atomic_load(&s->board->requested);

    for (unsigned i = 0; i < s->seat_count; i++)
        arena_look(&s->seats[i], now_ns);
    if (requested != s->answered) {
        uint32_t account = atomic_load(&s->board->requested_account);
        if (account < BOARD_ACCOUNTS)
            asked_for_more(s, (enum board_account)account, board_read(&s->board->requested_amount));
        s->answered = requested;
        atomic_store(&s->board->answered, requested);
        board_signal(s->board);
    }
    for (int i = 0; i < BOARD_LIMITS; i++)
        look_at_hits(s, i);
}

struct guest *guests_find(const struct guests *g, const char *name) {
    char *end;
    unsigned long id = strtoul(name, &end, 10);

    for (struct guest *guest = g->first; guest; guest = guest->next)
        if (strcmp(guest->who.name, name) == 0 || (*name && !*end && guest->id == id))
            return guest;
    return NULL;
}

/* ---- telling ---- */

static json_t *number(uint64_t n) {
    return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

static json_t *tell_devices(const struct guests *all, const struct guest *g, uint64_t now_ns) {
    json_t *list = json_array();

    for (const struct turns_device *d = all->arena.devices; d; d = d->next) {
        const struct tenant *t = arena_tenant(d, g);
        if (!t)
            continue;
        const struct turn_counts c = arena_counts(t);
        uint64_t turns_ns = t->turns_ns;
        add(&turns_ns, arena_held_ns(t, now_ns));
        uint64_t ns = turns_ns;
        add(&ns, c.busy_ns);
        json_array_append_new(
            list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:b}", "name", d->name, "device_ns", number(ns),
                            "turns_ns", number(turns_ns), "commands", number(c.commands), "queued_ns",
                            number(c.queued_ns), "bytes", number(c.bytes), "shared", d->lessee != t));
    }
    return list;
}

static json_t *tell_kernels(const struct guest *g) {
    static struct kernel_meter kernels[KERNELS_MOST];
    json_t *list = json_array();

    memcpy(kernels, g->kernels, sizeof kernels);
    for (const struct session *s = g->first; s; s = s->next)
        count_kernels(kernels, s->board);
    for (int i = 0; i < KERNELS_MOST && kernels[i].name[0]; i++)
        json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "name", kernels[i].name, "commands",
                                              number(kernels[i].commands), "turns_ns",
                                              number(kernels[i].device_ns)));
    return list;
}

static json_t *tell_limits(const struct guest *g) {
    json_t *limits = json_object();
    for (int i = 0; i < LIMITS; i++)
        if (g->given.value[i] != LIMIT_NONE)
            json_object_set_new(limits, limit_table[i].name, number(g->given.value[i]));
    if (g->given.devices[0])
        json_object_set_new(limits, LIMIT_DEVICES, json_string(g->given.devices));
    return limits;
}

/* Of all devices, up to now: also of such as have been forgotten, and of turns that are not over. */
static uint64_t time_in_turns(const struct guests *all, const struct guest *g, uint64_t now_ns) {
    uint64_t ns = g->turns_ns;

    for (const struct turns_device *d = all->arena.devices; d; d = d->next) {
        const struct tenant *t = arena_tenant(d, g);
        if (t)
            add(&ns, arena_held_ns(t, now_ns));
    }
    return ns;
}

json_t *guests_tell(const struct guests *all, const struct guest *g, uint64_t now_ns) {
    struct meters m = g->past;
    uint64_t memory = 0, peak = 0, objects = 0;
    json_t *processes = json_array();

    for (const struct session *s = g->first; s; s = s->next) {
        count_board(&m, s->board);
        add(&memory, board_read(&s->board->now[BOARD_MEMORY]));
        add(&objects, board_read(&s->board->now[BOARD_OBJECTS]));
        add(&peak, board_read(&s->board->peak[BOARD_MEMORY]));
        if (json_array_size(processes) >= PROCESSES_TOLD)
            continue;
        json_array_append_new(processes,
                              json_pack("{s:i, s:i, s:o}", "pid", (int)s->pid, "worker", (int)s->worker,
                                        "memory", number(board_read(&s->board->now[BOARD_MEMORY]))));
    }
    add(&m.device_ns, time_in_turns(all, g, now_ns));
    uint64_t limits_hit = g->rate_hits;
    for (int i = 0; i < BOARD_LIMITS; i++)
        add(&limits_hit, m.hits[i]);
    return json_pack("{s:i, s:s, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
                     "s:o, s:o, s:o}",
                     "id", (int)g->id, "name", g->who.name, "uid", number(g->who.uid), "cgroup",
                     g->who.cgroup, "paused", g->paused, "limits", tell_limits(g), "processes", processes,
                     "devices", tell_devices(all, g, now_ns), "kernels", tell_kernels(g), "memory",
                     number(memory), "memory_peak", number(peak > g->memory_peak ? peak : g->memory_peak),
                     "objects", number(objects), "commands", number(m.commands), "device_ns",
                     number(m.device_ns), "queued_ns", number(m.queued_ns), "bytes", number(m.bytes),
                     "builds", number(m.builds), "build_ns", number(m.build_ns), "errors", number(m.errors),
                     "limits_hit", number(limits_hit));
}
