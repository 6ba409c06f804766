// SPDX-License-Identifier: MIT
// args: out:float:512 in:float:256 in:float:256 tolerance:0
// The last one: a product and a sum that may not be fused.
kernel void float_arith(global float *out, global const float *a, global const float *b) {
    size_t i = get_global_id(0);
    float x = a[i], y = b[i];

    out[2 * i] = (x + y) * (x - y) / (fabs(y) + 1.0f) + (x < y ? x : -y);
    {
#pragma OPENCL FP_CONTRACT OFF
        out[2 * i + 1] = x * y + 0.1f;
    }
}
