// SPDX-License-Identifier: MIT
/*
 * What programs do with memory, signals and limits of their process beside OpenCL: constant tables as buffers,
 * guarded pages, limits to files, foreign mappings.
 */
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- buffers over memory that is read-only ---- */

enum { INTS = 4096 };

/* INTS numbers in pages that cannot be written. */
static cl_int *read_only_numbers(void) {
    cl_int *p = mmap(NULL, INTS * sizeof(cl_int), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        fail("no memory");
    for (int i = 0; i < INTS; i++)
        p[i] = i * 7;
    mprotect(p, INTS * sizeof(cl_int), PROT_READ);
    return p;
}

static void read_only_buffer(void) {
    struct cl c = cl_open();
    cl_int e, *table = read_only_numbers();
    cl_mem m = buffer_new(&c, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, INTS * sizeof(cl_int), table);
    cl_kernel k = kernel_new(
        &c,
        "kernel void k(global const int *a, global int *o) { size_t i = get_global_id(0); o[i] = a[i] + 1; }",
        "k");
    cl_mem o = buffer_new(&c, CL_MEM_READ_WRITE, INTS * sizeof(cl_int), NULL);
    static cl_int got[INTS], want[INTS];
    size_t n = INTS;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clSetKernelArg(k, 1, sizeof(o), &o));
    for (int round = 0; round < 3; round++) {
        cl_bool blocking = round == 1 ? CL_FALSE : CL_TRUE;
        if (round > 0) /* maps behind a kernel, and with nothing before them */
            OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
        cl_int *p = clEnqueueMapBuffer(c.q, m, blocking, CL_MAP_READ, 64, 4096, 0, NULL, NULL, &e);
        OK(e);
        OK(clFinish(c.q));
        check(p == table + 16 && p[1] == 17 * 7, "map %d", round);
        OK(clEnqueueUnmapMemObject(c.q, m, p, 0, NULL, NULL));
        OK(clFinish(c.q));
    }
    for (int i = 0; i < INTS; i++)
        want[i] = i * 7 + 1;
    OK(clEnqueueReadBuffer(c.q, o, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_ints("kernel", got, want, INTS);
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    OK(clReleaseKernel(k));
    cl_close(&c);
}

static void read_only_image(void) {
    struct cl c = cl_open();
    cl_int e, *table = read_only_numbers();
    const cl_image_format format = {CL_R, CL_SIGNED_INT32};
    const cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 64, .image_height = 64};
    const size_t origin[3] = {3, 5, 0}, region[3] = {20, 10, 1};
    size_t pitch;

    need_images(&c);
    cl_mem m = clCreateImage(c.ctx, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, &format, &desc, table, &e);
    OK(e);
    for (int round = 0; round < 2; round++) {
        cl_int *p = clEnqueueMapImage(c.q, m, round ? CL_FALSE : CL_TRUE, CL_MAP_READ, origin, region, &pitch,
                                      NULL, 0, NULL, NULL, &e);
        OK(e);
        OK(clFinish(c.q));
        check(p[pitch / 4 + 1] == (6 * 64 + 4) * 7, "map %d", round);
        OK(clEnqueueUnmapMemObject(c.q, m, p, 0, NULL, NULL));
        OK(clFinish(c.q));
    }
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* What a kernel has written comes to writable memory all the same. */
static void read_map_after_kernel(void) {
    struct cl c = cl_open();
    static cl_int memory[INTS];
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, sizeof(memory), memory);
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a) { a[get_global_id(0) * 1000] += 5; }", "k");
    size_t n = 4;
    cl_int e;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    cl_int *p = clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 0, sizeof(memory), 0, NULL, NULL, &e);
    OK(e);
    check(p == memory && p[0] == 5 && p[999] == 0 && p[1000] == 5 && p[3000] == 5, "contents");
    OK(clEnqueueUnmapMemObject(c.q, m, p, 0, NULL, NULL));
    OK(clReleaseMemObject(m));
    OK(clReleaseKernel(k));
    cl_close(&c);
}

/* ---- handlers for what a thread raises itself ---- */

static char *guarded;
static atomic_int faults, called;

static void on_fault(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)context;
    char *page = (char *)((uintptr_t)info->si_addr & ~(uintptr_t)4095);
    if (page != guarded)
        _exit(9);
    atomic_fetch_add(&faults, 1);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void guard_page(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    atomic_store(&faults, 0);
    atomic_store(&called, 0);
    sigaction(SIGSEGV, &action, NULL);
    guarded = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guarded == MAP_FAILED)
        fail("no memory");
}

static void touch_guarded(void) {
    ((volatile char *)guarded)[5] = 1;
}

static void CL_CALLBACK touching_event(cl_event event, cl_int status, void *data) {
    (void)event, (void)status, (void)data;
    touch_guarded();
    atomic_store(&called, 1);
}

static void CL_CALLBACK touching_build(cl_program program, void *data) {
    (void)program, (void)data;
    touch_guarded();
    atomic_store(&called, 1);
}

static void CL_CALLBACK touching_native(void *data) {
    (void)data;
    touch_guarded();
    atomic_store(&called, 1);
}

static bool await_call(void) {
    for (double end = now_s() + 20; now_s() < end && !atomic_load(&called);)
        usleep(1000);
    return atomic_load(&called) != 0;
}

static void fault_in_event_callback(void) {
    struct cl c = cl_open();
    cl_int e;
    cl_event gate = clCreateUserEvent(c.ctx, &e), marker;

    OK(e);
    guard_page();
    OK(clEnqueueMarkerWithWaitList(c.q, 1, &gate, &marker));
    OK(clSetEventCallback(marker, CL_COMPLETE, touching_event, NULL));
    OK(clFlush(c.q));
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    check(await_call() && atomic_load(&faults) == 1, "the program's handler serves it");
    OK(clReleaseEvent(marker));
    OK(clReleaseEvent(gate));
    cl_close(&c);
}

static void fault_in_build_callback(void) {
    struct cl c = cl_open();
    const char *source = "kernel void k(global int *a) { a[0] = 4711; }";
    cl_int e;
    cl_program p = clCreateProgramWithSource(c.ctx, 1, &source, NULL, &e);

    OK(e);
    guard_page();
    OK(clBuildProgram(p, 1, &c.device, "", touching_build, NULL));
    check(await_call() && atomic_load(&faults) == 1, "the program's handler serves it");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void fault_in_native_kernel(void) {
    struct cl c = cl_open();
    cl_device_exec_capabilities capabilities = 0;

    OK(clGetDeviceInfo(c.device, CL_DEVICE_EXECUTION_CAPABILITIES, sizeof(capabilities), &capabilities,
                       NULL));
    if (!(capabilities & CL_EXEC_NATIVE_KERNEL))
        skip("the device has no native kernels");
    guard_page();
    OK(clEnqueueNativeKernel(c.q, touching_native, NULL, 0, 0, NULL, NULL, 0, NULL, NULL));
    OK(clFinish(c.q));
    check(await_call() && atomic_load(&faults) == 1, "the program's handler serves it");
    cl_close(&c);
}

/* ---- a limit to the size of files is none to the size of buffers ---- */

static void limited_files(void) {
    struct rlimit limit;
    struct cl c = cl_open();
    size_t size = 32 << 20;
    cl_int e, seven = 7, got = 0;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 1 << 20;
    setrlimit(RLIMIT_FSIZE, &limit);
    cl_mem m = clCreateBuffer(c.ctx, CL_MEM_READ_WRITE, size, NULL, &e);
    OK(e);
    OK(clEnqueueFillBuffer(c.q, m, &seven, sizeof(seven), 0, size, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, size - 4, 4, &got, 0, NULL, NULL));
    check(got == 7, "a buffer larger than files may be");
    getrlimit(RLIMIT_FSIZE, &limit);
    check(limit.rlim_cur == 1 << 20, "the limit stays");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* ---- addresses of shared virtual memory ---- */

static void need_svm(struct cl *c) {
    cl_device_svm_capabilities caps = 0;

    OK(clGetDeviceInfo(c->device, CL_DEVICE_SVM_CAPABILITIES, sizeof(caps), &caps, NULL));
    if (!(caps & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER))
        skip("the device has no shared virtual memory");
}

/* SPDK maps there. */
static void foreign_mapping(void) {
#ifdef __SANITIZE_THREAD__
    skip("ThreadSanitizer has no program's memory there");
#endif
    void *at = (void *)0x200000000000;
    struct cl c = cl_open();

    need_svm(&c);
    void *foreign = mmap(at, 1 << 30, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    const bool none = foreign == MAP_FAILED && errno == ENOMEM; /* user-mode Linux has 512 GiB of them */
    check(none || foreign == at, "the program has its mapping, or there are no such addresses");
    for (int i = 0; i < 3; i++) {
        char *p = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 100000, 0);
        if (!check(p != NULL, "allocation %d", i))
            break;
        OK(clEnqueueSVMMemFill(c.q, p, "x", 1, 100000, 0, NULL, NULL));
        OK(clFinish(c.q));
        OK(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_READ, p, 100000, 0, NULL, NULL));
        check(p[99999] == 'x', "contents %d", i);
        OK(clEnqueueSVMUnmap(c.q, p, 0, NULL, NULL));
        OK(clFinish(c.q));
        clSVMFree(c.ctx, p);
    }
    cl_close(&c);
}

struct allocator {
    struct cl *c;
    pthread_barrier_t *start;
    int bad;
};

static void *allocate(void *opaque) {
    struct allocator *a = opaque;
    enum { ROUNDS = 60, KEPT = 6 };
    char *kept[KEPT] = {NULL};

    pthread_barrier_wait(a->start);
    for (int i = 0; i < ROUNDS; i++) {
        size_t size = 5000 + (size_t)i * 777;
        char **p = &kept[i % KEPT];
        if (*p)
            clSVMFree(a->c->ctx, *p);
        *p = clSVMAlloc(a->c->ctx, CL_MEM_READ_WRITE, size, 0);
        if (!*p || clEnqueueSVMMemFill(a->c->q, *p, "y", 1, size, 0, NULL, NULL) != CL_SUCCESS ||
            clFinish(a->c->q) != CL_SUCCESS || (*p)[size - 1] != 'y')
            a->bad++;
    }
    for (int i = 0; i < KEPT; i++)
        clSVMFree(a->c->ctx, kept[i]);
    return NULL;
}

static void svm_of_several_threads(void) {
    struct cl c = cl_open();
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    struct allocator a[THREADS];
    pthread_barrier_t start;
    int bad = 0;

    need_svm(&c);
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        a[i] = (struct allocator){&c, &start, 0};
        pthread_create(&threads[i], NULL, allocate, &a[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        bad += a[i].bad;
    }
    check(bad == 0, "every allocation is found by commands");
    cl_close(&c);
}

/* ---- callbacks in time ---- */

static void CL_CALLBACK count_event(cl_event event, cl_int status, void *counter) {
    (void)event, (void)status;
    atomic_fetch_add((atomic_int *)counter, 1);
}

static void callbacks_before_waits_return(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 4096, NULL);
    cl_int value = 1;
    int late[3] = {0};

    for (int i = 0; i < 150; i++) {
        static atomic_int counter;
        cl_event first, second;

        atomic_store(&counter, 0);
        OK(clEnqueueFillBuffer(c.q, m, &value, 4, 0, 4096, 0, NULL, &first));
        OK(clSetEventCallback(first, CL_COMPLETE, count_event, &counter));
        OK(clEnqueueFillBuffer(c.q, m, &value, 4, 0, 4096, 0, NULL, &second));
        if (i % 3 == 0)
            OK(clWaitForEvents(1, &first));
        else if (i % 3 == 1)
            OK(clWaitForEvents(1, &second));
        else
            OK(clFinish(c.q));
        late[i % 3] += atomic_load(&counter) != 1;
        OK(clFinish(c.q));
        OK(clReleaseEvent(first));
        OK(clReleaseEvent(second));
    }
    check(late[0] == 0, "after a wait for the event");
    check(late[1] == 0, "after a wait for the next one in order");
    check(late[2] == 0, "after clFinish");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static atomic_int gone;

static void CL_CALLBACK note_gone(cl_mem mem, void *data) {
    (void)mem, (void)data;
    atomic_store(&gone, 1);
}

/* More queues than any driver would count beforehand, the last of which uses the buffer. */
static void destructor_with_many_busy_queues(void) {
    enum { QUEUES = 80 };
    struct cl c = cl_open();
    cl_command_queue queues[QUEUES];
    cl_int e, value = 1;
    cl_event gate = clCreateUserEvent(c.ctx, &e);
    cl_mem other = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL),
           m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);

    OK(e);
    atomic_store(&gone, 0);
    OK(clSetMemObjectDestructorCallback(m, note_gone, NULL));
    for (int i = 0; i < QUEUES; i++) {
        queues[i] = queue_new(&c, 0);
        OK(clEnqueueFillBuffer(queues[i], i == 0 ? m : other, &value, 4, 0, 64, 1, &gate, NULL));
        OK(clFlush(queues[i]));
    }
    OK(clReleaseMemObject(m));
    usleep(50000);
    check(!atomic_load(&gone), "not while a command needs the buffer");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    for (int i = 0; i < QUEUES; i++) {
        OK(clFinish(queues[i]));
        OK(clReleaseCommandQueue(queues[i]));
    }
    for (double end = now_s() + 20; now_s() < end && !atomic_load(&gone);)
        usleep(1000);
    check(atomic_load(&gone), "once none does");
    OK(clReleaseMemObject(other));
    OK(clReleaseEvent(gate));
    cl_close(&c);
}

/* Waits for the callback; generously. */
static bool is_gone(void) {
    for (double end = now_s() + 30; now_s() < end && !atomic_load(&gone);)
        usleep(1000);
    return atomic_load(&gone) != 0;
}

static void CL_CALLBACK open_gate(cl_mem mem, void *gate) {
    (void)mem;
    clSetUserEventStatus(gate, CL_COMPLETE);
    atomic_store(&gone, 1);
}

/* A command that waits for the callback itself, of another queue and another buffer, holds nothing back. */
static void destructor_opens_a_gate(void) {
    struct cl c = cl_open();
    cl_int e, value = 1, got[16] = {0};
    cl_event gate = clCreateUserEvent(c.ctx, &e), filled;
    cl_mem other = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL),
           m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);
    cl_command_queue second = queue_new(&c, 0);

    OK(e);
    atomic_store(&gone, 0);
    OK(clSetMemObjectDestructorCallback(m, open_gate, gate));
    OK(clEnqueueFillBuffer(c.q, m, &value, 4, 0, 64, 0, NULL, NULL));
    OK(clEnqueueFillBuffer(second, other, &value, 4, 0, 64, 1, &gate, &filled));
    OK(clFlush(second));
    OK(clFinish(c.q));
    OK(clReleaseMemObject(m));
    bool in_time = is_gone();
    check(in_time, "although an unrelated command waits");
    if (!in_time)
        OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clFinish(second));
    OK(clEnqueueReadBuffer(second, other, CL_TRUE, 0, 64, got, 0, NULL, NULL));
    check(got[15] == 1, "and that ran then");
    OK(clReleaseEvent(filled));
    OK(clReleaseEvent(gate));
    OK(clReleaseCommandQueue(second));
    OK(clReleaseMemObject(other));
    cl_close(&c);
}

/* One of two commands that use the buffer is not enough, and one that does not is not waited for. */
static void destructor_between_gates(void) {
    struct cl c = cl_open();
    cl_int e, value = 1;
    cl_event first = clCreateUserEvent(c.ctx, &e), last = clCreateUserEvent(c.ctx, &e);
    cl_mem other = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL),
           m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);
    cl_command_queue second = queue_new(&c, 0);

    OK(e);
    atomic_store(&gone, 0);
    OK(clSetMemObjectDestructorCallback(m, note_gone, NULL));
    OK(clEnqueueFillBuffer(c.q, m, &value, 4, 0, 64, 0, NULL, NULL));
    OK(clEnqueueFillBuffer(c.q, m, &value, 4, 0, 64, 1, &first, NULL));
    OK(clEnqueueFillBuffer(second, other, &value, 4, 0, 64, 1, &last, NULL));
    OK(clFlush(c.q));
    OK(clFlush(second));
    OK(clReleaseMemObject(m));
    usleep(50000);
    check(!atomic_load(&gone), "not while a command needs the buffer");
    OK(clSetUserEventStatus(first, CL_COMPLETE));
    bool in_time = is_gone();
    OK(clSetUserEventStatus(last, CL_COMPLETE));
    OK(clFinish(c.q));
    OK(clFinish(second));
    check(in_time, "once the last command that uses it has ended");
    OK(clReleaseEvent(first));
    OK(clReleaseEvent(last));
    OK(clReleaseCommandQueue(second));
    OK(clReleaseMemObject(other));
    cl_close(&c);
}

/* A sub-buffer keeps its buffer; an image over it, too. */
static void destructor_of_a_parent(void) {
    struct cl c = cl_open();
    cl_int e, value = 1;
    cl_event gate = clCreateUserEvent(c.ctx, &e);
    size_t align = device_uint(c.device, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 2 * align, NULL);
    cl_mem sub = clCreateSubBuffer(m, 0, CL_BUFFER_CREATE_TYPE_REGION, &(cl_buffer_region){align, align}, &e);

    OK(e);
    atomic_store(&gone, 0);
    OK(clSetMemObjectDestructorCallback(m, note_gone, NULL));
    OK(clReleaseMemObject(m));
    check(!atomic_load(&gone), "not while there is a part of it");
    OK(clEnqueueFillBuffer(c.q, sub, &value, 4, 0, align, 1, &gate, NULL));
    OK(clFlush(c.q));
    OK(clReleaseMemObject(sub));
    usleep(20000);
    check(!atomic_load(&gone), "not while a command needs the part");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clFinish(c.q));
    check(is_gone(), "once none does");
    OK(clReleaseEvent(gate));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(read_only_buffer),
    CASE(read_only_image),
    CASE(read_map_after_kernel),
    CASE(fault_in_event_callback),
    CASE(fault_in_build_callback),
    CASE(fault_in_native_kernel),
    CASE(limited_files),
    CASE(foreign_mapping),
    LONG_CASE(svm_of_several_threads, 60),
    CASE(callbacks_before_waits_return),
    LONG_CASE(destructor_with_many_busy_queues, 60),
    LONG_CASE(destructor_opens_a_gate, 60),
    LONG_CASE(destructor_between_gates, 60),
    LONG_CASE(destructor_of_a_parent, 60),
    END_OF_CASES,
};

const struct test_group group_memory_habits = {"memory_habits", cases};
