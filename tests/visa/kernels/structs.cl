// SPDX-License-Identifier: MIT
// args: out:float:256 in:float:512 struct
typedef struct {
    float scale;
    int offset[2];
    float4 bias;
} params_t;

typedef struct {
    float x, y;
} pair_t;

static pair_t swap(pair_t p) {
    pair_t q = {p.y, p.x};

    return q;
}

kernel void structs(global float *out, global const pair_t *in, params_t p) {
    size_t i = get_global_id(0);
    pair_t q = swap(in[i]);
    union {
        float f;
        uint u;
    } u;

    u.f = q.x;
    out[i] = q.x * p.scale + p.offset[i & 1] + p.bias.z - (float)(u.u & 255);
}
