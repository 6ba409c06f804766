// SPDX-License-Identifier: MIT
#include "host-backend/worker/attach.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/util/packet.h"
#include "host-backend/worker/control.h"
#include "host-backend/worker/handlers.h"
#include "host-backend/worker/trace.h"
#include "svga-model/futex.h"

enum {
    FILE_MS = 2000,   /* the file comes right behind the socket */
    ENDING_MS = 2000, /* commands under way get so long to end, before they are written down as they are */
    LOOK_US = 100000,
    AGAIN_MS = 2, /* for queues that could not be swapped */
};

struct listener {
    struct session *session;
    int control;
};

/* ---- the leader's side ---- */

/* False: some have commands that wait for the guest, and are as they were. */
static bool all_queues(struct session *s, bool profiled) {
    bool all = true;

    for (uint32_t i = 0; i < s->objects.cap; i++) {
        struct object *o = s->objects.table[i];
        if (o && o->kind == TR_KIND_QUEUE)
            all = queue_profile(s, (struct queue *)o, profiled) && all;
    }
    return all;
}

void attach_swap(struct session *s) {
    uint64_t now = svga_now_ns();

    if (now < s->swap_again_ns)
        return;
    s->swap_due = trace_is_on(s->trace) && !all_queues(s, s->swap_to);
    s->swap_again_ns = s->swap_due ? now + AGAIN_MS * 1000000ull : 0;
}

static void begin(struct session *s) {
    int file = s->attach_file;

    s->attach_began = false;
    if (!s->trace)
        s->trace = session_trace_new(s);
    if (!s->trace || trace_is_on(s->trace))
        return;
    s->attach_file = -1;
    if (!trace_start(s->trace, file, s->attach_all))
        return;
    s->attach_began = true;
    all_queues(s, true);
    session_tell_profile(s, true);
}

/* True once the file is complete. */
static bool end(struct session *s) {
    if (trace_is_on(s->trace)) {
        trace_stop(s->trace);
        session_tell_profile(s, false);
        all_queues(s, false);
        s->attach_until_ns = svga_now_ns() + ENDING_MS * 1000000ull;
    }
    if (trace_collect(s->trace) > 0 && svga_now_ns() < s->attach_until_ns)
        return false;
    trace_end(s->trace);
    return true;
}

void attach_obey(struct session *s) {
    switch (atomic_load_explicit(&s->attach_order, memory_order_acquire)) {
    case ATTACH_BEGIN:
        begin(s);
        break;
    case ATTACH_END:
    case ATTACH_ENDING:
        if (!end(s)) {
            atomic_store(&s->attach_order, ATTACH_ENDING);
            return;
        }
        break;
    default:
        return;
    }
    atomic_store(&s->attach_order, ATTACH_NONE);
    svga_futex_wake(&s->attach_order, 1);
}

/* ---- the thread's side ---- */

/* Until the leader has done it. */
static void give_order(struct session *s, enum attach_order order) {
    uint32_t now;

    atomic_store(&s->attach_order, order);
    while ((now = atomic_load(&s->attach_order)) != ATTACH_NONE) {
        /* before there is a decoder there is no FIFO either */
        if (now != ATTACH_ENDING && atomic_load(&s->device.running)) {
            svga_device_awake(&s->device); /* pairs with the look between doze and sleep (session.c) */
            svga_futex_wake(&s->device.words[SVGA_FIFO_BUSY], INT32_MAX);
        }
        svga_futex_wait(&s->attach_order, now, LOOK_US);
    }
}

static void say(int line, const char *why) {
    send(line, why, strlen(why), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* `all`: not a sample. */
static int take_file(int line, bool *all) {
    struct pollfd p = {.fd = line, .events = POLLIN};
    char byte = 0;
    int fd = -1;

    if (poll(&p, 1, FILE_MS) == 1 && packet_receive(line, &byte, 1, &fd, MSG_DONTWAIT) <= 0 && fd >= 0) {
        close(fd);
        fd = -1;
    }
    *all = byte == CONTROL_PROFILE_ALL;
    return fd;
}

/* What was sent is read first, or the other end would hear of that instead. */
static void refuse(int line, const char *why) {
    bool all;
    int file = take_file(line, &all);

    if (file >= 0)
        close(file);
    say(line, why);
    close(line);
}

/* What the broker says: a socket for a profile, or -1. False: it is gone. */
static bool hear(int control, int *line) {
    char byte = 0;
    ssize_t n = packet_receive(control, &byte, 1, line, 0);

    if (n > 0 && byte != CONTROL_PROFILE && *line >= 0) {
        close(*line);
        *line = -1;
    }
    return n > 0 || n == -EINTR;
}

static void profile(const struct listener *l, int line) {
    struct session *s = l->session;
    struct pollfd p[2] = {{.fd = line, .events = POLLIN}, {.fd = l->control, .events = POLLIN}};
    int other;

    s->attach_file = take_file(line, &s->attach_all);
    s->attach_began = false;
    if (s->attach_file >= 0)
        give_order(s, ATTACH_BEGIN);
    if (!s->attach_began) {
        if (s->attach_file >= 0)
            close(s->attach_file);
        say(line, "it writes a profile already, or cannot begin one");
        close(line);
        return;
    }
    while (poll(p, 2, -1) >= 0 || errno == EINTR) {
        if (p[1].revents && (!hear(l->control, &other)))
            p[1].fd = -1;
        else if (p[1].revents && other >= 0)
            refuse(other, "somebody else profiles it");
        if (p[0].revents)
            break;
    }
    give_order(s, ATTACH_END);
    close(line);
}

static void *listen_on(void *opaque) {
    struct listener *l = opaque;
    int line;

    while (hear(l->control, &line))
        if (line >= 0)
            profile(l, line);
    free(l);
    return NULL;
}

void attach_listen(struct session *s, int control) {
    struct listener *l = malloc(sizeof *l);
    pthread_t thread;

    if (!l)
        return;
    *l = (struct listener){s, control};
    if (pthread_create(&thread, NULL, listen_on, l) == 0)
        pthread_detach(thread);
    else
        free(l);
}
