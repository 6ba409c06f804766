// SPDX-License-Identifier: MIT
// needs: fp64
// args: out:double:256 in:double:256
kernel void doubles(global double *out, global const double *in) {
    size_t i = get_global_id(0);
    double x = in[i];
    double2 v = (double2)(x, -x);

    v = fma(v, v, 1.0);
    out[i] = sqrt(v.x) + sin(x) + exp(x * 0.1) + convert_double_rte(i) + (double)(float)x + fmod(x, 0.3);
}
