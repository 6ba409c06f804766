// SPDX-License-Identifier: MIT
/*
 * Builds: what the driver's compiler does, on threads of its own, so that the FIFO goes on meanwhile.
 *
 * Jobs of one program run one after the other, in the order given; jobs of different programs may run at
 * once. A job answers its slot when it has ended.
 */
#ifndef HOST_BACKEND_WORKER_BUILD_H
#define HOST_BACKEND_WORKER_BUILD_H

#include "host-backend/worker/session.h"

enum build_kind { BUILD_BUILD, BUILD_COMPILE, BUILD_LINK, BUILD_VALIDATE };

struct build {
    struct build *next;
    enum build_kind kind;
    struct session *session;
    struct program *program; /* referenced */
    struct tr_slot *slot;
    char *options;
    struct driver_device **devices; /* device_count of them; none given: all of the program's */
    uint32_t device_count;
    bool devices_given;
    cl_program *inputs; /* headers or programs to link: the driver's, retained, since a build of one of them
                           may give it another; NULL: it has none */
    uint32_t input_count;
    char *names; /* include names of the headers, each ended by a NUL */
    const char **name_list;
    struct ir *files;  /* what the program may include (trillium/files.h); NULL: nothing */
    struct ir *module; /* BUILD_VALIDATE: what to validate; becomes the program's */
    struct trace_record *trace;
    /* measured for the profile, nanoseconds */
    uint64_t validate_ns, translate_ns, driver_ns;
    bool from_cache;
};

/* A job with its own copies of everything; NULL when out of memory. The program is busy from here on. */
struct build *build_new(struct session *s, enum build_kind kind, struct program *p, struct tr_slot *slot);
/* Drops a job that was never started. */
void build_free(struct build *b);

/* Hands the job over. Leader lock held. */
void build_start(struct build *b);
/* What a builder does with it: carries it out, answers and frees it. */
void build_run(struct build *b);

/* Has the driver build the program, whatever was built before. On the thread that calls; nobody is answered. */
cl_int build_by_driver(struct build *b);

/* Ends a build that is beyond a limit in place of its builder, which is stopped in the driver (deadline.h): answers with the build's
 * failure and "the build WHY" in the log. */
void build_give_up(struct build *b, const char *why);
/* Has that happened? */
bool build_compiler_given_up(void);

#endif
