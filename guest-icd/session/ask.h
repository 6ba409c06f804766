// SPDX-License-Identifier: MIT
/*
 * Many GET_INFO queries with one wait: they are written in one go, and the thread waits for the last answer
 * only.
 */
#ifndef GUEST_ICD_SESSION_ASK_H
#define GUEST_ICD_SESSION_ASK_H

#include "guest-icd/session/pool.h"
#include "guest-icd/session/session.h"

struct icd_ask {
    struct icd_query query;
    uint32_t room; /* bytes that the answer may take */
    /* filled in: */
    cl_int result;
    const void *bytes; /* among the answers; a NUL follows behind `room` */
    size_t size;       /* what the answer takes; more than `room`: only icd_query_alloc can get it */
    uint32_t slot;     /* icd_ask_all's own */
};

/*
 * Asks all. CL_SUCCESS if there is an answer to each, good or bad; then they lie in *answers, out of the
 * host's reach, until the caller frees it (free). An error: no device or no memory, and nothing to free.
 */
cl_int icd_ask_all(struct icd_ask *asks, size_t count, void **answers);

/* The answer's value if it is a number of that type, or `otherwise`. */
#define ICD_ANSWER(ask, type, otherwise)                                                                     \
    ((ask)->result == CL_SUCCESS && (ask)->size == sizeof(type) ? *(const type *)(ask)->bytes                \
                                                                : (type)(otherwise))

#endif
