// SPDX-License-Identifier: MIT
#include "guest-icd/session/session.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest-icd/session/console.h"
#include "guest-icd/session/pool.h"
#include "guest-icd/session/driver-variables.h"
#include "guest-icd/session/object.h"
#include "guest-icd/session/settings.h"
#include "guest-icd/session/stats.h"
#include "svga-model/carrier-socket.h"
#include "svga-model/futex.h"
#include "trillium/moves.h"
#include "trillium/variables.h"

struct icd_session *icd_session;

static struct icd_session the_session;
static struct svga_lock open_lock = SVGA_LOCK(ICD_LOCK_OPEN); /* guards opening */
static _Atomic bool lost_told;

/* ---- ids ---- */

static struct svga_lock id_lock = SVGA_LOCK(ICD_LOCK_IDS); /* guards the ids */
static uint32_t next_id = 1;
static uint32_t *free_ids;
static size_t free_id_count, free_id_cap;

/* ---- slots ---- */

struct slot_chunk {
    struct svga_region region;
    struct tr_slot *slots;
};
static struct svga_lock slot_lock = SVGA_LOCK(ICD_LOCK_SLOTS); /* guards adding chunks and the free slots */
static struct slot_chunk chunks[TR_MAX_CHUNKS]; /* entries never change once they are filled in */
static uint32_t chunk_count;
static uint32_t *free_slots;
static size_t free_slot_count, free_slot_cap;

/* Appends to a growing stack of numbers. */
static bool push(uint32_t **stack, size_t *count, size_t *cap, uint32_t value) {
    if (*count == *cap) {
        size_t bigger = *cap ? 2 * *cap : 256;
        uint32_t *grown = realloc(*stack, bigger * sizeof **stack);
        if (!grown)
            return false;
        *stack = grown;
        *cap = bigger;
    }
    (*stack)[(*count)++] = value;
    return true;
}

uint32_t icd_id_alloc(void) {
    uint32_t id = 0;
    if (svga_locks_forked)
        return 0;
    svga_lock_take(&id_lock);
    if (free_id_count > 0)
        id = free_ids[--free_id_count];
    else if (next_id < TR_MAX_ID)
        id = next_id++;
    svga_lock_give(&id_lock);
    return id;
}

cl_int icd_id_error(void) {
    return svga_locks_forked ? icd_session_error() : CL_OUT_OF_RESOURCES;
}

void icd_id_free(uint32_t id) {
    if (id == 0 || svga_locks_forked)
        return;
    svga_lock_take(&id_lock);
    push(&free_ids, &free_id_count, &free_id_cap, id);
    svga_lock_give(&id_lock);
}

void icd_release_id(uint32_t id) {
    if (id == 0)
        return;
    TR_SEND(icd_session->g, RELEASE, release, NULL, .object = id);
    icd_id_free(id);
}

/* slot_lock is held. */
static bool add_chunk(void) {
    struct slot_chunk *chunk = &chunks[chunk_count];
    if (chunk_count == TR_MAX_CHUNKS ||
        svga_guest_region_create(icd_session->g, TR_SLOTS_PER_CHUNK * sizeof(struct tr_slot),
                                 &chunk->region) < 0)
        return false;
    chunk->slots = chunk->region.ptr;
    TR_SEND(icd_session->g, ADD_SLOTS, add_slots, NULL, .chunk = chunk_count, .region = chunk->region.id);
    for (uint32_t i = TR_SLOTS_PER_CHUNK; i > 0; i--)
        push(&free_slots, &free_slot_count, &free_slot_cap, chunk_count * TR_SLOTS_PER_CHUNK + i - 1);
    chunk_count++;
    return true;
}

struct tr_slot *icd_slot(uint32_t slot) {
    return &chunks[slot / TR_SLOTS_PER_CHUNK].slots[slot % TR_SLOTS_PER_CHUNK];
}

uint32_t icd_slot_alloc(void) {
    uint32_t slot = TR_NO_SLOT;
    if (svga_locks_forked)
        return slot;
    svga_lock_take(&slot_lock);
    if (free_slot_count > 0 || add_chunk())
        if (free_slot_count > 0)
            slot = free_slots[--free_slot_count];
    svga_lock_give(&slot_lock);
    if (slot != TR_NO_SLOT) {
        struct tr_slot *s = icd_slot(slot);
        s->result = 0;
        s->value = 0;
        s->profiled = 0;
        atomic_store_explicit(&s->status, TR_STATUS_PENDING, memory_order_relaxed);
    }
    return slot;
}

void icd_slot_free(uint32_t slot) {
    if (slot == TR_NO_SLOT || svga_locks_forked)
        return;
    svga_lock_take(&slot_lock);
    push(&free_slots, &free_slot_count, &free_slot_cap, slot);
    svga_lock_give(&slot_lock);
}

static bool slot_final(void *arg) {
    bool final = icd_slot_status(arg) <= CL_COMPLETE;
    icd_console_drain(); /* after the look: what was printed before the end is then out */
    return final;
}

cl_int icd_slot_wait(uint32_t slot) {
    if (svga_guest_wait(icd_session->g, slot_final, icd_slot(slot)) < 0)
        return icd_session_error();
    return CL_SUCCESS;
}

cl_int icd_slot_wait_idly(uint32_t slot) {
    if (svga_guest_wait_idly(icd_session->g, slot_final, icd_slot(slot)) < 0)
        return icd_session_error();
    return CL_SUCCESS;
}

/* ---- answers ---- */

cl_int icd_call_begin(struct icd_call *call) {
    call->value = 0;
    call->slot = icd_slot_alloc();
    if (call->slot != TR_NO_SLOT)
        return CL_SUCCESS;
    return svga_guest_lost(icd_session->g) ? icd_session_error() : CL_OUT_OF_HOST_MEMORY;
}

cl_int icd_call_wait(struct icd_call *call) {
    cl_int r = icd_slot_wait(call->slot);
    if (r != CL_SUCCESS)
        return r; /* the slot stays taken: a lost device may still be writing */
    struct tr_slot *slot = icd_slot(call->slot);
    call->value = slot->value;
    r = slot->result;
    icd_slot_free(call->slot);
    return r;
}

/* Most answers fit; longer ones are asked for again with the size that the host named. */
enum { FIRST_ANSWER = 1024 };

/* Asks with room for `room` bytes; *block holds the answer, *size its length (which may be more than room).
 */
static cl_int ask(const struct icd_query *q, uint64_t room, struct icd_block *block, uint64_t *size) {
    struct icd_call call;
    struct tr_array arrays[] = {{q->input, q->input_size}};
    cl_int r = icd_pool_alloc(room, block);
    if (r != CL_SUCCESS)
        return r;
    r = icd_call_begin(&call);
    if (r == CL_SUCCESS) {
        TR_SEND(icd_session->g, GET_INFO, get_info, arrays, .slot = call.slot, .what = q->what,
                .object = q->object, .device = q->device, .param = q->param, .index = q->index,
                .out = icd_block_span(block, 0, room));
        r = icd_call_wait(&call);
        *size = call.value;
    }
    if (r != CL_SUCCESS && !svga_guest_lost(icd_session->g))
        icd_pool_free(block);
    return r;
}

cl_int icd_query_alloc(const struct icd_query *query, void **value, size_t *size) {
    struct icd_block block;
    uint64_t room = FIRST_ANSWER, needed;

    for (;;) {
        cl_int r = ask(query, room, &block, &needed);
        if (r != CL_SUCCESS)
            return r;
        if (needed <= room)
            break;
        icd_pool_free(&block);
        room = needed;
    }
    char *copy = malloc(needed + 1);
    if (copy) {
        memcpy(copy, block.ptr, needed);
        copy[needed] = '\0';
    }
    icd_pool_free(&block);
    *value = copy;
    *size = needed;
    return copy ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
}

cl_int icd_query(const struct icd_query *query, size_t size, void *value, size_t *size_ret) {
    void *answer;
    size_t needed;
    cl_int r = icd_query_alloc(query, &answer, &needed);
    if (r != CL_SUCCESS)
        return r;
    if (value && size < needed)
        r = CL_INVALID_VALUE;
    else if (value)
        memcpy(value, answer, needed);
    if (r == CL_SUCCESS && size_ret)
        *size_ret = needed;
    free(answer);
    return r;
}

/* ---- opening ---- */

_Atomic bool icd_session_used;

/* Nothing hangs on the session yet: the next call opens one of this process' own. */
static void start_over(void) {
    svga_lock_init(&open_lock, ICD_LOCK_OPEN);
    svga_lock_init(&id_lock, ICD_LOCK_IDS);
    svga_lock_init(&slot_lock, ICD_LOCK_SLOTS);
    next_id = 1;
    free_id_count = free_slot_count = 0;
    chunk_count = 0;
    icd_pool_start_over();
    icd_session = NULL;
    svga_locks_forked = false;
}

static void forked_child(void) {
    if (!icd_session)
        return;
    svga_guest_detach(icd_session->g);
    lost_told = false;
    if (!atomic_load(&icd_session_used))
        start_over();
}

/* Once in the life of a process and its forks. */
static void begin(const struct icd_settings *settings) {
    static bool begun;
    if (begun)
        return;
    begun = true;
    pthread_atfork(NULL, NULL, forked_child);
    if (settings->stats)
        icd_stats_start();
}

cl_int icd_session_error(void) {
    char why[SVGA_WHY_SIZE];
    if (atomic_exchange(&lost_told, true))
        return CL_DEVICE_NOT_AVAILABLE;
    if (icd_session->g->detached) {
        fprintf(stderr,
                "trillium: no device: this process was forked by one that uses OpenCL, and cannot go on "
                "with it: fork before its first context is made, or exec after\n");
    } else {
        svga_guest_error(icd_session->g, why);
        fprintf(stderr, "trillium: device lost: %s\n", why);
    }
    return CL_DEVICE_NOT_AVAILABLE;
}

/* The exchange with the shortest round trip bounds the error by half of it. Of several threads one does it. */
void icd_align_clocks(uint32_t for_profile) {
    struct icd_session *s = icd_session;
    uint64_t best = UINT64_MAX;

    if (atomic_load_explicit(&s->aligned_for, memory_order_relaxed) == for_profile ||
        atomic_exchange(&s->aligned_for, for_profile) == for_profile || s->g->carrier->ops->same_cpus)
        return;
    for (int i = 0; i < 16; i++) {
        struct icd_call call;
        if (icd_call_begin(&call) != CL_SUCCESS)
            return;
        uint64_t before = svga_now_ns();
        TR_SEND(s->g, GET_CLOCK, get_clock, NULL, .slot = call.slot);
        if (icd_call_wait(&call) != CL_SUCCESS)
            return;
        uint64_t round_trip = svga_now_ns() - before;
        if (round_trip < best) {
            best = round_trip;
            s->clock_offset_ns = (int64_t)(call.value - (before + round_trip / 2));
        }
    }
}

static struct svga_carrier *open_remote(const char *address, char why[SVGA_WHY_SIZE]) {
    const char *token = icd_variable("TRILLIUM_REMOTE_TOKEN"), *ca = icd_variable("TRILLIUM_REMOTE_CA");
    const struct svga_socket_options options = {.address = address,
                                                .token_file = *token ? token : NULL,
                                                .ca_file = *ca ? ca : NULL,
                                                .strict =
                                                    strcmp(icd_variable("TRILLIUM_REMOTE_STRICT"), "0") != 0,
                                                .needs = tr_needs_of,
                                                .text = icd_console_write};
    return svga_carrier_socket_open(&options, why);
}

/* *absent: there is nothing here that looks like the device. */
static struct svga_guest *open_device(const struct icd_settings *settings, bool *absent,
                                      char why[SVGA_WHY_SIZE]) {
    const char *path = icd_variable("TRILLIUM_SHM"), *address = icd_variable("TRILLIUM_REMOTE");
    char variables[TR_VARIABLES_MAX * TR_VARIABLE_LENGTH];
    size_t size = icd_driver_variables_gather(variables);
    struct svga_carrier *carrier = *address ? open_remote(address, why)
                                   : *path  ? svga_carrier_shm_open(path, variables, size, why)
                                            : svga_carrier_virtio_open(variables, size, why);
    *absent = !carrier && !*path && !*address && errno == ENOENT;
    return carrier ? svga_guest_open(carrier, TR_VERSION, settings->spin_us, why) : NULL;
}

/* Once for each reason: whoever looks again and again is not told again and again. */
static void say_no_device(const char *why) {
    static char said[SVGA_WHY_SIZE];
    if (strcmp(said, why) == 0)
        return;
    snprintf(said, sizeof said, "%s", why);
    fprintf(stderr, "trillium: no device: %s\n", why);
}

struct icd_session *icd_session_get(void) {
    svga_lock_take(&open_lock);
    if (!icd_session && strcmp(icd_variable("TRILLIUM_WORKER"), "0") == 0) {
        char why[SVGA_WHY_SIZE] = "";
        if (icd_settings_read(&the_session.settings)) {
            bool absent;
            the_session.g = open_device(&the_session.settings, &absent, why);
            if (!the_session.g && (!absent || icd_asked_for()))
                say_no_device(why);
        }
        if (the_session.g) {
            icd_session = &the_session;
            icd_choose_calls(the_session.settings.debug);
            if (the_session.settings.debug)
                icd_driver_variables_say(*icd_variable("TRILLIUM_REMOTE") == 0);
            begin(&the_session.settings);
        }
    }
    struct icd_session *s = icd_session && !icd_session->g->detached ? icd_session : NULL;
    svga_lock_give(&open_lock);
    return s;
}

cl_int icd_session_need(void) {
    if (icd_session_get())
        return CL_SUCCESS;
    return icd_session ? icd_session_error() : CL_DEVICE_NOT_AVAILABLE;
}
