// SPDX-License-Identifier: MIT
#include "eval/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct samples samples_new(const struct bench *b, int count) {
    struct samples s = {.room = count * b->percent / 100 < 3 ? 3 : count * b->percent / 100};

    s.v = malloc((size_t)s.room * sizeof(*s.v));
    if (!s.v)
        exit(1);
    return s;
}

void samples_add(struct samples *s, double seconds) {
    if (s->count < s->room)
        s->v[s->count++] = seconds;
}

void samples_print(struct samples *s, const char *row, const char *unit, double bytes) {
    double median = ocl_median(s->v, s->count);
    double p99 = ocl_quantile(s->v, s->count, 0.99), min = s->v[0];
    double factor = !strcmp(unit, "ms") ? 1e3 : !strcmp(unit, "us") ? 1e6 : !strcmp(unit, "ns") ? 1e9 : 1;
    bool rate = !strcmp(unit, "GB/s");

    if (rate) {
        median = bytes / median * 1e-9;
        p99 = bytes / p99 * 1e-9;
        min = bytes / min * 1e-9;
    }
    printf("{\"row\":\"%s\",\"unit\":\"%s\",\"better\":\"%s\",\"median\":%.6g,\"p99\":%.6g,\"min\":%.6g,"
           "\"samples\":%d}\n",
           row, unit, rate ? "higher" : "lower", median * factor, p99 * factor, min * factor, s->count);
    fflush(stdout);
    free(s->v);
}

cl_kernel bench_kernel(struct bench *b, const char *source, size_t size, cl_mem *mem) {
    cl_program p = ocl_build(&b->o, source, "");
    cl_kernel k;

    ocl_must("clCreateKernelsInProgram", clCreateKernelsInProgram(p, 1, &k, NULL));
    ocl_must("clReleaseProgram", clReleaseProgram(p));
    *mem = ocl_buffer(&b->o, CL_MEM_READ_WRITE, size, NULL);
    ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(*mem), mem));
    return k;
}

void bench_enqueue(struct bench *b, cl_kernel k, size_t global) {
    ocl_must("clEnqueueNDRangeKernel",
             clEnqueueNDRangeKernel(b->o.queue, k, 1, NULL, &global, NULL, 0, NULL, NULL));
}

char *bench_source(unsigned salt, int lines) {
    size_t room = 512 + (size_t)lines * 96, used;
    char *text = malloc(room);

    if (!text)
        exit(1);
    used = (size_t)snprintf(text, room,
                            "__kernel void salted(__global uint *out, uint n)\n"
                            "{\n"
                            "    uint i = get_global_id(0), x = i + %uu;\n",
                            salt);
    for (int l = 0; l < lines; l++)
        used += (size_t)snprintf(
            text + used, room - used,
            "    if (x %% %du == n) x = mul_hi(x, %uu) + rotate(x, %du); else x ^= x >> %d;\n", l + 3,
            2654435761u - (unsigned)l, l % 31 + 1, l % 13 + 1);
    snprintf(text + used, room - used, "    out[i] = x;\n}\n");
    return text;
}

unsigned bench_salt(void) {
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return ((unsigned)t.tv_sec << 20) ^ (unsigned)t.tv_nsec ^ ((unsigned)getpid() << 12);
}

static void run_small(struct bench *b, unsigned salt) {
    char *source = bench_source(salt, 5);
    cl_uint n = 1, result[1024];
    cl_mem out;
    cl_kernel k = bench_kernel(b, source, sizeof(result), &out);

    ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(n), &n));
    bench_enqueue(b, k, 1024);
    ocl_must("clEnqueueReadBuffer",
             clEnqueueReadBuffer(b->o.queue, out, CL_TRUE, 0, sizeof(result), result, 0, NULL, NULL));
    clReleaseMemObject(out);
    clReleaseKernel(k);
    free(source);
}

/* For whoever counts instructions: so many kernels, each with a new argument. */
static void run_count(struct bench *b, int count) {
    cl_mem out;
    cl_kernel k = bench_kernel(b, "__kernel void null(__global uint *out, int n) {}\n", 64, &out);

    for (int i = 0; i < count; i++) {
        ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(i), &i));
        bench_enqueue(b, k, 1);
    }
    ocl_finish(&b->o);
    clReleaseKernel(k);
    clReleaseMemObject(out);
}

static void run_rate(struct bench *b, double seconds) {
    cl_mem out;
    cl_kernel k = bench_kernel(b, "__kernel void null(__global uint *out) {}\n", 64, &out);
    char c;
    long count = 0;

    for (int i = 0; i < 100; i++) {
        bench_enqueue(b, k, 1);
        ocl_finish(&b->o);
    }
    /* all of a round start together: when whoever started them closes the pipe */
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    double start = ocl_now(), now = start;
    for (; now - start < seconds; now = ocl_now(), count++) {
        bench_enqueue(b, k, 1);
        ocl_finish(&b->o);
    }
    printf("{\"rate\":%.6g}\n", (double)count / (now - start));
    clReleaseMemObject(out);
    clReleaseKernel(k);
}

/* Prints the number of loops for one millisecond: the same number then goes to every side that is compared.
 */
static void find_loops(struct bench *b) {
    cl_mem out;
    extern const char bench_busy_source[];
    cl_kernel k = bench_kernel(b, bench_busy_source, 64, &out);
    double best = 1e9;
    cl_uint loops = 200000;

    ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(loops), &loops));
    for (int i = 0; i < 20; i++) {
        double start = ocl_now();

        bench_enqueue(b, k, 1);
        ocl_finish(&b->o);
        if (ocl_now() - start < best)
            best = ocl_now() - start;
    }
    printf("{\"loops\":%.0f}\n", loops * 1e-3 / best);
    clReleaseMemObject(out);
    clReleaseKernel(k);
}

static void measure(struct bench *b, const char *row) {
    const struct bench_row *r = bench_rows;

    while (r->name && strcmp(r->name, row) != 0)
        r++;
    if (!r->name) {
        fprintf(stderr, "bench: there is no row '%s'; see bench list\n", row);
        exit(2);
    }
    r->measure(b);
}

static void follow(struct bench *b) {
    char row[64];

    while (fgets(row, sizeof(row), stdin)) {
        row[strcspn(row, "\n")] = '\0';
        if (row[0])
            measure(b, row);
        printf("{\"done\":\"%s\"}\n", row);
        fflush(stdout);
    }
}

int main(int argc, char **argv) {
    struct bench b = {.percent = 100};
    int first = 1;

    if (argc > 1 && !strcmp(argv[1], "burn"))
        for (volatile unsigned long i = 0;; i++)
            ;
    /* options come in pairs and in front */
    while (first + 1 < argc && argv[first][0] == '-') {
        if (argv[first][1] == 'r')
            b.percent = atoi(argv[first + 1]);
        if (argv[first][1] == 'l')
            b.loops = atof(argv[first + 1]);
        first += 2;
    }
    if (first == argc || !strcmp(argv[first], "list")) {
        for (const struct bench_row *r = bench_rows; r->name; r++)
            puts(r->name);
        return 0;
    }
    char *for_ocl[6] = {argv[0]};
    int n = 1;
    for (int i = 1; i + 1 < first && n < 5; i += 2) {
        if (argv[i][1] == 'p' || argv[i][1] == 'd') {
            for_ocl[n++] = argv[i];
            for_ocl[n++] = argv[i + 1];
        }
    }
    b.o = ocl_open("bench", n, for_ocl, 1, false);
    if (!strcmp(argv[first], "small") && first + 1 < argc) {
        run_small(&b, (unsigned)strtoul(argv[first + 1], NULL, 10));
    } else if (!strcmp(argv[first], "rate") && first + 1 < argc) {
        run_rate(&b, atof(argv[first + 1]));
    } else if (!strcmp(argv[first], "share") && first + 3 < argc) {
        bench_share(&b, atof(argv[first + 1]), atof(argv[first + 2]), atof(argv[first + 3]),
                    first + 4 < argc ? atoi(argv[first + 4]) : 0);
    } else if (!strcmp(argv[first], "outlive") && first + 2 < argc) {
        bench_outlive(&b, atof(argv[first + 1]), atoi(argv[first + 2]));
    } else if (!strcmp(argv[first], "count") && first + 1 < argc) {
        run_count(&b, atoi(argv[first + 1]));
    } else if (!strcmp(argv[first], "program")) {
        bench_program(&b, argv + first + 1, argc - first - 1);
    } else if (!strcmp(argv[first], "loops")) {
        find_loops(&b);
    } else if (!strcmp(argv[first], "follow")) {
        follow(&b);
    } else {
        for (int i = first; i < argc; i++)
            measure(&b, argv[i]);
    }
    ocl_close(&b.o);
    return 0;
}
