// SPDX-License-Identifier: MIT
/*
 * host-backend/vm/fetch.sh, which the program carries in itself.
 */
#ifndef HOST_BACKEND_VM_FETCH_H
#define HOST_BACKEND_VM_FETCH_H

#include <stdbool.h>

/* Runs `fetch.sh verb a [b]` (b may be NULL); its progress goes to stderr unless `quiet`, its errors in any
 * case. 0, or -1 (it has said why on stderr). */
int vm_fetch_script(const char *verb, const char *a, const char *b, bool quiet);

#endif
