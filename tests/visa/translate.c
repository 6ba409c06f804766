// SPDX-License-Identifier: MIT
/* What the host makes of good modules for each kind of driver, also of those that this machine lacks. */
#include "tests/visa/visa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct visa_features device = {.address_bits = 64,
                                            .device_version = 300,
                                            .c_version = 120,
                                            .c_version_max = 120,
                                            .images = true,
                                            .little_endian = true};

static struct visa_target target_named(const char *platform, const char *il, const char *extensions,
                                       enum visa_target_kind kind) {
    struct visa_driver driver = {
        .platform_name = platform, .il_version = il, .device_extensions = extensions};
    struct visa_target target;

    visa_target_for(&driver, &target);
    EXPECT(target.kind == kind && target.why[0], "%s: kind %d, %s", platform, target.kind, target.why);
    return target;
}

static void test_targets(void) {
    target_named("Portable Computing Language", "", "cl_khr_spir", VISA_TARGET_POCL);
    target_named("rusticl", "", "", VISA_TARGET_MESA);
    target_named("rusticl", "SPIR-V_1.0 SPIR-V_1.2", "", VISA_TARGET_IL);
    target_named("NVIDIA CUDA", NULL, NULL, VISA_TARGET_PTX);
    target_named("Intel(R) OpenCL", "SPIR-V_1.2", NULL, VISA_TARGET_IL);
    target_named("Oclgrind", "", "cl_khr_spir cl_khr_fp64", VISA_TARGET_SPIR);
    target_named("Clover", "", "cl_khr_fp64", VISA_TARGET_NONE);
    target_named(NULL, NULL, NULL, VISA_TARGET_NONE);
}

/* Compiles, validates and translates; the caller frees. */
static int translate(const char *source, const char *options, const struct visa_target *target,
                     struct visa_binary *out, char *why) {
    struct visa_compile_request request = {
        .source = source, .source_size = strlen(source), .options = options, .features = &device};
    struct visa_translate_request translation = {.target = target, .features = &device};
    struct visa_module module;
    int err;

    EXPECT(guest->compile(&request, &module) == VISA_OK, "%s", module.log);
    err = host->validate(module.spirv, module.spirv_words, &device, target, why);
    EXPECT(!err, "%s", why);
    translation.words = module.spirv;
    translation.count = module.spirv_words;
    translation.options = module.driver_options;
    err = host->translate(&translation, out, why);
    guest->module_free(&module);
    return err;
}

static const char plain[] =
    "kernel void plain(global float *a) { a[get_global_id(0)] = sqrt(a[0]) + half_cos(a[1]); }";

static void test_kinds(void) {
    struct visa_target spir = target_named("Oclgrind", "", "cl_khr_spir", VISA_TARGET_SPIR);
    struct visa_target il = target_named("Intel(R) OpenCL", "SPIR-V_1.2", NULL, VISA_TARGET_IL);
    struct visa_target none = target_named("Clover", "", "", VISA_TARGET_NONE);
    struct visa_target mesa = target_named("rusticl", "", "", VISA_TARGET_MESA);
    char why[VISA_WHY_SIZE];
    struct visa_binary binary;

    EXPECT(!translate(plain, "-cl-mad-enable", &spir, &binary, why) && !memcmp(binary.bytes, "BC\xc0\xde", 4),
           "%s", why);
    EXPECT(!strcmp(binary.options, "-x spir -spir-std=1.2 -cl-mad-enable"), "%s", binary.options);
    host->binary_free(&binary);
    EXPECT(!translate(plain, "-cl-mad-enable", &il, &binary, why) && binary.is_il &&
               !strcmp(binary.options, "-cl-mad-enable"),
           "%s", why);
    host->binary_free(&binary);
    none.spirv_version = 0x10000;
    EXPECT(translate(plain, "", &none, &binary, why) < 0 && strstr(why, "source way"), "%s", why);
    EXPECT(translate(plain, "", &mesa, &binary, why) < 0 && strstr(why, "binar"), "without a sample: %s",
           why);
}

static void test_ptx(void) {
    struct visa_target ptx = target_named("NVIDIA CUDA", "", "", VISA_TARGET_PTX);
    char why[VISA_WHY_SIZE];
    struct visa_binary binary;

    if (access("/usr/lib/clc/nvptx64--nvidiacl.bc", R_OK)) {
        EXPECT(translate(plain, "", &ptx, &binary, why) < 0 && strstr(why, "package libclc-"), "%s", why);
        return;
    }
    EXPECT(!translate(plain, "", &ptx, &binary, why) && strstr(binary.bytes, ".entry plain("), "%s", why);
    host->binary_free(&binary);
    EXPECT(translate("kernel void k(global int *a) { printf(\"%d\", a[0]); }", "", &ptx, &binary, why) < 0 &&
               strstr(why, "printf"),
           "%s", why);
}

/* PoCL's own function for the width of a buffer image calls one that is not there. Left alone, the build
 * would succeed, and the process would be aborted when the kernel is enqueued. */
static void test_pocl_lacks(void) {
    static const char lacking[] =
        "kernel void k(read_only image1d_buffer_t i, global int *a) { a[0] = get_image_width(i); }";
    static const char waiting[] =
        "kernel void k(global int *a, local int *l) { event_t e = async_work_group_copy(l, a, 4, 0);"
        " wait_group_events(1, &e); a[0] = l[1]; }";
    const char *text = lacking;
    struct visa_driver driver = {.platform_name = "Portable Computing Language",
                                 .device_version =
                                     "OpenCL 3.0 PoCL HSTR: pthread-x86_64-pc-linux-gnu-native"};
    struct visa_target pocl;
    struct visa_binary binary;
    char why[VISA_WHY_SIZE];

    visa_target_for(&driver, &pocl);
    EXPECT(!host->warm(&pocl, why), "%s", why);
    if (!translate(lacking, "", &pocl, &binary, why)) { /* PoCL 6 has that one, and lacks another */
        host->binary_free(&binary);
        text = waiting;
    }
    EXPECT(translate(text, "", &pocl, &binary, why) < 0 && strstr(why, "PoCL's kernel library lacks"), "%s",
           why);
    EXPECT(!translate(plain, "", &pocl, &binary, why), "%s", why);
    host->binary_free(&binary);
    driver.device_version = "OpenCL 3.0 PoCL HSTR: pthread-s390x-ibm-linux-gnu-z15";
    visa_target_for(&driver, &pocl);
    EXPECT(translate(plain, "", &pocl, &binary, why) < 0 && strstr(why, "was not found"), "%s", why);
}

/* Where PoCL takes SPIR-V itself, it prints some vectors as others, or reads printf's arguments from where none are. */
static void test_pocl_prints(void) {
    static const struct {
        const char *source;
        bool refused;
    } rows[] = {
        {"kernel void k(global int *a) { printf(\"%d %s\", a[0], \"text\"); }", false},
        {"kernel void k(global float4 *a) { printf(\"%v4hlf\", a[0]); }", false},
        {"kernel void k(global int8 *a) { printf(\"%v8hld %d\", a[0], 1); }", false},
        {"kernel void k(global char4 *a) { printf(\"%v4hhd\", a[0]); }", true},
        {"kernel void k(global int *a) { printf(\"%d %v3hld\", a[0], vload3(0, a)); }", true},
        {"kernel void k(global long16 *a) { printf(\"%v16ld\", a[0]); }", true},
    };
    struct visa_driver driver = {.platform_name = "Portable Computing Language",
                                 .device_version = "OpenCL 3.0 PoCL HSTR: cpu-x86_64-pc-linux-gnu-native",
                                 .il_version = "SPIR-V_1.2"};
    struct visa_target pocl;
    struct visa_binary binary;
    char why[VISA_WHY_SIZE];

    visa_target_for(&driver, &pocl);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int err = translate(rows[i].source, "", &pocl, &binary, why);

        EXPECT(rows[i].refused ? err == -ENOTSUP && strstr(why, "printed: use the source way") : !err,
               "%s: %d, %s", rows[i].source, err, err ? why : "");
        if (!err)
            host->binary_free(&binary);
    }
}

/* Is `text` in the bytes? Bitcode holds its names as they are. */
static bool mentions(const struct visa_binary *binary, const char *text) {
    return memmem(binary->bytes, binary->size, text, strlen(text));
}

/* What clang may fuse stays what LLVM may fuse: PoCL's own mad() is a product and a sum, and so are those
 * that the program wants apart. */
static void test_contraction(void) {
    static const char fused[] = "kernel void k(global float *a, global float2 *b) {"
                                " a[0] = a[1] * a[2] + a[3]; b[0] -= b[1] * b[2]; }",
                      apart[] = "#pragma OPENCL FP_CONTRACT OFF\n"
                                "kernel void k(global float *a, float fmuladd) {"
                                " a[0] = a[1] * a[2] + fmuladd; a[4] = mad(a[1], a[2], fmuladd); }";
    struct visa_target pocl = pocl_target();
    struct visa_binary binary;
    char why[VISA_WHY_SIZE];

    EXPECT(!translate(fused, "", &pocl, &binary, why), "%s", why);
    EXPECT(mentions(&binary, "llvm.fmuladd.f32") && mentions(&binary, "llvm.fmuladd.v2f32"),
           "a * b + c is no longer one operation");
    host->binary_free(&binary);
    EXPECT(!translate(apart, "", &pocl, &binary, why), "%s", why);
    EXPECT(!mentions(&binary, "llvm.fmuladd") && mentions(&binary, "_Z3madfff"),
           "what the program keeps apart became one operation");
    host->binary_free(&binary);
}

/* What clang knows of sums and of memory arrives: without it no loop over work items becomes one of vectors. */
static void test_kept(void) {
    static const char neighbours[] = "kernel void k(global float *a, global const float *b, int n) {"
                                     " int i = get_global_id(0); a[i * n] = b[i + 1] + b[i - 1]; }",
                      apart[] = "kernel void k(global int *a, global float *b) { a[1] = 1; b[0] = a[0]; }",
                      mixed[] = "union u { int i; float f; };"
                                "kernel void k(global int *a, global float *b) {"
                                " union u x; x.f = b[1]; a[1] = x.i; b[0] = a[0]; }";
    struct visa_target pocl = pocl_target();
    struct visa_binary binary;
    char why[VISA_WHY_SIZE];

    EXPECT(!translate(neighbours, "", &pocl, &binary, why), "%s", why);
    EXPECT(mentions(&binary, "Simple C/C++ TBAA") && mentions(&binary, "omnipotent char"), "types were lost");
    host->binary_free(&binary);
    EXPECT(!translate(apart, "", &pocl, &binary, why) && mentions(&binary, "Simple C/C++ TBAA"), "%s", why);
    host->binary_free(&binary);
    EXPECT(!translate(mixed, "", &pocl, &binary, why) && !mentions(&binary, "Simple C/C++ TBAA"),
           "a union's members are told to be apart");
    host->binary_free(&binary);
}

enum { OP_EXTENSION = 10, NO_SIGNED_WRAP = 4469 };

/* How many of these instructions are there? With `decoration`, of decorations with it. */
static unsigned count_of(const uint32_t *words, size_t count, uint32_t opcode, uint32_t decoration) {
    unsigned found = 0;

    for (size_t at = 5; at < count && words[at] >> 16; at += words[at] >> 16)
        found += (words[at] & 0xffff) == opcode && (!decoration || words[at + 2] == decoration);
    return found;
}

enum { OP_DECORATE = 71, OP_CONSTANT = 43, OP_SPEC_CONSTANT = 50, OP_TYPE_INT = 21, SPEC_ID = 1 };

/* Makes the constant 41 a specialization constant with id 7: its opcode, and a decoration in front of the
 * others. */
static size_t specialize(const uint32_t *words, size_t count, uint32_t *out) {
    size_t used = 5, decorated = 0;
    uint32_t id = 0;

    memcpy(out, words, 5 * sizeof *out);
    for (size_t at = 5; at < count; at += words[at] >> 16) {
        if ((words[at] & 0xffff) == OP_CONSTANT && words[at + 3] == 41)
            id = words[at + 2];
    }
    for (size_t at = 5; at < count; at += words[at] >> 16) {
        size_t length = words[at] >> 16;

        if ((words[at] & 0xffff) == OP_DECORATE && !decorated) {
            uint32_t decoration[4] = {4u << 16 | OP_DECORATE, id, SPEC_ID, 7};

            memcpy(out + used, decoration, sizeof decoration);
            used += 4;
            decorated = 1;
        }
        memcpy(out + used, words + at, length * sizeof *out);
        if ((words[at] & 0xffff) == OP_CONSTANT && words[at + 2] == id)
            out[used] = (out[used] & 0xffff0000) | OP_SPEC_CONSTANT;
        used += length;
    }
    EXPECT(id && decorated, "no constant 41 in the module");
    return used;
}

/* Sums that cannot overflow are told to who translates, and drivers that take SPIR-V themselves get none of the extension. */
static void test_no_wrap(void) {
    static const char source[] = "kernel void k(global int *a, int i) { a[i + 1] = a[i * 3] - i; }";
    struct visa_target il = target_named("Intel(R) OpenCL", "SPIR-V_1.2", NULL, VISA_TARGET_IL);
    struct visa_compile_request request = {
        .source = source, .source_size = sizeof source - 1, .features = &device};
    struct visa_module module;
    struct visa_binary binary;
    char why[VISA_WHY_SIZE];

    EXPECT(guest->compile(&request, &module) == VISA_OK, "%s", module.log);
    EXPECT(count_of(module.spirv, module.spirv_words, OP_EXTENSION, 0) == 1 &&
               count_of(module.spirv, module.spirv_words, OP_DECORATE, NO_SIGNED_WRAP) == 3,
           "%u", count_of(module.spirv, module.spirv_words, OP_DECORATE, NO_SIGNED_WRAP));
    guest->module_free(&module);
    EXPECT(!translate(source, "", &il, &binary, why), "%s", why);
    EXPECT(count_of(binary.bytes, binary.size / 4, OP_EXTENSION, 0) == 0 &&
               count_of(binary.bytes, binary.size / 4, OP_DECORATE, NO_SIGNED_WRAP) == 0,
           "the driver is told of an extension that it may not know");
    host->binary_free(&binary);
}

static void test_specialization(void) {
    static const char source[] = "kernel void k(global int *a) { a[0] = 41; }";
    struct visa_target il = target_named("Intel(R) OpenCL", "SPIR-V_1.2", NULL, VISA_TARGET_IL);
    struct visa_compile_request request = {
        .source = source, .source_size = sizeof source - 1, .features = &device};
    struct visa_spec_constant constants[] = {{.id = 3, .size = 4, .value = 1},
                                             {.id = 7, .size = 4, .value = 1234567}};
    struct visa_translate_request translation = {
        .target = &il, .features = &device, .constants = constants, .constant_count = 2};
    struct visa_binary binary;
    struct visa_module module;
    char why[VISA_WHY_SIZE];
    uint32_t *words;
    bool changed = false;

    EXPECT(guest->compile(&request, &module) == VISA_OK, "%s", module.log);
    words = malloc((module.spirv_words + 4) * sizeof *words);
    translation.words = words;
    translation.count = specialize(module.spirv, module.spirv_words, words);
    EXPECT(!host->validate(words, translation.count, &device, &il, why), "%s", why);
    EXPECT(!host->translate(&translation, &binary, why), "%s", why);
    for (size_t i = 0; i < binary.size / 4; i++)
        changed |= ((uint32_t *)binary.bytes)[i] == 1234567;
    EXPECT(changed, "the constant kept its default");
    host->binary_free(&binary);
    free(words);
    guest->module_free(&module);
}

void test_translate(void) {
    test_targets();
    test_kinds();
    test_ptx();
    test_pocl_lacks();
    test_pocl_prints();
    test_contraction();
    test_kept();
    test_no_wrap();
    test_specialization();
}
