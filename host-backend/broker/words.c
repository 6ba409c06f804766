// SPDX-License-Identifier: MIT
#include "host-backend/broker/words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int words_begin(struct words *w, enum log_topic topic) {
    int ends[2];

    w->fd = -1;
    w->used = 0;
    w->topic = topic;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return -error;
    }
    w->fd = ends[0];
    return ends[1];
}

static void say(struct words *w, const char *who) {
    static const char own[] = "trillium: "; /* the log begins so itself */
    const char *line = w->line;

    w->line[w->used] = '\0';
    if (strncmp(line, own, sizeof own - 1) == 0)
        line += sizeof own - 1;
    if (*line)
        log_say(w->topic, "%s: %s", who, line);
    w->used = 0;
}

static void take(struct words *w, const char *who, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        if (c == '\n') {
            say(w, who);
        } else if (w->used < WORDS_LINE) {
            w->line[w->used++] = c == '\t' ? ' ' : c >= ' ' && c <= '~' ? c : '?';
        }
    }
}

/* One pipe's fill at most: a flood is read as fast as the others of the reader's loop let it. */
void words_pass_on(struct words *w, const char *who) {
    char bytes[4096];
    ssize_t n;

    for (int i = 0; i < 16 && (n = read(w->fd, bytes, sizeof bytes)) > 0; i++)
        take(w, who, bytes, (size_t)n);
}

void words_end(struct words *w, const char *who) {
    if (w->fd < 0)
        return;
    words_pass_on(w, who);
    if (w->used > 0)
        say(w, who);
    close(w->fd);
    w->fd = -1;
}
