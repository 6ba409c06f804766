// SPDX-License-Identifier: MIT
#include "guest-icd/program/function.h"

#include <stdio.h>

#include "guest-icd/program/visa.h"
#include "guest-icd/session/ask.h"

struct icd_function *icd_function_find(struct icd_function *f, const char *name) {
    while (f && strcmp(f->kernel->name, name) != 0)
        f = f->next;
    return f;
}

void icd_functions_free(struct icd_function *f) {
    while (f) {
        struct icd_function *next = f->next;
        icd_info_cache_clear(&f->info);
        visa_kernels_free(f->own, 1);
        free(f->accepted);
        free(f->devices);
        free(f);
        f = next;
    }
}

static struct icd_function *function_new(cl_program program, const char *name) {
    struct icd_function *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->kernel = f->own = calloc(1, sizeof *f->own);
    f->devices = calloc(program->device_count, sizeof *f->devices);
    if (!f->own || !f->devices || !(f->own->name = strdup(name))) {
        icd_functions_free(f);
        return NULL;
    }
    return f;
}

/* ---- the function as a whole ---- */

/* More than any device's CL_DEVICE_MAX_PARAMETER_SIZE has room for: a host that says so means no good. */
enum { MAX_ARGS = 1 << 16 };

/* Creates the kernel and asks what follows from the program alone; one wait. */
static cl_int create_and_ask(cl_program program, struct icd_function *f, uint32_t id) {
    struct icd_call call;
    void *answers;
    struct tr_array arrays[] = {{f->own->name, (uint32_t)strlen(f->own->name)}};
    size_t count = 1 + 2 * (size_t)program->device_count;
    struct icd_ask *asks = calloc(count, sizeof *asks);
    if (!asks)
        return CL_OUT_OF_HOST_MEMORY;
    asks[0] = (struct icd_ask){.query = {.what = TR_INFO_KERNEL, .object = id, .param = CL_KERNEL_NUM_ARGS},
                               .room = sizeof(cl_uint)};
    for (cl_uint i = 0; i < program->device_count; i++) {
        struct icd_query q = {
            .what = TR_INFO_KERNEL_WORK_GROUP, .object = id, .device = program->devices[i].device->number};
        q.param = CL_KERNEL_WORK_GROUP_SIZE;
        asks[1 + 2 * i] = (struct icd_ask){.query = q, .room = sizeof(size_t)};
        q.param = CL_KERNEL_COMPILE_WORK_GROUP_SIZE;
        asks[2 + 2 * i] = (struct icd_ask){.query = q, .room = 3 * sizeof(size_t)};
    }
    cl_int r = icd_call_begin(&call);
    if (r == CL_SUCCESS) {
        TR_SEND(icd_session->g, CREATE_KERNEL, create_kernel, arrays, .kernel = id,
                .program = program->object.id, .slot = call.slot);
        cl_int asked = icd_ask_all(asks, count, &answers);
        r = icd_call_wait(&call);
        if (r == CL_SUCCESS)
            r = asked;
        if (r == CL_SUCCESS) {
            cl_uint count_of_args = ICD_ANSWER(&asks[0], cl_uint, 0);
            if (count_of_args > MAX_ARGS)
                r = CL_OUT_OF_RESOURCES;
            else
                f->own->arg_count = count_of_args;
            for (cl_uint i = 0; i < program->device_count; i++) {
                f->devices[i].work_group_size = ICD_ANSWER(&asks[1 + 2 * i], size_t, 0);
                if (asks[2 + 2 * i].result == CL_SUCCESS &&
                    asks[2 + 2 * i].size == sizeof f->devices[i].required)
                    memcpy(f->devices[i].required, asks[2 + 2 * i].bytes, sizeof f->devices[i].required);
            }
        }
        if (asked == CL_SUCCESS)
            free(answers);
        if (r != CL_SUCCESS)
            icd_release_id(id);
    } else {
        icd_id_free(id);
    }
    free(asks);
    return r;
}

/* ---- its parameters ---- */

enum { ASKS_PER_ARG = 3, TYPE_ROOM = 128 };

static void ask_about(struct icd_ask *asks, uint32_t kernel, cl_uint index) {
    static const cl_kernel_arg_info params[ASKS_PER_ARG] = {
        CL_KERNEL_ARG_ADDRESS_QUALIFIER, CL_KERNEL_ARG_TYPE_QUALIFIER, CL_KERNEL_ARG_TYPE_NAME};
    static const uint32_t rooms[ASKS_PER_ARG] = {sizeof(cl_uint), sizeof(cl_ulong), TYPE_ROOM};
    for (int i = 0; i < ASKS_PER_ARG; i++)
        asks[i] = (struct icd_ask){
            .query = {.what = TR_INFO_KERNEL_ARG, .object = kernel, .index = index, .param = params[i]},
            .room = rooms[i],
        };
}

static enum visa_arg_kind kind_from(const struct icd_ask *asks) {
    char type[TYPE_ROOM] = "";
    if (asks[0].result != CL_SUCCESS)
        return VISA_ARG_UNKNOWN;
    /* A name too long for its room is that of a struct: none of those that matter here is. */
    if (asks[2].result == CL_SUCCESS && asks[2].size <= TYPE_ROOM)
        snprintf(type, sizeof type, "%.*s", (int)asks[2].size, (const char *)asks[2].bytes);
    return visa_arg_kind_of(ICD_ANSWER(&asks[0], cl_kernel_arg_address_qualifier, 0),
                            ICD_ANSWER(&asks[1], cl_kernel_arg_type_qualifier, 0), type);
}

static cl_int learn_parameters(struct visa_kernel *k, uint32_t kernel) {
    void *answers;
    struct icd_ask *asks = calloc(ASKS_PER_ARG * (size_t)k->arg_count, sizeof *asks);
    if (!asks)
        return CL_OUT_OF_HOST_MEMORY;
    for (cl_uint i = 0; i < k->arg_count; i++)
        ask_about(&asks[(size_t)ASKS_PER_ARG * i], kernel, i);
    cl_int r = icd_ask_all(asks, ASKS_PER_ARG * (size_t)k->arg_count, &answers);
    if (r == CL_SUCCESS) {
        for (cl_uint i = 0; i < k->arg_count; i++)
            k->args[i].kind = kind_from(&asks[(size_t)ASKS_PER_ARG * i]);
        free(answers);
    }
    free(asks);
    return r;
}

/* SPIR-V keeps too little for the driver to answer; the guest's compiler knows. */
static void take_from_compiler(cl_program program, struct icd_function *f, const struct visa_kernel *k) {
    f->kernel = k;
    visa_kernels_free(f->own, 1);
    f->own = NULL;
    for (cl_uint d = 0; d < program->device_count; d++)
        for (int i = 0; i < 3; i++)
            f->devices[d].required[i] = k->reqd_work_group_size[i];
}

/* Its parameters, from whoever knows them. */
static cl_int describe(cl_program program, struct icd_function *f, uint32_t id) {
    const struct visa_kernel *k = icd_visa_kernel(program->visa, f->own->name);
    f->accepted = calloc((size_t)f->own->arg_count + 1, sizeof *f->accepted);
    if (!f->accepted)
        return CL_OUT_OF_HOST_MEMORY;
    if (k && k->arg_count == f->own->arg_count) {
        take_from_compiler(program, f, k);
        return CL_SUCCESS;
    }
    f->own->args = calloc((size_t)f->own->arg_count + 1, sizeof *f->own->args);
    if (!f->own->args)
        return CL_OUT_OF_HOST_MEMORY;
    return f->own->arg_count > 0 ? learn_parameters(f->own, id) : CL_SUCCESS;
}

cl_int icd_function_learn(cl_program program, const char *name, uint32_t id, struct icd_function **function) {
    struct icd_function *f = strlen(name) <= TR_MAX_KERNEL_NAME ? function_new(program, name) : NULL;
    if (!f) {
        icd_id_free(id);
        return strlen(name) > TR_MAX_KERNEL_NAME ? CL_INVALID_KERNEL_NAME : CL_OUT_OF_HOST_MEMORY;
    }
    cl_int r = create_and_ask(program, f, id);
    if (r == CL_SUCCESS) {
        r = describe(program, f, id);
        if (r != CL_SUCCESS)
            icd_release_id(id);
    }
    if (r == CL_SUCCESS)
        *function = f;
    else
        icd_functions_free(f);
    return r;
}
