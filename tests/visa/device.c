// SPDX-License-Identifier: MIT
/* A device's description for the virtual ISA, and the two ways to a program. */
#include "tests/visa/visa.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "svga-model/visa/query.h"

static char *device_string(cl_device_id id, cl_device_info what) {
    size_t size = 0;
    char *text;

    if (clGetDeviceInfo(id, what, 0, NULL, &size) != CL_SUCCESS)
        size = 0;
    text = calloc(1, size + 1);
    if (size && clGetDeviceInfo(id, what, size, text, NULL) != CL_SUCCESS)
        *text = '\0';
    return text;
}

static int ask(void *device, uint32_t param, size_t size, void *value, size_t *size_ret) {
    return clGetDeviceInfo(device, param, size, value, size_ret);
}

static void fill_features(cl_device_id id, struct visa_features *f) {
    struct visa_device_features features;

    if (!visa_features_query(ask, id, &features))
        errx(2, "out of memory");
    *f = features.f;
}

static void find_target(struct device *out) {
    char platform_version[256] = "";
    struct visa_driver driver = {
        .platform_name = out->platform_name,
        .platform_version = platform_version,
        .device_name = device_string(out->id, CL_DEVICE_NAME),
        .device_version = device_string(out->id, CL_DEVICE_VERSION),
        .driver_version = device_string(out->id, CL_DRIVER_VERSION),
        .il_version = device_string(out->id, CL_DEVICE_IL_VERSION),
        .device_extensions = out->features.extensions,
    };

    clGetPlatformInfo(out->platform, CL_PLATFORM_VERSION, sizeof platform_version, platform_version, NULL);
    visa_target_for(&driver, &out->target);
    free((char *)driver.device_name);
    free((char *)driver.device_version);
    free((char *)driver.driver_version);
    free((char *)driver.il_version);
}

static void take_sample(struct device *out) {
    static const char source[] = "kernel void sample(global int *a) { a[0] = 1; }";
    unsigned char *binary;
    char why[2000];
    cl_program program = device_build_source(out, source, "", why, sizeof why);

    if (!program)
        errx(2, "%s builds no program: %s", out->platform_name, why);
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof out->sample_size, &out->sample_size,
                         NULL) != CL_SUCCESS)
        errx(2, "%s gives no binaries", out->platform_name);
    out->sample = binary = malloc(out->sample_size);
    if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) != CL_SUCCESS)
        errx(2, "%s gives no binaries", out->platform_name);
    clReleaseProgram(program);
}

bool device_open(unsigned platform_index, struct device *out) {
    cl_platform_id platforms[16];
    cl_uint count = 0;
    cl_int error;

    memset(out, 0, sizeof *out);
    if (clGetPlatformIDs(16, platforms, &count) != CL_SUCCESS || platform_index >= count)
        return false;
    out->platform = platforms[platform_index];
    clGetPlatformInfo(out->platform, CL_PLATFORM_NAME, sizeof out->platform_name - 1, out->platform_name,
                      NULL);
    if (clGetDeviceIDs(out->platform, CL_DEVICE_TYPE_ALL, 1, &out->id, NULL) != CL_SUCCESS) {
        out->id = NULL;
        return true;
    }
    out->context = clCreateContext(NULL, 1, &out->id, NULL, NULL, &error);
    if (!out->context)
        errx(2, "%s: no context: %d", out->platform_name, error);
    out->queue = clCreateCommandQueue(out->context, out->id, 0, &error);
    fill_features(out->id, &out->features);
    find_target(out);
    if (out->target.needs_sample)
        take_sample(out);
    return true;
}

void device_close(struct device *device) {
    free((char *)device->features.extensions);
    free((char *)device->features.c_features);
    free((unsigned char *)device->sample);
    if (device->queue)
        clReleaseCommandQueue(device->queue);
    if (device->context)
        clReleaseContext(device->context);
}

static cl_program finish_build(struct device *device, cl_program program, const char *options, char *why,
                               size_t why_size) {
    cl_int error = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
    size_t size;

    if (error == CL_SUCCESS)
        return program;
    snprintf(why, why_size, "clBuildProgram: %d\n", error);
    size = strlen(why);
    clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, why_size - size - 1, why + size, NULL);
    clReleaseProgram(program);
    return NULL;
}

cl_program device_build_source(struct device *device, const char *source, const char *options, char *why,
                               size_t why_size) {
    cl_program program = clCreateProgramWithSource(device->context, 1, &source, NULL, NULL);

    return finish_build(device, program, options, why, why_size);
}

static cl_program build_binary(struct device *device, const struct visa_binary *binary, char *why,
                               size_t why_size) {
    const unsigned char *bytes = binary->bytes;
    cl_int status, error;
    cl_program program;

    if (binary->is_il)
        program = clCreateProgramWithIL(device->context, bytes, binary->size, &error);
    else
        program = clCreateProgramWithBinary(device->context, 1, &device->id, &binary->size, &bytes, &status,
                                            &error);
    if (!program) {
        snprintf(why, why_size, "the driver takes no such binary: %d", error);
        return NULL;
    }
    return finish_build(device, program, binary->options, why, why_size);
}

/* The same program from its own binary: what all but the first who build it get, from a cache. */
static cl_program load_again(struct device *device, cl_program program, char *why, size_t why_size) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    cl_program again = NULL;
    cl_int status, error;

    clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL);
    bytes = calloc(1, size + 1);
    error = clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, NULL);
    clReleaseProgram(program);
    if (error == CL_SUCCESS)
        again = clCreateProgramWithBinary(device->context, 1, &device->id, &size,
                                          (const unsigned char **)&bytes, &status, &error);
    free(bytes);
    if (!again) {
        snprintf(why, why_size, "the driver does not take its own binary: %d", error);
        return NULL;
    }
    return finish_build(device, again, "", why, why_size);
}

cl_program device_build_visa(struct device *device, const char *source, const char *options, char *why,
                             size_t why_size) {
    struct visa_compile_request request = {
        .source = source, .source_size = strlen(source), .options = options, .features = &device->features};
    struct visa_translate_request translation = {.target = &device->target,
                                                 .features = &device->features,
                                                 .sample = device->sample,
                                                 .sample_size = device->sample_size};
    char reason[VISA_WHY_SIZE] = "";
    struct visa_binary binary = {0};
    struct visa_module module;
    cl_program program = NULL;

    if (guest->compile(&request, &module) != VISA_OK) {
        snprintf(why, why_size, "compile: %s", module.log);
    } else if (host->validate(module.spirv, module.spirv_words, &device->features, &device->target, reason)) {
        snprintf(why, why_size, "validate: %s", reason);
    } else {
        translation.words = module.spirv;
        translation.count = module.spirv_words;
        translation.options = module.driver_options;
        if (host->translate(&translation, &binary, reason))
            snprintf(why, why_size, "translate: %s", reason);
        else
            program = build_binary(device, &binary, why, why_size);
        if (program)
            program = load_again(device, program, why, why_size);
    }
    host->binary_free(&binary);
    guest->module_free(&module);
    return program;
}
