// SPDX-License-Identifier: MIT
#include "host-backend/cli/run-remote.h"

#include "host-backend/cell/cell.h"
#include "host-backend/remote/accept.h"
#include "host-backend/vm/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LOCAL "unix:"

static struct {
    struct accept_config config;
    struct accepting *accepting;
    char token[PRIVATE_BROKER_PATH + 8];    /* the file; "": none */
    char address[PRIVATE_BROKER_PATH + 16]; /* where it is */
} door;

int run_open_session(const struct private_broker *b) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    memcpy(address.sun_path, b->path, strlen(b->path));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        return -ENODEV;
    }
    return fd;
}

static int open_session(void *opaque, const char *name, uint64_t from) {
    (void)name, (void)from; /* the broker knows this process */
    return run_open_session(opaque);
}

/* A token of this run's, in its broker's folder. */
static int make_token(const struct private_broker *broker) {
    unsigned char random[16];
    char text[2 * sizeof random + 2];
    size_t n = 0;

    snprintf(door.token, sizeof door.token, "%s/t", broker->dir);
    int fd = open(door.token, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        cli_say("run", "cannot make a token in %s: %s", broker->dir, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    for (size_t i = 0; i < sizeof random; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%02x", random[i]);
    text[n++] = '\n';
    ssize_t written = write(fd, text, n);
    close(fd);
    return written == (ssize_t)n ? 0 : -1;
}

int run_remote_stream(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", door.address + strlen(LOCAL));
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int e = errno;
        close(fd);
        return -e;
    }
    return fd;
}

int run_remote_open(struct private_broker *broker, const struct cli_paths *paths, enum cell_mode sandbox,
                    bool vm) {
    static const char *const modes[] = {
        [CELL_MODE_BEST] = "best", [CELL_MODE_STRICT] = "strict", [CELL_MODE_OFF] = "off"};
    char why[BROKER_WHY_SIZE] = "";

    if (make_token(broker) < 0)
        return -1;
    if (vm)
        snprintf(door.address, sizeof door.address, LOCAL "%s/r", broker->dir);
    else
        snprintf(door.address, sizeof door.address, "127.0.0.1:0");
    door.config = (struct accept_config){.program = paths->remote,
                                         .address = door.address,
                                         .token = door.token,
                                         .sandbox = modes[sandbox],
                                         .open_session = open_session,
                                         .opaque = broker};
    door.accepting = accept_open(&door.config, why, sizeof why);
    int r = door.accepting ? accept_start(door.accepting) : -1;
    if (r < 0) {
        cli_say("run", "%s", *why ? why : "cannot start a thread");
        return -1;
    }
    setenv("TRILLIUM_REMOTE", vm ? VM_DOOR_ADDRESS : accept_address(door.accepting), 1);
    setenv("TRILLIUM_REMOTE_TOKEN", door.token, 1);
    return 0;
}

void run_remote_close(void) {
    accept_stop(door.accepting);
    door.accepting = NULL;
    if (*door.token)
        unlink(door.token);
}
