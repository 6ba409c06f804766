// SPDX-License-Identifier: MIT
/*
 * trillium-remote: started by `trillium serve --listen` and `trillium run --carrier=socket` for each connection, not by
 * people. Lets the guest in if it has the token, raises its wall, and serves.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/cell/daemon.h"
#include "host-backend/cell/limits.h"
#include "host-backend/remote/program/remote.h"
#include "svga-model/tls/tls.h"

enum {
    SILENT_S = 8, /* longest time until the guest says something, */
    HELLO_S =
        9, /* and until it has said who it is, however often it says a little. The broker waits 10 s (guests.h) */
};

struct options {
    int connection, session;
    int outside;                   /* closed once the guest is let in; -1: nobody wants to know */
    const char *token;             /* file; NULL: none is asked for */
    const char *certificate, *key; /* files; NULL: no TLS */
    unsigned long memory_mib;
    unsigned long spin_us;
    enum cell_mode sandbox;
};

struct token {
    char bytes[SVGA_STREAM_TOKEN]; /* filled up with zeros */
    size_t size;                   /* 0: none is asked for */
};

static const char help[] =
    "Usage: trillium-remote --connection FD --session FD [OPTION]...\n"
    "\n"
    "Serves one guest over a stream socket: it owns the memory that guest and worker share, and carries over "
    "what "
    "each needs\n"
    "of the other. Started by `trillium serve --listen` and `trillium run --carrier=socket`, not by people.\n"
    "\n"
    "  --connection FD  the guest's\n"
    "  --session FD     a worker's, by way of the broker\n"
    "  --outside FD     to be closed once the guest has been let in\n"
    "  --token FILE     let in only who says what its first line says\n"
    "  --certificate FILE, --key FILE\n"
    "                   TLS, with this certificate (PEM) and its private key\n"
    "  --memory MIB     most memory that the guest may have here for what is under way (default 4096)\n"
    "  --spin-us N      longest time to look for an answer that may come at once (default 50; 0: never)\n"
    "  --sandbox HOW    its own wall: strict, best (default) or off\n"
    "  --help\n";

static bool number(const char *name, const char *text, unsigned long most, unsigned long *out) {
    char *end;
    errno = 0;
    *out = strtoul(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && errno == 0 && *out <= most)
        return true;
    fprintf(stderr, "trillium-remote: --%s takes a number from 0 to %lu, not '%s'\n", name, most, text);
    return false;
}

static int parse(struct options *o, int argc, char **argv) {
    enum { CONNECTION = 256, SESSION, OUTSIDE, TOKEN, CERTIFICATE, KEY, MEMORY, SPIN, SANDBOX, HELP };
    static const struct option options[] = {{"connection", required_argument, NULL, CONNECTION},
                                            {"session", required_argument, NULL, SESSION},
                                            {"outside", required_argument, NULL, OUTSIDE},
                                            {"token", required_argument, NULL, TOKEN},
                                            {"certificate", required_argument, NULL, CERTIFICATE},
                                            {"key", required_argument, NULL, KEY},
                                            {"memory", required_argument, NULL, MEMORY},
                                            {"spin-us", required_argument, NULL, SPIN},
                                            {"sandbox", required_argument, NULL, SANDBOX},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    unsigned long fd;
    int c, at;

    while ((c = getopt_long(argc, argv, "", options, &at)) != -1) {
        switch (c) {
        case CONNECTION:
        case SESSION:
        case OUTSIDE:
            if (!number(options[at].name, optarg, 1u << 20, &fd))
                return 2;
            *(c == SESSION ? &o->session : c == OUTSIDE ? &o->outside : &o->connection) = (int)fd;
            break;
        case TOKEN:
            o->token = optarg;
            break;
        case CERTIFICATE:
            o->certificate = optarg;
            break;
        case KEY:
            o->key = optarg;
            break;
        case MEMORY:
            if (!number("memory", optarg, 1u << 30, &o->memory_mib))
                return 2;
            break;
        case SPIN:
            if (!number("spin-us", optarg, 1000000, &o->spin_us))
                return 2;
            break;
        case SANDBOX:
            o->sandbox = strcmp(optarg, "off") == 0      ? CELL_MODE_OFF
                         : strcmp(optarg, "strict") == 0 ? CELL_MODE_STRICT
                                                         : CELL_MODE_BEST;
            break;
        case HELP:
            fputs(help, stdout);
            exit(0);
        default:
            return 2;
        }
    }
    if (optind == argc && o->connection >= 0 && o->session >= 0 && !o->certificate == !o->key)
        return 0;
    fputs(help, stderr);
    return 2;
}

/* The first line of the file. False after saying why. */
static bool read_token(const char *path, struct token *token) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, token->bytes, sizeof token->bytes) : -1;
    int e = errno;

    if (fd >= 0)
        close(fd);
    const char *end = n > 0 ? memchr(token->bytes, '\n', (size_t)n) : NULL;
    token->size = end ? (size_t)(end - token->bytes) : n > 0 ? (size_t)n : 0;
    memset(token->bytes + token->size, 0, sizeof token->bytes - token->size);
    if (token->size > 0)
        return true;
    fprintf(stderr, "trillium: cannot read the token in %s: %s\n", path, n < 0 ? strerror(e) : "it is empty");
    return false;
}

/* In a time that tells nothing of how much of it is right. */
static bool same_token(const struct token *a, const struct token *b) {
    volatile unsigned char differ = a->size != b->size;
    for (size_t i = 0; i < sizeof a->bytes; i++)
        differ |= (unsigned char)((unsigned char)a->bytes[i] ^ (unsigned char)b->bytes[i]);
    return differ == 0;
}

static void turn_away(struct remote *r, const char *why) {
    const struct svga_frame lost = {.type = SVGA_FRAME_LOST, .id = SVGA_ERROR_REFUSED, .length = strlen(why)};
    fprintf(stderr, "trillium: refused: %s\n", why);
    remote_send(r, &lost, why);
}

/* HELLO, with the token. */
static bool let_in(struct remote *r, const struct token *wanted) {
    struct token said = {0};
    struct svga_frame hello;
    int e = svga_stream_take(&r->in, &hello, sizeof hello);
    if (e < 0 || hello.type != SVGA_FRAME_HELLO || hello.id != SVGA_STREAM_MAGIC ||
        hello.length > sizeof said.bytes) {
        turn_away(r, e < 0 ? "nothing was said" : "this is not Trillium's stream protocol");
        return false;
    }
    if (hello.offset != SVGA_STREAM_VERSION) {
        turn_away(
            r, "the guest speaks another version of the stream protocol: install the same version on both");
        return false;
    }
    said.size = (size_t)hello.length;
    if (svga_stream_take(&r->in, said.bytes, said.size) < 0)
        return false;
    if (wanted->size > 0 && !same_token(wanted, &said)) {
        turn_away(r, hello.length == 0 ? "no token was given (TRILLIUM_REMOTE_TOKEN)" : "the token is wrong");
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    struct options o = {.connection = -1,
                        .session = -1,
                        .outside = -1,
                        .memory_mib = 4096,
                        .spin_us = 50,
                        .sandbox = CELL_MODE_BEST};
    struct token token = {0};
    const struct timeval limit = {.tv_sec = SILENT_S}, none = {0};
    int status = parse(&o, argc, argv);

    if (status != 0)
        return status;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* What its guest sends is its memory: it goes before the daemon does. */
    cell_limits_first_victim();
    /* No core with the token and the key in it, and nobody looks into it. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, SIG_DFL);
    alarm(HELLO_S); /* there are only so many connections at a time (accept.c) */
    struct remote *r = calloc(1, sizeof *r);
    if (!r)
        return 1;
    pthread_mutex_init(&r->lock, NULL);
    pthread_mutex_init(&r->out_lock, NULL);
    r->stream.fd = o.connection;
    r->in.stream = r->out.stream = &r->stream;
    r->memory_limit = (uint64_t)o.memory_mib << 20;
    r->spin_us = (unsigned)o.spin_us;
    svga_stream_tune(o.connection);
    setsockopt(o.connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    struct svga_tls_keys *keys = NULL;
    char why[SVGA_WHY_SIZE];
    if (o.certificate && !(keys = svga_tls_load(o.certificate, o.key, why, sizeof why))) {
        fprintf(stderr, "trillium: %s\n", why);
        return 1; /* nothing can be said but by TLS */
    }
    if (o.token && !read_token(o.token, &token)) {
        turn_away(r, "the host cannot read its own token");
        return 1;
    }
    if (!daemon_raise(DAEMON_REMOTE, o.sandbox))
        return 1;
    if (keys && !svga_tls_accept(&r->stream, keys, why, sizeof why)) {
        fprintf(stderr, "trillium: refused: %s\n", why);
        return 1;
    }
    if (!let_in(r, &token))
        return 1;
    alarm(0);
    if (o.outside >= 0)
        close(o.outside);
    setsockopt(o.connection, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
    remote_serve(r, o.session);
    _exit(0);
}
