// SPDX-License-Identifier: MIT
/* clCompileProgram and clLinkProgram: embedded headers, headers of the file system, libraries, and their
 * errors. */
#include "conform.h"

#include <sys/stat.h>
#include <unistd.h>

static cl_program source_new(struct cl *c, const char *source) {
    cl_int e;
    cl_program p = clCreateProgramWithSource(c->ctx, 1, &source, NULL, &e);

    must_succeed("clCreateProgramWithSource", e, __FILE__, __LINE__);
    return p;
}

static cl_int result_of(struct cl *c, cl_program p) {
    cl_mem m = buffer_new(c, 0, 64, NULL);
    cl_int e, got = -1;
    cl_kernel k = clCreateKernel(p, "k", &e);
    size_t one = 1;

    must_succeed("clCreateKernel", e, __FILE__, __LINE__);
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c->q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c->q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    return got;
}

static cl_program_binary_type type_of(struct cl *c, cl_program p) {
    cl_program_binary_type type = 99;

    OK(clGetProgramBuildInfo(p, c->device, CL_PROGRAM_BINARY_TYPE, sizeof(type), &type, NULL));
    return type;
}

static void need_linker(struct cl *c) {
    if (!device_bool(c->device, CL_DEVICE_LINKER_AVAILABLE))
        skip("the device has no linker");
}

static void two_files(void) {
    struct cl c = cl_open();
    cl_program parts[2];
    cl_int e;

    need_linker(&c);
    parts[0] = source_new(&c, "int twice(int x); kernel void k(global int *a) { *a = twice(21); }");
    parts[1] = source_new(&c, "int twice(int x); int twice(int x) { return 2 * x; }");
    for (int i = 0; i < 2; i++) {
        OK(clCompileProgram(parts[i], 1, &c.device, "", 0, NULL, NULL, NULL, NULL));
        check(type_of(&c, parts[i]) == CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT, "a compiled object");
    }
    EXPECT((clCreateKernel(parts[0], "k", &e), e), CL_INVALID_PROGRAM_EXECUTABLE);
    cl_program linked = clLinkProgram(c.ctx, 1, &c.device, "", 2, parts, NULL, NULL, &e);
    OK(e);
    check(type_of(&c, linked) == CL_PROGRAM_BINARY_TYPE_EXECUTABLE, "an executable");
    OK(clReleaseProgram(parts[0]));
    OK(clReleaseProgram(parts[1]));
    check(result_of(&c, linked) == 42, "the call across files");
    OK(clReleaseProgram(linked));
    cl_close(&c);
}

/* A compiled object taken as a binary, and loaded again, is one already before anything is done with it. */
static void object_as_binary(void) {
    struct cl c = cl_open();
    cl_program p, loaded, linked;
    unsigned char *bytes;
    size_t size = 0;
    cl_int e, status;

    need_linker(&c);
    p = source_new(&c, "kernel void k(global int *a) { *a = 43; }");
    OK(clCompileProgram(p, 1, &c.device, "", 0, NULL, NULL, NULL, NULL));
    OK(clGetProgramInfo(p, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL));
    bytes = malloc(size + 1);
    OK(clGetProgramInfo(p, CL_PROGRAM_BINARIES, sizeof(bytes), &bytes, NULL));
    loaded =
        clCreateProgramWithBinary(c.ctx, 1, &c.device, &size, (const unsigned char **)&bytes, &status, &e);
    OK(e);
    free(bytes);
    check(type_of(&c, loaded) == CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT, "a compiled object");
    linked = clLinkProgram(c.ctx, 1, &c.device, "", 1, &loaded, NULL, NULL, &e);
    OK(e);
    check(result_of(&c, linked) == 43, "linked from the binary");
    OK(clReleaseProgram(linked));
    OK(clReleaseProgram(loaded));
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void embedded_headers(void) {
    struct cl c = cl_open();
    const char *names[] = {"values.h", "sub/other.h"};
    cl_program headers[2], p, linked;
    cl_int e;

    need_linker(&c);
    headers[0] = source_new(&c, "#define VALUE 40\n");
    headers[1] = source_new(&c, "#define OTHER 2\n");
    p = source_new(&c, "#include \"values.h\"\n#include \"sub/other.h\"\n"
                       "kernel void k(global int *a) { *a = VALUE + OTHER; }");
    OK(clCompileProgram(p, 1, &c.device, "", 2, headers, names, NULL, NULL));
    linked = clLinkProgram(c.ctx, 0, NULL, NULL, 1, &p, NULL, NULL, &e);
    OK(e);
    check(result_of(&c, linked) == 42, "values of two embedded headers");
    OK(clReleaseProgram(linked));
    OK(clReleaseProgram(p));
    OK(clReleaseProgram(headers[0]));
    OK(clReleaseProgram(headers[1]));
    cl_close(&c);
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");

    if (!f)
        fail("cannot write %s", path);
    fputs(text, f);
    fclose(f);
}

/* Headers in the file system of the machine where the program runs. */
static void headers_in_files(void) {
    struct cl c = cl_open();
    char dir[] = "/tmp/cl-conform-XXXXXX", path[100], options[200];
    const char *source = "#include \"mine.h\"\n#include <deep/inner.h>\n"
                         "kernel void k(global int *a) { *a = MINE + INNER + DEFINED; }";

    if (!mkdtemp(dir))
        fail("no temporary folder");
    snprintf(path, sizeof(path), "%s/mine.h", dir);
    write_file(path, "#define MINE 1000\n");
    snprintf(path, sizeof(path), "%s/deep", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/deep/inner.h", dir);
    write_file(path, "#include \"sibling.h\"\n#define INNER (SIBLING + 1)\n");
    snprintf(path, sizeof(path), "%s/deep/sibling.h", dir);
    write_file(path, "#pragma once\n#define SIBLING 10\n");
    for (int spelled = 0; spelled < 2; spelled++) {
        snprintf(options, sizeof(options), spelled ? "-DDEFINED=100 -I %s" : "-I%s -DDEFINED=100", dir);
        cl_program p = program_new(&c, source, options);
        check(result_of(&c, p) == 1111, "headers found through -I%s", spelled ? " with a space" : "");
        OK(clReleaseProgram(p));
    }
    static const char *const files[] = {"deep/sibling.h", "deep/inner.h", "deep", "mine.h", ""};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        remove(path);
    }
    cl_close(&c);
}

/* Two builds with the same text and options, between which the header changes. */
static void header_changes(void) {
    struct cl c = cl_open();
    char dir[] = "/tmp/cl-conform-XXXXXX", path[100], options[200];

    if (!mkdtemp(dir))
        fail("no temporary folder");
    snprintf(path, sizeof(path), "%s/value.h", dir);
    snprintf(options, sizeof(options), "-I%s", dir);
    for (int i = 1; i <= 3; i++) {
        char text[64];

        snprintf(text, sizeof(text), "#define VALUE %d\n", i * 111);
        write_file(path, text);
        cl_program p =
            program_new(&c, "#include \"value.h\"\nkernel void k(global int *a) { *a = VALUE; }", options);
        check(result_of(&c, p) == i * 111, "version %d of the header", i);
        OK(clReleaseProgram(p));
    }
    unlink(path);
    rmdir(dir);
    cl_close(&c);
}

static void library(void) {
    struct cl c = cl_open();
    cl_program part, lib, main_part, linked, inputs[2];
    cl_int e;

    need_linker(&c);
    part = source_new(&c, "int seven(void); int seven(void) { return 7; }");
    OK(clCompileProgram(part, 0, NULL, "", 0, NULL, NULL, NULL, NULL));
    lib = clLinkProgram(c.ctx, 0, NULL, "-create-library", 1, &part, NULL, NULL, &e);
    OK(e);
    check(type_of(&c, lib) == CL_PROGRAM_BINARY_TYPE_LIBRARY, "a library");
    main_part = source_new(&c, "int seven(void); kernel void k(global int *a) { *a = 6 * seven(); }");
    OK(clCompileProgram(main_part, 0, NULL, "", 0, NULL, NULL, NULL, NULL));
    inputs[0] = main_part;
    inputs[1] = lib;
    linked = clLinkProgram(c.ctx, 0, NULL, "", 2, inputs, NULL, NULL, &e);
    OK(e);
    check(result_of(&c, linked) == 42, "a function of the library");
    OK(clReleaseProgram(linked));
    OK(clReleaseProgram(main_part));
    OK(clReleaseProgram(lib));
    OK(clReleaseProgram(part));
    cl_close(&c);
}

static void unresolved(void) {
    struct cl c = cl_open();
    cl_program p = source_new(&c, "int missing(int x); kernel void k(global int *a) { *a = missing(1); }"),
               linked;
    cl_int e;

    need_linker(&c);
    OK(clCompileProgram(p, 0, NULL, "", 0, NULL, NULL, NULL, NULL));
    linked = clLinkProgram(c.ctx, 0, NULL, "", 1, &p, NULL, NULL, &e);
    EXPECT(e, CL_LINK_PROGRAM_FAILURE);
    if (linked) {
        cl_build_status status = 0;

        OK(clGetProgramBuildInfo(linked, c.device, CL_PROGRAM_BUILD_STATUS, sizeof(status), &status, NULL));
        loose("status of the failed program", "%d", status);
        if (status != CL_BUILD_ERROR)
            check(false, "the failed program says so");
        OK(clReleaseProgram(linked));
    }
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void compile_failure(void) {
    struct cl c = cl_open();
    cl_program p = source_new(&c, "kernel void k(global int *a) { *a = ; }");
    static char log[16384];

    need_linker(&c);
    EXPECT(clCompileProgram(p, 0, NULL, "", 0, NULL, NULL, NULL, NULL), CL_COMPILE_PROGRAM_FAILURE);
    OK(clGetProgramBuildInfo(p, c.device, CL_PROGRAM_BUILD_LOG, sizeof(log), log, NULL));
    check(strlen(log) > 0, "there is a log");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void compile_errors(void) {
    struct cl c = cl_open();
    cl_program p = source_new(&c, "kernel void k(global int *a) { *a = 1; }"),
               header = source_new(&c, "#define A\n");
    const char *name = "a.h";
    int user = 0;

    need_linker(&c);
    EXPECT(clCompileProgram(NULL, 0, NULL, "", 0, NULL, NULL, NULL, NULL), CL_INVALID_PROGRAM);
    EXPECT(clCompileProgram(p, 1, NULL, "", 0, NULL, NULL, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clCompileProgram(p, 0, &c.device, "", 0, NULL, NULL, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clCompileProgram(p, 0, NULL, "", 0, &header, NULL, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clCompileProgram(p, 0, NULL, "", 0, NULL, &name, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clCompileProgram(p, 0, NULL, "", 0, NULL, NULL, NULL, &user), CL_INVALID_VALUE);
    EXPECT(clCompileProgram(p, 0, NULL, "-bogus-option", 0, NULL, NULL, NULL, NULL),
           CL_INVALID_COMPILER_OPTIONS);
    OK(clReleaseProgram(p));
    OK(clReleaseProgram(header));
    cl_close(&c);
}

static void null_headers(void) {
    struct cl c = cl_open();
    cl_program p = source_new(&c, "kernel void k(global int *a) { *a = 1; }"),
               header = source_new(&c, "#define A\n");

    need_linker(&c);
    EXPECT(clCompileProgram(p, 0, NULL, "", 1, &header, NULL, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clCompileProgram(p, 0, NULL, "", 1, NULL, NULL, NULL, NULL), CL_INVALID_VALUE);
    OK(clReleaseProgram(p));
    OK(clReleaseProgram(header));
    cl_close(&c);
}

static void link_errors(void) {
    struct cl c = cl_open();
    cl_program p = source_new(&c, "kernel void k(global int *a) { *a = 1; }");
    int user = 0;
    cl_int e;

    need_linker(&c);
    EXPECT((clLinkProgram(NULL, 0, NULL, "", 1, &p, NULL, NULL, &e), e), CL_INVALID_CONTEXT);
    EXPECT((clLinkProgram(c.ctx, 0, NULL, "", 0, NULL, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clLinkProgram(c.ctx, 0, NULL, "", 1, NULL, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clLinkProgram(c.ctx, 0, NULL, "", 0, &p, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clLinkProgram(c.ctx, 1, NULL, "", 1, &p, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clLinkProgram(c.ctx, 0, NULL, "", 1, &p, NULL, &user, &e), e), CL_INVALID_VALUE);
    EXPECT((clLinkProgram(c.ctx, 0, NULL, "", 1, &p, NULL, NULL, &e), e),
           CL_INVALID_OPERATION); /* not compiled */
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(two_files),      CASE(object_as_binary), CASE(embedded_headers), CASE(headers_in_files),
    CASE(header_changes), CASE(library),          CASE(unresolved),       CASE(compile_failure),
    CASE(compile_errors), CASE(null_headers),     CASE(link_errors),      END_OF_CASES,
};

const struct test_group group_linking = {"linking", cases};
