// SPDX-License-Identifier: MIT
#include "host-backend/worker/facts.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct facts {
    _Atomic uint32_t refs;
    size_t count;
    struct visa_kernel *kernels;
};

static struct facts *facts_new(size_t room) {
    struct facts *f = calloc(1, sizeof *f);
    if (!f || !(f->kernels = calloc(room + 1, sizeof *f->kernels))) {
        free(f);
        return NULL;
    }
    atomic_init(&f->refs, 1);
    return f;
}

struct facts *facts_ref(struct facts *f) {
    if (f)
        atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void facts_unref(struct facts *f) {
    if (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1) {
        visa_kernels_free(f->kernels, f->count);
        free(f);
    }
}

const struct visa_kernel *facts_kernel(const struct facts *f, const char *name) {
    for (size_t i = 0; f && i < f->count; i++)
        if (strcmp(f->kernels[i].name, name) == 0)
            return &f->kernels[i];
    return NULL;
}

/* Does the driver tell anything of the argument? */
static bool is_told(const struct visa_arg *arg) {
    return arg->type_name;
}

static void forget(struct visa_arg *arg) {
    free(arg->type_name);
    free(arg->name);
    *arg = (struct visa_arg){.kind = VISA_ARG_UNKNOWN};
}

bool facts_complete(const struct facts *f) {
    for (size_t i = 0; i < f->count; i++)
        for (uint32_t a = 0; a < f->kernels[i].arg_count; a++)
            if (!is_told(&f->kernels[i].args[a]))
                return false;
    return true;
}

/* The kernel's place for so many arguments. False when out of memory. */
static bool make(struct visa_kernel *k, const char *name, const char *attributes, size_t arg_count) {
    k->name = strdup(name);
    k->attributes = strdup(attributes);
    k->args = calloc(arg_count + 1, sizeof *k->args);
    k->arg_count = k->args ? (uint32_t)arg_count : 0;
    return k->name && k->attributes && k->args;
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

static bool ask_number(cl_kernel kernel, cl_uint index, cl_kernel_arg_info param, size_t size, void *number) {
    return clGetKernelArgInfo(kernel, index, param, size, number, NULL) == CL_SUCCESS;
}

static void ask_argument(cl_kernel kernel, cl_uint index, struct visa_arg *arg) {
    arg->type_name = arg_text(kernel, index, CL_KERNEL_ARG_TYPE_NAME);
    arg->name = arg_text(kernel, index, CL_KERNEL_ARG_NAME);
    if (arg->type_name && arg->name &&
        ask_number(kernel, index, CL_KERNEL_ARG_ADDRESS_QUALIFIER, sizeof arg->address_qualifier,
                   &arg->address_qualifier) &&
        ask_number(kernel, index, CL_KERNEL_ARG_ACCESS_QUALIFIER, sizeof arg->access_qualifier,
                   &arg->access_qualifier) &&
        ask_number(kernel, index, CL_KERNEL_ARG_TYPE_QUALIFIER, sizeof arg->type_qualifiers,
                   &arg->type_qualifiers))
        arg->kind = visa_arg_kind_of(arg->address_qualifier, arg->type_qualifiers, arg->type_name);
    else
        forget(arg);
}

static bool ask_kernel(cl_program program, const char *name, struct visa_kernel *k) {
    char attributes[4096] = "";
    cl_uint count = 0;
    cl_int r;
    cl_kernel kernel = clCreateKernel(program, name, &r);

    if (r != CL_SUCCESS)
        return false;
    clGetKernelInfo(kernel, CL_KERNEL_NUM_ARGS, sizeof count, &count, NULL);
    clGetKernelInfo(kernel, CL_KERNEL_ATTRIBUTES, sizeof attributes - 1, attributes, NULL);
    bool made = make(k, name, attributes, count);
    for (cl_uint i = 0; made && i < count; i++)
        ask_argument(kernel, i, &k->args[i]);
    clReleaseKernel(kernel);
    return made;
}

/* How many names there are: separated by semicolons. */
static size_t count_names(const char *names) {
    size_t count = 1;
    for (; *names; names++)
        count += *names == ';';
    return count;
}

struct facts *facts_ask(cl_program program, unsigned version) {
    size_t size = 0;
    char *names, *rest = NULL;

    if (version < 120 || clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, 0, NULL, &size) != CL_SUCCESS ||
        !(names = calloc(1, size + 1)))
        return NULL;
    if (clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, size, names, NULL) != CL_SUCCESS)
        *names = '\0';
    struct facts *f = facts_new(count_names(names));
    for (char *name = strtok_r(names, ";", &rest); f && name; name = strtok_r(NULL, ";", &rest))
        if (!ask_kernel(program, name, &f->kernels[f->count++])) {
            facts_unref(f);
            f = NULL;
        }
    free(names);
    return f;
}

/* ---- as text ---- */

/* {"KERNEL": {"attributes": "...", "arguments": [{"address": n, "access": n, "qualifier": n, "type": "...",
 * "name": "..."}]}}; an argument of which the driver knows nothing is null. */

static json_t *argument_to_json(const struct visa_arg *arg) {
    json_t *json =
        is_told(arg) ? json_pack("{s:I, s:I, s:I, s:s, s:s}", "address", (json_int_t)arg->address_qualifier,
                                 "access", (json_int_t)arg->access_qualifier, "qualifier",
                                 (json_int_t)arg->type_qualifiers, "type", arg->type_name, "name", arg->name)
                     : NULL;
    return json ? json : json_null();
}

char *facts_write(const struct facts *f) {
    json_t *json = json_object();
    for (size_t i = 0; i < f->count; i++) {
        const struct visa_kernel *k = &f->kernels[i];
        json_t *arguments = json_array();
        for (uint32_t a = 0; a < k->arg_count; a++)
            json_array_append_new(arguments, argument_to_json(&k->args[a]));
        json_object_set_new(json, k->name,
                            json_pack("{s:s, s:o}", "attributes", k->attributes, "arguments", arguments));
    }
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static char *text_from(const json_t *json, const char *key) {
    const char *text = json_string_value(json_object_get(json, key));
    return text ? strdup(text) : NULL;
}

static void argument_from_json(const json_t *json, struct visa_arg *arg) {
    arg->address_qualifier = (uint32_t)json_integer_value(json_object_get(json, "address"));
    arg->access_qualifier = (uint32_t)json_integer_value(json_object_get(json, "access"));
    arg->type_qualifiers = (uint64_t)json_integer_value(json_object_get(json, "qualifier"));
    arg->type_name = text_from(json, "type");
    arg->name = text_from(json, "name");
    if (arg->type_name && arg->name)
        arg->kind = visa_arg_kind_of(arg->address_qualifier, arg->type_qualifiers, arg->type_name);
    else
        forget(arg);
}

static bool kernel_from_json(const char *name, const json_t *json, struct visa_kernel *k) {
    const json_t *arguments = json_object_get(json, "arguments");
    const char *attributes = json_string_value(json_object_get(json, "attributes"));
    if (!make(k, name, attributes ? attributes : "", json_array_size(arguments)))
        return false;
    for (uint32_t i = 0; i < k->arg_count; i++)
        argument_from_json(json_array_get(arguments, i), &k->args[i]);
    return true;
}

struct facts *facts_read(const char *text, size_t size) {
    json_t *json = json_loadb(text, size, 0, NULL), *kernel;
    const char *name;
    struct facts *f = json_is_object(json) ? facts_new(json_object_size(json)) : NULL;

    if (f)
        json_object_foreach(json, name, kernel) {
            if (!kernel_from_json(name, kernel, &f->kernels[f->count++])) {
                facts_unref(f);
                f = NULL;
                break;
            }
        }
    json_decref(json);
    return f;
}
