// SPDX-License-Identifier: MIT
#include "svga-model/own-fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HIGH = 1000 }; /* below the usual limit of 1024 */

struct svga_own_fd svga_own_fd_take(int fd) {
    struct svga_own_fd own = {.fd = fd};
    struct stat st;

    for (int at_least = HIGH; at_least > 2; at_least /= 2) {
        int moved = fd < at_least ? fcntl(fd, F_DUPFD_CLOEXEC, at_least) : -1;
        if (moved >= 0) {
            close(fd);
            own.fd = moved;
            break;
        }
    }
    if (fstat(own.fd, &st) == 0) {
        own.device = st.st_dev;
        own.inode = st.st_ino;
    }
    return own;
}

bool svga_own_fd_there(const struct svga_own_fd *own) {
    struct stat st;
    return fstat(own->fd, &st) == 0 && st.st_dev == own->device && st.st_ino == own->inode;
}

void svga_own_fd_close(struct svga_own_fd *own) {
    if (own->fd >= 0 && svga_own_fd_there(own))
        close(own->fd);
    own->fd = -1;
}
