// SPDX-License-Identifier: MIT
/*
 * The hand: how a VM's memory comes into a worker that must not hold a descriptor of it.
 *
 * A worker is native code of its guest's from the first kernel on, and a descriptor of a VM's memory gives
 * all of it. So regions of a VM are mapped by whoever holds that memory, through a *hand*: a process that
 * shares the worker's addresses, but not its descriptors. It can make no system call but those of this header,
 * and none of these without the holder's leave (seccomp's user notification): the holder sees the arguments,
 * which are in registers where nobody can change them any more, lets a call go on only if it is the very one
 * that is due, and lends the hand the descriptor for that call alone. The worker may take the hand's program
 * over, since it shares its memory; that gains it nothing.
 *
 * The hand is made before the worker has read a byte of a guest. What the holder gets: `calls`, the
 * notifications; `jobs`, memory that the hand reads its operations from; `maps`, the worker's /proc/PID/maps,
 * to see that a mapping is gone; `life`, its /proc/PID/pagemap, which reads as empty once nobody has the
 * worker's memory any more.
 */
#ifndef SVGA_MODEL_HAND_H
#define SVGA_MODEL_HAND_H

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum svga_hand_fd { SVGA_HAND_CALLS, SVGA_HAND_JOBS, SVGA_HAND_MAPS, SVGA_HAND_LIFE, SVGA_HAND_FDS };

enum svga_hand_kind {
    SVGA_HAND_MAP = 1,     /* `length` bytes at `offset` of the descriptor, shared, at `address` */
    SVGA_HAND_NO_FORK = 2, /* children of the worker do not get them */
    SVGA_HAND_BLANK = 3,   /* nothing at `address` any more, but it stays reserved */
};

struct svga_hand_op {
    uint64_t kind, address, length, offset;
};

#define SVGA_HAND_MAX_OPS 65536u /* of a job */
#define SVGA_HAND_FILE 3         /* the number by which the hand has the descriptor */

/* "What next?", with the number of operations that failed. Never carried out: the answer is the number of
 * operations to read from `jobs`. */
#define SVGA_HAND_NEXT SYS_getppid

/* The system call that carries an operation out. False: of no kind. Part of its caller, as the hand is not to be
 * instrumented by a sanitizer. */
static inline __attribute__((always_inline)) int svga_hand_call(const struct svga_hand_op *op, long *number,
                                                                uint64_t args[6]) {
    args[0] = op->address;
    args[1] = op->length;
    args[2] = args[3] = args[4] = args[5] = 0;
    *number = SYS_mmap;
    switch (op->kind) {
    case SVGA_HAND_MAP:
        args[2] = PROT_READ | PROT_WRITE;
        args[3] = MAP_SHARED | MAP_FIXED;
        args[4] = SVGA_HAND_FILE;
        args[5] = op->offset;
        return 1;
    case SVGA_HAND_BLANK:
        args[2] = PROT_NONE;
        args[3] = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
        args[4] = UINT64_MAX;
        return 1;
    case SVGA_HAND_NO_FORK:
        *number = SYS_madvise;
        args[2] = MADV_DONTFORK;
        return 1;
    default:
        return 0;
    }
}

/*
 * Makes a hand for the calling process, which has one thread. From here on the process cannot stretch, move
 * or pin a mapping, nor look into the hand. fds: the four descriptors; they are for the holder, and to be
 * closed here before a guest's first byte is read. 0, or a negative errno: -ENOSYS where the kernel (before
 * 5.9) or the processor is not known to do.
 */
int svga_hand_make(int fds[SVGA_HAND_FDS]);

#endif
