// SPDX-License-Identifier: MIT
/* What the guest's compiler answers: good programs, bad programs, bad options, headers, linking, threads. */
#include "tests/visa/visa.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct visa_features device = {
    .address_bits = 64,
    .device_version = 300,
    .c_version = 120,
    .c_version_max = 120,
    .extensions = "cl_khr_byte_addressable_store cl_khr_fp64 cl_vendor_thing",
    .images = true,
    .little_endian = true,
};

static enum visa_status compile(const char *source, const char *options, enum visa_output output,
                                struct visa_module *out) {
    struct visa_compile_request request = {.source = source,
                                           .source_size = strlen(source),
                                           .options = options,
                                           .output = output,
                                           .features = &device};

    return guest->compile(&request, out);
}

/* Expects a status, and that the log has `in_log`. */
static void expect(const char *source, const char *options, enum visa_status status, const char *in_log) {
    struct visa_module module;
    enum visa_status got = compile(source, options, VISA_EXECUTABLE, &module);

    EXPECT(got == status, "status %d for '%.60s' with '%s': %s", got, source, options, module.log);
    EXPECT(strstr(module.log, in_log), "no '%s' in '%s'", in_log, module.log);
    EXPECT((got == VISA_OK) == (module.spirv != NULL), "SPIR-V and status do not agree");
    guest->module_free(&module);
}

static const char plain[] = "kernel void k(global int *a) { a[0] = 1; }";

static void test_diagnostics(void) {
    expect(plain, "", VISA_OK, "");
    expect("kernel void k(global int *a) {\n    a[0] = missing;\n}", "", VISA_BUILD_FAILURE,
           "program.cl:2:12: error: use of undeclared identifier 'missing'");
    expect("kernel void k(global int *a) { a[0] = missing; }", "", VISA_BUILD_FAILURE, "1 error generated.");
    expect("#warning look here\nkernel void k(global int *a) { a[0] = 1; }", "", VISA_OK,
           "warning: look here");
    expect("#warning look here\nkernel void k(global int *a) { a[0] = 1; }", "-Werror", VISA_BUILD_FAILURE,
           "look here");
    expect("kernel int k(void) { return 1; }", "", VISA_BUILD_FAILURE, "kernel must have void return type");
    expect("#include \"nowhere.h\"\n", "", VISA_BUILD_FAILURE, "file not found");
    expect("#include <stdio.h>\n", "", VISA_BUILD_FAILURE, "file not found");
    expect("int f(int x);\nkernel void k(global int *a) { a[0] = f(1); }", "", VISA_BUILD_FAILURE,
           "undefined reference to `f'");
    expect("half h(half x) { return x; }", "", VISA_BUILD_FAILURE, "half");
    /* The SPIR-V writer ends the process over these, each in its own way, left alone: a null pointer, exit, a
     * fatal error. */
    expect("kernel void k(global int *a) { __asm__(\"nop\"); a[0] = 1; }", "", VISA_BUILD_FAILURE, "error");
    expect("kernel void k(global long *a) { a[0] = __builtin_readcyclecounter(); }", "", VISA_BUILD_FAILURE,
           "gave up");
    expect("typedef int v5 __attribute__((ext_vector_type(5)));\n"
           "kernel void k(global int *a) { v5 x = a[0]; a[1] = x.s4; }",
           "", VISA_BUILD_FAILURE, "vector size");
    expect(plain, "", VISA_OK, "");
}

static void test_deep_nesting(void) {
    enum { DEPTH = 200 };
    char source[2 * DEPTH + 100] = "kernel void k(global int *a) { a[0] = ";

    memset(source + strlen(source), '(', DEPTH);
    strcat(source, "1");
    memset(source + strlen(source), ')', DEPTH);
    strcat(source, "; }");
    expect(source, "", VISA_OK, "");
}

static void test_options(void) {
    static const char *const bad[] = {"-foo",          "-cl-foo", "-D",    "-I",
                                      "-cl-std=CL9.9", "-O7",     "plain", "-create-library",
                                      "-triple",       "-include"};
    static const char *const good[] = {
        "",
        "  ",
        "-DA",
        "-D A",
        "-D A=1 -DB=\"two words\"",
        "-I .",
        "-I/nowhere",
        "-w",
        "-g",
        "-cl-std=CL1.0",
        "-cl-std=CL1.1",
        "-cl-std=CL1.2",
        "-cl-opt-disable -cl-single-precision-constant -cl-denorms-are-zero -cl-strict-aliasing",
        "-cl-mad-enable -cl-no-signed-zeros -cl-unsafe-math-optimizations -cl-finite-math-only "
        "-cl-fast-relaxed-math",
        "-cl-fp32-correctly-rounded-divide-sqrt -cl-uniform-work-group-size -cl-kernel-arg-info"};
    struct visa_module module;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect(plain, bad[i], VISA_INVALID_OPTIONS, "option");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        expect(plain, good[i], VISA_OK, "");
    expect(plain, "-cl-std=CL2.0", VISA_BUILD_FAILURE, "-cl-std");
    expect("kernel void k(global int *a) { a[0] = N; }", "-D N=5", VISA_OK, "");
    /* As drivers have it: single quotes belong to the text, and what is no name is the front end's to say. */
    expect("#if N != 53\n#error N\n#endif\n", "-DN='5'", VISA_OK, "");
    expect(plain, "-D 9", VISA_BUILD_FAILURE, "macro name must be an identifier");
    expect(plain, "-D 'N=5'", VISA_BUILD_FAILURE, "macro name must be an identifier");
    expect(plain, "-D\xc3\xa4=1", VISA_OK, "");
    expect(plain, "-cl-std=cl1.2", VISA_INVALID_OPTIONS, "cl1.2");
    expect(plain, "-cl-std=", VISA_BUILD_FAILURE, "invalid value");
    expect("#if N != (7 + 1)\n#error N\n#endif\n", "-D\"N=(7 + 1)\"", VISA_OK, "");
    EXPECT(compile(plain, "-DX -cl-mad-enable -w -cl-fast-relaxed-math", VISA_EXECUTABLE, &module) == VISA_OK,
           "%s", module.log);
    EXPECT(!strcmp(module.driver_options, "-cl-mad-enable -cl-fast-relaxed-math"), "%s",
           module.driver_options);
    guest->module_free(&module);
}

static void test_macros(void) {
    static const char source[] =
        "#if __OPENCL_VERSION__ != 300 || __OPENCL_C_VERSION__ != 120\n#error versions\n#endif\n"
        "#if !defined(cl_khr_fp64) || !defined(cl_vendor_thing)\n#error extensions\n#endif\n"
        "#if defined(cl_khr_fp16) || defined(cl_khr_int64_base_atomics)\n#error too much\n#endif\n"
        "#if defined(__SPIR__) || defined(__SPIRV__)\n#error target\n#endif\n"
        "#if !__ENDIAN_LITTLE__ || !__IMAGE_SUPPORT__\n#error little\n#endif\n"
        "kernel void k(global double *a) { a[0] = 1; }";
    struct visa_features poor = device;
    struct visa_compile_request request = {
        .source = source, .source_size = sizeof source - 1, .features = &poor};
    struct visa_module module;

    expect(source, "", VISA_OK, "");
    poor.extensions = "cl_vendor_thing";
    EXPECT(guest->compile(&request, &module) == VISA_BUILD_FAILURE && strstr(module.log, "extensions"), "%s",
           module.log);
    EXPECT(strstr(module.log, "double"), "%s", module.log);
    guest->module_free(&module);
    poor.extensions = NULL;
    poor.images = false;
    request.source = "#ifdef __IMAGE_SUPPORT__\n#error images\n#endif\n";
    request.source_size = strlen(request.source);
    EXPECT(guest->compile(&request, &module) == VISA_OK, "%s", module.log);
    guest->module_free(&module);
}

static void expect_arg(const struct visa_arg *arg, uint32_t kind, uint32_t size, uint32_t address,
                       uint32_t access, uint64_t qualifiers, const char *type, const char *name) {
    EXPECT(arg->kind == kind && arg->size == size && arg->address_qualifier == address &&
               arg->access_qualifier == access && arg->type_qualifiers == qualifiers &&
               !strcmp(arg->type_name, type) && !strcmp(arg->name, name),
           "%s %s: kind %u size %u address %#x access %#x qualifiers %#lx, expected %s %s", arg->type_name,
           arg->name, arg->kind, arg->size, arg->address_qualifier, arg->access_qualifier,
           (unsigned long)arg->type_qualifiers, type, name);
}

static const char described[] = "typedef struct { char c; float4 f; int i[3]; } S;\n"
                                "__attribute__((reqd_work_group_size(8, 4, 1), vec_type_hint(float4))) "
                                "kernel void every(global const float *restrict in,\n"
                                "    global volatile int *out, constant int *table, local float4 *scratch, S "
                                "s, float3 v, uchar c, read_only image2d_t r,\n"
                                "    write_only image2d_t w, sampler_t smp, ulong n) { out[0] = in[0] + "
                                "table[0] + s.i[0] + v.x + c + n; }\n"
                                "__attribute__((work_group_size_hint(2, 2, 2))) kernel void none(void) {}\n";

static void expect_described(const struct visa_kernel *kernels, size_t count) {
    const struct visa_arg *args;

    EXPECT(count == 2, "%zu kernels", count);
    if (count != 2)
        return;
    args = kernels[0].args;
    EXPECT(!strcmp(kernels[0].name, "every") && kernels[0].arg_count == 11, "%s has %u arguments",
           kernels[0].name, kernels[0].arg_count);
    EXPECT(strstr(kernels[0].attributes, "reqd_work_group_size(8,4,1)") &&
               strstr(kernels[0].attributes, "vec_type_hint(float4)"),
           "%s", kernels[0].attributes);
    EXPECT(kernels[0].reqd_work_group_size[0] == 8 && kernels[0].reqd_work_group_size[1] == 4,
           "required size");
    EXPECT(!strcmp(kernels[1].attributes, "work_group_size_hint(2,2,2)") && kernels[1].arg_count == 0, "%s",
           kernels[1].attributes);
    expect_arg(&args[0], VISA_ARG_POINTER, 8, 0x119B, 0x11A3, 3, "float*", "in");
    expect_arg(&args[1], VISA_ARG_POINTER, 8, 0x119B, 0x11A3, 4, "int*", "out");
    expect_arg(&args[2], VISA_ARG_POINTER, 8, 0x119D, 0x11A3, 1, "int*", "table");
    expect_arg(&args[3], VISA_ARG_LOCAL, 8, 0x119C, 0x11A3, 0, "float4*", "scratch");
    expect_arg(&args[4], VISA_ARG_VALUE, 48, 0x119E, 0x11A3, 0, "S", "s");
    expect_arg(&args[5], VISA_ARG_VALUE, 16, 0x119E, 0x11A3, 0, "float3", "v");
    expect_arg(&args[6], VISA_ARG_VALUE, 1, 0x119E, 0x11A3, 0, "uchar", "c");
    expect_arg(&args[7], VISA_ARG_IMAGE, 8, 0x119B, 0x11A0, 0, "image2d_t", "r");
    expect_arg(&args[8], VISA_ARG_IMAGE, 8, 0x119B, 0x11A1, 0, "image2d_t", "w");
    expect_arg(&args[9], VISA_ARG_SAMPLER, 8, 0x119E, 0x11A3, 0, "sampler_t", "smp");
    expect_arg(&args[10], VISA_ARG_VALUE, 8, 0x119E, 0x11A3, 0, "ulong", "n");
}

static void test_kernels(void) {
    struct visa_kernel *kernels;
    struct visa_module module;
    char why[VISA_WHY_SIZE];
    size_t count;

    EXPECT(compile(described, "", VISA_EXECUTABLE, &module) == VISA_OK, "%s", module.log);
    expect_described(module.kernels, module.kernel_count);
    EXPECT(guest->reflect(module.spirv, module.spirv_words, &kernels, &count, why, sizeof why) == 0, "%s",
           why);
    expect_described(kernels, count);
    guest->kernels_free(kernels, count);
    /* Any prefix of a module is safe to look at. */
    for (size_t words = 0; words < module.spirv_words; words++) {
        uint32_t *part = malloc(words * sizeof *part + 1);

        memcpy(part, module.spirv, words * sizeof *part);
        if (!guest->reflect(part, words, &kernels, &count, why, sizeof why))
            guest->kernels_free(kernels, count);
        free(part);
    }
    guest->module_free(&module);
}

static void test_headers(void) {
    struct visa_header headers[] = {{"lib/a.h", "#include \"b.h\"\n#define A (B + 1)\n", 31},
                                    {"lib/b.h", "#define B 2\n", 12}};
    static const char source[] = "#include \"lib/a.h\"\n#if A != 3\n#error A\n#endif\n";
    struct visa_compile_request request = {.source = source,
                                           .source_size = sizeof source - 1,
                                           .output = VISA_OBJECT,
                                           .features = &device,
                                           .headers = headers,
                                           .header_count = 2};
    struct visa_module module;

    headers[0].text_size = strlen(headers[0].text);
    EXPECT(guest->compile(&request, &module) == VISA_OK, "%s", module.log);
    EXPECT(module.bytes && !module.spirv, "an object is no SPIR-V");
    guest->module_free(&module);
}

static enum visa_status link_two(const struct visa_module *a, const struct visa_module *b,
                                 const char *options, struct visa_module *out) {
    struct visa_input inputs[] = {{a->bytes, a->size}, {b->bytes, b->size}};
    struct visa_link_request request = {
        .inputs = inputs, .input_count = 2, .options = options, .features = &device};

    return guest->link(&request, out);
}

static void test_link(void) {
    struct visa_module caller, callee, twin, program, library, broken = {.bytes = "TVISA", .size = 5};

    EXPECT(compile("int f(int x); kernel void k(global int *a) { a[0] = f(a[0]); }", "", VISA_OBJECT,
                   &caller) == VISA_OK,
           "%s", caller.log);
    EXPECT(compile("int f(int x) { return x + 1; }", "-cl-mad-enable", VISA_OBJECT, &callee) == VISA_OK, "%s",
           callee.log);
    EXPECT(compile("int f(int x) { return x + 2; }", "", VISA_OBJECT, &twin) == VISA_OK, "%s", twin.log);

    EXPECT(link_two(&caller, &callee, "-cl-finite-math-only", &program) == VISA_OK, "%s", program.log);
    EXPECT(program.kernel_count == 1 && program.spirv &&
               !strcmp(program.driver_options, "-cl-finite-math-only"),
           "%s", program.driver_options);
    guest->module_free(&program);

    EXPECT(link_two(&callee, &twin, "", &program) == VISA_BUILD_FAILURE &&
               strstr(program.log, "multiply defined"),
           "%s", program.log);
    guest->module_free(&program);

    EXPECT(link_two(&caller, &caller, "", &program) == VISA_BUILD_FAILURE, "%s", program.log);
    guest->module_free(&program);

    EXPECT(link_two(&caller, &callee, "-D A", &program) == VISA_INVALID_OPTIONS, "%s", program.log);
    guest->module_free(&program);

    EXPECT(link_two(&caller, &broken, "", &program) == VISA_INVALID_BINARY, "%s", program.log);
    guest->module_free(&program);

    EXPECT(link_two(&callee, &callee, "-enable-link-options", &program) == VISA_INVALID_OPTIONS, "%s",
           program.log);
    guest->module_free(&program);

    struct visa_input one = {callee.bytes, callee.size};
    struct visa_link_request request = {
        .inputs = &one, .input_count = 1, .options = "-create-library", .features = &device};

    EXPECT(guest->link(&request, &library) == VISA_OK && library.output == VISA_LIBRARY, "%s", library.log);
    EXPECT(link_two(&caller, &library, NULL, &program) == VISA_OK, "%s", program.log);
    guest->module_free(&program);
    one = (struct visa_input){caller.bytes, caller.size};
    request.options = "";
    EXPECT(guest->link(&request, &program) == VISA_BUILD_FAILURE &&
               strstr(program.log, "undefined reference to `f'"),
           "%s", program.log);
    guest->module_free(&program);
    guest->module_free(&library);
    guest->module_free(&caller);
    guest->module_free(&callee);
    guest->module_free(&twin);
}

static void *compile_often(void *bad) {
    long wrong = 0;

    for (int i = 0; i < 10; i++) {
        struct visa_module module;

        wrong += compile(bad ? "kernel void k(" : described, "", VISA_EXECUTABLE, &module) !=
                 (bad ? VISA_BUILD_FAILURE : VISA_OK);
        guest->module_free(&module);
    }
    return (void *)wrong;
}

/* Callers with the smallest of stacks, at once. */
static void test_threads(void) {
    pthread_attr_t small;
    pthread_t threads[4];

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    for (long i = 0; i < 4; i++)
        EXPECT(!pthread_create(&threads[i], &small, compile_often, i & 1 ? "" : NULL), "no thread");
    for (int i = 0; i < 4; i++) {
        void *wrong;

        pthread_join(threads[i], &wrong);
        EXPECT(!wrong, "%ld wrong results", (long)wrong);
    }
    pthread_attr_destroy(&small);
}

/* In a child of the test: what programs do to a driver that keeps a process and a descriptor in them. */
static void live_with_it(void) {
    struct visa_module module;
    int before = failures, status;

    signal(SIGCHLD, SIG_IGN);
    EXPECT(compile(plain, "", VISA_EXECUTABLE, &module) == VISA_OK, "with SIGCHLD ignored: %s", module.log);
    guest->module_free(&module);
    EXPECT(waitpid(-1, &status, WNOHANG) < 0 && errno == ECHILD, "the compiler is a child of the program's");
    close_range(3, ~0u, 0);
    int own = open("/dev/null", O_RDWR);
    for (int i = 0; i < 4; i++) /* over all numbers that there were */
        EXPECT(dup2(own, 1000 + i) >= 0, "%s", strerror(errno));
    EXPECT(compile(plain, "", VISA_EXECUTABLE, &module) == VISA_OK, "with all descriptors closed: %s",
           module.log);
    guest->module_free(&module);
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    EXPECT(compile(plain, "", VISA_EXECUTABLE, &module) == VISA_OK, "without standard descriptors");
    guest->module_free(&module);
    _exit(failures > before);
}

static void test_process(void) {
    int status = -1;

    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        live_with_it();
    EXPECT(waitpid(child, &status, 0) == child && status == 0, "status %#x", (unsigned)status);
}

/* Included files are those of the program's working directory, wherever that is now. */
static void test_folder(void) {
    char folder[] = "/tmp/trillium-visa-XXXXXX", was[4096];
    FILE *f;

    EXPECT(getcwd(was, sizeof was) && mkdtemp(folder) && chdir(folder) == 0, "no folder");
    f = fopen("here.h", "w");
    fputs("#define HERE 1\n", f);
    fclose(f);
    expect("#include \"here.h\"\nkernel void k(global int *a) { a[0] = HERE; }", "", VISA_OK, "");
    unlink("here.h");
    EXPECT(chdir(was) == 0 && rmdir(folder) == 0, "the folder stays");
}

void test_compile(void) {
    guest->warm(&device);
    test_diagnostics();
    test_deep_nesting();
    test_options();
    test_macros();
    test_kernels();
    test_headers();
    test_link();
    test_threads();
    test_folder();
    test_process();
}
