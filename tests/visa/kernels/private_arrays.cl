// SPDX-License-Identifier: MIT
// args: out:int:256 in:int:256
kernel void private_arrays(global int *out, global const int *in) {
    int stack[16];
    char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    size_t g = get_global_id(0);

    for (int i = 0; i < 16; i++)
        stack[i] = in[(g + i) & 255];
    for (int i = 0; i < 15; i++) {
        for (int k = 0; k < 15 - i; k++) {
            if (stack[k] > stack[k + 1]) {
                int t = stack[k];

                stack[k] = stack[k + 1];
                stack[k + 1] = t;
            }
        }
    }
    out[g] = stack[7] + bytes[g & 7];
}
