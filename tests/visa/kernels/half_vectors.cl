// SPDX-License-Identifier: MIT
// args: out:float:256 in:float:256 tolerance:0.02
// Vectors that the host's calling convention passes as something else.
kernel void half_vectors(global float *out, global const float *in) {
    size_t i = get_global_id(0);
    float x = in[i] * 0.1f, y = fabs(x) + 0.5f;
    float2 two = half_exp2((float2)(x, y)) + half_powr((float2)(y, 1.0f), (float2)(x, y));
    float3 three = half_sin((float3)(x, y, 1.0f)) + half_divide((float3)(x), (float3)(y, 1.0f, 2.0f));
    float4 four = half_rsqrt((float4)(y, 1.0f, 2.0f, 3.0f));
    float8 eight = half_recip((float8)(y));
    float16 sixteen = half_log((float16)(y));

    out[i] = two.x + two.y + three.x + three.y + three.z + four.x + four.w + eight.s0 + eight.s7 + sixteen.s3 + sixteen.sf;
}
