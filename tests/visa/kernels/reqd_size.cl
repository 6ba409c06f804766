// SPDX-License-Identifier: MIT
// global: 64  local: 16
// args: out:int:64
__attribute__((reqd_work_group_size(16, 1, 1))) kernel void reqd_size(global int *out) {
    out[get_global_id(0)] = (int)get_local_id(0) * 3;
}
