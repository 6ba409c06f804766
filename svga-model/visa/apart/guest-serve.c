// SPDX-License-Identifier: MIT
/* Compiles apart: the program's side. */
#include "svga-model/visa/apart/guest-jobs.h"

#include <stdio.h>
#include <stdlib.h>

#include "svga-model/visa/apart/kept.h"
#include "svga-model/visa/load.h"

static enum visa_status compile(const struct visa_guest *lib, struct visa_packet_reader *job,
                                const struct visa_features *features, struct visa_module *out) {
    struct visa_compile_request request;
    enum visa_status status = VISA_NO_MEMORY;

    VISA_PACKET_GET(job, request);
    request.features = features;
    request.source = visa_packet_get_bytes(job, &request.source_size);
    request.options = visa_packet_get_text(job);
    const char **dirs = calloc(request.dir_count + 1, sizeof *dirs);
    struct visa_header *headers = calloc(request.header_count + 1, sizeof *headers);
    for (size_t i = 0; dirs && i < request.dir_count; i++)
        dirs[i] = visa_packet_get_text(job);
    for (size_t i = 0; headers && i < request.header_count; i++) {
        headers[i].name = visa_packet_get_text(job);
        headers[i].text = visa_packet_get_bytes(job, &headers[i].text_size);
    }
    request.dirs = dirs;
    request.headers = headers;
    if (dirs && headers && !job->failed)
        status = lib->compile(&request, out);
    free(dirs);
    free(headers);
    return status;
}

static enum visa_status link_inputs(const struct visa_guest *lib, struct visa_packet_reader *job,
                                    const struct visa_features *features, struct visa_module *out) {
    struct visa_link_request request;
    enum visa_status status = VISA_NO_MEMORY;

    VISA_PACKET_GET(job, request);
    request.features = features;
    request.options = visa_packet_get_text(job);
    struct visa_input *inputs = calloc(request.input_count + 1, sizeof *inputs);
    for (size_t i = 0; inputs && i < request.input_count; i++)
        inputs[i].bytes = visa_packet_get_bytes(job, &inputs[i].size);
    request.inputs = inputs;
    if (inputs && !job->failed)
        status = lib->link(&request, out);
    free(inputs);
    return status;
}

void visa_answer_guest(struct visa_packet_reader *job, struct visa_packet *answer) {
    char why[VISA_WHY_SIZE] = "";
    const struct visa_guest *lib = visa_guest_load(why);
    struct visa_features features;
    struct visa_module module = {0};
    enum visa_status status = VISA_BUILD_FAILURE;
    struct visa_job_head head;

    VISA_PACKET_GET(job, head);
    if (head.abi != VISA_GUEST_ABI)
        snprintf(why, sizeof why,
                 "the virtual ISA is not available: its compiler is of another version of Trillium");
    if (!lib || head.abi != VISA_GUEST_ABI) {
        module.log = why;
        visa_put_module(answer, status, &module);
        return;
    }
    VISA_PACKET_GET(job, features);
    features.extensions = visa_packet_get_text(job);
    features.c_features = visa_packet_get_text(job);
    if (head.kind == VISA_JOB_COMPILE)
        status = compile(lib, job, &features, &module);
    else
        status = link_inputs(lib, job, &features, &module);
    visa_put_module(answer, status, &module);
    lib->module_free(&module);
    /* Behind the module, for who keeps the answer: what made it. */
    char *parts = visa_kept_parts();
    visa_packet_put_text(answer, parts);
    free(parts);
}
