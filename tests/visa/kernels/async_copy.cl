// SPDX-License-Identifier: MIT
// global: 128  local: 32
// args: out:int:128 in:int:128 refused
kernel void async_copy(global int *out, global const int *in) {
    local int buffer[32];
    size_t base = get_group_id(0) * 32;
    event_t event = async_work_group_copy(buffer, in + base, 32, 0);

    wait_group_events(1, &event);
    buffer[get_local_id(0)] += (int)get_local_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    event = async_work_group_copy(out + base, buffer, 32, 0);
    wait_group_events(1, &event);
}
