// SPDX-License-Identifier: MIT
#include "host-backend/control/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/broker/log.h"

/* Nobody else may have written it: it says what guests may have. */
static json_t *read_file(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    json_error_t error;

    if (fd < 0 && errno == ENOENT)
        return NULL;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        (st.st_mode & 022)) {
        log_say(LOG_DAEMON, "what commands had changed is not taken from %s: it is not this user's own",
                path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    json_t *all = json_loadfd(fd, 0, &error);
    close(fd);
    if (!json_is_object(all)) {
        log_say(LOG_DAEMON, "what commands had changed is not taken from %s: %s", path, error.text);
        json_decref(all);
        return NULL;
    }
    return all;
}

void changes_begin(struct changes *c, const char *path) {
    c->path = path ? strdup(path) : NULL;
    c->all = c->path ? read_file(c->path) : NULL;
    if (!c->all)
        c->all = json_object();
}

void changes_end(struct changes *c) {
    json_decref(c->all);
    free(c->path);
    *c = (struct changes){0};
}

/* All of it or nothing: a new file in the old one's place. */
static void write_file(const struct changes *c) {
    char new[4096];

    if (!c->path)
        return;
    snprintf(new, sizeof new, "%s.new", c->path);
    unlink(new);
    int fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && json_dumpfd(c->all, fd, JSON_INDENT(2)) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    if (!good || rename(new, c->path) < 0)
        log_say(LOG_DAEMON, "cannot keep what commands change in %s: %s", c->path, strerror(errno));
}

/* Of a guest, made where there is none. */
static json_t *entry(struct changes *c, const char *guest) {
    json_t *found = json_object_get(c->all, guest);

    if (!json_is_object(found) && json_object_set_new(c->all, guest, json_object()) == 0)
        found = json_object_get(c->all, guest);
    return found;
}

void changes_limit(struct changes *c, const char *guest, const json_t *set) {
    json_t *of = entry(c, guest), *limits = json_object_get(of, "limits");

    if (!json_is_object(limits) && json_object_set_new(of, "limits", json_object()) == 0)
        limits = json_object_get(of, "limits");
    json_object_update(limits, (json_t *)set);
    write_file(c);
}

void changes_pause(struct changes *c, const char *guest, bool paused) {
    json_t *of = entry(c, guest);

    if (paused)
        json_object_set_new(of, "paused", json_true());
    else
        json_object_del(of, "paused");
    if (json_object_size(of) == 0)
        json_object_del(c->all, guest);
    write_file(c);
}

void changes_forget_limits(struct changes *c) {
    const char *name;
    json_t *of;
    void *next;

    json_object_foreach_safe(c->all, next, name, of) {
        json_object_del(of, "limits");
        if (json_object_size(of) == 0)
            json_object_del(c->all, name);
    }
    write_file(c);
}

bool changes_apply(const struct changes *c, const char *guest, struct limits *limits) {
    const json_t *of = json_object_get(c->all, guest);
    char why[LIMIT_TEXT];
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(of, "limits"), name, value) {
        if (!json_is_string(value) || !limits_set(limits, name, json_string_value(value), why))
            log_say(LOG_DAEMON, "%s: a limit that was kept is none any more: %s", guest, name);
    }
    return json_is_true(json_object_get(of, "paused"));
}
