/*
 * memcpy for large pieces into memory that the application may never have touched: where its pages are
 * missing they are made in batches, which costs half of one page fault each.
 */
#ifndef GUEST_ICD_BULK_H
#define GUEST_ICD_BULK_H

#include <stddef.h>

void icd_bulk_copy(void *to, const void *from, size_t size);

#endif
