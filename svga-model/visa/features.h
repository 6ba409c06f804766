// SPDX-License-Identifier: MIT
/*
 * What the compiler of one OpenCL device offers: the part of a device's description that decides which OpenCL
 * C and which SPIR-V it takes. The guest compiles for it, the host validates against it; both fill it from
 * the same device queries.
 */
#ifndef SVGA_MODEL_VISA_FEATURES_H
#define SVGA_MODEL_VISA_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Versions here are 100 * major + 10 * minor, as in __OPENCL_VERSION__: 120, 200, 300. Strings may be NULL
 * for "". */
struct visa_features {
    uint32_t address_bits;   /* CL_DEVICE_ADDRESS_BITS: 32 or 64 */
    uint32_t device_version; /* CL_DEVICE_VERSION */
    uint32_t c_version;      /* CL_DEVICE_OPENCL_C_VERSION: what a build without -cl-std gets, at most 120 */
    uint32_t c_version_max;  /* the newest of CL_DEVICE_OPENCL_C_ALL_VERSIONS, or c_version */
    const char *extensions;  /* CL_DEVICE_EXTENSIONS */
    const char *c_features;  /* names of CL_DEVICE_OPENCL_C_FEATURES, separated by spaces */
    bool images;             /* CL_DEVICE_IMAGE_SUPPORT */
    bool little_endian;      /* CL_DEVICE_ENDIAN_LITTLE */
    bool embedded_profile;   /* CL_DEVICE_PROFILE is EMBEDDED_PROFILE */
};

/* True if `list`, names separated by spaces, has `name` as one whole word. NULL is the empty list. */
static inline bool visa_list_has(const char *list, const char *name) {
    size_t length = strlen(name);
    const char *at = list;

    while (at && (at = strstr(at, name))) {
        bool starts = at == list || at[-1] == ' ';

        if (starts && (at[length] == ' ' || at[length] == '\0'))
            return true;
        at += length;
    }
    return false;
}

/* What an extension or a feature macro stands for; the one place where these strings are spelled. Inside the
 * two libraries only. */
bool visa_has_fp64(const struct visa_features *f);
bool visa_has_fp16(const struct visa_features *f);
bool visa_has_int64(
    const struct visa_features *f); /* false only for embedded profiles without cles_khr_int64 */
bool visa_has_int64_atomics(const struct visa_features *f);
bool visa_has_3d_image_writes(const struct visa_features *f);
bool visa_has_read_write_images(const struct visa_features *f);
bool visa_has_generic_address_space(const struct visa_features *f);
bool visa_has_pipes(const struct visa_features *f);
bool visa_has_device_enqueue(const struct visa_features *f);
bool visa_has_subgroups(const struct visa_features *f);
bool visa_has_work_group_collectives(const struct visa_features *f);
bool visa_has_program_scope_variables(const struct visa_features *f);

#ifdef __cplusplus
}
#endif

#endif
