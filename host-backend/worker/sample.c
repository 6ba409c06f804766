// SPDX-License-Identifier: MIT
#include "host-backend/worker/sample.h"

#define NS_PER_MS UINT64_C(1000000)

enum { WORTH_IT = SAMPLE_WINDOW / 4 }; /* less is no window */

void sample_begin(struct sample *s, bool all, uint64_t now_ns) {
    *s = (struct sample){.all = all, .left = SAMPLE_WINDOW, .since_ns = now_ns};
}

/* How long so many commands take to come in. */
static uint64_t takes(uint64_t commands, uint64_t room, uint64_t rooms) {
    uint64_t part = room >> 10 ? rooms / (room >> 10) : rooms; /* 1024 where all is left */
    return commands * NS_PER_MS / SAMPLE_PER_MS * part / 1024;
}

bool sample_pauses(struct sample *s, uint64_t now_ns, uint64_t room, uint64_t rooms) {
    uint64_t whole = takes(SAMPLE_WINDOW, room, rooms), passed = now_ns - s->since_ns,
             came = passed >= whole ? SAMPLE_WINDOW : SAMPLE_WINDOW * passed / whole;

    s->since_ns = now_ns;
    if (s->all || came >= WORTH_IT) {
        s->left = s->all ? SAMPLE_WINDOW : (uint32_t)came;
        return false;
    }
    s->paused = true;
    s->due_ns = now_ns + takes(SAMPLE_WINDOW - came, room, rooms);
    return true;
}

void sample_goes_on(struct sample *s, uint64_t now_ns) {
    s->paused = false;
    s->left = SAMPLE_WINDOW;
    s->since_ns = now_ns;
}
