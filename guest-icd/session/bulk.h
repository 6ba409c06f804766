// SPDX-License-Identifier: MIT
/*
 * Copying between the application's memory and shared memory.
 *
 * Large pieces into memory that the application may never have touched: where its pages are missing they are
 * written to the file that they are of (svga-model/fresh.h), or made in batches, which costs half of one page
 * fault each. On a CPU that QEMU emulates (TCG): by 64-bit words, for the vector loops of the C library's memcpy are emulated at 0.4 to 2.8 GB/s, words at 4.8.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_SESSION_BULK_H
#define GUEST_ICD_SESSION_BULK_H

#include <stddef.h>

/* As memcpy. */
void icd_copy_memory(void *to, const void *from, size_t size);

/* What icd_copy_memory does on an emulated CPU; as memcpy. */
void icd_copy_words(void *to, const void *from, size_t size);

#endif
