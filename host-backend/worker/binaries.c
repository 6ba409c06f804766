// SPDX-License-Identifier: MIT
#include "host-backend/worker/binaries.h"

#include <stdlib.h>
#include <string.h>

#include "host-backend/cache/ask.h"
#include "host-backend/worker/handlers.h"

/* Behind a driver's binary. */
struct trailer {
    char magic[8];
    struct cache_digest mac;
};

static const char magic[8] = "TRILBIN1";

/* The tenant's digest of a device's binary. False where the host has no key. */
static bool sign(struct session *s, cl_device_id id, const void *binary, size_t size,
                 struct cache_digest *mac) {
    static const char what[] = "trillium binary 1";
    const struct driver_device *d = NULL;

    for (uint32_t i = 0; i < s->driver->device_count && !d; i++)
        if (s->driver->devices[i]->id == id)
            d = s->driver->devices[i];
    if (!d || !s->store)
        return false;
    char *version = driver_device_string(id, CL_DRIVER_VERSION);
    const char *texts[] = {d->platform->name, d->platform->version_text, d->name, version};
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    struct iovec parts[TEXTS + 2] = {{(void *)what, sizeof what}, {(void *)binary, size}};
    for (int i = 0; i < TEXTS; i++)
        parts[i + 2] = (struct iovec){(void *)texts[i], texts[i] ? strlen(texts[i]) : 0};
    struct cache_digest digest = cache_digest(parts, TEXTS + 2);
    free(version);
    return store_mac(s->store, &digest, mac);
}

/* Is this a binary of this host's? Its size without the trailer; 0: no. */
static size_t recognize(struct session *s, cl_device_id device, const unsigned char *binary, size_t size) {
    struct cache_digest mac;
    struct trailer t;

    if (size <= sizeof t)
        return 0;
    memcpy(&t, binary + size - sizeof t, sizeof t);
    size -= sizeof t;
    return memcmp(t.magic, magic, sizeof magic) == 0 && sign(s, device, binary, size, &mac) &&
                   memcmp(&t.mac, &mac, sizeof mac) == 0
               ? size
               : 0;
}

/* What the guest gave, as the driver wants it. */
struct given {
    cl_device_id devices[DRIVER_MAX_DEVICES];
    size_t *sizes;
    const unsigned char **binaries;
    cl_int *statuses;
};

/* Cuts the bytes into binaries, and takes the trailers off. */
static cl_int cut(struct session *s, struct given *g, const uint64_t *lengths, uint32_t count,
                  const char *bytes, size_t size) {
    cl_int r = CL_SUCCESS;
    uint64_t offset = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (lengths[i] > size - offset) {
            session_violation(s, "create_program: the binaries are cut short");
            return CL_INVALID_BINARY;
        }
        g->binaries[i] = (const unsigned char *)bytes + offset;
        g->sizes[i] = recognize(s, g->devices[i], g->binaries[i], lengths[i]);
        g->statuses[i] = g->sizes[i] > 0 ? CL_SUCCESS : CL_INVALID_BINARY;
        if (g->sizes[i] == 0)
            r = CL_INVALID_BINARY;
        offset += lengths[i];
    }
    return r;
}

cl_program binaries_take(struct session *s, struct program *p, const struct tr_create_program *c,
                         const struct tr_view *v, const char *bytes, size_t size, cl_int *r) {
    uint32_t count = c->devices_count;
    cl_program cl = NULL;
    struct given g;

    if (!devices_of(s, p->context->platform, v->arrays[0], count, g.devices))
        return NULL;
    if (count == 0 || c->lengths_count != count ||
        (c->out.length > 0 && c->out.length < count * sizeof(cl_int))) {
        session_violation(s, "create_program: %u binaries for %u devices", c->lengths_count, count);
        return NULL;
    }
    g.sizes = calloc(count, sizeof *g.sizes);
    g.binaries = calloc(count, sizeof *g.binaries);
    g.statuses = calloc(count, sizeof *g.statuses);
    *r = CL_OUT_OF_HOST_MEMORY;
    if (g.sizes && g.binaries && g.statuses) {
        *r = cut(s, &g, v->arrays[1], count, bytes, size);
        if (*r == CL_SUCCESS) /* they are freed below, which the analyzer cannot see */
            /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
            cl = clCreateProgramWithBinary(p->context->cl, count, g.devices, g.sizes, g.binaries, g.statuses,
                                           r);
        if (!s->over && c->out.length > 0)
            memcpy(session_span(s, c->out), g.statuses, count * sizeof *g.statuses);
    }
    free(g.sizes);
    free(g.binaries);
    free(g.statuses);
    return cl;
}

/* ---- the way back ---- */

static size_t with_trailer(size_t size) {
    return size > 0 ? size + sizeof(struct trailer) : 0;
}

cl_int binaries_sizes(cl_program cl, size_t size, void *value, size_t *needed) {
    cl_int r = clGetProgramInfo(cl, CL_PROGRAM_BINARY_SIZES, size, value, needed);
    size_t *sizes = value;

    for (size_t i = 0; r == CL_SUCCESS && value && i < *needed / sizeof *sizes; i++)
        sizes[i] = with_trailer(sizes[i]);
    return r;
}

struct taken {
    cl_device_id *devices;
    size_t *sizes; /* without trailers */
    unsigned char **binaries, *bytes;
    uint64_t total; /* with them */
};

/* Where each binary goes, with room for its trailer. */
static cl_int lay_out(struct taken *t, cl_uint count) {
    uint64_t offset = 0;

    t->bytes = malloc(t->total);
    if (!t->bytes)
        return CL_OUT_OF_HOST_MEMORY;
    for (cl_uint i = 0; i < count; i++) {
        t->binaries[i] = t->sizes[i] > 0 ? t->bytes + offset : NULL;
        offset += with_trailer(t->sizes[i]);
    }
    return CL_SUCCESS;
}

static void append_trailers(struct session *s, struct taken *t, cl_uint count) {
    struct trailer trailer;

    memcpy(trailer.magic, magic, sizeof magic);
    for (cl_uint i = 0; i < count; i++) {
        if (!t->binaries[i])
            continue;
        /* Without a key the binary could never be taken again; the guest may have it all the same. */
        if (!sign(s, t->devices[i], t->binaries[i], t->sizes[i], &trailer.mac))
            memset(&trailer.mac, 0, sizeof trailer.mac);
        memcpy(t->binaries[i] + t->sizes[i], &trailer, sizeof trailer);
    }
}

static cl_int fetch(struct session *s, struct taken *t, cl_program cl, cl_uint count, struct tr_span out) {
    cl_int r = clGetProgramInfo(cl, CL_PROGRAM_BINARY_SIZES, count * sizeof *t->sizes, t->sizes, NULL);

    for (cl_uint i = 0; r == CL_SUCCESS && i < count; i++)
        t->total += with_trailer(t->sizes[i]);
    if (r != CL_SUCCESS || t->total == 0 || t->total > out.length)
        return r;
    r = clGetProgramInfo(cl, CL_PROGRAM_DEVICES, count * sizeof(cl_device_id), t->devices, NULL);
    if (r == CL_SUCCESS)
        r = lay_out(t, count);
    if (r == CL_SUCCESS)
        r = clGetProgramInfo(cl, CL_PROGRAM_BINARIES, count * sizeof *t->binaries, t->binaries, NULL);
    if (r == CL_SUCCESS)
        append_trailers(s, t, count);
    if (r == CL_SUCCESS)
        memcpy(session_span(s, out), t->bytes, t->total);
    return r;
}

cl_int binaries_give(struct session *s, struct program *p, struct tr_span out, uint64_t *needed) {
    struct taken t = {0};
    cl_uint count = 0;

    cl_int r = clGetProgramInfo(p->cl, CL_PROGRAM_NUM_DEVICES, sizeof count, &count, NULL);
    if (r != CL_SUCCESS || count == 0)
        return r;
    t.devices = calloc(count, sizeof(cl_device_id));
    t.sizes = calloc(count, sizeof *t.sizes);
    t.binaries = calloc(count, sizeof *t.binaries);
    r = t.devices && t.sizes && t.binaries ? fetch(s, &t, p->cl, count, out) : CL_OUT_OF_HOST_MEMORY;
    *needed = t.total;
    free(t.devices);
    free(t.sizes);
    free(t.binaries);
    free(t.bytes);
    return r;
}
