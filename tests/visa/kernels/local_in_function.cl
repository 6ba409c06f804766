// SPDX-License-Identifier: MIT
// global: 64  local: 16
// args: out:int:64 in:int:64
/* A function that is not inlined, with a kernel's local memory as its argument: as all its calls give it the same, passes put that in its
 * place, and PoCL turns local memory into arguments of the kernel, which no other function can name. */
struct shared {
    int count, values[32];
};

__attribute__((noinline)) void step_of(__local struct shared *s, int me, int by) {
    barrier(CLK_LOCAL_MEM_FENCE);
    int other = s->values[(me + by) % s->count];
    barrier(CLK_LOCAL_MEM_FENCE);
    s->values[me] += other * by;
}

__attribute__((noinline)) void steps(__local struct shared *s, int me) {
    for (int by = 1; by < 4; by++)
        step_of(s, me, by);
}

__kernel void local_in_function(__global int *out, __global const int *in) {
    __local struct shared s;
    int me = get_local_id(0);

    if (me == 0)
        s.count = get_local_size(0);
    s.values[me] = in[get_global_id(0)] % 100;
    steps(&s, me);
    step_of(&s, me, 5);
    barrier(CLK_LOCAL_MEM_FENCE);
    out[get_global_id(0)] = s.values[me];
}
