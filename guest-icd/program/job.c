// SPDX-License-Identifier: MIT
#include "guest-icd/program/job.h"

#include <stdio.h>

#include "guest-icd/program/visa.h"
#include "guest-icd/session/ask.h"
#include "guest-icd/session/debug.h"
#include "guest-icd/session/session.h"

/* ---- jobs ---- */

void icd_job_free(struct icd_job *job) {
    for (cl_uint i = 0; i < job->other_count; i++) {
        icd_program_unref(job->others[i]);
        if (job->names)
            free(job->names[i]);
    }
    free(job->others);
    free(job->names);
    icd_options_free(&job->parsed);
    free(job->files.bytes);
    free(job->options);
    free(job->devices);
    icd_program_unref(job->program);
    free(job);
}

static bool take_others(struct icd_job *job, cl_uint count, const cl_program *others, const char **names) {
    job->others = calloc(count + 1u, sizeof(cl_program));
    job->names = names ? calloc(count + 1u, sizeof *job->names) : NULL;
    if (!job->others || (names && !job->names))
        return false;
    for (cl_uint i = 0; i < count; i++) {
        if (names && !(job->names[i] = strdup(names[i])))
            return false;
        job->others[i] = others[i];
        icd_ref(others[i]);
        job->other_count++;
    }
    return true;
}

struct icd_job *icd_job_new(enum icd_job_kind kind, cl_program program, cl_uint device_count,
                            const cl_device_id *devices, const char *options, cl_uint other_count,
                            const cl_program *others, const char **names) {
    struct icd_job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->kind = kind;
    job->program = program;
    icd_ref(program);
    job->device_count = device_count ? device_count : program->device_count;
    job->devices = calloc(job->device_count, sizeof(cl_device_id));
    job->options = strdup(options ? options : "");
    job->options_given = options != NULL;
    if (!job->devices || !job->options || !icd_options_parse(options, &job->parsed) ||
        !take_others(job, other_count, others, names)) {
        icd_job_free(job);
        return NULL;
    }
    for (cl_uint i = 0; i < job->device_count; i++)
        job->devices[i] = devices ? devices[i] : program->devices[i].device;
    return job;
}

static void set_string(char **to, char *value) {
    free(*to);
    *to = value;
}

cl_int icd_job_begin(struct icd_job *job) {
    cl_program p = job->program;
    cl_int r = CL_SUCCESS;
    svga_lock_take(&p->lock);
    if (p->building || p->kernels > 0) {
        r = icd_fail(CL_INVALID_OPERATION,
                     p->building ? "the program is being built" : "kernels of the program are left");
    } else {
        p->building = true;
        icd_program_forget(p);
        for (cl_uint i = 0; i < job->device_count; i++) {
            struct icd_program_device *d = icd_program_device(p, job->devices[i]);
            d->status = CL_BUILD_IN_PROGRESS;
            d->type = CL_PROGRAM_BINARY_TYPE_NONE;
            set_string(&d->options, strdup(job->options));
            set_string(&d->log, NULL);
        }
    }
    svga_lock_give(&p->lock);
    return r;
}

/* ---- what a build leaves ---- */

/* The host's word on one device, or `otherwise`. */
static cl_uint host_build_info(cl_program p, cl_device_id device, cl_program_build_info param,
                               cl_uint otherwise) {
    cl_uint value;
    struct icd_query query = {
        .what = TR_INFO_PROGRAM_BUILD, .object = p->object.id, .device = device->number, .param = param};
    return p->object.id != 0 && icd_query(&query, sizeof value, &value, NULL) == CL_SUCCESS ? value
                                                                                            : otherwise;
}

/* May a work-group be smaller at the edge? Since OpenCL C 2.0, unless the options say not. */
static bool non_uniform(const struct icd_job *job, cl_device_id device) {
    return device->limits.non_uniform_work_groups && job->parsed.cl_std >= 20 && !job->parsed.uniform;
}

/*
 * May clGetKernelArgInfo tell of the program's kernels? The specification ties that to an option; the driver
 * is always given it, because the guest needs to know. What was loaded as a binary tells what it knows. Where
 * there are no options at all, not even "", drivers tell unasked (PoCL, rusticl).
 */
static bool tells_arguments(const struct icd_job *job) {
    bool tells =
        job->parsed.arg_info || (job->kind != ICD_JOB_LINK && (!job->options_given || !job->program->source));
    for (cl_uint i = 0; job->kind == ICD_JOB_LINK && i < job->other_count; i++)
        tells = tells || job->others[i]->arg_info || job->others[i]->ir == TR_IR_BINARY;
    return tells;
}

static char *joined(const char *a, const char *b) {
    char *text = NULL;
    if (asprintf(&text, "%s%s", a, b ? b : "") < 0)
        text = NULL;
    return text;
}

/* The host's build log for the device; NULL: none. The caller's. */
static char *host_log(cl_program p, cl_device_id device) {
    void *log = NULL;
    size_t size;
    struct icd_query query = {.what = TR_INFO_PROGRAM_BUILD,
                              .object = p->object.id,
                              .device = device->number,
                              .param = CL_PROGRAM_BUILD_LOG};
    return p->object.id != 0 && icd_query_alloc(&query, &log, &size) == CL_SUCCESS ? log : NULL;
}

/* The device of the job that `device` is a part of, or NULL. */
static cl_device_id ancestor_in_job(const struct icd_job *job, cl_device_id device) {
    for (device = device->parent; device; device = device->parent)
        for (cl_uint i = 0; i < job->device_count; i++)
            if (job->devices[i] == device)
                return device;
    return NULL;
}

/* What is built for a device runs on its parts too. The program's lock is held. */
static void spread_to_sub_devices(const struct icd_job *job) {
    cl_program p = job->program;
    for (cl_uint i = 0; i < p->device_count; i++) {
        struct icd_program_device *part = &p->devices[i];
        cl_device_id whole = ancestor_in_job(job, part->device);
        if (!whole)
            continue;
        const struct icd_program_device *built = icd_program_device(p, whole);
        part->status = built->status;
        part->type = built->type;
        part->non_uniform = built->non_uniform;
        set_string(&part->log, built->log ? strdup(built->log) : NULL);
    }
}

void icd_job_end(struct icd_job *job, cl_int code, const char *guest_log, bool host_had_part) {
    cl_program p = job->program;
    size_t object_size;
    bool local_object = icd_visa_object(p->visa, &object_size) != NULL;
    struct icd_program_device *outcome = calloc(job->device_count, sizeof *outcome);

    for (cl_uint i = 0; outcome && i < job->device_count; i++) {
        struct icd_program_device *o = &outcome[i];
        if (code == CL_SUCCESS)
            o->status = CL_BUILD_SUCCESS;
        else
            o->status = host_had_part
                            ? (cl_build_status)host_build_info(p, job->devices[i], CL_PROGRAM_BUILD_STATUS,
                                                               (cl_uint)CL_BUILD_ERROR)
                            : CL_BUILD_ERROR;
        if (o->status != CL_BUILD_SUCCESS && o->status != CL_BUILD_NONE)
            o->status = CL_BUILD_ERROR;
        if (local_object)
            o->type = icd_visa_object_type(p->visa);
        else if (o->status == CL_BUILD_SUCCESS)
            o->type = job->kind == ICD_JOB_BUILD ? CL_PROGRAM_BINARY_TYPE_EXECUTABLE
                                                 : host_build_info(p, job->devices[i], CL_PROGRAM_BINARY_TYPE,
                                                                   CL_PROGRAM_BINARY_TYPE_NONE);
        if (guest_log) {
            char *behind = host_had_part ? host_log(p, job->devices[i]) : NULL;
            o->log = joined(guest_log, behind);
            free(behind);
        }
        o->non_uniform = non_uniform(job, job->devices[i]);
    }

    svga_lock_take(&p->lock);
    for (cl_uint i = 0; i < job->device_count; i++) {
        struct icd_program_device *d = icd_program_device(p, job->devices[i]);
        d->status = outcome ? outcome[i].status : CL_BUILD_ERROR;
        d->type = outcome ? outcome[i].type : CL_PROGRAM_BINARY_TYPE_NONE;
        d->non_uniform = outcome && outcome[i].non_uniform;
        set_string(&d->log, outcome ? outcome[i].log : NULL);
    }
    spread_to_sub_devices(job);
    p->arg_info = tells_arguments(job);
    p->building = false;
    pthread_cond_broadcast(&p->built);
    svga_lock_give(&p->lock);
    if (code != CL_SUCCESS)
        icd_debug(code, "a program was not built with the options \"%s\": see its build log", job->options);
    free(outcome);
}
