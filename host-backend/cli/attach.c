// SPDX-License-Identifier: MIT
#include "host-backend/cli/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/cli/ask.h"
#include "host-backend/cli/cli.h"
#include "host-backend/cli/private-broker.h"
#include "host-backend/profile/report.h"
#include "host-backend/util/packet.h"
#include "host-backend/worker/control.h"
#include "svga-model/futex.h"

enum { MOST = 1024, LOOK_MS = 300, COMPLETE_MS = 15000 };

/* One process of the guest. */
struct line {
    json_int_t worker;
    int fd; /* as long as it is open the worker writes; -1: it is done, or refused */
};

struct attachment {
    const char *guest;
    char folder[80]; /* the workers' traces */
    struct line lines[MOST];
    int count, begun;
    bool all;
};

static volatile sig_atomic_t stop;

static void on_signal(int number) {
    (void)number;
    stop = 1;
}

static bool known(const struct attachment *a, json_int_t worker) {
    for (int i = 0; i < a->count; i++)
        if (a->lines[i].worker == worker)
            return true;
    return false;
}

/* The file that the worker is to write, and a socket for it. */
static int open_line(const struct attachment *a, json_int_t worker, int ends[2]) {
    char path[128];

    snprintf(path, sizeof path, "%s/%lld.trace", a->folder, (long long)worker);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        int error = errno;
        if (file >= 0)
            close(file);
        cli_say("profile", "cannot make %s: %s", path, strerror(error));
        return -1;
    }
    const char what = a->all ? CONTROL_PROFILE_ALL : CONTROL_PROFILE;
    packet_send(ends[0], &what, 1, file, 0);
    close(file);
    return 0;
}

static bool join(struct attachment *a, json_int_t worker) {
    int ends[2];

    if (a->count == MOST || open_line(a, worker, ends) < 0)
        return false;
    json_t *answer = ask_control_with(
        "profile", json_pack("{s:s, s:s, s:I}", "do", "profile", "guest", a->guest, "worker", worker),
        ends[1]);
    close(ends[1]);
    if (!answer) {
        close(ends[0]);
        return false;
    }
    json_decref(answer);
    a->lines[a->count++] = (struct line){worker, ends[0]};
    a->begun++;
    return true;
}

/* Joins the guest's processes that are new. False if there is no such guest, or nobody to ask. */
static bool look(struct attachment *a) {
    json_t *guests = ask_guests("profile"), *g, *process;
    bool found = false;
    size_t i, k;

    json_array_foreach(guests, i, g) {
        char number[24];
        const char *name = json_string_value(json_object_get(g, "name"));
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(g, "id")));
        if (strcmp(number, a->guest) != 0 && (!name || strcmp(name, a->guest) != 0))
            continue;
        found = true;
        json_array_foreach(json_object_get(g, "processes"), k, process) {
            json_int_t worker = json_integer_value(json_object_get(process, "worker"));
            if (!known(a, worker) && !join(a, worker) && a->count < MOST)
                a->lines[a->count++] = (struct line){worker, -1}; /* it was said why; not again and again */
        }
    }
    if (guests && !found)
        cli_say("profile", "there is no guest '%s'; trillium ls shows them", a->guest);
    json_decref(guests);
    return guests && found;
}

/* What workers say: a sentence at most, and their ends. One that goes on talking is its guest's, and not heard. */
static void hear(struct attachment *a, int timeout_ms) {
    struct pollfd p[MOST];
    char text[200];

    for (int i = 0; i < a->count; i++)
        p[i] = (struct pollfd){.fd = a->lines[i].fd, .events = POLLIN};
    if (poll(p, (nfds_t)a->count, timeout_ms) <= 0)
        return;
    for (int i = 0; i < a->count; i++) {
        ssize_t n = p[i].revents ? recv(p[i].fd, text, sizeof text - 1, MSG_DONTWAIT) : -1;
        if (n > 0) {
            for (ssize_t c = 0; c < n; c++) /* a worker may be its guest's: nothing for a terminal to obey */
                text[c] = text[c] >= ' ' && text[c] < 127 ? text[c] : '?';
            text[n] = '\0';
            cli_say("profile", "worker %lld: %s", (long long)a->lines[i].worker, text);
            a->begun--;
        }
        if (p[i].revents) {
            close(p[i].fd);
            a->lines[i].fd = -1;
        }
    }
}

static bool is_open(const struct attachment *a) {
    for (int i = 0; i < a->count; i++)
        if (a->lines[i].fd >= 0)
            return true;
    return false;
}

/* The workers complete their files. */
static void end_all(struct attachment *a) {
    uint64_t until = svga_now_ns() + COMPLETE_MS * 1000000ull;

    for (int i = 0; i < a->count; i++)
        if (a->lines[i].fd >= 0)
            shutdown(a->lines[i].fd, SHUT_WR);
    while (is_open(a) && svga_now_ns() < until)
        hear(a, LOOK_MS);
    if (is_open(a))
        cli_say("profile", "a worker is busy in its driver: its part is not complete");
}

static bool make_folder(char path[80]) {
    const char *base = getenv("TMPDIR");

    snprintf(path, 80, "%s/trillium-trace-XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
    if (mkdtemp(path))
        return true;
    cli_say("profile", "cannot make a folder at %s: %s", path, strerror(errno));
    return false;
}

int attach(const char *guest, double seconds, bool all, const char *file) {
    static struct attachment a;
    const struct sigaction action = {.sa_handler = on_signal};
    uint64_t until = seconds > 0 ? svga_now_ns() + (uint64_t)(seconds * 1e9) : UINT64_MAX;
    int r = -1;

    a.guest = guest;
    a.all = all;
    if (!make_folder(a.folder))
        return -1;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    bool there = look(&a);
    while (there && !stop && svga_now_ns() < until) {
        uint64_t left = (until - svga_now_ns()) / 1000000;
        hear(&a, left < LOOK_MS ? (int)left + 1 : LOOK_MS);
        there = stop || look(&a);
    }
    end_all(&a);
    if (a.begun > 0)
        r = profile_report(a.folder, file, NULL);
    else if (there)
        cli_say("profile", "no process of %s was profiled", guest);
    private_broker_remove_traces(a.folder);
    return r;
}
