// SPDX-License-Identifier: MIT
/*
 * Profiling: the times of a command that only the guest knows. Everything here does nothing when not profiling.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_SESSION_TRACE_H
#define GUEST_ICD_SESSION_TRACE_H

#include "guest-icd/session/session.h"

struct icd_trace {
    uint64_t call_ns; /* when the application called; 0 when not profiling */
    uint64_t token;   /* of its TRACE, 0 for none */
};

/* Does the host want commands to be stamped (SVGA_FIFO_PROFILE)? */
static inline bool icd_profiled(void) {
    uint32_t profile = atomic_load_explicit(&icd_session->g->words[SVGA_FIFO_PROFILE], memory_order_relaxed);
    if (__builtin_expect(profile == 0, 1))
        return false;
    icd_align_clocks(profile);
    return true;
}

/* Our clock's time on the host's, and the present time on that. */
uint64_t icd_host_ns(uint64_t ns);
uint64_t icd_trace_now(void);
void icd_trace_put_slow(struct icd_trace *t);

/* Notes that the application has called. */
static inline void icd_trace_start(struct icd_trace *t) {
    t->token = 0;
    t->call_ns = icd_profiled() ? icd_trace_now() : 0;
}

/* To be called under svga_guest_lock right before the command itself is put. */
static inline void icd_trace_put(struct icd_trace *t) {
    if (t->call_ns != 0)
        icd_trace_put_slow(t);
}

/* A thread that waited for the command with this token (0: none) is awake again. */
void icd_trace_wake(uint64_t token);

#endif
