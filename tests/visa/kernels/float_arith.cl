// SPDX-License-Identifier: MIT
// args: out:float:1024 in:float:256 in:float:256 tolerance:0
// The last three: a product and a sum that may be fused, that may not, and the program's own mad().
kernel void float_arith(global float *out, global const float *a, global const float *b) {
    size_t i = get_global_id(0);
    float x = a[i], y = b[i];
    float4 v = (float4)(x, y, x + y, 0.1f);

    out[4 * i] = (x + y) * (x - y) / (fabs(y) + 1.0f) + (x < y ? x : -y);
    out[4 * i + 1] = x * y + 0.1f - y * a[(i + 1) % 256] + dot(v * v + v.wzyx, v.yyxx);
    {
#pragma OPENCL FP_CONTRACT OFF
        out[4 * i + 2] = x * y + 0.1f;
    }
    out[4 * i + 3] = mad(x, y, 0.1f);
}
