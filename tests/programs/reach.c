// SPDX-License-Identifier: MIT
/*
 * What of its VM's memory can native code in a worker reach? A kernel on a CPU driver is such code: this one
 * makes system calls. While it looks through its descriptors for a VM's memory, this program makes and drops
 * buffers, each larger than the last and so a region of its own that the host maps into the worker.
 *
 * Prints PASS or FAIL for each attempt. Exit status 1 if one of them got somewhere, 77 without PoCL, whose
 * kernels can hold machine code of this machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <CL/cl.h>

enum { RESULTS = 16, SECONDS = 4, REGION = 8 << 20, AT_A_TIME = 4, STEP = 256 << 10 };

static const char source[] =
    "long machine(long n, long a, long b, long c, long d, long e, long f) {\n"
    "    long r;\n"
    "    __asm__ volatile(\"movq %5, %%r10\\n movq %6, %%r8\\n movq %7, %%r9\\n syscall\" : \"=a\"(r) : "
    "\"0\"(n), \"D\"(a), \"S\"(b), \"d\"(c), \"m\"(d), \"m\"(e), \"m\"(f) : \"rcx\", \"r8\", \"r9\", "
    "\"r10\", \"r11\", \"memory\");\n"
    "    return r;\n"
    "}\n"
    /* 5 fstat: st_mode is at 24, st_size at 48; 9 mmap. A VM has more memory than 128 MiB. */
    "kernel void scan(global long *out, global char *data, int rounds) {\n"
    "    for (int round = 0; round < rounds; round++)\n"
    "        for (int fd = 3; fd < 64; fd++) {\n"
    "            if (machine(5, fd, (long)data, 0, 0, 0, 0) != 0)\n"
    "                continue;\n"
    "            out[0]++;\n"
    "            if ((*(global uint *)(data + 24) & 0170000) != 0100000 || "
    "*(global long *)(data + 48) < 1l << 27)\n"
    "                continue;\n"
    "            out[1]++;\n"
    "            long at = machine(9, 0, 4096, 1, 1, fd, 0);\n"
    "            if (at > 0)\n"
    "                out[2]++;\n"
    "        }\n"
    "}\n"
    /* 25 mremap, 28 madvise (11: to children too), 216 remap_file_pages, 157 prctl (4: others may look) */
    "kernel void stretch(global long *out, global char *data) {\n"
    "    long page = ((long)data + 4095) & ~4095l;\n"
    "    out[3] = machine(25, page, 4096, 1 << 20, 1, 0, 0);\n"
    "    out[4] = machine(25, page, 0, 4096, 1, 0, 0);\n"
    "    out[5] = machine(28, page, 4096, 11, 0, 0, 0);\n"
    "    out[6] = machine(216, page, 4096, 0, 64, 0, 0);\n"
    "    out[7] = machine(157, 4, 1, 0, 0, 0, 0);\n"
    "}\n";

static void must(cl_int e, const char *what) {
    if (e == CL_SUCCESS)
        return;
    printf("FAIL reach.%s error %d\n", what, e);
    exit(1);
}

static cl_device_id find_device(void) {
    cl_platform_id platforms[16];
    cl_uint count = 0;
    cl_device_id device;
    char name[256];

    clGetPlatformIDs(16, platforms, &count);
    for (cl_uint i = 0; i < count && i < 16; i++)
        if (clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof name, name, NULL) == CL_SUCCESS &&
            strstr(name, "Portable") &&
            clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_CPU, 1, &device, NULL) == CL_SUCCESS)
            return device;
    puts("there is no PoCL here");
    exit(77);
}

static int failed;

static void report(int good, const char *name, long result) {
    printf("%s reach.%s (%ld)\n", good ? "PASS" : "FAIL", name, result);
    failed |= !good;
}

int main(void) {
    cl_device_id device = find_device();
    cl_int e;
    cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &e);
    must(e, "context");
    cl_command_queue queue = clCreateCommandQueueWithProperties(context, device, NULL, &e);
    must(e, "queue");
    const char *text = source;
    cl_program program = clCreateProgramWithSource(context, 1, &text, NULL, &e);
    must(e, "program");
    must(clBuildProgram(program, 1, &device, "", NULL, NULL), "build");
    cl_kernel scan = clCreateKernel(program, "scan", &e), stretch = clCreateKernel(program, "stretch", &e);
    must(e, "kernel");
    cl_mem out = clCreateBuffer(context, CL_MEM_READ_WRITE, RESULTS * sizeof(cl_long), NULL, &e);
    must(e, "results");
    cl_mem data = clCreateBuffer(context, CL_MEM_READ_WRITE, 1 << 16, NULL, &e);
    must(e, "data");
    cl_long results[RESULTS] = {0};
    cl_int rounds = 60000; /* some 0.3 s: regions come and go meanwhile */
    const size_t one = 1;

    must(clEnqueueWriteBuffer(queue, out, CL_TRUE, 0, sizeof results, results, 0, NULL, NULL), "write");
    for (int i = 0; i < 3; i++)
        must(clSetKernelArg(scan, i, i == 2 ? sizeof rounds : sizeof(cl_mem),
                            i == 0   ? (void *)&out
                            : i == 1 ? (void *)&data
                                     : (void *)&rounds),
             "argument");
    must(clSetKernelArg(stretch, 0, sizeof out, &out), "argument");
    must(clSetKernelArg(stretch, 1, sizeof data, &data), "argument");

    long regions = 0;
    for (time_t end = time(NULL) + SECONDS; time(NULL) < end;) {
        must(clEnqueueNDRangeKernel(queue, scan, 1, NULL, &one, &one, 0, NULL, NULL), "scan");
        must(clFlush(queue), "flush");
        for (int i = 0; i < AT_A_TIME; i++) {
            cl_mem b = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR,
                                      REGION + (size_t)regions * STEP, NULL, &e);
            must(e, "buffer");
            must(clReleaseMemObject(b), "release");
            regions++;
        }
        must(clFinish(queue), "finish");
    }
    must(clEnqueueNDRangeKernel(queue, stretch, 1, NULL, &one, &one, 0, NULL, NULL), "stretch");
    must(clEnqueueReadBuffer(queue, out, CL_TRUE, 0, sizeof results, results, 0, NULL, NULL), "read");
    report(regions > 0 && results[0] > 0, "it-has-looked", (long)results[0]);
    report(results[1] == 0, "no-descriptor-of-the-memory", (long)results[1]);
    report(results[2] == 0, "nothing-mapped", (long)results[2]);
    report(results[3] < 0, "no-longer-mapping", (long)results[3]);
    report(results[4] < 0, "no-second-mapping", (long)results[4]);
    report(results[5] < 0, "none-for-children", (long)results[5]);
    report(results[6] < 0, "no-other-pages", (long)results[6]);
    report(results[7] < 0, "nobody-looks-into-it", (long)results[7]);
    clReleaseMemObject(data);
    clReleaseMemObject(out);
    clReleaseKernel(stretch);
    clReleaseKernel(scan);
    clReleaseProgram(program);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
    return failed;
}
