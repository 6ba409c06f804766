// SPDX-License-Identifier: MIT
#include "guest-icd/session/info-cache.h"

#include <stdlib.h>
#include <string.h>

static _Atomic(struct icd_info_entry *) *bucket_of(struct icd_info_cache *cache, uint64_t key) {
    /* Parameters are numbered one after the other, so their low bits spread well. */
    return &cache->buckets[(key ^ key >> 32) % ICD_INFO_BUCKETS];
}

const struct icd_info_entry *icd_info_cache_find(struct icd_info_cache *cache, uint64_t key) {
    struct icd_info_entry *e = atomic_load_explicit(bucket_of(cache, key), memory_order_acquire);
    while (e && e->key != key)
        e = e->next;
    return e;
}

const struct icd_info_entry *icd_info_cache_add(struct icd_info_cache *cache, uint64_t key, const void *bytes,
                                                size_t size) {
    struct icd_info_entry *e = malloc(sizeof *e + size);
    if (!e)
        return NULL;
    e->key = key;
    e->size = size;
    if (size > 0)
        memcpy(e->bytes, bytes, size);
    _Atomic(struct icd_info_entry *) *bucket = bucket_of(cache, key);
    e->next = atomic_load_explicit(bucket, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(bucket, &e->next, e, memory_order_release,
                                                  memory_order_relaxed))
        ;
    return e;
}

void icd_info_cache_clear(struct icd_info_cache *cache) {
    for (size_t i = 0; i < ICD_INFO_BUCKETS; i++) {
        struct icd_info_entry *e = atomic_load_explicit(&cache->buckets[i], memory_order_relaxed);
        while (e) {
            struct icd_info_entry *next = e->next;
            free(e);
            e = next;
        }
        atomic_store_explicit(&cache->buckets[i], NULL, memory_order_relaxed);
    }
}
