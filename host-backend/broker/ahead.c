// SPDX-License-Identifier: MIT
#include "host-backend/broker/ahead.h"

#include <sys/socket.h>

#include "host-backend/broker/clock.h"
#include "host-backend/worker/control.h"

/* What is to be done next, if anything is. */
enum errand { NOTHING, START_ONE, WARM_ONE, RESUME_ONE };

/* One that has loaded the drivers is there for whoever comes next, and another one before the first warms up. One after the other: a guest
 * that comes meanwhile needs one, and two that load at once keep each other, and its program, from the CPUs. */
static enum errand next_errand(const struct workers *all) {
    const struct broker_config *config = all->config;
    unsigned ready = all->count[WORKER_STARTING] + all->count[WORKER_READY];
    bool warms = !config->first_only && all->warm_deaths < MAX_EARLY_DEATHS &&
                 all->count[WORKER_WARM] + all->count[WORKER_WARMING] < config->warm_workers;

    if (config->warm_workers == 0 || (config->first_only && all->handed_out))
        return NOTHING;
    if (all->count[WORKER_WARMING] > 0)
        return workers_find(all, WORKER_WARMING)->stopped ? RESUME_ONE : NOTHING;
    if (ready < (warms ? 2 : 1))
        return all->early_deaths < MAX_EARLY_DEATHS && all->count[WORKER_STARTING] == 0 ? START_ONE : NOTHING;
    return warms && all->count[WORKER_READY] >= 2 ? WARM_ONE : NOTHING;
}

/* May anything be done now? Not at the cost of guests that run. */
static bool has_time(struct workers *all, struct spare *spare) {
    if (all->count[WORKER_BUSY] == 0)
        *spare = (struct spare){0};
    return all->count[WORKER_BUSY] == 0 || spare_seen(spare, clock_now_ms());
}

static bool warm_up(struct workers *all) {
    struct worker *w = workers_find(all, WORKER_READY);
    char byte = CONTROL_WARM_UP;
    if (send(w->process.control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
        return false; /* it is dying */
    workers_set_state(all, w, WORKER_WARMING);
    return true;
}

static bool resume(struct workers *all) {
    struct worker *w = workers_find(all, WORKER_WARMING);
    w->stopped = false;
    return workers_signal(w, SIGCONT);
}

static bool run_errand(struct workers *all, enum errand errand) {
    const bool alone =
        all->total == 0; /* nobody runs whom it could be in the way of, and whoever comes waits for it */

    switch (errand) {
    case START_ONE:
        return workers_start(all, alone, NULL, NULL) != NULL;
    case WARM_ONE:
        return warm_up(all);
    case RESUME_ONE:
        return resume(all);
    default:
        return false;
    }
}

void ahead_prepare(struct workers *all, struct spare *spare) {
    enum errand errand;
    while ((errand = next_errand(all)) != NOTHING && clock_now_ms() >= all->next_start_ms)
        if (!has_time(all, spare) || !run_errand(all, errand))
            break;
}

int64_t ahead_next_ms(const struct workers *all, int64_t now_ms) {
    if (next_errand(all) == NOTHING)
        return -1;
    if (all->next_start_ms > now_ms)
        return all->next_start_ms;
    return all->count[WORKER_BUSY] > 0 ? now_ms + SPARE_LOOK_MS : -1;
}
