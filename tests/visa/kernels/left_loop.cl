// SPDX-License-Identifier: MIT
// A loop that every work item leaves in its second round, each at another place, with a barrier that all pass in the first.
// global: 8  local: 4
// args: out:int:8
kernel void left_loop(global int *out) {
    int me = (int)get_global_id(0);
    bool odd = (me & 1) != 0;

    for (int round = 0; round < INT_MAX; round++) {
        if (round == 1 && !odd) {
            out[me] = round * 1000 + me;
            break;
        }
        out[me] = -1;
        if (round == 1 && odd) {
            out[me] = round * 2000 + me;
            break;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        out[me] = -2;
    }
}
