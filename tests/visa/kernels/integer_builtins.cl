// SPDX-License-Identifier: MIT
// args: out:int:256 in:int:256
kernel void integer_builtins(global int *out, global const int *in) {
    size_t i = get_global_id(0);
    int x = in[i];

    out[i] = add_sat(x, 0x7fff0000) + sub_sat(x, 0x7fff0000) + mul_hi(x, x) + mad_hi(x, x, 3) + mad_sat(x, 3, x) +
             rhadd(x, 9) + clamp(x, -9, 99) + (int)abs(x) + upsample((short)x, (ushort)3) + mad24(x & 0xfff, 3, 4) +
             bitselect(x, 0x55, 0xf0f0) + any((int2)(x, 0)) + all((int2)(x, -1)) + isgreater((float)x, 2.0f);
}
