// SPDX-License-Identifier: MIT
#include "guest-icd/platform/extensions.h"

#include <CL/cl_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    LANGUAGE, /* of OpenCL C alone */
    QUERIES,  /* new parameters of clGet*Info alone: the host answers them */
    WORKS,    /* functions or parameters that this driver has */
    HIDDEN,   /* would need what this driver does not have */
};

static const struct {
    const char *name;
    enum kind kind;
} table[] = {
    {"cl_khr_icd", WORKS},
    {"cl_khr_byte_addressable_store", LANGUAGE},
    {"cl_khr_global_int32_base_atomics", LANGUAGE},
    {"cl_khr_global_int32_extended_atomics", LANGUAGE},
    {"cl_khr_local_int32_base_atomics", LANGUAGE},
    {"cl_khr_local_int32_extended_atomics", LANGUAGE},
    {"cl_khr_int64_base_atomics", LANGUAGE},
    {"cl_khr_int64_extended_atomics", LANGUAGE},
    {"cl_khr_fp16", LANGUAGE},
    {"cl_khr_fp64", LANGUAGE},
    {"cl_khr_select_fprounding_mode", LANGUAGE},
    {"cl_khr_3d_image_writes", LANGUAGE},
    {"cl_khr_async_work_group_copy_fence", LANGUAGE},
    {"cl_khr_extended_async_copies", LANGUAGE},
    {"cl_khr_extended_bit_ops", LANGUAGE},
    {"cl_khr_integer_dot_product", LANGUAGE},
    {"cl_khr_expect_assume", LANGUAGE},
    {"cl_khr_kernel_clock", LANGUAGE},
    {"cl_khr_subgroups", WORKS}, /* clGetKernelSubGroupInfoKHR */
    {"cl_khr_subgroup_extended_types", LANGUAGE},
    {"cl_khr_subgroup_non_uniform_vote", LANGUAGE},
    {"cl_khr_subgroup_ballot", LANGUAGE},
    {"cl_khr_subgroup_non_uniform_arithmetic", LANGUAGE},
    {"cl_khr_subgroup_shuffle", LANGUAGE},
    {"cl_khr_subgroup_shuffle_relative", LANGUAGE},
    {"cl_khr_subgroup_clustered_reduce", LANGUAGE},
    {"cl_khr_subgroup_named_barrier", LANGUAGE},
    {"cl_khr_subgroup_rotate", LANGUAGE},
    {"cl_khr_work_group_uniform_arithmetic", LANGUAGE},
    {"cl_khr_mipmap_image", HIDDEN}, /* sampler properties, mip levels in origins */
    {"cl_khr_mipmap_image_writes", HIDDEN},
    {"cl_khr_srgb_image_writes", LANGUAGE},
    {"cl_khr_depth_images", WORKS}, /* CL_DEPTH images are created as any other */
    {"cl_khr_image2d_from_buffer", WORKS},
    {"cl_khr_il_program", WORKS}, /* clCreateProgramWithILKHR */
    {"cl_khr_spir", WORKS},       /* clCreateProgramWithBinary, -x spir */
    {"cl_khr_spirv_no_integer_wrap_decoration", LANGUAGE},
    {"cl_khr_spirv_extended_debug_info", LANGUAGE},
    {"cl_khr_spirv_linkonce_odr", LANGUAGE},
    {"cl_khr_create_command_queue", WORKS},
    {"cl_khr_extended_versioning", QUERIES},
    {"cl_khr_device_uuid", QUERIES},
    {"cl_khr_pci_bus_info", QUERIES},
    {"cl_khr_suggested_local_work_size", WORKS},
    {"cl_khr_priority_hints", WORKS}, /* queue properties: passed on */
    {"cl_khr_throttle_hints", WORKS},
    {"cl_khr_initialize_memory", HIDDEN}, /* context property */
    {"cl_khr_terminate_context", HIDDEN},
    {"cl_khr_command_buffer", HIDDEN}, /* the host's: devices get our own */
    {"cl_khr_command_buffer_mutable_dispatch", HIDDEN},
    {"cl_khr_semaphore", HIDDEN},
    {"cl_khr_external_semaphore", HIDDEN},
    {"cl_khr_external_memory", HIDDEN},
    {"cl_khr_gl_sharing", HIDDEN},
    {"cl_khr_gl_event", HIDDEN},
    {"cl_khr_gl_depth_images", HIDDEN},
    {"cl_khr_gl_msaa_sharing", HIDDEN},
    {"cl_khr_egl_image", HIDDEN},
    {"cl_khr_egl_event", HIDDEN},
    {"cl_ext_device_fission", HIDDEN},
    {"cl_ext_migrate_memobject", HIDDEN},
    {"cl_ext_atomic_counters_32", LANGUAGE},
    {"cl_ext_cxx_for_opencl", LANGUAGE},
    {"cl_ext_float_atomics", LANGUAGE},
    {"cl_ext_image_requirements_info", HIDDEN},
    {"cl_pocl_content_size", HIDDEN}, /* clSetContentSizeBufferPoCL */
    {"cl_pocl_pinned_buffers", HIDDEN},
    {"cl_nv_compiler_options", LANGUAGE},
    {"cl_nv_pragma_unroll", LANGUAGE},
    {"cl_nv_device_attribute_query", QUERIES},
    {"cl_nv_copy_opts", HIDDEN},
    {"cl_nv_create_buffer", HIDDEN},
    {"cl_nv_kernel_attribute", LANGUAGE},
    {"cl_nv_d3d10_sharing", HIDDEN},
    {"cl_amd_fp64", LANGUAGE},
    {"cl_amd_media_ops", LANGUAGE},
    {"cl_amd_media_ops2", LANGUAGE},
    {"cl_amd_printf", LANGUAGE},
    {"cl_amd_popcnt", LANGUAGE},
    {"cl_amd_vec3", LANGUAGE},
    {"cl_amd_device_attribute_query", QUERIES},
    {"cl_amd_assembly_program", LANGUAGE},
    {"cl_intel_subgroups", LANGUAGE},
    {"cl_intel_subgroups_char", LANGUAGE},
    {"cl_intel_subgroups_short", LANGUAGE},
    {"cl_intel_subgroups_long", LANGUAGE},
    {"cl_intel_required_subgroup_size", QUERIES},
    {"cl_intel_spirv_subgroups", LANGUAGE},
    {"cl_intel_spirv_media_block_io", LANGUAGE},
    {"cl_intel_media_block_io", LANGUAGE},
    {"cl_intel_split_work_group_barrier", LANGUAGE},
    {"cl_intel_subgroup_local_block_io", LANGUAGE},
    {"cl_intel_subgroup_matrix_multiply_accumulate", LANGUAGE},
    {"cl_intel_device_attribute_query", QUERIES},
    {"cl_arm_core_id", QUERIES},
    {"cl_arm_printf", HIDDEN},
    {"cl_arm_integer_dot_product_int8", LANGUAGE},
    {"cl_arm_integer_dot_product_accumulate_int8", LANGUAGE},
    {"cl_arm_integer_dot_product_accumulate_int16", LANGUAGE},
    {"cl_arm_integer_dot_product_accumulate_saturate_int8", LANGUAGE},
    {"cl_qcom_reqd_sub_group_size", LANGUAGE},
    {"cles_khr_int64", LANGUAGE},
    {"cles_khr_2d_image_array_writes", LANGUAGE},
};

/* What the driver brings itself, whatever the host has: to platforms, and to devices from OpenCL 1.2 on. */
static const cl_name_version own[] = {
    {.version = CL_MAKE_VERSION(1, 0, 0), .name = "cl_khr_icd"},
};
enum { OWN = sizeof own / sizeof own[0] };

static const cl_name_version devices_own[] = {
    {.version = CL_MAKE_VERSION(0, 9, 8), .name = CL_KHR_COMMAND_BUFFER_EXTENSION_NAME},
    {.version = CL_MAKE_VERSION(0, 9, 5), .name = "cl_khr_command_buffer_mutable_dispatch"},
};
enum { DEVICES_OWN = sizeof devices_own / sizeof devices_own[0] };
_Static_assert(sizeof devices_own / sizeof devices_own[0] == ICD_OWN_EXTENSIONS,
               "the room that callers make");

bool icd_extension_shown(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strlen(table[i].name) == length && memcmp(table[i].name, name, length) == 0)
            return table[i].kind != HIDDEN;
    return false;
}

static bool is_own(const char *name, size_t length) {
    for (size_t i = 0; i < OWN; i++)
        if (strlen(own[i].name) == length && memcmp(own[i].name, name, length) == 0)
            return true;
    return false;
}

static char *append(char *end, const char *name, size_t length, const char *start) {
    if (end > start)
        *end++ = ' ';
    memcpy(end, name, length);
    return end + length;
}

static char *filter(const char *host, bool platform) {
    size_t room = strlen(host) + 1;
    for (size_t i = 0; i < OWN; i++)
        room += strlen(own[i].name) + 1;
    char *text = malloc(room), *end = text;
    if (!text)
        return NULL;
    for (size_t i = 0; platform && i < OWN; i++)
        end = append(end, own[i].name, strlen(own[i].name), text);
    for (const char *word = host + strspn(host, " "); *word;) {
        size_t length = strcspn(word, " ");
        if (icd_extension_shown(word, length) && !(platform && is_own(word, length)))
            end = append(end, word, length, text);
        word += length;
        word += strspn(word, " ");
    }
    *end = '\0';
    return text;
}

char *icd_device_extensions(const char *host, unsigned version) {
    char *text = filter(host, false), *more;
    for (size_t i = 0; text && version >= 12 && i < DEVICES_OWN; i++) {
        if (asprintf(&more, "%s%s%s", text, *text ? " " : "", devices_own[i].name) < 0)
            more = NULL;
        free(text);
        text = more;
    }
    return text;
}

char *icd_platform_extensions(const char *host) {
    return filter(host, true);
}

static size_t filter_versions(cl_name_version *list, size_t count, bool platform) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strnlen(list[i].name, sizeof list[i].name);
        if (icd_extension_shown(list[i].name, length) && !(platform && is_own(list[i].name, length)))
            list[kept++] = list[i];
    }
    return kept;
}

size_t icd_device_extensions_with_version(void *host, size_t size, unsigned version) {
    cl_name_version *list = host;
    size_t kept = filter_versions(list, size / sizeof *list, false);
    for (size_t i = 0; version >= 12 && i < DEVICES_OWN; i++)
        list[kept++] = devices_own[i];
    return kept * sizeof *list;
}

cl_int icd_platform_extensions_with_version(void **bytes, size_t *size) {
    size_t kept = filter_versions(*bytes, *size / sizeof(cl_name_version), true);
    cl_name_version *all = malloc((OWN + kept) * sizeof *all);
    if (all) {
        memcpy(all, own, sizeof own);
        memcpy(all + OWN, *bytes, kept * sizeof *all);
        *size = (OWN + kept) * sizeof *all;
    }
    free(*bytes);
    *bytes = all;
    return all ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
}
