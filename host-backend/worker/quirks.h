// SPDX-License-Identifier: MIT
/*
 * Quirks: what OpenCL drivers do otherwise than the specification says. The table is quirks.def; who takes care
 * of one asks whether the driver at hand has it, and does nothing where it has not.
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_WORKER_QUIRKS_H
#define HOST_BACKEND_WORKER_QUIRKS_H

#include <stdbool.h>
#include <stdint.h>

enum quirk {
#define QUIRK(id, name, text) QUIRK_##id,
#define SEEN(id, platform, from, before)
#include "host-backend/worker/quirks.def"
#undef QUIRK
#undef SEEN
    QUIRKS
};

struct quirk_row {
    const char *name;
    const char *text; /* goes on behind the driver's name */
};
extern const struct quirk_row quirk_rows[QUIRKS];

/* "22.3.6" and "3.1+debian" -> 2203 and 301; 0: no version. NULL counts as "". */
unsigned quirks_version(const char *driver_version);

/* The set of quirks (1u << enum quirk) of a driver, by its platform's name and CL_DRIVER_VERSION. NULL counts as "".
 * Of a driver without a version that can be read: those that it has in any. */
uint32_t quirks_of(const char *platform, const char *driver_version);

/* Is this platform in no row at all? Then it has not been tried, and nothing is taken care of. NULL counts as "". */
bool quirks_untried(const char *platform);

/*
 * Is a device of type CPU not one of this machine, by its CL_DEVICE_VERSION? PoCL's remote driver hands on what the device says over
 * there, also that it is a CPU and has its memory in common with the host; kernels see nothing of this process's memory then, and its
 * results in memory that is "in use" come with transfers alone. NULL counts as "".
 */
bool quirks_is_elsewhere(const char *device_version);

#endif
