// SPDX-License-Identifier: MIT
/*
 * The guest process's one session with the virtual GPU, and what every part of the driver takes from it: ids,
 * status slots, answers, and shared memory.
 *
 * Threads: everything here may be called from any thread.
 */
#ifndef GUEST_ICD_SESSION_SESSION_H
#define GUEST_ICD_SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CL/cl.h>

#include "guest-icd/session/locks.h"
#include "svga-model/guest.h"
#include "trillium/encode.h"
#include "trillium/slot.h"

/* What environment variables and the device decided at open (guest-icd/session/settings.h has the table of
 * variables). */
struct icd_settings {
    bool spirv;         /* TRILLIUM_IR=spirv: the SVGA baseline */
    bool spirv_cache;   /* what was compiled to SPIR-V is kept (TRILLIUM_SPIRV_CACHE=0 turns it off) */
    bool debug;         /* TRILLIUM_DEBUG: say on stderr what goes wrong */
    bool stats;         /* TRILLIUM_STATS=1: count, and print at the end */
    bool direct_copies; /* small transfers are copied by the guest itself (TRILLIUM_DIRECT=0 turns it off) */
    bool copy_words;    /* on an emulated CPU (TRILLIUM_COPY=memcpy turns it off) */
    bool placed;   /* buffers live in shared memory where devices allow it (TRILLIUM_PLACED=0 turns it off) */
    bool reuse;    /* staging blocks in use are waited for a little (TRILLIUM_REUSE=0 turns it off) */
    bool fill;     /* new pages are made by writing to their file (TRILLIUM_FILL=0 turns it off) */
    bool in_place; /* what is mapped from an object is moved without another copy (TRILLIUM_IN_PLACE) */
    bool pace;     /* slow commands with others behind them are slept for (TRILLIUM_PACE=0 turns it off) */
    unsigned spin_us; /* TRILLIUM_SPIN_US */
};

struct icd_session {
    struct svga_guest *g;
    struct icd_settings settings;
    _Atomic int64_t
        clock_offset_ns; /* host's CLOCK_MONOTONIC minus ours; 0 where the carrier shares the clock, and before
                            the first profile */
    _Atomic uint32_t aligned_for; /* the profile for which that was learnt */
};

/* Set by whoever makes what can only live in this session: contexts, parts of devices. Before that a forked child has
 * nothing of its parent's but handles of platforms and devices, and opens a session of its own at its first call. */
extern _Atomic bool icd_session_used;

/*
 * The session; opened at the first call. NULL if there is no device, after one sentence on stderr that says
 * why (once per process); none if nothing here looks like the device and the environment does not ask for it.
 * In a forked child of a process that had used it: NULL.
 */
struct icd_session *icd_session_get(void);
/* CL_SUCCESS if there is one, for calls on handles of platforms and devices, which a forked child may have from its
 * parent; else the error of such a call. */
cl_int icd_session_need(void);

/* The session after icd_session_get returned it once; for code that holds an object, which proves that it
 * did. */
extern struct icd_session *icd_session;

/* CL_SUCCESS, or the error that calls get once the device is lost (CL_DEVICE_NOT_AVAILABLE). Prints the
 * reason once; in a forked child, that it is one. */
cl_int icd_session_error(void);

/* Learns how the host's clock stands to ours, `for_profile` (UINT32_MAX: for no profile), once for each. Must not be
 * called under svga_guest_lock: it asks. */
void icd_align_clocks(uint32_t for_profile);

/* ---- ids of host objects ---- */

/* A free id, 0 if there are none left. Given back after RELEASE was sent (or if the id was never sent). */
uint32_t icd_id_alloc(void);
void icd_id_free(uint32_t id);
/* What a call returns that got none: CL_OUT_OF_RESOURCES, or icd_session_error() in a forked child, which gets
 * none either. */
cl_int icd_id_error(void);

/* Sends RELEASE for the id and gives it back. 0 is ignored. */
void icd_release_id(uint32_t id);

/* ---- status slots ---- */

/* A slot with status TR_STATUS_PENDING, or TR_NO_SLOT if memory is out. */
uint32_t icd_slot_alloc(void);
/* Only slots that the host will not write again: never announced to it, or with a final status. */
void icd_slot_free(uint32_t slot);
struct tr_slot *icd_slot(uint32_t slot);

/* The slot's status, with acquire order. */
static inline int32_t icd_slot_status(struct tr_slot *slot) {
    return atomic_load_explicit(&slot->status, memory_order_acquire);
}

/* Waits until the slot's status is final (<= CL_COMPLETE). CL_SUCCESS, or icd_session_error(). */
cl_int icd_slot_wait(uint32_t slot);
/* The same, of what need not be heard of at once: where the device is the CPUs, its thread leaves them to it. */
cl_int icd_slot_wait_idly(uint32_t slot);

/* ---- calls that need an answer ----
 *
 *     struct icd_call call;
 *     cl_int r = icd_call_begin(&call);
 *     if (r == CL_SUCCESS) {
 *         TR_SEND(icd_session->g, FINISH, finish, NULL, .queue = id, .slot = call.slot);
 *         r = icd_call_wait(&call);   // the answer's result; call.value
 *     }
 */
struct icd_call {
    uint32_t slot;
    uint64_t value; /* after icd_call_wait: slot.value */
};

cl_int icd_call_begin(struct icd_call *call);
/* The slot is given back. If the command could not be sent the device is lost, and so says the result. */
cl_int icd_call_wait(struct icd_call *call);

/*
 * GET_INFO: asks the host and hands the answer to the application by the rules of clGet*Info (param_value may
 * be NULL, param_value_size too small is CL_INVALID_VALUE). `input` may be NULL.
 */
struct icd_query {
    enum tr_info what;
    uint32_t object, device, param, index;
    const void *input;
    uint32_t input_size;
};
cl_int icd_query(const struct icd_query *query, size_t size, void *value, size_t *size_ret);
/* The same into memory of its own (*value: free() it; NUL-terminated behind its *size bytes). */
cl_int icd_query_alloc(const struct icd_query *query, void **value, size_t *size);

#endif
