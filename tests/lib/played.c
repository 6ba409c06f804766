// SPDX-License-Identifier: MIT
#include "tests/lib/played.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/lib/unit.h"

struct guests played_guests;
unsigned played_kills;

static void on_kill(struct session *s, const char *why) {
    assert_non_null(why);
    s->killed = true;
    played_kills++;
}

int played_set_up(void **state) {
    char why[POLICY_WHY];
    (void)state;
    guests_begin(&played_guests, &scheduler_fair, policy_read(NULL, why), NULL);
    played_guests.kill = on_kill;
    played_kills = 0;
    return 0;
}

int played_tear_down(void **state) {
    (void)state;
    guests_end(&played_guests);
    return 0;
}

struct policy_subject played_named(const char *name) {
    struct policy_subject who = {.vm = true};
    snprintf(who.name, sizeof who.name, "%s", name);
    return who;
}

struct played played_come_to(const struct policy_subject *who, uint64_t key, uint64_t taken,
                             char why[LIMIT_TEXT]) {
    struct played p = {0};
    int bells[2], fd = board_make();

    assert_true(fd >= 0);
    assert_int_equal(pipe2(bells, O_CLOEXEC | O_NONBLOCK), 0);
    p.board = board_map(fd);
    assert_non_null(p.board);
    p.board->devices[0].key = key;
    atomic_store(&p.board->device_count, 1);
    atomic_store(&p.board->now[BOARD_MEMORY], taken);
    atomic_fetch_sub(&p.board->left[BOARD_MEMORY], taken);
    p.bell = bells[1];
    p.session = guests_join(&played_guests, who, fd, bells[0], 1, why);
    return p;
}

struct played played_come(const char *name, uint64_t taken, char why[LIMIT_TEXT]) {
    const struct policy_subject who = played_named(name);
    return played_come_to(&who, 77, taken, why);
}

void played_goes(struct played *p, uint64_t now) {
    if (p->session)
        guests_leave(&played_guests, p->session, false, now);
    board_unmap(p->board);
    close(p->bell);
}

bool played_is_open(const struct played *p) {
    return atomic_load(&p->board->devices[0].gate) == 0;
}

bool played_has_turn(const struct played *p) {
    const struct board_device *d = &p->board->devices[0];
    return atomic_load(&d->granted) == atomic_load(&d->returned) + 1;
}

void played_asks(struct played *p, uint64_t now) {
    struct board_device *d = &p->board->devices[0];
    atomic_store(&d->asked, atomic_load(&d->returned) + 1);
    guests_rung(p->session, now);
}

void played_gives_back(struct played *p, uint64_t now) {
    struct board_device *d = &p->board->devices[0];
    atomic_store(&d->returned, atomic_load(&d->granted));
    guests_rung(p->session, now);
}

void played_limit(const char *name, enum limit_name l, uint64_t value) {
    struct guest *g = guests_find(&played_guests, name);
    assert_non_null(g);
    g->given.value[l] = value;
    guests_apply(&played_guests, g, 1);
}
