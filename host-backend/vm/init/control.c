// SPDX-License-Identifier: MIT
#include "host-backend/vm/init/init.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host-backend/vm/frame.h"

static void send_signal(const struct program_control *p, const struct vm_control *m) {
    /* What a terminal's keys reach is its foreground, which a shell in the guest may have changed. */
    pid_t group = m->group && p->terminal >= 0 ? tcgetpgrp(p->terminal) : -1;
    if (group <= 0 && m->group)
        group = p->program;
    kill(group > 0 ? -group : p->program, m->number);
}

void control_take(struct program_control *p) {
    static struct vm_control message; /* whole, or the beginning of one */
    static size_t got;

    for (;;) {
        ssize_t n = read(p->fd, (char *)&message + got, sizeof message - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            p->fd = -1; /* the host has closed it */
            return;
        }
        got += (size_t)n;
        if (got < sizeof message)
            continue;
        got = 0;
        if (message.type == VM_CONTROL_SIGNAL) {
            send_signal(p, &message);
        } else if (message.type == VM_CONTROL_WINDOW && p->terminal >= 0) {
            const struct winsize size = {.ws_row = message.rows, .ws_col = message.columns};
            ioctl(p->terminal, TIOCSWINSZ, &size);
        }
    }
}
