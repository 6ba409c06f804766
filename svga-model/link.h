// SPDX-License-Identifier: MIT
/*
 * The link: how whoever holds a guest's memory tells a session's device half about it.
 *
 * One SOCK_SEQPACKET Unix socket per session. On the shm carrier the guest process is at the other end; on
 * the virtio-gpu carrier it is the VM's front, which speaks for one guest context. The device half therefore
 * knows one protocol. Commands never travel here: they go through the FIFO in memory that both sides map.
 *
 * One datagram is one message: a struct svga_link_msg, `piece_count` struct svga_link_piece after it, and up
 * to SVGA_LINK_MAX_FDS descriptors in SCM_RIGHTS. The receiver owns the descriptors.
 *
 * Order of a session:
 *   0. VARIABLES (optional): read by whoever starts the worker. The device half passes over it.
 *   1. GMR_DEFINE of region SVGA_GMR_BAR (0): the BAR. The device maps it and fills the register file.
 *   2. IRQFD (optional): an eventfd that the device writes, besides the futex wake of SVGA_FIFO_IRQ_SEQ, at
 * an interrupt.
 *   3. the guest sets up the FIFO words; REG_WRITE CONFIG_DONE = 1: the device starts to read commands.
 *   4. GMR_DEFINE / GMR_DELETE as the guest makes and drops regions.
 *   5. the socket closes: the session ends, its worker exits. The worker's end closing means that nothing
 * maps the guest's memory any more.
 *
 * Answers: messages carry `seq`, ascending from 1. When the device has carried out a message it writes
 * SVGA_FIFO_LINK_STATUS, then SVGA_FIFO_LINK_ACK = seq, and raises the interrupt if it is armed. A message
 * whose flags have SVGA_LINK_WANT_REPLY is also answered on the socket with type SVGA_LINK_REPLY, the same
 * seq and the status (the front uses that for GMR_DELETE: guest pages may be given back only then).
 */
#ifndef SVGA_MODEL_LINK_H
#define SVGA_MODEL_LINK_H

#include <errno.h>
#include <stdint.h>

enum svga_link_type {
    SVGA_LINK_GMR_DEFINE = 1, /* id, arg = size in bytes, pieces; may be continued by GMR_PIECES */
    SVGA_LINK_GMR_PIECES =
        2, /* id, more pieces of the region being defined; the last has no SVGA_LINK_MORE */
    SVGA_LINK_GMR_DELETE = 3, /* id */
    SVGA_LINK_REG_WRITE = 4,  /* id = register, arg = value */
    SVGA_LINK_IRQFD = 5,      /* one fd: an eventfd */
    SVGA_LINK_REPLY = 6,      /* device to peer: seq, arg = status (0 or a positive errno) */
    SVGA_LINK_WAIT =
        7, /* to the peer, before a device half is there: who hands them out lives; wait on. seq 0 */
    SVGA_LINK_VARIABLES = 9, /* before all others, from a guest: what its worker's environment is to have, as
                                strings NAME=VALUE, each ended by a NUL, in the place of the pieces, filled up with
                                NULs. seq 0; not answered */
    SVGA_LINK_REFUSED =
        10, /* to the peer, in the place of a device half: why there is none, as a string that ends
                                with a NUL, in the place of the pieces, filled up with NULs. seq 0 */
    SVGA_LINK_HAND = 8, /* before the BAR: asks for the device's hand (hand.h); the reply has its descriptors.
                           ENOTSUP: it has none */
};

enum svga_link_flags {
    SVGA_LINK_MORE = 1,       /* GMR_DEFINE/GMR_PIECES: further GMR_PIECES follow */
    SVGA_LINK_WANT_REPLY = 2, /* answer on the socket too */
    SVGA_LINK_BY_HAND = 4,    /* GMR_DEFINE without pieces, with MORE: the peer maps them by the hand, at the
                                 address that the reply names; a GMR_PIECES without pieces says that it has */
};

#define SVGA_LINK_MAX_FDS 8u
#define SVGA_LINK_MAX_PIECES 512u /* in one datagram */

struct svga_link_msg {
    uint32_t type;
    uint32_t flags;
    uint32_t seq;
    uint32_t id;
    uint64_t arg;
    uint32_t piece_count;
    uint32_t reserved;
    uint64_t address; /* GMR_DEFINE: where the region must lie in the device half too, in one of
                         SVGA_PLACED_RANGES; 0: anywhere. REPLY to one BY_HAND: where it lies */
};

/* A run of memory: `length` bytes at `offset` of the datagram's descriptor number `fd`. Page-aligned (4096).
 */
struct svga_link_piece {
    uint32_t fd;
    uint32_t reserved;
    uint64_t offset;
    uint64_t length;
};

/* What SVGA_FIFO_LINK_STATUS says, as a negative errno. It is the device's word: what is no errno is a broken
 * promise, and never success. */
static inline int svga_link_result(uint32_t status) {
    return status <= 4095 ? -(int)status : -EPROTO;
}

#endif
