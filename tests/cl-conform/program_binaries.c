// SPDX-License-Identifier: MIT
/* Programs: binaries. */
#include "programs.h"

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

/* Room is plenty, so nobody asks how much is needed. */
static void binaries_without_their_sizes(void) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, "kernel void k(global int *a) { *a = 99; }", "");
    unsigned char *binary = calloc(1, 4 << 20), none[64] = {0};
    size_t size = 0, written = 4 << 20;

    EXPECT(clGetProgramInfo(p, CL_PROGRAM_BINARIES, sizeof(binary), &binary, &size), CL_SUCCESS);
    check(size == sizeof(binary), "one pointer for each device");
    while (written > 0 && binary[written - 1] == 0)
        written--;
    check(memcmp(binary, none, sizeof(none)) != 0 && written > sizeof(none), "a binary was written");
    free(binary);
    OK(clReleaseProgram(p));
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

static const struct test_case cases[] = {
    CASE(binaries),      CASE(binaries_without_their_sizes), CASE(binary_errors),
    CASE(null_binaries), CASE(garbage_as_a_binary),          CASE(binary_in_another_context),
    END_OF_CASES,
};

const struct test_group group_program_binaries = {"program_binaries", cases};
