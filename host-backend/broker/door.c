// SPDX-License-Identifier: MIT
#include "host-backend/broker/door.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/log.h"
#include "host-backend/broker/refuse.h"

enum { PAUSE_MS = 20 };

static void hold_reserve(struct door *d) {
    for (int i = 0; i < DOOR_RESERVE; i++)
        if (d->reserve[i] < 0)
            d->reserve[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void free_reserve(struct door *d) {
    for (int i = 0; i < DOOR_RESERVE; i++) {
        if (d->reserve[i] >= 0)
            close(d->reserve[i]);
        d->reserve[i] = -1;
    }
}

void door_init(struct door *d) {
    *d = (struct door){.socket.fd = -1};
    for (int i = 0; i < DOOR_RESERVE; i++)
        d->reserve[i] = -1;
    hold_reserve(d);
}

static void turn_away(struct door *d, int error) {
    free_reserve(d);
    int fd = accept4(d->socket.fd, NULL, NULL, SOCK_CLOEXEC);
    log_say(LOG_REFUSALS, "a guest is refused: %s", strerror(error));
    if (fd >= 0) {
        /* What it says, that it may be told, comes at once or is not waited for. */
        poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, PAUSE_MS);
        refuse_guest(fd, error == EMFILE || error == ENFILE
                             ? "the host has no descriptors left for more guests"
                             : "the host has no memory left for more guests");
        close(fd);
    } else {
        poll(NULL, 0, PAUSE_MS); /* not even that: the door is looked at again, but not without a pause */
    }
    hold_reserve(d);
}

void door_open(struct door *d, struct guests *guests) {
    int fd = accept4(d->socket.fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            turn_away(d, errno);
        return;
    }
    struct guest_name who = name_of_process(fd, ++d->number, d->name);
    bool stranger = d->ancestor > 0 && !name_descends(fd, d->ancestor);
    guests_add(guests, fd, &who,
               stranger ? "this socket is for the processes of one \"trillium run\", of which this is none"
                        : NULL);
}

void door_finish(struct door *d) {
    listen_end(&d->socket);
    free_reserve(d);
}
