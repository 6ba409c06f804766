// SPDX-License-Identifier: MIT
#include "host-backend/worker/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "svga-model/futex.h"

static struct svga_device *_Atomic guarded;
static atomic_bool crashed;

static const struct {
    int number;
    const char *name, *text;
} crashes[] = {
    {SIGSEGV, "SIGSEGV", "an OpenCL kernel or the driver accessed memory that is not there"},
    {SIGBUS, "SIGBUS", "an OpenCL kernel or the driver accessed memory that is not there"},
    {SIGFPE, "SIGFPE", "an OpenCL kernel or the driver made an arithmetic error"},
    {SIGILL, "SIGILL", "the driver ran into an illegal instruction"},
    {SIGABRT, "SIGABRT", "the OpenCL driver gave up"},
};
enum { CRASHES = sizeof crashes / sizeof crashes[0] };

static _Thread_local volatile bool compiles;

void crash_in_compiler(bool in) {
    compiles = in;
}

void crash_own_stack(void) {
    enum { SIZE = 64 << 10 };
    stack_t stack = {.ss_size = SIZE};

    stack.ss_sp = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp != MAP_FAILED)
        sigaltstack(&stack, NULL);
}

/* What it comes to, as a sentence in `out`. Async-signal-safe. */
static void describe(int number, char out[SVGA_BAR_ERROR_TEXT_SIZE]) {
    enum { LONGEST = 200 };
    int i = 0;

    _Static_assert(SVGA_BAR_ERROR_TEXT_SIZE >= LONGEST, "any of the sentences fits");
    while (i < CRASHES - 1 && crashes[i].number != number)
        i++;
    char *at =
        stpcpy(out, compiles ? "the driver's compiler crashed while it built a program" : crashes[i].text);
    stpcpy(stpcpy(stpcpy(at, " ("), crashes[i].name), "); the host worker of this guest ended");
}

/* Async-signal-safe: plain stores into the BAR and system calls. */
static void on_crash(int number) {
    struct svga_device *d = atomic_load(&guarded);

    atomic_store(&crashed, true);
    signal(number, SIG_DFL);
    if (d && d->bar) {
        uint32_t none = SVGA_ERROR_NONE;
        if (atomic_load(&d->words[SVGA_FIFO_ERROR]) == SVGA_ERROR_NONE)
            describe(number, (char *)d->bar + SVGA_BAR_ERROR_TEXT);
        atomic_compare_exchange_strong(&d->words[SVGA_FIFO_ERROR], &none, SVGA_ERROR_WORKER_DIED);
        atomic_fetch_add(&d->words[SVGA_FIFO_IRQ_SEQ], 1);
        svga_futex_wake(&d->words[SVGA_FIFO_IRQ_SEQ], INT32_MAX);
        if (d->irqfd >= 0) {
            uint64_t one = 1;
            ssize_t ignored = write(d->irqfd, &one, sizeof one);
            (void)ignored;
        }
    }
    if (compiles) {
        static const char text[] =
            "trillium-worker: the driver's compiler crashed while it built a program\n";
        ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
        (void)ignored;
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
