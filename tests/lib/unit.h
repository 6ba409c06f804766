// SPDX-License-Identifier: MIT
/* What unit tests start from: cmocka and a few helpers. */
#ifndef TESTS_LIB_UNIT_H
#define TESTS_LIB_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* xorshift32: the same numbers in every run. *state is not 0. */
uint32_t unit_random(uint32_t *state);

/* Descriptors that this process has open. */
unsigned unit_open_fds(void);

/* Children of this process, whichever of its threads started them. Returns how many there are, at most UNIT_CHILDREN. */
enum { UNIT_CHILDREN = 64 };
size_t unit_children(int pids[UNIT_CHILDREN]);

/* Standard error is kept, */
void unit_errors_begin(void);
/* until now: what came, up to 64 KiB of it. It stays until the next call. */
const char *unit_errors_end(void);
/* How often a text is in it. */
unsigned unit_count(const char *text, const char *wanted);

/* A memfd of `size` zero bytes; the caller closes it. */
int unit_memfd(size_t size);

#endif
