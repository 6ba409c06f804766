// SPDX-License-Identifier: MIT
#include "guest-icd/session/trace.h"

#include <stdatomic.h>

#include "svga-model/futex.h"

uint64_t icd_host_ns(uint64_t ns) {
    return ns + (uint64_t)atomic_load_explicit(&icd_session->clock_offset_ns, memory_order_relaxed);
}

uint64_t icd_trace_now(void) {
    return icd_host_ns(svga_now_ns());
}

void icd_trace_put_slow(struct icd_trace *t) {
    static _Atomic uint64_t tokens;
    t->token = atomic_fetch_add_explicit(&tokens, 1, memory_order_relaxed) + 1;
    TR_PUT_TAIL(icd_session->g, TRACE, trace, NULL, 0, .call_ns = t->call_ns, .write_ns = icd_trace_now(),
                .token = t->token);
}

void icd_trace_wake(uint64_t token) {
    /* Of a command that was stamped, also if the host wants no more of them by now. */
    if (token == 0)
        return;
    uint64_t now = icd_trace_now();
    svga_guest_lock(icd_session->g);
    TR_PUT_TAIL(icd_session->g, TRACE_WAKE, trace_wake, NULL, 0, .token = token, .wake_ns = now);
    svga_guest_unlock_quietly(icd_session->g);
}
