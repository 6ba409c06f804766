// SPDX-License-Identifier: MIT
/*
 * The SVGA baseline's way to the driver: SPIR-V that a guest sent is validated, translated to what the driver
 * takes, and built. Uses the host half of the virtual ISA (svga-model/visa/host.h), which is loaded on first
 * use.
 */
#ifndef HOST_BACKEND_WORKER_SPIRV_H
#define HOST_BACKEND_WORKER_SPIRV_H

#include <stddef.h>
#include <stdint.h>

#include "host-backend/worker/driver.h"

struct build;
struct program;

/* Both run on a builder thread. They return an OpenCL error code and leave the reason in the program's log. What was valid once is
 * not looked at again, as long as the tenant's cache has its builds, too. */
cl_int spirv_validate(struct build *b);
cl_int spirv_build(struct build *b);

/* Pays what the first translation for this device would pay. */
void spirv_warm_up(const struct driver_device *device);

#endif
