// SPDX-License-Identifier: MIT
// args: out:float:256 in:float:1024
kernel void geometric(global float *out, global const float4 *in) {
    size_t i = get_global_id(0);
    float4 a = in[i], b = a.yzxw + 1.0f;

    out[i] = length(a) + distance(a, b) + dot(normalize(a), b) + cross(a, b).y + fast_length(a) + fast_distance(a.xyz, b.xyz);
}
