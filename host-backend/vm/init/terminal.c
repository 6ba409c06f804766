// SPDX-License-Identifier: MIT
#include "host-backend/vm/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

void terminal_open(const struct config *c, int *master, int *slave) {
    const struct winsize size = {.ws_row = c->rows, .ws_col = c->columns};
    struct termios modes;
    char path[64];

    *master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*master < 0 || unlockpt(*master) < 0 || ptsname_r(*master, path, sizeof path) != 0 ||
        (*slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
        die("the guest cannot make a pseudo-terminal: %s", strerror(errno));
    if (fchown(*slave, c->uid, c->gid) < 0 || fchmod(*slave, 0620) < 0)
        die("the guest's pseudo-terminal cannot be given to the user: %s", strerror(errno));
    ioctl(*master, TIOCSWINSZ, &size);
    if (tcgetattr(*slave, &modes) == 0) {
        modes.c_iflag |= IUTF8; /* what is erased is a character, not a byte */
        tcsetattr(*slave, TCSANOW, &modes);
    }
}
