// SPDX-License-Identifier: MIT
#include "host-backend/worker/lifeline.h"

#include <errno.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host-backend/util/prompt.h"

enum { STACK_SIZE = 64 << 10 };

struct start {
    int fd, result;
    sem_t done;
};

static void *hold(void *opaque) {
    struct start *s = opaque;
    const unsigned fd = (unsigned)s->fd;

    prompt_begin(); /* or it would be one of the last to hear of its death, where others compute */
    s->result = syscall(SYS_close_range, fd + 1, ~0u, CLOSE_RANGE_UNSHARE) < 0 ? -errno : 0;
    if (s->result < 0) {
        sem_post(&s->done);
        return NULL;
    }
    if (fd > 0)
        syscall(SYS_close_range, 0u, fd - 1, 0u);
    sem_post(&s->done);
    for (;;)
        poll(NULL, 0, -1);
}

int lifeline_begin(int fd) {
    struct start s = {.fd = fd};
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;

    sem_init(&s.done, 0, 0);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* No handler runs on it: what that uses is not among its descriptors. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = -pthread_create(&thread, &attributes, hold, &s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (r == 0) {
        while (sem_wait(&s.done) < 0)
            ;
        r = s.result;
    }
    sem_destroy(&s.done);
    if (r == 0)
        close(fd);
    return r;
}
