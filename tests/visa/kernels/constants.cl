// SPDX-License-Identifier: MIT
// args: out:float:256 const:float:16
constant float weights[4] = {0.1f, 0.2f, 0.3f, 0.4f};
constant int3 table[2] = {(int3)(1, 2, 3), (int3)(4, 5, 6)};

kernel void constants(global float *out, constant float *given) {
    size_t i = get_global_id(0);

    out[i] = weights[i & 3] * given[i & 15] + table[i & 1].y;
}
