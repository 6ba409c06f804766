// SPDX-License-Identifier: MIT
// args: out:float:1024 in:float:256
kernel void math(global float *out, global const float *in) {
    size_t i = get_global_id(0);
    float x = in[i], y = fabs(x) + 0.25f, part;
    int exponent;

    out[4 * i] = sin(x) + cos(x) * tan(x * 0.1f) + exp(x * 0.125f) + log(y) + sqrt(y) + rsqrt(y) + pow(y, 1.5f);
    out[4 * i + 1] = atan2(x, y) + asin(x / 20.0f) + acos(x / 20.0f) + sinh(x * 0.1f) + tanh(x) + cbrt(x) + hypot(x, y);
    out[4 * i + 2] = floor(x) + ceil(x) + rint(x) + trunc(x) + round(x) + fmod(x, 3.0f) + fma(x, y, 1.0f) + mad(x, y, 2.0f);
    out[4 * i + 3] = fract(x, &part) + part + frexp(y, &exponent) + exponent + ldexp(y, 2) + clamp(x, -1.0f, 1.0f) +
                     mix(x, y, 0.5f) + smoothstep(0.0f, 1.0f, y) + sign(x) + degrees(x) + step(x, y) + copysign(y, x) +
                     fmin(x, y) + fmax(x, y) + exp2(x * 0.1f) + log2(y) + log10(y) + erf(x);
}
