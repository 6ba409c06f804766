// SPDX-License-Identifier: MIT
/* What names in a device's extension and feature lists stand for. */
#include "svga-model/visa/features.h"

static bool extension(const struct visa_features *f, const char *name) {
    return visa_list_has(f->extensions, name);
}

/* OpenCL C 2.x has what 3.0 made optional; 3.0 devices name each feature. */
static bool feature(const struct visa_features *f, const char *name) {
    return (f->c_version_max >= 200 && f->c_version_max < 300) || visa_list_has(f->c_features, name);
}

bool visa_has_fp64(const struct visa_features *f) {
    return extension(f, "cl_khr_fp64") || visa_list_has(f->c_features, "__opencl_c_fp64");
}

bool visa_has_fp16(const struct visa_features *f) {
    return extension(f, "cl_khr_fp16");
}

bool visa_has_int64(const struct visa_features *f) {
    return !f->embedded_profile || extension(f, "cles_khr_int64") ||
           visa_list_has(f->c_features, "__opencl_c_int64");
}

bool visa_has_int64_atomics(const struct visa_features *f) {
    return extension(f, "cl_khr_int64_base_atomics") || extension(f, "cl_khr_int64_extended_atomics");
}

bool visa_has_3d_image_writes(const struct visa_features *f) {
    return f->images && (extension(f, "cl_khr_3d_image_writes") || feature(f, "__opencl_c_3d_image_writes"));
}

bool visa_has_read_write_images(const struct visa_features *f) {
    return f->images && feature(f, "__opencl_c_read_write_images");
}

bool visa_has_generic_address_space(const struct visa_features *f) {
    return feature(f, "__opencl_c_generic_address_space");
}

bool visa_has_pipes(const struct visa_features *f) {
    return feature(f, "__opencl_c_pipes");
}

bool visa_has_device_enqueue(const struct visa_features *f) {
    return feature(f, "__opencl_c_device_enqueue");
}

bool visa_has_subgroups(const struct visa_features *f) {
    return extension(f, "cl_khr_subgroups") || visa_list_has(f->c_features, "__opencl_c_subgroups");
}

bool visa_has_work_group_collectives(const struct visa_features *f) {
    return feature(f, "__opencl_c_work_group_collective_functions");
}

bool visa_has_program_scope_variables(const struct visa_features *f) {
    return feature(f, "__opencl_c_program_scope_global_variables");
}
