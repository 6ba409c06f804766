// SPDX-License-Identifier: MIT
#include "guest-icd/session/ask.h"

#include <stdlib.h>
#include <string.h>

/* Answers start at multiples of this. */
enum { ALIGN = 16 };

static uint64_t aligned(uint64_t size) {
    return (size + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

static void put(struct icd_ask *ask, const struct icd_block *block, uint64_t offset) {
    const struct icd_query *q = &ask->query;
    struct tr_array arrays[] = {{q->input, q->input_size}};
    TR_PUT(icd_session->g, GET_INFO, get_info, arrays, .slot = ask->slot, .what = q->what,
           .object = q->object, .device = q->device, .param = q->param, .index = q->index,
           .out = icd_block_span(block, offset, ask->room));
}

/* Out of the host's reach, and ended by a NUL where the answer or its room ends. */
static void copy_answers(struct icd_ask *asks, size_t count, const struct icd_block *block, char *to) {
    uint64_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        struct tr_slot *slot = icd_slot(asks[i].slot);
        asks[i].result = slot->result;
        asks[i].size = slot->value;
        icd_slot_free(asks[i].slot);
        memcpy(to, (const char *)block->ptr + offset, asks[i].room);
        to[asks[i].size < asks[i].room ? asks[i].size : asks[i].room] = '\0';
        asks[i].bytes = to;
        offset += aligned(asks[i].room);
        to += aligned(asks[i].room + 1u);
    }
}

cl_int icd_ask_all(struct icd_ask *asks, size_t count, void **answers) {
    struct icd_block block;
    uint64_t total = 0, copied = 0, offset = 0;
    size_t slots = 0;
    for (size_t i = 0; i < count; i++) {
        total += aligned(asks[i].room);
        copied += aligned(asks[i].room + 1u);
    }
    char *copy = malloc(copied > 0 ? copied : 1);
    cl_int r = copy ? icd_pool_alloc(total, &block) : CL_OUT_OF_HOST_MEMORY;
    if (r != CL_SUCCESS) {
        free(copy);
        return r;
    }
    while (slots < count && (asks[slots].slot = icd_slot_alloc()) != TR_NO_SLOT)
        slots++;
    if (slots < count) {
        while (slots > 0)
            icd_slot_free(asks[--slots].slot);
        icd_pool_free(&block);
        free(copy);
        return svga_guest_lost(icd_session->g) ? icd_session_error() : CL_OUT_OF_HOST_MEMORY;
    }
    svga_guest_lock(icd_session->g);
    for (size_t i = 0; i < count; i++) {
        put(&asks[i], &block, offset);
        offset += aligned(asks[i].room);
    }
    svga_guest_unlock(icd_session->g);
    /* A lost device may still write: then slots and block stay taken. The last answer first: it comes last,
     * so one wait does. */
    for (size_t i = count; i > 0; i--)
        if ((r = icd_slot_wait(asks[i - 1].slot)) != CL_SUCCESS) {
            free(copy);
            return r;
        }
    copy_answers(asks, count, &block, copy);
    icd_pool_free(&block);
    *answers = copy;
    return CL_SUCCESS;
}
