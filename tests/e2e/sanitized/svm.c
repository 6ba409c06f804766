// SPDX-License-Identifier: MIT
/*
 * A program that is built with ThreadSanitizer, whose shadow takes most of the addresses there are: it allocates
 * shared virtual memory on several threads, has a kernel work on it, and frees it. Prints what the kernel made of it.
 */
#include <pthread.h>
#include <stdio.h>

#include <CL/cl.h>

enum { THREADS = 4, TURNS = 8, WORDS = 1024 };

static cl_context context;
static cl_command_queue queues[THREADS];
static cl_program program;
static long sums[THREADS];

static long turn(cl_command_queue q, cl_kernel k) {
    const size_t all = WORDS;
    int *memory = clSVMAlloc(context, CL_MEM_READ_WRITE, WORDS * sizeof *memory, 0);
    long sum = 0;

    if (!memory || clEnqueueSVMMap(q, CL_TRUE, CL_MAP_WRITE, memory, WORDS * sizeof *memory, 0, NULL, NULL))
        return -1;
    for (int i = 0; i < WORDS; i++)
        memory[i] = i;
    if (clEnqueueSVMUnmap(q, memory, 0, NULL, NULL) || clSetKernelArgSVMPointer(k, 0, memory) ||
        clEnqueueNDRangeKernel(q, k, 1, NULL, &all, NULL, 0, NULL, NULL) ||
        clEnqueueSVMMap(q, CL_TRUE, CL_MAP_READ, memory, WORDS * sizeof *memory, 0, NULL, NULL))
        return -1;
    for (int i = 0; i < WORDS; i++)
        sum += memory[i];
    if (clEnqueueSVMUnmap(q, memory, 0, NULL, NULL) || clFinish(q))
        return -1;
    clSVMFree(context, memory);
    return sum;
}

static void *work(void *number) {
    size_t n = (size_t)number;
    cl_kernel k = clCreateKernel(program, "twice", NULL);
    for (int i = 0; k && i < TURNS; i++)
        sums[n] += turn(queues[n], k);
    clReleaseKernel(k);
    return NULL;
}

int main(void) {
    const char *text = "kernel void twice(global int *a) { a[get_global_id(0)] *= 2; }";
    pthread_t threads[THREADS];
    cl_platform_id platform;
    cl_device_id device;
    long sum = 0;

    if (clGetPlatformIDs(1, &platform, NULL) ||
        clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL))
        return 2;
    context = clCreateContext(NULL, 1, &device, NULL, NULL, NULL);
    program = clCreateProgramWithSource(context, 1, &text, NULL, NULL);
    if (!program || clBuildProgram(program, 1, &device, NULL, NULL, NULL))
        return 3;
    for (size_t i = 0; i < THREADS; i++) {
        queues[i] = clCreateCommandQueueWithProperties(context, device, NULL, NULL);
        if (!queues[i] || pthread_create(&threads[i], NULL, work, (void *)i) != 0)
            return 4;
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += sums[i];
    }
    printf("%ld\n", sum);
    return sum == (long)THREADS * TURNS * WORDS * (WORDS - 1) ? 0 : 1;
}
