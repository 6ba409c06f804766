// SPDX-License-Identifier: MIT
/*
 * clBuildProgram, clCompileProgram, clLinkProgram. Each is a job: checked on the caller's thread, then run
 * there, or on a thread of its own where the application gave a callback.
 */
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/program/job.h"
#include "guest-icd/program/root.h"
#include "guest-icd/program/visa.h"
#include "guest-icd/session/console.h"
#include "guest-icd/session/debug.h"
#include "guest-icd/session/pool.h"
#include "guest-icd/session/thread.h"
#include "guest-icd/session/trace.h"
#include "svga-model/futex.h"

/* ---- running a job ---- */

static uint32_t *numbers_of(const struct icd_job *job) {
    uint32_t *numbers = calloc(job->device_count, sizeof *numbers);
    for (cl_uint i = 0; numbers && i < job->device_count; i++)
        numbers[i] = job->devices[i]->number;
    return numbers;
}

/* Profiling: how long the guest's compiler took belongs to the command that follows. */
static void trace(uint64_t call_ns, uint64_t compile_ns) {
    if (call_ns != 0)
        TR_PUT(icd_session->g, TRACE, trace, NULL, .call_ns = icd_host_ns(call_ns),
               .write_ns = icd_host_ns(svga_now_ns()), .compile_ns = compile_ns);
}

static cl_int build_on_host(struct icd_job *job, const char *options, uint64_t call_ns, uint64_t compile_ns) {
    struct icd_call call;
    uint32_t *numbers = numbers_of(job);
    struct tr_array arrays[] = {{numbers, job->device_count}, {options, (uint32_t)strlen(options)}};
    cl_int r = numbers ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
    if (r == CL_SUCCESS && tr_encoded_size(TR_CMD_BUILD_PROGRAM, arrays) == 0)
        r = CL_INVALID_BUILD_OPTIONS; /* longer than any command */
    if (r == CL_SUCCESS)
        r = icd_call_begin(&call);
    if (r == CL_SUCCESS) {
        svga_guest_lock(icd_session->g);
        trace(call_ns, compile_ns);
        TR_PUT(icd_session->g, BUILD_PROGRAM, build_program, arrays, .program = job->program->object.id,
               .slot = call.slot);
        svga_guest_unlock(icd_session->g);
        r = icd_call_wait(&call);
    }
    free(numbers);
    return r;
}

static cl_int compile_on_host(struct icd_job *job) {
    struct icd_call call;
    uint32_t *numbers = numbers_of(job), *ids = calloc(job->other_count + 1u, sizeof *ids);
    size_t names_size = 0;
    for (cl_uint i = 0; i < job->other_count; i++)
        names_size += strlen(job->names[i]) + 1;
    char *names = malloc(names_size + 1), *at = names;
    cl_int r = numbers && ids && names ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
    for (cl_uint i = 0; r == CL_SUCCESS && i < job->other_count; i++) {
        ids[i] = job->others[i]->object.id;
        at = stpcpy(at, job->names[i]) + 1;
    }
    struct tr_array arrays[] = {{numbers, job->device_count},
                                {job->parsed.rest, (uint32_t)strlen(job->parsed.rest)},
                                {ids, job->other_count},
                                {names, (uint32_t)names_size}};
    if (r == CL_SUCCESS && tr_encoded_size(TR_CMD_COMPILE_PROGRAM, arrays) == 0)
        r = CL_INVALID_COMPILER_OPTIONS; /* longer than any command */
    if (r == CL_SUCCESS)
        r = icd_call_begin(&call);
    if (r == CL_SUCCESS) {
        TR_SEND(icd_session->g, COMPILE_PROGRAM, compile_program, arrays, .program = job->program->object.id,
                .slot = call.slot);
        r = icd_call_wait(&call);
    }
    free(numbers);
    free(ids);
    free(names);
    return r;
}

/* ---- files ---- */

/* Finds the files that the program and its headers may include. `prints`: could what is built? */
static enum icd_include_outcome find_files(const struct icd_job *job, struct icd_include_set *files,
                                           bool *prints) {
    cl_uint headers = job->kind == ICD_JOB_COMPILE ? job->other_count : 0;
    struct icd_text *texts = calloc(headers + 1u, sizeof *texts);
    struct icd_include_request request = {
        .texts = texts,
        .text_count = headers + 1u,
        .dirs = job->parsed.dirs,
        .dir_count = job->parsed.dir_count,
        .options = job->parsed.rest,
    };
    if (!texts)
        return ICD_INCLUDE_NO_MEMORY;
    texts[0] = (struct icd_text){job->program->source, job->program->source_size};
    for (cl_uint i = 0; i < headers; i++)
        texts[i + 1] = (struct icd_text){job->others[i]->source, job->others[i]->source_size};
    enum icd_include_outcome outcome = icd_include_collect(&request, files);
    /* Who includes may print there. */
    *prints = outcome != ICD_INCLUDE_NONE;
    for (cl_uint i = 0; i <= headers && !*prints; i++)
        *prints = memmem(texts[i].bytes, texts[i].size, "printf", 6) != NULL;
    free(texts);
    return outcome;
}

/* CL_SUCCESS; a failure of the build with a sentence in *log (the caller's) if the files are too many. */
static cl_int gather(struct icd_job *job, char **log) {
    bool prints = false;
    enum icd_include_outcome outcome = find_files(job, &job->files, &prints);

    if (prints)
        icd_console_enable();
    if (outcome == ICD_INCLUDE_NO_MEMORY)
        return CL_OUT_OF_HOST_MEMORY;
    if (outcome != ICD_INCLUDE_TOO_MUCH)
        return CL_SUCCESS;
    *log = strdup(job->files.why);
    return job->kind == ICD_JOB_COMPILE ? CL_COMPILE_PROGRAM_FAILURE : CL_BUILD_PROGRAM_FAILURE;
}

/* Are the files what they were when they were gathered? */
static bool same_files(void *opaque) {
    const struct icd_job *job = opaque;
    struct icd_include_set now = {0};
    bool prints, same = find_files(job, &now, &prints) == ICD_INCLUDE_SOME && now.size == job->files.size &&
                        memcmp(now.bytes, job->files.bytes, now.size) == 0;

    free(now.bytes);
    return same;
}

/* The names that are shipped mean files of the set. */
static cl_int root_options(struct icd_job *job) {
    char *rooted = job->files.computed ? icd_root_options(job->parsed.rest) : NULL;
    if (rooted) {
        free(job->parsed.rest);
        job->parsed.rest = rooted;
    }
    return rooted || !job->files.computed ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
}

/* Ships the text of a program made from source; of others the host has everything already. */
static cl_int ship(const struct icd_job *job, cl_program p) {
    size_t size;
    if (p->ir != TR_IR_SOURCE || !p->source)
        return CL_SUCCESS;
    if (!job->files.bytes)
        return icd_program_ship(p, p->source, p->source_size);
    char *text = icd_root_text(p->source, p->source_size, job->files.computed, &size);
    cl_int r = text ? icd_program_ship(p, text, size) : CL_OUT_OF_HOST_MEMORY;
    free(text);
    return r;
}

/* Ships the files for the build that comes next; the block must stay until that is answered. */
static cl_int ship_files(const struct icd_job *job, struct icd_block *block) {
    cl_int r = icd_pool_alloc(job->files.size, block);
    if (r != CL_SUCCESS)
        return r;
    memcpy(block->ptr, job->files.bytes, job->files.size);
    bool sent = TR_SEND(icd_session->g, SET_FILES, set_files, NULL, .program = job->program->object.id,
                        .files = icd_block_span(block, 0, job->files.size));
    return sent ? CL_SUCCESS : icd_session_error();
}

static cl_int build_source(struct icd_job *job, uint64_t call_ns) {
    struct icd_block block = {0};
    char *log = NULL;
    cl_int r = job->program->source ? gather(job, &log) : CL_SUCCESS;
    if (r == CL_SUCCESS)
        r = root_options(job);
    if (r == CL_SUCCESS)
        r = ship(job, job->program);
    for (cl_uint i = 0; r == CL_SUCCESS && job->kind == ICD_JOB_COMPILE && i < job->other_count; i++)
        r = ship(job, job->others[i]);
    if (r == CL_SUCCESS && job->files.bytes)
        r = ship_files(job, &block);
    bool shipped = r == CL_SUCCESS;
    if (r == CL_SUCCESS)
        r = job->kind == ICD_JOB_COMPILE ? compile_on_host(job)
                                         : build_on_host(job, job->parsed.rest, call_ns, 0);
    if (block.region != 0 && !svga_guest_lost(icd_session->g))
        icd_pool_free(&block);
    icd_job_end(job, r, log, shipped);
    free(log);
    return r;
}

/* The SVGA baseline. */
static cl_int build_spirv(struct icd_job *job, uint64_t call_ns) {
    cl_program p = job->program;
    char *log = NULL;
    cl_int r = gather(job, &log);
    struct icd_visa_result made = {.code = r, .log = log};
    bool at_host = false;
    if (r == CL_SUCCESS) {
        struct icd_visa_source source = {
            .text = p->source,
            .size = p->source_size,
            .options = job->parsed.rest,
            .dirs = (const char *const *)job->parsed.dirs,
            .dir_count = job->parsed.dir_count,
            .object = job->kind == ICD_JOB_COMPILE,
            .header_count = job->other_count,
            .headers = job->others,
            .header_names = (const char *const *)job->names,
            .files = &job->files,
            .same_files = same_files,
            .opaque = job,
        };
        made = icd_visa_compile(p, job->device_count, job->devices, &source);
    }
    r = made.code;
    if (r == CL_SUCCESS && job->kind == ICD_JOB_BUILD) {
        at_host = true;
        r = icd_visa_ship(p);
        if (r == CL_SUCCESS)
            r = build_on_host(job, made.options, call_ns, made.compile_ns);
        if (r == CL_INVALID_BINARY)
            r = CL_BUILD_PROGRAM_FAILURE; /* the host refused the module: the log says why */
    }
    icd_job_end(job, r, made.log ? made.log : at_host ? NULL : "", at_host);
    free(made.log);
    free(made.options);
    return r;
}

static cl_int link_on_host(struct icd_job *job) {
    struct icd_call call;
    cl_program p = job->program;
    uint32_t *numbers = numbers_of(job), *ids = calloc(job->other_count, sizeof *ids);
    struct tr_array arrays[] = {{numbers, job->device_count},
                                {job->parsed.rest, (uint32_t)strlen(job->parsed.rest)},
                                {ids, job->other_count}};
    uint32_t id = icd_id_alloc();
    cl_int r = !numbers || !ids ? CL_OUT_OF_HOST_MEMORY : id == 0 ? icd_id_error() : CL_SUCCESS;
    for (cl_uint i = 0; r == CL_SUCCESS && i < job->other_count; i++)
        ids[i] = job->others[i]->object.id;
    if (r == CL_SUCCESS && tr_encoded_size(TR_CMD_LINK_PROGRAM, arrays) == 0)
        r = CL_INVALID_LINKER_OPTIONS; /* longer than any command */
    if (r == CL_SUCCESS)
        r = icd_call_begin(&call);
    if (r == CL_SUCCESS) {
        TR_SEND(icd_session->g, LINK_PROGRAM, link_program, arrays, .program = id,
                .context = p->context->object.id, .slot = call.slot);
        r = icd_call_wait(&call);
        if (r == CL_SUCCESS || call.value == 1)
            p->object.id = id;
        else
            icd_release_id(id);
    } else {
        icd_id_free(id);
    }
    icd_job_end(job, r, NULL, p->object.id != 0);
    free(numbers);
    free(ids);
    return r;
}

static cl_int link_spirv(struct icd_job *job, uint64_t call_ns) {
    cl_program p = job->program;
    bool at_host = false;
    struct icd_visa_result made =
        icd_visa_link(p, job->device_count, job->devices, job->other_count, job->others, job->parsed.rest);
    cl_int r = made.code;
    size_t size;
    if (r == CL_SUCCESS && !icd_visa_object(p->visa, &size)) {
        at_host = true;
        r = icd_visa_ship(p);
        if (r == CL_SUCCESS)
            r = build_on_host(job, made.options, call_ns, made.compile_ns);
        if (r == CL_INVALID_BINARY || r == CL_BUILD_PROGRAM_FAILURE)
            r = CL_LINK_PROGRAM_FAILURE;
    }
    icd_job_end(job, r, made.log ? made.log : at_host ? NULL : "", at_host);
    free(made.log);
    free(made.options);
    return r;
}

static cl_int run(struct icd_job *job) {
    uint64_t call_ns = icd_profiled() ? svga_now_ns() : 0;  /* 0: not profiling */
    if (job->kind == ICD_JOB_LINK || !job->program->source) /* who knows what is in there */
        icd_console_enable();
    if (job->kind == ICD_JOB_LINK)
        return job->program->ir == TR_IR_SPIRV ? link_spirv(job, call_ns) : link_on_host(job);
    return job->program->ir == TR_IR_SPIRV ? build_spirv(job, call_ns) : build_source(job, call_ns);
}

static void *run_and_notify(void *arg) {
    struct icd_job *job = arg;
    run(job);
    job->notify(job->program, job->user_data);
    icd_program_release(job->program);
    icd_job_free(job);
    return NULL;
}

/* Runs a job that has begun: here, or elsewhere if there is a callback. Takes the job over. */
static cl_int start(struct icd_job *job) {
    if (!job->notify) {
        cl_int r = run(job);
        icd_job_free(job);
        return r;
    }
    icd_app_retain(job->program); /* the callback may use it, though the application releases it meanwhile */
    if (!icd_thread_start(run_and_notify, job, "trillium-build"))
        run_and_notify(job);
    return CL_SUCCESS;
}

/* ---- the API ---- */

static bool has_object(const struct _cl_program *p) {
    size_t size;
    return icd_visa_object(p->visa, &size) != NULL;
}

/* Without a compiler nothing but binaries can be built. */
static bool lacks_compiler(const struct icd_job *job) {
    for (cl_uint i = 0; i < job->device_count; i++)
        if (job->program->source && !job->devices[i]->limits.available_compiler)
            return true;
    return false;
}

static cl_int begin_and_start(struct icd_job *job, void(CL_CALLBACK *notify)(cl_program, void *),
                              void *user_data) {
    cl_int r = !job                  ? CL_OUT_OF_HOST_MEMORY
               : lacks_compiler(job) ? CL_COMPILER_NOT_AVAILABLE
                                     : icd_job_begin(job);
    if (r != CL_SUCCESS) {
        if (job)
            icd_job_free(job);
        return r;
    }
    job->notify = notify;
    job->user_data = user_data;
    return start(job);
}

cl_int CL_API_CALL icd_BuildProgram(cl_program program, cl_uint num_devices, const cl_device_id *device_list,
                                    const char *options, void(CL_CALLBACK *pfn_notify)(cl_program, void *),
                                    void *user_data) {
    if (!icd_valid(program, ICD_PROGRAM))
        return CL_INVALID_PROGRAM;
    cl_int r = icd_program_check_devices(program, num_devices, device_list);
    if (r != CL_SUCCESS)
        return r;
    if (!pfn_notify && user_data)
        return CL_INVALID_VALUE;
    if (!program->source && (program->ir == TR_IR_SPIRV || has_object(program)))
        return CL_INVALID_OPERATION; /* made by clLinkProgram, or an object of the SVGA baseline: to be linked
                                      */
    return begin_and_start(
        icd_job_new(ICD_JOB_BUILD, program, num_devices, device_list, options, 0, NULL, NULL), pfn_notify,
        user_data);
}

cl_int CL_API_CALL icd_CompileProgram(cl_program program, cl_uint num_devices,
                                      const cl_device_id *device_list, const char *options,
                                      cl_uint num_input_headers, const cl_program *input_headers,
                                      const char **header_include_names,
                                      void(CL_CALLBACK *pfn_notify)(cl_program, void *), void *user_data) {
    if (!icd_valid(program, ICD_PROGRAM))
        return CL_INVALID_PROGRAM;
    cl_int r = icd_program_check_devices(program, num_devices, device_list);
    if (r != CL_SUCCESS)
        return r;
    if ((num_input_headers == 0) != (!input_headers && !header_include_names) ||
        (num_input_headers > 0 && (!input_headers || !header_include_names)) || (!pfn_notify && user_data))
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < num_input_headers; i++) {
        if (!icd_valid(input_headers[i], ICD_PROGRAM) || input_headers[i]->context != program->context)
            return CL_INVALID_PROGRAM;
        if (!header_include_names[i])
            return CL_INVALID_VALUE;
        if (!input_headers[i]->source)
            return CL_INVALID_OPERATION;
    }
    if (!program->source && program->ir != TR_IR_IL)
        return CL_INVALID_OPERATION; /* no source or IL to compile */
    return begin_and_start(icd_job_new(ICD_JOB_COMPILE, program, num_devices, device_list, options,
                                       num_input_headers, input_headers, header_include_names),
                           pfn_notify, user_data);
}

/* Inputs: compiled, and all by the guest or all by the host. */
static cl_int check_inputs(cl_context context, cl_uint count, const cl_program *inputs) {
    if (count == 0 || !inputs)
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < count; i++)
        if (!icd_valid(inputs[i], ICD_PROGRAM) || inputs[i]->context != context)
            return CL_INVALID_PROGRAM;
    for (cl_uint i = 0; i < count; i++) {
        svga_lock_take(&inputs[i]->lock);
        bool busy = inputs[i]->building;
        svga_lock_give(&inputs[i]->lock);
        if (busy || has_object(inputs[i]) != has_object(inputs[0]) ||
            (!has_object(inputs[i]) && inputs[i]->object.id == 0))
            return CL_INVALID_OPERATION;
    }
    return CL_SUCCESS;
}

static cl_int check_link(cl_context context, cl_uint num_devices, const cl_device_id *device_list,
                         cl_uint num_inputs, const cl_program *inputs, bool callback_ok) {
    if (!icd_valid(context, ICD_CONTEXT))
        return CL_INVALID_CONTEXT;
    if ((num_devices == 0) != (device_list == NULL) || !callback_ok)
        return CL_INVALID_VALUE;
    cl_int r = check_inputs(context, num_inputs, inputs);
    if (r != CL_SUCCESS)
        return r;
    for (cl_uint i = 0; i < num_devices; i++)
        if (!icd_valid(device_list[i], ICD_DEVICE) || !icd_context_has_device(context, device_list[i]))
            return CL_INVALID_DEVICE;
    for (cl_uint i = 0; i < (device_list ? num_devices : context->device_count); i++)
        if (!(device_list ? device_list : context->devices)[i]->limits.available_linker)
            return CL_LINKER_NOT_AVAILABLE;
    return CL_SUCCESS;
}

cl_program CL_API_CALL icd_LinkProgram(cl_context context, cl_uint num_devices,
                                       const cl_device_id *device_list, const char *options,
                                       cl_uint num_input_programs, const cl_program *input_programs,
                                       void(CL_CALLBACK *pfn_notify)(cl_program, void *), void *user_data,
                                       cl_int *errcode_ret) {
    cl_program p = NULL;
    struct icd_job *job = NULL;
    cl_int r = check_link(context, num_devices, device_list, num_input_programs, input_programs,
                          pfn_notify || !user_data);
    if (r == CL_SUCCESS) {
        enum tr_ir ir = has_object(input_programs[0]) ? TR_IR_SPIRV : TR_IR_BINARY;
        p = icd_program_new(context, ir, num_devices, device_list);
        job = p ? icd_job_new(ICD_JOB_LINK, p, 0, NULL, options, num_input_programs, input_programs, NULL)
                : NULL;
        r = job ? begin_and_start(job, pfn_notify, user_data) : CL_OUT_OF_HOST_MEMORY;
    }
    /* After a failure there is a program if something can be asked of it: its log. */
    if (p && r != CL_SUCCESS && (p->object.id == 0 && !p->devices[0].log)) {
        icd_program_unref(p);
        p = NULL;
    }
    if (errcode_ret)
        *errcode_ret = r;
    return p;
}
