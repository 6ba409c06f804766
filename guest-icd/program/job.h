// SPDX-License-Identifier: MIT
/*
 * A build, compile or link as a job: what the application gave, and what it leaves in the program.
 *
 * Threads: one at a time.
 */
#ifndef GUEST_ICD_PROGRAM_JOB_H
#define GUEST_ICD_PROGRAM_JOB_H

#include "guest-icd/program/include.h"
#include "guest-icd/program/options.h"
#include "guest-icd/program/program.h"

enum icd_job_kind { ICD_JOB_BUILD, ICD_JOB_COMPILE, ICD_JOB_LINK };

struct icd_job {
    enum icd_job_kind kind;
    cl_program program; /* retained */
    cl_uint device_count;
    cl_device_id *devices;
    char *options; /* as given; "" for NULL */
    bool options_given;
    struct icd_options parsed;
    struct icd_include_set files; /* that it may include */
    cl_uint other_count;          /* headers of ICD_JOB_COMPILE, inputs of ICD_JOB_LINK: retained */
    cl_program *others;
    char **names; /* of the headers */
    void(CL_CALLBACK *notify)(cl_program, void *);
    void *user_data;
};

/* A job for these devices of the program (none: all), with copies of what the application gave. NULL if
 * memory is out. */
struct icd_job *icd_job_new(enum icd_job_kind kind, cl_program program, cl_uint device_count,
                            const cl_device_id *devices, const char *options, cl_uint other_count,
                            const cl_program *others, const char **names);
void icd_job_free(struct icd_job *job);

/* Takes the program over. CL_INVALID_OPERATION if it is being built or kernels of it are left. */
cl_int icd_job_begin(struct icd_job *job);

/*
 * Gives the program back with the outcome. guest_log (NULL: none) is what the guest's compiler said; where
 * the host had a part in the build too, its own log comes behind that.
 */
void icd_job_end(struct icd_job *job, cl_int code, const char *guest_log, bool host_had_part);

#endif
