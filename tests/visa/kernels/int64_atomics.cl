// SPDX-License-Identifier: MIT
// needs: int64_atomics
// args: inout:long:16 in:long:256
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable
#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable
kernel void int64_atomics(volatile global long *sums, global const long *in) {
    long x = in[get_global_id(0)];

    atom_add(&sums[0], x);
    atom_inc(&sums[1]);
    atom_xor(&sums[2], x);
    atom_max(&sums[3], x);
}
