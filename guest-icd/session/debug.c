// SPDX-License-Identifier: MIT
#include "guest-icd/session/debug.h"

#include <CL/cl_ext.h>
#include <CL/cl_gl.h>
#include <stdarg.h>
#include <stdio.h>

#include "guest-icd/session/session.h"

static const struct {
    cl_int code;
    const char *name, *meaning;
} names[] = {
#define NAME(code, meaning)                                                                                  \
    { code, #code, meaning }
    NAME(CL_DEVICE_NOT_FOUND, "there is no device of that type"),
    NAME(CL_DEVICE_NOT_AVAILABLE, "the device is lost, or this is a child of fork()"),
    NAME(CL_COMPILER_NOT_AVAILABLE, "the device has no compiler"),
    NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE, "there is no memory for it that guest and host can share"),
    NAME(CL_OUT_OF_RESOURCES,
         "the host or its driver has no room for it, or an object of it could not be made there"),
    NAME(CL_OUT_OF_HOST_MEMORY, "this process has no memory for it"),
    NAME(CL_BUILD_PROGRAM_FAILURE, "the program does not compile: see its build log"),
    NAME(CL_MISALIGNED_SUB_BUFFER_OFFSET,
         "a sub-buffer starts where the device cannot use it (CL_DEVICE_MEM_BASE_ADDR_ALIGN)"),
    NAME(CL_COMPILE_PROGRAM_FAILURE, "the program does not compile: see its build log"),
    NAME(CL_LINKER_NOT_AVAILABLE, "the device has no linker"),
    NAME(CL_LINK_PROGRAM_FAILURE, "the programs do not link: see the build log"),
    NAME(CL_INVALID_VALUE, "a value is out of its range, not known, or a pointer is NULL that must not be, "
                           "or not where it must be"),
    NAME(CL_INVALID_DEVICE_TYPE, "the type names no kind of device"),
    NAME(CL_INVALID_PLATFORM, "no platform of this driver"),
    NAME(CL_INVALID_DEVICE, "no device of this driver, or not one of the object it is used with"),
    NAME(CL_INVALID_CONTEXT, "no context, or objects of different contexts"),
    NAME(CL_INVALID_QUEUE_PROPERTIES, "the device has no such queues"),
    NAME(CL_INVALID_COMMAND_QUEUE, "no command queue, or a released one"),
    NAME(CL_INVALID_MEM_OBJECT, "no memory object of the kind that is wanted, or a released one"),
    NAME(CL_INVALID_IMAGE_SIZE, "the device has no images of that size"),
    NAME(CL_INVALID_SAMPLER, "no sampler, or a released one"),
    NAME(CL_INVALID_BINARY, "the bytes are no binary or IL for the device"),
    NAME(CL_INVALID_BUILD_OPTIONS, "a build option is not known, or they are too long"),
    NAME(CL_INVALID_PROGRAM, "no program, or a released one"),
    NAME(CL_INVALID_PROGRAM_EXECUTABLE, "the program has not been built, or not for the device"),
    NAME(CL_INVALID_KERNEL_NAME, "the program has no kernel of that name"),
    NAME(CL_INVALID_KERNEL, "no kernel, or a released one"),
    NAME(CL_INVALID_ARG_INDEX, "the kernel has no such argument"),
    NAME(CL_INVALID_ARG_VALUE, "the value does not suit the argument"),
    NAME(CL_INVALID_ARG_SIZE, "the size is not that of the argument"),
    NAME(CL_INVALID_KERNEL_ARGS, "an argument of the kernel has not been set, or its object was released"),
    NAME(CL_INVALID_WORK_DIMENSION, "there are 1 to 3 dimensions"),
    NAME(CL_INVALID_WORK_GROUP_SIZE,
         "the kernel, the device or the global size do not go with that work-group"),
    NAME(CL_INVALID_WORK_ITEM_SIZE, "a work-group is larger in one dimension than the device allows"),
    NAME(CL_INVALID_GLOBAL_OFFSET, "offset and global size together are too large for the device"),
    NAME(CL_INVALID_EVENT_WAIT_LIST,
         "the wait list has something that is no event, or its length does not go with its pointer"),
    NAME(CL_INVALID_EVENT, "no event of the kind that is wanted, or a released one"),
    NAME(CL_INVALID_OPERATION, "not in this state, or not with this device or these flags"),
    NAME(CL_INVALID_BUFFER_SIZE, "0, or more than the device allows (CL_DEVICE_MAX_MEM_ALLOC_SIZE)"),
    NAME(CL_INVALID_GLOBAL_WORK_SIZE, "a global size is 0, or missing, or too large for the device"),
    NAME(CL_INVALID_PROPERTY, "a property is not known, not supported, or given twice"),
    NAME(CL_INVALID_COMPILER_OPTIONS, "a compile option is not known, or they are too long"),
    NAME(CL_INVALID_LINKER_OPTIONS, "a link option is not known, or they are too long"),
    NAME(CL_INVALID_DEVICE_QUEUE, "no queue of the kind that is wanted"),
    NAME(CL_PROFILING_INFO_NOT_AVAILABLE,
         "the queue was made without profiling, the command has not ended, or it is a user event"),
    NAME(CL_MEM_COPY_OVERLAP, "source and target overlap"),
    NAME(CL_IMAGE_FORMAT_MISMATCH, "the images have different formats"),
    NAME(CL_IMAGE_FORMAT_NOT_SUPPORTED, "the context has no images of that format"),
    NAME(CL_MAP_FAILURE, "the memory cannot be mapped"),
    NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST,
         "a command that was waited for has failed: its event says how"),
    NAME(CL_DEVICE_PARTITION_FAILED, "the device cannot be divided so"),
    NAME(CL_KERNEL_ARG_INFO_NOT_AVAILABLE, "the program was built without -cl-kernel-arg-info"),
    NAME(CL_INVALID_HOST_PTR, "host_ptr and the flags do not go together"),
    NAME(CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, "the image format is not one"),
    NAME(CL_INVALID_IMAGE_DESCRIPTOR, "the image description does not hold together"),
    NAME(CL_INVALID_KERNEL_DEFINITION, "the kernel is not the same for all devices of the program"),
    NAME(CL_INVALID_GL_OBJECT, "there is no sharing with OpenGL"),
    NAME(CL_INVALID_DEVICE_PARTITION_COUNT, "more parts than the device has"),
    NAME(CL_INVALID_PIPE_SIZE, "the device has no pipes of that size"),
    NAME(CL_INVALID_SPEC_ID, "the program has no such specialization constant"),
    NAME(CL_MAX_SIZE_RESTRICTION_EXCEEDED, "the size is more than was stated"),
    NAME(CL_INVALID_COMMAND_BUFFER_KHR, "no command buffer, or a released one"),
    NAME(CL_INVALID_SYNC_POINT_WAIT_LIST_KHR,
         "the list has no sync point of this command buffer, or its length does not go with its pointer"),
    NAME(CL_INCOMPATIBLE_COMMAND_QUEUE_KHR,
         "the queue is not like the one that the command buffer was made for"),
#undef NAME
};
enum { COUNT = sizeof names / sizeof names[0] };

/* Has the present call of this thread said why it fails? */
static _Thread_local bool said;

static size_t index_of(cl_int code) {
    size_t i = 0;
    while (i < COUNT && names[i].code != code)
        i++;
    return i;
}

void icd_debug(cl_int code, const char *format, ...) {
    char text[512];
    va_list args;
    if (!icd_session || !icd_session->settings.debug)
        return;
    size_t i = index_of(code);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    said = true;
    if (i < COUNT)
        fprintf(stderr, "trillium: %s: %s\n", names[i].name, text);
    else
        fprintf(stderr, "trillium: error %d: %s\n", code, text);
}

void icd_debug_begin(void) {
    said = false;
}

void icd_debug_call(const char *name, cl_int code, const char *arguments) {
    size_t i = index_of(code);
    if (code == CL_SUCCESS)
        fprintf(stderr, "trillium: %s: NULL", name);
    else if (i < COUNT)
        fprintf(stderr, "trillium: %s: %s%s%s", name, names[i].name, said ? "" : ": ",
                said ? "" : names[i].meaning);
    else
        fprintf(stderr, "trillium: %s: error %d", name, code);
    fprintf(stderr, " (%s)\n", arguments);
}
