// SPDX-License-Identifier: MIT
#include "host-backend/worker/spirv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host-backend/cache/ask.h"
#include "host-backend/worker/build.h"
#include "host-backend/worker/deadline.h"
#include "host-backend/worker/ir.h"
#include "host-backend/worker/program.h"
#include "host-backend/worker/seen-key.h"
#include "host-backend/worker/session.h"
#include "svga-model/futex.h"
#include "svga-model/visa/apart/host.h"
#include "svga-model/visa/query.h"

static const uint32_t *words_of(const struct ir *module) {
    return (const uint32_t *)(const void *)module->bytes;
}

/* A device's features, as the validator wants them. */
static int ask(void *device, uint32_t param, size_t size, void *value, size_t *size_ret) {
    return clGetDeviceInfo(device, param, size, value, size_ret);
}

/* ---- validation ---- */

/* That a module is valid for a device, in the tenant's cache. `what` counts the changes of the rules. */
static struct cache_digest verdict_key(const struct ir *m, const struct driver_device *device) {
    return seen_key("trillium valid 1", TR_IR_SPIRV, m, NULL, NULL, device);
}

static bool was_valid(struct session *s, const struct cache_digest *key) {
    void *data = NULL;
    size_t size;
    bool found = s->seen && store_get(s->store, key, &data, &size);

    free(data);
    return found;
}

static void note_valid(struct session *s, const struct cache_digest *key) {
    if (s->seen)
        store_put(s->store, key, "", 1);
}

/* By the process apart. The reason goes to the program's log. */
static cl_int ask_validator(struct program *p, const struct ir *m, const struct driver_device *device) {
    char why[VISA_WHY_SIZE] = "", log[VISA_WHY_SIZE + 64];
    const struct visa_host *visa = visa_host_apart(why);
    struct visa_device_features f;

    if (!visa) {
        program_set_log(p, CL_BUILD_ERROR, why);
        return CL_INVALID_OPERATION;
    }
    if (!visa_features_query(ask, device->id, &f))
        return CL_OUT_OF_HOST_MEMORY;
    int r = visa->validate(words_of(m), m->size / 4, &f.f, &device->target, why);
    visa_features_free(&f);
    if (r == -ENOENT) { /* nobody could look at it: the library is missing */
        program_set_log(p, CL_BUILD_ERROR, why);
        return CL_INVALID_OPERATION;
    }
    if (r < 0) {
        snprintf(log, sizeof log, "the SPIR-V module was refused: %s", why);
        program_set_log(p, CL_BUILD_ERROR, log);
        return CL_INVALID_BINARY;
    }
    return CL_SUCCESS;
}

/* One device's verdict; the reason goes to the program's log. */
static cl_int validate_for(struct build *b, const struct driver_device *device) {
    char log[VISA_WHY_SIZE + 64];

    if (device->target.kind == VISA_TARGET_NONE) {
        snprintf(log, sizeof log, "SPIR-V cannot be used with %s: %s",
                 device->name ? device->name : "the device", device->target.why);
        program_set_log(b->program, CL_BUILD_ERROR, log);
        return CL_INVALID_OPERATION;
    }
    struct cache_digest key = verdict_key(b->module, device);
    if (was_valid(b->session, &key))
        return CL_SUCCESS;
    cl_int r = ask_validator(b->program, b->module, device);
    if (r == CL_SUCCESS)
        note_valid(b->session, &key);
    return r;
}

cl_int spirv_validate(struct build *b) {
    struct program *p = b->program;
    cl_int r = CL_SUCCESS;

    ir_unref(p->module);
    p->module = NULL;
    program_set_log(p, CL_BUILD_NONE, NULL);
    uint64_t start = svga_now_ns();
    for (uint32_t i = 0; r == CL_SUCCESS && i < b->device_count; i++)
        r = validate_for(b, b->devices[i]);
    b->validate_ns = p->validate_ns = svga_now_ns() - start;
    if (r == CL_SUCCESS) {
        p->module = b->module;
        b->module = NULL;
    }
    return r;
}

/* ---- a driver's own binary, to learn its format from ---- */

struct sample {
    void *bytes;
    size_t size;
};

/* CL_PROGRAM_BINARIES of a trivial program for this device. False if the driver gives none. */
static bool sample_get(const struct driver_device *device, struct sample *out) {
    const char *source = "kernel void sample(global int *x) { x[0] = 1; }\n";
    cl_program program = NULL;
    cl_int r;

    *out = (struct sample){0};
    cl_context context = clCreateContext(NULL, 1, &device->id, NULL, NULL, &r);
    if (r == CL_SUCCESS)
        program = clCreateProgramWithSource(context, 1, &source, NULL, &r);
    if (r == CL_SUCCESS)
        r = clBuildProgram(program, 1, &device->id, "", NULL, NULL);
    if (r == CL_SUCCESS)
        r = clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof out->size, &out->size, NULL);
    if (r == CL_SUCCESS && out->size > 0 && (out->bytes = malloc(out->size)))
        r = clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof out->bytes, &out->bytes, NULL);
    if (r != CL_SUCCESS) {
        free(out->bytes);
        out->bytes = NULL;
    }
    if (program)
        clReleaseProgram(program);
    if (context)
        clReleaseContext(context);
    return out->bytes != NULL;
}

/* ---- translation and the driver's build ---- */

struct translated {
    struct visa_binary *binaries; /* one for each device */
    const struct driver_device **devices;
    uint32_t count;
};

static cl_int translate(const struct visa_host *visa, struct build *b, struct translated *t) {
    struct program *p = b->program;
    char why[VISA_WHY_SIZE] = "";

    for (uint32_t i = 0; i < b->device_count; i++) {
        const struct driver_device *device = b->devices[i];
        struct visa_device_features f;
        struct sample sample = {0};

        if (device->target.needs_sample && !sample_get(device, &sample)) {
            program_set_log(p, CL_BUILD_ERROR, "the driver gives no binary to learn its format from");
            return CL_BUILD_PROGRAM_FAILURE;
        }
        if (!visa_features_query(ask, device->id, &f)) {
            free(sample.bytes);
            return CL_OUT_OF_HOST_MEMORY;
        }
        struct visa_translate_request request = {
            .target = &device->target,
            .features = &f.f,
            .words = words_of(p->module),
            .count = p->module->size / 4,
            .options = b->options,
            .sample = sample.bytes,
            .sample_size = sample.size,
        };
        int r = visa->translate(&request, &t->binaries[i], why);
        visa_features_free(&f);
        free(sample.bytes);
        if (r < 0) {
            program_set_log(p, CL_BUILD_ERROR, why);
            return CL_BUILD_PROGRAM_FAILURE;
        }
        t->count++;
    }
    return CL_SUCCESS;
}

/* The driver's program object, from what the translation gave. */
static cl_program make(struct build *b, const struct translated *t, const cl_device_id *devices, cl_int *r) {
    cl_context context = b->program->context->cl;
    cl_program cl = NULL;

    if (t->binaries[0].is_il)
        return clCreateProgramWithIL(context, t->binaries[0].bytes, t->binaries[0].size, r);
    size_t *sizes = calloc(t->count + 1u, sizeof *sizes);
    const unsigned char **bytes = calloc(t->count + 1u, sizeof *bytes);
    *r = CL_OUT_OF_HOST_MEMORY;
    if (sizes && bytes) {
        for (uint32_t i = 0; i < t->count; i++) {
            sizes[i] = t->binaries[i].size;
            bytes[i] = t->binaries[i].bytes;
        }
        cl = clCreateProgramWithBinary(context, t->count, devices, sizes, bytes, NULL, r);
    }
    free(sizes);
    free(bytes);
    return cl;
}

static cl_int build_translated(struct build *b, const struct translated *t) {
    struct program *p = b->program;
    cl_device_id devices[DRIVER_MAX_DEVICES];
    struct deadline deadline;
    cl_int r;

    for (uint32_t i = 0; i < t->count; i++)
        devices[i] = b->devices[i]->id;
    cl_program cl = make(b, t, devices, &r);
    if (!cl) {
        program_set_log(p, CL_BUILD_ERROR, "the driver does not take the translated program");
        return r == CL_SUCCESS ? CL_BUILD_PROGRAM_FAILURE : r;
    }
    program_replace(p, cl, NULL);
    program_set_log(p, CL_BUILD_NONE, NULL);
    deadline_begin(&deadline, b);
    r = clBuildProgram(cl, t->count, devices, t->binaries[0].options, NULL, NULL);
    deadline_end(&deadline);
    return r;
}

cl_int spirv_build(struct build *b) {
    struct program *p = b->program;
    char why[VISA_WHY_SIZE] = "";
    const struct visa_host *visa = visa_host_apart(why);
    struct translated t = {.binaries = calloc(b->device_count, sizeof *t.binaries)};
    cl_int r = CL_OUT_OF_HOST_MEMORY;

    if (!visa || !p->module) {
        if (!p->log)
            program_set_log(p, CL_BUILD_ERROR, visa ? "the program has no valid SPIR-V module" : why);
        r = CL_BUILD_PROGRAM_FAILURE;
    } else if (t.binaries) {
        uint64_t start = svga_now_ns();
        r = translate(visa, b, &t);
        uint64_t middle = svga_now_ns();
        b->translate_ns = middle - start;
        b->validate_ns = p->validate_ns;
        if (r == CL_SUCCESS) {
            r = build_translated(b, &t);
            b->driver_ns = svga_now_ns() - middle;
        }
    }
    for (uint32_t i = 0; visa && t.binaries && i < b->device_count; i++)
        visa->binary_free(&t.binaries[i]);
    free(t.binaries);
    return r;
}

void spirv_warm_up(const struct driver_device *device) {
    char why[VISA_WHY_SIZE];
    const struct visa_host *visa = visa_host_apart(why);
    if (visa && device->target.kind != VISA_TARGET_NONE)
        visa->warm(&device->target, why);
}
