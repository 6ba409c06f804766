// SPDX-License-Identifier: MIT
#include "host-backend/vm/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool handed_over;

void vm_terminal_look(struct vm_terminal *t) {
    struct winsize size = {0};

    *t = (struct vm_terminal){.there = isatty(0) && isatty(1) && tcgetpgrp(0) == getpgrp()};
    if (!t->there)
        return;
    t->errors = isatty(2);
    ioctl(0, TIOCGWINSZ, &size);
    t->rows = size.ws_row;
    t->columns = size.ws_col;
}

void vm_terminal_hand_over(const struct vm_terminal *t) {
    struct termios raw;

    if (!t->there || handed_over || tcgetattr(0, &before) < 0)
        return;
    raw = before;
    cfmakeraw(&raw);
    handed_over = tcsetattr(0, TCSADRAIN, &raw) == 0;
}

void vm_terminal_take_back(void) {
    if (handed_over)
        tcsetattr(0, TCSADRAIN, &before);
    handed_over = false;
}
