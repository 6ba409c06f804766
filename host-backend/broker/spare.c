// SPDX-License-Identifier: MIT
#include "host-backend/broker/spare.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/* Idle ticks of the CPUs that this process may use (proc(5)). False if they cannot be read. */
static bool read_idle(uint64_t *idle) {
    unsigned long long user, nice, system, free, wait;
    char line[1024];
    cpu_set_t mine;
    unsigned cpu;

    FILE *in = fopen("/proc/stat", "re");
    if (!in)
        return false;
    bool masked = sched_getaffinity(0, sizeof mine, &mine) == 0;
    bool found = false;
    *idle = 0;
    while (fgets(line, sizeof line, in)) {
        if (sscanf(line, "cpu%u %llu %llu %llu %llu %llu", &cpu, &user, &nice, &system, &free, &wait) != 6)
            continue;
        if (masked && (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &mine)))
            continue;
        *idle += free + wait;
        found = true;
    }
    fclose(in);
    return found;
}

bool spare_seen(struct spare *s, int64_t now_ms) {
    uint64_t idle;
    bool seen = false;

    if (!read_idle(&idle))
        return true;
    if (s->since_ms != 0) {
        if (now_ms - s->since_ms < SPARE_LOOK_MS)
            return false;
        uint64_t wanted = (uint64_t)(now_ms - s->since_ms) * (uint64_t)sysconf(_SC_CLK_TCK) / 1000 / 2;
        seen = idle - s->idle >= wanted;
    }
    *s = (struct spare){seen ? 0 : now_ms, idle};
    return seen;
}
