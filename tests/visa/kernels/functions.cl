// SPDX-License-Identifier: MIT
// args: out:int:256 in:int:256
int gcd(int a, int b) {
    while (b) {
        int t = a % b;

        a = b;
        b = t;
    }
    return a;
}

inline int twice(int x) {
    return 2 * x;
}

static int depth3(int x, global const int *p) {
    return gcd(x & 1023, 360) + p[x & 15];
}

static int __attribute__((noinline)) depth2(int x, global const int *p) {
    return twice(depth3(x, p)) - 1;
}

static size_t __attribute__((noinline)) mine(void) {
    return get_global_id(0);
}

int __attribute__((overloadable)) pick(int x) {
    return x + 1;
}

int __attribute__((overloadable)) pick(float x) {
    return (int)(x * 3.0f);
}

kernel void functions(global int *out, global const int *in) {
    size_t i = get_global_id(0);

    out[i] = depth2(in[i], in) + pick(in[i]) + pick((float)(mine()));
}
