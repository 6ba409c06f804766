// SPDX-License-Identifier: MIT
// args: out:int:256 in:int:256
kernel void control_flow(global int *out, global const int *in) {
    size_t g = get_global_id(0);
    int x = in[g] & 255, sum = 0;

    for (int i = 0; i < 20; i++) {
        if (i == x % 7)
            continue;
        if (sum > 1000)
            break;
        switch ((x + i) & 3) {
        case 0:
            sum += i;
            break;
        case 1:
            sum ^= x;
        case 2:
            sum -= 3;
            break;
        default:
            do
                sum++;
            while (sum % 5);
        }
    }
    out[g] = x & 1 ? sum : -sum;
}
