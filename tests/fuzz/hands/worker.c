// SPDX-License-Identifier: MIT
#include "tests/fuzz/hands/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svga-model/hand.h"
#include "svga-model/link-io.h"

static struct worker {
    int link;       /* -1: there is none */
    int calls;      /* the hand's end: a byte for each call that waits to be heard; -1: no hand */
    ino_t heard_by; /* the front's end of it */
    int jobs;
    uint8_t mood;
    bool interrupted;   /* the call that waits was */
    uint64_t id;        /* of the last call */
    uint32_t count, at; /* operations of the job that it carries out */
    uint32_t failed;
} workers[WORKERS];
static unsigned made;

static struct worker *newest(void) {
    return &workers[(made + WORKERS - 1) % WORKERS];
}

/* ---- its hand ---- */

static void call(struct worker *w) {
    ssize_t ignored = send(w->calls, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)ignored; /* nobody listens any more */
}

static void give_hand(struct worker *w, uint32_t seq) {
    static const char maps[] = "1000-2000 rw-p 00000000 00:00 0\n",
                      mapped[] = "1000-7fffffffffff rw-s 00000000 00:01 5 /memfd:ram\n";
    struct svga_link_msg reply = {.type = SVGA_LINK_REPLY, .seq = seq};
    int pair[2], fds[SVGA_HAND_FDS];
    struct stat of;

    if (w->calls >= 0 || w->mood & MOOD_NO_HAND) {
        reply.arg = ENOTSUP;
        svga_link_send(w->link, &reply, NULL, NULL, 0);
        return;
    }
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0 || fstat(pair[1], &of) < 0)
        abort();
    w->calls = pair[0];
    w->heard_by = of.st_ino;
    w->count = w->at = w->failed = 0;
    fds[SVGA_HAND_CALLS] = pair[1];
    fds[SVGA_HAND_JOBS] = w->jobs = memfd_create("jobs", MFD_CLOEXEC);
    fds[SVGA_HAND_MAPS] = memfd_create("maps", MFD_CLOEXEC);
    fds[SVGA_HAND_LIFE] = memfd_create("life", MFD_CLOEXEC);
    const char *text = w->mood & MOOD_STILL_MAPS ? mapped : maps;
    if (w->jobs < 0 || write(fds[SVGA_HAND_MAPS], text, strlen(text)) < 0 ||
        ftruncate(fds[SVGA_HAND_LIFE], w->mood & MOOD_LIVES_ON ? 8 : 0) < 0)
        abort();
    svga_link_send(w->link, &reply, NULL, fds, SVGA_HAND_FDS);
    close(pair[1]);
    close(fds[SVGA_HAND_MAPS]);
    close(fds[SVGA_HAND_LIFE]);
    call(w);
}

static void drop_hand(struct worker *w) {
    if (w->calls < 0)
        return;
    close(w->calls);
    close(w->jobs);
    w->calls = -1;
}

static struct worker *with_hand(int fd) {
    struct stat of;
    if (fstat(fd, &of) < 0)
        return NULL;
    for (unsigned i = 0; i < WORKERS; i++)
        if (workers[i].link >= 0 && workers[i].calls >= 0 && workers[i].heard_by == of.st_ino)
            return &workers[i];
    return NULL;
}

/* What it calls now. */
static void fill(struct worker *w, struct seccomp_notif *n) {
    struct svga_hand_op op = {0};
    uint64_t args[6] = {w->failed};
    long number = SVGA_HAND_NEXT;

    if (w->at < w->count && (pread(w->jobs, &op, sizeof op, (off_t)(w->at * sizeof op)) != sizeof op ||
                             !svga_hand_call(&op, &number, args)))
        abort(); /* the front's jobs are right */
    if (w->mood & MOOD_WRONG_CALL)
        args[1] ^= 4096;
    n->id = ++w->id;
    n->data.nr = (int)number;
    memcpy(n->data.args, args, sizeof args);
}

/* It is let go on, or has an answer. */
static void go_on(struct worker *w, const struct seccomp_notif_resp *r) {
    if (r->flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE) {
        w->failed += w->mood & MOOD_FAILS ? 1 : 0;
        w->at++;
    } else {
        if (r->val < 0 || r->val > SVGA_HAND_MAX_OPS)
            abort();
        w->count = (uint32_t)r->val;
        w->at = w->failed = 0;
    }
    call(w);
}

static int refuse(int error) {
    errno = error;
    return -1;
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void *arg = va_arg(list, void *);
    va_end(list);
    struct worker *w = with_hand(fd);
    char byte;

    if (!w)
        return refuse(ENOENT); /* it has ended */
    switch (request) {
    case SECCOMP_IOCTL_NOTIF_RECV:
        if (recv(fd, &byte, 1, MSG_DONTWAIT) != 1)
            return refuse(ENOENT);
        fill(w, arg);
        return 0;
    case SECCOMP_IOCTL_NOTIF_ADDFD:
        return SVGA_HAND_FILE;
    case SECCOMP_IOCTL_NOTIF_SEND: {
        const struct seccomp_notif_resp *r = arg;
        if (r->id != w->id)
            return refuse(ENOENT);
        if (w->mood & MOOD_INTERRUPTED && !w->interrupted) {
            w->interrupted = true;
            call(w);
            return refuse(ENOENT);
        }
        w->interrupted = false;
        go_on(w, r);
        return 0;
    }
    default:
        abort();
    }
}

/* ---- its link ---- */

static void drop(struct worker *w) {
    if (w->link < 0)
        return;
    close(w->link);
    drop_hand(w);
    w->link = -1;
}

static void take(struct worker *w, struct svga_link_packet *p) {
    struct svga_link_msg reply = {.type = SVGA_LINK_REPLY, .seq = p->msg.seq};

    svga_link_close_fds(p);
    if (w->mood & MOOD_SILENT)
        return;
    if (p->msg.type == SVGA_LINK_HAND) {
        give_hand(w, p->msg.seq);
    } else if (p->msg.flags & SVGA_LINK_WANT_REPLY) {
        reply.arg = w->mood & MOOD_REFUSES ? ENOMEM : 0;
        if (p->msg.type == SVGA_LINK_GMR_DEFINE)
            reply.address = 0x100000000000u + ((uint64_t)p->msg.seq << 24);
        svga_link_send(w->link, &reply, NULL, NULL, 0);
    }
}

static bool attend(struct worker *w) {
    static struct svga_link_packet packet;
    int r = w->link < 0 ? -EAGAIN : svga_link_recv(w->link, &packet);

    if (r > 0)
        take(w, &packet);
    else if (r != -EAGAIN)
        drop(w);
    return r != -EAGAIN;
}

bool worker_attend_all(void) {
    bool any = false;
    for (unsigned i = 0; i < WORKERS; i++)
        any |= made > i && attend(&workers[i]);
    return any;
}

int worker_new(uint8_t mood) {
    struct worker *w = &workers[made % WORKERS];
    int pair[2];

    if (made >= WORKERS)
        drop(w);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    *w = (struct worker){.link = pair[1], .calls = -1, .mood = mood};
    made++;
    return pair[0];
}

void worker_set_mood(uint8_t mood) {
    if (made > 0)
        newest()->mood = mood;
}

void worker_hang_up(void) {
    if (made > 0)
        drop(newest());
}

void worker_end_all(void) {
    for (unsigned i = 0; i < WORKERS; i++)
        if (made > i)
            drop(&workers[i]);
    made = 0;
}
