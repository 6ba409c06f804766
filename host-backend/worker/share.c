// SPDX-License-Identifier: MIT
#include "host-backend/worker/share.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/worker/control.h"

enum {
    RETRIES = 50,
    RETRY_US = 20000, /* the kernel takes ten changes a second, of all sessions together */
};

static _Atomic bool claims_little;

static int autogroup = -1; /* /proc/self/autogroup */

/* 0, or an errno. */
static int set_nice(const char *value) {
    return write(autogroup, value, strlen(value)) < 0 ? errno : 0;
}

void share_open(void) {
    autogroup = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
}

static void *try_again(void *unused) {
    for (int i = 0; i < RETRIES && set_nice("0") == EAGAIN; i++)
        usleep(RETRY_US);
    return unused;
}

void share_claim_all(void) {
    pthread_t thread;

    /* Tries again beside the caller, who has a guest waiting. */
    if (atomic_exchange(&claims_little, false) && set_nice("0") == EAGAIN &&
        pthread_create(&thread, NULL, try_again, NULL) == 0)
        pthread_detach(thread);
}

/* Loading drivers takes the main thread a while, and a guest may come meanwhile. What is asked for behind that
 * is seen to by the main thread. By poll(), whose waiters are all woken: a second thread in recv() would take the
 * wake-up from the first. */
static void *watch(void *control) {
    struct pollfd p = {.fd = (int)(intptr_t)control, .events = POLLIN};
    char byte;

    while (poll(&p, 1, -1) < 0 && errno == EINTR)
        ;
    if (recv(p.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && byte != CONTROL_WARM_UP)
        share_claim_all();
    return NULL;
}

void share_claim_little(int control) {
    pthread_t thread;

    if (getsid(0) != getpid() || set_nice("19") != 0)
        return;
    atomic_store(&claims_little, true);
    if (pthread_create(&thread, NULL, watch, (void *)(intptr_t)control) == 0)
        pthread_detach(thread);
}
