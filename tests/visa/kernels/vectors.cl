// SPDX-License-Identifier: MIT
// args: out:float:1024 in:float:1024
kernel void vectors(global float4 *out, global const float4 *in) {
    size_t i = get_global_id(0);
    float4 a = in[i];
    float8 b = (float8)(a.wzyx, a * 2.0f);
    float2 c = b.s35 + a.lo;
    int4 m = a > b.odd;
    float3 d = a.xyz;

    a.s13 = c;
    d = d.zxy + b.s123;
    out[i] = select(a, b.even, m) + (float4)(d, dot(a, b.hi)) + shuffle(a, (uint4)(3, 2, 1, 0));
}
