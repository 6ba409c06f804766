// SPDX-License-Identifier: MIT
#include "guest-icd/session/trace.h"

#include <stdatomic.h>

#include "svga-model/futex.h"

uint64_t icd_trace_now(void) {
    return svga_now_ns() + (uint64_t)icd_session->clock_offset_ns;
}

void icd_trace_put_slow(struct icd_trace *t) {
    static _Atomic uint64_t tokens;
    t->token = atomic_fetch_add_explicit(&tokens, 1, memory_order_relaxed) + 1;
    TR_PUT(icd_session->g, TRACE, trace, NULL, .call_ns = t->call_ns, .write_ns = icd_trace_now(),
           .token = t->token);
}

void icd_trace_wake(uint64_t token) {
    if (token != 0 && icd_session->settings.profile)
        TR_SEND(icd_session->g, TRACE_WAKE, trace_wake, NULL, .token = token, .wake_ns = icd_trace_now());
}
