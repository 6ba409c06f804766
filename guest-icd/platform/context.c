// SPDX-License-Identifier: MIT
/*
 * Contexts.
 */
#include "guest-icd/platform/context.h"

#include "guest-icd/api.h"
#include "guest-icd/reclaim/destructors.h"
#include "guest-icd/reclaim/limbo.h"
#include "guest-icd/session/session.h"

bool icd_context_has_device(cl_context context, cl_device_id device) {
    for (cl_uint i = 0; i < context->device_count; i++)
        if (context->devices[i] == device)
            return true;
    return false;
}

/* ---- life ---- */

static void call_destructor(icd_notify notify, void *context, void *user_data) {
    ((void(CL_CALLBACK *)(cl_context, void *))notify)(context, user_data);
}

static void destroy(cl_context c) {
    icd_destructors_call(&c->ledger.destructors, call_destructor, c);
    c->object.magic = 0;
    icd_release_id(c->object.id);
    for (cl_uint i = 0; i < c->device_count; i++)
        icd_device_release(c->devices[i]);
    icd_ledger_destroy(&c->ledger);
    free(c->devices);
    free(c->properties);
    free(c);
}

void icd_context_unref(cl_context context) {
    if (context && icd_unref_is_last(context))
        destroy(context);
}

cl_int CL_API_CALL icd_RetainContext(cl_context context) {
    if (!icd_valid(context, ICD_CONTEXT))
        return CL_INVALID_CONTEXT;
    icd_app_retain(context);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_ReleaseContext(cl_context context) {
    if (!icd_held(context, ICD_CONTEXT))
        return CL_INVALID_CONTEXT;
    if (icd_app_release_is_last(context)) {
        icd_limbo_close(&context->ledger);
        icd_context_unref(context);
    }
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_SetContextDestructorCallback(cl_context context,
                                                    void(CL_CALLBACK *pfn_notify)(cl_context, void *),
                                                    void *user_data) {
    if (!icd_valid(context, ICD_CONTEXT))
        return CL_INVALID_CONTEXT;
    if (!pfn_notify)
        return CL_INVALID_VALUE;
    return icd_destructor_add(&context->ledger.destructors, &context->ledger.lock, (icd_notify)pfn_notify,
                              user_data);
}

/* ---- making one ---- */

/* Checks the list and finds CL_CONTEXT_PLATFORM in it; *count is its length with the final 0, or 0 for NULL.
 */
static cl_int check_properties(const cl_context_properties *properties, cl_platform_id *platform,
                               size_t *count) {
    bool has_platform = false, has_sync = false;
    size_t n = 0;
    *platform = NULL;
    for (; properties && properties[n]; n += 2) {
        cl_context_properties value = properties[n + 1];
        switch (properties[n]) {
        case CL_CONTEXT_PLATFORM:
            if (has_platform)
                return CL_INVALID_PROPERTY;
            has_platform = true;
            if (value == 0 || !(*platform = icd_platform_of((cl_platform_id)value)))
                return CL_INVALID_PLATFORM;
            break;
        case CL_CONTEXT_INTEROP_USER_SYNC:
            if (has_sync || (value != CL_TRUE && value != CL_FALSE))
                return CL_INVALID_PROPERTY;
            has_sync = true;
            break;
        default:
            return CL_INVALID_PROPERTY;
        }
    }
    *count = properties ? n + 1 : 0;
    return CL_SUCCESS;
}

/* Fills in devices without duplicates, the platform and whether memory is shared. */
static cl_int take_devices(cl_context c, cl_uint num_devices, const cl_device_id *devices) {
    c->devices = calloc(num_devices, sizeof *c->devices);
    if (!c->devices)
        return CL_OUT_OF_HOST_MEMORY;
    c->shares = true;
    for (cl_uint i = 0; i < num_devices; i++) {
        if (i > 0 && icd_context_has_device(c, devices[i]))
            continue;
        c->devices[c->device_count++] = devices[i];
        icd_device_retain(devices[i]);
        c->shares = c->shares && devices[i]->shares;
    }
    c->platform = devices[0]->platform;
    return CL_SUCCESS;
}

static cl_int create_on_host(cl_context c) {
    struct icd_call call;
    uint32_t numbers[256];
    struct tr_array arrays[] = {{numbers, c->device_count}};
    if (c->device_count > sizeof numbers / sizeof numbers[0])
        return CL_OUT_OF_RESOURCES;
    for (cl_uint i = 0; i < c->device_count; i++)
        numbers[i] = c->devices[i]->number;
    uint32_t id = icd_id_alloc();
    if (id == 0)
        return icd_id_error();
    cl_int r = icd_call_begin(&call);
    if (r == CL_SUCCESS) {
        TR_SEND(icd_session->g, CREATE_CONTEXT, create_context, arrays, .context = id, .slot = call.slot);
        r = icd_call_wait(&call);
        if (r == CL_SUCCESS)
            c->object.id = id;
        else
            icd_release_id(id);
        return r;
    }
    icd_id_free(id);
    return r;
}

static cl_int create(const cl_context_properties *properties, size_t property_count, cl_uint num_devices,
                     const cl_device_id *devices, cl_context *out) {
    cl_int r = icd_session_need();
    if (r != CL_SUCCESS)
        return r;
    atomic_store(&icd_session_used, true);
    cl_context c = calloc(1, sizeof *c);
    if (!c)
        return CL_OUT_OF_HOST_MEMORY;
    icd_object_init(&c->object, ICD_CONTEXT, 0);
    icd_ledger_init(&c->ledger, c);
    r = take_devices(c, num_devices, devices);
    if (r == CL_SUCCESS && property_count > 0) {
        c->properties = malloc(property_count * sizeof *c->properties);
        if (c->properties)
            memcpy(c->properties, properties, property_count * sizeof *c->properties);
        else
            r = CL_OUT_OF_HOST_MEMORY;
        c->property_count = property_count;
    }
    if (r == CL_SUCCESS)
        r = create_on_host(c);
    if (r == CL_SUCCESS)
        *out = c;
    else
        destroy(c);
    return r;
}

static cl_int create_checked(const cl_context_properties *properties, cl_uint num_devices,
                             const cl_device_id *devices, bool callback_ok, cl_context *context) {
    cl_platform_id platform;
    size_t property_count;
    cl_int r = check_properties(properties, &platform, &property_count);
    if (r != CL_SUCCESS)
        return r;
    if (!devices || num_devices == 0 || !callback_ok)
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < num_devices; i++) {
        if (!icd_valid(devices[i], ICD_DEVICE))
            return CL_INVALID_DEVICE;
        if (devices[i]->platform != (platform ? platform : devices[0]->platform))
            return CL_INVALID_DEVICE;
    }
    return create(properties, property_count, num_devices, devices, context);
}

/*
 * pfn_notify is where a driver may tell of errors that no call can return. This one has none: a lost device
 * is told on stderr, and by every call.
 */
cl_context CL_API_CALL icd_CreateContext(const cl_context_properties *properties, cl_uint num_devices,
                                         const cl_device_id *devices,
                                         void(CL_CALLBACK *pfn_notify)(const char *, const void *, size_t,
                                                                       void *),
                                         void *user_data, cl_int *errcode_ret) {
    cl_context context = NULL;
    cl_int r = create_checked(properties, num_devices, devices, pfn_notify || !user_data, &context);
    if (errcode_ret)
        *errcode_ret = r;
    return context;
}

static cl_int create_from_type(const cl_context_properties *properties, cl_device_type type, bool callback_ok,
                               cl_context *context) {
    cl_platform_id platform;
    size_t property_count;
    cl_uint count;
    cl_int r = check_properties(properties, &platform, &property_count);
    if (r != CL_SUCCESS)
        return r;
    if (!callback_ok)
        return CL_INVALID_VALUE;
    if (!platform && !(platform = icd_platform_of(NULL)))
        return CL_INVALID_PLATFORM;
    cl_device_id *devices = malloc(platform->device_count * sizeof *devices);
    if (!devices)
        return CL_OUT_OF_HOST_MEMORY;
    r = icd_devices_of_type(platform, type, platform->device_count, devices, &count);
    if (r == CL_SUCCESS)
        r = create(properties, property_count, count, devices, context);
    free(devices);
    return r;
}

cl_context CL_API_CALL icd_CreateContextFromType(const cl_context_properties *properties,
                                                 cl_device_type device_type,
                                                 void(CL_CALLBACK *pfn_notify)(const char *, const void *,
                                                                               size_t, void *),
                                                 void *user_data, cl_int *errcode_ret) {
    cl_context context = NULL;
    cl_int r = create_from_type(properties, device_type, pfn_notify || !user_data, &context);
    if (errcode_ret)
        *errcode_ret = r;
    return context;
}

/* ---- info ---- */

cl_int CL_API_CALL icd_GetContextInfo(cl_context context, cl_context_info param_name, size_t param_value_size,
                                      void *param_value, size_t *param_value_size_ret) {
    if (!icd_valid(context, ICD_CONTEXT))
        return CL_INVALID_CONTEXT;
    switch (param_name) {
    case CL_CONTEXT_REFERENCE_COUNT:
        return ICD_INFO_VALUE(cl_uint, atomic_load(&context->object.refs));
    case CL_CONTEXT_NUM_DEVICES:
        return ICD_INFO_VALUE(cl_uint, context->device_count);
    case CL_CONTEXT_DEVICES:
        return icd_info(context->devices, context->device_count * sizeof *context->devices, param_value_size,
                        param_value, param_value_size_ret);
    case CL_CONTEXT_PROPERTIES:
        return icd_info(context->properties, context->property_count * sizeof *context->properties,
                        param_value_size, param_value, param_value_size_ret);
    default:
        return CL_INVALID_VALUE;
    }
}
