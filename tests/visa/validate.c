// SPDX-License-Identifier: MIT
/*
 * What the host does with SPIR-V that is not what it should be: refuse it with a reason, and never crash.
 * It does so in a process apart, so that a crash is an answer, too.
 */
#include "tests/visa/visa.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MUTANTS_PER_KERNEL = 60 };

static const struct visa_features full = {
    .address_bits = 64,
    .device_version = 300,
    .c_version = 120,
    .c_version_max = 120,
    .extensions =
        "cl_khr_fp64 cl_khr_int64_base_atomics cl_khr_int64_extended_atomics cl_khr_3d_image_writes",
    .images = true,
    .little_endian = true,
};

struct verdict {
    int validated, translated;
    char why[VISA_WHY_SIZE];
};

struct visa_target pocl_target(void) {
    struct visa_driver driver = {.platform_name = "Portable Computing Language",
                                 .device_version =
                                     "OpenCL 3.0 PoCL HSTR: pthread-x86_64-pc-linux-gnu-native"};
    struct visa_target target;

    visa_target_for(&driver, &target);
    return target;
}

/* Validates, and translates what is accepted. -EFAULT if one of them fell into what it did not foresee; 0 if not: the translator's own
 * assertions are its word, too. */
static int judge(const uint32_t *words, size_t count, const struct visa_features *features,
                 struct verdict *verdict) {
    struct visa_target target = pocl_target();
    struct visa_translate_request request = {
        .target = &target, .features = features, .words = words, .count = count};
    struct visa_binary binary = {0};

    memset(verdict, 0, sizeof *verdict);
    verdict->validated = host->validate(words, count, features, &target, verdict->why);
    if (verdict->validated)
        return verdict->validated == -EFAULT ? -EFAULT : 0;
    verdict->translated = host->translate(&request, &binary, verdict->why);
    host->binary_free(&binary);
    return verdict->translated == -EFAULT && strstr(verdict->why, strsignal(SIGSEGV)) ? -EFAULT : 0;
}

static uint32_t random_state = 20240229;

static uint32_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* One of the things that happen to a module on the way, or that someone does to it on purpose. */
static size_t mutate(uint32_t *words, size_t count) {
    size_t at = 5 + next_random() % (count - 5);

    switch (next_random() % 7) {
    case 0: /* a flipped bit */
        words[at] ^= 1u << next_random() % 32;
        return count;
    case 1: /* another small number: ids, literals, enumerants */
        words[at] = next_random() % 64;
        return count;
    case 2: /* any number */
        words[at] = next_random();
        return count;
    case 3: /* one more or less */
        words[at] += next_random() % 2 ? 1 : ~0u;
        return count;
    case 4: /* another opcode of the same length */
        words[at] = (words[at] & 0xffff0000) | next_random() % 400;
        return count;
    case 5: /* the id of something else */
        words[at] = words[5 + next_random() % (count - 5)];
        return count;
    default: /* cut off */
        return at;
    }
}

static void test_mutants(const char *directory, struct verdict *verdict) {
    char **names = kernel_file_names(directory);
    unsigned total = 0, refused = 0, refused_late = 0, crashed = 0;

    for (size_t k = 0; names[k]; k++) {
        struct kernel_file file;
        struct visa_compile_request request = {.features = &full};
        struct visa_module module;
        uint32_t *mutant;

        kernel_file_read(directory, names[k], &file);
        request.source = file.source;
        request.source_size = strlen(file.source);
        request.options = file.options;
        if (guest->compile(&request, &module) != VISA_OK)
            errx(2, "%s: %s", names[k], module.log);
        EXPECT(judge(module.spirv, module.spirv_words, &full, verdict) == 0 && !verdict->validated &&
                   (!verdict->translated || strstr(verdict->why, "PoCL's kernel library lacks")),
               "%s, unchanged: %s", names[k], verdict->why);
        mutant = malloc(module.spirv_words * sizeof *mutant);
        for (int i = 0; i < MUTANTS_PER_KERNEL; i++) {
            size_t count;
            int status;

            memcpy(mutant, module.spirv, module.spirv_words * sizeof *mutant);
            count = mutate(mutant, module.spirv_words);
            status = judge(mutant, count, &full, verdict);
            total++;
            refused += verdict->validated != 0;
            refused_late += verdict->validated == 0 && verdict->translated != 0;
            crashed += status != 0;
            EXPECT(!verdict->validated || verdict->why[0], "%s, mutant %d: refused without a reason",
                   names[k], i);
            EXPECT(status == 0, "%s, mutant %d: validator %s, status %d", names[k], i,
                   verdict->validated ? "refused it" : "was at it or accepted it", status);
        }
        free(mutant);
        guest->module_free(&module);
        free(file.source);
    }
    kernel_file_names_free(names);
    printf("  %u mutants: %u refused by the validator, %u by the translator, %u crashes\n", total, refused,
           refused_late, crashed);
    EXPECT(refused > total / 3, "mutation has no effect");
}

static void test_malformed(struct verdict *verdict) {
    static const uint32_t not_spirv[8] = {0x12345678};
    static const uint32_t header_only[5] = {0x07230203, 0x00010000, 0, 1, 0};
    static const uint32_t newer[5] = {0x07230203, 0x00010400, 0, 1, 0};
    static const uint32_t huge_bound[5] = {0x07230203, 0x00010000, 0, 0xffffffff, 0};
    static const uint32_t empty_instruction[6] = {0x07230203, 0x00010000, 0, 1, 0, 0};
    static const struct {
        const char *what;
        const uint32_t *words;
        size_t count;
    } cases[] = {
        {"nothing", not_spirv, 0},         {"another magic", not_spirv, 8},
        {"a header only", header_only, 5}, {"SPIR-V 1.4", newer, 5},
        {"a huge bound", huge_bound, 5},   {"an instruction of no length", empty_instruction, 6},
        {"half a header", header_only, 3},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = judge(cases[i].words, cases[i].count, &full, verdict);

        EXPECT(status == 0 && verdict->validated && verdict->why[0], "%s: status %d, '%s'", cases[i].what,
               status, verdict->why);
    }
}

static void expect_lacking(const char *source, const char *options, const struct visa_features *compile_for,
                           const struct visa_features *device, const char *reason, struct verdict *verdict) {
    struct visa_compile_request request = {
        .source = source, .source_size = strlen(source), .options = options, .features = compile_for};
    struct visa_module module;

    EXPECT(guest->compile(&request, &module) == VISA_OK, "%s", module.log);
    EXPECT(judge(module.spirv, module.spirv_words, device, verdict) == 0 && verdict->validated &&
               strstr(verdict->why, reason),
           "expected '%s', got %d '%s'", reason, verdict->validated, verdict->why);
    guest->module_free(&module);
}

static void test_capabilities(struct verdict *verdict) {
    static const char doubles[] = "kernel void k(global double *a) { a[0] += 1.0; }";
    static const char atomics[] = "#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable\n"
                                  "kernel void k(volatile global long *a) { atom_add(a, 1L); }";
    static const char images[] =
        "kernel void k(write_only image2d_t i) { write_imagef(i, (int2)(0), (float4)(0)); }";
    static const char variable[] = "global int counter; kernel void k(global int *a) { a[0] = counter++; }";
    static const char generic[] =
        "void f(int *p) { *p = 1; } kernel void k(global int *a) { local int l; f(a); f(&l); }";
    struct visa_features lacking = full, cl20 = full, narrow = full;

    lacking.extensions = "";
    lacking.images = false;
    cl20.c_version_max = 200;
    narrow.address_bits = 32;
    expect_lacking(doubles, "", &full, &lacking, "Float64", verdict);
    expect_lacking(atomics, "", &full, &lacking, "Int64Atomics", verdict);
    expect_lacking(images, "", &full, &lacking, "ImageBasic", verdict);
    struct visa_compile_request request = {
        .source = variable, .source_size = strlen(variable), .options = "-cl-std=CL2.0", .features = &cl20};
    struct visa_module module;
    EXPECT(guest->compile(&request, &module) == VISA_OK, "%s", module.log);
    EXPECT(judge(module.spirv, module.spirv_words, &full, verdict) == 0 && !verdict->validated &&
               !verdict->translated,
           "PoCL takes program-scope variables: %s", verdict->why);
    guest->module_free(&module);
    expect_lacking(generic, "-cl-std=CL2.0", &cl20, &full, "eneric", verdict);
    expect_lacking("kernel void k(global int *a) { a[0] = 1; }", "", &narrow, &full, "64-bit pointers",
                   verdict);
    expect_lacking("kernel void k(global int *a) { a[0] = 1; }", "", &full, &narrow, "32-bit pointers",
                   verdict);
}

enum { OP_TYPE_VECTOR = 23, OP_FUNCTION_PARAMETER = 55, OP_IN_BOUNDS_PTR_ACCESS_CHAIN = 70 };

/* A vector where a pointer is moved on: SPIRV-Tools accepts it, and LLVM does not survive it everywhere. */
static void test_vector_index(struct verdict *verdict) {
    static const char source[] = "kernel void k(global int *a, int4 v) { a[v.x] = v.y; }";
    struct visa_compile_request request = {
        .source = source, .source_size = strlen(source), .options = "", .features = &full};
    uint32_t type = 0, vector = 0, changed = 0;
    struct visa_module module;

    EXPECT(guest->compile(&request, &module) == VISA_OK, "%s", module.log);
    for (size_t at = 5; at < module.spirv_words; at += module.spirv[at] >> 16) {
        uint32_t *words = module.spirv + at, count = words[0] >> 16;

        switch (words[0] & 0xffff) {
        case OP_TYPE_VECTOR:
            type = words[1];
            break;
        case OP_FUNCTION_PARAMETER:
            if (words[1] == type)
                vector = words[2];
            break;
        case OP_IN_BOUNDS_PTR_ACCESS_CHAIN:
            words[count - 1] = vector;
            changed++;
        }
    }
    EXPECT(vector && changed, "the kernel is not compiled as it was");
    EXPECT(judge(module.spirv, module.spirv_words, &full, verdict) == 0 && verdict->validated &&
               strstr(verdict->why, "index"),
           "%d '%s'", verdict->validated, verdict->why);
    guest->module_free(&module);
}

/* Every instruction taken out in its turn: a function without its parameters was accepted once, and the
 * translator did not survive it. */
static void test_removed(struct verdict *verdict) {
    static const char source[] = "int f(int a, int b) { return a * b; }\n"
                                 "kernel void k(global int *a, int unused, float4 v) {\n"
                                 "    if (v.x > 1.0f) a[get_global_id(0)] = f(a[1], 3); }";
    struct visa_compile_request request = {
        .source = source, .source_size = strlen(source), .options = "", .features = &full};
    unsigned refused = 0, parameters = 0;
    struct visa_module module;

    EXPECT(guest->compile(&request, &module) == VISA_OK, "%s", module.log);
    uint32_t *shorter = malloc(module.spirv_words * sizeof *shorter);
    for (size_t at = 5, length; at < module.spirv_words; at += length) {
        length = module.spirv[at] >> 16;
        memcpy(shorter, module.spirv, at * sizeof *shorter);
        memcpy(shorter + at, module.spirv + at + length,
               (module.spirv_words - at - length) * sizeof *shorter);
        int status = judge(shorter, module.spirv_words - length, &full, verdict);
        EXPECT(status == 0, "without the instruction at word %zu (opcode %u): status %d", at,
               module.spirv[at] & 0xffff, status);
        refused += verdict->validated != 0;
        if ((module.spirv[at] & 0xffff) == OP_FUNCTION_PARAMETER) {
            parameters++;
            EXPECT(verdict->validated, "a function lacks a parameter");
        }
    }
    EXPECT(parameters >= 5 && refused > parameters, "the kernel is not compiled as it was");
    free(shorter);
    guest->module_free(&module);
}

void test_validate(const char *directory) {
    struct verdict verdict;

    test_malformed(&verdict);
    test_capabilities(&verdict);
    test_vector_index(&verdict);
    test_removed(&verdict);
    test_mutants(directory, &verdict);
}
