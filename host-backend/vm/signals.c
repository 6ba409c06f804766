// SPDX-License-Identifier: MIT
#include "host-backend/vm/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "host-backend/vm/frame.h"

static volatile sig_atomic_t caught, control = -1;
static volatile pid_t to_kill;
static bool has_window;

static const int handled[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGPIPE};
enum { HANDLED = sizeof handled / sizeof handled[0] };
static struct sigaction before[HANDLED];

/* A handler's, and only what a handler may call. A guest that does not take what it is sent loses it. */
static void tell(const struct vm_control *message) {
    ssize_t ignored = send(control, message, sizeof *message, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)ignored;
}

static void tell_window(void) {
    struct winsize size;
    if (ioctl(0, TIOCGWINSZ, &size) == 0)
        tell(&(struct vm_control){.type = VM_CONTROL_WINDOW, .rows = size.ws_row, .columns = size.ws_col});
}

static void on_signal(int number, siginfo_t *info, void *context) {
    int saved = errno;
    (void)context;
    if (number == SIGWINCH) {
        if (control >= 0)
            tell_window();
    } else if (control >= 0) {
        tell(&(struct vm_control){
            .type = VM_CONTROL_SIGNAL, .number = number, .group = info->si_code == SI_KERNEL});
    } else {
        caught = number;
        if (to_kill > 0)
            kill(to_kill, SIGKILL); /* its port closes, and whoever waits for it goes on */
    }
    errno = saved;
}

void vm_signals_begin(bool window) {
    struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigemptyset(&act.sa_mask);
    caught = 0;
    has_window = window;
    for (int i = 0; i < HANDLED; i++) {
        sigaction(handled[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN && handled[i] != SIGPIPE && (window || handled[i] != SIGWINCH))
            sigaction(handled[i], &act, NULL);
    }
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

void vm_signals_end_by_killing(pid_t qemu) {
    to_kill = qemu;
    if (qemu > 0 && caught) /* just before it could be told */
        kill(qemu, SIGKILL);
}

void vm_signals_forward(int to) {
    control = to;
    if (to >= 0 && has_window)
        tell_window(); /* it may have changed while the VM booted */
}

int vm_signals_caught(void) {
    return caught;
}

void vm_signals_end(void) {
    control = -1;
    for (int i = 0; i < HANDLED; i++)
        sigaction(handled[i], &before[i], NULL);
}
