// SPDX-License-Identifier: MIT
// global: 8 4 4  local: 4 2 2
// args: out:int:128
kernel void work_items(global int *out) {
    size_t x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);
    size_t at = (z * get_global_size(1) + y) * get_global_size(0) + x;

    out[at] = (int)(get_local_id(0) + 10 * get_local_id(1) + 100 * get_local_id(2) + 1000 * get_group_id(0) +
                    10000 * get_group_id(1) + 100000 * get_group_id(2) + get_num_groups(1) + get_local_size(2) +
                    get_work_dim() + get_global_offset(0));
}
