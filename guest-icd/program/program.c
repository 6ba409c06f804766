// SPDX-License-Identifier: MIT
/*
 * Programs: making, keeping and destroying them.
 */
#include "guest-icd/program/program.h"
#include "guest-icd/session/debug.h"

#include "guest-icd/api.h"
#include "guest-icd/program/function.h"
#include "guest-icd/program/visa.h"
#include "guest-icd/session/pool.h"

/* A command has room for this much of a program; a longer one goes through shared memory. */
enum { INLINE_MAX = 24 << 10 };

/* ---- life ---- */

cl_program icd_program_new(cl_context context, enum tr_ir ir, cl_uint device_count,
                           const cl_device_id *devices) {
    cl_program p = calloc(1, sizeof *p);
    if (!devices) {
        device_count = context->device_count;
        devices = context->devices;
    }
    if (!p || !(p->devices = calloc(device_count, sizeof *p->devices))) {
        free(p);
        return NULL;
    }
    icd_object_init(&p->object, ICD_PROGRAM, 0);
    svga_lock_init(&p->lock, ICD_LOCK_PROGRAM);
    pthread_cond_init(&p->built, NULL);
    p->context = context;
    icd_ref(context);
    p->ir = ir;
    p->device_count = device_count;
    for (cl_uint i = 0; i < device_count; i++)
        p->devices[i] =
            (struct icd_program_device){.device = devices[i], .status = CL_BUILD_NONE, .told_size = SIZE_MAX};
    return p;
}

bool icd_program_is_executable(cl_program p) {
    bool yes = false;
    while (p->building && svga_lock_wait(&p->built, &p->lock))
        ;
    for (cl_uint i = 0; i < p->device_count; i++)
        yes = yes || (p->devices[i].status == CL_BUILD_SUCCESS &&
                      p->devices[i].type == CL_PROGRAM_BINARY_TYPE_EXECUTABLE);
    return yes;
}

void icd_program_forget(cl_program p) {
    icd_functions_free(p->functions);
    p->functions = NULL;
}

static void destroy(cl_program p) {
    p->object.magic = 0;
    icd_release_id(p->object.id);
    icd_program_forget(p);
    icd_visa_free(p->visa);
    for (cl_uint i = 0; i < p->device_count; i++) {
        free(p->devices[i].options);
        free(p->devices[i].log);
    }
    free(p->devices);
    free(p->source);
    free(p->text);
    free(p->il);
    pthread_cond_destroy(&p->built);
    svga_lock_destroy(&p->lock);
    icd_context_unref(p->context);
    free(p);
}

void icd_program_unref(cl_program program) {
    if (program && icd_unref_is_last(program))
        destroy(program);
}

cl_int CL_API_CALL icd_RetainProgram(cl_program program) {
    if (!icd_valid(program, ICD_PROGRAM))
        return CL_INVALID_PROGRAM;
    icd_app_retain(program);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_ReleaseProgram(cl_program program) {
    if (!icd_held(program, ICD_PROGRAM))
        return CL_INVALID_PROGRAM;
    icd_program_release(program);
    return CL_SUCCESS;
}

struct icd_program_device *icd_program_device(cl_program program, cl_device_id device) {
    for (cl_uint i = 0; i < program->device_count; i++)
        if (program->devices[i].device == device)
            return &program->devices[i];
    return NULL;
}

cl_int icd_program_check_devices(cl_program program, cl_uint count, const cl_device_id *list) {
    if ((count == 0) != (list == NULL))
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < count; i++)
        if (!icd_valid(list[i], ICD_DEVICE) || !icd_program_device(program, list[i]))
            return CL_INVALID_DEVICE;
    return CL_SUCCESS;
}

/* ---- the host's program ---- */

/* Sends CREATE_PROGRAM with the bytes in shared memory and waits. `statuses` (NULL: none) gets one number per
 * device. */
static cl_int create_far(uint32_t id, cl_program p, const struct icd_payload *payload) {
    struct icd_block block;
    struct icd_call call;
    uint64_t status_at = (payload->size + 7) & ~(size_t)7;
    uint32_t *numbers = malloc(payload->device_count * sizeof *numbers + 1);
    uint64_t *lengths = malloc(payload->device_count * sizeof *lengths + 1);
    struct tr_array arrays[] = {
        {numbers, payload->device_count},
        {lengths, payload->lengths ? payload->device_count : 0},
        {NULL, 0},
    };
    uint64_t status_size = payload->lengths ? payload->device_count * sizeof(cl_int) : 0;
    cl_int r = numbers && lengths ? icd_pool_alloc(status_at + status_size, &block) : CL_OUT_OF_HOST_MEMORY;
    if (r == CL_SUCCESS) {
        memcpy(block.ptr, payload->bytes, payload->size);
        for (cl_uint i = 0; i < payload->device_count; i++) {
            numbers[i] = payload->devices[i]->number;
            lengths[i] = payload->lengths ? payload->lengths[i] : 0;
        }
        r = icd_call_begin(&call);
        if (r == CL_SUCCESS) {
            TR_SEND(icd_session->g, CREATE_PROGRAM, create_program, arrays, .program = id,
                    .context = p->context->object.id, .slot = call.slot, .ir = p->ir,
                    .far = icd_block_span(&block, 0, payload->size),
                    .out = icd_block_span(&block, status_at, status_size));
            r = icd_call_wait(&call);
        }
        if (payload->statuses && status_size > 0 && !svga_guest_lost(icd_session->g))
            memcpy(payload->statuses, (char *)block.ptr + status_at, status_size);
        if (!svga_guest_lost(icd_session->g))
            icd_pool_free(&block);
    }
    free(numbers);
    free(lengths);
    return r;
}

static cl_int create_inline(uint32_t id, cl_program p, const char *text, size_t size) {
    struct tr_array arrays[] = {{NULL, 0}, {NULL, 0}, {text, (uint32_t)size}};
    bool sent = TR_SEND(icd_session->g, CREATE_PROGRAM, create_program, arrays, .program = id,
                        .context = p->context->object.id, .slot = TR_NO_SLOT, .ir = p->ir);
    return sent ? CL_SUCCESS : icd_session_error();
}

cl_int icd_program_create_on_host(cl_program p, const struct icd_payload *payload) {
    uint32_t id = icd_id_alloc();
    if (id == 0)
        return icd_id_error();
    cl_int r = create_far(id, p, payload);
    if (r == CL_SUCCESS)
        p->object.id = id;
    else
        icd_release_id(id);
    return r;
}

cl_int icd_program_ship(cl_program p, const char *text, size_t size) {
    const char *old = p->text ? p->text : p->source;
    size_t old_size = p->text ? p->text_size : p->source_size;
    if (p->object.id != 0 && old_size == size && memcmp(old, text, size) == 0)
        return CL_SUCCESS;

    char *copy = NULL;
    if (size != p->source_size || memcmp(text, p->source, size) != 0) {
        copy = malloc(size + 1);
        if (!copy)
            return CL_OUT_OF_HOST_MEMORY;
        memcpy(copy, text, size);
    }
    uint32_t id = icd_id_alloc();
    cl_int r = icd_id_error();
    if (id != 0)
        r = size <= INLINE_MAX ? create_inline(id, p, text, size)
                               : create_far(id, p, &(struct icd_payload){.bytes = text, .size = size});
    if (r != CL_SUCCESS) {
        icd_release_id(id);
        free(copy);
        return r;
    }
    icd_release_id(p->object.id);
    p->object.id = id;
    free(p->text);
    p->text = copy;
    p->text_size = size;
    return CL_SUCCESS;
}

/* ---- making one ---- */

/* All strings joined, NUL-terminated. */
static cl_int join(cl_uint count, const char **strings, const size_t *lengths, char **source, size_t *size) {
    size_t total = 0;
    if (count == 0 || !strings)
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < count; i++) {
        if (!strings[i])
            return CL_INVALID_VALUE;
        total += lengths && lengths[i] ? lengths[i] : strlen(strings[i]);
    }
    char *end = *source = malloc(total + 1);
    if (!end)
        return CL_OUT_OF_HOST_MEMORY;
    for (cl_uint i = 0; i < count; i++) {
        size_t n = lengths && lengths[i] ? lengths[i] : strlen(strings[i]);
        memcpy(end, strings[i], n);
        end += n;
    }
    *end = '\0';
    *size = total;
    return CL_SUCCESS;
}

/* Hands the result of a create function over: the program if r is CL_SUCCESS, else destroys what there is of
 * it. */
static cl_program finish(cl_program p, cl_int r, cl_int *errcode_ret) {
    if (errcode_ret)
        *errcode_ret = r;
    if (r == CL_SUCCESS)
        return p;
    icd_program_unref(p);
    return NULL;
}

cl_program CL_API_CALL icd_CreateProgramWithSource(cl_context context, cl_uint count, const char **strings,
                                                   const size_t *lengths, cl_int *errcode_ret) {
    char *source = NULL;
    size_t size = 0;
    cl_program p = NULL;
    cl_int r =
        icd_valid(context, ICD_CONTEXT) ? join(count, strings, lengths, &source, &size) : CL_INVALID_CONTEXT;
    if (r == CL_SUCCESS) {
        p = icd_program_new(context, icd_session->settings.spirv ? TR_IR_SPIRV : TR_IR_SOURCE, 0, NULL);
        if (p) {
            p->source = source;
            p->source_size = size;
        } else {
            free(source);
            r = CL_OUT_OF_HOST_MEMORY;
        }
    }
    return finish(p, r, errcode_ret);
}

static cl_int check_context_devices(cl_context context, cl_uint count, const cl_device_id *devices) {
    if (count == 0 || !devices)
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < count; i++)
        if (!icd_valid(devices[i], ICD_DEVICE) || !icd_context_has_device(context, devices[i]))
            return CL_INVALID_DEVICE;
    return CL_SUCCESS;
}

/* Joins the binaries and makes the program of them. */
static cl_int load_binaries(cl_program p, cl_uint count, const cl_device_id *devices, const size_t *lengths,
                            const unsigned char **binaries, cl_int *statuses) {
    size_t total = 0;
    for (cl_uint i = 0; i < count; i++)
        total += lengths[i];
    unsigned char *joined = malloc(total + 1), *end = joined;
    if (!joined)
        return CL_OUT_OF_HOST_MEMORY;
    for (cl_uint i = 0; i < count; i++) {
        memcpy(end, binaries[i], lengths[i]);
        end += lengths[i];
    }
    cl_int r = icd_program_create_on_host(p, &(struct icd_payload){.bytes = joined,
                                                                   .size = total,
                                                                   .device_count = count,
                                                                   .devices = devices,
                                                                   .lengths = lengths,
                                                                   .statuses = statuses});
    free(joined);
    if (r == CL_INVALID_BINARY)
        return icd_fail(r, "the host takes only binaries that it made itself for this user or VM, with the "
                           "driver that it has now: build from source");
    return r;
}

cl_program CL_API_CALL icd_CreateProgramWithBinary(cl_context context, cl_uint num_devices,
                                                   const cl_device_id *device_list, const size_t *lengths,
                                                   const unsigned char **binaries, cl_int *binary_status,
                                                   cl_int *errcode_ret) {
    cl_program p = NULL;
    cl_int r = icd_valid(context, ICD_CONTEXT) ? check_context_devices(context, num_devices, device_list)
                                               : CL_INVALID_CONTEXT;
    if (r == CL_SUCCESS && (!lengths || !binaries))
        r = CL_INVALID_VALUE;
    for (cl_uint i = 0; r == CL_SUCCESS && i < num_devices; i++)
        if (lengths[i] == 0 || !binaries[i]) {
            r = CL_INVALID_VALUE;
            if (binary_status)
                binary_status[i] = CL_INVALID_VALUE;
        }
    if (r == CL_SUCCESS && !(p = icd_program_new(context, TR_IR_BINARY, num_devices, device_list)))
        r = CL_OUT_OF_HOST_MEMORY;
    if (r == CL_SUCCESS && icd_visa_is_object(binaries[0], lengths[0])) {
        r = icd_visa_load_object(p, binaries[0], lengths[0]);
        for (cl_uint i = 0; r == CL_SUCCESS && i < p->device_count; i++)
            p->devices[i].type = icd_visa_object_type(p->visa);
        for (cl_uint i = 0; binary_status && i < num_devices; i++)
            binary_status[i] = r;
    } else if (r == CL_SUCCESS) {
        r = load_binaries(p, num_devices, device_list, lengths, binaries, binary_status);
    }
    return finish(p, r, errcode_ret);
}

cl_program CL_API_CALL icd_CreateProgramWithBuiltInKernels(cl_context context, cl_uint num_devices,
                                                           const cl_device_id *device_list,
                                                           const char *kernel_names, cl_int *errcode_ret) {
    cl_program p = NULL;
    cl_int r = icd_valid(context, ICD_CONTEXT) ? check_context_devices(context, num_devices, device_list)
                                               : CL_INVALID_CONTEXT;
    if (r == CL_SUCCESS && (!kernel_names || !*kernel_names))
        r = CL_INVALID_VALUE;
    if (r == CL_SUCCESS && !(p = icd_program_new(context, TR_IR_BUILTIN, num_devices, device_list)))
        r = CL_OUT_OF_HOST_MEMORY;
    if (r == CL_SUCCESS)
        r = icd_program_create_on_host(p, &(struct icd_payload){.bytes = kernel_names,
                                                                .size = strlen(kernel_names),
                                                                .device_count = num_devices,
                                                                .devices = device_list});
    if (r == CL_SUCCESS)
        p->arg_info = true;
    for (cl_uint i = 0; r == CL_SUCCESS && i < num_devices; i++) { /* needs no build */
        p->devices[i].status = CL_BUILD_SUCCESS;
        p->devices[i].type = CL_PROGRAM_BINARY_TYPE_EXECUTABLE;
    }
    return finish(p, r, errcode_ret);
}

static bool takes_il(cl_context context) {
    size_t size = 0;
    for (cl_uint i = 0; i < context->device_count; i++)
        if (icd_device_info(context->devices[i], CL_DEVICE_IL_VERSION, 0, NULL, &size) == CL_SUCCESS &&
            size > 1)
            return true;
    return false;
}

cl_program CL_API_CALL icd_CreateProgramWithIL(cl_context context, const void *il, size_t length,
                                               cl_int *errcode_ret) {
    cl_program p = NULL;
    cl_int r = CL_SUCCESS;
    if (!icd_valid(context, ICD_CONTEXT))
        r = CL_INVALID_CONTEXT;
    else if (!takes_il(context))
        r = CL_INVALID_OPERATION;
    else if (!il || length == 0)
        r = CL_INVALID_VALUE;
    else if (!(p = icd_program_new(context, TR_IR_IL, 0, NULL)) || !(p->il = malloc(length)))
        r = CL_OUT_OF_HOST_MEMORY;
    if (r == CL_SUCCESS) {
        memcpy(p->il, il, length);
        p->il_size = length;
        r = icd_program_create_on_host(p, &(struct icd_payload){.bytes = il, .size = length});
    }
    return finish(p, r, errcode_ret);
}

cl_int CL_API_CALL icd_SetProgramReleaseCallback(cl_program program,
                                                 void(CL_CALLBACK *pfn_notify)(cl_program, void *),
                                                 void *user_data) {
    (void)pfn_notify, (void)user_data;
    if (!icd_valid(program, ICD_PROGRAM))
        return CL_INVALID_PROGRAM;
    return CL_INVALID_OPERATION; /* no program has global destructors */
}

cl_int CL_API_CALL icd_SetProgramSpecializationConstant(cl_program program, cl_uint spec_id, size_t spec_size,
                                                        const void *spec_value) {
    struct icd_call call;
    struct tr_array arrays[] = {{spec_value, (uint32_t)spec_size}};
    if (!icd_valid(program, ICD_PROGRAM))
        return CL_INVALID_PROGRAM;
    if (!takes_il(program->context))
        return CL_INVALID_OPERATION;
    if (program->ir != TR_IR_IL)
        return CL_INVALID_PROGRAM;
    if (!spec_value || spec_size == 0 || spec_size > sizeof(cl_ulong))
        return CL_INVALID_VALUE;
    cl_int r = icd_call_begin(&call);
    if (r != CL_SUCCESS)
        return r;
    TR_SEND(icd_session->g, SET_SPECIALIZATION, set_specialization, arrays, .program = program->object.id,
            .spec_id = spec_id, .slot = call.slot);
    return icd_call_wait(&call);
}
