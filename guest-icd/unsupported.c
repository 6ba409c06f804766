// SPDX-License-Identifier: MIT
/*
 * What this driver does not have: sharing with OpenGL and EGL. Each function returns the error that the
 * specification names for a device without the feature. UNSUPPORTED.md lists them.
 */
#include "guest-icd/api.h"
#include "guest-icd/platform/context.h"
#include "guest-icd/queue/queue.h"

static cl_int on_queue(cl_command_queue queue) {
    return icd_valid(queue, ICD_QUEUE) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

static void *on_context(cl_context context, cl_int *errcode_ret) {
    if (errcode_ret)
        *errcode_ret = icd_valid(context, ICD_CONTEXT) ? CL_INVALID_OPERATION : CL_INVALID_CONTEXT;
    return NULL;
}

/* ---- cl_khr_gl_sharing ---- */

cl_mem CL_API_CALL icd_CreateFromGLBuffer(cl_context context, cl_mem_flags flags, cl_GLuint bufobj,
                                          int *errcode_ret) {
    (void)flags, (void)bufobj;
    return on_context(context, errcode_ret);
}

cl_mem CL_API_CALL icd_CreateFromGLTexture(cl_context context, cl_mem_flags flags, cl_GLenum target,
                                           cl_GLint miplevel, cl_GLuint texture, cl_int *errcode_ret) {
    (void)flags, (void)target, (void)miplevel, (void)texture;
    return on_context(context, errcode_ret);
}

cl_mem CL_API_CALL icd_CreateFromGLTexture2D(cl_context context, cl_mem_flags flags, cl_GLenum target,
                                             cl_GLint miplevel, cl_GLuint texture, cl_int *errcode_ret) {
    (void)flags, (void)target, (void)miplevel, (void)texture;
    return on_context(context, errcode_ret);
}

cl_mem CL_API_CALL icd_CreateFromGLTexture3D(cl_context context, cl_mem_flags flags, cl_GLenum target,
                                             cl_GLint miplevel, cl_GLuint texture, cl_int *errcode_ret) {
    (void)flags, (void)target, (void)miplevel, (void)texture;
    return on_context(context, errcode_ret);
}

cl_mem CL_API_CALL icd_CreateFromGLRenderbuffer(cl_context context, cl_mem_flags flags,
                                                cl_GLuint renderbuffer, cl_int *errcode_ret) {
    (void)flags, (void)renderbuffer;
    return on_context(context, errcode_ret);
}

cl_int CL_API_CALL icd_GetGLObjectInfo(cl_mem memobj, cl_gl_object_type *gl_object_type,
                                       cl_GLuint *gl_object_name) {
    (void)gl_object_type, (void)gl_object_name;
    return icd_valid(memobj, ICD_MEM) ? CL_INVALID_GL_OBJECT : CL_INVALID_MEM_OBJECT;
}

cl_int CL_API_CALL icd_GetGLTextureInfo(cl_mem memobj, cl_gl_texture_info param_name, size_t param_value_size,
                                        void *param_value, size_t *param_value_size_ret) {
    (void)param_name, (void)param_value_size, (void)param_value, (void)param_value_size_ret;
    return icd_valid(memobj, ICD_MEM) ? CL_INVALID_GL_OBJECT : CL_INVALID_MEM_OBJECT;
}

cl_int CL_API_CALL icd_EnqueueAcquireGLObjects(cl_command_queue command_queue, cl_uint num_objects,
                                               const cl_mem *mem_objects, cl_uint num_events_in_wait_list,
                                               const cl_event *event_wait_list, cl_event *event) {
    (void)num_objects, (void)mem_objects, (void)num_events_in_wait_list, (void)event_wait_list, (void)event;
    return on_queue(command_queue);
}

cl_int CL_API_CALL icd_EnqueueReleaseGLObjects(cl_command_queue command_queue, cl_uint num_objects,
                                               const cl_mem *mem_objects, cl_uint num_events_in_wait_list,
                                               const cl_event *event_wait_list, cl_event *event) {
    (void)num_objects, (void)mem_objects, (void)num_events_in_wait_list, (void)event_wait_list, (void)event;
    return on_queue(command_queue);
}

cl_int CL_API_CALL icd_GetGLContextInfoKHR(const cl_context_properties *properties,
                                           cl_gl_context_info param_name, size_t param_value_size,
                                           void *param_value, size_t *param_value_size_ret) {
    (void)properties, (void)param_name, (void)param_value_size, (void)param_value, (void)param_value_size_ret;
    return CL_INVALID_OPERATION;
}

cl_event CL_API_CALL icd_CreateEventFromGLsyncKHR(cl_context context, cl_GLsync sync, cl_int *errcode_ret) {
    (void)sync;
    return on_context(context, errcode_ret);
}

/* ---- cl_khr_egl_image, cl_khr_egl_event ---- */

cl_mem CL_API_CALL icd_CreateFromEGLImageKHR(cl_context context, CLeglDisplayKHR display, CLeglImageKHR image,
                                             cl_mem_flags flags,
                                             const cl_egl_image_properties_khr *properties,
                                             cl_int *errcode_ret) {
    (void)display, (void)image, (void)flags, (void)properties;
    return on_context(context, errcode_ret);
}

cl_int CL_API_CALL icd_EnqueueAcquireEGLObjectsKHR(cl_command_queue command_queue, cl_uint num_objects,
                                                   const cl_mem *mem_objects, cl_uint num_events_in_wait_list,
                                                   const cl_event *event_wait_list, cl_event *event) {
    (void)num_objects, (void)mem_objects, (void)num_events_in_wait_list, (void)event_wait_list, (void)event;
    return on_queue(command_queue);
}

cl_int CL_API_CALL icd_EnqueueReleaseEGLObjectsKHR(cl_command_queue command_queue, cl_uint num_objects,
                                                   const cl_mem *mem_objects, cl_uint num_events_in_wait_list,
                                                   const cl_event *event_wait_list, cl_event *event) {
    (void)num_objects, (void)mem_objects, (void)num_events_in_wait_list, (void)event_wait_list, (void)event;
    return on_queue(command_queue);
}

cl_event CL_API_CALL icd_CreateEventFromEGLSyncKHR(cl_context context, CLeglSyncKHR sync,
                                                   CLeglDisplayKHR display, cl_int *errcode_ret) {
    (void)sync, (void)display;
    return on_context(context, errcode_ret);
}
