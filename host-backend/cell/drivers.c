// SPDX-License-Identifier: MIT
#include "host-backend/cell/drivers.h"

#include <stddef.h>
#include <sys/ioctl.h>

/* All requests of one type (bits 8 to 15, ioctl(2)). */
#define TYPE(letter)                                                                                         \
    { 0xff00u, (uint32_t)(letter) << 8 }
#define ONE(request)                                                                                         \
    { UINT32_MAX, (uint32_t)(request) }

const struct cell_driver cell_drivers[] = {
    {
        .name = "cpu",
        .nodes = {"/dev/null", "/dev/urandom", "/dev/random"},
        /* the CPUs; PoCL calls itself by the vendor of the machine's PCI bridge */
        .sys = {"/sys/devices/system", "/sys/bus/pci", "/sys/devices/pci*"},
        /* isatty; sizes of pipes and terminals */
        .ioctls = {ONE(TCGETS), ONE(TIOCGWINSZ), ONE(FIONREAD)},
    },
    {
        /* Mesa's rusticl and Clover on GPUs, Intel's and AMD's drivers: the kernel's DRM render nodes */
        .name = "drm",
        .nodes = {"/dev/dri/renderD*"},
        .sys = {"/sys/dev/char", "/sys/class/drm", "/sys/devices/virtual", "/sys/devices/platform"},
        /* DRM, and the synchronization files and buffers that it hands out */
        .ioctls = {TYPE('d'), TYPE('>'), TYPE('b')},
    },
    {
        .name = "kfd", /* AMD's ROCm */
        .nodes = {"/dev/kfd"},
        .sys = {"/sys/class/kfd", "/sys/devices/virtual"},
        .ioctls = {TYPE('K')},
    },
    {
        .name = "nvidia",
        .nodes = {"/dev/nvidiactl", "/dev/nvidia[0-9]*", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools",
                  "/dev/nvidia-caps/*"},
        .sys = {"/sys/module/nvidia"},
        /* its own type; the unified memory's requests are plain numbers, and two beyond */
        .ioctls = {TYPE('F'), {UINT32_MAX & ~0xffu, 0}, {UINT32_MAX & ~0x3u, 0x30000000u}},
    },
    {0},
};
