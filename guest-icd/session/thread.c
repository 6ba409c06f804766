// SPDX-License-Identifier: MIT
#include "guest-icd/session/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

bool icd_thread_start(void *(*run)(void *opaque), void *opaque, const char *name) {
    static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t blocked, before;
    pthread_t thread;

    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof synchronous / sizeof synchronous[0]; i++)
        sigdelset(&blocked, synchronous[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int r = pthread_create(&thread, NULL, run, opaque);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0)
        return false;
    pthread_setname_np(thread, name);
    pthread_detach(thread);
    return true;
}
