// SPDX-License-Identifier: MIT
/*
 * Answers of the host that never change, kept by key. Looking one up takes no lock; entries are never changed
 * or removed while the cache lives.
 *
 * Threads: any; clear only when nobody else can look.
 */
#ifndef GUEST_ICD_SESSION_INFO_CACHE_H
#define GUEST_ICD_SESSION_INFO_CACHE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct icd_info_entry {
    struct icd_info_entry *next;
    uint64_t key;
    size_t size;
    _Alignas(16) unsigned char bytes[];
};

enum { ICD_INFO_BUCKETS = 64 };

/* Starts as all zeros. */
struct icd_info_cache {
    _Atomic(struct icd_info_entry *)
        buckets[ICD_INFO_BUCKETS]; /* release when an entry is pushed, acquire to look */
};

const struct icd_info_entry *icd_info_cache_find(struct icd_info_cache *cache, uint64_t key);
/* Copies the bytes in. NULL if memory is out. Where two threads add the same key, either entry is found. */
const struct icd_info_entry *icd_info_cache_add(struct icd_info_cache *cache, uint64_t key, const void *bytes,
                                                size_t size);
void icd_info_cache_clear(struct icd_info_cache *cache);

#endif
