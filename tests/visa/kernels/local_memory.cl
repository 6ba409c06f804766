// SPDX-License-Identifier: MIT
// global: 256  local: 32
// args: out:int:256 in:int:256 local:128
kernel void local_memory(global int *out, global const int *in, local int *scratch) {
    local int table[32];
    size_t l = get_local_id(0), g = get_global_id(0);

    scratch[l] = in[g];
    table[31 - l] = (int)(l * l);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t step = 16; step > 0; step >>= 1) {
        if (l < step)
            scratch[l] += scratch[l + step];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    out[g] = scratch[0] + table[l];
}
