// SPDX-License-Identifier: MIT
/*
 * Carries a program's standard streams between this process and the VM's port (host-backend/vm/frame.h).
 */
#ifndef HOST_BACKEND_VM_STREAMS_H
#define HOST_BACKEND_VM_STREAMS_H

#include <pthread.h>
#include <stdbool.h>

#include "host-backend/vm/frame.h"

struct vm_input {
    pthread_t thread;
    int port, stop; /* stop: an eventfd */
};

/* Starts a thread that sends what standard input gives, and its end. 0, or a positive errno. */
int vm_input_start(struct vm_input *in, int port);
/* Ends it. Needs the port to be closed by its other end, or shut down: the thread may be writing to it. */
void vm_input_stop(struct vm_input *in);

enum vm_output {
    VM_OUTPUT_EXIT,      /* the program ended: *end */
    VM_OUTPUT_FAILED,    /* the guest could not be set up: `text` says why */
    VM_OUTPUT_LOST,      /* the VM ended, or what it says makes no sense */
    VM_OUTPUT_LATE,      /* the program did not start within the time limit */
    VM_OUTPUT_UNWRITTEN, /* what it says cannot be written here: `error` (EPIPE: the reader is gone) */
};

struct vm_output_state {
    int start_limit_ms;
    void (*started)(void *opaque); /* the program is about to be executed; may be NULL */
    void *opaque;
    struct vm_exit end;
    int error;
    char text[513];
};

/* Writes the program's output to standard output and error until it ends. SIGPIPE is ignored. */
enum vm_output vm_output_run(int port, struct vm_output_state *state);

#endif
