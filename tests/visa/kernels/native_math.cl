// SPDX-License-Identifier: MIT
// args: out:float:256 in:float:256 tolerance:0.02
kernel void native_math(global float *out, global const float *in) {
    size_t i = get_global_id(0);
    float x = in[i] * 0.1f, y = fabs(x) + 0.5f;

    out[i] = native_cos(x) + native_sin(x) + native_exp(x) + native_log(y) + native_sqrt(y) + native_rsqrt(y) +
             native_divide(x, y) + native_recip(y) + native_powr(y, 0.5f) + native_exp2(x) + native_log2(y);
}
