// SPDX-License-Identifier: MIT
// args: out:float:512 in:float:256 in:float:256 tolerance:0 fusion:0.05
// Products and sums that may be fused, and the program's own mad(). Terms are up to 40 * 40 * 20 * 4 in size, so a rounding of
// one is up to 0.008.
kernel void float_fused(global float *out, global const float *a, global const float *b) {
    size_t i = get_global_id(0);
    float x = a[i], y = b[i];
    float4 v = (float4)(x, y, x + y, 0.1f);

    out[2 * i] = x * y + 0.1f - y * a[(i + 1) % 256] + dot(v * v + v.wzyx, v.yyxx);
    out[2 * i + 1] = mad(x, y, 0.1f);
}
