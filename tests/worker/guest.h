// SPDX-License-Identifier: MIT
/*
 * A guest by hand: drives a real worker process over a socketpair, command by command, without an ICD.
 */
#ifndef TESTS_WORKER_GUEST_H
#define TESTS_WORKER_GUEST_H

#include <sys/types.h>

#include <CL/cl.h>

#include "svga-model/guest.h"
#include "trillium/encode.h"
#include "trillium/slot.h"

struct store;

struct test_guest {
    struct svga_guest *g;
    pid_t worker;
    int control;
    struct svga_region slot_region, memory; /* memory: 8 MiB for whatever a test needs */
    struct tr_slot *slots;
    uint32_t next_slot, next_id;
};

/* Starts $TRILLIUM_BUILD/libexec/trillium-worker with `extra` options (NULL-terminated; may be NULL) and
 * opens a session. */
void guest_open(struct test_guest *t, char *const *extra);
/* The same, with this store behind it. */
void guest_open_with_store(struct test_guest *t, char *const *extra, struct store *store, const char *tenant);
/* The same, for sessions that are refused: NULL and why. */
struct svga_guest *guest_try_open(char *const *extra, uint32_t version, char why[SVGA_WHY_SIZE]);
/* Takes over one end of a session's socket, for a worker that somebody else started: t->worker is 0. */
void guest_attach(struct test_guest *t, int session);
/* Context switches of all the worker's threads so far. */
unsigned long guest_worker_switches(const struct test_guest *t);
/* Closes the session and returns the worker's wait status. */
int guest_close(struct test_guest *t);

uint32_t guest_id(struct test_guest *t);
uint32_t guest_slot(struct test_guest *t); /* pending */
struct tr_slot *guest_slot_ptr(struct test_guest *t, uint32_t slot);
/* Waits for a final status. 0, or -ENODEV when the device is lost. */
int guest_wait(struct test_guest *t, uint32_t slot);
/* guest_wait, and the answer's result. */
cl_int guest_result(struct test_guest *t, uint32_t slot);

/* A span in t->memory. */
struct tr_span guest_span(const struct test_guest *t, uint64_t offset, uint64_t length);

/* Most tests need these: context and queue on device 0, a program built from `source`, a kernel of it. */
struct test_setup {
    uint32_t context, queue, program, kernel;
};
void guest_setup(struct test_guest *t, struct test_setup *s, const char *source, const char *kernel,
                 cl_command_queue_properties properties);
/* Makes `program` of `source`, and builds it without options. */
cl_int guest_build(struct test_guest *t, uint32_t context, uint32_t program, const char *source);
uint32_t guest_placed_buffer(struct test_guest *t, uint32_t context, uint64_t offset, uint64_t size);
void guest_set_mem(struct test_guest *t, uint32_t kernel, uint32_t index, uint32_t mem);
cl_int guest_finish(struct test_guest *t, uint32_t queue);

/* A new trace file in `dir`, for a worker's --profile-fd; its number as text. To be closed once the worker is
 * started. */
int guest_trace_file(const char *dir, char number[16]);

/* Is one of the worker's quirks, by its name in quirks.def, in force for some driver here? */
bool guest_driver_has_quirk(const char *name);

#endif
