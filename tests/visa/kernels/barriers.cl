// SPDX-License-Identifier: MIT
// global: 128  local: 16
// args: out:int:128 inout:int:128
kernel void barriers(global int *out, global int *data) {
    local int shared_value[16];
    size_t l = get_local_id(0), g = get_global_id(0), base = get_group_id(0) * get_local_size(0);

    data[g] += (int)l;
    barrier(CLK_GLOBAL_MEM_FENCE | CLK_LOCAL_MEM_FENCE);
    shared_value[l] = data[base + (l + 1) % 16];
    mem_fence(CLK_LOCAL_MEM_FENCE);
    read_mem_fence(CLK_GLOBAL_MEM_FENCE);
    write_mem_fence(CLK_GLOBAL_MEM_FENCE);
    barrier(CLK_LOCAL_MEM_FENCE);
    out[g] = shared_value[15 - l];
}
