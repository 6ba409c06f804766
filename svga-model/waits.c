// SPDX-License-Identifier: MIT
#include "svga-model/waits.h"

enum {
    SHORT_NS = 20000,     /* before it sleeps, in case that the answer comes soon this time */
    LEAD_NS = 150000,     /* a timer's delay, and that of a CPU that wakes up */
    STREAM = 16,          /* commands: fewer are no stream */
    STEP_NS = 40000,      /* a command takes longer: its kernels have work for more than one CPU */
    FIRST_STEP_NS = 5000, /* supposed of a thread's first stream */
    STREAM_NS = 20000000, /* spun at most */
    MARGIN_NS = 40000,    /* beside twice the usual time: who takes longer is stuck behind something */
    WIDE_NS = 150000,     /* work for all CPUs that takes so long is not spun for, */
    SLEPT_MOST = 16, /* but once after so many: a sleeper is told late, and short work looks long to him */
};

/*
 * How long may the waiter for a stream of short kernels spin? 0: this is none. A driver of a CPU wakes all its threads for each kernel;
 * on a CPU that idles they come too late for a short one, and waking them takes as long as the kernel, or longer where the host is a
 * VM itself. A waiter keeps that CPU from idling, as natively the thread does that enqueues for as long as the kernels run.
 */
static uint64_t stream_ns(uint64_t step, uint64_t commands) {
    if (step == 0)
        step = FIRST_STEP_NS;
    if (commands < STREAM || step > STEP_NS)
        return 0;
    return commands < STREAM_NS / (2 * step) ? commands * 2 * step : STREAM_NS;
}

static uint64_t shorter_of(const uint64_t waits[2]) {
    return waits[0] < waits[1] ? waits[0] : waits[1];
}

static uint64_t longer_of(const uint64_t waits[2]) {
    return waits[0] < waits[1] ? waits[1] : waits[0];
}

/* A thread that waits for kernels of about the same length, again and again, sleeps through most of the next
 * one, and spins when its end is near: waking it up only then would add some 40 us. Returns the time that the
 * wait is expected to take, or 0: not known, or too short for that. */
static uint64_t expected_ns(const uint64_t last[2], uint64_t spin) {
    uint64_t shorter = shorter_of(last);
    bool alike = longer_of(last) - shorter <= shorter / 4;
    return alike && shorter > spin && shorter / 2 > LEAD_NS ? shorter : 0;
}

static void note(uint64_t waits[2], uint64_t took) {
    waits[1] = waits[0];
    waits[0] = took;
}

static uint32_t place_of(uint32_t kind) {
    return (kind * UINT32_C(2654435761) >> 16) % SVGA_WAITS_KINDS;
}

static struct svga_waits_kind known_of(const struct svga_waits *so_far, uint32_t kind) {
    const struct svga_waits_kind *k = &so_far->kinds[place_of(kind)];

    return k->kind == kind ? *k : (struct svga_waits_kind){.kind = kind};
}

/* A driver of these CPUs may need the spinner's: glibc's pthread_cond_broadcast, by which it wakes its threads for the next command, waits
 * for one that it woke on this CPU the time before. Then each waits for the other. So nobody spins for much longer than it usually takes. */
static uint64_t patience_ns(const struct svga_waits_kind *known, uint64_t spin) {
    uint64_t patience = 2 * known->usual + MARGIN_NS;

    return known->usual > 0 && patience < spin ? patience : spin;
}

struct svga_wait_plan svga_waits_plan(const struct svga_waits *so_far, const struct svga_wait *now) {
    struct svga_wait_plan plan = {.spin = now->spin, .commands = now->commands - so_far->commands};

    /* A stream of short ones is no long one. */
    plan.kind = plan.commands < STREAM ? now->kind : 0;
    if (!now->near)
        return plan;
    const struct svga_waits_kind known = known_of(so_far, plan.kind);
    bool is_long = (plan.kind & SVGA_WAITS_WIDE) && shorter_of(known.last) >= WIDE_NS;
    plan.sleeps = is_long && known.slept < SLEPT_MOST;
    if (now->idly || plan.sleeps) {
        if (plan.spin > SHORT_NS / 2)
            plan.spin = SHORT_NS / 2;
        return plan;
    }
    plan.spin = patience_ns(&known, plan.spin);
    uint64_t stream = stream_ns(so_far->step, plan.commands);
    if (stream > plan.spin)
        plan.spin = stream;
    uint64_t expected = stream > 0 || is_long ? 0 : expected_ns(so_far->last, now->spin);
    if (expected > 0) {
        plan.first = SHORT_NS;
        plan.doze = expected - LEAD_NS - SHORT_NS;
    }
    return plan;
}

/* A wait that was slept through may have been stuck, and says only that this kind may take longer. But a sleeper is late, and so is the
 * device that he wakes up next: whoever slept again and again would not see how short his work is, so he becomes patient soon. */
static uint64_t usual_now(uint64_t usual, uint64_t took, bool seen) {
    if (usual == 0 || (took > 0 && took < usual))
        return took;
    if (seen)
        return usual + (took - usual) / 8;
    return took > 0 && took < 2 * usual ? took : 2 * usual;
}

void svga_waits_took(struct svga_waits *so_far, const struct svga_wait_plan *plan, uint64_t took, bool seen) {
    note(so_far->last, took);
    if (plan->kind != 0) {
        struct svga_waits_kind known = known_of(so_far, plan->kind);
        note(known.last, took);
        known.usual = usual_now(known.usual, took, seen);
        known.slept = plan->sleeps ? known.slept + 1 : 0;
        so_far->kinds[place_of(plan->kind)] = known;
    }
    if (plan->commands >= STREAM)
        so_far->step = took / plan->commands;
    so_far->commands += plan->commands;
}
