// SPDX-License-Identifier: MIT
#include "host-backend/control/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svga-model/futex.h"

static const struct metric {
    const char *key; /* guests_tell's */
    const char *name, *type, *help;
    double unit;
} metrics[] = {
    {"commands", "trillium_commands_total", "counter", "Commands given to the driver.", 1},
    {"device_ns", "trillium_device_seconds_total", "counter", "Time of devices.", 1e-9},
    {"queued_ns", "trillium_queued_seconds_total", "counter", "Time waited for others' turns.", 1e-9},
    {"bytes", "trillium_moved_bytes_total", "counter", "Bytes of transfers, copies and fills.", 1},
    {"memory", "trillium_memory_bytes", "gauge", "Bytes of buffers and images.", 1},
    {"memory_peak", "trillium_memory_peak_bytes", "gauge", "The most of them that there were.", 1},
    {"objects", "trillium_objects", "gauge", "Objects other than events and command buffers.", 1},
    {"builds", "trillium_builds_total", "counter", "Programs built.", 1},
    {"build_ns", "trillium_build_seconds_total", "counter", "Time spent in builds.", 1e-9},
    {"errors", "trillium_errors_total", "counter", "Commands that failed.", 1},
    {"limits_hit", "trillium_limits_hit_total", "counter", "Limits that were met.", 1},
};

/* A label's value. */
static void put_name(FILE *out, const char *name) {
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            fputc('\\', out);
        fputc(*name, out);
    }
}

static void write_all(FILE *out, const struct guests *g) {
    json_t *told[GUESTS_MOST];
    unsigned count = 0;
    uint64_t now_ns = svga_now_ns();

    for (const struct guest *each = g->first; each && count < GUESTS_MOST; each = each->next)
        told[count++] = guests_tell(g, each, now_ns);
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        const struct metric *m = &metrics[i];
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
        for (unsigned k = 0; k < count; k++) {
            fprintf(out, "%s{guest=\"", m->name);
            put_name(out, json_string_value(json_object_get(told[k], "name")));
            fprintf(out, "\"} %.9g\n",
                    (double)json_integer_value(json_object_get(told[k], m->key)) * m->unit);
        }
    }
    for (unsigned k = 0; k < count; k++)
        json_decref(told[k]);
}

int metrics_listen(unsigned short port) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    /* Accepted once the question is there: a connection that is closed with one unread loses its answer. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &yes, sizeof yes) < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

struct scrape *metrics_let_in(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct scrape *s = fd >= 0 ? calloc(1, sizeof *s) : NULL;

    if (s)
        s->fd = fd;
    else if (fd >= 0)
        close(fd);
    return s;
}

static bool answer(struct scrape *s, const struct guests *g) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return false;
    write_all(out, g);
    if (fclose(out) == 0) {
        int n = asprintf(&s->text,
                         "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: "
                         "%zu\r\n\r\n%s",
                         size, text);
        if (n < 0)
            s->text = NULL;
        s->size = s->text ? (size_t)n : 0;
    }
    free(text);
    return s->text;
}

bool metrics_go_on(struct scrape *s, const struct guests *g) {
    char asked[4096];
    ssize_t n;

    while ((n = recv(s->fd, asked, sizeof asked, MSG_DONTWAIT)) > 0)
        if (!s->text && !answer(s, g))
            return false;
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        return false;
    while (metrics_pending(s)) {
        n = send(s->fd, s->text + s->sent, s->size - s->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        s->sent += (size_t)n;
        if (!metrics_pending(s))
            shutdown(s->fd, SHUT_WR);
    }
    return true;
}

void metrics_end(struct scrape *s) {
    close(s->fd);
    free(s->text);
    free(s);
}
