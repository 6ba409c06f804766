// SPDX-License-Identifier: MIT
// args: out:short:1024 in:float:1024
kernel void half_storage(global half *out, global const float4 *in) {
    size_t i = get_global_id(0);

    vstore_half4(in[i], i, out);
    vstore_half_rtz(vload_half(4 * i, out) * 0.5f, 4 * i, out);
}
