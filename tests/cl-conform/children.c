// SPDX-License-Identifier: MIT
/*
 * Programs that look at what there is and then fork their workers: multiprocessing pools of Python and Ruby, whose
 * parents list platforms when a library is loaded, and programs that choose devices before they start.
 */
#include "process.h"

#include <sys/wait.h>
#include <unistd.h>

/* Work from the first call on; its result. */
static cl_int work(cl_platform_id platform, cl_device_id device) {
    static const char *const text = "kernel void k(global int *x) { x[0] = 41; }";
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)platform, 0};
    const size_t one = 1;
    cl_int e, got = 0;

    cl_context ctx = clCreateContext(properties, 1, &device, NULL, NULL, &e);
    if (e != CL_SUCCESS)
        return e;
    cl_command_queue q = clCreateCommandQueueWithProperties(ctx, device, NULL, &e);
    cl_program p = clCreateProgramWithSource(ctx, 1, (const char **)&text, NULL, NULL);
    clBuildProgram(p, 0, NULL, NULL, NULL, NULL);
    cl_kernel k = clCreateKernel(p, "k", NULL);
    cl_mem m = clCreateBuffer(ctx, CL_MEM_READ_WRITE, 64, NULL, NULL);
    clSetKernelArg(k, 0, sizeof(m), &m);
    clEnqueueNDRangeKernel(q, k, 1, NULL, &one, NULL, 0, NULL, NULL);
    e = clEnqueueReadBuffer(q, m, CL_TRUE, 0, sizeof(got), &got, 0, NULL, NULL);
    clReleaseMemObject(m);
    clReleaseKernel(k);
    clReleaseProgram(p);
    clReleaseCommandQueue(q);
    clReleaseContext(ctx);
    return e == CL_SUCCESS ? got : e;
}

/* Two children at once, and one after them; then the parent. */
static void fork_workers(void (*child)(void)) {
    pid_t pids[3];

    fflush(stdout);
    for (int i = 0; i < 3; i++) {
        int status;
        pids[i] = fork();
        if (pids[i] == 0) {
            child();
            fflush(stdout);
            _exit(0);
        }
        for (int k = i == 1 ? 0 : i == 2 ? 2 : 3; k <= i; k++)
            waitpid(pids[k], &status, 0);
    }
    child();
}

static void look_and_work(void) {
    printf("%d\n", work(the_platform(), the_device()));
}

void helper_fork_look(void) {
    cl_platform_id first; /* the one under test would be looked for among devices */
    char name[256];

    OK(clGetPlatformIDs(1, &first, NULL));
    OK(clGetPlatformInfo(first, CL_PLATFORM_NAME, sizeof(name), name, NULL));
    fork_workers(look_and_work);
}

static cl_platform_id its_platform;
static cl_device_id its_device;

static void work_with_its(void) {
    cl_uint units = 0;
    cl_int e = clGetDeviceInfo(its_device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof(units), &units, NULL);
    printf("%d\n", e == CL_SUCCESS && units > 0 ? work(its_platform, its_device) : e);
}

void helper_fork_handles(void) {
    its_platform = the_platform();
    its_device = the_device();
    fork_workers(work_with_its);
}

static bool is_a_guest(void) {
    char version[256] = "";

    OK(clGetPlatformInfo(the_platform(), CL_PLATFORM_VERSION, sizeof(version), version, NULL));
    return strstr(version, "Trillium");
}

/* rusticl's threads (from 25 on) are its parent's from the first look at devices on: natively such children hang. */
static void workers_of_a_parent_that_looked(void) {
    static char out[4096];
    char name[256] = "";

    OK(clGetPlatformInfo(the_platform(), CL_PLATFORM_NAME, sizeof(name), name, NULL));
    if (strstr(name, "rusticl") && !is_a_guest())
        skip("drivers differ");
    ended_well(run_helper("fork-look", out, sizeof(out)), "a parent of three");
    check(strcmp(out, "41\n41\n41\n41\n") == 0, "children and parent have worked");
}

/* PoCL's threads are its parent's from the first look at devices on: natively such children hang. */
static void workers_with_handles_of_their_parent(void) {
    static char out[4096];

    if (!is_a_guest())
        skip("drivers differ");
    ended_well(run_helper("fork-handles", out, sizeof(out)), "a parent of three");
    check(strcmp(out, "41\n41\n41\n41\n") == 0, "children and parent have worked");
}

static const struct test_case cases[] = {
    LONG_CASE(workers_of_a_parent_that_looked, 70),
    LONG_CASE(workers_with_handles_of_their_parent, 70),
    END_OF_CASES,
};

const struct test_group group_children = {"children", cases};
