// SPDX-License-Identifier: MIT
/*
 * Loading a driver is, for the most part, writing addresses into its libraries' tables: LLVM's alone are 8 MiB, each page of which
 * costs a fault of its own at the first write. A thread beside the loader asks the kernel for the tables of each library at once
 * (svga-model/populate.h), between the moment in which it is mapped and that in which the loader gets to it. Nothing is
 * written, so who comes first does not matter. PoCL with LLVM is loaded in 77 ms instead of 88 on a VM with shadow page tables, which
 * fill themselves by faults all the same.
 *
 * Threads: begin and end on the one that loads.
 */
#ifndef HOST_BACKEND_WORKER_PREFAULT_H
#define HOST_BACKEND_WORKER_PREFAULT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct prefault {
    pthread_t thread;
    bool started;
    _Atomic bool stop;
};

/* Libraries that are loaded from now on. Where there can be no thread, or the kernel does not know how (before 5.14), nothing is
 * done: it is a matter of time alone. */
void prefault_begin(struct prefault *p);
void prefault_end(struct prefault *p);

/* How many bytes of libraries this process has asked for so. */
size_t prefault_bytes(void);

#endif
