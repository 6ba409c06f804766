// SPDX-License-Identifier: MIT
/* transfer: blocking writes and reads from 4 B to 16 MiB, and mapping. */
#include "eval/lib/ocl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPEAT 1000

static void size_name(char *name, size_t room, size_t size) {
    if (size >= (1 << 20))
        snprintf(name, room, "%zu MiB", size >> 20);
    else if (size >= 1024)
        snprintf(name, room, "%zu KiB", size >> 10);
    else
        snprintf(name, room, "%zu B", size);
}

int main(int argc, char **argv) {
    struct ocl o = ocl_open("transfer", argc, argv, 100, false);
    size_t sizes[] = {4, 4 << 10, 64 << 10, 1 << 20, 16 << 20};
    size_t largest = sizes[4] * (size_t)o.scale / 100 / 4096 * 4096;
    unsigned char *out = ocl_alloc(largest), *back = ocl_alloc(largest);
    static double w[MAX_REPEAT], r[MAX_REPEAT];
    uint64_t sum = 0;
    bool ok = true;
    cl_int e;

    sizes[4] = largest;
    for (size_t i = 0; i < largest; i += 8) {
        uint64_t v = i * 0x9e3779b97f4a7c15u;

        memcpy(out + i, &v, 8);
    }
    memset(back, 0, largest);
    cl_mem m = ocl_buffer(&o, CL_MEM_READ_WRITE, largest, NULL);
    for (int s = 0; s < 5; s++) {
        int n = s == 4 ? 5 : s == 3 ? 20 : o.repetitions > MAX_REPEAT ? MAX_REPEAT : o.repetitions;
        char size[32], name[64];

        for (int i = -1; i < n; i++) {
            double t0 = ocl_now();
            ocl_must("clEnqueueWriteBuffer",
                     clEnqueueWriteBuffer(o.queue, m, CL_TRUE, 0, sizes[s], out, 0, NULL, NULL));
            double t1 = ocl_now();
            ocl_must("clEnqueueReadBuffer",
                     clEnqueueReadBuffer(o.queue, m, CL_TRUE, 0, sizes[s], back, 0, NULL, NULL));
            double t2 = ocl_now();
            if (i >= 0) {
                w[i] = t1 - t0;
                r[i] = t2 - t1;
            }
        }
        ok = ok && memcmp(out, back, sizes[s]) == 0;
        size_name(size, sizeof(size), sizes[s]);
        for (int d = 0; d < 2; d++) {
            double median = ocl_median(d ? r : w, n);

            snprintf(name, sizeof(name), "%s %s", d ? "read" : "write", size);
            if (sizes[s] < (64 << 10))
                ocl_metric(&o, name, "us", "lower", median * 1e6);
            else
                ocl_metric(&o, name, "GB/s", "higher", (double)sizes[s] / median * 1e-9);
        }
    }
    for (int i = 0; i < 20; i++) {
        double t0 = ocl_now();
        unsigned char *p = clEnqueueMapBuffer(o.queue, m, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, largest, 0,
                                              NULL, NULL, &e);

        ocl_must("clEnqueueMapBuffer", e);
        ok = ok && p[largest - 1] == out[largest - 1];
        p[i] ^= 0xff;
        ocl_must("clEnqueueUnmapMemObject", clEnqueueUnmapMemObject(o.queue, m, p, 0, NULL, NULL));
        ocl_finish(&o);
        w[i] = ocl_now() - t0;
    }
    ocl_metric(&o, "map and unmap 16 MiB", "us", "lower", ocl_median(w, 20) * 1e6);
    ocl_must("clEnqueueReadBuffer", clEnqueueReadBuffer(o.queue, m, CL_TRUE, 0, 4096, back, 0, NULL, NULL));
    for (int i = 0; i < 20; i++) {
        ok = ok && back[i] == (out[i] ^ 0xff);
        sum += back[i];
    }
    ocl_check(&o, ok, back, 4096, (double)sum);
    clReleaseMemObject(m);
    ocl_close(&o);
    free(out);
    free(back);
    return 0;
}
