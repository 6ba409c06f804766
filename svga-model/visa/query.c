// SPDX-License-Identifier: MIT
#include "svga-model/visa/query.h"

#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>

void *visa_query_bytes(visa_ask ask, void *device, uint32_t param, size_t *size) {
    char *bytes = NULL;
    if (ask(device, param, 0, NULL, size) != CL_SUCCESS || !(bytes = calloc(1, *size + 1)))
        return NULL;
    if (ask(device, param, *size, bytes, NULL) == CL_SUCCESS)
        return bytes;
    free(bytes);
    return NULL;
}

/* "OpenCL C 1.2 ..." is 120. */
static uint32_t version_of(visa_ask ask, void *device, uint32_t param, const char *format) {
    unsigned major = 1, minor = 2;
    size_t size;
    char *text = visa_query_bytes(ask, device, param, &size);
    if (text)
        sscanf(text, format, &major, &minor);
    free(text);
    return 100 * major + 10 * minor;
}

/* Names of cl_name_version entries, separated by spaces; *newest becomes the highest version if one is higher. */
static char *names_of(visa_ask ask, void *device, uint32_t param, uint32_t *newest) {
    size_t size = 0;
    cl_name_version *list = visa_query_bytes(ask, device, param, &size);
    size_t count = list ? size / sizeof *list : 0;
    char *names = calloc(count + 1, sizeof list->name + 1), *end = names;
    for (size_t i = 0; names && i < count; i++) {
        uint32_t version = 100 * CL_VERSION_MAJOR(list[i].version) + 10 * CL_VERSION_MINOR(list[i].version);
        if (version > *newest)
            *newest = version;
        end += sprintf(end, "%.*s ", (int)sizeof list[i].name, list[i].name);
    }
    free(list);
    return names;
}

bool visa_features_query(visa_ask ask, void *device, struct visa_device_features *out) {
    cl_bool images = CL_FALSE, little = CL_TRUE;
    cl_uint bits = 64;
    uint32_t ignored = 0;
    size_t size;
    char *profile = visa_query_bytes(ask, device, CL_DEVICE_PROFILE, &size);

    ask(device, CL_DEVICE_IMAGE_SUPPORT, sizeof images, &images, NULL);
    ask(device, CL_DEVICE_ENDIAN_LITTLE, sizeof little, &little, NULL);
    ask(device, CL_DEVICE_ADDRESS_BITS, sizeof bits, &bits, NULL);
    uint32_t c = version_of(ask, device, CL_DEVICE_OPENCL_C_VERSION, "OpenCL C %u.%u"), newest = c;
    out->extensions = visa_query_bytes(ask, device, CL_DEVICE_EXTENSIONS, &size);
    out->c_features = names_of(ask, device, CL_DEVICE_OPENCL_C_FEATURES, &ignored);
    free(names_of(ask, device, CL_DEVICE_OPENCL_C_ALL_VERSIONS, &newest));
    out->f = (struct visa_features){
        .address_bits = bits,
        .device_version = version_of(ask, device, CL_DEVICE_VERSION, "OpenCL %u.%u"),
        .c_version = c < 120 ? c : 120,
        .c_version_max = newest,
        .extensions = out->extensions,
        .c_features = out->c_features,
        .images = images != CL_FALSE,
        .little_endian = little != CL_FALSE,
        .embedded_profile = profile && strcmp(profile, "EMBEDDED_PROFILE") == 0,
    };
    free(profile);
    if (out->extensions && out->c_features)
        return true;
    visa_features_free(out);
    return false;
}

void visa_features_free(struct visa_device_features *features) {
    free(features->extensions);
    free(features->c_features);
    *features = (struct visa_device_features){0};
}
