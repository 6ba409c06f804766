// SPDX-License-Identifier: MIT
#include "host-backend/worker/facts.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* {"KERNEL": {"attributes": "...", "arguments": [{"address": n, "access": n, "qualifier": n, "type": "...",
 * "name": "..."}]}}; an argument of which the driver knows nothing is null. */
struct facts {
    _Atomic uint32_t refs;
    json_t *json;
};

static struct facts *wrap(json_t *json) {
    struct facts *f = json ? malloc(sizeof *f) : NULL;
    if (!f) {
        json_decref(json);
        return NULL;
    }
    atomic_init(&f->refs, 1);
    f->json = json;
    return f;
}

struct facts *facts_ref(struct facts *f) {
    if (f)
        atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void facts_unref(struct facts *f) {
    if (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1) {
        json_decref(f->json);
        free(f);
    }
}

/* ---- from the driver ---- */

static char *arg_text(cl_kernel kernel, cl_uint index, cl_kernel_arg_info param) {
    size_t size = 0;
    if (clGetKernelArgInfo(kernel, index, param, 0, NULL, &size) != CL_SUCCESS)
        return NULL;
    char *text = calloc(1, size + 1);
    if (text && clGetKernelArgInfo(kernel, index, param, size, text, NULL) != CL_SUCCESS) {
        free(text);
        return NULL;
    }
    return text;
}

static json_t *ask_argument(cl_kernel kernel, cl_uint index) {
    cl_kernel_arg_address_qualifier address = 0;
    cl_kernel_arg_access_qualifier access = 0;
    cl_kernel_arg_type_qualifier qualifier = 0;
    json_t *json = NULL;
    char *type = arg_text(kernel, index, CL_KERNEL_ARG_TYPE_NAME),
         *name = arg_text(kernel, index, CL_KERNEL_ARG_NAME);

    if (type && name &&
        clGetKernelArgInfo(kernel, index, CL_KERNEL_ARG_ADDRESS_QUALIFIER, sizeof address, &address, NULL) ==
            CL_SUCCESS &&
        clGetKernelArgInfo(kernel, index, CL_KERNEL_ARG_ACCESS_QUALIFIER, sizeof access, &access, NULL) ==
            CL_SUCCESS &&
        clGetKernelArgInfo(kernel, index, CL_KERNEL_ARG_TYPE_QUALIFIER, sizeof qualifier, &qualifier, NULL) ==
            CL_SUCCESS)
        json = json_pack("{s:I, s:I, s:I, s:s, s:s}", "address", (json_int_t)address, "access",
                         (json_int_t)access, "qualifier", (json_int_t)qualifier, "type", type, "name", name);
    free(type);
    free(name);
    return json ? json : json_null();
}

static json_t *ask_kernel(cl_program program, const char *name) {
    char attributes[4096] = "";
    cl_uint count = 0;
    cl_int r;
    cl_kernel kernel = clCreateKernel(program, name, &r);

    if (r != CL_SUCCESS)
        return NULL;
    json_t *arguments = json_array();
    clGetKernelInfo(kernel, CL_KERNEL_NUM_ARGS, sizeof count, &count, NULL);
    clGetKernelInfo(kernel, CL_KERNEL_ATTRIBUTES, sizeof attributes - 1, attributes, NULL);
    for (cl_uint i = 0; i < count; i++)
        json_array_append_new(arguments, ask_argument(kernel, i));
    clReleaseKernel(kernel);
    return json_pack("{s:s, s:o}", "attributes", attributes, "arguments", arguments);
}

struct facts *facts_ask(cl_program program) {
    size_t size = 0;
    char *names, *rest = NULL;

    if (clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, 0, NULL, &size) != CL_SUCCESS ||
        !(names = calloc(1, size + 1)))
        return NULL;
    json_t *json = json_object();
    if (clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, size, names, NULL) == CL_SUCCESS) {
        for (char *name = strtok_r(names, ";", &rest); name; name = strtok_r(NULL, ";", &rest)) {
            json_t *kernel = ask_kernel(program, name);
            if (!kernel || json_object_set_new(json, name, kernel) < 0) {
                json_decref(json);
                json = NULL;
                break;
            }
        }
    }
    free(names);
    return wrap(json);
}

bool facts_complete(const struct facts *f) {
    const char *name;
    json_t *kernel, *argument;
    size_t i;

    json_object_foreach(f->json, name, kernel) {
        json_array_foreach(json_object_get(kernel, "arguments"), i, argument) {
            if (!json_is_object(argument))
                return false;
        }
    }
    return true;
}

/* ---- as text ---- */

char *facts_write(const struct facts *f) {
    return json_dumps(f->json, JSON_COMPACT);
}

struct facts *facts_read(const char *text, size_t size) {
    json_t *json = json_loadb(text, size, 0, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return wrap(json);
}

/* ---- as answers ---- */

const struct kernel_facts *facts_kernel(const struct facts *f, const char *name) {
    return f ? (const struct kernel_facts *)json_object_get(f->json, name) : NULL;
}

static const json_t *json_of(const struct kernel_facts *k) {
    return (const json_t *)k;
}

static cl_int give(const void *data, size_t length, size_t size, void *value, size_t *size_ret) {
    if (value && size < length)
        return CL_INVALID_VALUE;
    if (value)
        memcpy(value, data, length);
    if (size_ret)
        *size_ret = length;
    return CL_SUCCESS;
}

static cl_int give_text(const char *text, size_t size, void *value, size_t *size_ret) {
    return text ? give(text, strlen(text) + 1, size, value, size_ret) : CL_KERNEL_ARG_INFO_NOT_AVAILABLE;
}

cl_int facts_attributes(const struct kernel_facts *k, size_t size, void *value, size_t *size_ret) {
    const char *text = json_string_value(json_object_get(json_of(k), "attributes"));
    return give_text(text ? text : "", size, value, size_ret);
}

cl_int facts_arg_info(const struct kernel_facts *k, cl_uint index, cl_kernel_arg_info param, size_t size,
                      void *value, size_t *size_ret) {
    const json_t *arguments = json_object_get(json_of(k), "arguments");
    if (index >= json_array_size(arguments))
        return CL_INVALID_ARG_INDEX;
    const json_t *argument = json_array_get(arguments, index);
    if (!json_is_object(argument))
        return CL_KERNEL_ARG_INFO_NOT_AVAILABLE;
    switch (param) {
    case CL_KERNEL_ARG_ADDRESS_QUALIFIER: {
        cl_kernel_arg_address_qualifier v = (cl_uint)json_integer_value(json_object_get(argument, "address"));
        return give(&v, sizeof v, size, value, size_ret);
    }
    case CL_KERNEL_ARG_ACCESS_QUALIFIER: {
        cl_kernel_arg_access_qualifier v = (cl_uint)json_integer_value(json_object_get(argument, "access"));
        return give(&v, sizeof v, size, value, size_ret);
    }
    case CL_KERNEL_ARG_TYPE_QUALIFIER: {
        cl_kernel_arg_type_qualifier v = (cl_ulong)json_integer_value(json_object_get(argument, "qualifier"));
        return give(&v, sizeof v, size, value, size_ret);
    }
    case CL_KERNEL_ARG_TYPE_NAME:
        return give_text(json_string_value(json_object_get(argument, "type")), size, value, size_ret);
    case CL_KERNEL_ARG_NAME:
        return give_text(json_string_value(json_object_get(argument, "name")), size, value, size_ret);
    default:
        return CL_INVALID_VALUE;
    }
}
