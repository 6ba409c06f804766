// SPDX-License-Identifier: MIT
#include "guest-icd/command/mutable-command.h"

#include <stdlib.h>

#include "guest-icd/api.h"
#include "guest-icd/command/prepare.h"
#include "guest-icd/memory/svm.h"
#include "guest-icd/session/debug.h"

/* ---- life ---- */

cl_int icd_mutable_read_properties(const cl_properties *list, cl_device_id device,
                                   struct icd_mutable_properties *p) {
    *p = (struct icd_mutable_properties){.fields = icd_device_mutable(device)};
    if (!list)
        return CL_SUCCESS;
    for (; list[p->count] != 0; p->count += 2) {
        cl_properties value = list[p->count + 1];
        if (list[p->count] == CL_MUTABLE_DISPATCH_UPDATABLE_FIELDS_KHR && !p->fields_given) {
            if (value & ~ICD_MUTABLE_FIELDS)
                return icd_fail(CL_INVALID_VALUE, "recorded commands have no fields %#llx",
                                (unsigned long long)(value & ~ICD_MUTABLE_FIELDS));
            if (value & ~p->fields)
                return icd_fail(CL_INVALID_OPERATION, "fields %#llx of recorded commands cannot be changed",
                                (unsigned long long)(value & ~p->fields));
            p->fields = value;
            p->fields_given = true;
        } else if (list[p->count] == ICD_MUTABLE_ASSERTS &&
                   (value & ~(cl_properties)ICD_ASSERT_NO_MORE_GROUPS) == 0) {
            p->no_more_groups = value != 0;
        } else {
            return icd_fail(CL_INVALID_VALUE, "recorded commands have no property %#llx",
                            (unsigned long long)list[p->count]);
        }
    }
    p->count++;
    return CL_SUCCESS;
}

/* The objects among the arguments, retained for the application. NULL when out of memory. */
static void **hold_objects(cl_kernel own, size_t *count) {
    void **objects = malloc((own->arg_count + 1) * sizeof *objects);
    *count = 0;
    for (cl_uint i = 0; objects && i < own->arg_count; i++) {
        struct icd_object *o = own->args[i].object;
        if (own->args[i].state != ICD_ARG_IS_OBJECT || icd_valid(o, ICD_QUEUE))
            continue;
        icd_app_retain(o);
        objects[(*count)++] = o;
    }
    return objects;
}

static void release_objects(void **objects, size_t count) {
    for (size_t i = 0; objects && i < count; i++)
        icd_command_buffer_release(objects[i]);
    free(objects);
}

cl_mutable_command_khr icd_mutable_new(cl_command_buffer_khr buffer, cl_kernel kernel, cl_kernel own,
                                       const struct icd_mutable_range *range,
                                       const struct icd_mutable_properties *properties,
                                       const cl_properties *list) {
    cl_mutable_command_khr m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    icd_object_init(&m->object, ICD_MUTABLE_COMMAND, 0);
    m->buffer = buffer;
    m->kernel = kernel;
    m->own = own;
    m->range = *range;
    m->fields = properties->fields;
    m->objects = hold_objects(own, &m->object_count);
    if (properties->count > 0)
        m->property_list = malloc(properties->count * sizeof *list);
    if (!m->objects || (properties->count > 0 && !m->property_list)) {
        icd_mutable_free(m);
        return NULL;
    }
    m->property_count = properties->count;
    if (m->property_list)
        memcpy(m->property_list, list, m->property_count * sizeof *list);
    return m;
}

void icd_mutable_free(cl_mutable_command_khr m) {
    m->object.magic = 0;
    release_objects(m->objects, m->object_count);
    free(m->property_list);
    free(m);
}

/* ---- updates: all of them, or none ---- */

/* One configuration that has been carried out as far as it can be undone. */
struct change {
    cl_mutable_command_khr command; /* NULL: none */
    struct icd_mutable_range before;
    cl_kernel saved; /* the arguments before; NULL: they have not changed */
    void **objects;  /* among the new ones */
    size_t object_count;
    bool resized;
    struct tr_enqueue_kernel wire;
};

static cl_mutable_command_khr find(cl_command_buffer_khr b, cl_mutable_command_khr wanted) {
    cl_mutable_command_khr m = b->mutables;
    while (m && m != wanted)
        m = m->next;
    return m;
}

static cl_int check_config(cl_mutable_command_khr m, const struct icd_mutable_config *c) {
    if ((c->num_args == 0) != (c->arg_list == NULL) || (c->num_svm_args == 0) != (c->arg_svm_list == NULL) ||
        (c->num_exec_infos == 0) != (c->exec_info_list == NULL))
        return icd_fail(CL_INVALID_VALUE, "a list of the update and its length do not go together");
    if (c->work_dim != 0 && c->work_dim != m->range.dim)
        return icd_fail(CL_INVALID_OPERATION, "the command was recorded with work_dim %u", m->range.dim);
    cl_bitfield wanted =
        (c->global_work_offset ? CL_MUTABLE_DISPATCH_GLOBAL_OFFSET_KHR : 0) |
        (c->global_work_size ? CL_MUTABLE_DISPATCH_GLOBAL_SIZE_KHR : 0) |
        (c->local_work_size ? CL_MUTABLE_DISPATCH_LOCAL_SIZE_KHR : 0) |
        (c->num_args + (uint64_t)c->num_svm_args > 0 ? CL_MUTABLE_DISPATCH_ARGUMENTS_KHR : 0) |
        (c->num_exec_infos > 0 ? CL_MUTABLE_DISPATCH_EXEC_INFO_KHR : 0);
    if (wanted & ~m->fields)
        return icd_fail(CL_INVALID_OPERATION,
                        "fields %#llx of the command were not recorded as ones that change",
                        (unsigned long long)(wanted & ~m->fields));
    return CL_SUCCESS;
}

static cl_int set_arguments(struct change *change, const struct icd_mutable_config *c) {
    cl_kernel own = change->command->own;
    cl_int r = CL_SUCCESS;
    if (c->num_args + (uint64_t)c->num_svm_args > 0) {
        change->saved = icd_kernel_save_args(own);
        if (!change->saved)
            return CL_OUT_OF_HOST_MEMORY;
    }
    for (cl_uint i = 0; r == CL_SUCCESS && i < c->num_args; i++)
        r = icd_kernel_set_arg(own, c->arg_list[i].arg_index, c->arg_list[i].arg_size,
                               c->arg_list[i].arg_value);
    for (cl_uint i = 0; r == CL_SUCCESS && i < c->num_svm_args; i++)
        r = icd_kernel_set_svm(own, c->arg_svm_list[i].arg_index, c->arg_svm_list[i].arg_value);
    for (cl_uint i = 0; r == CL_SUCCESS && i < c->num_exec_infos; i++)
        r = icd_kernel_set_exec_info(own, c->exec_info_list[i].param_name,
                                     c->exec_info_list[i].param_value_size, c->exec_info_list[i].param_value);
    if (r == CL_SUCCESS && change->saved) {
        change->objects = hold_objects(own, &change->object_count);
        r = change->objects ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
    }
    return r;
}

static bool is_uniform(const struct icd_mutable_range *r) {
    bool uniform = true;
    for (cl_uint i = 0; r->has_local && i < r->dim; i++)
        uniform = uniform && r->local[i] != 0 && r->global[i] % r->local[i] == 0;
    return uniform;
}

static cl_int resize(struct change *change, const struct icd_mutable_config *c) {
    cl_mutable_command_khr m = change->command;
    struct icd_mutable_range *r = &m->range;
    size_t bytes = r->dim * sizeof(size_t);
    change->resized = c->global_work_offset || c->global_work_size || c->local_work_size;
    if (c->global_work_offset)
        memcpy(r->offset, c->global_work_offset, bytes);
    if (c->global_work_size)
        memcpy(r->global, c->global_work_size, bytes);
    if (c->local_work_size)
        memcpy(r->local, c->local_work_size, bytes);
    r->has_offset = r->has_offset || c->global_work_offset;
    r->has_local = r->has_local || c->local_work_size;
    cl_int result =
        icd_prepare_kernel(m->buffer->queue, m->own, true, r->dim, r->has_offset ? r->offset : NULL,
                           r->global, r->has_local ? r->local : NULL, &change->wire);
    if (result == CL_SUCCESS && change->resized && is_uniform(r) != is_uniform(&change->before))
        result = icd_fail(CL_INVALID_OPERATION, "an update cannot make work-groups of one size differ");
    return result;
}

static cl_int apply(cl_command_buffer_khr b, const struct icd_mutable_config *c, struct change *change) {
    cl_mutable_command_khr m = c ? find(b, c->command) : NULL;
    if (!m)
        return c ? CL_INVALID_MUTABLE_COMMAND_KHR : CL_INVALID_VALUE;
    cl_int r = check_config(m, c);
    if (r != CL_SUCCESS)
        return r;
    change->command = m;
    change->before = m->range;
    bool complete = m->own->unset == 0;
    r = set_arguments(change, c);
    if (r == CL_SUCCESS)
        r = resize(change, c);
    if (complete != (m->own->unset == 0))
        b->incomplete--;
    return r;
}

static void undo(cl_command_buffer_khr b, struct change *change) {
    cl_mutable_command_khr m = change->command;
    if (!m)
        return;
    m->range = change->before;
    release_objects(change->objects, change->object_count);
    if (!change->saved)
        return;
    bool complete = m->own->unset == 0;
    icd_kernel_restore_args(m->own, change->saved); /* the host may have been asked about new ones */
    if (complete && m->own->unset > 0)
        b->incomplete++;
    svga_guest_lock(icd_session->g);
    icd_kernel_flush(m->own);
    svga_guest_unlock(icd_session->g);
    icd_kernel_unref(change->saved);
}

static void commit(cl_command_buffer_khr b, struct change *change) {
    cl_mutable_command_khr m = change->command;
    if (change->saved) {
        svga_guest_lock(icd_session->g);
        icd_kernel_flush(m->own);
        svga_guest_unlock(icd_session->g);
        icd_kernel_unref(change->saved);
        release_objects(m->objects, m->object_count);
        m->objects = change->objects;
        m->object_count = change->object_count;
    }
    if (change->resized)
        icd_command_buffer_replace(b, m->number, &change->wire);
}

cl_int CL_API_CALL icd_UpdateMutableCommandsKHR(cl_command_buffer_khr command_buffer, cl_uint num_configs,
                                                const cl_uint *config_types, const void **configs) {
    cl_command_buffer_khr b = command_buffer;
    cl_int r = CL_SUCCESS;
    cl_uint applied = 0;

    if (!icd_valid(b, ICD_COMMAND_BUFFER))
        return CL_INVALID_COMMAND_BUFFER_KHR;
    if (!b->changes)
        return icd_fail(CL_INVALID_OPERATION,
                        "the command buffer was not made with CL_COMMAND_BUFFER_MUTABLE_KHR");
    if ((num_configs == 0) != (config_types == NULL) || (num_configs == 0) != (configs == NULL))
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < num_configs; i++)
        if (config_types[i] != 0 || !configs[i]) /* CL_STRUCTURE_TYPE_MUTABLE_DISPATCH_CONFIG_KHR */
            return CL_INVALID_VALUE;
    struct change *changes = calloc(num_configs + (size_t)1, sizeof *changes);
    if (!changes)
        return CL_OUT_OF_HOST_MEMORY;
    svga_lock_take(&b->lock);
    if (!b->finalized)
        r = icd_fail(CL_INVALID_OPERATION, "the command buffer is still being recorded");
    else if (svga_guest_lost(icd_session->g))
        r = icd_session_error();
    while (r == CL_SUCCESS && applied < num_configs) {
        r = apply(b, configs[applied], &changes[applied]);
        applied++;
    }
    for (cl_uint i = 0; r == CL_SUCCESS && i < applied; i++)
        commit(b, &changes[i]);
    while (r != CL_SUCCESS && applied > 0)
        undo(b, &changes[--applied]);
    svga_lock_give(&b->lock);
    free(changes);
    return r;
}

/* ---- queries ---- */

cl_int CL_API_CALL icd_GetMutableCommandInfoKHR(cl_mutable_command_khr command, cl_uint param_name,
                                                size_t param_value_size, void *param_value,
                                                size_t *param_value_size_ret) {
    if (!icd_valid(command, ICD_MUTABLE_COMMAND))
        return CL_INVALID_MUTABLE_COMMAND_KHR;
    svga_lock_take(&command->buffer->lock);
    const struct icd_mutable_range range = command->range;
    svga_lock_give(&command->buffer->lock);
    const size_t *sizes = NULL;
    switch (param_name) {
    case CL_MUTABLE_COMMAND_COMMAND_QUEUE_KHR:
        return ICD_INFO_VALUE(cl_command_queue, command->buffer->queue);
    case CL_MUTABLE_COMMAND_COMMAND_BUFFER_KHR:
        return ICD_INFO_VALUE(cl_command_buffer_khr, command->buffer);
    case CL_MUTABLE_COMMAND_COMMAND_TYPE_KHR:
        return ICD_INFO_VALUE(cl_command_type, CL_COMMAND_NDRANGE_KERNEL);
    case ICD_MUTABLE_COMMAND_PROPERTIES:
        return icd_info(command->property_list, command->property_count * sizeof(cl_properties),
                        param_value_size, param_value, param_value_size_ret);
    case CL_MUTABLE_DISPATCH_KERNEL_KHR:
        return ICD_INFO_VALUE(cl_kernel, command->kernel);
    case CL_MUTABLE_DISPATCH_DIMENSIONS_KHR:
        return ICD_INFO_VALUE(cl_uint, range.dim);
    case CL_MUTABLE_DISPATCH_GLOBAL_WORK_OFFSET_KHR:
        sizes = range.offset;
        break;
    case CL_MUTABLE_DISPATCH_GLOBAL_WORK_SIZE_KHR:
        sizes = range.global;
        break;
    case CL_MUTABLE_DISPATCH_LOCAL_WORK_SIZE_KHR:
        sizes = range.local;
        break;
    default:
        return CL_INVALID_VALUE;
    }
    return icd_info(sizes, range.dim * sizeof *sizes, param_value_size, param_value, param_value_size_ret);
}
