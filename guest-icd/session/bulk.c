// SPDX-License-Identifier: MIT
#include "guest-icd/session/bulk.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "guest-icd/session/session.h"
#include "guest-icd/session/stats.h"
#include "svga-model/populate.h"

enum {
    WORDS_BYTES = 256,    /* from here on the way of copying counts */
    BULK_BYTES = 1 << 20, /* from here on pages may be worth a look */
    PIECE_BYTES =
        1 << 20, /* fits into the caches, so that new pages are filled while they are still in there */
};

/* QEMU's emulation says so in the CPUID leaf that hypervisors sign (QEMU target/i386/cpu.c). */
static bool ask_emulated(void) {
#ifdef __x86_64__
    unsigned a, signature[3], c, d;
    const unsigned hypervisor = 1u << 31;
    if (__get_cpuid(1, &a, &signature[0], &c, &d) && (c & hypervisor)) {
        __cpuid(0x40000000, a, signature[0], signature[1], signature[2]);
        return memcmp(signature, "TCGTCGTCGTCG", sizeof signature) == 0;
    }
#endif
    return false;
}

static bool is_emulated(void) {
    static _Atomic int known; /* 0: not asked yet */
    int answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (answer == 0) {
        answer = ask_emulated() ? 2 : 1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == 2;
}

void icd_copy_words(void *to, const void *from, size_t size) {
    /* volatile: else the compiler makes a memcpy of it again */
    typedef uint64_t word __attribute__((may_alias, aligned(1)));
    volatile word *t = to;
    const volatile word *f = from;
    size_t words = size / sizeof(word), i = 0;

    /* Eight at a time, as registers allow: where source and target fall upon the same entry of the emulated
     * TLB, every change between them costs. */
    for (; i + 8 <= words; i += 8) {
        uint64_t w0 = f[i], w1 = f[i + 1], w2 = f[i + 2], w3 = f[i + 3];
        uint64_t w4 = f[i + 4], w5 = f[i + 5], w6 = f[i + 6], w7 = f[i + 7];
        t[i] = w0;
        t[i + 1] = w1;
        t[i + 2] = w2;
        t[i + 3] = w3;
        t[i + 4] = w4;
        t[i + 5] = w5;
        t[i + 6] = w6;
        t[i + 7] = w7;
    }
    memcpy((char *)to + i * sizeof(word), (const char *)from + i * sizeof(word), size - i * sizeof(word));
}

static void copy(void *to, const void *from, size_t size) {
    if (size >= WORDS_BYTES && is_emulated() && (!icd_session || icd_session->settings.copy_words))
        icd_copy_words(to, from, size);
    else
        memcpy(to, from, size);
}

static bool is_missing(uintptr_t page, size_t page_size) {
    unsigned char resident = 1;
    return mincore((void *)page, page_size, &resident) == 0 && !(resident & 1);
}

/* Is the first page of the piece missing, or its last one? */
static bool misses_pages(const char *piece, size_t size, size_t page_size) {
    uintptr_t first = ((uintptr_t)piece + page_size - 1) & ~(page_size - 1);
    uintptr_t end = ((uintptr_t)piece + size) & ~(page_size - 1);
    return is_missing(first, page_size) || is_missing(end - page_size, page_size);
}

/* Copies a piece whose pages are missing: into the file that they are of, where there is one; else they are made in one go. */
static void copy_new(char *to, const char *from, size_t size) {
    const struct icd_session *s = icd_session;
    size_t done = 0;

    if (s && s->settings.fill && s->g->carrier->ops->fill)
        done = s->g->carrier->ops->fill(s->g->carrier, to, from, size);
    if (done == size)
        return;
    svga_populate(to + done, size - done);
    copy(to + done, from + done, size - done);
}

/* New pages piece by piece, as they are made; whatever else lies between them in one go, for the C library
 * copies past the caches from some size on. */
static void copy_bulk(char *to, const char *from, size_t size) {
    size_t page_size = (size_t)sysconf(_SC_PAGESIZE), done = 0;

    for (size_t seen = 0; size - seen >= PIECE_BYTES; seen += PIECE_BYTES) {
        if (!misses_pages(to + seen, PIECE_BYTES, page_size))
            continue;
        copy(to + done, from + done, seen - done);
        copy_new(to + seen, from + seen, PIECE_BYTES);
        done = seen + PIECE_BYTES;
    }
    copy(to + done, from + done, size - done);
}

void icd_copy_memory(void *to, const void *from, size_t size) {
    icd_stats_copied(size);
    if (size >= BULK_BYTES)
        copy_bulk(to, from, size);
    else
        copy(to, from, size);
}
