// SPDX-License-Identifier: MIT
#include "svga-model/carrier-loopback.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void *decode(void *arg) {
    struct svga_loopback *l = arg;
    _Alignas(8) uint8_t command[SVGA_CMD_MAX_SIZE];

    while (!atomic_load(&l->device.closing)) {
        int size = svga_device_next(&l->device, command);
        if (size < 0)
            break;
        if (size > 0) {
            if (l->command)
                l->command(&l->device, command, (uint32_t)size, l->opaque);
            svga_device_release(&l->device);
        } else if (svga_device_doze(&l->device)) {
            svga_device_sleep(&l->device, -1);
            svga_device_awake(&l->device);
        }
    }
    return NULL;
}

static int start_decoding(void *opaque, uint32_t version) {
    struct svga_loopback *l = opaque;
    (void)version;
    int r = pthread_create(&l->decode_thread, NULL, decode, l);
    l->decoding = r == 0;
    return r;
}

static void *serve(void *arg) {
    struct svga_loopback *l = arg;
    svga_device_serve_link(&l->device);
    shutdown(l->device.link, SHUT_RDWR); /* as a worker's exit would */
    return NULL;
}

struct svga_carrier *svga_carrier_loopback_open(struct svga_loopback *l, char why[SVGA_WHY_SIZE]) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        snprintf(why, SVGA_WHY_SIZE, "socketpair: %s", strerror(errno));
        return NULL;
    }
    struct svga_device_callbacks callbacks = {.opaque = l, .config_done = start_decoding};
    svga_device_init(&l->device, ends[1], l->version, &l->limits, &callbacks);
    l->decoding = false;
    if (pthread_create(&l->link_thread, NULL, serve, l) != 0) {
        snprintf(why, SVGA_WHY_SIZE, "cannot start a thread");
        close(ends[0]);
        svga_device_finish(&l->device);
        return NULL;
    }
    struct svga_carrier *carrier = svga_carrier_shm_from_fd(ends[0], why);
    if (!carrier)
        svga_loopback_join(l);
    return carrier;
}

void svga_loopback_join(struct svga_loopback *l) {
    pthread_join(l->link_thread, NULL);
    if (l->decoding)
        pthread_join(l->decode_thread, NULL);
    svga_device_finish(&l->device);
}
