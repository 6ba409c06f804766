// SPDX-License-Identifier: MIT
// global: 128  local: 32
// args: out:int:128 in:int:256 refused
kernel void strided_copy(global int *out, global const int *in) {
    local int buffer[32];
    event_t event = async_work_group_strided_copy(buffer, in + get_group_id(0) * 64, 32, 2, 0);

    wait_group_events(1, &event);
    prefetch(in, 16);
    out[get_global_id(0)] = buffer[31 - get_local_id(0)];
}
