// SPDX-License-Identifier: MIT
// global: 64
// options: -DSCALE=3 -D "OFFSET=(7 + 1)" -cl-mad-enable -cl-std=CL1.2 -w
// args: out:int:64
#if SCALE != 3
#error no SCALE
#endif
kernel void options(global int *out) {
    out[get_global_id(0)] = (int)get_global_id(0) * SCALE + OFFSET;
}
