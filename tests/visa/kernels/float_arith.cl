// args: out:float:256 in:float:256 in:float:256
kernel void float_arith(global float *out, global const float *a, global const float *b) {
    size_t i = get_global_id(0);
    float x = a[i], y = b[i];

    out[i] = (x + y) * (x - y) / (fabs(y) + 1.0f) + (x < y ? x : -y);
}
