// SPDX-License-Identifier: MIT
// args: out:float:256 in:float:256 tolerance:0.001
// A kernel of about three hundred lines, for measurements of compile time.

static float stage0(float x, float y, int n) {
    float a = x * 1.5f, b = y - 0.25f;

    for (int i = 0; i < n; i++) {
        if (i & 1)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -100.0f, 100.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 1.0f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage1(float x, float y, int n) {
    float a = x * 2.5f, b = y - 1.25f;

    for (int i = 0; i < n; i++) {
        if (i & 2)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -101.0f, 101.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 1.125f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage2(float x, float y, int n) {
    float a = x * 3.5f, b = y - 2.25f;

    for (int i = 0; i < n; i++) {
        if (i & 3)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -102.0f, 102.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 1.25f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage3(float x, float y, int n) {
    float a = x * 4.5f, b = y - 3.25f;

    for (int i = 0; i < n; i++) {
        if (i & 1)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -103.0f, 103.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 1.375f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage4(float x, float y, int n) {
    float a = x * 5.5f, b = y - 4.25f;

    for (int i = 0; i < n; i++) {
        if (i & 2)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -104.0f, 104.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 1.5f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage5(float x, float y, int n) {
    float a = x * 6.5f, b = y - 5.25f;

    for (int i = 0; i < n; i++) {
        if (i & 3)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -105.0f, 105.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 1.625f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage6(float x, float y, int n) {
    float a = x * 7.5f, b = y - 6.25f;

    for (int i = 0; i < n; i++) {
        if (i & 1)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -106.0f, 106.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 1.75f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage7(float x, float y, int n) {
    float a = x * 8.5f, b = y - 7.25f;

    for (int i = 0; i < n; i++) {
        if (i & 2)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -107.0f, 107.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 1.875f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage8(float x, float y, int n) {
    float a = x * 9.5f, b = y - 8.25f;

    for (int i = 0; i < n; i++) {
        if (i & 3)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -108.0f, 108.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 2.0f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage9(float x, float y, int n) {
    float a = x * 10.5f, b = y - 9.25f;

    for (int i = 0; i < n; i++) {
        if (i & 1)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -109.0f, 109.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 2.125f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage10(float x, float y, int n) {
    float a = x * 11.5f, b = y - 10.25f;

    for (int i = 0; i < n; i++) {
        if (i & 2)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -110.0f, 110.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 2.25f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage11(float x, float y, int n) {
    float a = x * 12.5f, b = y - 11.25f;

    for (int i = 0; i < n; i++) {
        if (i & 3)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -111.0f, 111.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 2.375f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage12(float x, float y, int n) {
    float a = x * 13.5f, b = y - 12.25f;

    for (int i = 0; i < n; i++) {
        if (i & 1)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -112.0f, 112.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 2.5f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

static float stage13(float x, float y, int n) {
    float a = x * 14.5f, b = y - 13.25f;

    for (int i = 0; i < n; i++) {
        if (i & 2)
            a += b * 0.5f;
        else
            b -= a * 0.125f;
        a = clamp(a, -113.0f, 113.0f);
        b = clamp(b, -50.0f, 50.0f);
    }
    float4 v = (float4)(a, b, a + b, a - b) * 2.625f;
    float3 w = cross(v.xyz, v.yzx);
    v.xyz += w * 0.01f;
    float s = dot(v, v.wzyx) * 0.001f;
    s += sqrt(fabs(a)) + sin(b) * cos(a);
    s -= fmin(a, b) / (fabs(b) + 1.0f);
    return s;
}

kernel void large(global float *out, global const float *in) {
    local float tile[256];
    size_t g = get_global_id(0), l = get_local_id(0);
    float x = in[g], sum = 0.0f;

    sum += stage0(x, sum * 0.1f, 2);
    if (sum > 1000.0f)
        sum *= 0.5f;
    sum += stage1(x, sum * 0.1f, 3);
    if (sum > 1001.0f)
        sum *= 0.5f;
    sum += stage2(x, sum * 0.1f, 4);
    if (sum > 1002.0f)
        sum *= 0.5f;
    sum += stage3(x, sum * 0.1f, 5);
    if (sum > 1003.0f)
        sum *= 0.5f;
    sum += stage4(x, sum * 0.1f, 6);
    if (sum > 1004.0f)
        sum *= 0.5f;
    sum += stage5(x, sum * 0.1f, 7);
    if (sum > 1005.0f)
        sum *= 0.5f;
    sum += stage6(x, sum * 0.1f, 8);
    if (sum > 1006.0f)
        sum *= 0.5f;
    sum += stage7(x, sum * 0.1f, 9);
    if (sum > 1007.0f)
        sum *= 0.5f;
    sum += stage8(x, sum * 0.1f, 10);
    if (sum > 1008.0f)
        sum *= 0.5f;
    sum += stage9(x, sum * 0.1f, 11);
    if (sum > 1009.0f)
        sum *= 0.5f;
    sum += stage10(x, sum * 0.1f, 12);
    if (sum > 1010.0f)
        sum *= 0.5f;
    sum += stage11(x, sum * 0.1f, 13);
    if (sum > 1011.0f)
        sum *= 0.5f;
    sum += stage12(x, sum * 0.1f, 14);
    if (sum > 1012.0f)
        sum *= 0.5f;
    sum += stage13(x, sum * 0.1f, 15);
    if (sum > 1013.0f)
        sum *= 0.5f;
    tile[l] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    sum += tile[get_local_size(0) - 1 - l] * 0.25f;
    out[g] = sum;
}
