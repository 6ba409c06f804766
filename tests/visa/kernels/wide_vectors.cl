// SPDX-License-Identifier: MIT
// global: 64
// args: out:int:1024 in:int:1024
kernel void wide_vectors(global int16 *out, global const int16 *in) {
    int16 a = in[get_global_id(0)];
    long8 b = convert_long8(a.lo) * 3;

    out[get_global_id(0)] = a.s0123456789abcdef + a.sfedcba9876543210 + (int16)(convert_int8(b), a.hi);
}
