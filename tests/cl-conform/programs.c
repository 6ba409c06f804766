// SPDX-License-Identifier: MIT
/* Programs: sources, options, kernels, IL. */
#include "programs.h"

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
    CASE(kernels_of_a_program),
    CASE(with_il),
    CASE(built_in_kernels),
    CASE(awkward_text),
    CASE(large_source),
    CASE(reference_counts),
    CASE(specialization_errors),
    END_OF_CASES,
};

const struct test_group group_programs = {"programs", cases};
