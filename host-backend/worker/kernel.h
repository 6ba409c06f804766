// SPDX-License-Identifier: MIT
/*
 * Kernels: what the driver says of them, or what is remembered of it.
 */
#ifndef HOST_BACKEND_WORKER_KERNEL_H
#define HOST_BACKEND_WORKER_KERNEL_H

#include "host-backend/worker/object.h"

/* clGetKernelArgInfo and clGetKernelInfo; for a kernel whose program came from the cache, facts.h answers
 * what the driver forgot. */
cl_int kernel_arg_info(const struct kernel *k, cl_uint index, cl_kernel_arg_info param, size_t size,
                       void *value, size_t *size_ret);
cl_int kernel_info(const struct kernel *k, cl_kernel_info param, size_t size, void *value, size_t *size_ret);

#endif
