// SPDX-License-Identifier: MIT
#include "host-backend/worker/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "svga-model/futex.h"

static struct svga_device *_Atomic guarded;
static atomic_bool crashed;

static const struct {
    int number;
    const char *text;
} crashes[] = {
    {SIGSEGV, "an OpenCL kernel or the driver accessed memory that is not there (SIGSEGV); the host worker "
              "of this guest ended"},
    {SIGBUS, "an OpenCL kernel or the driver accessed memory that is not there (SIGBUS); the host worker of "
             "this guest ended"},
    {SIGFPE,
     "an OpenCL kernel or the driver made an arithmetic error (SIGFPE); the host worker of this guest ended"},
    {SIGILL, "the driver ran into an illegal instruction (SIGILL); the host worker of this guest ended"},
    {SIGABRT, "the OpenCL driver gave up (SIGABRT); the host worker of this guest ended"},
};
enum { CRASHES = sizeof crashes / sizeof crashes[0] };

/* Async-signal-safe: plain stores into the BAR and system calls. */
static void on_crash(int number) {
    struct svga_device *d = atomic_load(&guarded);

    atomic_store(&crashed, true);
    signal(number, SIG_DFL);
    if (d && d->bar) {
        const char *text = "the host worker of this guest ended";
        for (int i = 0; i < CRASHES; i++)
            if (crashes[i].number == number)
                text = crashes[i].text;
        uint32_t none = SVGA_ERROR_NONE;
        if (atomic_load(&d->words[SVGA_FIFO_ERROR]) == SVGA_ERROR_NONE) {
            char *out = (char *)d->bar + SVGA_BAR_ERROR_TEXT;
            size_t n = 0;
            for (; n < SVGA_BAR_ERROR_TEXT_SIZE - 1 && text[n] != '\0'; n++)
                out[n] = text[n];
            out[n] = '\0';
        }
        atomic_compare_exchange_strong(&d->words[SVGA_FIFO_ERROR], &none, SVGA_ERROR_WORKER_DIED);
        atomic_fetch_add(&d->words[SVGA_FIFO_IRQ_SEQ], 1);
        svga_futex_wake(&d->words[SVGA_FIFO_IRQ_SEQ], INT32_MAX);
        if (d->irqfd >= 0) {
            uint64_t one = 1;
            ssize_t ignored = write(d->irqfd, &one, sizeof one);
            (void)ignored;
        }
    }
    if (getpid() == 1) /* of its pid namespace: the kernel keeps it from its own signals */
        _exit(128 + number);
    raise(number); /* blocked until this handler returns; then it ends the process */
}

static void install(bool leave_sigfpe) {
    struct sigaction act = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};

    for (int i = 0; i < CRASHES; i++)
        if (crashes[i].number != SIGFPE || !leave_sigfpe)
            sigaction(crashes[i].number, &act, NULL);
}

void crash_install(void) {
    install(false);
}

void crash_guard(struct svga_device *device, bool leave_sigfpe) {
    if (device)
        install(leave_sigfpe);
    atomic_store(&guarded, device);
}

void crash_let_end(void) {
    while (atomic_load(&crashed))
        pause();
}
