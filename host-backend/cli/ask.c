// SPDX-License-Identifier: MIT
#include "host-backend/cli/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host-backend/cli/cli.h"
#include "host-backend/control/wire.h"

enum { ANSWER_MS = 5000 };

static int reach(char why[ASK_WHY]) {
    const char *path = wire_path();
    int fd = path ? wire_connect(path) : -1;

    if (!path)
        snprintf(why, ASK_WHY, "%s is \"none\": there is no control to ask", WIRE_VARIABLE);
    else if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED))
        snprintf(why, ASK_WHY, "no control of this host listens at %s: start it with `trillium control`",
                 path);
    else if (fd < 0)
        snprintf(why, ASK_WHY, "cannot reach the host's control at %s: %s", path, strerror(errno));
    return fd;
}

json_t *ask_control(json_t *request, int passed, json_t *guests, char why[ASK_WHY]) {
    int fd = reach(why), fds[WIRE_FDS], count;
    json_t *o = NULL;

    if (fd < 0) {
        json_decref(request);
        return NULL;
    }
    int r = wire_send(fd, request, &passed, passed >= 0);
    while (r == 0 && (o = wire_receive(fd, ANSWER_MS, fds, &count)) && !json_object_get(o, "ok")) {
        if (guests)
            json_array_append(guests, json_object_get(o, "guest"));
        json_decref(o);
    }
    if (!o)
        snprintf(why, ASK_WHY, "the host's control does not answer: %s", strerror(r < 0 ? -r : errno));
    close(fd);
    if (o && !json_is_true(json_object_get(o, "ok"))) {
        const char *text = json_string_value(json_object_get(o, "why"));
        snprintf(why, ASK_WHY, "%s", text ? text : "the host's control refuses it");
        json_decref(o);
        o = NULL;
    }
    return o;
}

json_t *ask_control_with(const char *subcommand, json_t *request, int fd) {
    char why[ASK_WHY];
    json_t *answer = ask_control(request, fd, NULL, why);

    if (!answer)
        cli_say(subcommand, "%s", why);
    return answer;
}

json_t *ask_guests(const char *subcommand) {
    json_t *guests = json_array();
    json_int_t last = 0;
    char why[ASK_WHY];

    do {
        json_t *answer = ask_control(json_pack("{s:s, s:I}", "do", "list", "after", last), -1, guests, why);
        if (!answer) {
            cli_say(subcommand, "%s", why);
            json_decref(guests);
            return NULL;
        }
        last = json_integer_value(json_object_get(answer, "last"));
        json_decref(answer);
    } while (last > 0);
    return guests;
}

void ask_seconds(json_int_t ns, char text[16]) {
    snprintf(text, 16, "%.3f s", (double)ns * 1e-9);
}

void ask_bytes(json_int_t bytes, char text[16]) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double n = (double)bytes;
    int u = 0;

    for (; n >= 1024 && u < 4; u++)
        n /= 1024;
    snprintf(text, 16, "%.4g %s", n, units[u]);
}
