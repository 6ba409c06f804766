// SPDX-License-Identifier: MIT
/*
 * A device's features for the virtual ISA, from its answers to clGetDeviceInfo: the guest asks its own driver, the
 * host the device's.
 *
 * Threads: any.
 */
#ifndef SVGA_MODEL_VISA_QUERY_H
#define SVGA_MODEL_VISA_QUERY_H

#include "svga-model/visa/features.h"

/* clGetDeviceInfo of the asker's: 0 (CL_SUCCESS) or an error. */
typedef int (*visa_ask)(void *device, uint32_t param, size_t size, void *value, size_t *size_ret);

struct visa_device_features {
    struct visa_features f; /* its strings are those below */
    char *extensions, *c_features;
};

/* Asks for all of it; what a device of an older OpenCL cannot answer has the value that it stands for. False when out
 * of memory: then there is nothing to free. */
bool visa_features_query(visa_ask ask, void *device, struct visa_device_features *out);
void visa_features_free(struct visa_device_features *features);

/* The answer's bytes with a NUL behind them, malloc'ed; NULL if there is none. */
void *visa_query_bytes(visa_ask ask, void *device, uint32_t param, size_t *size);

#endif
