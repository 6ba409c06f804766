// SPDX-License-Identifier: MIT
/*
 * A worker's board: one page of memory that the worker and the host's side share for as long as it lives, whoever
 * decides on the host. The host writes there what this worker may do; the worker counts there what it did.
 *
 * Each side writes its own cache lines only, and nobody else maps the page: a worker that its guest has taken over
 * can lie about itself and about nobody else. So the host takes from here what it shows to people; what it decides
 * by it measures itself (control/turns.h).
 *
 * The rule that keeps a lone guest free of cost: `gate` is 0 while the worker may do as it likes, and that one look
 * is all it does before a command. Else each command is let through by worker/turn.h.
 *
 * A turn is the right to have commands in flight on a device. The worker asks by raising `asked` to one more than
 * `granted` and ringing; it holds the turn from `granted` == `asked` until it raises `returned` to that. Everything
 * that the worker waits for changes `signal`, on which it sleeps (futex); it rings by a byte in its socket, whose end
 * also tells of its death.
 *
 * Memory and objects: accounts that both sides take from and give to (board_take), so that the sum of what a guest's
 * workers may still take and have taken is never more than the guest's limit.
 */
#ifndef HOST_BACKEND_BOARD_BOARD_H
#define HOST_BACKEND_BOARD_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
    BOARD_DEVICES = 16,     /* root devices that are shared out; further ones are nobody's business */
    BOARD_KERNELS = 48,     /* names that are counted apart; the last entry is all others together */
    BOARD_KERNEL_NAME = 48, /* with its NUL */
    BOARD_FILTER = 64,      /* of the name of devices that a guest may see, with its NUL */
};

/* The name of all kernels that are not counted apart. */
#define BOARD_OTHERS "(others)"

#define BOARD_UNLIMITED (UINT64_C(1) << 62)
#define BOARD_LINE _Alignas(64)

struct board_device {
    /* the host's */
    BOARD_LINE _Atomic uint32_t gate; /* 0: open; 1: commands need a turn */
    _Atomic uint32_t granted;
    _Atomic uint32_t depth;      /* most commands in flight; 0: as many as fit a turn */
    _Atomic uint64_t quantum_ns; /* no further command begins in a turn that is older, but for its first; may
                                    become less while the turn lasts */
    _Atomic uint64_t
        ahead_ns; /* a further command begins only while what is in flight takes less than this */
    _Atomic uint64_t
        lead_ns; /* a turn may be given back so long before its last command is expected to end */
    /* the worker's */
    BOARD_LINE _Atomic uint32_t asked;
    _Atomic uint32_t returned;
    _Atomic uint64_t commands;   /* given to the driver */
    _Atomic uint64_t busy_ticks; /* time (board_ticks) in which a command was known to be in flight */
    _Atomic uint64_t queued_ns;  /* waited for turns */
    _Atomic uint64_t bytes;      /* moved by transfers, copies and fills */
    uint64_t key;                /* names the device on this host; written before a guest's first byte */
    char name[64];               /* the same */
};

struct board_kernel {
    char name[BOARD_KERNEL_NAME];
    _Atomic uint64_t commands;
    _Atomic uint64_t device_ns; /* of those that ran in turns */
};

/* What a guest has, all its workers together: bytes of memory objects; and objects that it makes and releases one by one
 * (no events, which come and go with commands, nor command buffers). */
enum board_account { BOARD_MEMORY, BOARD_OBJECTS, BOARD_ACCOUNTS };

/* The accounts' come first, and are numbered as they are. */
enum board_limit { BOARD_LIMIT_BUILD_SECONDS = BOARD_ACCOUNTS, BOARD_LIMIT_BUILD_MEMORY, BOARD_LIMITS };

struct board {
    /* the host's */
    BOARD_LINE _Atomic uint32_t signal; /* changes with everything that the worker may wait for */
    _Atomic uint32_t answered;          /* the last request that was looked at */
    _Atomic uint64_t memory_limit;      /* what devices show as their memory; BOARD_UNLIMITED: their own */
    _Atomic uint32_t build_seconds;     /* longest build; 0: the worker's own limit */
    _Atomic uint32_t build_mib;         /* most memory of one; 0: the same */
    char filter[BOARD_FILTER]; /* devices that it may see; empty: all; written before a session begins */
    /* both sides' */
    BOARD_LINE _Atomic uint64_t left[BOARD_ACCOUNTS]; /* that the worker may take without asking */
    /* the worker's */
    BOARD_LINE _Atomic uint32_t requested; /* requests for more so far */
    _Atomic uint32_t requested_account;    /* the last one: of which account, */
    _Atomic uint64_t requested_amount;     /* and how much */
    _Atomic uint64_t now[BOARD_ACCOUNTS], peak[BOARD_ACCOUNTS];
    _Atomic uint64_t builds, build_ns;
    _Atomic uint64_t errors;             /* commands that the driver refused */
    _Atomic uint64_t hits[BOARD_LIMITS]; /* limits that were met */
    _Atomic uint32_t refused_kind;       /* of the last object that was one too many (enum tr_kind) */
    _Atomic uint32_t device_count;
    struct board_kernel kernels[BOARD_KERNELS];
    struct board_device devices[BOARD_DEVICES];
};

/* A new board with everything open, sealed at its size. A descriptor (CLOEXEC), or a negative errno. */
int board_make(void);
/* NULL with errno where the descriptor is no board: not sealed, or of another size. Unmapped by board_unmap. */
struct board *board_map(int fd);
void board_unmap(struct board *b);

/* Nobody decides any more: opens all gates and accounts, and wakes who waits. */
void board_open_all(struct board *b);
/* The worker may find something new. */
void board_signal(struct board *b);

/* Takes from an account if there is that much. */
bool board_take(_Atomic uint64_t *account, uint64_t amount);

static inline uint64_t board_read(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}
/* For counters that only one thread at a time writes; they stay at their end. */
static inline void board_add(_Atomic uint64_t *counter, uint64_t n) {
    uint64_t sum;
    if (__builtin_add_overflow(board_read(counter), n, &sum))
        sum = UINT64_MAX;
    atomic_store_explicit(counter, sum, memory_order_relaxed);
}

/* The same by one, on every command: 2^64 of them take 500 years. */
static inline void board_count(_Atomic uint64_t *counter) {
    atomic_store_explicit(counter, board_read(counter) + 1, memory_order_relaxed);
}

/* A clock that costs an instruction; how fast it goes board_ticks_to_ns knows, which must have been called once
 * some time before it is of use. */
static inline uint64_t board_ticks(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}
/* Threads: one. */
uint64_t board_ticks_to_ns(uint64_t ticks);

#endif
