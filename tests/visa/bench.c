// SPDX-License-Identifier: MIT
/*
 * What the stages of the virtual ISA cost, in CPU time: cold (the first of a process) and warm (median of
 * many).
 */
#include "tests/visa/visa.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 101 };

struct costs {
    double clang, writer, compile_cpu, validate, read, mend, write, translate_cpu; /* microseconds */
};

static double thread_us(void) {
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static const struct visa_features features = {
    .address_bits = 64,
    .device_version = 300,
    .c_version = 120,
    .c_version_max = 120,
    .extensions = "cl_khr_fp64 cl_khr_int64_base_atomics cl_khr_3d_image_writes",
    .images = true,
    .little_endian = true,
};

static bool measure(const struct kernel_file *file, const struct visa_target *target, struct costs *out,
                    size_t *words) {
    struct visa_compile_request request = {.source = file->source,
                                           .source_size = strlen(file->source),
                                           .options = file->options,
                                           .features = &features};
    struct visa_translate_request translation = {.target = target, .features = &features};
    char why[VISA_WHY_SIZE] = "";
    struct visa_module module;
    struct visa_binary binary;
    double start;
    bool fine = guest->compile(&request, &module) == VISA_OK;

    *out = (struct costs){.clang = (double)module.timing.clang_ns / 1e3,
                          .writer = (double)module.timing.writer_ns / 1e3,
                          .compile_cpu = (double)module.timing.cpu_ns / 1e3};
    *words = module.spirv_words;
    start = thread_us();
    fine = fine && !host->validate(module.spirv, module.spirv_words, &features, target, why);
    out->validate = thread_us() - start;
    translation.words = module.spirv;
    translation.count = module.spirv_words;
    translation.options = module.driver_options;
    if (fine && !host->translate(&translation, &binary, why)) {
        out->read = (double)binary.timing.read_ns / 1e3;
        out->mend = (double)binary.timing.mend_ns / 1e3;
        out->write = (double)binary.timing.write_ns / 1e3;
        out->translate_cpu = (double)binary.timing.cpu_ns / 1e3;
        host->binary_free(&binary);
    } else {
        printf("%s: %s%s\n", file->name, module.log, why);
        fine = false;
    }
    guest->module_free(&module);
    return fine;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The costs are doubles and nothing else: each is a column. */
static struct costs medians(const struct costs *all) {
    enum { COLUMNS = sizeof(struct costs) / sizeof(double) };
    double column[ROUNDS], result[COLUMNS] = {0};
    struct costs out;

    for (int c = 0; c < COLUMNS; c++) {
        for (int i = 0; i < ROUNDS; i++)
            memcpy(&column[i], (const char *)&all[i] + (size_t)c * sizeof(double), sizeof(double));
        qsort(column, ROUNDS, sizeof column[0], compare_doubles);
        result[c] = column[ROUNDS / 2];
    }
    memcpy(&out, result, sizeof out);
    return out;
}

static void print_costs(const char *name, const char *when, const struct costs *c, size_t words) {
    printf("%-14s %-5s %7zu %9.0f %9.0f %9.0f %9.0f %9.0f %9.0f %9.0f %9.0f\n", name, when, words * 4,
           c->clang, c->writer, c->compile_cpu, c->validate, c->read, c->mend, c->write, c->translate_cpu);
}

static int bench_kernel(const char *directory, const char *name, const struct visa_target *target) {
    static struct costs all[ROUNDS];
    struct kernel_file file;
    struct costs first, warm;
    size_t words;

    kernel_file_read(directory, name, &file);
    if (!measure(&file, target, &first, &words))
        return 1;
    print_costs(name, "first", &first, words);
    for (int i = 0; i < ROUNDS; i++) {
        if (!measure(&file, target, &all[i], &words))
            return 1;
    }
    warm = medians(all);
    print_costs(name, "warm", &warm, words);
    free(file.source);
    return 0;
}

int bench(const char *directory) {
    struct visa_driver driver = {.platform_name = "Portable Computing Language",
                                 .device_version =
                                     "OpenCL 3.0 PoCL HSTR: pthread-x86_64-pc-linux-gnu-native"};
    struct visa_target target;

    visa_target_for(&driver, &target);
    printf("microseconds for PoCL; clang to writer and read to write are wall, the others CPU time\n");
    printf("%-14s %-5s %7s %9s %9s %9s %9s %9s %9s %9s %9s\n", "kernel", "", "bytes", "clang", "writer",
           "compile", "validate", "read", "mend", "write", "translate");
    return bench_kernel(directory, "float_arith", &target) || bench_kernel(directory, "sgemm", &target) ||
           bench_kernel(directory, "math", &target) || bench_kernel(directory, "large", &target);
}
