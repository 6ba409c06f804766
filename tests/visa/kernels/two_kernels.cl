// SPDX-License-Identifier: MIT
// global: 64
// kernel: second
// args: out:int:64
kernel void first(global int *out) {
    out[get_global_id(0)] = 5;
}

kernel void second(global int *out) {
    size_t i = get_global_id(0);

    first(out);
    out[i] += (int)i;
}
