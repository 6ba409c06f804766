// SPDX-License-Identifier: MIT
// args: out:int:256 in:float:256
kernel void convert(global int *out, global const float *in) {
    size_t i = get_global_id(0);
    float x = in[i] * 100.0f;

    out[i] = convert_int_rte(x) + convert_int_rtz(x) + convert_int_rtp(x) + convert_int_rtn(x) + convert_uchar_sat(x) +
             convert_char_sat_rte(x) + convert_short_sat(x) + (int)convert_float(i) + (int)convert_long_rte(x) +
             as_int(convert_float_rtz((int)i * 12345)) % 1000;
}
