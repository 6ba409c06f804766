// SPDX-License-Identifier: MIT
#include "host-backend/worker/deadline.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/worker/build.h"
#include "host-backend/worker/session.h"
#include "host-backend/worker/stuck.h"
#include "host-backend/worker/turn.h"
#include "svga-model/futex.h"

enum {
    LOOK_MS = 100,  /* between looks at builds that are under way */
    MOST_MS = 1000, /* that count of it: a machine may be slow, too */
};

#define PARK SIGUSR2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static pthread_cond_t wake;
static struct session *session; /* that is watched over; NULL: none yet */
static struct deadline *set;
static bool lost; /* some build was given up */

static int memory_fd = -1; /* written before there is a watch */

/* May this thread be stopped for good, wherever it is? It is in the driver, then, and holds nothing of ours. */
static _Thread_local volatile bool in_driver;

static _Noreturn void park(void) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (;;)
        pause();
}

static void on_park(int number) {
    (void)number;
    if (in_driver)
        park();
}

/* Private memory of this process; 0 if nobody knows. */
static uint64_t private_bytes(void) {
    char text[128];
    unsigned long resident, shared;
    ssize_t n = pread(memory_fd, text, sizeof text - 1, 0);

    if (n <= 0)
        return 0;
    text[n] = '\0';
    if (sscanf(text, "%*u %lu %lu", &resident, &shared) != 2 || shared > resident)
        return 0;
    return (uint64_t)(resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- builds ---- */

/* Which limit has it gone beyond, as a sentence? False: none. */
static bool is_beyond(const struct deadline *d, uint64_t memory, char why[256]) {
    struct board *board = session->turns->board;
    const unsigned seconds = turns_tighter(&board->build_seconds, session->options.build_seconds);
    const unsigned mib = turns_tighter(&board->build_mib, session->options.build_memory_mib);

    if (seconds > 0 && d->spent_ms > seconds * 1000ull)
        snprintf(why, 256, "took longer than the %u s that the host allows (--build-seconds)", seconds);
    else if (mib > 0 && memory > d->memory && memory - d->memory > (uint64_t)mib << 20)
        snprintf(why, 256, "took more than the %u MiB of memory that the host allows (--build-memory)", mib);
    else
        return false;
    board_add(&board->hits[BOARD_LIMIT_BUILD], 1);
    turns_ring(session->turns);
    return true;
}

static void unlink_deadline(struct deadline *d) {
    *d->link = d->next;
    if (d->next)
        d->next->link = d->link;
}

static uint64_t now_ms(void) {
    return svga_now_ns() / 1000000;
}

/* Counts the time since the last look. A process that was stopped in between has not built meanwhile. */
static void count_time(struct deadline *d) {
    uint64_t now = now_ms(), elapsed = now - d->looked_ms;

    d->looked_ms = now;
    d->spent_ms += elapsed < MOST_MS ? elapsed : MOST_MS;
}

/* Lock held, given up in between. */
static void look_at_builds(void) {
    uint64_t memory = set ? private_bytes() : 0;
    char why[256];

    for (struct deadline *d = set; d; d = d->next)
        count_time(d);

    for (struct deadline *d = set; d; d = d->next) {
        if (!is_beyond(d, memory, why))
            continue;
        struct build *b = d->build;
        unlink_deadline(d);
        d->given_up = lost = true;
        pthread_kill(d->thread, PARK);
        pthread_mutex_unlock(&lock);
        build_give_up(b, why);
        pthread_mutex_lock(&lock);
        return; /* the list may be another, and so may be the memory */
    }
}

/* ---- the watch ---- */

/* Waits for so long, or until builds begin. Lock held. */
static void wait_ms(uint64_t ms) {
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += (time_t)(ms / 1000 + ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    pthread_cond_timedwait(&wake, &lock, &until);
}

static void *watch(void *unused) {
    uint64_t looked = now_ms();

    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        uint64_t period_ms = stuck_period_ms(session, lost);

        wait_ms(set ? LOOK_MS : period_ms);
        look_at_builds();
        if (now_ms() - looked >= period_ms) {
            looked = now_ms();
            stuck_look(session, lost);
        }
    }
    return NULL;
}

void deadline_watch(struct session *s) {
    struct sigaction act = {.sa_handler = on_park};
    pthread_condattr_t attributes;
    pthread_t thread;

    if (s->options.build_seconds == 0 && s->options.build_memory_mib == 0)
        return;
    sigaction(PARK, &act, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&wake, &attributes);
    pthread_condattr_destroy(&attributes);
    memory_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (memory_fd < 0)
        fprintf(stderr, "trillium-worker: nobody watches the memory of builds: %m\n");
    session = s;
    if (pthread_create(&thread, NULL, watch, NULL) == 0)
        pthread_detach(thread);
    else
        session = NULL;
}

void deadline_begin(struct deadline *d, struct build *b) {
    d->link = NULL;
    if (!session)
        return;
    d->build = b;
    d->thread = pthread_self();
    d->given_up = false;
    d->spent_ms = 0;
    d->looked_ms = now_ms();
    d->memory = private_bytes();
    pthread_mutex_lock(&lock);
    d->next = set;
    d->link = &set;
    if (d->next)
        d->next->link = &d->next;
    set = d;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
    in_driver = true;
}

void deadline_end(struct deadline *d) {
    if (!d->link)
        return;
    in_driver = false;
    pthread_mutex_lock(&lock);
    bool given_up = d->given_up;
    if (!given_up)
        unlink_deadline(d);
    pthread_mutex_unlock(&lock);
    if (given_up)
        park();
}
