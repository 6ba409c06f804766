// SPDX-License-Identifier: MIT
// global: 1
// args: out:int:4
kernel void printf_call(global int *out) {
    printf("int %d uint %u hex %x float %.2f string %s vector %v4d\n", -3, 7u, 255, 1.5f, "abc", (int4)(1, 2, 3, 4));
    out[0] = 1;
}
