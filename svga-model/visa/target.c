// SPDX-License-Identifier: MIT
/* Which driver takes SPIR-V how. */
#include "svga-model/visa/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SPIRV_1_0 0x00010000u

static bool has(const char *text, const char *what) {
    return text && strstr(text, what);
}

static void choose(struct visa_target *out, enum visa_target_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void choose(struct visa_target *out, enum visa_target_kind kind, const char *format, ...) {
    va_list arguments;

    out->kind = kind;
    out->spirv_version = SPIRV_1_0;
    out->needs_sample = kind == VISA_TARGET_MESA;
    va_start(arguments, format);
    vsnprintf(out->why, sizeof out->why, format, arguments);
    va_end(arguments);
}

void visa_target_for(const struct visa_driver *driver, struct visa_target *out) {
    const char *version = driver->driver_version ? driver->driver_version : "";

    memset(out, 0, sizeof *out);
    snprintf(out->library_hint, sizeof out->library_hint, "%s",
             driver->device_version ? driver->device_version : "");
    if (has(driver->il_version, "SPIR-V"))
        choose(out, VISA_TARGET_IL, "the driver takes SPIR-V itself (CL_DEVICE_IL_VERSION is %.60s)",
               driver->il_version);
    else if (has(driver->platform_name, "Portable Computing Language"))
        choose(out, VISA_TARGET_POCL, "PoCL %.40s takes SPIR bitcode as a program binary", version);
    else if (has(driver->platform_name, "rusticl"))
        choose(out, VISA_TARGET_MESA, "rusticl of Mesa %.40s takes SPIR-V as a program binary", version);
    else if (has(driver->platform_name, "NVIDIA CUDA"))
        choose(out, VISA_TARGET_PTX, "NVIDIA's driver %.40s takes PTX as a program binary", version);
    else if (visa_list_has(driver->device_extensions, "cl_khr_spir"))
        choose(out, VISA_TARGET_SPIR,
               "the device has cl_khr_spir: it takes SPIR bitcode as a program binary");
    else
        choose(out, VISA_TARGET_NONE,
               "%.80s takes no SPIR-V: it has no CL_DEVICE_IL_VERSION and no cl_khr_spir, and it is no "
               "driver known to take "
               "SPIR-V in another way; use the source way for this device",
               driver->platform_name && *driver->platform_name ? driver->platform_name : "this platform");
    out->checks_pocl =
        out->kind == VISA_TARGET_IL && has(driver->platform_name, "Portable Computing Language");
}
