// SPDX-License-Identifier: MIT
// needs: images
// global: 16 16
// args: out:float:1024 image2d:16:16 sampler
kernel void images(global float4 *out, read_only image2d_t image, sampler_t sampler) {
    int2 at = (int2)(get_global_id(0), get_global_id(1));
    const sampler_t own = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE | CLK_FILTER_NEAREST;
    float4 a = read_imagef(image, sampler, at);
    float4 b = read_imagef(image, own, (float2)(at.x + 0.5f, 15.5f - at.y));

    out[at.y * 16 + at.x] = a + b * 2.0f + (float4)(get_image_width(image), get_image_height(image), 0, 1);
}
