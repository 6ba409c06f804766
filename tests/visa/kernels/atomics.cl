// SPDX-License-Identifier: MIT
// args: inout:int:64 in:int:256
kernel void atomics(volatile global int *sums, global const int *in) {
    local int count;
    size_t g = get_global_id(0);
    int x = in[g];

    atomic_add(&sums[0], x);
    atomic_sub(&sums[1], x);
    atomic_inc(&sums[2]);
    atomic_dec(&sums[3]);
    atomic_min(&sums[4], x);
    atomic_max(&sums[5], x);
    atomic_and(&sums[6], x | 0xff00);
    atomic_or(&sums[7], x & 0x0ff0);
    atomic_xor(&sums[8], x);
    atomic_cmpxchg(&sums[9], sums[9], 5);
    atomic_xchg((volatile global int *)&sums[10], 9);
    atomic_max((volatile global uint *)&sums[11], (uint)x);
    if (get_local_id(0) == 0)
        count = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    atomic_add(&count, 1);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (get_local_id(0) == 0)
        atomic_add(&sums[12], count);
}
