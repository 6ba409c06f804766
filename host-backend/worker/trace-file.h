// SPDX-License-Identifier: MIT
/*
 * The file of a trace (host-backend/profile/trace.h has its format): entries are gathered and written many at once, and there are
 * no more than there is room for. No standard stream: its way into a buffer costs as much as all else that an entry needs.
 *
 * Threads: the caller's lock.
 */
#ifndef HOST_BACKEND_WORKER_TRACE_FILE_H
#define HOST_BACKEND_WORKER_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_file {
    int fd;        /* -1: none, or none any more */
    int error;     /* errno of the first write that failed */
    char *buffer;  /* kept for the next file */
    size_t used;   /* bytes in the buffer, which wait to be written */
    uint64_t room; /* bytes that may still be added */
};

/* `fd` is the file's then. False, after a sentence on stderr: out of memory, and `fd` is closed. */
bool trace_file_begin(struct trace_file *f, int fd, uint64_t room);
/* False: there is no room for it. */
bool trace_file_add(struct trace_file *f, const void *entry, size_t size);
/* What says that the room did not do needs none. */
void trace_file_add_last(struct trace_file *f, const void *entry, size_t size);
void trace_file_flush(struct trace_file *f);
/* Writes the rest and closes; a sentence on stderr if something could not be written. */
void trace_file_end(struct trace_file *f);

#endif
