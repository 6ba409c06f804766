// SPDX-License-Identifier: MIT
#include "host-backend/broker/environment.h"

#include <stdlib.h>
#include <string.h>

extern char **environ;

const struct worker_variable worker_variables[] = {
    /* which drivers there are */
    {"OCL_ICD_VENDORS", VARIABLE_ANYWHERE, "the loader's folder of drivers"},
    {"OPENCL_VENDOR_PATH", VARIABLE_ANYWHERE, "the same, of other loaders"},
    {"OCL_ICD_FILENAMES", VARIABLE_ANYWHERE, "drivers besides"},
    {"LD_LIBRARY_PATH", VARIABLE_ANYWHERE, "where drivers and their libraries are"},
    /* how drivers work */
    {"POCL_CACHE_DIR", VARIABLE_OUTSIDE, "PoCL's cache"},
    {"POCL_*", VARIABLE_ANYWHERE, "PoCL"},
    {"RUSTICL_*", VARIABLE_ANYWHERE, "Mesa's OpenCL"},
    {"CLOVER_*", VARIABLE_ANYWHERE, "Mesa's older OpenCL"},
    {"MESA_SHADER_CACHE_DIR", VARIABLE_OUTSIDE, "Mesa's cache"},
    {"MESA_*", VARIABLE_ANYWHERE, "Mesa"},
    {"GALLIUM_*", VARIABLE_ANYWHERE, "Mesa's drivers"},
    {"LP_*", VARIABLE_ANYWHERE, "Mesa's driver for CPUs"},
    {"LIBGL_*", VARIABLE_ANYWHERE, "Mesa's choice of drivers"},
    {"RADEON_*", VARIABLE_ANYWHERE, "Mesa's and ROCm's drivers for AMD"},
    {"AMD_*", VARIABLE_ANYWHERE, "Mesa's and ROCm's drivers for AMD"},
    {"INTEL_*", VARIABLE_ANYWHERE, "Mesa's drivers for Intel"},
    {"NV50_*", VARIABLE_ANYWHERE, "Mesa's drivers for NVIDIA"},
    {"CUDA_CACHE_PATH", VARIABLE_OUTSIDE, "NVIDIA's cache"},
    {"CUDA_*", VARIABLE_ANYWHERE, "NVIDIA's driver, and PoCL's for it"},
    {"NVIDIA_*", VARIABLE_ANYWHERE, "NVIDIA's driver"},
    {"ROCR_*", VARIABLE_ANYWHERE, "AMD's ROCm"},
    {"HSA_*", VARIABLE_ANYWHERE, "AMD's ROCm"},
    {"HIP_*", VARIABLE_ANYWHERE, "AMD's ROCm"},
    {"GPU_*", VARIABLE_ANYWHERE, "AMD's drivers"},
    {"NEO_CACHE_DIR", VARIABLE_OUTSIDE, "Intel's cache"},
    {"NEO_*", VARIABLE_ANYWHERE, "Intel's driver"},
    {"IGC_*", VARIABLE_ANYWHERE, "Intel's compiler"},
    {"ZE_*", VARIABLE_ANYWHERE, "Intel's Level Zero"},
    {"CL_CONFIG_*", VARIABLE_ANYWHERE, "Intel's driver for CPUs"},
    {"TBB_*", VARIABLE_ANYWHERE, "Intel's driver for CPUs"},
    {"OCLGRIND_*", VARIABLE_ANYWHERE, "Oclgrind"},
    {"OMP_*", VARIABLE_ANYWHERE, "threads of drivers for CPUs"},
    {"HWLOC_*", VARIABLE_ANYWHERE, "what PoCL knows the CPUs from"},
    {"MIMALLOC_*", VARIABLE_ANYWHERE, "the worker's malloc"},
    /* the process itself */
    {"LANG", VARIABLE_ANYWHERE, "messages"},
    {"LC_*", VARIABLE_ANYWHERE, "messages"},
    {"TZ", VARIABLE_ANYWHERE, "messages"},
    {"PATH", VARIABLE_OUTSIDE, "PoCL's linker"},
    {"HOME", VARIABLE_OUTSIDE, "caches"},
    {"XDG_CACHE_HOME", VARIABLE_OUTSIDE, "caches"},
    {"TMPDIR", VARIABLE_OUTSIDE, "temporary files"},
    {"ASAN_OPTIONS", VARIABLE_ANYWHERE, "a build under a sanitizer"},
    {"LSAN_OPTIONS", VARIABLE_ANYWHERE, "a build under a sanitizer"},
    {"TSAN_OPTIONS", VARIABLE_ANYWHERE, "a build under a sanitizer"},
    {"UBSAN_OPTIONS", VARIABLE_ANYWHERE, "a build under a sanitizer"},
    {0},
};

/* The part of the list that says most about it stands first. */
static const struct worker_variable *find(const char *variable) {
    size_t length = strcspn(variable, "=");

    for (const struct worker_variable *v = worker_variables; v->name; v++) {
        size_t n = strlen(v->name);
        bool prefix = v->name[n - 1] == '*';
        if (prefix ? length >= n - 1 && strncmp(variable, v->name, n - 1) == 0
                   : length == n && strncmp(variable, v->name, n) == 0)
            return v;
    }
    return NULL;
}

/* Would make the worker's loader find Trillium instead of the host's drivers. */
static bool leads_to_us(const char *variable) {
    static const char *const loader[] = {"OCL_ICD_VENDORS=", "OPENCL_VENDOR_PATH=", "OCL_ICD_FILENAMES="};

    for (size_t i = 0; i < sizeof loader / sizeof loader[0]; i++)
        if (strncmp(variable, loader[i], strlen(loader[i])) == 0)
            return strcasestr(variable + strlen(loader[i]), "trillium") != NULL;
    return false;
}

static bool has_name_of(char *const *list, const char *variable) {
    size_t length = strcspn(variable, "=") + 1;
    for (; list && *list; list++)
        if (strncmp(*list, variable, length) == 0)
            return true;
    return false;
}

char **worker_environment(const char *const *more, char *const *guests, bool inside) {
    size_t count = 0, kept = 0, extra = 0, own = 0;

    while (environ[count])
        count++;
    while (more[extra])
        extra++;
    while (guests && guests[own])
        own++;
    char **list = calloc(count + extra + own + 2, sizeof *list);
    if (!list)
        return NULL;
    for (size_t i = 0; i < extra; i++)
        list[kept++] = (char *)more[i];
    for (size_t i = 0; i < own; i++)
        list[kept++] = guests[i];
    for (size_t i = 0; i < count; i++) {
        const struct worker_variable *v = find(environ[i]);
        if (v && !(inside && v->where == VARIABLE_OUTSIDE) && !leads_to_us(environ[i]) &&
            !has_name_of(guests, environ[i]))
            list[kept++] = environ[i];
    }
    list[kept] = "TRILLIUM_WORKER=1";
    return list;
}
