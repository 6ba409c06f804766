// SPDX-License-Identifier: MIT
/* Programs: from their IR, through a build, to the driver's binaries. */
#include <stdlib.h>
#include <string.h>

#include "host-backend/worker/binaries.h"
#include "host-backend/worker/build.h"
#include "host-backend/worker/files.h"
#include "host-backend/worker/handlers.h"
#include "host-backend/worker/ir.h"
#include "host-backend/worker/program.h"
#include "host-backend/worker/trace.h"
#include "svga-model/shared.h"
#include "trillium/files.h"

/* More would be somebody's attempt to make the host run out of memory. */
#define MAX_IR_BYTES (256ull << 20)

/* The IR as bytes of our own with a NUL behind it, wherever the command has it. NULL when out of memory. */
static char *copy_ir(struct session *s, const struct tr_create_program *c, const struct tr_view *v,
                     size_t *size) {
    const void *from = c->far.length > 0 ? session_span(s, c->far) : v->arrays[2];
    *size = c->far.length > 0 ? c->far.length : c->inline_ir_count;
    if (*size > MAX_IR_BYTES)
        return NULL;
    char *copy = malloc(*size + 1);
    if (!copy)
        return NULL;
    svga_copy_in(copy, from, *size);
    copy[*size] = '\0';
    return copy;
}

static cl_int make_program(struct session *s, struct program *p, const struct tr_create_program *c,
                           const struct tr_view *v) {
    cl_int r = CL_SUCCESS;
    size_t size;

    if (!p->context->cl)
        return CL_OUT_OF_RESOURCES;
    if (c->ir == TR_IR_SPIRV) /* the driver's program comes with SET_SPIRV and the build */
        return CL_SUCCESS;
    char *bytes = copy_ir(s, c, v, &size);
    if (!bytes)
        return CL_OUT_OF_HOST_MEMORY;
    switch (c->ir) {
    case TR_IR_SOURCE: {
        const char *text = bytes;
        p->source = ir_new(bytes, size);
        if (!p->source) {
            r = CL_OUT_OF_HOST_MEMORY;
            break;
        }
        p->cl = clCreateProgramWithSource(p->context->cl, 1, &text, &size, &r);
        break;
    }
    case TR_IR_BINARY:
        p->cl = binaries_take(s, p, c, v, bytes, size, &r);
        break;
    case TR_IR_IL:
        if (p->context->version < 210)
            r = CL_INVALID_OPERATION;
        else
            p->cl = clCreateProgramWithIL(p->context->cl, bytes, size, &r);
        break;
    case TR_IR_BUILTIN: {
        cl_device_id devices[DRIVER_MAX_DEVICES];
        if (p->context->version < 120)
            r = CL_INVALID_OPERATION;
        else if (devices_of(s, p->context->platform, v->arrays[0], c->devices_count, devices))
            p->cl = clCreateProgramWithBuiltInKernels(p->context->cl, c->devices_count, devices, bytes, &r);
        break;
    }
    default:
        session_violation(s, "create_program: unknown IR %u", c->ir);
        break;
    }
    free(bytes);
    return r;
}

void do_create_program(struct session *s, const struct tr_create_program *c, const struct tr_view *v) {
    struct program *p = object_new(TR_KIND_PROGRAM, sizeof *p);

    if (!put_object(s, c->program, p))
        return;
    p->context = context_of(s, c->context);
    object_ref(p->context);
    p->ir = c->ir;
    cl_int r = p->object.refused ? CL_OUT_OF_HOST_MEMORY : make_program(s, p, c, v);
    if (!s->over)
        session_answer(s, session_slot(s, c->slot), r, 0);
}

/* ---- builds ---- */

static bool set_options(struct build *b, const char *options, uint32_t length) {
    b->options = strndup(options, length);
    return b->options != NULL;
}

/* False, with the session failed, if a device does not exist. */
static bool set_devices(struct build *b, const uint32_t *numbers, uint32_t count) {
    cl_device_id checked[DRIVER_MAX_DEVICES];
    const struct context *context = b->program->context;

    if (!devices_of(b->session, context->platform, numbers, count, checked))
        return false;
    b->devices_given = count > 0;
    b->device_count = count > 0 ? count : context->device_count;
    b->devices = calloc(b->device_count, sizeof *b->devices);
    for (uint32_t i = 0; b->devices && i < b->device_count; i++)
        b->devices[i] = count > 0 ? b->session->driver->devices[numbers[i]] : context->devices[i];
    return b->devices != NULL;
}

/* False when out of memory, or when an input is being built. */
static bool set_inputs(struct build *b, const uint32_t *ids, uint32_t count) {
    b->inputs = calloc(count + 1, sizeof *b->inputs);
    for (uint32_t i = 0; b->inputs && i < count; i++) {
        struct program *p = program_of(b->session, ids[i]);
        if (program_busy(p))
            return false;
        if (p->cl && clRetainProgram(p->cl) == CL_SUCCESS)
            b->inputs[i] = p->cl;
        b->input_count++;
    }
    return b->inputs != NULL;
}

/* As many NUL-terminated names as there are headers. */
static bool set_names(struct build *b, const char *names, uint32_t length) {
    const char *at;
    b->names = malloc((size_t)length + 1);
    b->name_list = calloc(b->input_count + 1, sizeof *b->name_list);
    if (!b->names || !b->name_list)
        return false;
    memcpy(b->names, names, length);
    b->names[length] = '\0';
    at = b->names;
    for (uint32_t i = 0; i < b->input_count; i++) {
        if (at >= b->names + length) {
            session_violation(b->session, "compile_program: %u headers, but fewer names", b->input_count);
            return false;
        }
        b->name_list[i] = at;
        at += strlen(at) + 1;
    }
    return true;
}

/* Starts the job if everything could be set up, else answers in its place. */
static void start_or_refuse(struct session *s, struct build *b, bool good, uint32_t slot) {
    bool refused = b && b->program->object.refused;

    if (b && good && !s->over && !refused) {
        if (s->trace)
            b->trace = trace_build(s->trace, b);
        build_start(b);
        return;
    }
    if (b) {
        atomic_fetch_sub(&b->program->jobs, 1);
        build_free(b);
    }
    if (!s->over)
        session_answer(s, session_slot(s, slot), refused ? CL_OUT_OF_HOST_MEMORY : CL_OUT_OF_RESOURCES, 0);
}

void do_set_spirv(struct session *s, const struct tr_set_spirv *c, const struct tr_view *v) {
    struct program *p = program_of(s, c->program);
    (void)v;

    if (c->words.length % 4 != 0 || c->words.length > VISA_MAX_WORDS * 4ull) {
        session_answer(s, session_slot(s, c->slot), CL_INVALID_BINARY, 0);
        return;
    }
    struct build *b = build_new(s, BUILD_VALIDATE, p, session_slot(s, c->slot));
    if (b)
        b->module = ir_new(session_span(s, c->words), c->words.length);
    start_or_refuse(s, b, b && b->module && set_options(b, "", 0) && set_devices(b, NULL, 0), c->slot);
}

void do_set_files(struct session *s, const struct tr_set_files *c, const struct tr_view *v) {
    struct program *p = program_of(s, c->program);
    (void)v;

    if (c->files.length > TR_FILES_MAX_BYTES) {
        session_violation(s, "set_files: more bytes than a set may have");
        return;
    }
    ir_unref(p->files);
    p->files = ir_new(session_span(s, c->files), c->files.length);
    const char *fault = p->files ? files_fault(p->files->bytes, p->files->size) : NULL;
    if (fault)
        session_violation(s, "set_files: %s", fault);
}

void do_build_program(struct session *s, const struct tr_build_program *c, const struct tr_view *v) {
    struct build *b = build_new(s, BUILD_BUILD, program_of(s, c->program), session_slot(s, c->slot));
    start_or_refuse(s, b,
                    b && set_options(b, v->arrays[1], c->options_count) &&
                        set_devices(b, v->arrays[0], c->devices_count),
                    c->slot);
}

void do_compile_program(struct session *s, const struct tr_compile_program *c, const struct tr_view *v) {
    struct build *b = build_new(s, BUILD_COMPILE, program_of(s, c->program), session_slot(s, c->slot));
    start_or_refuse(s, b,
                    b && set_options(b, v->arrays[1], c->options_count) &&
                        set_devices(b, v->arrays[0], c->devices_count) &&
                        set_inputs(b, v->arrays[2], c->headers_count) &&
                        set_names(b, v->arrays[3], c->names_count),
                    c->slot);
}

void do_link_program(struct session *s, const struct tr_link_program *c, const struct tr_view *v) {
    struct program *p = object_new(TR_KIND_PROGRAM, sizeof *p);

    if (!put_object(s, c->program, p))
        return;
    p->context = context_of(s, c->context);
    object_ref(p->context);
    p->ir = TR_IR_BINARY; /* built of others: it has no source of its own */
    struct build *b = build_new(s, BUILD_LINK, p, session_slot(s, c->slot));
    start_or_refuse(s, b,
                    b && set_options(b, v->arrays[1], c->options_count) &&
                        set_devices(b, v->arrays[0], c->devices_count) &&
                        set_inputs(b, v->arrays[2], c->inputs_count),
                    c->slot);
}

void do_set_specialization(struct session *s, const struct tr_set_specialization *c,
                           const struct tr_view *v) {
    struct program *p = program_of(s, c->program);
    cl_int r;

    if (p->context->version < 220)
        r = CL_INVALID_OPERATION;
    else if (!p->cl || program_busy(p))
        r = CL_INVALID_PROGRAM;
    else
        r = clSetProgramSpecializationConstant(p->cl, c->spec_id, c->value_count, v->arrays[0]);
    session_answer(s, session_slot(s, c->slot), r, 0);
}

/* ---- binaries ---- */

void do_get_binaries(struct session *s, const struct tr_get_binaries *c, const struct tr_view *v) {
    struct program *p = program_of(s, c->program);
    uint64_t needed = 0;
    cl_int r = CL_INVALID_OPERATION;
    (void)v;

    if (!program_busy(p))
        r = p->cl ? binaries_give(s, p, c->out, &needed) : CL_OUT_OF_RESOURCES;
    session_answer(s, session_slot(s, c->slot), r, needed);
}
