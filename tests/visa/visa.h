// SPDX-License-Identifier: MIT
/*
 * Tests of the virtual ISA without the rest of Trillium: this program plays the guest and the host's worker
 * at once, on every OpenCL driver of the machine that the host's library knows a way to.
 */
#ifndef TESTS_VISA_VISA_H
#define TESTS_VISA_VISA_H

#include "svga-model/visa/compile.h"
#include "svga-model/visa/host.h"

#include <CL/cl.h>
#include <stdbool.h>
#include <stdio.h>

extern const struct visa_guest *guest;
extern const struct visa_host *host;

/* Fails the test run with a reason, but goes on. */
#define EXPECT(condition, ...)                                                                               \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            printf("FAIL %s:%d: %s: ", __FILE__, __LINE__, #condition);                                      \
            printf(__VA_ARGS__);                                                                             \
            printf("\n");                                                                                    \
            failures++;                                                                                      \
        }                                                                                                    \
    } while (0)
extern int failures;

/* ---- kernel-file.c: a kernel of tests/visa/kernels and how to run it, from the comments at its top ---- */

enum { MAX_ARGS = 8 };

enum arg_kind { ARG_BUFFER, ARG_CONSTANT_BUFFER, ARG_LOCAL, ARG_INT, ARG_STRUCT, ARG_IMAGE, ARG_SAMPLER };

enum element { ELEMENT_INT, ELEMENT_FLOAT, ELEMENT_DOUBLE, ELEMENT_SHORT, ELEMENT_LONG };

struct kernel_arg {
    enum arg_kind kind;
    enum element element;
    bool is_in, is_out; /* filled before; compared after */
    size_t count;       /* elements of a buffer, bytes of local memory, width of an image */
    size_t height;      /* of an image */
    int value;
};

struct kernel_file {
    char name[64];   /* of the file */
    char kernel[64]; /* of the kernel */
    char *source;
    char options[256];
    char needs[64]; /* "", "fp64", "images", "int64_atomics" */
    size_t global[3], local[3];
    unsigned dimensions, local_dimensions;
    double tolerance; /* relative, of floating-point results */
    double fusion;    /* absolute, where the driver takes SPIR-V itself */
    bool refused;     /* by a PoCL that takes SPIR-V itself */
    unsigned arg_count;
    struct kernel_arg args[MAX_ARGS];
};

/* Reads DIRECTORY/NAME.cl; exits with a reason if it cannot. */
void kernel_file_read(const char *directory, const char *name, struct kernel_file *out);

/* The names of all kernel files, sorted, ended by NULL. */
char **kernel_file_names(const char *directory);
void kernel_file_names_free(char **names);

size_t element_size(enum element element);

/* ---- device.c: an OpenCL device as the virtual ISA sees it ---- */

struct device {
    cl_platform_id platform;
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    char platform_name[128];
    struct visa_features features; /* strings owned by the struct */
    struct visa_target target;
    void *sample; /* a program binary of this driver */
    size_t sample_size;
};

/* Opens the first device of the platform with this index. False if there is no such platform; a platform
 * without devices has id NULL. */
bool device_open(unsigned platform_index, struct device *out);
void device_close(struct device *device);

/* Builds from source, natively. NULL with the log in `why`. */
cl_program device_build_source(struct device *device, const char *source, const char *options, char *why,
                               size_t why_size);

/* Compiles, validates, translates and builds. NULL with the reason in `why`. */
cl_program device_build_visa(struct device *device, const char *source, const char *options, char *why,
                             size_t why_size);

/* ---- the tests ---- */

/* Runs every kernel on every platform natively and through the virtual ISA, and compares. */
void test_drivers(void);
/* One platform's share of it, in a process of its own: reports to descriptor 3. */
int run_platform(const char *directory, unsigned platform_index, unsigned first_kernel);

void test_compile(void); /* what the guest answers, good and bad */
/* PoCL on x86-64 as a target, whether or not this machine has it. */
struct visa_target pocl_target(void);
void test_validate(const char *directory); /* what the host refuses, and that nothing crashes on the way */
void test_translate(void);                 /* what the host makes of good ones, for each kind of driver */
int bench(const char *directory);

#endif
