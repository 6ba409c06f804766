// SPDX-License-Identifier: MIT
/*
 * The guest's RAM as the back-end sees it: vhost-user's memory table, mapped.
 *
 * A table is counted: messages that still have to be sent with its descriptors keep it alive when the
 * front-end replaces it. Guest addresses come from the guest and are checked here; every length is checked
 * against the region that holds its first byte.
 */
#ifndef SVGA_MODEL_VHOST_USER_MEMORY_H
#define SVGA_MODEL_VHOST_USER_MEMORY_H

#include <stddef.h>

#include "host-backend/vhost-user/message.h"

struct vu_memory {
    unsigned refs;
    unsigned count;
    struct vu_mapped_region {
        uint64_t guest_addr, size, user_addr;
        uint64_t offset; /* of guest_addr in fd */
        int fd;
        uint8_t *ptr;
    } regions[VU_MAX_REGIONS];
};

/* Maps the table of a SET_MEM_TABLE message and takes its descriptors. NULL with errno. */
struct vu_memory *vu_memory_create(struct vu_message *m);
struct vu_memory *vu_memory_ref(struct vu_memory *memory);
void vu_memory_unref(struct vu_memory *memory); /* may be NULL */

/* The region that holds all of [guest_addr, guest_addr + size), or -1. */
int vu_memory_find(const struct vu_memory *memory, uint64_t guest_addr, uint64_t size);

/* A pointer to [guest_addr, guest_addr + size), or NULL if that is not all inside one region. */
void *vu_memory_guest(const struct vu_memory *memory, uint64_t guest_addr, uint64_t size);

/* The same for an address of the front-end's process (ring addresses are given so). */
void *vu_memory_user(const struct vu_memory *memory, uint64_t user_addr, uint64_t size);

#endif
