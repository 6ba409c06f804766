// SPDX-License-Identifier: MIT
/*
 * Fuzzes what reads files and texts that a worker may have written, after its guest took it over, or that lay
 * on the disk: profile traces, recorded profiles, entries of the cache of built programs, facts about kernels. The first byte
 * chooses the reader, the rest is what it reads.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host-backend/broker/cache.h"
#include "host-backend/profile/record.h"
#include "host-backend/profile/report.h"
#include "host-backend/worker/facts.h"

static char folder[] = "/tmp/trillium-fuzz-XXXXXX";
static char trace_path[64], entry_path[128];
static struct cache *cache;

static void leave_nothing(void) {
    unlink(trace_path);
    unlink(entry_path);
    rmdir(folder);
}

static void begin(void) {
    if (!mkdtemp(folder) || !(cache = cache_open(folder, 1 << 20)))
        abort();
    snprintf(trace_path, sizeof trace_path, "%s/1.trace", folder);
    snprintf(entry_path, sizeof entry_path, "%s/%064d.bin", folder, 0);
    atexit(leave_nothing);
}

static void write_file(const char *path, const uint8_t *data, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

/* Everything that is made of a profile. */
static void report(struct trace_set *set) {
    static FILE *nowhere;

    if (!nowhere)
        nowhere = fopen("/dev/null", "we");
    for (size_t i = 0; i < set->count; i++)
        if (memchr(set->items[i].command.name, 0, sizeof set->items[i].command.name) == NULL)
            abort();
    if (nowhere && set->count < 1000) {
        profile_print(set, nowhere);
        profile_csv(set, nowhere);
        profile_html(set, nowhere);
        profile_diff(set, set, nowhere);
        record_put(nowhere, set);
    }
    trace_free(set);
}

static void read_record(const uint8_t *data, size_t size) {
    struct trace_set set;
    char why[256] = "";

    write_file(entry_path, data, size);
    if (record_load(entry_path, &set, why, sizeof why) == 0)
        report(&set);
    else if (!why[0])
        abort(); /* refused without a reason */
    unlink(entry_path);
}

static void read_trace(const uint8_t *data, size_t size) {
    struct trace_set set;
    char why[256] = "";

    write_file(trace_path, data, size);
    if (trace_read(folder, &set, why, sizeof why) == 0) {
        report(&set);
    } else if (!why[0]) {
        abort(); /* refused without a reason */
    }
}

/* An entry with the digest of zeros for its key. */
static void read_entry(const uint8_t *data, size_t size) {
    const struct cache_digest key = {{0}};
    void *bytes;
    size_t n;

    write_file(entry_path, data, size);
    if (cache_get(cache, &key, &bytes, &n)) {
        if (n > size)
            abort();
        free(bytes);
    } else if (access(entry_path, F_OK) == 0) {
        abort(); /* a bad entry goes */
    }
}

static void read_facts(const uint8_t *data, size_t size) {
    static const cl_kernel_arg_info params[] = {CL_KERNEL_ARG_ADDRESS_QUALIFIER,
                                                CL_KERNEL_ARG_ACCESS_QUALIFIER, CL_KERNEL_ARG_TYPE_QUALIFIER,
                                                CL_KERNEL_ARG_TYPE_NAME, CL_KERNEL_ARG_NAME};
    struct facts *f = facts_read((const char *)data, size);
    char value[64];
    size_t n;

    if (!f)
        return;
    const struct visa_kernel *k = facts_kernel(f, "k");
    facts_complete(f);
    for (unsigned i = 0; k && i < 4; i++)
        for (size_t p = 0; p < sizeof params / sizeof params[0]; p++)
            visa_arg_info(k, i, params[p], sizeof value, value, &n);
    if (k)
        visa_attributes(k, sizeof value, value, &n);
    free(facts_write(f));
    facts_unref(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!cache)
        begin();
    if (size < 1)
        return 0;
    switch (data[0] % 4) {
    case 0:
        read_trace(data + 1, size - 1);
        break;
    case 1:
        read_entry(data + 1, size - 1);
        break;
    case 2:
        read_facts(data + 1, size - 1);
        break;
    default:
        read_record(data + 1, size - 1);
        break;
    }
    return 0;
}
