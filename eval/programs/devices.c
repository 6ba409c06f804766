// SPDX-License-Identifier: MIT
/* devices: lists every OpenCL device as "platform index, device index, kind, platform name, device name, version of the
 * driver",
tab-separated. */
#include <CL/cl.h>
#include <stdio.h>

int main(void) {
    cl_platform_id platforms[32];
    cl_uint platform_count = 0;

    if (clGetPlatformIDs(32, platforms, &platform_count) != CL_SUCCESS)
        platform_count = 0;
    for (cl_uint p = 0; p < platform_count && p < 32; p++) {
        cl_device_id devices[64];
        cl_uint device_count = 0;
        char platform[256] = "?";

        clGetPlatformInfo(platforms[p], CL_PLATFORM_NAME, sizeof(platform), platform, NULL);
        if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, 64, devices, &device_count) != CL_SUCCESS)
            continue;
        for (cl_uint d = 0; d < device_count && d < 64; d++) {
            char name[256] = "?", driver[256] = "?";
            cl_device_type type = 0;

            clGetDeviceInfo(devices[d], CL_DEVICE_NAME, sizeof(name), name, NULL);
            clGetDeviceInfo(devices[d], CL_DRIVER_VERSION, sizeof(driver), driver, NULL);
            clGetDeviceInfo(devices[d], CL_DEVICE_TYPE, sizeof(type), &type, NULL);
            printf("%u\t%u\t%s\t%s\t%s\t%s\n", p, d,
                   type & CL_DEVICE_TYPE_GPU           ? "gpu"
                   : type & CL_DEVICE_TYPE_ACCELERATOR ? "accelerator"
                                                       : "cpu",
                   platform, name, driver);
        }
    }
    return 0;
}
