// SPDX-License-Identifier: MIT
#include "guest-icd/memory/sampler.h"

#include "guest-icd/api.h"
#include "guest-icd/session/session.h"

static void destroy(cl_sampler s) {
    s->object.magic = 0;
    icd_release_id(s->object.id);
    icd_context_unref(s->context);
    icd_weak_unref(s);
}

void icd_sampler_unref(cl_sampler sampler) {
    if (sampler && icd_unref_is_last(sampler))
        destroy(sampler);
}

cl_int CL_API_CALL icd_RetainSampler(cl_sampler sampler) {
    if (!icd_valid(sampler, ICD_SAMPLER))
        return CL_INVALID_SAMPLER;
    icd_app_retain(sampler);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_ReleaseSampler(cl_sampler sampler) {
    if (!icd_held(sampler, ICD_SAMPLER))
        return CL_INVALID_SAMPLER;
    icd_sampler_release(sampler);
    return CL_SUCCESS;
}

static bool values_ok(const struct _cl_sampler *s) {
    return (s->normalized == CL_TRUE || s->normalized == CL_FALSE) && s->addressing >= CL_ADDRESS_NONE &&
           s->addressing <= CL_ADDRESS_MIRRORED_REPEAT &&
           (s->filter == CL_FILTER_NEAREST || s->filter == CL_FILTER_LINEAR);
}

static cl_int create_on_host(cl_sampler s) {
    struct icd_call call;
    uint32_t id = icd_id_alloc();
    if (id == 0)
        return icd_id_error();
    cl_int r = icd_call_begin(&call);
    if (r != CL_SUCCESS) {
        icd_id_free(id);
        return r;
    }
    TR_SEND(icd_session->g, CREATE_SAMPLER, create_sampler, NULL, .sampler = id,
            .context = s->context->object.id, .slot = call.slot, .normalized = s->normalized,
            .addressing = s->addressing, .filter = s->filter);
    r = icd_call_wait(&call);
    if (r == CL_SUCCESS)
        s->object.id = id;
    else
        icd_release_id(id);
    return r;
}

static cl_sampler create(cl_context context, const struct _cl_sampler *wanted, cl_int *r) {
    bool images = false;
    for (cl_uint i = 0; i < context->device_count; i++)
        images = images || context->devices[i]->limits.image_support;
    if (!images) {
        *r = CL_INVALID_OPERATION;
        return NULL;
    }
    cl_sampler s = malloc(sizeof *s);
    if (!s) {
        *r = CL_OUT_OF_HOST_MEMORY;
        return NULL;
    }
    *s = *wanted;
    icd_object_init(&s->object, ICD_SAMPLER, 0);
    s->context = context;
    icd_ref(context);
    *r = create_on_host(s);
    if (*r != CL_SUCCESS) {
        destroy(s);
        return NULL;
    }
    return s;
}

/* Reads the property list into *s. */
static cl_int read_properties(const cl_sampler_properties *p, struct _cl_sampler *s) {
    bool seen[3] = {false, false, false};
    size_t n = 0;
    for (; p && p[n]; n += 2) {
        cl_sampler_properties value = p[n + 1];
        unsigned which = (unsigned)(p[n] - CL_SAMPLER_NORMALIZED_COORDS); /* the three follow each other */
        if (p[n] < CL_SAMPLER_NORMALIZED_COORDS || which > 2 || seen[which] || value > UINT32_MAX)
            return CL_INVALID_VALUE;
        seen[which] = true;
        if (which == 0)
            s->normalized = (cl_bool)value;
        else if (which == 1)
            s->addressing = (cl_addressing_mode)value;
        else
            s->filter = (cl_filter_mode)value;
        s->properties[n] = p[n];
        s->properties[n + 1] = value;
    }
    s->properties[n] = 0;
    s->property_count = p ? n + 1 : 0;
    return values_ok(s) ? CL_SUCCESS : CL_INVALID_VALUE;
}

cl_sampler CL_API_CALL icd_CreateSamplerWithProperties(cl_context context,
                                                       const cl_sampler_properties *sampler_properties,
                                                       cl_int *errcode_ret) {
    struct _cl_sampler wanted = {
        .normalized = CL_TRUE, .addressing = CL_ADDRESS_CLAMP, .filter = CL_FILTER_NEAREST};
    cl_sampler s = NULL;
    cl_int r =
        icd_valid(context, ICD_CONTEXT) ? read_properties(sampler_properties, &wanted) : CL_INVALID_CONTEXT;
    if (r == CL_SUCCESS)
        s = create(context, &wanted, &r);
    if (errcode_ret)
        *errcode_ret = r;
    return s;
}

cl_sampler CL_API_CALL icd_CreateSampler(cl_context context, cl_bool normalized_coords,
                                         cl_addressing_mode addressing_mode, cl_filter_mode filter_mode,
                                         cl_int *errcode_ret) {
    struct _cl_sampler wanted = {
        .normalized = normalized_coords, .addressing = addressing_mode, .filter = filter_mode};
    cl_sampler s = NULL;
    cl_int r = CL_SUCCESS;
    if (!icd_valid(context, ICD_CONTEXT))
        r = CL_INVALID_CONTEXT;
    else if (!values_ok(&wanted))
        r = CL_INVALID_VALUE;
    else
        s = create(context, &wanted, &r);
    if (errcode_ret)
        *errcode_ret = r;
    return s;
}

cl_int CL_API_CALL icd_GetSamplerInfo(cl_sampler sampler, cl_sampler_info param_name, size_t param_value_size,
                                      void *param_value, size_t *param_value_size_ret) {
    if (!icd_valid(sampler, ICD_SAMPLER))
        return CL_INVALID_SAMPLER;
    switch (param_name) {
    case CL_SAMPLER_REFERENCE_COUNT:
        return ICD_INFO_VALUE(cl_uint, atomic_load(&sampler->object.refs));
    case CL_SAMPLER_CONTEXT:
        return ICD_INFO_VALUE(cl_context, sampler->context);
    case CL_SAMPLER_NORMALIZED_COORDS:
        return ICD_INFO_VALUE(cl_bool, sampler->normalized);
    case CL_SAMPLER_ADDRESSING_MODE:
        return ICD_INFO_VALUE(cl_addressing_mode, sampler->addressing);
    case CL_SAMPLER_FILTER_MODE:
        return ICD_INFO_VALUE(cl_filter_mode, sampler->filter);
    case CL_SAMPLER_PROPERTIES:
        return icd_info(sampler->properties, sampler->property_count * sizeof sampler->properties[0],
                        param_value_size, param_value, param_value_size_ret);
    default:
        return CL_INVALID_VALUE;
    }
}
