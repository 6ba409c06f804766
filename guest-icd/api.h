// SPDX-License-Identifier: MIT
/*
 * The driver's implementation of every OpenCL function, under the names icd_Xxx for clXxx: what the dispatch
 * table (icd.c) points at. Grouped by the file that has them. Direct3D and DX9 sharing exist on Windows only
 * and have no entry here.
 *
 * Threads, errors and semantics are OpenCL 3.0's (the unified API specification); where a function does less,
 * UNSUPPORTED.md says so.
 */
#ifndef GUEST_ICD_API_H
#define GUEST_ICD_API_H

#include <CL/cl.h>
#include <CL/cl_icd.h>

/* ---- platform.c ---- */
cl_int CL_API_CALL icd_GetPlatformIDs(cl_uint num_entries, cl_platform_id *platforms, cl_uint *num_platforms);
cl_int CL_API_CALL icd_GetPlatformInfo(cl_platform_id platform, cl_platform_info param_name,
                                       size_t param_value_size, void *param_value,
                                       size_t *param_value_size_ret);
void *CL_API_CALL icd_GetExtensionFunctionAddress(const char *function_name);
void *CL_API_CALL icd_GetExtensionFunctionAddressForPlatform(cl_platform_id platform,
                                                             const char *function_name);
cl_int CL_API_CALL icd_UnloadCompiler(void);
cl_int CL_API_CALL icd_UnloadPlatformCompiler(cl_platform_id platform);

/* ---- device.c ---- */
cl_int CL_API_CALL icd_GetDeviceIDs(cl_platform_id platform, cl_device_type device_type, cl_uint num_entries,
                                    cl_device_id *devices, cl_uint *num_devices);
cl_int CL_API_CALL icd_GetDeviceInfo(cl_device_id device, cl_device_info param_name, size_t param_value_size,
                                     void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_RetainDevice(cl_device_id device);
cl_int CL_API_CALL icd_ReleaseDevice(cl_device_id device);
cl_int CL_API_CALL icd_CreateSubDevices(cl_device_id in_device,
                                        const cl_device_partition_property *partition_properties,
                                        cl_uint num_entries, cl_device_id *out_devices, cl_uint *num_devices);
cl_int CL_API_CALL icd_CreateSubDevicesEXT(cl_device_id in_device,
                                           const cl_device_partition_property_ext *partition_properties,
                                           cl_uint num_entries, cl_device_id *out_devices,
                                           cl_uint *num_devices);
cl_int CL_API_CALL icd_RetainDeviceEXT(cl_device_id device);
cl_int CL_API_CALL icd_ReleaseDeviceEXT(cl_device_id device);
cl_int CL_API_CALL icd_GetDeviceAndHostTimer(cl_device_id device, cl_ulong *device_timestamp,
                                             cl_ulong *host_timestamp);
cl_int CL_API_CALL icd_GetHostTimer(cl_device_id device, cl_ulong *host_timestamp);

/* ---- context.c ---- */
cl_context CL_API_CALL icd_CreateContext(const cl_context_properties *properties, cl_uint num_devices,
                                         const cl_device_id *devices,
                                         void(CL_CALLBACK *pfn_notify)(const char *, const void *, size_t,
                                                                       void *),
                                         void *user_data, cl_int *errcode_ret);
cl_context CL_API_CALL icd_CreateContextFromType(const cl_context_properties *properties,
                                                 cl_device_type device_type,
                                                 void(CL_CALLBACK *pfn_notify)(const char *, const void *,
                                                                               size_t, void *),
                                                 void *user_data, cl_int *errcode_ret);
cl_int CL_API_CALL icd_RetainContext(cl_context context);
cl_int CL_API_CALL icd_ReleaseContext(cl_context context);
cl_int CL_API_CALL icd_GetContextInfo(cl_context context, cl_context_info param_name, size_t param_value_size,
                                      void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_SetContextDestructorCallback(
    cl_context context, void(CL_CALLBACK *pfn_notify)(cl_context context, void *user_data), void *user_data);

/* ---- queue.c ---- */
cl_command_queue CL_API_CALL icd_CreateCommandQueue(cl_context context, cl_device_id device,
                                                    cl_command_queue_properties properties,
                                                    cl_int *errcode_ret);
cl_command_queue CL_API_CALL icd_CreateCommandQueueWithProperties(cl_context context, cl_device_id device,
                                                                  const cl_queue_properties *properties,
                                                                  cl_int *errcode_ret);
cl_int CL_API_CALL icd_RetainCommandQueue(cl_command_queue command_queue);
cl_int CL_API_CALL icd_ReleaseCommandQueue(cl_command_queue command_queue);
cl_int CL_API_CALL icd_GetCommandQueueInfo(cl_command_queue command_queue, cl_command_queue_info param_name,
                                           size_t param_value_size, void *param_value,
                                           size_t *param_value_size_ret);
cl_int CL_API_CALL icd_SetCommandQueueProperty(cl_command_queue command_queue,
                                               cl_command_queue_properties properties, cl_bool enable,
                                               cl_command_queue_properties *old_properties);
cl_int CL_API_CALL icd_SetDefaultDeviceCommandQueue(cl_context context, cl_device_id device,
                                                    cl_command_queue command_queue);
cl_int CL_API_CALL icd_Flush(cl_command_queue command_queue);
cl_int CL_API_CALL icd_Finish(cl_command_queue command_queue);

/* ---- memory and images ---- */
cl_mem CL_API_CALL icd_CreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host_ptr,
                                    cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreateBufferWithProperties(cl_context context, const cl_mem_properties *properties,
                                                  cl_mem_flags flags, size_t size, void *host_ptr,
                                                  cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreateSubBuffer(cl_mem buffer, cl_mem_flags flags,
                                       cl_buffer_create_type buffer_create_type,
                                       const void *buffer_create_info, cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreateImage(cl_context context, cl_mem_flags flags,
                                   const cl_image_format *image_format, const cl_image_desc *image_desc,
                                   void *host_ptr, cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreateImageWithProperties(cl_context context, const cl_mem_properties *properties,
                                                 cl_mem_flags flags, const cl_image_format *image_format,
                                                 const cl_image_desc *image_desc, void *host_ptr,
                                                 cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreateImage2D(cl_context context, cl_mem_flags flags,
                                     const cl_image_format *image_format, size_t image_width,
                                     size_t image_height, size_t image_row_pitch, void *host_ptr,
                                     cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreateImage3D(cl_context context, cl_mem_flags flags,
                                     const cl_image_format *image_format, size_t image_width,
                                     size_t image_height, size_t image_depth, size_t image_row_pitch,
                                     size_t image_slice_pitch, void *host_ptr, cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreatePipe(cl_context context, cl_mem_flags flags, cl_uint pipe_packet_size,
                                  cl_uint pipe_max_packets, const cl_pipe_properties *properties,
                                  cl_int *errcode_ret);
cl_int CL_API_CALL icd_RetainMemObject(cl_mem memobj);
cl_int CL_API_CALL icd_ReleaseMemObject(cl_mem memobj);
cl_int CL_API_CALL icd_GetSupportedImageFormats(cl_context context, cl_mem_flags flags,
                                                cl_mem_object_type image_type, cl_uint num_entries,
                                                cl_image_format *image_formats, cl_uint *num_image_formats);
cl_int CL_API_CALL icd_GetMemObjectInfo(cl_mem memobj, cl_mem_info param_name, size_t param_value_size,
                                        void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_GetImageInfo(cl_mem image, cl_image_info param_name, size_t param_value_size,
                                    void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_GetPipeInfo(cl_mem pipe, cl_pipe_info param_name, size_t param_value_size,
                                   void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_SetMemObjectDestructorCallback(
    cl_mem memobj, void(CL_CALLBACK * /*pfn_notify*/)(cl_mem memobj, void * /*user_data*/),
    void * /*user_data */);

/* ---- sampler.c ---- */
cl_sampler CL_API_CALL icd_CreateSampler(cl_context context, cl_bool normalized_coords,
                                         cl_addressing_mode addressing_mode, cl_filter_mode filter_mode,
                                         cl_int *errcode_ret);
cl_sampler CL_API_CALL icd_CreateSamplerWithProperties(cl_context context,
                                                       const cl_sampler_properties *sampler_properties,
                                                       cl_int *errcode_ret);
cl_int CL_API_CALL icd_RetainSampler(cl_sampler sampler);
cl_int CL_API_CALL icd_ReleaseSampler(cl_sampler sampler);
cl_int CL_API_CALL icd_GetSamplerInfo(cl_sampler sampler, cl_sampler_info param_name, size_t param_value_size,
                                      void *param_value, size_t *param_value_size_ret);

/* ---- programs ---- */
cl_program CL_API_CALL icd_CreateProgramWithSource(cl_context context, cl_uint count, const char **strings,
                                                   const size_t *lengths, cl_int *errcode_ret);
cl_program CL_API_CALL icd_CreateProgramWithBinary(cl_context context, cl_uint num_devices,
                                                   const cl_device_id *device_list, const size_t *lengths,
                                                   const unsigned char **binaries, cl_int *binary_status,
                                                   cl_int *errcode_ret);
cl_program CL_API_CALL icd_CreateProgramWithBuiltInKernels(cl_context context, cl_uint num_devices,
                                                           const cl_device_id *device_list,
                                                           const char *kernel_names, cl_int *errcode_ret);
cl_program CL_API_CALL icd_CreateProgramWithIL(cl_context context, const void *il, size_t length,
                                               cl_int *errcode_ret);
cl_int CL_API_CALL icd_RetainProgram(cl_program program);
cl_int CL_API_CALL icd_ReleaseProgram(cl_program program);
cl_int CL_API_CALL icd_BuildProgram(cl_program program, cl_uint num_devices, const cl_device_id *device_list,
                                    const char *options,
                                    void(CL_CALLBACK *pfn_notify)(cl_program program, void *user_data),
                                    void *user_data);
cl_int CL_API_CALL icd_CompileProgram(cl_program program, cl_uint num_devices,
                                      const cl_device_id *device_list, const char *options,
                                      cl_uint num_input_headers, const cl_program *input_headers,
                                      const char **header_include_names,
                                      void(CL_CALLBACK *pfn_notify)(cl_program program, void *user_data),
                                      void *user_data);
cl_program CL_API_CALL icd_LinkProgram(cl_context context, cl_uint num_devices,
                                       const cl_device_id *device_list, const char *options,
                                       cl_uint num_input_programs, const cl_program *input_programs,
                                       void(CL_CALLBACK *pfn_notify)(cl_program program, void *user_data),
                                       void *user_data, cl_int *errcode_ret);
cl_int CL_API_CALL icd_GetProgramInfo(cl_program program, cl_program_info param_name, size_t param_value_size,
                                      void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_GetProgramBuildInfo(cl_program program, cl_device_id device,
                                           cl_program_build_info param_name, size_t param_value_size,
                                           void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_SetProgramReleaseCallback(
    cl_program program, void(CL_CALLBACK *pfn_notify)(cl_program program, void *user_data), void *user_data);
cl_int CL_API_CALL icd_SetProgramSpecializationConstant(cl_program program, cl_uint spec_id, size_t spec_size,
                                                        const void *spec_value);

/* ---- kernels ---- */
cl_kernel CL_API_CALL icd_CreateKernel(cl_program program, const char *kernel_name, cl_int *errcode_ret);
cl_int CL_API_CALL icd_CreateKernelsInProgram(cl_program program, cl_uint num_kernels, cl_kernel *kernels,
                                              cl_uint *num_kernels_ret);
cl_kernel CL_API_CALL icd_CloneKernel(cl_kernel source_kernel, cl_int *errcode_ret);
cl_int CL_API_CALL icd_RetainKernel(cl_kernel kernel);
cl_int CL_API_CALL icd_ReleaseKernel(cl_kernel kernel);
cl_int CL_API_CALL icd_SetKernelArg(cl_kernel kernel, cl_uint arg_index, size_t arg_size,
                                    const void *arg_value);
cl_int CL_API_CALL icd_SetKernelArgSVMPointer(cl_kernel kernel, cl_uint arg_index, const void *arg_value);
cl_int CL_API_CALL icd_SetKernelExecInfo(cl_kernel kernel, cl_kernel_exec_info param_name,
                                         size_t param_value_size, const void *param_value);
cl_int CL_API_CALL icd_GetKernelInfo(cl_kernel kernel, cl_kernel_info param_name, size_t param_value_size,
                                     void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_GetKernelArgInfo(cl_kernel kernel, cl_uint arg_indx, cl_kernel_arg_info param_name,
                                        size_t param_value_size, void *param_value,
                                        size_t *param_value_size_ret);
cl_int CL_API_CALL icd_GetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id device,
                                              cl_kernel_work_group_info param_name, size_t param_value_size,
                                              void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_GetKernelSubGroupInfo(cl_kernel kernel, cl_device_id device,
                                             cl_kernel_sub_group_info param_name, size_t input_value_size,
                                             const void *input_value, size_t param_value_size,
                                             void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_GetKernelSubGroupInfoKHR(cl_kernel in_kernel, cl_device_id /*in_device*/,
                                                cl_kernel_sub_group_info param_name,
                                                size_t /*input_value_size*/, const void * /*input_value*/,
                                                size_t /*param_value_size*/, void * /*param_value*/,
                                                size_t * /*param_value_size_ret*/);
cl_int CL_API_CALL icd_EnqueueNDRangeKernel(cl_command_queue command_queue, cl_kernel kernel,
                                            cl_uint work_dim, const size_t *global_work_offset,
                                            const size_t *global_work_size, const size_t *local_work_size,
                                            cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                            cl_event *event);
cl_int CL_API_CALL icd_EnqueueTask(cl_command_queue command_queue, cl_kernel kernel,
                                   cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                   cl_event *event);

/* ---- events ---- */
cl_int CL_API_CALL icd_WaitForEvents(cl_uint num_events, const cl_event *event_list);
cl_int CL_API_CALL icd_GetEventInfo(cl_event event, cl_event_info param_name, size_t param_value_size,
                                    void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_RetainEvent(cl_event event);
cl_int CL_API_CALL icd_ReleaseEvent(cl_event event);
cl_int CL_API_CALL icd_GetEventProfilingInfo(cl_event event, cl_profiling_info param_name,
                                             size_t param_value_size, void *param_value,
                                             size_t *param_value_size_ret);
cl_event CL_API_CALL icd_CreateUserEvent(cl_context context, cl_int *errcode_ret);
cl_int CL_API_CALL icd_SetUserEventStatus(cl_event event, cl_int execution_status);
cl_int CL_API_CALL icd_SetEventCallback(cl_event event, cl_int command_exec_callback_type,
                                        void(CL_CALLBACK *pfn_notify)(cl_event, cl_int, void *),
                                        void *user_data);

/* ---- transfers, maps and synchronization ---- */
cl_int CL_API_CALL icd_EnqueueReadBuffer(cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_read,
                                         size_t offset, size_t cb, void *ptr, cl_uint num_events_in_wait_list,
                                         const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueWriteBuffer(cl_command_queue command_queue, cl_mem buffer,
                                          cl_bool blocking_write, size_t offset, size_t cb, const void *ptr,
                                          cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                          cl_event *event);
cl_int CL_API_CALL icd_EnqueueReadBufferRect(cl_command_queue command_queue, cl_mem buffer,
                                             cl_bool blocking_read, const size_t *buffer_origin,
                                             const size_t *host_origin, const size_t *region,
                                             size_t buffer_row_pitch, size_t buffer_slice_pitch,
                                             size_t host_row_pitch, size_t host_slice_pitch, void *ptr,
                                             cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                             cl_event *event);
cl_int CL_API_CALL icd_EnqueueWriteBufferRect(cl_command_queue command_queue, cl_mem buffer,
                                              cl_bool blocking_read, const size_t *buffer_origin,
                                              const size_t *host_origin, const size_t *region,
                                              size_t buffer_row_pitch, size_t buffer_slice_pitch,
                                              size_t host_row_pitch, size_t host_slice_pitch, const void *ptr,
                                              cl_uint num_events_in_wait_list,
                                              const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueCopyBuffer(cl_command_queue command_queue, cl_mem src_buffer, cl_mem dst_buffer,
                                         size_t src_offset, size_t dst_offset, size_t cb,
                                         cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                         cl_event *event);
cl_int CL_API_CALL icd_EnqueueCopyBufferRect(cl_command_queue command_queue, cl_mem src_buffer,
                                             cl_mem dst_buffer, const size_t *src_origin,
                                             const size_t *dst_origin, const size_t *region,
                                             size_t src_row_pitch, size_t src_slice_pitch,
                                             size_t dst_row_pitch, size_t dst_slice_pitch,
                                             cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                             cl_event *event);
cl_int CL_API_CALL icd_EnqueueFillBuffer(cl_command_queue command_queue, cl_mem buffer, const void *pattern,
                                         size_t pattern_size, size_t offset, size_t cb,
                                         cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                         cl_event *event);
cl_int CL_API_CALL icd_EnqueueReadImage(cl_command_queue command_queue, cl_mem image, cl_bool blocking_read,
                                        const size_t *origin, const size_t *region, size_t row_pitch,
                                        size_t slice_pitch, void *ptr, cl_uint num_events_in_wait_list,
                                        const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueWriteImage(cl_command_queue command_queue, cl_mem image, cl_bool blocking_write,
                                         const size_t *origin, const size_t *region, size_t input_row_pitch,
                                         size_t input_slice_pitch, const void *ptr,
                                         cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                         cl_event *event);
cl_int CL_API_CALL icd_EnqueueCopyImage(cl_command_queue command_queue, cl_mem src_image, cl_mem dst_image,
                                        const size_t *src_origin, const size_t *dst_origin,
                                        const size_t *region, cl_uint num_events_in_wait_list,
                                        const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueCopyImageToBuffer(cl_command_queue command_queue, cl_mem src_image,
                                                cl_mem dst_buffer, const size_t *src_origin,
                                                const size_t *region, size_t dst_offset,
                                                cl_uint num_events_in_wait_list,
                                                const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueCopyBufferToImage(cl_command_queue command_queue, cl_mem src_buffer,
                                                cl_mem dst_image, size_t src_offset, const size_t *dst_origin,
                                                const size_t *region, cl_uint num_events_in_wait_list,
                                                const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueFillImage(cl_command_queue command_queue, cl_mem image, const void *fill_color,
                                        const size_t origin[3], const size_t region[3],
                                        cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                        cl_event *event);
void *CL_API_CALL icd_EnqueueMapBuffer(cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_map,
                                       cl_map_flags map_flags, size_t offset, size_t cb,
                                       cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                       cl_event *event, cl_int *errcode_ret);
void *CL_API_CALL icd_EnqueueMapImage(cl_command_queue command_queue, cl_mem image, cl_bool blocking_map,
                                      cl_map_flags map_flags, const size_t *origin, const size_t *region,
                                      size_t *image_row_pitch, size_t *image_slice_pitch,
                                      cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                      cl_event *event, cl_int *errcode_ret);
cl_int CL_API_CALL icd_EnqueueUnmapMemObject(cl_command_queue command_queue, cl_mem memobj, void *mapped_ptr,
                                             cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                             cl_event *event);
cl_int CL_API_CALL icd_EnqueueMigrateMemObjects(cl_command_queue command_queue, cl_uint num_mem_objects,
                                                const cl_mem *mem_objects, cl_mem_migration_flags flags,
                                                cl_uint num_events_in_wait_list,
                                                const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueMarker(cl_command_queue command_queue, cl_event *event);
cl_int CL_API_CALL icd_EnqueueMarkerWithWaitList(cl_command_queue command_queue,
                                                 cl_uint num_events_in_wait_list,
                                                 const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueBarrier(cl_command_queue command_queue);
cl_int CL_API_CALL icd_EnqueueBarrierWithWaitList(cl_command_queue command_queue,
                                                  cl_uint num_events_in_wait_list,
                                                  const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueWaitForEvents(cl_command_queue command_queue, cl_uint num_events,
                                            const cl_event *event_list);

/* ---- unsupported.c: shared virtual memory, native kernels, OpenGL, EGL (guest-icd/UNSUPPORTED.md) ---- */
cl_int CL_API_CALL icd_EnqueueNativeKernel(cl_command_queue command_queue,
                                           void(CL_CALLBACK *user_func)(void *), void *args, size_t cb_args,
                                           cl_uint num_mem_objects, const cl_mem *mem_list,
                                           const void **args_mem_loc, cl_uint num_events_in_wait_list,
                                           const cl_event *event_wait_list, cl_event *event);
void *CL_API_CALL icd_SVMAlloc(cl_context context, cl_svm_mem_flags flags, size_t size,
                               unsigned int alignment);
void CL_API_CALL icd_SVMFree(cl_context context, void *svm_pointer);
cl_int CL_API_CALL icd_EnqueueSVMFree(cl_command_queue command_queue, cl_uint num_svm_pointers,
                                      void **svm_pointers,
                                      void(CL_CALLBACK *pfn_free_func)(cl_command_queue queue,
                                                                       cl_uint num_svm_pointers,
                                                                       void **svm_pointers, void *user_data),
                                      void *user_data, cl_uint num_events_in_wait_list,
                                      const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueSVMMemcpy(cl_command_queue command_queue, cl_bool blocking_copy, void *dst_ptr,
                                        const void *src_ptr, size_t size, cl_uint num_events_in_wait_list,
                                        const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueSVMMemFill(cl_command_queue command_queue, void *svm_ptr, const void *pattern,
                                         size_t pattern_size, size_t size, cl_uint num_events_in_wait_list,
                                         const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueSVMMap(cl_command_queue command_queue, cl_bool blocking_map,
                                     cl_map_flags map_flags, void *svm_ptr, size_t size,
                                     cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                     cl_event *event);
cl_int CL_API_CALL icd_EnqueueSVMUnmap(cl_command_queue command_queue, void *svm_ptr,
                                       cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                       cl_event *event);
cl_int CL_API_CALL icd_EnqueueSVMMigrateMem(cl_command_queue command_queue, cl_uint num_svm_pointers,
                                            const void **svm_pointers, const size_t *sizes,
                                            cl_mem_migration_flags flags, cl_uint num_events_in_wait_list,
                                            const cl_event *event_wait_list, cl_event *event);
cl_mem CL_API_CALL icd_CreateFromGLBuffer(cl_context context, cl_mem_flags flags, cl_GLuint bufobj,
                                          int *errcode_ret);
cl_mem CL_API_CALL icd_CreateFromGLTexture(cl_context context, cl_mem_flags flags, cl_GLenum target,
                                           cl_GLint miplevel, cl_GLuint texture, cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreateFromGLTexture2D(cl_context context, cl_mem_flags flags, cl_GLenum target,
                                             cl_GLint miplevel, cl_GLuint texture, cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreateFromGLTexture3D(cl_context context, cl_mem_flags flags, cl_GLenum target,
                                             cl_GLint miplevel, cl_GLuint texture, cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreateFromGLRenderbuffer(cl_context context, cl_mem_flags flags,
                                                cl_GLuint renderbuffer, cl_int *errcode_ret);
cl_int CL_API_CALL icd_GetGLObjectInfo(cl_mem memobj, cl_gl_object_type *gl_object_type,
                                       cl_GLuint *gl_object_name);
cl_int CL_API_CALL icd_GetGLTextureInfo(cl_mem memobj, cl_gl_texture_info param_name, size_t param_value_size,
                                        void *param_value, size_t *param_value_size_ret);
cl_int CL_API_CALL icd_EnqueueAcquireGLObjects(cl_command_queue command_queue, cl_uint num_objects,
                                               const cl_mem *mem_objects, cl_uint num_events_in_wait_list,
                                               const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueReleaseGLObjects(cl_command_queue command_queue, cl_uint num_objects,
                                               const cl_mem *mem_objects, cl_uint num_events_in_wait_list,
                                               const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_GetGLContextInfoKHR(const cl_context_properties *properties,
                                           cl_gl_context_info param_name, size_t param_value_size,
                                           void *param_value, size_t *param_value_size_ret);
cl_event CL_API_CALL icd_CreateEventFromGLsyncKHR(cl_context context, cl_GLsync sync, cl_int *errcode_ret);
cl_mem CL_API_CALL icd_CreateFromEGLImageKHR(cl_context context, CLeglDisplayKHR display, CLeglImageKHR image,
                                             cl_mem_flags flags,
                                             const cl_egl_image_properties_khr *properties,
                                             cl_int *errcode_ret);
cl_int CL_API_CALL icd_EnqueueAcquireEGLObjectsKHR(cl_command_queue command_queue, cl_uint num_objects,
                                                   const cl_mem *mem_objects, cl_uint num_events_in_wait_list,
                                                   const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_EnqueueReleaseEGLObjectsKHR(cl_command_queue command_queue, cl_uint num_objects,
                                                   const cl_mem *mem_objects, cl_uint num_events_in_wait_list,
                                                   const cl_event *event_wait_list, cl_event *event);
cl_event CL_API_CALL icd_CreateEventFromEGLSyncKHR(cl_context context, CLeglSyncKHR sync,
                                                   CLeglDisplayKHR display, cl_int *errcode_ret);

/* ---- extensions without a place in the dispatch table: found by clGetExtensionFunctionAddressForPlatform
 * ---- */
cl_int CL_API_CALL icd_IcdGetPlatformIDsKHR(cl_uint num_entries, cl_platform_id *platforms,
                                            cl_uint *num_platforms);
cl_command_queue CL_API_CALL icd_CreateCommandQueueWithPropertiesKHR(cl_context context, cl_device_id device,
                                                                     const cl_queue_properties *properties,
                                                                     cl_int *errcode_ret);
cl_int CL_API_CALL icd_GetKernelSuggestedLocalWorkSizeKHR(cl_command_queue command_queue, cl_kernel kernel,
                                                          cl_uint work_dim, const size_t *global_work_offset,
                                                          const size_t *global_work_size,
                                                          size_t *suggested_local_work_size);

/* cl_khr_command_buffer */
cl_command_buffer_khr CL_API_CALL
icd_CreateCommandBufferKHR(cl_uint num_queues, const cl_command_queue *queues,
                           const cl_command_buffer_properties_khr *properties, cl_int *errcode_ret);
cl_int CL_API_CALL icd_FinalizeCommandBufferKHR(cl_command_buffer_khr command_buffer);
cl_int CL_API_CALL icd_RetainCommandBufferKHR(cl_command_buffer_khr command_buffer);
cl_int CL_API_CALL icd_ReleaseCommandBufferKHR(cl_command_buffer_khr command_buffer);
cl_int CL_API_CALL icd_EnqueueCommandBufferKHR(cl_uint num_queues, cl_command_queue *queues,
                                               cl_command_buffer_khr command_buffer,
                                               cl_uint num_events_in_wait_list,
                                               const cl_event *event_wait_list, cl_event *event);
cl_int CL_API_CALL icd_CommandBarrierWithWaitListKHR(cl_command_buffer_khr command_buffer,
                                                     cl_command_queue command_queue,
                                                     cl_uint num_sync_points_in_wait_list,
                                                     const cl_sync_point_khr *sync_point_wait_list,
                                                     cl_sync_point_khr *sync_point,
                                                     cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_CommandCopyBufferKHR(cl_command_buffer_khr command_buffer,
                                            cl_command_queue command_queue, cl_mem src_buffer,
                                            cl_mem dst_buffer, size_t src_offset, size_t dst_offset,
                                            size_t size, cl_uint num_sync_points_in_wait_list,
                                            const cl_sync_point_khr *sync_point_wait_list,
                                            cl_sync_point_khr *sync_point,
                                            cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_CommandCopyBufferRectKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue, cl_mem src_buffer,
    cl_mem dst_buffer, const size_t *src_origin, const size_t *dst_origin, const size_t *region,
    size_t src_row_pitch, size_t src_slice_pitch, size_t dst_row_pitch, size_t dst_slice_pitch,
    cl_uint num_sync_points_in_wait_list, const cl_sync_point_khr *sync_point_wait_list,
    cl_sync_point_khr *sync_point, cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_CommandCopyBufferToImageKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue, cl_mem src_buffer, cl_mem dst_image,
    size_t src_offset, const size_t *dst_origin, const size_t *region, cl_uint num_sync_points_in_wait_list,
    const cl_sync_point_khr *sync_point_wait_list, cl_sync_point_khr *sync_point,
    cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_CommandCopyImageKHR(cl_command_buffer_khr command_buffer,
                                           cl_command_queue command_queue, cl_mem src_image, cl_mem dst_image,
                                           const size_t *src_origin, const size_t *dst_origin,
                                           const size_t *region, cl_uint num_sync_points_in_wait_list,
                                           const cl_sync_point_khr *sync_point_wait_list,
                                           cl_sync_point_khr *sync_point,
                                           cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_CommandCopyImageToBufferKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue, cl_mem src_image, cl_mem dst_buffer,
    const size_t *src_origin, const size_t *region, size_t dst_offset, cl_uint num_sync_points_in_wait_list,
    const cl_sync_point_khr *sync_point_wait_list, cl_sync_point_khr *sync_point,
    cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_CommandFillBufferKHR(cl_command_buffer_khr command_buffer,
                                            cl_command_queue command_queue, cl_mem buffer,
                                            const void *pattern, size_t pattern_size, size_t offset,
                                            size_t size, cl_uint num_sync_points_in_wait_list,
                                            const cl_sync_point_khr *sync_point_wait_list,
                                            cl_sync_point_khr *sync_point,
                                            cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_CommandFillImageKHR(cl_command_buffer_khr command_buffer,
                                           cl_command_queue command_queue, cl_mem image,
                                           const void *fill_color, const size_t *origin, const size_t *region,
                                           cl_uint num_sync_points_in_wait_list,
                                           const cl_sync_point_khr *sync_point_wait_list,
                                           cl_sync_point_khr *sync_point,
                                           cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_CommandSVMMemcpyKHR(cl_command_buffer_khr command_buffer,
                                           cl_command_queue command_queue, void *dst_ptr, const void *src_ptr,
                                           size_t size, cl_uint num_sync_points_in_wait_list,
                                           const cl_sync_point_khr *sync_point_wait_list,
                                           cl_sync_point_khr *sync_point,
                                           cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_CommandSVMMemFillKHR(cl_command_buffer_khr command_buffer,
                                            cl_command_queue command_queue, void *svm_ptr,
                                            const void *pattern, size_t pattern_size, size_t size,
                                            cl_uint num_sync_points_in_wait_list,
                                            const cl_sync_point_khr *sync_point_wait_list,
                                            cl_sync_point_khr *sync_point,
                                            cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_CommandNDRangeKernelKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue,
    const cl_ndrange_kernel_command_properties_khr *properties, cl_kernel kernel, cl_uint work_dim,
    const size_t *global_work_offset, const size_t *global_work_size, const size_t *local_work_size,
    cl_uint num_sync_points_in_wait_list, const cl_sync_point_khr *sync_point_wait_list,
    cl_sync_point_khr *sync_point, cl_mutable_command_khr *mutable_handle);
cl_int CL_API_CALL icd_GetCommandBufferInfoKHR(cl_command_buffer_khr command_buffer,
                                               cl_command_buffer_info_khr param_name, size_t param_value_size,
                                               void *param_value, size_t *param_value_size_ret);

#endif
