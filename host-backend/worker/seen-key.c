// SPDX-License-Identifier: MIT
#include "host-backend/worker/seen-key.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the drivers' compilers read from their environment. */
static bool is_driver_variable(const char *variable) {
    static const char *const prefixes[] = {"POCL_",  "RUSTICL_", "CUDA_", "CLOVER_",       "MESA_",
                                           "LP_",    "GALLIUM_", "RADV_", "AMD_",          "GPU_",
                                           "ROC_",   "IGC_",     "NEO",   "OCLGRIND",      "CL_CONFIG_",
                                           "INTEL_", "LLVM_",    "CPATH", "C_INCLUDE_PATH"};
    /* Where a driver keeps things and what it says says nothing of what it builds. */
    static const char *const others[] = {
        "POCL_AFFINITY=", "POCL_CACHE_DIR=", "POCL_DEBUG=", "MESA_SHADER_CACHE_DIR=", "CUDA_CACHE_PATH="};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strncmp(variable, others[i], strlen(others[i])) == 0)
            return false;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A digest of the drivers' variables, in whatever order they stand. */
static struct cache_digest environment_digest(void) {
    size_t all = 0, count = 0;
    while (environ[all])
        all++;
    char **list = calloc(all + 1, sizeof *list);
    struct iovec *parts = calloc(all + 1, sizeof *parts);
    for (size_t i = 0; list && i < all; i++)
        if (is_driver_variable(environ[i]))
            list[count++] = environ[i];
    if (list)
        qsort(list, count, sizeof *list, by_text);
    for (size_t i = 0; list && parts && i < count; i++)
        parts[i] = (struct iovec){list[i], strlen(list[i])};
    struct cache_digest digest = cache_digest(parts, parts && list ? (unsigned)count : 0);
    free(list);
    free(parts);
    return digest;
}

struct key {
    struct iovec parts[12];
    unsigned count;
};

static void key_part(struct key *k, const void *data, size_t size) {
    k->parts[k->count++] = (struct iovec){(void *)data, size};
}

static void key_text(struct key *k, const char *text) {
    key_part(k, text ? text : "", text ? strlen(text) : 0);
}

struct cache_digest seen_key(const char *what, uint32_t ir_kind, const struct ir *ir, const struct ir *files,
                             const char *options, const struct driver_device *d) {
    struct key key = {0}, *k = &key;
    char *driver_version = driver_device_string(d->id, CL_DRIVER_VERSION);
    struct cache_digest environment = environment_digest();

    key_text(k, what);
    key_part(k, &ir_kind, sizeof ir_kind);
    key_part(k, ir->bytes, ir->size);
    key_part(k, files ? files->bytes : "", files ? files->size : 0);
    key_text(k, options);
    key_text(k, d->platform->name);
    key_text(k, d->platform->version_text);
    key_text(k, d->name);
    key_text(k, d->version_text);
    key_text(k, driver_version);
    key_part(k, &environment, sizeof environment);
    struct cache_digest digest = cache_digest(k->parts, k->count);
    free(driver_version);
    return digest;
}
