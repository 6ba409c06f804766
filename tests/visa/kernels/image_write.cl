// SPDX-License-Identifier: MIT
// needs: images
// global: 16 16
// args: imageout:16:16 in:float:1024
kernel void image_write(write_only image2d_t image, global const float4 *in) {
    int2 at = (int2)(get_global_id(0), get_global_id(1));

    write_imagef(image, at, in[at.y * 16 + at.x] * 0.5f);
}
