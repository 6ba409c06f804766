// SPDX-License-Identifier: MIT
// args: inout:int:256
kernel void pointers(global int *data) {
    size_t g = get_global_id(0);
    global int *p = data + g;
    int values[4] = {1, 2, 3, 4};
    int *q = values + (g & 1);

    *p += q[2] + *(q + 1);
    p[0] ^= (int)((uintptr_t)p - (uintptr_t)data);
}
