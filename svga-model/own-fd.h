// SPDX-License-Identifier: MIT
/*
 * Descriptors of the driver's own in a process that is the application's: which may have closed 0, 1 and 2,
 * may close every descriptor that it does not know, and then opens its own under the same numbers. They lie
 * high, where programs seldom reach, and are looked at again before something is sent into them.
 *
 * Threads: any.
 */
#ifndef SVGA_MODEL_OWN_FD_H
#define SVGA_MODEL_OWN_FD_H

#include <stdbool.h>
#include <sys/types.h>

struct svga_own_fd {
    int fd; /* -1: none */
    dev_t device;
    ino_t inode;
};

/* Takes `fd` over: moves it to a high number with FD_CLOEXEC, and notes which file it is. */
struct svga_own_fd svga_own_fd_take(int fd);

/* Is it still the file that it was? */
bool svga_own_fd_there(const struct svga_own_fd *own);

/* Closes it if it is still there, so that a number that the application has taken over stays the application's. */
void svga_own_fd_close(struct svga_own_fd *own);

/* What calls on the device's state say once the application has closed the descriptor. */
#define SVGA_OWN_FD_GONE "the program has closed the descriptor of its virtual GPU"

#endif
