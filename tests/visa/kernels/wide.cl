// SPDX-License-Identifier: MIT
// global: 64
// needs: fp64
// args: out:double:1024 in:double:1024 out:short:1024 refused
kernel void wide(global double *out, global const double *in, global half *halves) {
    size_t i = get_global_id(0);
    double16 x = vload16(i, in);

    vstore16(sin(x) + fmax(x, 0.25) + pow(fabs(x), x), i, out);
    vstore_half16(x, i, halves);
}
