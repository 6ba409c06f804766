// SPDX-License-Identifier: MIT
/* A program that shares a device with others: kernels that fill all cores, as many as it can get or one now and then. */
#include "eval/bench/bench.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { AHEAD = 4, GROUPS = 64, MOST = 100000 };

/* Without a kernel of its own ending for so long, another guest has its turn; and so long it is looked for. */
static const double others_turn = 0.03, patience = 10;

static const char source[] = "__kernel void busy(__global uint *out, uint n)\n"
                             "{\n"
                             "    uint x = out[get_global_id(0)] | 1u;\n"
                             "    for (uint i = 0; i < n; i++)\n"
                             "        x = x * 1664525u + 1013904223u ^ (x >> 7);\n"
                             "    out[get_global_id(0)] = x;\n"
                             "}\n";

static cl_event enqueue(struct bench *b, cl_kernel k) {
    const size_t global = GROUPS, local = 1;
    cl_event event;

    ocl_must("clEnqueueNDRangeKernel",
             clEnqueueNDRangeKernel(b->o.queue, k, 1, NULL, &global, &local, 0, NULL, &event));
    ocl_must("clFlush", clFlush(b->o.queue));
    return event;
}

static void wait_for(cl_event event) {
    ocl_must("clWaitForEvents", clWaitForEvents(1, &event));
    ocl_must("clReleaseEvent", clReleaseEvent(event));
}

/* As many as it can get, a few ahead; how many have ended in time. */
static long flood(struct bench *b, cl_kernel k, double end) {
    cl_event events[AHEAD];
    long count = 0;

    for (int i = 0; i < AHEAD; i++)
        events[i] = enqueue(b, k);
    for (int i = 0;; i = (i + 1) % AHEAD) {
        wait_for(events[i]);
        if (ocl_now() >= end) {
            ocl_finish(&b->o);
            return count;
        }
        count++;
        events[i] = enqueue(b, k);
    }
}

/* One each `period`, if the last one has ended by then. */
static long now_and_then(struct bench *b, cl_kernel k, double period, double end, struct samples *s) {
    long count = 0;

    double next = ocl_now() + period;

    while (next < end) {
        double left = next - ocl_now();
        if (left > 0) {
            const struct timespec t = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
            nanosleep(&t, NULL);
        } else {
            next = ocl_now();
        }
        double start = ocl_now();
        wait_for(enqueue(b, k));
        samples_add(s, ocl_now() - start);
        count++;
        next += period;
    }
    return count;
}

/* A kernel of so many microseconds on all cores. */
static cl_kernel busy_kernel(struct bench *b, double us, cl_mem *out) {
    const double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
    cl_uint loops = (cl_uint)(b->loops * us / 1000 * cores / GROUPS);
    cl_kernel k = bench_kernel(b, source, 4096, out);

    ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(loops), &loops));
    for (int i = 0; i < 3; i++)
        wait_for(enqueue(b, k));
    puts("ready");
    fflush(stdout);
    return k;
}

/* The worker's memory, too, since that has the buffers of a CPU. */
static cl_mem filled(struct bench *b, size_t mib) {
    const cl_int one = 1;
    cl_int e;
    cl_mem m = clCreateBuffer(b->o.context, CL_MEM_READ_WRITE, mib << 20, NULL, &e);

    ocl_must("clCreateBuffer", e);
    ocl_must("clEnqueueFillBuffer",
             clEnqueueFillBuffer(b->o.queue, m, &one, sizeof one, 0, mib << 20, 0, NULL, NULL));
    ocl_finish(&b->o);
    return m;
}

void bench_share(struct bench *b, double us, double seconds, double period_us, int mib) {
    cl_mem memory = mib > 0 ? filled(b, (size_t)mib) : NULL;
    struct samples s = {.v = ocl_alloc(MOST * sizeof(double)), .room = MOST};
    cl_mem out;
    cl_kernel k = busy_kernel(b, us, &out);
    char c;

    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    double end = ocl_now() + seconds;
    long count = period_us > 0 ? now_and_then(b, k, period_us * 1e-6, end, &s) : flood(b, k, end);
    printf("{\"kernels\":%ld,\"seconds\":%.6g", count, seconds);
    if (s.count > 0) {
        double median = ocl_median(s.v, s.count);
        printf(",\"median_us\":%.6g,\"p99_us\":%.6g,\"max_us\":%.6g", median * 1e6,
               ocl_quantile(s.v, s.count, 0.99) * 1e6, s.v[s.count - 1] * 1e6);
    }
    puts("}");
    free(s.v);
    if (memory)
        clReleaseMemObject(memory);
    clReleaseMemObject(out);
    clReleaseKernel(k);
}

/* What the thread that kills shares with the one that has kernels run. */
struct outliving {
    _Atomic double last, killed; /* the last end; when somebody was killed since, 0: nobody */
    _Atomic bool over;
    int signal;
};

/* Each line of standard input is a process, which is killed while it has the device. */
static void *kill_each(void *opaque) {
    struct outliving *o = opaque;
    const struct timespec moment = {.tv_nsec = 500000};
    char line[32];

    while (fgets(line, sizeof line, stdin)) {
        const pid_t pid = (pid_t)atoi(line);
        const double end = ocl_now() + patience;
        while (ocl_now() - atomic_load(&o->last) < others_turn && ocl_now() < end)
            nanosleep(&moment, NULL);
        const double now = ocl_now();
        if (pid <= 1 || now >= end || kill(pid, o->signal) < 0) {
            printf("{\"missed\":%d}\n", (int)pid);
            fflush(stdout);
            continue;
        }
        atomic_store(&o->killed, now);
    }
    atomic_store(&o->over, true);
    return NULL;
}

void bench_outlive(struct bench *b, double us, int number) {
    struct outliving o = {.signal = number};
    cl_mem out;
    cl_kernel k = busy_kernel(b, us, &out);
    pthread_t thread;

    atomic_store(&o.last, ocl_now());
    if (pthread_create(&thread, NULL, kill_each, &o) != 0) {
        fputs("bench: cannot start a thread\n", stderr);
        exit(1);
    }
    cl_event events[AHEAD];
    for (int i = 0; i < AHEAD; i++)
        events[i] = enqueue(b, k);
    for (int i = 0; !atomic_load(&o.over); i = (i + 1) % AHEAD) {
        wait_for(events[i]);
        const double now = ocl_now(), killed = atomic_exchange(&o.killed, 0);
        atomic_store(&o.last, now);
        if (killed > 0) {
            printf("{\"us\":%.1f}\n", (now - killed) * 1e6);
            fflush(stdout);
        }
        events[i] = enqueue(b, k);
    }
    pthread_join(thread, NULL);
    ocl_finish(&b->o);
    clReleaseMemObject(out);
    clReleaseKernel(k);
}
