// SPDX-License-Identifier: MIT
/*
 * Kernels: making, cloning, destroying. Arguments are in kernel-args.c, queries in kernel-info.c.
 */
#include "guest-icd/program/kernel.h"

#include "guest-icd/api.h"
#include "guest-icd/session/debug.h"

/* ---- life ---- */

static cl_kernel kernel_new(cl_program program, struct icd_function *f, uint32_t id) {
    cl_kernel k = calloc(1, sizeof *k + f->kernel->arg_count * (sizeof k->args[0] + sizeof k->dirty[0]));
    if (!k)
        return NULL;
    icd_object_init(&k->object, ICD_KERNEL, id);
    k->program = program;
    icd_ref(program);
    k->function = f;
    k->arg_count = k->unset = f->kernel->arg_count;
    k->dirty = (cl_uint *)&k->args[f->kernel->arg_count];
    for (cl_uint i = 0; i < f->kernel->arg_count; i++) {
        struct icd_arg *a = &k->args[i];
        a->bytes = a->few;
        a->room = sizeof a->few;
        if (f->kernel->args[i].kind != VISA_ARG_VALUE && f->kernel->args[i].kind != VISA_ARG_LOCAL)
            k->object_args++;
    }
    return k;
}

/* The program may be built again once no kernel of it is left. */
static void forget_kernel(cl_program program) {
    svga_lock_take(&program->lock);
    program->kernels--;
    svga_lock_give(&program->lock);
}

static void destroy(cl_kernel k) {
    k->object.magic = 0;
    icd_release_id(k->object.id);
    icd_kernel_free_args(k);
    forget_kernel(k->program);
    icd_program_unref(k->program);
    free(k);
}

void icd_kernel_unref(cl_kernel kernel) {
    if (kernel && icd_unref_is_last(kernel))
        destroy(kernel);
}

cl_int CL_API_CALL icd_RetainKernel(cl_kernel kernel) {
    if (!icd_valid(kernel, ICD_KERNEL))
        return CL_INVALID_KERNEL;
    icd_app_retain(kernel);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_ReleaseKernel(cl_kernel kernel) {
    if (!icd_held(kernel, ICD_KERNEL))
        return CL_INVALID_KERNEL;
    icd_kernel_release(kernel);
    return CL_SUCCESS;
}

/* ---- making one ---- */

/* Counts a kernel in, so that no build starts; finds the function if it is known. */
static cl_int enter(cl_program program, const char *name, struct icd_function **f) {
    svga_lock_take(&program->lock);
    bool executable = icd_program_is_executable(program);
    if (executable) {
        program->kernels++;
        *f = icd_function_find(program->functions, name);
    }
    svga_lock_give(&program->lock);
    if (executable)
        return CL_SUCCESS;
    return icd_fail(CL_INVALID_PROGRAM_EXECUTABLE, "kernel %s of a program that is not built", name);
}

/* Puts a newly learnt function into the program's list; if another thread was faster, its one is returned. */
static struct icd_function *publish(cl_program program, struct icd_function *f) {
    svga_lock_take(&program->lock);
    struct icd_function *known = icd_function_find(program->functions, f->kernel->name);
    if (!known) {
        f->next = program->functions;
        program->functions = f;
    }
    svga_lock_give(&program->lock);
    if (known)
        icd_functions_free(f);
    return known ? known : f;
}

/* The host's kernel; the function is learnt if it is not known. */
static cl_int create_on_host(cl_program program, const char *name, struct icd_function **f, uint32_t *id) {
    *id = icd_id_alloc();
    if (*id == 0)
        return icd_id_error();
    if (!*f) {
        cl_int r = icd_function_learn(program, name, *id, f);
        if (r == CL_SUCCESS)
            *f = publish(program, *f);
        return r;
    }
    struct tr_array arrays[] = {{name, (uint32_t)strlen(name)}};
    if (TR_SEND(icd_session->g, CREATE_KERNEL, create_kernel, arrays, .kernel = *id,
                .program = program->object.id, .slot = TR_NO_SLOT))
        return CL_SUCCESS;
    icd_id_free(*id);
    return icd_session_error();
}

static cl_int create(cl_program program, const char *name, cl_kernel *kernel) {
    struct icd_function *f = NULL;
    uint32_t id;
    cl_int r = enter(program, name, &f);
    if (r != CL_SUCCESS)
        return r;
    r = create_on_host(program, name, &f, &id);
    if (r == CL_INVALID_KERNEL_NAME)
        icd_debug(r, "the program has no kernel %s", name);
    if (r == CL_SUCCESS) {
        *kernel = kernel_new(program, f, id);
        if (*kernel)
            return CL_SUCCESS;
        icd_release_id(id);
        r = CL_OUT_OF_HOST_MEMORY;
    }
    forget_kernel(program);
    return r;
}

cl_kernel CL_API_CALL icd_CreateKernel(cl_program program, const char *kernel_name, cl_int *errcode_ret) {
    cl_kernel k = NULL;
    cl_int r;
    if (!icd_valid(program, ICD_PROGRAM))
        r = CL_INVALID_PROGRAM;
    else if (!kernel_name)
        r = CL_INVALID_VALUE;
    else
        r = create(program, kernel_name, &k);
    if (errcode_ret)
        *errcode_ret = r;
    return k;
}

cl_int CL_API_CALL icd_CreateKernelsInProgram(cl_program program, cl_uint num_kernels, cl_kernel *kernels,
                                              cl_uint *num_kernels_ret) {
    size_t count = 0, size = 0, made = 0;
    if (!icd_valid(program, ICD_PROGRAM))
        return CL_INVALID_PROGRAM;
    cl_int r = icd_program_kernels(program, CL_PROGRAM_NUM_KERNELS, sizeof count, &count, NULL);
    if (r == CL_SUCCESS)
        r = icd_program_kernels(program, CL_PROGRAM_KERNEL_NAMES, 0, NULL, &size);
    if (r != CL_SUCCESS)
        return r;
    if (kernels && num_kernels < count)
        return CL_INVALID_VALUE;
    if (kernels) {
        char *names = calloc(1, size + 1), *rest = names; /* the host need not end them */
        r = names ? icd_program_kernels(program, CL_PROGRAM_KERNEL_NAMES, size, names, NULL)
                  : CL_OUT_OF_HOST_MEMORY;
        while (r == CL_SUCCESS && made < count) {
            char *name = strsep(&rest, ";");
            r = name ? create(program, name, &kernels[made]) : CL_OUT_OF_RESOURCES;
            if (r == CL_SUCCESS)
                made++;
        }
        free(names);
        while (r != CL_SUCCESS && made > 0)
            icd_kernel_release(kernels[--made]);
    }
    if (r == CL_SUCCESS && num_kernels_ret)
        *num_kernels_ret = (cl_uint)count;
    return r;
}

/* ---- copies ---- */

/* Counts the new kernel of a program in that has one already, so that none is being built. */
static void count_kernel(cl_program program) {
    svga_lock_take(&program->lock);
    program->kernels++;
    svga_lock_give(&program->lock);
}

cl_int icd_kernel_snapshot(cl_kernel kernel, cl_kernel *snapshot) {
    struct icd_function *f = kernel->function;
    uint32_t id;
    cl_int r = create_on_host(kernel->program, f->kernel->name, &f, &id);
    if (r != CL_SUCCESS)
        return r;
    cl_kernel k = kernel_new(kernel->program, f, id);
    if (!k) {
        icd_release_id(id);
        return CL_OUT_OF_HOST_MEMORY;
    }
    count_kernel(k->program);
    if (!icd_kernel_copy_args(k, kernel)) {
        icd_kernel_unref(k);
        return CL_OUT_OF_HOST_MEMORY;
    }
    icd_kernel_all_dirty(k);
    svga_guest_lock(icd_session->g);
    icd_kernel_flush(k);
    svga_guest_unlock(icd_session->g);
    *snapshot = k;
    return CL_SUCCESS;
}

cl_kernel icd_kernel_save_args(cl_kernel kernel) {
    cl_kernel saved = kernel_new(kernel->program, kernel->function, 0);
    if (!saved)
        return NULL;
    count_kernel(saved->program);
    if (icd_kernel_copy_args(saved, kernel))
        return saved;
    icd_kernel_unref(saved);
    return NULL;
}

static cl_int clone_on_host(cl_kernel source, uint32_t id) {
    struct icd_call call;
    cl_int r = icd_call_begin(&call);
    if (r != CL_SUCCESS) {
        icd_id_free(id);
        return r;
    }
    svga_guest_lock(icd_session->g);
    icd_kernel_flush(source);
    TR_PUT(icd_session->g, CLONE_KERNEL, clone_kernel, NULL, .kernel = id, .source = source->object.id,
           .slot = call.slot);
    svga_guest_unlock(icd_session->g);
    r = icd_call_wait(&call);
    if (r != CL_SUCCESS)
        icd_release_id(id);
    return r;
}

cl_kernel CL_API_CALL icd_CloneKernel(cl_kernel source_kernel, cl_int *errcode_ret) {
    cl_kernel k = NULL;
    cl_int r = CL_INVALID_KERNEL;
    if (icd_valid(source_kernel, ICD_KERNEL)) {
        cl_program program = source_kernel->program;
        uint32_t id = icd_id_alloc();
        r = id != 0 ? clone_on_host(source_kernel, id) : icd_id_error();
        if (r == CL_SUCCESS) {
            k = kernel_new(program, source_kernel->function, id);
            if (k) {
                count_kernel(program);
            } else {
                icd_release_id(id);
            }
            if (!k || !icd_kernel_copy_args(k, source_kernel)) {
                icd_kernel_unref(k);
                k = NULL;
                r = CL_OUT_OF_HOST_MEMORY;
            }
        }
    }
    if (errcode_ret)
        *errcode_ret = r;
    return k;
}
