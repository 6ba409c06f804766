// SPDX-License-Identifier: MIT
// args: out:int:1024 in:int:1024
kernel void int_vectors(global int4 *out, global const int4 *in) {
    size_t i = get_global_id(0);
    int4 a = in[i];
    uchar4 b = convert_uchar4_sat(a);
    ushort4 c = as_ushort4(a.xy);

    out[i] = rotate(a, (int4)(3)) + (int)abs_diff(a, a.wxyz).s0 + convert_int4(b) + convert_int4(hadd(c, c.yxwz)) +
             clz(a) + popcount(a) + mul24(a & 0xffff, a.yxwz & 0xfff) + min(a, max(a.x, a.y));
}
