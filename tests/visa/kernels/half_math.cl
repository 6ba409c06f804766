// SPDX-License-Identifier: MIT
// args: out:float:256 in:float:256 tolerance:0.02
kernel void half_math(global float *out, global const float *in) {
    size_t i = get_global_id(0);
    float x = in[i], y = fabs(x) + 0.5f;

    out[i] = half_cos(x) + half_sin(x) + half_exp(x * 0.1f) + half_log(y) + half_sqrt(y) + half_rsqrt(y) +
             half_divide(x, y) + half_recip(y) + half_powr(y, 0.5f) + half_exp2(x * 0.1f) + half_log2(y) + half_tan(x * 0.01f) +
             half_log10(y) + half_exp10(x * 0.01f);
}
