// SPDX-License-Identifier: MIT
// args: out:float:1024 in:float:1024
kernel void vload_vstore(global float *out, global const float *in) {
    size_t i = get_global_id(0);
    float3 a = vload3(i, in);
    float2 b = vload2(i, in + 1);

    vstore4((float4)(a, b.x) + b.y, i, out);
}
