// SPDX-License-Identifier: MIT
/*
 * Samplers.
 */
#ifndef GUEST_ICD_MEMORY_SAMPLER_H
#define GUEST_ICD_MEMORY_SAMPLER_H

#include "guest-icd/platform/context.h"

struct _cl_sampler {
    struct icd_object object;
    cl_context context;
    cl_bool normalized;
    cl_addressing_mode addressing;
    cl_filter_mode filter;
    cl_sampler_properties properties[7]; /* as given, with the final 0 */
    size_t property_count;               /* with the final 0; 0: none given */
};

#endif
