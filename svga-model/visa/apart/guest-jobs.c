// SPDX-License-Identifier: MIT
#include "svga-model/visa/apart/guest-jobs.h"

#include <stdlib.h>
#include <string.h>

/*
 * Jobs are compared byte by byte (kept.h), so what stands in them is what matters and nothing else: no addresses, and zeros between
 * a struct's members.
 */
static void begin(struct visa_packet *job, enum visa_job_kind kind, const struct visa_features *f) {
    struct visa_job_head head = {VISA_GUEST_ABI, kind};
    struct visa_features plain;

    memset(&plain, 0, sizeof plain);
    plain.address_bits = f->address_bits;
    plain.device_version = f->device_version;
    plain.c_version = f->c_version;
    plain.c_version_max = f->c_version_max;
    plain.images = f->images;
    plain.little_endian = f->little_endian;
    plain.embedded_profile = f->embedded_profile;
    VISA_PACKET_PUT(job, head);
    VISA_PACKET_PUT(job, plain);
    visa_packet_put_text(job, f->extensions);
    visa_packet_put_text(job, f->c_features);
}

void visa_put_compile(struct visa_packet *job, const struct visa_compile_request *request) {
    struct visa_compile_request plain;

    begin(job, VISA_JOB_COMPILE, request->features);
    memset(&plain, 0, sizeof plain);
    plain.dir_count = request->dir_count;
    plain.output = request->output;
    plain.header_count = request->header_count;
    VISA_PACKET_PUT(job, plain);
    visa_packet_put_bytes(job, request->source, request->source_size);
    visa_packet_put_text(job, request->options);
    for (size_t i = 0; i < request->dir_count; i++)
        visa_packet_put_text(job, request->dirs[i]);
    for (size_t i = 0; i < request->header_count; i++) {
        visa_packet_put_text(job, request->headers[i].name);
        visa_packet_put_bytes(job, request->headers[i].text, request->headers[i].text_size);
    }
}

void visa_put_link(struct visa_packet *job, const struct visa_link_request *request) {
    struct visa_link_request plain;

    begin(job, VISA_JOB_LINK, request->features);
    memset(&plain, 0, sizeof plain);
    plain.input_count = request->input_count;
    VISA_PACKET_PUT(job, plain);
    visa_packet_put_text(job, request->options);
    for (size_t i = 0; i < request->input_count; i++)
        visa_packet_put_bytes(job, request->inputs[i].bytes, request->inputs[i].size);
}

/* ---- kernels ---- */

static void put_kernels(struct visa_packet *p, const struct visa_kernel *kernels, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct visa_kernel *k = &kernels[i];

        VISA_PACKET_PUT(p, *k);
        visa_packet_put_text(p, k->name);
        visa_packet_put_text(p, k->attributes);
        for (uint32_t a = 0; a < k->arg_count; a++) {
            VISA_PACKET_PUT(p, k->args[a]);
            visa_packet_put_text(p, k->args[a].type_name);
            visa_packet_put_text(p, k->args[a].name);
        }
    }
}

static void take_kernel(struct visa_packet_reader *r, struct visa_kernel *k) {
    VISA_PACKET_GET(r, *k);
    uint32_t count = k->arg_count;
    k->args = NULL;
    k->arg_count = 0;
    k->name = visa_packet_take_text(r);
    k->attributes = visa_packet_take_text(r);
    if (!k->name || !k->attributes || count > r->left / sizeof *k->args ||
        !(k->args = calloc(count + 1u, sizeof *k->args))) {
        r->failed = true;
        return;
    }
    for (; k->arg_count < count && !r->failed; k->arg_count++) {
        struct visa_arg *arg = &k->args[k->arg_count];

        VISA_PACKET_GET(r, *arg);
        arg->type_name = visa_packet_take_text(r);
        arg->name = visa_packet_take_text(r);
        if (!arg->type_name || !arg->name)
            r->failed = true;
    }
}

/* ---- modules ---- */

void visa_put_module(struct visa_packet *p, enum visa_status status, const struct visa_module *m) {
    uint64_t number = status;

    VISA_PACKET_PUT(p, number);
    VISA_PACKET_PUT(p, *m);
    visa_packet_put_bytes(p, m->spirv, m->spirv_words * sizeof *m->spirv);
    visa_packet_put_bytes(p, m->bytes, m->size);
    visa_packet_put_text(p, m->log);
    visa_packet_put_text(p, m->driver_options);
    put_kernels(p, m->kernels, m->kernel_count);
}

bool visa_get_module(struct visa_packet_reader *answer, enum visa_status *status, struct visa_module *out) {
    struct visa_module m;
    uint64_t number;
    size_t size;

    VISA_PACKET_GET(answer, number);
    VISA_PACKET_GET(answer, m);
    *status = (enum visa_status)number;
    *out = (struct visa_module){.output = m.output, .timing = m.timing};
    out->spirv = visa_packet_take_bytes(answer, &size);
    out->spirv_words = size / sizeof *out->spirv;
    out->bytes = visa_packet_take_bytes(answer, &out->size);
    out->log = visa_packet_take_text(answer);
    out->driver_options = visa_packet_take_text(answer);
    if (m.kernel_count > answer->left / sizeof *out->kernels)
        answer->failed = true;
    if (!answer->failed && m.kernel_count > 0 &&
        !(out->kernels = calloc(m.kernel_count, sizeof *out->kernels)))
        answer->failed = true;
    for (; out->kernels && out->kernel_count < m.kernel_count && !answer->failed; out->kernel_count++)
        take_kernel(answer, &out->kernels[out->kernel_count]);
    if (number > VISA_INVALID_BINARY)
        answer->failed = true;
    return !answer->failed;
}
