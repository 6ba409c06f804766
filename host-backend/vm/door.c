// SPDX-License-Identifier: MIT
#include "host-backend/vm/door.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/log.h"
#include "host-backend/cell/daemon.h"
#include "host-backend/vhost-user/event.h"

struct vm_door {
    struct vm_door_config config;
    struct vu_loop loop;
    struct vsock device;
    bool connected, stopping;
    int stop;
    struct vu_source stop_source, listener_source, connection_source;
    pthread_t thread;
};

#define DOOR_OF(source, member) ((struct vm_door *)((char *)(source)-offsetof(struct vm_door, member)))

static void disconnect(struct vm_door *d) {
    vu_loop_remove(&d->loop, d->device.backend.sock);
    vsock_finish(&d->device);
    d->connected = false;
}

static void connection_ready(struct vu_source *source, uint32_t events) {
    struct vm_door *d = DOOR_OF(source, connection_source);
    (void)events;
    int r = vu_backend_message(&d->device.backend);
    if (r < 0)
        log_say(LOG_GUESTS, "the VM's vsock device broke the vhost-user protocol: %s", strerror(-r));
    if (r <= 0)
        disconnect(d);
}

static void connect_vm(struct vm_door *d, int connection) {
    vsock_init(&d->device, &d->loop, connection, &d->config.streams);
    d->connected = true;
    if (vu_loop_add(&d->loop, connection, EPOLLIN, &d->connection_source) < 0)
        disconnect(d);
}

static void listener_ready(struct vu_source *source, uint32_t events) {
    struct vm_door *d = DOOR_OF(source, listener_source);
    (void)events;
    int connection = accept4(d->config.listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection >= 0 && d->connected)
        close(connection); /* a VM has one */
    else if (connection >= 0)
        connect_vm(d, connection);
}

static void stop_ready(struct vu_source *source, uint32_t events) {
    (void)events;
    DOOR_OF(source, stop_source)->stopping = true;
}

static void close_device(struct vm_door *d) {
    int *const fds[] = {&d->config.listener, &d->config.connection};

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

static void *serve(void *arg) {
    struct vm_door *d = arg;

    if (!daemon_raise(DAEMON_FRONT, d->config.sandbox)) {
        close_device(d); /* the VM has lost it, and its kernel says so */
        return NULL;
    }
    vu_events_begin();
    if (d->config.connection >= 0)
        connect_vm(d, d->config.connection);
    d->config.connection = -1;
    while (!d->stopping) {
        vu_loop_once(&d->loop, -1);
        if (vu_events_were_stuck() && d->connected)
            disconnect(d);
    }
    vu_events_end();
    if (d->connected)
        disconnect(d);
    return NULL;
}

static void free_door(struct vm_door *d) {
    close_device(d);
    if (d->stop >= 0)
        close(d->stop);
    if (d->loop.epoll >= 0)
        close(d->loop.epoll);
    free(d);
}

struct vm_door *vm_door_start(const struct vm_door_config *config) {
    struct vm_door *d = calloc(1, sizeof *d);
    sigset_t all, before;
    int r;

    if (!d)
        return NULL;
    d->config = *config;
    d->loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    d->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    d->stop_source.ready = stop_ready;
    d->listener_source.ready = listener_ready;
    d->connection_source.ready = connection_ready;
    r = d->loop.epoll < 0 || d->stop < 0 ? errno : -vu_loop_add(&d->loop, d->stop, EPOLLIN, &d->stop_source);
    if (r == 0 && config->listener >= 0)
        r = -vu_loop_add(&d->loop, config->listener, EPOLLIN, &d->listener_source);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (r == 0)
        r = pthread_create(&d->thread, NULL, serve, d);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0) {
        free_door(d);
        errno = r;
        return NULL;
    }
    return d;
}

void vm_door_stop(struct vm_door *d) {
    uint64_t one = 1;

    if (!d)
        return;
    ssize_t ignored = write(d->stop, &one, sizeof one);
    (void)ignored;
    pthread_join(d->thread, NULL);
    free_door(d);
}
