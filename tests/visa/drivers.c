// SPDX-License-Identifier: MIT
/*
 * Every kernel on every driver, natively and through the virtual ISA, compared.
 *
 * Each platform runs in a process of its own, since a driver that dislikes a program may abort: the parent
 * then reports the kernel it was at and goes on behind it.
 */
#include "tests/visa/visa.h"

#include <err.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORT_FD = 3, MAX_BYTES = 1 << 16 };

struct outcome {
    unsigned char bytes[MAX_ARGS][MAX_BYTES]; /* of the arguments that are compared */
    char printed[4096];
};

static size_t arg_bytes(const struct kernel_arg *arg) {
    return arg->kind == ARG_IMAGE ? arg->count * arg->height * 16 : arg->count * element_size(arg->element);
}

/* The same numbers for every run: from a small linear congruential generator, floats in -20 to 20. */
static void fill(unsigned char *bytes, size_t size, bool is_float, bool is_double, unsigned seed) {
    uint32_t state = seed * 2654435761u + 1;

    for (size_t at = 0; at < size; at += is_double ? 8 : 4) {
        float f;
        double d;

        state = state * 1664525u + 1013904223u;
        f = (float)(state >> 8) / (float)(1 << 24) * 40.0f - 20.0f;
        d = f;
        memcpy(bytes + at,
               is_double  ? (void *)&d
               : is_float ? (void *)&f
                          : (void *)&state,
               is_double ? 8 : 4);
    }
}

static void check(cl_int error, const char *what) {
    if (error != CL_SUCCESS)
        errx(3, "%s: OpenCL error %d", what, error);
}

static cl_mem make_memory(struct device *device, const struct kernel_arg *arg, unsigned index) {
    static unsigned char bytes[MAX_BYTES];
    cl_image_format format = {CL_RGBA, CL_FLOAT};
    cl_image_desc desc = {
        .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = arg->count, .image_height = arg->height};
    size_t size = arg_bytes(arg);
    cl_mem memory;
    cl_int error;

    memset(bytes, 0, sizeof bytes);
    if (arg->is_in)
        fill(bytes, size, arg->kind == ARG_IMAGE || arg->element == ELEMENT_FLOAT,
             arg->element == ELEMENT_DOUBLE, index + 1);
    if (arg->kind == ARG_IMAGE)
        memory = clCreateImage(device->context, CL_MEM_COPY_HOST_PTR | CL_MEM_READ_WRITE, &format, &desc,
                               bytes, &error);
    else
        memory =
            clCreateBuffer(device->context, CL_MEM_COPY_HOST_PTR | CL_MEM_READ_WRITE, size, bytes, &error);
    check(error, "memory object");
    return memory;
}

static void set_arg(struct device *device, cl_kernel kernel, unsigned index, const struct kernel_arg *arg,
                    cl_mem *memory) {
    struct {
        float scale;
        int offset[2], padding;
        float bias[4];
    } params = {1.5f, {3, -4}, 0, {1, 2, 3, 4}};
    cl_sampler sampler;
    cl_int error;

    switch (arg->kind) {
    case ARG_LOCAL:
        check(clSetKernelArg(kernel, index, arg->count, NULL), "local argument");
        break;
    case ARG_INT:
        check(clSetKernelArg(kernel, index, sizeof arg->value, &arg->value), "int argument");
        break;
    case ARG_STRUCT:
        check(clSetKernelArg(kernel, index, sizeof params, &params), "struct argument");
        break;
    case ARG_SAMPLER:
        sampler = clCreateSampler(device->context, CL_FALSE, CL_ADDRESS_CLAMP, CL_FILTER_NEAREST, &error);
        check(error, "sampler");
        check(clSetKernelArg(kernel, index, sizeof(cl_sampler), &sampler), "sampler argument");
        break;
    default:
        *memory = make_memory(device, arg, index);
        check(clSetKernelArg(kernel, index, sizeof(cl_mem), memory), "memory argument");
    }
}

static void read_back(struct device *device, const struct kernel_arg *arg, cl_mem memory,
                      unsigned char *bytes) {
    size_t origin[3] = {0}, region[3] = {arg->count, arg->height, 1};

    if (arg->kind == ARG_IMAGE)
        check(clEnqueueReadImage(device->queue, memory, CL_TRUE, origin, region, 0, 0, bytes, 0, NULL, NULL),
              "read image");
    else
        check(clEnqueueReadBuffer(device->queue, memory, CL_TRUE, 0, arg_bytes(arg), bytes, 0, NULL, NULL),
              "read buffer");
}

/* Runs the kernel with standard output caught. */
static void run(struct device *device, cl_program program, const struct kernel_file *file,
                struct outcome *out) {
    cl_mem memories[MAX_ARGS] = {0};
    cl_int error;
    cl_kernel kernel = clCreateKernel(program, file->kernel, &error);
    int caught = memfd_create("printed", 0), kept;
    ssize_t length;

    check(error, "kernel");
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < file->arg_count; i++)
        set_arg(device, kernel, i, &file->args[i], &memories[i]);
    fflush(stdout);
    kept = dup(STDOUT_FILENO);
    dup2(caught, STDOUT_FILENO);
    check(clEnqueueNDRangeKernel(device->queue, kernel, file->dimensions, NULL, file->global,
                                 file->local_dimensions ? file->local : NULL, 0, NULL, NULL),
          "enqueue");
    check(clFinish(device->queue), "finish");
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    length = pread(caught, out->printed, sizeof out->printed - 1, 0);
    out->printed[length < 0 ? 0 : length] = '\0';
    close(caught);
    for (unsigned i = 0; i < file->arg_count; i++) {
        if (file->args[i].is_out)
            read_back(device, &file->args[i], memories[i], out->bytes[i]);
        if (memories[i])
            clReleaseMemObject(memories[i]);
    }
    clReleaseKernel(kernel);
}

/* A driver that takes SPIR-V itself decides for itself which products and sums it fuses, as OpenCL leaves it to. */
static bool same_number(const struct device *device, const struct kernel_file *file, double a, double b) {
    double scale = fmax(1.0, fmax(fabs(a), fabs(b)));
    double fusion = device->target.kind == VISA_TARGET_IL ? file->fusion : 0;

    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= fmax(fusion, file->tolerance * scale);
}

static bool same_arg(const struct device *device, const struct kernel_file *file, unsigned index,
                     const struct outcome *native, const struct outcome *visa, char *why, size_t why_size) {
    const struct kernel_arg *arg = &file->args[index];
    bool is_float = arg->kind == ARG_IMAGE || arg->element == ELEMENT_FLOAT,
         is_double = arg->element == ELEMENT_DOUBLE;
    size_t step = is_float ? 4 : is_double ? 8 : element_size(arg->element);

    for (size_t at = 0; at < arg_bytes(arg); at += step) {
        const void *a = native->bytes[index] + at, *b = visa->bytes[index] + at;
        double x = 0, y = 0;

        if (is_double) {
            memcpy(&x, a, 8);
            memcpy(&y, b, 8);
        } else if (is_float) {
            float f, g;

            memcpy(&f, a, 4);
            memcpy(&g, b, 4);
            x = f;
            y = g;
        } else if (!memcmp(a, b, step)) {
            continue;
        } else {
            snprintf(why, why_size, "argument %u differs at byte %zu", index, at);
            return false;
        }
        if (!same_number(device, file, x, y)) {
            snprintf(why, why_size, "argument %u, element %zu: natively %.9g, through the virtual ISA %.9g",
                     index, at / step, x, y);
            return false;
        }
    }
    return true;
}

static bool lacks(const struct visa_features *f, const char *needs) {
    return (!strcmp(needs, "fp64") && !strstr(f->extensions, "cl_khr_fp64")) ||
           (!strcmp(needs, "images") && !f->images) ||
           (!strcmp(needs, "int64_atomics") && !strstr(f->extensions, "cl_khr_int64_base_atomics"));
}

static void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void report(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vdprintf(REPORT_FD, format, arguments);
    va_end(arguments);
}

/* One line each: a reason is cut at its first line that says something. */
static void report_failure(const struct device *device, const char *name, const char *why) {
    char line[600];

    snprintf(line, sizeof line, "%.590s", why);
    for (char *c = line; *c; c++)
        *c = *c == '\n' ? '|' : *c;
    report("FAIL %s/%s: %s\n", device->platform_name, name, line);
}

static void run_both(struct device *device, const struct kernel_file *file) {
    static struct outcome native_outcome, visa_outcome;
    char why[4000];
    cl_program native, visa;

    native = device_build_source(device, file->source, file->options, why, sizeof why);
    if (!native) {
        report("SKIP %s/%s: the driver itself does not build it\n", device->platform_name, file->name);
        return;
    }
    run(device, native, file, &native_outcome);
    clReleaseProgram(native);
    report("native\n");
    visa = device_build_visa(device, file->source, file->options, why, sizeof why);
    if (!visa && device->target.checks_pocl && file->refused && strstr(why, "the source way")) {
        report("PASS %s/%s is refused: %s\n", device->platform_name, file->name, why);
        return;
    }
    if (!visa) {
        report_failure(device, file->name, why);
        return;
    }
    run(device, visa, file, &visa_outcome);
    clReleaseProgram(visa);
    for (unsigned i = 0; i < file->arg_count; i++) {
        if (file->args[i].is_out &&
            !same_arg(device, file, i, &native_outcome, &visa_outcome, why, sizeof why)) {
            report_failure(device, file->name, why);
            return;
        }
    }
    if (strcmp(native_outcome.printed, visa_outcome.printed)) {
        snprintf(why, sizeof why, "natively it prints '%.200s', through the virtual ISA '%.200s'",
                 native_outcome.printed, visa_outcome.printed);
        report_failure(device, file->name, why);
        return;
    }
    report("PASS %s/%s\n", device->platform_name, file->name);
}

static void run_kernels(struct device *device, const char *directory, char **names, unsigned first_kernel) {
    for (unsigned i = first_kernel; names[i]; i++) {
        struct kernel_file file;

        kernel_file_read(directory, names[i], &file);
        report("at %u %s\n", i, names[i]);
        if (lacks(&device->features, file.needs))
            report("SKIP %s/%s: the device has no %s\n", device->platform_name, file.name, file.needs);
        else
            run_both(device, &file);
        free(file.source);
    }
}

int run_platform(const char *directory, unsigned platform_index, unsigned first_kernel) {
    char **names;
    struct device device;

    if (!device_open(platform_index, &device))
        return 9;
    if (!device.id || device.target.kind == VISA_TARGET_NONE) {
        report("platform %s: %s\n", device.platform_name, device.id ? device.target.why : "it has no device");
    } else {
        if (!first_kernel)
            report("platform %s: %s\n", device.platform_name, device.target.why);
        names = kernel_file_names(directory);
        run_kernels(&device, directory, names, first_kernel);
        kernel_file_names_free(names);
    }
    device_close(&device);
    return 0;
}

static unsigned compared; /* kernels that ran both ways and agreed, of all platforms */

/* Runs the rest of a platform's kernels; returns the number of the kernel that the process died at, or -1.
 * -2: no such platform. */
static int run_rest(unsigned platform_index, unsigned first_kernel) {
    char platform[16], first[16], line[1024];
    char *arguments[] = {"/proc/self/exe", "run", platform, first, NULL};
    char name[64] = "";
    int pipe_fds[2], status, at = -1;
    bool ran_natively = false;
    FILE *reports;
    pid_t child;

    snprintf(platform, sizeof platform, "%u", platform_index);
    snprintf(first, sizeof first, "%u", first_kernel);
    fflush(stdout);
    if (pipe(pipe_fds))
        err(2, "pipe");
    child = fork();
    if (child < 0)
        err(2, "fork");
    if (!child) {
        dup2(pipe_fds[1], REPORT_FD);
        execv(arguments[0], arguments);
        err(2, "exec");
    }
    close(pipe_fds[1]);
    reports = fdopen(pipe_fds[0], "r");
    while (fgets(line, sizeof line, reports)) {
        if (sscanf(line, "at %d %63s", &at, name) == 2) {
            ran_natively = false;
            continue;
        }
        if (!strcmp(line, "native\n")) {
            ran_natively = true;
            continue;
        }
        printf("%s", line);
        failures += !strncmp(line, "FAIL", 4);
        compared += !strncmp(line, "PASS", 4);
    }
    fclose(reports);
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 9)
        return -2;
    if (WIFEXITED(status) && !WEXITSTATUS(status))
        return -1;
    if (at >= 0 && !ran_natively) {
        printf("SKIP %s: the driver itself dies of it (status %#x)\n", name, (unsigned)status);
        return at;
    }
    printf("FAIL %s: the process ended with status %#x\n", name, (unsigned)status);
    failures++;
    return at;
}

void test_drivers(void) {
    for (unsigned platform = 0;; platform++) {
        int died_at = run_rest(platform, 0);

        if (died_at == -2)
            break;
        while (died_at >= 0)
            died_at = run_rest(platform, (unsigned)died_at + 1);
    }
    EXPECT(compared > 0, "no driver of this machine ran any kernel");
}
