// SPDX-License-Identifier: MIT
// options: -cl-fast-relaxed-math
// args: out:float:256 in:float:256 tolerance:0.01
kernel void fast_math(global float *out, global const float *in) {
    size_t i = get_global_id(0);
    float x = in[i];
#ifndef __FAST_RELAXED_MATH__
#error no macro
#endif
    out[i] = x * x / (x + 30.0f) + sin(x) + sqrt(fabs(x)) * 1.5f;
}
