// SPDX-License-Identifier: MIT
// args: out:int:256 in:int:256 in:uint:256 val:int:7
kernel void arith(global int *out, global const int *a, global const uint *b, int c) {
    size_t i = get_global_id(0);
    int x = a[i];
    uint y = b[i] | 1u;
    int r = x * c - (int)(y >> 3);

    r ^= (x << (y & 15)) | (x >> 2);
    r += x / (int)((y & 1023) + 1) + x % 17;
    r = x > 0 ? r : ~r;
    out[i] = r + (char)x + (short)y + (uchar)(x >> 8);
}
