// SPDX-License-Identifier: MIT
#include "host-backend/worker/trace-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Commands come by the million in long runs. It is touched at once, and small: where the host is a VM itself, a page that is touched for the
 * first time costs some 40 us, beside the commands that are measured. */
enum { BUFFER = 64 << 10 };

bool trace_file_begin(struct trace_file *f, int fd, uint64_t room) {
    char *buffer = f->buffer ? f->buffer : malloc(BUFFER);

    *f = (struct trace_file){.fd = buffer ? fd : -1, .buffer = buffer, .room = room};
    if (buffer)
        memset(buffer, 1, BUFFER);
    if (!buffer) {
        fprintf(stderr, "trillium-worker: no profile: out of memory\n");
        close(fd);
    }
    return buffer;
}

void trace_file_flush(struct trace_file *f) {
    for (size_t done = 0; done < f->used && f->error == 0;) {
        ssize_t n = write(f->fd, f->buffer + done, f->used - done);
        if (n < 0 && errno != EINTR)
            f->error = errno;
        done += n > 0 ? (size_t)n : 0;
    }
    f->used = 0;
}

void trace_file_add_last(struct trace_file *f, const void *entry, size_t size) {
    if (f->used + size > BUFFER)
        trace_file_flush(f);
    memcpy(f->buffer + f->used, entry, size);
    f->used += size;
}

bool trace_file_add(struct trace_file *f, const void *entry, size_t size) {
    if (f->room < size)
        return false;
    f->room -= size;
    trace_file_add_last(f, entry, size);
    return true;
}

void trace_file_end(struct trace_file *f) {
    trace_file_flush(f);
    if (close(f->fd) != 0 && f->error == 0)
        f->error = errno;
    if (f->error != 0)
        fprintf(stderr, "trillium-worker: the profile is incomplete: %s\n", strerror(f->error));
    f->fd = -1;
}
