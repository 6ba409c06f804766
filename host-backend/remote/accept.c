// SPDX-License-Identifier: MIT
#include "host-backend/remote/accept.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/broker/log.h"
#include "svga-model/stream-address.h"

enum {
    MAX_GUESTS = 256, /* connections at a time, let in or not, */
    MAX_OF_ONE = 192, /* and from one address: nobody has to be let in for that */
    LOOK_MS = 1000,   /* how often ended processes are looked for */
    NAME = 64,
    ADDRESS = 160,
};

extern char **environ;

struct accepting {
    const struct accept_config *config;
    int listener, stop;
    char address[ADDRESS];
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* to be removed; "": none */
    pthread_t thread;
    bool running;
    struct remote_guest {
        pid_t pid;
        char name[NAME];
    } guests[MAX_GUESTS];
    unsigned guest_count;
};

/* As a person writes it, with the port that was chosen. */
static void say_address(struct accepting *a, const char *asked) {
    struct sockaddr_storage at = {0};
    socklen_t size = sizeof at;
    char text[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_in *in = (const struct sockaddr_in *)&at;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&at;

    snprintf(a->address, sizeof a->address, "%s", asked);
    if (getsockname(a->listener, (struct sockaddr *)&at, &size) < 0)
        return;
    if (at.ss_family == AF_INET)
        snprintf(a->address, sizeof a->address, "%s:%u", inet_ntop(AF_INET, &in->sin_addr, text, sizeof text),
                 ntohs(in->sin_port));
    else if (at.ss_family == AF_INET6)
        snprintf(a->address, sizeof a->address, "[%s]:%u",
                 inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text), ntohs(in6->sin6_port));
}

static int listen_at(struct accepting *a, const struct svga_address *at) {
    const int one = 1;
    int fd = socket(at->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (at->socket.ss_family == AF_UNIX)
        fchmod(fd, 0600);
    if (bind(fd, (const struct sockaddr *)&at->socket, at->length) < 0 || listen(fd, 64) < 0) {
        int e = errno;
        close(fd);
        return -e;
    }
    if (at->socket.ss_family == AF_UNIX)
        memcpy(a->path, ((const struct sockaddr_un *)&at->socket)->sun_path, sizeof a->path);
    a->listener = fd;
    return 0;
}

static void free_accepting(struct accepting *a) {
    if (*a->path)
        unlink(a->path);
    if (a->listener >= 0)
        close(a->listener);
    if (a->stop >= 0)
        close(a->stop);
    free(a);
}

struct accepting *accept_open(const struct accept_config *config, char *why, size_t why_size) {
    struct svga_address found[SVGA_ADDRESSES];
    char host[SVGA_HOST_NAME];
    struct accepting *a = calloc(1, sizeof *a);
    int n = a ? svga_address_find(config->address, found, host, why, why_size) : 0, r = 0;

    if (!a)
        snprintf(why, why_size, "out of memory");
    if (n == 0) {
        free(a);
        return NULL;
    }
    a->config = config;
    a->listener = -1;
    a->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!config->token && !svga_address_local(&found[0])) {
        snprintf(why, why_size, "%.80s can be reached from elsewhere: that takes a token (--token FILE)",
                 config->address);
        free_accepting(a);
        return NULL;
    }
    r = a->stop < 0 ? -errno : listen_at(a, &found[0]);
    if (r < 0) {
        snprintf(why, why_size, "cannot listen at %.80s: %s", config->address, strerror(-r));
        free_accepting(a);
        return NULL;
    }
    say_address(a, config->address);
    return a;
}

const char *accept_address(const struct accepting *a) {
    return a->address;
}

/* ---- guests ---- */

static void name_guest(const struct sockaddr_storage *from, char name[NAME]) {
    char text[INET6_ADDRSTRLEN] = "";

    if (from->ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, text, sizeof text);
    else if (from->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)from)->sin6_addr, text, sizeof text);
    else if (from->ss_family == AF_VSOCK)
        snprintf(text, sizeof text, "vsock %u", ((const struct sockaddr_vm *)from)->svm_cid);
    snprintf(name, NAME, "remote %s", *text ? text : "local");
}

/* Its process has both descriptors as 3 and 4, and nothing else of ours. */
static int start_program(const struct accept_config *c, int connection, int session, pid_t *pid) {
    char *argv[16] = {(char *)c->program,
                      "--connection",
                      "3",
                      "--session",
                      "4",
                      "--sandbox",
                      (char *)(c->sandbox ? c->sandbox : "best")};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, ours;
    int n = 7;

    if (c->token) {
        argv[n++] = "--token";
        argv[n++] = (char *)c->token;
    }
    if (c->certificate) {
        argv[n++] = "--certificate";
        argv[n++] = (char *)c->certificate;
        argv[n++] = "--key";
        argv[n++] = (char *)c->key;
    }
    sigemptyset(&none);
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &ours);
    posix_spawn_file_actions_init(&actions);
    /* by way of numbers that are neither 3 nor 4 */
    int high = fcntl(session, F_DUPFD_CLOEXEC, 16), r = high < 0 ? errno : 0;
    int other = r == 0 ? fcntl(connection, F_DUPFD_CLOEXEC, 16) : -1;
    if (r == 0 && other < 0)
        r = errno;
    posix_spawn_file_actions_adddup2(&actions, other, 3);
    posix_spawn_file_actions_adddup2(&actions, high, 4);
    posix_spawn_file_actions_addclosefrom_np(&actions, 5);
    if (r == 0)
        r = posix_spawn(pid, c->program, &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (high >= 0)
        close(high);
    if (other >= 0)
        close(other);
    return -r;
}

static void reap(struct accepting *a) {
    for (unsigned i = 0; i < a->guest_count;)
        if (waitpid(a->guests[i].pid, NULL, WNOHANG) != 0)
            a->guests[i] = a->guests[--a->guest_count];
        else
            i++;
}

static unsigned count_of(const struct accepting *a, const char *name) {
    unsigned n = 0;
    for (unsigned i = 0; i < a->guest_count; i++)
        n += strcmp(a->guests[i].name, name) == 0;
    return n;
}

static void let_in(struct accepting *a) {
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof from;
    char name[NAME];
    int fd = accept4(a->listener, (struct sockaddr *)&from, &size, SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            poll(NULL, 0, 20); /* no descriptors: again, but not without a pause */
        return;
    }
    name_guest(&from, name);
    if (a->guest_count == MAX_GUESTS || count_of(a, name) >= MAX_OF_ONE) {
        log_say(LOG_REFUSALS, "%s is refused: %u remote guests are there already, %u of them from there",
                name, a->guest_count, count_of(a, name));
        close(fd);
        return;
    }
    int session = a->config->open_session(a->config->opaque, name);
    int r = session < 0 ? session : start_program(a->config, fd, session, &a->guests[a->guest_count].pid);
    if (r == 0)
        memcpy(a->guests[a->guest_count++].name, name, sizeof name);
    else
        log_say(LOG_REFUSALS, "%s is refused: %s", name, strerror(-r));
    if (session >= 0)
        close(session);
    close(fd);
}

static void *run(void *arg) {
    struct accepting *a = arg;
    struct pollfd p[2] = {{.fd = a->listener, .events = POLLIN}, {.fd = a->stop, .events = POLLIN}};

    for (;;) {
        int n = poll(p, 2, a->guest_count > 0 ? LOOK_MS : -1);
        reap(a);
        if (n > 0 && p[1].revents)
            return NULL;
        if (n > 0 && p[0].revents)
            let_in(a);
    }
}

int accept_start(struct accepting *a) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&a->thread, NULL, run, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    a->running = r == 0;
    return -r;
}

void accept_stop(struct accepting *a) {
    uint64_t one = 1;
    if (!a)
        return;
    if (a->running) {
        ssize_t ignored = write(a->stop, &one, sizeof one);
        (void)ignored;
        pthread_join(a->thread, NULL);
    }
    for (unsigned i = 0; i < a->guest_count; i++) {
        kill(a->guests[i].pid, SIGKILL);
        waitpid(a->guests[i].pid, NULL, 0);
    }
    free_accepting(a);
}
