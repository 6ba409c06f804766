// SPDX-License-Identifier: MIT
#include "host-backend/vm/streams.h"
#include "host-backend/util/clock.h"
#include "host-backend/util/io.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- input ---- */

static void *carry_input(void *arg) {
    struct vm_input *in = arg;
    struct pollfd fds[2] = {{0, POLLIN, 0}, {in->stop, POLLIN, 0}};
    static _Thread_local struct {
        struct vm_frame frame;
        char bytes[VM_FRAME_MAX];
    } buffer;

    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue; /* EINTR */
        if (fds[1].revents)
            return NULL;
        ssize_t n = read(0, buffer.bytes, sizeof buffer.bytes);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        buffer.frame = (struct vm_frame){VM_FRAME_STDIN, n > 0 ? (uint32_t)n : 0};
        if (!io_write_all(in->port, &buffer, sizeof buffer.frame + buffer.frame.size) || n <= 0)
            return NULL;
    }
}

int vm_input_start(struct vm_input *in, int port) {
    in->port = port;
    in->stop = eventfd(0, EFD_CLOEXEC);
    if (in->stop < 0)
        return errno;
    int r = pthread_create(&in->thread, NULL, carry_input, in);
    if (r != 0)
        close(in->stop);
    return r;
}

void vm_input_stop(struct vm_input *in) {
    eventfd_write(in->stop, 1);
    pthread_join(in->thread, NULL);
    close(in->stop);
}

/* ---- output ---- */

/* 0 or an errno. A stream that is closed here takes everything, into nothing. */
static int put(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EAGAIN) { /* someone made our terminal or pipe non-blocking */
            struct pollfd p = {fd, POLLOUT, 0};
            poll(&p, 1, -1);
            continue;
        }
        if (n < 0 && errno != EINTR)
            return errno == EBADF ? 0 : errno;
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        }
    }
    return 0;
}

/* Waits for the first byte, up to the limit. False: none came. */
static bool first_byte(int port, int limit_ms) {
    int64_t end = clock_now_ms() + limit_ms;
    for (;;) {
        int64_t left = end - clock_now_ms();
        struct pollfd p = {port, POLLIN, 0};
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n != 0 && !(n < 0 && errno == EINTR))
            return true;
        if (n == 0)
            return false;
    }
}

/* Reading ends when the VM has: a signal that ends it (signals.h) does so too. */
enum vm_output vm_output_run(int port, struct vm_output_state *state) {
    static char bytes[VM_FRAME_MAX];
    struct vm_frame frame;

    if (!first_byte(port, state->start_limit_ms))
        return VM_OUTPUT_LATE;
    while (io_read_all(port, &frame, sizeof frame) && frame.size <= sizeof bytes &&
           io_read_all(port, bytes, frame.size)) {
        switch (frame.type) {
        case VM_FRAME_STARTED:
            if (state->started)
                state->started(state->opaque);
            break;
        case VM_FRAME_STDOUT:
        case VM_FRAME_STDERR:
            state->error = put(frame.type == VM_FRAME_STDOUT ? 1 : 2, bytes, frame.size);
            if (state->error != 0)
                return VM_OUTPUT_UNWRITTEN;
            break;
        case VM_FRAME_EXIT:
            if (frame.size != sizeof state->end)
                return VM_OUTPUT_LOST;
            memcpy(&state->end, bytes, sizeof state->end);
            return VM_OUTPUT_EXIT;
        case VM_FRAME_FAILED: {
            size_t n = frame.size < sizeof state->text - 1 ? frame.size : sizeof state->text - 1;
            memcpy(state->text, bytes, n);
            state->text[n] = '\0';
            return VM_OUTPUT_FAILED;
        }
        default:
            return VM_OUTPUT_LOST;
        }
    }
    return VM_OUTPUT_LOST;
}
