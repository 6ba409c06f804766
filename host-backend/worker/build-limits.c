// SPDX-License-Identifier: MIT
#include "host-backend/worker/build-limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host-backend/worker/session.h"
#include "host-backend/worker/turn.h"
#include "svga-model/futex.h"

enum { MOST_MS = 1000 /* that count of the time between two looks: a machine may be slow, too */ };

static int memory_fd = -1; /* written before there is a second thread that reads it */

void build_limits_open(void) {
    memory_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (memory_fd < 0)
        fprintf(stderr, "trillium-worker: nobody watches the memory of builds: %m\n");
}

uint64_t build_now_ms(void) {
    return svga_now_ns() / 1000000;
}

uint64_t build_private_bytes(void) {
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

void build_use_begin(struct build_use *use) {
    *use = (struct build_use){.looked_ms = build_now_ms(), .memory = build_private_bytes()};
}

void build_use_look(struct build_use *use, bool works) {
    uint64_t now = build_now_ms(), elapsed = now - use->looked_ms;

    use->looked_ms = now;
    if (works)
        use->spent_ms += elapsed < MOST_MS ? elapsed : MOST_MS;
}

bool build_use_is_beyond(struct session *s, const struct build_use *use, uint64_t memory, char why[256]) {
    struct board *board = s->turns->board;
    const unsigned seconds = turns_tighter(&board->build_seconds, s->options.build_seconds);
    const unsigned mib = turns_tighter(&board->build_mib, s->options.build_memory_mib);
    enum board_limit met = BOARD_LIMIT_BUILD_SECONDS;

    if (seconds > 0 && use->spent_ms > seconds * 1000ull) {
        snprintf(why, 256, "took longer than the %u s that the host allows (--build-seconds)", seconds);
    } else if (mib > 0 && memory > use->memory && memory - use->memory > (uint64_t)mib << 20) {
        snprintf(why, 256, "took more than the %u MiB of memory that the host allows (--build-memory)", mib);
        met = BOARD_LIMIT_BUILD_MEMORY;
    } else {
        return false;
    }
    board_add(&board->hits[met], 1);
    turns_ring(s->turns);
    return true;
}
