// SPDX-License-Identifier: MIT
/*
 * A small OpenCL program for fault tests: knows nothing of Trillium, reports every error by name, and never
 * waits for ever by itself.
 *
 * - guest devices: prints the devices; exit status 0 if there are any, 3 if not
 * - guest loop SECONDS: computes and checks for so long; prints "ready" after the first round and "done N
 *   rounds"
 * - guest work SECONDS: the same, and builds a new program each round and copies between buffers
 * - guest out-of-bounds: a kernel stores far outside of its buffer; prints what the calls return
 * - guest endless: a kernel that never ends; prints "ready", then waits for it
 * - guest gated: waits for an event that nobody sets; prints "ready" before
 * - guest burst SECONDS: kernels of some ms, in a queue in order and in one that is not; prints "ready" after the first round and "done
 *   N kernels"
 * - guest behind SECONDS: the same, each round behind a user event that is set once it stands, while another one never is
 * - guest batches SECONDS: a command buffer of kernels of some ms, again and again; prints "ready" after the first round and "done N
 *   rounds"
 * - guest flood N: so many kernels of some ms at once; prints "ready" when the driver may have them all, and "done" after the last one
 * - guest many N SECONDS: kernels of some ms in N queues of N contexts at once, every second one of a part of the device; prints "ready"
 *   after the first ones and "done N kernels"
 * - guest copies SECONDS: the same with fills and copies of some MiB
 * - guest comes N: N children, one after the other, each of which runs a kernel and ends; prints "ready" after the first one and "done N"
 * - guest build: prints "ready", then builds a program that keeps the compiler busy for minutes
 * - guest bad-source: prints the build log of a source that does not compile
 * - guest memory MIB: makes buffers of so many MiB until one cannot be made, 64 at most; prints the device's memory, how
 *   many there are and the error; then frees them and makes them again
 * - guest objects: makes queues until one cannot be made, 64 at most; prints how many there are and the error, then what
 *   becomes of a small buffer and a kernel that are one too many; then frees the queues and makes them again
 * - guest errors N: makes queues until one cannot be made, 64 at most, and a buffer that is one too many; prints how many of N copies from
 *   it fail
 * - guest functions N: prints "building", builds a program of N functions, runs it, checks, prints "done"; if the build fails, its
 *   log and the error
 * - guest print: a kernel prints a line
 * - guest sizes N...: runs a kernel with work-groups of each of these sizes, and checks what it wrote
 * - guest again ICD: asks this driver for platforms, without a loader; again after a line on standard input
 * - guest fork: a forked child calls OpenCL and prints what comes of it; then the parent goes on
 *
 * Exit status 3 with "error FUNCTION CODE" on standard output when an OpenCL call fails, 4 for a wrong
 * result.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/wait.h>
#include <unistd.h>

#include <CL/cl.h>
#include <CL/cl_ext.h>

static double now_s(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void must(cl_int e, const char *function) {
    if (e == CL_SUCCESS)
        return;
    printf("error %s %d\n", function, e);
    fflush(stdout);
    exit(3);
}

enum { BURST = 8 /* kernels of a round */ };

static cl_device_id device;
static cl_context context;
static cl_command_queue queue;

static void open_first_device(void) {
    cl_platform_id platform;
    cl_int e;

    must(clGetPlatformIDs(1, &platform, NULL), "clGetPlatformIDs");
    must(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "clGetDeviceIDs");
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &e);
    must(e, "clCreateContext");
    queue = clCreateCommandQueueWithProperties(context, device, NULL, &e);
    must(e, "clCreateCommandQueueWithProperties");
}

static cl_kernel make_kernel(const char *source) {
    cl_int e;
    cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &e);
    must(e, "clCreateProgramWithSource");
    must(clBuildProgram(program, 0, NULL, "", NULL, NULL), "clBuildProgram");
    cl_kernel kernel = clCreateKernel(program, "k", &e);
    must(e, "clCreateKernel");
    must(clReleaseProgram(program), "clReleaseProgram");
    return kernel;
}

static cl_mem make_buffer(size_t size) {
    cl_int e;
    cl_mem mem = clCreateBuffer(context, CL_MEM_READ_WRITE, size, NULL, &e);
    must(e, "clCreateBuffer");
    return mem;
}

static void say_ready(void) {
    puts("ready");
    fflush(stdout);
}

static int devices(void) {
    cl_platform_id platforms[8];
    cl_uint platform_count = 0, total = 0;
    cl_int e = clGetPlatformIDs(8, platforms, &platform_count);

    if (e != CL_SUCCESS)
        printf("error clGetPlatformIDs %d\n", e);
    for (cl_uint p = 0; p < platform_count && p < 8; p++) {
        cl_device_id ids[8];
        cl_uint count = 0;

        clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, 8, ids, &count);
        for (cl_uint d = 0; d < count && d < 8; d++, total++) {
            char name[256] = "";

            must(clGetDeviceInfo(ids[d], CL_DEVICE_NAME, sizeof name, name, NULL), "clGetDeviceInfo");
            printf("device %s\n", name);
        }
    }
    return total > 0 ? 0 : 3;
}

static int again(const char *icd) {
    typedef void *(CL_API_CALL * find_fn)(const char *);
    typedef cl_int(CL_API_CALL * platforms_fn)(cl_uint, cl_platform_id *, cl_uint *);
    void *library = dlopen(icd, RTLD_NOW);
    find_fn find = library ? (find_fn)dlsym(library, "clGetExtensionFunctionAddress") : NULL;
    platforms_fn platforms = find ? (platforms_fn)find("clIcdGetPlatformIDsKHR") : NULL;
    cl_uint count = 0;

    if (!platforms)
        return 2;
    for (int i = 0; i < 2; i++) {
        count = 0;
        platforms(0, NULL, &count);
        printf("%u platforms\n", count);
        fflush(stdout);
        if (i == 0)
            getchar();
    }
    return count > 0 ? 0 : 3;
}

static int loop(double seconds) {
    enum { N = 4096 };
    static cl_int got[N];
    unsigned rounds = 0;
    size_t n = N;

    open_first_device();
    cl_kernel k = make_kernel(
        "kernel void k(global int *a, int x) { a[get_global_id(0)] = (int)get_global_id(0) * x; }");
    cl_mem m = make_buffer(sizeof got);
    must(clSetKernelArg(k, 0, sizeof m, &m), "clSetKernelArg");
    double end = now_s() + seconds;
    while (rounds == 0 || now_s() < end) {
        cl_int x = (cl_int)(rounds % 1000);

        must(clSetKernelArg(k, 1, sizeof x, &x), "clSetKernelArg");
        must(clEnqueueNDRangeKernel(queue, k, 1, NULL, &n, NULL, 0, NULL, NULL), "clEnqueueNDRangeKernel");
        must(clEnqueueReadBuffer(queue, m, CL_TRUE, 0, sizeof got, got, 0, NULL, NULL),
             "clEnqueueReadBuffer");
        for (cl_int i = 0; i < N; i++)
            if (got[i] != i * x) {
                printf("wrong result in round %u\n", rounds);
                return 4;
            }
        if (rounds++ == 0)
            say_ready();
    }
    printf("done %u rounds\n", rounds);
    return 0;
}

/* Programs that no cache has, buffers that come and go. */
static int work(double seconds) {
    enum { N = 1 << 16 };
    static cl_int got[N];
    size_t n = N;
    double end = now_s() + seconds;

    open_first_device();
    for (unsigned rounds = 0; rounds == 0 || now_s() < end; rounds++) {
        char source[160];
        cl_int x = (cl_int)(getpid() * 64 + (int)rounds), e;
        snprintf(source, sizeof source,
                 "kernel void k(global int *a) { a[get_global_id(0)] = (int)get_global_id(0) + %d; }", x);
        const char *text = source;
        cl_program p = clCreateProgramWithSource(context, 1, &text, NULL, &e);
        must(e, "clCreateProgramWithSource");
        must(clBuildProgram(p, 0, NULL, "", NULL, NULL), "clBuildProgram");
        cl_kernel k = clCreateKernel(p, "k", &e);
        must(e, "clCreateKernel");
        cl_mem from = make_buffer(sizeof got), to = make_buffer(sizeof got);
        must(clSetKernelArg(k, 0, sizeof from, &from), "clSetKernelArg");
        must(clEnqueueNDRangeKernel(queue, k, 1, NULL, &n, NULL, 0, NULL, NULL), "clEnqueueNDRangeKernel");
        must(clEnqueueCopyBuffer(queue, from, to, 0, 0, sizeof got, 0, NULL, NULL), "clEnqueueCopyBuffer");
        must(clEnqueueReadBuffer(queue, to, CL_TRUE, 0, sizeof got, got, 0, NULL, NULL),
             "clEnqueueReadBuffer");
        for (cl_int i = 0; i < N; i++)
            if (got[i] != i + x) {
                printf("wrong result in round %u\n", rounds);
                return 4;
            }
        must(clReleaseMemObject(from), "clReleaseMemObject");
        must(clReleaseMemObject(to), "clReleaseMemObject");
        must(clReleaseKernel(k), "clReleaseKernel");
        must(clReleaseProgram(p), "clReleaseProgram");
        if (rounds == 0)
            say_ready();
    }
    puts("done");
    return 0;
}

static int out_of_bounds(void) {
    size_t one = 1;
    cl_ulong far = (cl_ulong)1 << 44;

    open_first_device();
    cl_kernel k = make_kernel("kernel void k(global char *a, ulong far) { a[far] = 1; a[-(long)far] = 1; }");
    cl_mem m = make_buffer(64);
    must(clSetKernelArg(k, 0, sizeof m, &m), "clSetKernelArg");
    must(clSetKernelArg(k, 1, sizeof far, &far), "clSetKernelArg");
    must(clEnqueueNDRangeKernel(queue, k, 1, NULL, &one, NULL, 0, NULL, NULL), "clEnqueueNDRangeKernel");
    must(clFinish(queue), "clFinish");
    puts("no error");
    return 0;
}

static int endless(void) {
    size_t one = 1;

    open_first_device();
    cl_kernel k = make_kernel("kernel void k(volatile global int *a) { while (a[0] != 12345) a[1]++; }");
    cl_mem m = make_buffer(64);
    must(clSetKernelArg(k, 0, sizeof m, &m), "clSetKernelArg");
    must(clEnqueueNDRangeKernel(queue, k, 1, NULL, &one, NULL, 0, NULL, NULL), "clEnqueueNDRangeKernel");
    must(clFlush(queue), "clFlush");
    say_ready();
    must(clFinish(queue), "clFinish");
    puts("it ended");
    return 0;
}

static int gated(void) {
    cl_int e, zero = 0;

    open_first_device();
    cl_mem m = make_buffer(64);
    cl_event gate = clCreateUserEvent(context, &e), done;
    must(e, "clCreateUserEvent");
    must(clEnqueueFillBuffer(queue, m, &zero, 4, 0, 64, 1, &gate, &done), "clEnqueueFillBuffer");
    must(clFlush(queue), "clFlush");
    say_ready();
    must(clWaitForEvents(1, &done), "clWaitForEvents");
    puts("it ended");
    return 0;
}

/* A kernel of some ms, which counts its runs. */
static cl_kernel make_counting_kernel(cl_mem *counter) {
    const cl_int zero = 0;
    cl_kernel k = make_kernel("kernel void k(global int *a) { uint x = get_global_id(0) | 1u;\n"
                              "for (uint i = 0; i < 60000; i++) x = x * 1664525u + 1013904223u ^ (x >> 7);\n"
                              "a[get_global_id(0)] += x == 0 ? 2 : 1; }");

    *counter = make_buffer(64 * sizeof(cl_int));
    must(clSetKernelArg(k, 0, sizeof *counter, counter), "clSetKernelArg");
    must(clEnqueueFillBuffer(queue, *counter, &zero, 4, 0, 64 * sizeof zero, 0, NULL, NULL),
         "clEnqueueFillBuffer");
    return k;
}

/* One round's kernels in a queue, behind `gate` (NULL: nothing). The event of the last one. */
static cl_event give_round(cl_command_queue q, cl_kernel k, cl_event gate) {
    const size_t n = 64, one = 1;
    cl_event last = gate, made;

    for (int i = 0; i < BURST; i++) {
        must(clEnqueueNDRangeKernel(q, k, 1, NULL, &n, &one, last ? 1 : 0, last ? &last : NULL, &made),
             "clEnqueueNDRangeKernel");
        if (last && last != gate)
            must(clReleaseEvent(last), "clReleaseEvent");
        last = made;
    }
    must(clFlush(q), "clFlush");
    return last;
}

static int burst(double seconds, bool behind) {
    const cl_queue_properties out_of_order[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE,
                                                0};
    cl_int e, got;
    cl_event before[2] = {NULL, NULL}, never, ignored;
    cl_command_queue queues[2];
    cl_kernel kernels[2];
    cl_mem mems[2];
    int rounds = 0;

    open_first_device();
    queues[0] = queue;
    queues[1] = clCreateCommandQueueWithProperties(context, device, out_of_order, &e);
    must(e, "clCreateCommandQueueWithProperties");
    for (int i = 0; i < 2; i++) {
        kernels[i] = make_counting_kernel(&mems[i]);
    }
    must(clFinish(queue), "clFinish");
    if (behind) {
        never = clCreateUserEvent(context, &e);
        must(e, "clCreateUserEvent");
        must(clEnqueueMarkerWithWaitList(queues[1], 1, &never, &ignored), "clEnqueueMarkerWithWaitList");
    }
    double end = now_s() + seconds;
    for (; rounds < 2 || now_s() < end; rounds++) {
        cl_event gate = behind ? clCreateUserEvent(context, &e) : NULL, *last = &before[rounds % 2];
        cl_event done = give_round(queues[rounds % 2], kernels[rounds % 2], gate);
        if (behind) {
            must(clSetUserEventStatus(gate, CL_COMPLETE), "clSetUserEventStatus");
            must(clReleaseEvent(gate), "clReleaseEvent");
        }
        if (*last) {
            must(clWaitForEvents(1, last), "clWaitForEvents");
            must(clReleaseEvent(*last), "clReleaseEvent");
        }
        *last = done;
        if (rounds == 1)
            say_ready();
    }
    must(clWaitForEvents(2, before), "clWaitForEvents");
    for (int i = 0; i < 2; i++) {
        must(clEnqueueReadBuffer(queue, mems[i], CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL),
             "clEnqueueReadBuffer");
        if (got != (rounds + 1 - i) / 2 * BURST) {
            printf("wrong result: %d kernels of %d\n", got, (rounds + 1 - i) / 2 * BURST);
            return 4;
        }
    }
    printf("done %d kernels\n", rounds * BURST);
    return 0;
}

static int batches(double seconds) {
    const size_t n = 64, one = 1;
    cl_platform_id platform;
    cl_int e, got = 0;
    cl_mem mem;
    int rounds = 0;

    open_first_device();
    must(clGetDeviceInfo(device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL), "clGetDeviceInfo");
#define FIND(name)                                                                                           \
    name##_fn name = (name##_fn)clGetExtensionFunctionAddressForPlatform(platform, #name);                   \
    if (!name)                                                                                               \
    must(CL_INVALID_OPERATION, #name)
    FIND(clCreateCommandBufferKHR);
    FIND(clCommandNDRangeKernelKHR);
    FIND(clFinalizeCommandBufferKHR);
    FIND(clEnqueueCommandBufferKHR);
    cl_kernel k = make_counting_kernel(&mem);
    cl_command_buffer_khr buffer = clCreateCommandBufferKHR(1, &queue, NULL, &e);
    must(e, "clCreateCommandBufferKHR");
    for (int i = 0; i < BURST; i++)
        must(clCommandNDRangeKernelKHR(buffer, NULL, NULL, k, 1, NULL, &n, &one, 0, NULL, NULL, NULL),
             "clCommandNDRangeKernelKHR");
    must(clFinalizeCommandBufferKHR(buffer), "clFinalizeCommandBufferKHR");
    for (double end = now_s() + seconds; rounds == 0 || now_s() < end; rounds++) {
        must(clEnqueueCommandBufferKHR(0, NULL, buffer, 0, NULL, NULL), "clEnqueueCommandBufferKHR");
        must(clFinish(queue), "clFinish");
        if (rounds == 0)
            say_ready();
    }
    must(clEnqueueReadBuffer(queue, mem, CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL), "clEnqueueReadBuffer");
    printf("done %d rounds\n", rounds);
    return got == rounds * BURST ? 0 : 4;
}

static int flood(int count) {
    const size_t n = 64, one = 1;
    cl_int got = 0;
    cl_mem mem;

    open_first_device();
    cl_kernel k = make_counting_kernel(&mem);
    for (int i = 0; i < count; i++)
        must(clEnqueueNDRangeKernel(queue, k, 1, NULL, &n, &one, 0, NULL, NULL), "clEnqueueNDRangeKernel");
    must(clFlush(queue), "clFlush");
    say_ready();
    must(clEnqueueReadBuffer(queue, mem, CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL), "clEnqueueReadBuffer");
    puts("done");
    return got == count ? 0 : 4;
}

/* One compute unit of it; where it has no parts, itself. */
static cl_device_id part_of(cl_device_id whole) {
    const cl_device_partition_property by_one[] = {CL_DEVICE_PARTITION_BY_COUNTS, 1,
                                                   CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0};
    cl_device_id part;

    return clCreateSubDevices(whole, by_one, 1, &part, NULL) == CL_SUCCESS ? part : whole;
}

static int many(int count, double seconds) {
    enum { MOST = 16 };
    const size_t n = 64, one = 1;
    cl_command_queue queues[MOST];
    cl_kernel kernels[MOST];
    cl_mem mems[MOST];
    cl_event ends[MOST][2];
    cl_int e, got = 0;
    int rounds = 0;

    open_first_device();
    const cl_device_id whole = device, part = part_of(device);
    count = count < MOST ? count : MOST;
    for (int i = 0; i < count; i++) {
        device = i % 2 ? part : whole;
        context = clCreateContext(NULL, 1, &device, NULL, NULL, &e);
        must(e, "clCreateContext");
        queue = queues[i] = clCreateCommandQueueWithProperties(context, device, NULL, &e);
        must(e, "clCreateCommandQueueWithProperties");
        kernels[i] = make_counting_kernel(&mems[i]);
    }
    for (double end = now_s() + seconds; rounds < 2 || now_s() < end; rounds++) {
        for (int i = 0; i < count; i++) {
            cl_event *last = &ends[i][rounds % 2];
            if (rounds >= 2) {
                must(clWaitForEvents(1, last), "clWaitForEvents");
                must(clReleaseEvent(*last), "clReleaseEvent");
            }
            must(clEnqueueNDRangeKernel(queues[i], kernels[i], 1, NULL, &n, &one, 0, NULL, last),
                 "clEnqueueNDRangeKernel");
            must(clFlush(queues[i]), "clFlush");
        }
        if (rounds == 2)
            say_ready();
    }
    for (int i = 0; i < count; i++) {
        must(clEnqueueReadBuffer(queues[i], mems[i], CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL),
             "clEnqueueReadBuffer");
        if (got != rounds) {
            printf("wrong result: %d kernels of %d in queue %d\n", got, rounds, i);
            return 4;
        }
    }
    printf("done %d kernels\n", rounds * count);
    return 0;
}

static int copies(double seconds) {
    enum { SIZE = 16 << 20 };
    int rounds = 0;

    open_first_device();
    cl_mem from = make_buffer(SIZE), to = make_buffer(SIZE);
    for (double end = now_s() + seconds; rounds == 0 || now_s() < end; rounds++) {
        cl_int got = -1;
        must(clEnqueueFillBuffer(queue, from, &rounds, sizeof rounds, 0, SIZE, 0, NULL, NULL),
             "clEnqueueFillBuffer");
        must(clEnqueueCopyBuffer(queue, from, to, 0, 0, SIZE, 0, NULL, NULL), "clEnqueueCopyBuffer");
        must(clEnqueueReadBuffer(queue, to, CL_TRUE, SIZE - sizeof got, sizeof got, &got, 0, NULL, NULL),
             "clEnqueueReadBuffer");
        if (got != rounds) {
            printf("wrong result in round %d\n", rounds);
            return 4;
        }
        if (rounds == 0)
            say_ready();
    }
    printf("done %d rounds\n", rounds);
    return 0;
}

static int one_kernel(void) {
    const size_t n = 64;
    cl_int got = 0;

    open_first_device();
    cl_kernel k = make_kernel("kernel void k(global int *a) { a[get_global_id(0)] = 42; }");
    cl_mem mem = make_buffer(64 * sizeof got);
    must(clSetKernelArg(k, 0, sizeof mem, &mem), "clSetKernelArg");
    must(clEnqueueNDRangeKernel(queue, k, 1, NULL, &n, NULL, 0, NULL, NULL), "clEnqueueNDRangeKernel");
    must(clEnqueueReadBuffer(queue, mem, CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL), "clEnqueueReadBuffer");
    return got == 42 ? 0 : 4;
}

static int comes(int times) {
    for (int i = 0; i < times; i++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0)
            exit(one_kernel());
        if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            printf("child %d ends with %#x\n", i, status);
            return 4;
        }
        if (i == 0)
            say_ready();
    }
    printf("done %d\n", times);
    return 0;
}

static int build(void) {
    open_first_device();
    say_ready();
    make_kernel("#define A x = x * 3 + y; y ^= x;\n"
                "#define B A A A A A A A A A A\n#define C B B B B B B B B B B\n"
                "#define D C C C C C C C C C C\n#define E D D D D D D D D D D\n"
                "#define F E E E E E E E E E E\n"
                "kernel void k(global int *a) { int x = a[0], y = a[1]; F F F F F F F F a[2] = x; }\n");
    puts("it ended");
    return 0;
}

static int bad_source(void) {
    const char *source = "kernel void k(global int *a) { *a = this_is_missing; }";
    static char log[8192];
    cl_int e;

    open_first_device();
    cl_program p = clCreateProgramWithSource(context, 1, &source, NULL, &e);
    must(e, "clCreateProgramWithSource");
    e = clBuildProgram(p, 0, NULL, "", NULL, NULL);
    must(clGetProgramBuildInfo(p, device, CL_PROGRAM_BUILD_LOG, sizeof log, log, NULL),
         "clGetProgramBuildInfo");
    printf("%s\n", log);
    must(e, "clBuildProgram");
    return 0;
}

static int in_fork(void) {
    cl_int value = 7, got = 0;
    cl_int e;
    int status;

    open_first_device();
    cl_mem m = make_buffer(64);
    must(clEnqueueWriteBuffer(queue, m, CL_TRUE, 0, 4, &value, 0, NULL, NULL), "clEnqueueWriteBuffer");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        printf("child clFinish %d\n", clFinish(queue));
        printf("child clEnqueueReadBuffer %d\n",
               clEnqueueReadBuffer(queue, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        cl_context another = clCreateContext(NULL, 1, &device, NULL, NULL, &e);
        printf("child clCreateContext %d %s\n", e, another ? "and a context" : "");
        clReleaseMemObject(m);
        clReleaseCommandQueue(queue);
        clReleaseContext(context);
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 4;
    printf("child status %d\n", status);
    must(clEnqueueReadBuffer(queue, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL), "clEnqueueReadBuffer");
    printf("parent %d\n", got);
    return got == value ? 0 : 4;
}

static int print(void) {
    const size_t one = 1;

    open_first_device();
    cl_kernel kernel = make_kernel("kernel void k(global int *x) { printf(\"a line\\n\"); x[0] = 1; }");
    cl_mem mem = make_buffer(4096);
    must(clSetKernelArg(kernel, 0, sizeof mem, &mem), "clSetKernelArg");
    must(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL), "clEnqueueNDRangeKernel");
    must(clFinish(queue), "clFinish");
    return 0;
}

static int sizes(int count, char **texts) {
    open_first_device();
    cl_kernel kernel =
        make_kernel("kernel void k(global int *x) { x[get_global_id(0)] = (int)get_local_size(0); }");
    cl_mem mem = make_buffer(4096);
    must(clSetKernelArg(kernel, 0, sizeof mem, &mem), "clSetKernelArg");
    for (int i = 0; i < count; i++) {
        const size_t local = (size_t)atoi(texts[i]), global = 2 * local;
        int last;
        must(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL),
             "clEnqueueNDRangeKernel");
        must(clEnqueueReadBuffer(queue, mem, CL_TRUE, (global - 1) * sizeof last, sizeof last, &last, 0, NULL,
                                 NULL),
             "clEnqueueReadBuffer");
        if (last != (int)local)
            return 4;
    }
    must(clReleaseMemObject(mem), "clReleaseMemObject");
    must(clReleaseKernel(kernel), "clReleaseKernel");
    return 0;
}

static int fill(size_t bytes, cl_mem buffers[64], cl_int *e) {
    int n = 0;
    for (*e = CL_SUCCESS; n < 64 && *e == CL_SUCCESS;) {
        buffers[n] = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, NULL, e);
        n += *e == CL_SUCCESS;
    }
    return n;
}

static int memory(size_t mib) {
    cl_mem buffers[64];
    cl_ulong size, most;

    open_first_device();
    must(clGetDeviceInfo(device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof size, &size, NULL), "clGetDeviceInfo");
    must(clGetDeviceInfo(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof most, &most, NULL), "clGetDeviceInfo");
    printf("memory %llu MiB, at most %llu MiB at once\n", (unsigned long long)size >> 20,
           (unsigned long long)most >> 20);
    for (int round = 0; round < 2; round++) {
        cl_int e;
        int n = fill(mib << 20, buffers, &e);
        printf("round %d: %d buffers, error %d\n", round, n, e);
        while (n > 0)
            must(clReleaseMemObject(buffers[--n]), "clReleaseMemObject");
        must(clFinish(queue), "clFinish");
    }
    return 0;
}

static int functions(unsigned count) {
    const size_t room = (size_t)count * 160 + 256, n = 1;
    char *source = malloc(room), *at = source;
    const char *text = source;
    static char log[4096];
    cl_int e, got = 0;

    open_first_device();
    for (unsigned i = 0; source && i < count; i++)
        at += sprintf(
            at, "int f%u(int x) { for (int i = 0; i < x; i++) x = x * %uu + (x >> 3) ^ i; return x; }\n", i,
            2 * i + 1);
    if (!source)
        return 2;
    sprintf(at, "kernel void k(global int *a) { a[0] = f%u(a[1]) * 0 + 42; a[2] = f0(a[1]); }\n", count - 1);
    cl_program p = clCreateProgramWithSource(context, 1, &text, NULL, &e);
    must(e, "clCreateProgramWithSource");
    puts("building");
    fflush(stdout);
    e = clBuildProgram(p, 0, NULL, "", NULL, NULL);
    if (e != CL_SUCCESS) {
        clGetProgramBuildInfo(p, device, CL_PROGRAM_BUILD_LOG, sizeof log, log, NULL);
        printf("%s\nerror clBuildProgram %d\n", log, e);
        return 3;
    }
    cl_kernel k = clCreateKernel(p, "k", &e);
    must(e, "clCreateKernel");
    cl_mem mem = make_buffer(64);
    must(clSetKernelArg(k, 0, sizeof mem, &mem), "clSetKernelArg");
    must(clEnqueueNDRangeKernel(queue, k, 1, NULL, &n, NULL, 0, NULL, NULL), "clEnqueueNDRangeKernel");
    must(clEnqueueReadBuffer(queue, mem, CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL), "clEnqueueReadBuffer");
    puts(got == 42 ? "done" : "wrong");
    free(source);
    return got == 42 ? 0 : 4;
}

/* Whichever call says so first. */
static cl_int use_one_more(cl_kernel kernel) {
    const size_t one = 1;
    cl_int e;
    cl_mem mem = clCreateBuffer(context, CL_MEM_READ_WRITE, 64, NULL, &e);

    if (e == CL_SUCCESS)
        e = clSetKernelArg(kernel, 0, sizeof mem, &mem);
    if (e == CL_SUCCESS)
        e = clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL);
    if (e == CL_SUCCESS)
        e = clFinish(queue);
    if (mem)
        clReleaseMemObject(mem);
    return e;
}

static int objects(void) {
    cl_command_queue queues[64];

    open_first_device();
    cl_kernel kernel = make_kernel("__kernel void k(__global int *a) { a[0] = 1; }");
    for (int round = 0; round < 2; round++) {
        cl_int e = CL_SUCCESS;
        int n = 0;
        while (n < 64 && e == CL_SUCCESS) {
            queues[n] = clCreateCommandQueueWithProperties(context, device, NULL, &e);
            n += e == CL_SUCCESS;
        }
        printf("round %d: %d queues, error %d, one buffer more %d\n", round, n, e, use_one_more(kernel));
        while (n > 0)
            must(clReleaseCommandQueue(queues[--n]), "clReleaseCommandQueue");
        must(clFinish(queue), "clFinish");
        printf("round %d: then %d\n", round, use_one_more(kernel));
    }
    return 0;
}

static int errors(int times) {
    cl_int e = CL_SUCCESS;
    int failed = 0;

    open_first_device();
    cl_mem mem = make_buffer(sizeof(cl_int));
    for (int n = 0; n < 64 && e == CL_SUCCESS; n++)
        clCreateCommandQueueWithProperties(context, device, NULL, &e);
    cl_mem one_more = make_buffer(sizeof(cl_int));
    for (int i = 0; i < times; i++) {
        e = clEnqueueCopyBuffer(queue, one_more, mem, 0, 0, sizeof(cl_int), 0, NULL, NULL);
        failed += (e == CL_SUCCESS ? clFinish(queue) : e) != CL_SUCCESS;
    }
    printf("%d commands failed\n", failed);
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "devices") == 0)
        return devices();
    if (strcmp(what, "loop") == 0 && argc > 2)
        return loop(atof(argv[2]));
    if (strcmp(what, "again") == 0 && argc > 2)
        return again(argv[2]);
    if (strcmp(what, "work") == 0 && argc > 2)
        return work(atof(argv[2]));
    if (strcmp(what, "out-of-bounds") == 0)
        return out_of_bounds();
    if (strcmp(what, "endless") == 0)
        return endless();
    if ((strcmp(what, "burst") == 0 || strcmp(what, "behind") == 0) && argc > 2)
        return burst(atof(argv[2]), strcmp(what, "behind") == 0);
    if (strcmp(what, "batches") == 0 && argc > 2)
        return batches(atof(argv[2]));
    if (strcmp(what, "flood") == 0 && argc > 2)
        return flood(atoi(argv[2]));
    if (strcmp(what, "many") == 0 && argc > 3)
        return many(atoi(argv[2]), atof(argv[3]));
    if (strcmp(what, "copies") == 0 && argc > 2)
        return copies(atof(argv[2]));
    if (strcmp(what, "comes") == 0 && argc > 2)
        return comes(atoi(argv[2]));
    if (strcmp(what, "gated") == 0)
        return gated();
    if (strcmp(what, "build") == 0)
        return build();
    if (strcmp(what, "bad-source") == 0)
        return bad_source();
    if (strcmp(what, "fork") == 0)
        return in_fork();
    if (strcmp(what, "functions") == 0 && argc > 2)
        return functions((unsigned)atoi(argv[2]));
    if (strcmp(what, "objects") == 0)
        return objects();
    if (strcmp(what, "errors") == 0 && argc > 2)
        return errors(atoi(argv[2]));
    if (strcmp(what, "memory") == 0 && argc > 2)
        return memory((size_t)atoi(argv[2]));
    if (strcmp(what, "print") == 0)
        return print();
    if (strcmp(what, "sizes") == 0)
        return sizes(argc - 2, argv + 2);
    fprintf(stderr, "usage: guest MODE, as this program's source says\n");
    return 2;
}
