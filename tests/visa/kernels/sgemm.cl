// SPDX-License-Identifier: MIT
// global: 32 32  local: 8 8
// args: out:float:1024 in:float:1024 in:float:1024 val:int:32 tolerance:0.001
#define TILE 8
kernel void sgemm(global float *c, global const float *a, global const float *b, int n) {
    local float at[TILE][TILE], bt[TILE][TILE];
    int x = get_global_id(0), y = get_global_id(1), lx = get_local_id(0), ly = get_local_id(1);
    float sum = 0;

    for (int t = 0; t < n; t += TILE) {
        at[ly][lx] = a[y * n + t + lx];
        bt[ly][lx] = b[(t + ly) * n + x];
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int k = 0; k < TILE; k++)
            sum += at[ly][k] * bt[k][lx];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    c[y * n + x] = sum;
}
