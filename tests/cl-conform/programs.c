// SPDX-License-Identifier: MIT
/* Programs: sources, options, builds that fail, logs, callbacks, binaries. */
#include "conform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static const char two_kernels[] = "kernel void first(global int *a) { a[get_global_id(0)] = 1; }\n"
                                  "kernel void second(global int *a, int x) { a[get_global_id(0)] = x; }\n";

/* Runs a kernel with one int buffer on one work-item and returns what it wrote. */
static cl_int run_one(struct cl *c, cl_program p, const char *name) {
    cl_mem m = buffer_new(c, 0, 64, NULL);
    cl_int e, got = -1, before = -7;
    cl_kernel k = clCreateKernel(p, name, &e);
    size_t one = 1;

    must_succeed("clCreateKernel", e, __FILE__, __LINE__);
    OK(clEnqueueWriteBuffer(c->q, m, CL_TRUE, 0, 4, &before, 0, NULL, NULL));
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c->q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c->q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    return got;
}

static void source_strings(void) {
    struct cl c = cl_open();
    const char *parts[] = {"kernel void k(global int *a)", "{ *a = ", "4242;XXXX", " }", "garbage"};
    size_t lengths[] = {0, 0, 5, 2};
    char text[200] = "";
    size_t size = 0;
    cl_int e;
    cl_program p = clCreateProgramWithSource(c.ctx, 4, parts, lengths, &e);

    OK(e);
    OK(clGetProgramInfo(p, CL_PROGRAM_SOURCE, sizeof(text), text, &size));
    check(strcmp(text, "kernel void k(global int *a){ *a = 4242; }") == 0 && size == strlen(text) + 1,
          "CL_PROGRAM_SOURCE is all strings in one");
    OK(clBuildProgram(p, 0, NULL, NULL, NULL, NULL));
    check(run_one(&c, p, "k") == 4242, "strings with and without lengths");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void source_errors(void) {
    struct cl c = cl_open();
    const char *good = two_kernels;
    cl_int e;

    EXPECT((clCreateProgramWithSource(NULL, 1, &good, NULL, &e), e), CL_INVALID_CONTEXT);
    EXPECT((clCreateProgramWithSource(c.ctx, 0, &good, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT(clRetainProgram(NULL), CL_INVALID_PROGRAM);
    EXPECT(clReleaseProgram(NULL), CL_INVALID_PROGRAM);
    cl_close(&c);
}

/* Cases of their own, since some drivers crash in them. */
static void null_strings(void) {
    struct cl c = cl_open();
    cl_int e;

    EXPECT((clCreateProgramWithSource(c.ctx, 1, NULL, NULL, &e), e), CL_INVALID_VALUE);
    cl_close(&c);
}

static void a_null_string(void) {
    struct cl c = cl_open();
    const char *null_string = NULL;
    cl_int e;

    EXPECT((clCreateProgramWithSource(c.ctx, 1, &null_string, NULL, &e), e), CL_INVALID_VALUE);
    cl_close(&c);
}

static void options(void) {
    struct cl c = cl_open();
    static const struct {
        const char *options;
        cl_int want;
    } tries[] = {
        {"-DVALUE=7", 7},
        {"-D VALUE=8", 8},
        {"  -D   VALUE=9  -cl-mad-enable ", 9},
        {"-DVALUE=10 -cl-fast-relaxed-math -cl-no-signed-zeros", 10},
        {"-D OTHER -DVALUE=(5+6) -w", 11},
        {"-cl-std=CL1.2 -DVALUE=12", 12},
        {"-cl-opt-disable -DVALUE=13", 13},
    };
    const char *source = "kernel void k(global int *a) { *a = VALUE; }";

    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        char back[200] = "";
        cl_program p = program_new(&c, source, tries[i].options);

        check(run_one(&c, p, "k") == tries[i].want, "options \"%s\"", tries[i].options);
        OK(clGetProgramBuildInfo(p, c.device, CL_PROGRAM_BUILD_OPTIONS, sizeof(back), back, NULL));
        check(strcmp(back, tries[i].options) == 0, "CL_PROGRAM_BUILD_OPTIONS is what was given");
        OK(clReleaseProgram(p));
    }
    cl_close(&c);
}

/* What the words of options are: quotes, case, letters. */
static void option_words(void) {
    static const char *const words[] = {"-DA='5'",
                                        "-DA=\"5\"",
                                        "-D \"A=5\"",
                                        "-DA=\"2 + 3\"",
                                        "-DA='2 + 3'",
                                        "-D 'A=5'",
                                        "-cl-std=",
                                        "-cl-std=cl1.2",
                                        "-D\xc3\xa4=1 -DA=5",
                                        "-include x.h",
                                        "-fplugin=x",
                                        "-Xclang -load",
                                        "-o x",
                                        "@x",
                                        "-B/x",
                                        "--config=x",
                                        "-MF x"};
    struct cl c = cl_open();

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *source = "kernel void k(global int *a) { *a = A; }";
        cl_int e;
        cl_program p = clCreateProgramWithSource(c.ctx, 1, &source, NULL, &e);
        OK(e);
        e = clBuildProgram(p, 0, NULL, words[i], NULL, NULL);
        see(words[i], "%s, %d", error_name(e), e == CL_SUCCESS ? run_one(&c, p, "k") : 0);
        OK(clReleaseProgram(p));
    }
    cl_close(&c);
}

/* Text behind a NUL within the length that is given. */
static void source_with_a_nul(void) {
    static const char text[] = "kernel void k(global int *a) { *a = 1; }\0 this is no code";
    const char *source = text;
    size_t size = sizeof(text) - 1;
    struct cl c = cl_open();
    cl_int e;
    cl_program p = clCreateProgramWithSource(c.ctx, 1, &source, &size, &e);

    OK(e);
    e = clBuildProgram(p, 0, NULL, "", NULL, NULL);
    see("text behind a NUL", "%s, %d", error_name(e), e == CL_SUCCESS ? run_one(&c, p, "k") : 0);
    OK(clReleaseProgram(p));
    cl_close(&c);
}

/* Variables of the program, where the driver has them. */
static void program_variables(void) {
    static const char *const options[] = {"-cl-std=CL2.0", "-cl-std=CL3.0"};
    struct cl c = cl_open();

    for (int i = 0; i < 2; i++) {
        const char *source = "global int calls = 3; kernel void k(global int *a) { *a = calls++; }";
        cl_int e;
        cl_program p = clCreateProgramWithSource(c.ctx, 1, &source, NULL, &e);
        OK(e);
        e = clBuildProgram(p, 0, NULL, options[i], NULL, NULL);
        int first = e == CL_SUCCESS ? run_one(&c, p, "k") : 0,
            second = e == CL_SUCCESS ? run_one(&c, p, "k") : 0;
        see(options[i], "%s, %d, %d", error_name(e), first, second);
        OK(clReleaseProgram(p));
    }
    cl_close(&c);
}

/* Kernels whose names are longer than a driver can put into a file's name; the program asks for no binary. */
static void long_names(void) {
    static const size_t lengths[] = {120, 300, 700};
    struct cl c = cl_open();

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char name[701], source[2000];
        memset(name, 'n', lengths[i]);
        name[lengths[i]] = '\0';
        snprintf(source, sizeof(source),
                 "kernel void %s(global int *a) { *a = 1; } kernel void k(global int *a) { *a = 2; }", name);
        cl_program p = program_new(&c, source, "");
        check(run_one(&c, p, "k") == 2, "the kernel beside it");
        OK(clReleaseProgram(p));
    }
    cl_close(&c);
}

static void bad_options(void) {
    struct cl c = cl_open();
    static const char *const bad[] = {"-no-such-option-at-all", "-cl-std=CL9.9", "-cl-nonsense"};
    const char *source = two_kernels;
    cl_int e;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cl_program p = clCreateProgramWithSource(c.ctx, 1, &source, NULL, &e);

        OK(e);
        e = clBuildProgram(p, 0, NULL, bad[i], NULL, NULL);
        check(e == CL_INVALID_BUILD_OPTIONS || e == CL_BUILD_PROGRAM_FAILURE, "option %s fails", bad[i]);
        see_words(bad[i], "%s", error_name(e));
        OK(clReleaseProgram(p));
    }
    cl_close(&c);
}

static void print_log(cl_program p, cl_device_id d) {
    static char log[32768];
    size_t size = 0;

    OK(clGetProgramBuildInfo(p, d, CL_PROGRAM_BUILD_LOG, sizeof(log), log, &size));
    check(size == strlen(log) + 1, "the log's size counts its NUL");
    /* PoCL names a temporary file, which differs from build to build. */
    for (char *at = log; (at = strstr(at, "/")); at++) {
        char *end = at + strcspn(at, ": \n");

        memmove(at, end, strlen(end) + 1);
        if (!*at)
            break;
    }
    see_words("build log", "%s", log);
}

static void failing_build(void) {
    struct cl c = cl_open();
    const char *source = "kernel void k(global int *a) { *a = undeclared_name_here; }\n";
    cl_build_status status = 1;
    size_t size = 0;
    cl_int e;
    cl_program p = clCreateProgramWithSource(c.ctx, 1, &source, NULL, &e);

    OK(e);
    EXPECT(clBuildProgram(p, 1, &c.device, "", NULL, NULL), CL_BUILD_PROGRAM_FAILURE);
    OK(clGetProgramBuildInfo(p, c.device, CL_PROGRAM_BUILD_STATUS, sizeof(status), &status, NULL));
    check(status == CL_BUILD_ERROR, "status is CL_BUILD_ERROR");
    OK(clGetProgramBuildInfo(p, c.device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size));
    check(size > 1, "there is a log");
    print_log(p, c.device);
    static char log[32768];
    OK(clGetProgramBuildInfo(p, c.device, CL_PROGRAM_BUILD_LOG, sizeof(log), log, NULL));
    check(strstr(log, "undeclared_name_here") != NULL, "the log names what is wrong");
    EXPECT((clCreateKernel(p, "k", &e), e), CL_INVALID_PROGRAM_EXECUTABLE);
    EXPECT(clCreateKernelsInProgram(p, 0, NULL, &(cl_uint){0}), CL_INVALID_PROGRAM_EXECUTABLE);
    /* A second attempt with other options may succeed. */
    EXPECT(clBuildProgram(p, 1, &c.device, "-Dundeclared_name_here=5", NULL, NULL), CL_SUCCESS);
    check(run_one(&c, p, "k") == 5, "a second build repairs it");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void various_failures(void) {
    static const char *sources[] = {
        "kernel void k(global int *a) { *a = 1 }",
        "kernel int k(global int *a) { return 1; }",
        "this is no OpenCL C",
        "#error stop here\n",
        "#include \"no-such-file.h\"\nkernel void k() {}",
        "kernel void k(global int *a) { no_such_function(a); }",
        "kernel void k(private int *a) { }",
    };
    struct cl c = cl_open();

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        cl_int e;
        cl_program p = clCreateProgramWithSource(c.ctx, 1, &sources[i], NULL, &e);

        OK(e);
        e = clBuildProgram(p, 0, NULL, NULL, NULL, NULL);
        check(e == CL_BUILD_PROGRAM_FAILURE, "source %zu fails", i);
        print_log(p, c.device);
        OK(clReleaseProgram(p));
    }
    cl_close(&c);
}

static void warnings_are_in_the_log(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, "#warning look out\nkernel void k(global int *a) { *a = 1; }", "");

    print_log(p, c.device);
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void empty_sources(void) {
    struct cl c = cl_open();
    static const char *sources[] = {"", " \n", "/* nothing */", "int helper(int x) { return x; }"};

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        cl_int e;
        size_t count = 99;
        cl_program p = clCreateProgramWithSource(c.ctx, 1, &sources[i], NULL, &e);

        see("create", "%s", error_name(e));
        if (e != CL_SUCCESS)
            continue;
        e = clBuildProgram(p, 0, NULL, NULL, NULL, NULL);
        see("build", "%s", error_name(e));
        if (e == CL_SUCCESS &&
            clGetProgramInfo(p, CL_PROGRAM_NUM_KERNELS, sizeof(count), &count, NULL) == CL_SUCCESS)
            check(count == 0, "no kernels");
        OK(clReleaseProgram(p));
    }
    cl_close(&c);
}

static void build_errors(void) {
    struct cl c = cl_open();
    const char *source = two_kernels;
    int user = 0;
    cl_int e;
    cl_program p = clCreateProgramWithSource(c.ctx, 1, &source, NULL, &e);

    OK(e);
    EXPECT(clBuildProgram(NULL, 0, NULL, NULL, NULL, NULL), CL_INVALID_PROGRAM);
    EXPECT(clBuildProgram(p, 0, &c.device, NULL, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clBuildProgram(p, 1, NULL, NULL, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clBuildProgram(p, 0, NULL, NULL, NULL, &user), CL_INVALID_VALUE);
    EXPECT((clCreateKernel(p, "first", &e), e), CL_INVALID_PROGRAM_EXECUTABLE);
    OK(clBuildProgram(p, 0, NULL, NULL, NULL, NULL));
    cl_kernel k = clCreateKernel(p, "first", &e);
    OK(e);
    EXPECT(clBuildProgram(p, 0, NULL, NULL, NULL, NULL), CL_INVALID_OPERATION); /* kernels are attached */
    EXPECT(clCompileProgram(p, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL), CL_INVALID_OPERATION);
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void rebuild(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, "kernel void k(global int *a) { *a = VALUE; }", "-DVALUE=1");

    check(run_one(&c, p, "k") == 1, "the first build");
    OK(clBuildProgram(p, 0, NULL, "-DVALUE=2", NULL, NULL));
    check(run_one(&c, p, "k") == 2, "the second");
    OK(clBuildProgram(p, 1, &c.device, "-DVALUE=3", NULL, NULL));
    check(run_one(&c, p, "k") == 3, "the third");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

/* ---- callbacks
 * ------------------------------------------------------------------------------------------------------ */

struct note {
    _Atomic int calls;
    cl_program _Atomic program;
    cl_build_status status;
};

static void CL_CALLBACK on_built(cl_program p, void *data) {
    struct note *n = data;
    cl_build_status status = 77;

    clGetProgramBuildInfo(p, the_device(), CL_PROGRAM_BUILD_STATUS, sizeof(status), &status, NULL);
    n->status = status;
    n->program = p;
    atomic_fetch_add(&n->calls, 1);
}

static bool wait_for(_Atomic int *counter, int value) {
    for (double end = now_s() + 40; now_s() < end; usleep(500))
        if (atomic_load(counter) >= value)
            return true;
    return false;
}

static void build_callback(void) {
    struct cl c = cl_open();
    const char *good = two_kernels, *bad = "nonsense";
    struct note note = {0};
    cl_int e;
    cl_program p = clCreateProgramWithSource(c.ctx, 1, &good, NULL, &e);

    OK(e);
    OK(clBuildProgram(p, 0, NULL, NULL, on_built, &note));
    check(wait_for(&note.calls, 1), "called for a good build");
    check(note.program == p, "with the program");
    check(note.status == CL_BUILD_SUCCESS, "the status is there by then");
    cl_kernel k = clCreateKernel(p, "first", &e);
    OK(e);
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    /* Programs written with a driver that returns when all is done do not wait for the call. */
    struct note late = {0};
    size_t count = 0;
    p = clCreateProgramWithSource(c.ctx, 1, &good, NULL, &e);
    OK(e);
    OK(clBuildProgram(p, 0, NULL, "-DNOT_SEEN_BEFORE", on_built, &late));
    k = clCreateKernel(p, "second", &e);
    OK(e);
    OK(clGetProgramInfo(p, CL_PROGRAM_NUM_KERNELS, sizeof(count), &count, NULL));
    check(count == 2, "its kernels are there at once");
    check(wait_for(&late.calls, 1), "called for it too");
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    struct note second = {0};
    p = clCreateProgramWithSource(c.ctx, 1, &bad, NULL, &e);
    OK(e);
    e = clBuildProgram(p, 0, NULL, NULL, on_built, &second);
    check(e == CL_SUCCESS || e == CL_BUILD_PROGRAM_FAILURE, "a bad build may end at once or later");
    check(wait_for(&second.calls, 1), "called for a bad build too");
    check(second.status == CL_BUILD_ERROR, "which has failed by then");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

/* What a callback finds of a program that the application has released by then. */
static void CL_CALLBACK on_built_late(cl_program p, void *data) {
    struct note *n = data;
    size_t count = 0;
    cl_int e;
    cl_kernel k = clCreateKernel(p, "second", &e);

    if (e == CL_SUCCESS)
        e = clReleaseKernel(k);
    if (e == CL_SUCCESS)
        e = clGetProgramInfo(p, CL_PROGRAM_NUM_KERNELS, sizeof(count), &count, NULL);
    n->status = e == CL_SUCCESS && count == 2 ? CL_BUILD_SUCCESS : e;
    atomic_fetch_add(&n->calls, 1);
}

static void released_while_it_is_built(void) {
    struct cl c = cl_open();
    const char *good = two_kernels;
    struct note note = {0};
    cl_int e;
    cl_program p = clCreateProgramWithSource(c.ctx, 1, &good, NULL, &e);

    OK(e);
    OK(clBuildProgram(p, 0, NULL, "-DRELEASED_EARLY", on_built_late, &note));
    OK(clReleaseProgram(p));
    check(wait_for(&note.calls, 1), "called");
    check(note.status == CL_BUILD_SUCCESS, "with a program that works");
    loose("status", "%d", note.status);
    cl_close(&c);
}

/* ---- binaries
 * ---------------------------------------------------------------------------------------------------------
 */

static unsigned char *binary_of(cl_program p, size_t *size) {
    unsigned char *binary;

    OK(clGetProgramInfo(p, CL_PROGRAM_BINARY_SIZES, sizeof(*size), size, NULL));
    binary = malloc(*size + 1);
    OK(clGetProgramInfo(p, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL));
    return binary;
}

static void binaries(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, "kernel void k(global int *a) { *a = 99; }", ""), again;
    size_t size = 0;
    unsigned char *binary = binary_of(p, &size);
    cl_program_binary_type type = 0;
    cl_int e, status = 77;

    check(size > 0, "there is a binary");
    check(run_one(&c, p, "k") == 99, "from source");
    OK(clReleaseProgram(p));
    again =
        clCreateProgramWithBinary(c.ctx, 1, &c.device, &size, (const unsigned char **)&binary, &status, &e);
    OK(e);
    check(status == CL_SUCCESS, "binary status");
    OK(clBuildProgram(again, 1, &c.device, "", NULL, NULL));
    check(run_one(&c, again, "k") == 99, "from the binary");
    OK(clGetProgramBuildInfo(again, c.device, CL_PROGRAM_BINARY_TYPE, sizeof(type), &type, NULL));
    check(type == CL_PROGRAM_BINARY_TYPE_EXECUTABLE, "an executable");
    size_t second = 0;
    unsigned char *copy = binary_of(again, &second);
    check(second > 0, "a program from a binary has one too");
    OK(clReleaseProgram(again));
    again = clCreateProgramWithBinary(c.ctx, 1, &c.device, &second, (const unsigned char **)&copy, NULL, &e);
    OK(e);
    OK(clBuildProgram(again, 0, NULL, NULL, NULL, NULL));
    check(run_one(&c, again, "k") == 99, "from the binary's binary");
    OK(clReleaseProgram(again));
    free(copy);
    free(binary);
    cl_close(&c);
}

static void binary_errors(void) {
    struct cl c = cl_open();
    unsigned char garbage[256];
    const unsigned char *bytes = garbage, *none = NULL;
    size_t size = sizeof(garbage), zero = 0;
    cl_int e, status = 77;

    for (size_t i = 0; i < sizeof(garbage); i++)
        garbage[i] = (unsigned char)(i * 7 + 1);
    EXPECT((clCreateProgramWithBinary(NULL, 1, &c.device, &size, &bytes, &status, &e), e),
           CL_INVALID_CONTEXT);
    EXPECT((clCreateProgramWithBinary(c.ctx, 0, &c.device, &size, &bytes, &status, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateProgramWithBinary(c.ctx, 1, NULL, &size, &bytes, &status, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateProgramWithBinary(c.ctx, 1, &c.device, NULL, &bytes, &status, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateProgramWithBinary(c.ctx, 1, &c.device, &zero, &bytes, &status, &e), e), CL_INVALID_VALUE);
    check(status == CL_INVALID_VALUE, "binary status of a length of 0");
    EXPECT((clCreateProgramWithBinary(c.ctx, 1, &c.device, &size, &none, &status, &e), e), CL_INVALID_VALUE);
    cl_close(&c);
}

static void null_binaries(void) {
    struct cl c = cl_open();
    size_t size = 256;
    cl_int e, status = 77;

    EXPECT((clCreateProgramWithBinary(c.ctx, 1, &c.device, &size, NULL, &status, &e), e), CL_INVALID_VALUE);
    cl_close(&c);
}

static void garbage_as_a_binary(void) {
    struct cl c = cl_open();
    unsigned char garbage[256];
    const unsigned char *bytes = garbage;
    size_t size = sizeof(garbage);
    cl_int e, status = 77;

    for (size_t i = 0; i < sizeof(garbage); i++)
        garbage[i] = (unsigned char)(i * 7 + 1);
    cl_program p = clCreateProgramWithBinary(c.ctx, 1, &c.device, &size, &bytes, &status, &e);
    see("garbage as a binary", "%s, status %s", error_name(e), error_name(status));
    if (e == CL_SUCCESS) {
        e = clBuildProgram(p, 0, NULL, NULL, NULL, NULL);
        see("its build", "%s", error_name(e));
        OK(clReleaseProgram(p));
    }
    cl_close(&c);
}

/* The binary goes to another context, as it would from a file in another run. */
static void binary_in_another_context(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, two_kernels, "");
    size_t size = 0, count = 0;
    unsigned char *binary = binary_of(p, &size);
    char names[100] = "";
    cl_int e;

    OK(clReleaseProgram(p));
    cl_close(&c);
    c = cl_open();
    p = clCreateProgramWithBinary(c.ctx, 1, &c.device, &size, (const unsigned char **)&binary, NULL, &e);
    OK(e);
    memset(binary, 0, size); /* it was copied */
    OK(clBuildProgram(p, 0, NULL, NULL, NULL, NULL));
    OK(clGetProgramInfo(p, CL_PROGRAM_NUM_KERNELS, sizeof(count), &count, NULL));
    check(count == 2, "both kernels");
    OK(clGetProgramInfo(p, CL_PROGRAM_KERNEL_NAMES, sizeof(names), names, NULL));
    check(strcmp(names, "first;second") == 0 || strcmp(names, "second;first") == 0, "their names");
    check(run_one(&c, p, "first") == 1, "runs");
    OK(clReleaseProgram(p));
    free(binary);
    cl_close(&c);
}

/* ---- others
 * -------------------------------------------------------------------------------------------------------------
 */

static void kernels_of_a_program(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, two_kernels, "");
    cl_kernel k[4] = {NULL};
    cl_uint count = 0;
    char names[100] = "", name[100];
    size_t size = 0, number = 0;
    bool first = false, second = false;

    OK(clGetProgramInfo(p, CL_PROGRAM_NUM_KERNELS, sizeof(number), &number, NULL));
    check(number == 2, "CL_PROGRAM_NUM_KERNELS");
    OK(clGetProgramInfo(p, CL_PROGRAM_KERNEL_NAMES, sizeof(names), names, &size));
    check(size == strlen("first;second") + 1, "CL_PROGRAM_KERNEL_NAMES");
    OK(clCreateKernelsInProgram(p, 0, NULL, &count));
    check(count == 2, "the number alone");
    OK(clCreateKernelsInProgram(p, 4, k, &count));
    for (int i = 0; i < 2; i++) {
        OK(clGetKernelInfo(k[i], CL_KERNEL_FUNCTION_NAME, sizeof(name), name, NULL));
        first = first || strcmp(name, "first") == 0;
        second = second || strcmp(name, "second") == 0;
        OK(clReleaseKernel(k[i]));
    }
    check(first && second, "clCreateKernelsInProgram makes both");
    EXPECT(clCreateKernelsInProgram(p, 1, k, &count), CL_INVALID_VALUE);
    EXPECT(clCreateKernelsInProgram(NULL, 1, k, &count), CL_INVALID_PROGRAM);
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void with_il(void) {
    struct cl c = cl_open();
    static const unsigned char garbage[64] = {1, 2, 3};
    char version[256] = "";
    cl_int e;

    clGetDeviceInfo(c.device, CL_DEVICE_IL_VERSION, sizeof(version), version, NULL);
    cl_program p = clCreateProgramWithIL(c.ctx, garbage, sizeof(garbage), &e);
    if (!version[0]) {
        EXPECT(e, CL_INVALID_OPERATION);
        cl_close(&c);
        return;
    }
    /* A driver may find out only when it builds. */
    EXPECT(e, CL_INVALID_VALUE, CL_SUCCESS);
    if (e == CL_SUCCESS)
        OK(clReleaseProgram(p));
    EXPECT((clCreateProgramWithIL(NULL, garbage, sizeof(garbage), &e), e), CL_INVALID_CONTEXT);
    EXPECT((clCreateProgramWithIL(c.ctx, NULL, sizeof(garbage), &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateProgramWithIL(c.ctx, garbage, 0, &e), e), CL_INVALID_VALUE);
    cl_close(&c);
}

static void built_in_kernels(void) {
    struct cl c = cl_open();
    cl_int e;

    EXPECT((clCreateProgramWithBuiltInKernels(NULL, 1, &c.device, "x", &e), e), CL_INVALID_CONTEXT);
    EXPECT((clCreateProgramWithBuiltInKernels(c.ctx, 0, NULL, "x", &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateProgramWithBuiltInKernels(c.ctx, 1, &c.device, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateProgramWithBuiltInKernels(c.ctx, 1, &c.device, "no_such_kernel", &e), e),
           CL_INVALID_VALUE);
    cl_close(&c);
}

/* Program-scope constants and tables, functions, macros over many lines: the source arrives as it is. */
static void awkward_text(void) {
    static const char source[] =
        "#define TWO \\\n   2\n"
        "// a comment with \"quotes\" and a backslash \\ in it\n"
        "/* \t tabs, \r\n carriage returns and umlauts: \xc3\xa4 */\r\n"
        "constant int table[4] = {10, 20, 30, 40};\n"
        "constant char text[] = \"%d\\n\";\n"
        "int twice(int x);\nint twice(int x) { return x * TWO; }\n"
        "kernel void k(global int *a) { *a = twice(table[TWO]) + (int)sizeof(text); }";
    struct cl c = cl_open();
    cl_program p = program_new(&c, source, "");

    check(run_one(&c, p, "k") == 64, "the program's result");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

/* Far beyond what one FIFO command holds. */
static void large_source(void) {
    struct cl c = cl_open();
    size_t room = 400000, used;
    char *source = malloc(room);
    cl_program p;

    used = (size_t)snprintf(source, room, "kernel void k(global int *a) { *a = 3; }\n");
    while (used < room - 100)
        used += (size_t)snprintf(source + used, room - used,
                                 "// line %zu of a long comment that says nothing\n", used);
    p = program_new(&c, source, "");
    check(run_one(&c, p, "k") == 3, "400 kB of source");
    OK(clReleaseProgram(p));
    free(source);
    cl_close(&c);
}

static void reference_counts(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, two_kernels, "");
    cl_uint count = 0;
    cl_int e;

    OK(clRetainProgram(p));
    OK(clGetProgramInfo(p, CL_PROGRAM_REFERENCE_COUNT, sizeof(count), &count, NULL));
    check(count == 2, "retained");
    OK(clReleaseProgram(p));
    cl_kernel k = clCreateKernel(p, "first", &e);
    OK(e);
    OK(clReleaseProgram(p)); /* the kernel keeps it */
    cl_program of = NULL;
    OK(clGetKernelInfo(k, CL_KERNEL_PROGRAM, sizeof(of), &of, NULL));
    check(of == p, "a kernel keeps its program");
    OK(clReleaseKernel(k));
    cl_close(&c);
}

static void specialization_errors(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, two_kernels, "");
    cl_int value = 1;

    EXPECT(clSetProgramSpecializationConstant(NULL, 0, sizeof(value), &value), CL_INVALID_PROGRAM,
           CL_INVALID_OPERATION);
    cl_int e = clSetProgramSpecializationConstant(p, 0, sizeof(value), &value);
    check(e == CL_INVALID_PROGRAM || e == CL_INVALID_OPERATION, "not for a program from source");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void program_release_callback(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, two_kernels, "");
    struct note note = {0};
    cl_int e = clSetProgramReleaseCallback(p, on_built, &note);

    EXPECT(e, CL_INVALID_OPERATION, CL_SUCCESS);
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(source_strings),
    CASE(source_errors),
    CASE(null_strings),
    CASE(a_null_string),
    CASE(options),
    CASE(bad_options),
    CASE(option_words),
    CASE(source_with_a_nul),
    CASE(program_variables),
    CASE(long_names),
    CASE(failing_build),
    CASE(various_failures),
    CASE(warnings_are_in_the_log),
    CASE(empty_sources),
    CASE(build_errors),
    CASE(rebuild),
    CASE(build_callback),
    CASE(released_while_it_is_built),
    CASE(binaries),
    CASE(binary_errors),
    CASE(null_binaries),
    CASE(garbage_as_a_binary),
    CASE(binary_in_another_context),
    CASE(kernels_of_a_program),
    CASE(with_il),
    CASE(built_in_kernels),
    CASE(awkward_text),
    CASE(large_source),
    CASE(reference_counts),
    CASE(specialization_errors),
    CASE(program_release_callback),
    END_OF_CASES,
};

const struct test_group group_programs = {"programs", cases};
