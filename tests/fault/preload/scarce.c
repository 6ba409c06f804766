// SPDX-License-Identifier: MIT
/*
 * Preloaded: lets one allocation fail that a certain object of the process asks for, and no other.
 *
 *   SCARCE_IN=TEXT     calls from the object whose path ends so count ("" is the program itself)
 *   SCARCE_AT=N        the N-th of them fails, from 1; 0: none
 *   SCARCE_COUNT=FILE  how many there were is written there at the end
 *
 * What the C library allocates for itself never fails.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static _Atomic unsigned long calls;

static bool counts(void *caller) {
    const char *where = getenv("SCARCE_IN");
    struct dl_find_object object;

    if (!where || _dl_find_object(caller, &object) != 0)
        return false;
    const char *name = object.dlfo_link_map->l_name;
    size_t n = strlen(name), m = strlen(where);
    return m == 0 ? n == 0 : n >= m && strcmp(name + n - m, where) == 0;
}

static bool fails(void *caller) {
    const char *at = counts(caller) ? getenv("SCARCE_AT") : NULL;

    if (!at || atomic_fetch_add(&calls, 1) + 1 != strtoul(at, NULL, 10))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    if (fails(__builtin_return_address(0)))
        return ENOMEM;
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : ENOMEM;
}

char *strdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("SCARCE_COUNT");
    FILE *out = path ? fopen(path, "we") : NULL;

    if (!out)
        return;
    fprintf(out, "%lu\n", atomic_load(&calls));
    fclose(out);
}
