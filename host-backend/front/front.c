// SPDX-License-Identifier: MIT
#include "host-backend/front/front.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/log.h"
#include "host-backend/front/session.h"
#include "host-backend/vhost-user/event.h"

struct front {
    struct front_config config;
    struct vu_loop loop;
    struct vgpu gpu;
    struct vgpu_ops ops;
    struct front_sessions sessions;

    int stop_event;
    int listener; /* -1: none */
    bool connected, stopping;
    int error; /* of the last connection that ended */
    struct vu_source stop_source, listener_source, connection_source;
};

#define FRONT_OF(source, member) ((struct front *)((char *)(source)-offsetof(struct front, member)))

static const struct svga_capset capset = {.magic = SVGA_CAPSET_MAGIC, .version = SVGA_CAPSET_VERSION};

static void disconnect(struct front *f, int error) {
    vu_loop_remove(&f->loop, f->gpu.backend.sock);
    vgpu_finish(&f->gpu); /* ends all contexts; the sessions go on until their other ends are closed */
    f->connected = false;
    f->error = error;
    if (error < 0)
        log_say(LOG_GUESTS, "the VM's connection broke the vhost-user protocol: %s", strerror(-error));
    if (f->listener >= 0)
        vu_loop_change(&f->loop, f->listener, EPOLLIN, &f->listener_source);
}

static void connection_ready(struct vu_source *source, uint32_t events) {
    struct front *f = FRONT_OF(source, connection_source);
    (void)events;
    int r = vu_backend_message(&f->gpu.backend);
    if (r <= 0)
        disconnect(f, r);
}

static int connect_vm(struct front *f, int connection) {
    vgpu_init(&f->gpu, &f->loop, connection, &f->ops);
    int r = vu_loop_add(&f->loop, connection, EPOLLIN, &f->connection_source);
    if (r < 0) {
        vgpu_finish(&f->gpu);
        return r;
    }
    f->connected = true;
    /* One VM at a time: another one is told of, once, and waits. */
    if (f->listener >= 0)
        vu_loop_change(&f->loop, f->listener, EPOLLIN | EPOLLONESHOT, &f->listener_source);
    return 0;
}

static void listener_ready(struct vu_source *source, uint32_t events) {
    struct front *f = FRONT_OF(source, listener_source);
    (void)events;
    if (f->connected) {
        log_say(LOG_GUESTS, "another VM waits at the socket: it is served when the present one ends; VMs "
                            "that run at the same time need a daemon and a socket each");
        return;
    }
    int connection = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection >= 0)
        connect_vm(f, connection);
}

static void stop_ready(struct vu_source *source, uint32_t events) {
    (void)events;
    FRONT_OF(source, stop_source)->stopping = true;
}

struct front *front_create(const struct front_config *config) {
    struct front *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->config = *config;
    f->listener = -1;
    f->loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    f->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    f->stop_source.ready = stop_ready;
    f->listener_source.ready = listener_ready;
    f->connection_source.ready = connection_ready;
    f->sessions = (struct front_sessions){.config = &f->config, .loop = &f->loop, .gpu = &f->gpu};
    f->ops = (struct vgpu_ops){
        .capset_id = SVGA_CAPSET_ID,
        .capset_version = SVGA_CAPSET_VERSION,
        .capset_size = sizeof capset,
        .capset = &capset,
        .park_ms = SVGA_PAYLOAD_WAIT_MS,
        .submit = front_sessions_submit,
        .context_gone = front_sessions_context_gone,
        .resource_going = front_sessions_resource_going,
        .opaque = &f->sessions,
    };
    if (f->loop.epoll < 0 || f->stop_event < 0 ||
        vu_loop_add(&f->loop, f->stop_event, EPOLLIN, &f->stop_source) < 0) {
        int e = errno;
        front_destroy(f);
        errno = e;
        return NULL;
    }
    return f;
}

/* The nearer of two time limits, -1 being none. */
static int nearer(int a, int b) {
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

int front_run(struct front *f, int listener, int connection) {
    int r = vu_events_begin();

    if (r < 0)
        log_say(LOG_DAEMON, "a VM whose event descriptors block will not be noticed: %s", strerror(-r));
    r = 0;
    f->error = 0;
    f->listener = listener;
    if (listener >= 0)
        r = vu_loop_add(&f->loop, listener, EPOLLIN, &f->listener_source);
    if (connection >= 0) {
        if (r == 0)
            r = connect_vm(f, connection);
        else
            close(connection);
    }
    while (r == 0 && !f->stopping && (f->connected || f->listener >= 0)) {
        int timeout = front_sessions_timeout(&f->sessions);
        if (f->connected)
            timeout = nearer(timeout, vgpu_timeout(&f->gpu));
        vu_loop_once(&f->loop, timeout);
        front_sessions_tick(&f->sessions);
        if (f->connected)
            vgpu_tick(&f->gpu);
        if (vu_events_were_stuck() && f->connected) {
            log_say(LOG_GUESTS, "the VM's event descriptors block: its connection is closed");
            disconnect(f, -EPROTO);
        }
    }
    vu_events_end();
    if (f->connected)
        disconnect(f, 0);
    front_sessions_finish(&f->sessions);
    if (f->listener >= 0) {
        vu_loop_remove(&f->loop, f->listener);
        close(f->listener);
        f->listener = -1;
    }
    return r < 0 ? r : f->error;
}

void front_stop(struct front *f) {
    uint64_t one = 1;
    ssize_t ignored = write(f->stop_event, &one, sizeof one);
    (void)ignored;
}

void front_destroy(struct front *f) {
    if (f->stop_event >= 0)
        close(f->stop_event);
    if (f->loop.epoll >= 0)
        close(f->loop.epoll);
    free(f);
}
