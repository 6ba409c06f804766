// SPDX-License-Identifier: MIT
#include "host-backend/worker/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host-backend/worker/crash.h"
#include "host-backend/worker/deadline.h"
#include "host-backend/worker/files.h"
#include "host-backend/worker/ir.h"
#include "host-backend/worker/options.h"
#include "host-backend/worker/program.h"
#include "host-backend/worker/seen.h"
#include "host-backend/worker/spirv.h"
#include "host-backend/worker/trace.h"
#include "host-backend/worker/turn.h"
#include "svga-model/futex.h"

/* More would only wait for each other: drivers compile one program at a time, and a host has few CPUs to
 * spare. */
enum { MAX_BUILDERS = 4 };

static pthread_mutex_t lock =
    PTHREAD_MUTEX_INITIALIZER; /* guards what follows, and in_work of all programs */
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static struct build *jobs, **jobs_end = &jobs;
static unsigned builders, idle;

struct build *build_new(struct session *s, enum build_kind kind, struct program *p, struct tr_slot *slot) {
    struct build *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->kind = kind;
    b->session = s;
    b->slot = slot;
    b->program = p;
    if (kind == BUILD_BUILD || kind == BUILD_COMPILE) {
        b->files = p->files;
        p->files = NULL;
    }
    object_ref(p);
    atomic_fetch_add(&p->jobs, 1);
    return b;
}

void build_free(struct build *b) {
    for (uint32_t i = 0; i < b->input_count; i++)
        if (b->inputs[i])
            clReleaseProgram(b->inputs[i]);
    object_unref(b->program);
    ir_unref(b->files);
    ir_unref(b->module);
    free(b->inputs);
    free(b->names);
    free(b->name_list);
    free(b->devices);
    free(b->options);
    free(b);
}

/* ---- what a builder does ---- */

/* The guest asks the host for what kernels take, and drivers tell only when they were asked to remember. */
static char *with_arg_info(const char *options) {
    static const char wanted[] = "-cl-kernel-arg-info";
    size_t size = strlen(options) + sizeof wanted + 1;
    char *text = malloc(size);
    if (text)
        snprintf(text, size, "%s%s%s", options, *options ? " " : "", strstr(options, wanted) ? "" : wanted);
    return text;
}

/* The options as this driver is to get them. */
static const char *or_none(const struct program *p, const char *options) {
    const struct driver_platform *platform = p->context->platform;
    bool none = !*options && platform && driver_has(platform, QUIRK_OPTIONS_HIDE_ARGUMENTS);
    return none ? NULL : options;
}

/* The devices that the guest named. None named must stay none: a driver treats that differently from a list
 * of all (PoCL 3.1 does not build for a device whose sub-devices are in the list too). */
static uint32_t handles(const struct build *b, cl_device_id out[DRIVER_MAX_DEVICES]) {
    if (!b->devices_given)
        return 0;
    for (uint32_t i = 0; i < b->device_count; i++)
        out[i] = b->devices[i]->id;
    return b->device_count;
}

/* The driver's program is what an earlier build left, maybe shared with others: begins again from the source.
 */
static cl_int begin_again(struct program *p) {
    cl_int r;

    if (p->ir != TR_IR_SOURCE || !p->built)
        return CL_SUCCESS;
    const char *text = p->source->bytes;
    cl_program cl = clCreateProgramWithSource(p->context->cl, 1, &text, &p->source->size, &r);
    if (r == CL_SUCCESS)
        program_replace(p, cl, NULL);
    return r;
}

/*
 * The options that the driver gets, with the files of the build laid out beside (`place`, for files_remove). NULL,
 * with *r and the program's log set, if that cannot be done.
 */
static char *driver_options(struct build *b, char place[FILES_PLACE_SIZE], cl_int *r) {
    struct program *p = b->program;
    bool source = p->ir == TR_IR_SOURCE || p->ir == TR_IR_IL;
    char *options = source ? with_arg_info(b->options) : strdup(b->options);
    char text[256], *with_files;
    const char *why;

    place[0] = '\0';
    program_set_log(p, CL_BUILD_NONE, NULL);
    *r = CL_OUT_OF_HOST_MEMORY;
    if (!options || !b->files)
        return options;
    with_files = files_lay_out(b->files, options, place, &why);
    free(options);
    if (with_files)
        return with_files;
    snprintf(text, sizeof text,
             "Trillium: the files that the program includes cannot be laid out on the host: %s\n", why);
    program_set_log(p, CL_BUILD_ERROR, text);
    *r = b->kind == BUILD_COMPILE ? CL_COMPILE_PROGRAM_FAILURE : CL_BUILD_PROGRAM_FAILURE;
    return NULL;
}

static cl_int driver_build(struct build *b) {
    struct program *p = b->program;
    cl_device_id devices[DRIVER_MAX_DEVICES];
    uint32_t count = handles(b, devices);
    char place[FILES_PLACE_SIZE];
    uint64_t start = svga_now_ns();
    struct deadline deadline;
    cl_int r;
    char *options = driver_options(b, place, &r);

    if (!options)
        return r;
    r = p->cl ? begin_again(p) : CL_OUT_OF_RESOURCES;
    if (r == CL_SUCCESS) {
        deadline_begin(&deadline, b);
        r = clBuildProgram(p->cl, count, count ? devices : NULL, or_none(p, options), NULL, NULL);
        deadline_end(&deadline);
    }
    p->built = true;
    b->driver_ns = svga_now_ns() - start;
    files_remove(place);
    free(options);
    return r;
}

/* Has the driver all the inputs? */
static bool has_inputs(const struct build *b) {
    for (uint32_t i = 0; i < b->input_count; i++)
        if (!b->inputs[i])
            return false;
    return true;
}

static cl_int driver_compile(struct build *b) {
    struct program *p = b->program;
    cl_device_id devices[DRIVER_MAX_DEVICES];
    uint32_t count = handles(b, devices);
    char place[FILES_PLACE_SIZE];
    struct deadline deadline;
    cl_int r;
    char *options = driver_options(b, place, &r);

    if (!options)
        return r;
    r = CL_OUT_OF_RESOURCES;
    if (p->context->version < 120)
        r = CL_INVALID_OPERATION;
    else if (p->cl && has_inputs(b) && (r = begin_again(p)) == CL_SUCCESS) {
        deadline_begin(&deadline, b);
        r = clCompileProgram(p->cl, count, count ? devices : NULL, options, b->input_count,
                             b->input_count ? b->inputs : NULL, b->input_count ? b->name_list : NULL, NULL,
                             NULL);
        deadline_end(&deadline);
    }
    p->built = true;
    files_remove(place);
    free(options);
    return r;
}

static cl_int driver_link(struct build *b) {
    struct program *p = b->program;
    cl_device_id devices[DRIVER_MAX_DEVICES];
    uint32_t count = handles(b, devices);
    struct deadline deadline;
    cl_int r = CL_OUT_OF_RESOURCES;

    if (p->context->version < 120)
        r = CL_INVALID_OPERATION;
    else if (p->context->cl && has_inputs(b)) {
        deadline_begin(&deadline, b);
        cl_program cl = clLinkProgram(p->context->cl, count, count ? devices : NULL, or_none(p, b->options),
                                      b->input_count, b->inputs, NULL, NULL, &r);
        deadline_end(&deadline);
        p->cl = cl;
    }
    return r;
}

cl_int build_by_driver(struct build *b) {
    return b->program->ir == TR_IR_SPIRV ? spirv_build(b) : driver_build(b);
}

static cl_int build_program(struct build *b) {
    struct seen *seen = b->session->seen;
    uint64_t start = svga_now_ns();

    b->from_cache = seen_find(seen, b);
    if (b->from_cache) {
        b->program->built = true;
        b->driver_ns = svga_now_ns() - start;
        return CL_SUCCESS;
    }
    cl_int r = build_by_driver(b);
    if (r == CL_SUCCESS)
        seen_add(seen, b);
    return r;
}

/* CL_SUCCESS, or the build's error for options that no driver may see, with the log set. */
static cl_int check_options(struct build *b) {
    const struct driver_platform *platform = b->program->context->platform;
    char why[OPTIONS_WHY_SIZE];

    if (options_allowed(b->options, platform ? platform->name : NULL, why))
        return CL_SUCCESS;
    program_set_log(b->program, CL_BUILD_ERROR, why);
    return b->kind == BUILD_COMPILE ? CL_INVALID_COMPILER_OPTIONS
           : b->kind == BUILD_LINK  ? CL_INVALID_LINKER_OPTIONS
                                    : CL_INVALID_BUILD_OPTIONS;
}

static cl_int failure_of(const struct build *b) {
    return b->kind == BUILD_COMPILE ? CL_COMPILE_PROGRAM_FAILURE
           : b->kind == BUILD_LINK  ? CL_LINK_PROGRAM_FAILURE
                                    : CL_BUILD_PROGRAM_FAILURE;
}

/* Whether the driver's compiler was given up: who asks for it again would wait for ever. One for each platform. */
static _Atomic bool given_up[DRIVER_MAX_PLATFORMS];

static _Atomic bool *given_up_of(const struct build *b) {
    const struct driver_platform *platform = b->program->context->platform;
    return platform ? &given_up[platform - b->session->driver->platforms] : NULL;
}

static cl_int check_compiler(struct build *b) {
    _Atomic bool *is_given_up = given_up_of(b);

    if (!is_given_up || !atomic_load(is_given_up))
        return CL_SUCCESS;
    program_set_log(
        b->program, CL_BUILD_ERROR,
        "Trillium: an earlier build of this process was given up at a limit of the host, and this "
        "platform's compiler with it\n");
    return failure_of(b);
}

static cl_int perform(struct build *b) {
    cl_int r = b->kind == BUILD_VALIDATE ? CL_SUCCESS : check_options(b);
    if (r == CL_SUCCESS && b->kind != BUILD_VALIDATE)
        r = check_compiler(b);
    if (r != CL_SUCCESS)
        return r;
    switch (b->kind) {
    case BUILD_BUILD:
        return build_program(b);
    case BUILD_COMPILE:
        return driver_compile(b);
    case BUILD_LINK:
        return driver_link(b);
    case BUILD_VALIDATE:
        return spirv_validate(b);
    }
    return CL_INVALID_OPERATION;
}

void build_run(struct build *b) {
    struct program *p = b->program;
    uint64_t start = svga_now_ns();
    cl_int r;

    if (b->kind != BUILD_VALIDATE) {
        free(p->options);
        p->options = strdup(b->options);
    }
    r = perform(b);
    board_add(&b->session->turns->board->builds, 1);
    board_add(&b->session->turns->board->build_ns, svga_now_ns() - start);
    uint64_t value = b->kind == BUILD_LINK && p->cl ? 1 : 0;
    if (b->trace)
        trace_built(b->session->trace, b, start, r);
    pthread_mutex_lock(&lock);
    p->in_work = false;
    pthread_mutex_unlock(&lock);
    /* Not busy any more before the guest hears of it, since it may name the program at once. */
    atomic_fetch_sub_explicit(&p->jobs, 1, memory_order_release);
    session_answer(b->session, b->slot, r, value);
    build_free(b);
}

/* ---- the builder threads ---- */

/* The oldest job whose program no other builder works on, out of the list. */
static struct build *take_job(void) {
    for (struct build **at = &jobs; *at; at = &(*at)->next) {
        struct build *b = *at;
        if (b->program->in_work)
            continue;
        *at = b->next;
        if (!*at)
            jobs_end = at;
        b->program->in_work = true;
        return b;
    }
    return NULL;
}

static void *builder(void *opaque) {
    (void)opaque;
    crash_own_stack();
    pthread_mutex_lock(&lock);
    for (;;) {
        struct build *b = take_job();
        if (b) {
            pthread_mutex_unlock(&lock);
            build_run(b);
            pthread_mutex_lock(&lock);
        } else {
            idle++;
            pthread_cond_wait(&wake, &lock);
            idle--;
        }
    }
    return NULL;
}

/* Makes sure that somebody comes for what is on the list. Lock held. */
static void call_builder(void) {
    pthread_t thread;

    if (idle > 0) {
        pthread_cond_signal(&wake);
    } else if (builders < MAX_BUILDERS && pthread_create(&thread, NULL, builder, NULL) == 0) {
        pthread_detach(thread);
        builders++;
    }
}

/*
 * The builder that is at it never comes back: what it holds stays with it, its references included, and the program
 * gets what a build of its own would have left.
 */
void build_give_up(struct build *b, const char *why) {
    struct program *p = b->program;
    char text[512];

    snprintf(
        text, sizeof text,
        "Trillium: the build %s. It was given up, and this platform's compiler with it: this process gets no "
        "more programs from it\n",
        why);
    fprintf(stderr, "trillium-worker: a build %s\n", why);
    _Atomic bool *is_given_up = given_up_of(b);
    if (is_given_up)
        atomic_store(is_given_up, true);
    p->cl = NULL; /* the driver's own is locked by its compiler: not even a release would return */
    program_set_log(p, CL_BUILD_ERROR, text);
    pthread_mutex_lock(&lock);
    p->in_work = false;
    builders--;
    call_builder();
    pthread_mutex_unlock(&lock);
    atomic_fetch_sub_explicit(&p->jobs, 1, memory_order_release);
    session_answer(b->session, b->slot, failure_of(b), 0);
}

bool build_compiler_given_up(void) {
    for (size_t i = 0; i < DRIVER_MAX_PLATFORMS; i++)
        if (atomic_load(&given_up[i]))
            return true;
    return false;
}

void build_start(struct build *b) {
    bool orphaned = false;

    pthread_mutex_lock(&lock);
    b->next = NULL;
    *jobs_end = b;
    jobs_end = &b->next;
    call_builder();
    if (builders == 0) { /* nobody will ever come for it */
        jobs = NULL;
        jobs_end = &jobs;
        orphaned = true;
    }
    pthread_mutex_unlock(&lock);
    if (orphaned) {
        atomic_fetch_sub(&b->program->jobs, 1);
        session_answer(b->session, b->slot, CL_OUT_OF_RESOURCES, 0);
        build_free(b);
    }
}
