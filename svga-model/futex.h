// SPDX-License-Identifier: MIT
/*
 * futex(2) on words that processes share (never the private kind), the fence that a sleeper needs, and the
 * pause of a spin loop.
 */
#ifndef SVGA_MODEL_FUTEX_H
#define SVGA_MODEL_FUTEX_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Sleeps while *word == expected, at most timeout_us (< 0: for ever), or spuriously. 0, or -ETIMEDOUT. */
static inline int svga_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_us) {
    struct timespec ts = {.tv_sec = timeout_us / 1000000, .tv_nsec = timeout_us % 1000000 * 1000};
    long r = syscall(SYS_futex, word, FUTEX_WAIT, expected, timeout_us < 0 ? NULL : &ts, NULL, 0);
    return r < 0 && errno == ETIMEDOUT ? -ETIMEDOUT : 0;
}

/* Wakes up to `count` sleepers. */
static inline void svga_futex_wake(_Atomic uint32_t *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

/*
 * Between a store and a load of another word, where two sides each write their own word and then read the
 * other's: one of them sees what the other wrote, so a wake-up is not lost. It publishes no data; that is
 * done by release and acquire on the words. ThreadSanitizer knows no fences and therefore misses nothing
 * here.
 */
static inline void svga_handshake_fence(void) {
#ifdef __SANITIZE_THREAD__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
    atomic_thread_fence(memory_order_seq_cst);
#ifdef __SANITIZE_THREAD__
#pragma GCC diagnostic pop
#endif
}

static inline void svga_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline uint64_t svga_now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

#endif
