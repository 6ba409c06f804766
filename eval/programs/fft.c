// SPDX-License-Identifier: MIT
/* fft: a Fourier transform there and back, one launch for each of its passes (Stockham, radix 2): strided memory, sin and cos,
 * a chain of dependent launches. */
#include "eval/lib/work.h"

#include <math.h>
#include <string.h>

static const char source[] =
    "__kernel void pass(__global const float2 *in, __global float2 *out, int count, int span, float sign)\n"
    "{\n"
    "    int i = get_global_id(0), k = i % span;\n"
    "    float2 a = in[i], b = in[i + count];\n"
    "    float c, s = sincos(sign * 3.14159265358979f * (float)k / (float)span, &c);\n"
    "    b = (float2)(b.x * c - b.y * s, b.x * s + b.y * c);\n"
    "    int to = 2 * (i - k) + k;\n"
    "    out[to] = a + b;\n"
    "    out[to + span] = a - b;\n"
    "}\n";

static int n;
static float *in, *spectrum, *back, *both, *right;
static cl_mem m_x[2];
static cl_kernel pass;

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 89;
    for (n = 256; 2 * n <= size; n *= 2)
        ;
    size_t bytes = (size_t)n * 2 * sizeof(float);
    in = ocl_alloc(bytes);
    right = ocl_alloc(bytes);
    /* spectrum and signal, one behind the other */
    both = ocl_alloc(2 * bytes);
    spectrum = both;
    back = both + 2 * n;
    /* five tones: their lines in the spectrum are known without a transform, and 64 other lines are computed
     * one by one from noise that is added */
    for (int i = 0; i < n; i++)
        in[2 * i] = (ocl_random(&seed) - 0.5f) * 0.1f;
    for (int t = 1; t <= 5; t++)
        for (int i = 0; i < n; i++)
            in[2 * i] += (float)cos(2 * M_PI * (double)((long)i * t * 17 % n) / n);
    for (int l = 0; l < 96; l++) {
        int f = l < 86 ? l : n - 96 + l;
        double re = 0, im = 0;
        for (int i = 0; i < n; i++) {
            double a = -2 * M_PI * (double)((long)i * f % n) / n;
            re += in[2 * i] * cos(a);
            im += in[2 * i] * sin(a);
        }
        right[2 * l] = (float)re;
        right[2 * l + 1] = (float)im;
    }
    m_x[0] = work_buffer(o, bytes);
    m_x[1] = work_buffer(o, bytes);
}

static void kernels(cl_program p) {
    work_kernel(&pass, p, "pass");
}

/* Returns which buffer holds the result. */
static int transform(struct ocl *o, int now, double sign) {
    for (int span = 1; span < n; span *= 2, now = 1 - now) {
        work_args(pass, "mmiif", m_x[now], m_x[1 - now], n / 2, span, sign);
        work_launch(o, pass, n / 2, 64);
    }
    return now;
}

static void run(struct ocl *o) {
    size_t bytes = (size_t)n * 2 * sizeof(float);

    work_write(o, m_x[0], in, bytes);
    int now = transform(o, 0, -1);
    work_read(o, m_x[now], spectrum, bytes);
    now = transform(o, now, 1);
    work_read(o, m_x[now], back, bytes);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    bool ok = true;
    double scale = sqrt((double)n) * 1e-2;

    *result = both;
    *bytes = (size_t)n * 4 * sizeof(float);
    *sum = 0;
    for (int l = 0; l < 96; l++) {
        int f = l < 86 ? l : n - 96 + l;
        for (int c = 0; c < 2; c++)
            ok = ok && fabs((double)spectrum[2 * f + c] - right[2 * l + c]) < scale;
    }
    for (int i = 0; i < 2 * n; i++) {
        ok = ok && fabs(back[i] / (double)n - in[i]) < 1e-4;
        *sum += back[i] / (double)n;
    }
    return ok;
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv, &(struct work){"fft", {8192, 262144, 4194304}, 10, source, prepare, kernels, run, check});
}
