// SPDX-License-Identifier: MIT
/*
 * Compiles and links as bytes, for both sides of guest.h.
 */
#ifndef SVGA_MODEL_VISA_APART_GUEST_JOBS_H
#define SVGA_MODEL_VISA_APART_GUEST_JOBS_H

#include "svga-model/visa/apart/apart.h"
#include "svga-model/visa/compile.h"

enum visa_job_kind { VISA_JOB_COMPILE, VISA_JOB_LINK };

/* What a job begins with: a server of another version says so. */
struct visa_job_head {
    uint32_t abi, kind; /* VISA_GUEST_ABI, enum visa_job_kind */
};

void visa_put_compile(struct visa_packet *job, const struct visa_compile_request *request);
void visa_put_link(struct visa_packet *job, const struct visa_link_request *request);

void visa_put_module(struct visa_packet *answer, enum visa_status status, const struct visa_module *m);
/* The status and the module of an answer; false if it is none, with nothing in *out. What is in *out is the caller's. */
bool visa_get_module(struct visa_packet_reader *answer, enum visa_status *status, struct visa_module *out);

/* The server's side: carries out a job of either kind. */
void visa_answer_guest(struct visa_packet_reader *job, struct visa_packet *answer);

#endif
