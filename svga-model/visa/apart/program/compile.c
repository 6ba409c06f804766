// SPDX-License-Identifier: MIT
/*
 * trillium-visa-compile: compiles OpenCL C to SPIR-V for one application of the guest (svga-model/visa/apart/guest.h), which started
 * it with a socket as descriptor 3. It ends when the application does, also in the middle of a compile.
 */
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svga-model/visa/apart/guest-jobs.h"

enum {
    SOCKET = 3,
    KEPT = 64 << 20, /* bytes that one compile leaves for the next, rather than to the kernel */
};

static void *watch(void *unused) {
    struct pollfd p = {.fd = SOCKET, .events = POLLRDHUP};

    (void)unused;
    while (poll(&p, 1, -1) < 0 || !(p.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)))
        ;
    _exit(0);
}

int main(int argc, char **argv) {
    int type = 0;
    socklen_t size = sizeof type;
    pthread_t thread;

    (void)argv;
    if (argc > 1 || getsockopt(SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
        fputs("trillium-visa-compile compiles OpenCL C to SPIR-V for Trillium's guest driver, which starts "
              "it.\n",
              argc > 1 ? stdout : stderr);
        return argc > 1 ? 0 : 2;
    }
    if (pthread_create(&thread, NULL, watch, NULL) != 0)
        return 1;
    mallopt(M_TRIM_THRESHOLD, KEPT);
    mallopt(M_MMAP_THRESHOLD, KEPT);
    visa_apart_serve(SOCKET, false, NULL, visa_answer_guest);
    return 0;
}
