// SPDX-License-Identifier: MIT
/*
 * The messages of the vhost-user protocol that a virtio-gpu back-end meets, after QEMU's
 * docs/interop/vhost-user.rst. Numbers are the host's byte order; both ends are on one machine.
 */
#ifndef SVGA_MODEL_VHOST_USER_PROTOCOL_H
#define SVGA_MODEL_VHOST_USER_PROTOCOL_H

#include <stdint.h>

enum vu_request {
    VU_GET_FEATURES = 1,
    VU_SET_FEATURES = 2,
    VU_SET_OWNER = 3,
    VU_RESET_OWNER = 4,
    VU_SET_MEM_TABLE = 5,
    VU_SET_VRING_NUM = 8,
    VU_SET_VRING_ADDR = 9,
    VU_SET_VRING_BASE = 10,
    VU_GET_VRING_BASE = 11,
    VU_SET_VRING_KICK = 12,
    VU_SET_VRING_CALL = 13,
    VU_SET_VRING_ERR = 14,
    VU_GET_PROTOCOL_FEATURES = 15,
    VU_SET_PROTOCOL_FEATURES = 16,
    VU_GET_QUEUE_NUM = 17,
    VU_SET_VRING_ENABLE = 18,
    VU_SET_BACKEND_REQ_FD = 21,
    VU_GET_CONFIG = 24,
    VU_SET_CONFIG = 25,
    VU_GPU_SET_SOCKET = 33,
    VU_RESET_DEVICE = 34,
};

#define VU_FLAG_VERSION 0x1u
#define VU_FLAG_VERSION_MASK 0x3u
#define VU_FLAG_REPLY 0x4u
#define VU_FLAG_NEED_REPLY 0x8u

/* Feature bit 30: protocol features are spoken, and a ring starts disabled. */
#define VU_F_PROTOCOL_FEATURES (1ull << 30)
#define VU_PROTOCOL_F_REPLY_ACK (1ull << 3)
#define VU_PROTOCOL_F_BACKEND_REQ (1ull << 5)
#define VU_PROTOCOL_F_CONFIG (1ull << 9)

#define VU_PROTOCOL_F_RESET_DEVICE (1ull << 13)

#define VU_MAX_REGIONS 8u
#define VU_MAX_CONFIG 256u

struct vu_header {
    uint32_t request;
    uint32_t flags;
    uint32_t size; /* bytes of payload that follow */
};

struct vu_vring_state {
    uint32_t index;
    uint32_t num;
};

struct vu_vring_addr {
    uint32_t index;
    uint32_t flags;
    uint64_t desc; /* these three: addresses of the front-end's process */
    uint64_t used;
    uint64_t avail;
    uint64_t log;
};

/* Payload of SET_VRING_KICK, CALL and ERR. */
#define VU_VRING_FD_INDEX_MASK 0xffu
#define VU_VRING_FD_NONE 0x100u

struct vu_memory_region {
    uint64_t guest_addr;
    uint64_t size;
    uint64_t user_addr; /* of the front-end's process */
    uint64_t mmap_offset;
};

struct vu_memory_table {
    uint32_t count;
    uint32_t padding;
    struct vu_memory_region regions[VU_MAX_REGIONS];
};

struct vu_config {
    uint32_t offset;
    uint32_t size;
    uint32_t flags;
    uint8_t bytes[VU_MAX_CONFIG];
};

union vu_payload {
    uint64_t u64;
    struct vu_vring_state state;
    struct vu_vring_addr addr;
    struct vu_memory_table memory;
    struct vu_config config;
};

#endif
