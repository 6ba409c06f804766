// SPDX-License-Identifier: MIT
/* Kernels: arguments of every kind and their errors, queries, clones, structs, local memory. */
#include "conform.h"

static const char argument_source[] =
    "kernel void k(global int *out, const int a, uint2 b, local int *l, constant float *c, char d, float4 "
    "e)\n"
    "{ size_t i = get_local_id(0); l[i] = a + (int)b.x * 10 + (int)b.y * 100; barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  out[get_global_id(0)] = l[get_local_size(0) - 1 - i] + (int)c[0] + d + (int)(e.x + e.y + e.z + e.w); "
    "}\n";

static void arguments(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, argument_source, "k");
    cl_float constants[4] = {7.0f, 0, 0, 0};
    cl_mem out = buffer_new(&c, 0, 64, NULL),
           in = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(constants), constants);
    cl_int a = 1, got[16], want[16];
    cl_uint2 b = {{2, 3}};
    cl_char d = -5;
    cl_float4 e = {{1, 2, 3, 4}};
    size_t global = 16, local = 4;

    OK(clSetKernelArg(k, 0, sizeof(out), &out));
    OK(clSetKernelArg(k, 1, sizeof(a), &a));
    OK(clSetKernelArg(k, 2, sizeof(b), &b));
    OK(clSetKernelArg(k, 3, 4 * sizeof(cl_int), NULL));
    OK(clSetKernelArg(k, 4, sizeof(in), &in));
    OK(clSetKernelArg(k, 5, sizeof(d), &d));
    OK(clSetKernelArg(k, 6, sizeof(e), &e));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &global, &local, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, out, CL_TRUE, 0, 64, got, 0, NULL, NULL));
    for (int i = 0; i < 16; i++)
        want[i] = 1 + 20 + 300 + 7 - 5 + 10;
    check_ints("arguments of every kind", got, want, 16);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(out));
    OK(clReleaseMemObject(in));
    cl_close(&c);
}

static void argument_errors(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, argument_source, "k");
    cl_mem m = buffer_new(&c, 0, 64, NULL), null_mem = NULL;
    cl_int a = 1;
    char bytes[64] = {0};

    EXPECT(clSetKernelArg(NULL, 0, sizeof(m), &m), CL_INVALID_KERNEL);
    EXPECT(clSetKernelArg(k, 7, sizeof(m), &m), CL_INVALID_ARG_INDEX);
    EXPECT(clSetKernelArg(k, 1000, sizeof(m), &m), CL_INVALID_ARG_INDEX);
    EXPECT(clSetKernelArg(k, 1, sizeof(a), NULL), CL_INVALID_ARG_VALUE);
    EXPECT(clSetKernelArg(k, 3, 16, bytes), CL_INVALID_ARG_VALUE); /* local memory has no value */
    EXPECT(clSetKernelArg(k, 3, 0, NULL), CL_INVALID_ARG_SIZE);
    EXPECT(clSetKernelArg(k, 1, 2, bytes), CL_INVALID_ARG_SIZE);
    EXPECT(clSetKernelArg(k, 1, 8, bytes), CL_INVALID_ARG_SIZE);
    EXPECT(clSetKernelArg(k, 2, 4, bytes), CL_INVALID_ARG_SIZE);
    EXPECT(clSetKernelArg(k, 0, 4, &m), CL_INVALID_ARG_SIZE);
    EXPECT(clSetKernelArg(k, 0, sizeof(m) + 8, &m), CL_INVALID_ARG_SIZE);
    EXPECT(clSetKernelArg(k, 0, sizeof(m), &null_mem), CL_SUCCESS); /* a null buffer */
    EXPECT(clSetKernelArg(k, 0, sizeof(m), NULL), CL_SUCCESS);      /* spelled the other way */
    EXPECT(clSetKernelArg(k, 0, sizeof(m), &m), CL_SUCCESS);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void null_buffer(void) {
    struct cl c = cl_open();
    cl_kernel k =
        kernel_new(&c, "kernel void k(global int *out, global int *maybe) { *out = maybe ? 1 : 2; }", "k");
    cl_mem out = buffer_new(&c, 0, 64, NULL), other = buffer_new(&c, 0, 64, NULL), null_mem = NULL;
    cl_int got = 0;
    size_t one = 1;

    OK(clSetKernelArg(k, 0, sizeof(out), &out));
    for (int i = 0; i < 3; i++) {
        OK(clSetKernelArg(k, 1, sizeof(cl_mem), i == 0 ? &null_mem : i == 1 ? &other : NULL));
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
        OK(clEnqueueReadBuffer(c.q, out, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        check(got == (i == 1 ? 1 : 2), "the kernel sees %s", i == 1 ? "a pointer" : "NULL");
    }
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(out));
    OK(clReleaseMemObject(other));
    cl_close(&c);
}

/* The value counts at the time of clSetKernelArg, the set of arguments at the time of the enqueue. */
static void values_are_copied(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a, int i, int x) { a[i] = x; }", "k");
    cl_mem m = buffer_new(&c, 0, 400, NULL);
    cl_int got[100], want[100], x;
    size_t one = 1;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    for (cl_int i = 0; i < 100; i++) {
        x = i * 3 + 1;
        OK(clSetKernelArg(k, 1, sizeof(i), &i));
        OK(clSetKernelArg(k, 2, sizeof(x), &x));
        want[i] = x;
        x = -1;
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
        x = -2;
        OK(clSetKernelArg(k, 2, sizeof(x), &x));
    }
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_ints("each kernel has the arguments of its enqueue", got, want, 100);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void missing_arguments(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a, int x) { *a = x; }", "k");
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int x = 1;
    size_t one = 1;

    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL), CL_INVALID_KERNEL_ARGS);
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL), CL_INVALID_KERNEL_ARGS);
    OK(clSetKernelArg(k, 1, sizeof(x), &x));
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL), CL_SUCCESS);
    OK(clFinish(c.q));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Releasing a buffer does not unset it as an argument, but the application may not rely on it; creating and
 * releasing others in between must not confuse anybody. */
static void arguments_change_hands(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a, int x) { *a = x; }", "k");
    size_t one = 1;
    bool good = true;

    for (cl_int i = 0; i < 300; i++) {
        cl_mem m = buffer_new(&c, 0, 64, NULL);
        cl_int got = 0;

        OK(clSetKernelArg(k, 0, sizeof(m), &m));
        OK(clSetKernelArg(k, 1, sizeof(i), &i));
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
        OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        good = good && got == i;
        OK(clReleaseMemObject(m));
    }
    check(good, "300 buffers, one after the other");
    OK(clReleaseKernel(k));
    cl_close(&c);
}

static void struct_argument(void) {
    static const char source[] =
        "typedef struct { char a; int b; double_or_float c; short d[3]; } S;\n"
        "kernel void k(global double_or_float *out, S s) { out[0] = s.a; out[1] = s.b; out[2] = s.c;"
        " out[3] = s.d[0] + s.d[1] + s.d[2]; }";
    struct {
        cl_char a;
        cl_int b;
        cl_float c;
        cl_short d[3];
    } s = {1, 2000000, 2.5f, {3, 4, 5}};
    struct cl c = cl_open();
    cl_program p = program_new(&c, source, "-Ddouble_or_float=float");
    cl_int e;
    cl_kernel k = clCreateKernel(p, "k", &e);
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_float got[4] = {0};
    size_t one = 1;

    OK(e);
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clSetKernelArg(k, 1, sizeof(s), &s));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check(got[0] == 1 && got[1] == 2000000 && got[2] == 2.5f && got[3] == 12, "a struct by value");
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void large_struct(void) {
    static const char source[] =
        "typedef struct { int v[200]; } S;\n"
        "kernel void k(global int *out, S s) { size_t i = get_global_id(0); out[i] = s.v[i]; }";
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, source, "k");
    cl_mem m = buffer_new(&c, 0, 800, NULL);
    cl_int values[200], got[200];
    size_t n = 200;

    for (int i = 0; i < 200; i++)
        values[i] = i * i - 7;
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clSetKernelArg(k, 1, sizeof(values), values));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_ints("800 bytes by value", got, values, 200);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void many_arguments(void) {
    struct cl c = cl_open();
    char source[4096], *at = source;
    cl_int sum = 0, got = 0;
    size_t one = 1;

    at += sprintf(at, "kernel void k(global int *out");
    for (int i = 0; i < 60; i++)
        at += sprintf(at, ", int a%d", i);
    at += sprintf(at, ") { *out = 0");
    for (int i = 0; i < 60; i++)
        at += sprintf(at, " + a%d * %d", i, i + 1);
    sprintf(at, "; }");
    cl_kernel k = kernel_new(&c, source, "k");
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    for (cl_uint i = 0; i < 60; i++) {
        cl_int v = (cl_int)(i * 7 % 11);

        OK(clSetKernelArg(k, i + 1, sizeof(v), &v));
        sum += v * (cl_int)(i + 1);
    }
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == sum, "61 arguments");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void create_errors(void) {
    struct cl c = cl_open();
    cl_program p = program_new(
        &c, "kernel void k(global int *a) { *a = 1; }\nvoid helper(void); void helper(void) {}", "");
    cl_int e;

    EXPECT((clCreateKernel(NULL, "k", &e), e), CL_INVALID_PROGRAM);
    EXPECT((clCreateKernel(p, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateKernel(p, "", &e), e), CL_INVALID_KERNEL_NAME);
    EXPECT((clCreateKernel(p, "K", &e), e), CL_INVALID_KERNEL_NAME);
    EXPECT((clCreateKernel(p, "helper", &e), e), CL_INVALID_KERNEL_NAME);
    EXPECT((clCreateKernel(p, "no_such_kernel_with_a_very_long_name_indeed", &e), e), CL_INVALID_KERNEL_NAME);
    EXPECT(clRetainKernel(NULL), CL_INVALID_KERNEL);
    EXPECT(clReleaseKernel(NULL), CL_INVALID_KERNEL);
    check(clCreateKernel(p, "x", NULL) == NULL, "a null errcode_ret is allowed");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void info(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, argument_source, ""), of = NULL;
    cl_context ctx = NULL;
    char name[64] = "";
    cl_uint count = 0;
    size_t size = 0;
    cl_int e;
    cl_kernel k = clCreateKernel(p, "k", &e);

    OK(e);
    OK(clGetKernelInfo(k, CL_KERNEL_FUNCTION_NAME, sizeof(name), name, &size));
    check(strcmp(name, "k") == 0 && size == 2, "CL_KERNEL_FUNCTION_NAME");
    OK(clGetKernelInfo(k, CL_KERNEL_NUM_ARGS, sizeof(count), &count, NULL));
    check(count == 7, "CL_KERNEL_NUM_ARGS");
    OK(clGetKernelInfo(k, CL_KERNEL_CONTEXT, sizeof(ctx), &ctx, NULL));
    check(ctx == c.ctx, "CL_KERNEL_CONTEXT");
    OK(clGetKernelInfo(k, CL_KERNEL_PROGRAM, sizeof(of), &of, NULL));
    check(of == p, "CL_KERNEL_PROGRAM");
    OK(clRetainKernel(k));
    OK(clGetKernelInfo(k, CL_KERNEL_REFERENCE_COUNT, sizeof(count), &count, NULL));
    check(count == 2, "retained");
    OK(clReleaseKernel(k));
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void argument_info(void) {
    static const char source[] = "typedef struct { int x; } thing;\n"
                                 "kernel void k(global const int *restrict in, global volatile float4 *out, "
                                 "constant uint *c, local char *l, int n,"
                                 " const float2 v, unsigned int u, thing t, global thing *pt, read_only "
                                 "image2d_t img, sampler_t s) { }\n";
    struct cl c = cl_open();
    cl_program p = program_new(&c, source, "-cl-kernel-arg-info");
    cl_int e;
    cl_kernel k = clCreateKernel(p, "k", &e);
    cl_uint count = 0;

    OK(e);
    OK(clGetKernelInfo(k, CL_KERNEL_NUM_ARGS, sizeof(count), &count, NULL));
    for (cl_uint i = 0; i < count; i++) {
        cl_kernel_arg_address_qualifier address = 0;
        cl_kernel_arg_access_qualifier access = 0;
        cl_kernel_arg_type_qualifier type = 0;
        char type_name[100] = "", name[100] = "", what[32];

        OK(clGetKernelArgInfo(k, i, CL_KERNEL_ARG_ADDRESS_QUALIFIER, sizeof(address), &address, NULL));
        OK(clGetKernelArgInfo(k, i, CL_KERNEL_ARG_ACCESS_QUALIFIER, sizeof(access), &access, NULL));
        OK(clGetKernelArgInfo(k, i, CL_KERNEL_ARG_TYPE_QUALIFIER, sizeof(type), &type, NULL));
        OK(clGetKernelArgInfo(k, i, CL_KERNEL_ARG_TYPE_NAME, sizeof(type_name), type_name, NULL));
        OK(clGetKernelArgInfo(k, i, CL_KERNEL_ARG_NAME, sizeof(name), name, NULL));
        snprintf(what, sizeof(what), "argument %u", i);
        see(what, "%s %s, address %#x, access %#x, type %#llx", type_name, name, address, access,
            (unsigned long long)type);
    }
    EXPECT(clGetKernelArgInfo(k, count, CL_KERNEL_ARG_NAME, 0, NULL, &(size_t){0}), CL_INVALID_ARG_INDEX);
    EXPECT(clGetKernelArgInfo(NULL, 0, CL_KERNEL_ARG_NAME, 0, NULL, &(size_t){0}), CL_INVALID_KERNEL);
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void argument_info_without_option(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, "kernel void k(global int *name) { *name = 1; }", "");
    char name[64] = "";
    cl_int e;
    cl_kernel k = clCreateKernel(p, "k", &e);

    OK(e);
    e = clGetKernelArgInfo(k, 0, CL_KERNEL_ARG_NAME, sizeof(name), name, NULL);
    EXPECT(e, CL_SUCCESS, CL_KERNEL_ARG_INFO_NOT_AVAILABLE);
    see("name without -cl-kernel-arg-info", "%s \"%s\"", error_name(e), name);
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void see_argument_name(const char *what, cl_program p) {
    char name[64] = "";
    cl_int e;
    cl_kernel k = clCreateKernel(p, "k", &e);

    OK(e);
    e = clGetKernelArgInfo(k, 0, CL_KERNEL_ARG_NAME, sizeof(name), name, NULL);
    EXPECT(e, CL_SUCCESS, CL_KERNEL_ARG_INFO_NOT_AVAILABLE);
    see(what, "%s \"%s\"", error_name(e), name);
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
}

/* None at all: drivers tell more than after "". */
static void argument_info_without_any_options(void) {
    struct cl c = cl_open();
    const char *source = "kernel void k(global int *name) { *name = 1; }";
    size_t size = 0;
    unsigned char *binary;
    cl_int e;
    cl_program p = clCreateProgramWithSource(c.ctx, 1, &source, NULL, &e), made;

    OK(e);
    OK(clBuildProgram(p, 0, NULL, NULL, NULL, NULL));
    OK(clGetProgramInfo(p, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL));
    binary = malloc(size + 1);
    OK(clGetProgramInfo(p, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL));
    see_argument_name("name after a build", p);

    made = clCreateProgramWithBinary(c.ctx, 1, &c.device, &size, (const unsigned char **)&binary, NULL, &e);
    OK(e);
    OK(clBuildProgram(made, 0, NULL, NULL, NULL, NULL));
    see_argument_name("name from a binary", made);
    free(binary);

    p = clCreateProgramWithSource(c.ctx, 1, &source, NULL, &e);
    OK(e);
    OK(clCompileProgram(p, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL));
    made = clLinkProgram(c.ctx, 0, NULL, NULL, 1, &p, NULL, NULL, &e);
    OK(e);
    OK(clReleaseProgram(p));
    see_argument_name("name after linking", made);
    cl_close(&c);
}

static void attributes(void) {
    static const struct {
        const char *source, *expect;
    } tries[] = {
        {"kernel __attribute__((reqd_work_group_size(8, 2, 1))) void k(global int *a) { *a = 1; }",
         "reqd_work_group_size"},
        {"kernel __attribute__((work_group_size_hint(16, 1, 1))) void k(global int *a) { *a = 1; }",
         "work_group_size_hint"},
        {"kernel __attribute__((vec_type_hint(float4))) void k(global int *a) { *a = 1; }", "vec_type_hint"},
        {"kernel void k(global int *a) { *a = 1; }", ""},
    };
    struct cl c = cl_open();

    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        cl_kernel k = kernel_new(&c, tries[i].source, "k");
        char text[256] = "";
        size_t size = 0;

        OK(clGetKernelInfo(k, CL_KERNEL_ATTRIBUTES, sizeof(text), text, &size));
        check(size == strlen(text) + 1, "size of the attributes");
        loose("attributes", "%s", text);
        OK(clReleaseKernel(k));
    }
    cl_close(&c);
}

static void work_group_info(void) {
    static const char source[] =
        "kernel void plain(global int *a) { *a = 1; }\n"
        "kernel __attribute__((reqd_work_group_size(8, 2, 1))) void fixed_size(global int *a) { *a = 1; }\n"
        "kernel void with_local(global int *a) { local int l[64]; l[get_local_id(0) % 64] = 1; "
        "barrier(CLK_LOCAL_MEM_FENCE);"
        " *a = l[0]; }\n"
        "kernel void with_local_arg(global int *a, local int *l) { l[get_local_id(0)] = 1; "
        "barrier(CLK_LOCAL_MEM_FENCE);"
        " *a = l[0]; }\n";
    static const char *const names[] = {"plain", "fixed_size", "with_local", "with_local_arg"};
    struct cl c = cl_open();
    cl_program p = program_new(&c, source, "");
    cl_int e;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cl_kernel k = clCreateKernel(p, names[i], &e);
        size_t max = 0, fixed[3] = {9, 9, 9}, multiple = 0;
        cl_ulong local = 99;

        OK(e);
        OK(clGetKernelWorkGroupInfo(k, c.device, CL_KERNEL_WORK_GROUP_SIZE, sizeof(max), &max, NULL));
        OK(clGetKernelWorkGroupInfo(k, c.device, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof(fixed), fixed,
                                    NULL));
        OK(clGetKernelWorkGroupInfo(k, c.device, CL_KERNEL_LOCAL_MEM_SIZE, sizeof(local), &local, NULL));
        OK(clGetKernelWorkGroupInfo(k, c.device, CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE,
                                    sizeof(multiple), &multiple, NULL));
        see(names[i], "max %zu, fixed %zu %zu %zu, local %llu, multiple %zu", max, fixed[0], fixed[1],
            fixed[2], (unsigned long long)local, multiple);
        /* One device: it need not be named. */
        OK(clGetKernelWorkGroupInfo(k, NULL, CL_KERNEL_WORK_GROUP_SIZE, sizeof(max), &max, NULL));
        OK(clReleaseKernel(k));
    }
    cl_kernel k = clCreateKernel(p, "with_local_arg", &e);
    cl_ulong before = 0, after = 0;
    OK(e);
    OK(clGetKernelWorkGroupInfo(k, c.device, CL_KERNEL_LOCAL_MEM_SIZE, sizeof(before), &before, NULL));
    OK(clSetKernelArg(k, 1, 1024, NULL));
    OK(clGetKernelWorkGroupInfo(k, c.device, CL_KERNEL_LOCAL_MEM_SIZE, sizeof(after), &after, NULL));
    see("local memory grows with the argument", "%llu -> %llu", (unsigned long long)before,
        (unsigned long long)after);
    EXPECT(clGetKernelWorkGroupInfo(k, c.device, 0x7777, sizeof(after), &after, NULL), CL_INVALID_VALUE);
    EXPECT(clGetKernelWorkGroupInfo(NULL, c.device, CL_KERNEL_WORK_GROUP_SIZE, sizeof(after), &after, NULL),
           CL_INVALID_KERNEL);
    EXPECT(clGetKernelWorkGroupInfo(k, c.device, CL_KERNEL_WORK_GROUP_SIZE, 1, &after, NULL),
           CL_INVALID_VALUE);
    EXPECT(clGetKernelWorkGroupInfo(k, c.device, CL_KERNEL_GLOBAL_WORK_SIZE, sizeof(size_t[3]),
                                    (size_t[3]){0}, NULL),
           CL_INVALID_VALUE); /* neither a built-in kernel nor a custom device */
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void clone(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a, int i, int x) { a[i] = x; }", "k"), copy;
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int i = 0, x = 5, e, got[2];
    size_t one = 1;

    if (device_version(c.device) < 210)
        skip("wants OpenCL 2.1");
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clSetKernelArg(k, 1, sizeof(i), &i));
    OK(clSetKernelArg(k, 2, sizeof(x), &x));
    copy = clCloneKernel(k, &e);
    if (e == CL_INVALID_OPERATION || e == CL_OUT_OF_RESOURCES) {
        see("clCloneKernel", "%s", error_name(e));
        skip("the driver cannot clone");
    }
    OK(e);
    i = 1;
    x = 6;
    OK(clSetKernelArg(copy, 1, sizeof(i), &i)); /* does not touch the original */
    OK(clSetKernelArg(copy, 2, sizeof(x), &x));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clEnqueueNDRangeKernel(c.q, copy, 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check(got[0] == 5 && got[1] == 6, "original and clone have arguments of their own");
    OK(clReleaseKernel(k));
    OK(clEnqueueNDRangeKernel(c.q, copy, 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clReleaseKernel(copy));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void clone_errors(void) {
    struct cl c = cl_open();
    cl_int e;

    if (device_version(c.device) < 210)
        skip("wants OpenCL 2.1");
    EXPECT((clCloneKernel(NULL, &e), e), CL_INVALID_KERNEL);
    cl_close(&c);
}

/* Two kernel objects of one function, used in turns. */
static void two_of_the_same(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, "kernel void k(global int *a, int i, int x) { a[i] = x; }", "");
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_kernel k[2];
    cl_int got[2], e;
    size_t one = 1;

    for (cl_int i = 0; i < 2; i++) {
        cl_int x = i + 50;

        k[i] = clCreateKernel(p, "k", &e);
        OK(e);
        OK(clSetKernelArg(k[i], 0, sizeof(m), &m));
        OK(clSetKernelArg(k[i], 1, sizeof(i), &i));
        OK(clSetKernelArg(k[i], 2, sizeof(x), &x));
    }
    for (int i = 0; i < 2; i++)
        OK(clEnqueueNDRangeKernel(c.q, k[i], 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check(got[0] == 50 && got[1] == 51, "each has its own arguments");
    OK(clReleaseKernel(k[0]));
    OK(clReleaseKernel(k[1]));
    OK(clReleaseProgram(p));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void exec_info(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a) { *a = 1; }", "k");
    cl_bool no = CL_FALSE;

    EXPECT(clSetKernelExecInfo(NULL, CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM, sizeof(no), &no),
           CL_INVALID_KERNEL, CL_INVALID_OPERATION);
    cl_int e = clSetKernelExecInfo(k, 0x7777, sizeof(no), &no);
    loose("an unknown parameter", "%s", error_name(e));
    OK(clReleaseKernel(k));
    cl_close(&c);
}

static void release_while_enqueued(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int got = 0, e, x = 77;
    size_t one = 1;
    cl_event gate = clCreateUserEvent(c.ctx, &e);

    OK(e);
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a, int x) { *a = x; }", "k");
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clSetKernelArg(k, 1, sizeof(x), &x));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 1, &gate, NULL));
    OK(clReleaseKernel(k));
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == 77, "a released kernel still runs what was enqueued");
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(arguments),
    CASE(argument_errors),
    CASE(null_buffer),
    CASE(values_are_copied),
    CASE(missing_arguments),
    CASE(arguments_change_hands),
    CASE(struct_argument),
    CASE(large_struct),
    CASE(many_arguments),
    CASE(create_errors),
    CASE(info),
    CASE(argument_info),
    CASE(argument_info_without_option),
    CASE(argument_info_without_any_options),
    CASE(attributes),
    CASE(work_group_info),
    CASE(clone),
    CASE(clone_errors),
    CASE(two_of_the_same),
    CASE(exec_info),
    CASE(release_while_enqueued),
    END_OF_CASES,
};

const struct test_group group_kernels = {"kernels", cases};
