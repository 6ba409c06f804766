// SPDX-License-Identifier: MIT
/* Programs: builds that fail, logs, builds again, and callbacks. */
#include "programs.h"

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
    CASE(failing_build),
    CASE(various_failures),
    CASE(warnings_are_in_the_log),
    CASE(empty_sources),
    CASE(build_errors),
    CASE(rebuild),
    CASE(build_callback),
    CASE(released_while_it_is_built),
    CASE(program_release_callback),
    END_OF_CASES,
};

const struct test_group group_program_builds = {"program_builds", cases};
