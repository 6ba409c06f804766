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
#include "host-backend/broker/peers.h"
#include "host-backend/broker/words.h"
#include "svga-model/stream-address.h"

enum {
    MAX_GUESTS = 256, /* connections at a time, let in or not */
    LOOK_MS = 1000,   /* how often ended processes are looked for */
    NAME = 64,
    ADDRESS = 160,
};

extern char **environ;

struct accepting {
    const struct accept_config *config;
    struct peer_limits limits; /* of connections; silent: that have not been let in yet */
    int listener, stop;
    char address[ADDRESS];
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* to be removed; "": none */
    pthread_t thread;
    bool running;
    char **environment; /* as it was at the start: the process may change its own while the thread reads it */
    struct remote_guest {
        pid_t pid;
        uint64_t from;
        char name[NAME];
        struct words words;
        int outside; /* readable, since it has an end, once its process has let it in; -1: that was so */
    } guests[MAX_GUESTS];
    unsigned guest_count; /* the oldest first */
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

static void free_environment(char **environment) {
    for (char **at = environment; at && *at; at++)
        free(*at);
    free(environment);
}

static void free_accepting(struct accepting *a) {
    if (*a->path)
        unlink(a->path);
    if (a->listener >= 0)
        close(a->listener);
    if (a->stop >= 0)
        close(a->stop);
    free_environment(a->environment);
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
    a->limits = peer_limits_find(MAX_GUESTS);
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

static bool is_ipv4_in_ipv6(const struct sockaddr_storage *from) {
    return from->ss_family == AF_INET6 &&
           IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)from)->sin6_addr);
}

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

/* Tells places apart that have quotas: addresses, and of IPv6 networks of 64 bits, of which one machine has as many
 * addresses as it likes. (FNV-1a) */
static uint64_t place_of(const struct sockaddr_storage *from) {
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
    uint8_t key[12] = {(uint8_t)from->ss_family};
    uint64_t place = UINT64_C(0xcbf29ce484222325);

    if (from->ss_family == AF_INET)
        memcpy(key + 4, &((const struct sockaddr_in *)from)->sin_addr, 4);
    else if (is_ipv4_in_ipv6(from))
        memcpy(key + 4, in6->sin6_addr.s6_addr + 12, 4);
    else if (from->ss_family == AF_INET6)
        memcpy(key + 4, in6->sin6_addr.s6_addr, 8);
    else if (from->ss_family == AF_VSOCK)
        memcpy(key + 4, &((const struct sockaddr_vm *)from)->svm_cid, 4);
    for (size_t i = 0; i < sizeof key; i++)
        place = (place ^ key[i]) * UINT64_C(0x100000001b3);
    return place;
}

/* What a guest's process has: its words' as 1 and 2, the others as 3 and on. */
enum { CONNECTION, SESSION, OUTSIDE, WORDS, GIVEN };

/* And nothing else of ours. */
static int start_program(const struct accepting *a, const int given[GIVEN], pid_t *pid) {
    const struct accept_config *c = a->config;
    char *argv[20] = {(char *)c->program,
                      "--connection",
                      "3",
                      "--session",
                      "4",
                      "--outside",
                      "5",
                      "--sandbox",
                      (char *)(c->sandbox ? c->sandbox : "best")};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, ours;
    int n = 9, high[GIVEN], r = 0;

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
    for (int i = 0; i < GIVEN; i++) { /* by way of numbers that are none of theirs */
        high[i] = r == 0 ? fcntl(given[i], F_DUPFD_CLOEXEC, 16) : -1;
        if (r == 0 && high[i] < 0)
            r = errno;
        posix_spawn_file_actions_adddup2(&actions, high[i], i == WORDS ? 1 : 3 + i);
    }
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3 + WORDS);
    if (r == 0)
        r = posix_spawn(pid, c->program, &actions, &attributes, argv, a->environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    for (int i = 0; i < GIVEN; i++)
        if (high[i] >= 0)
            close(high[i]);
    return -r;
}

static void now_inside(struct remote_guest *g) {
    if (g->outside >= 0)
        close(g->outside);
    g->outside = -1;
}

static void forget(struct accepting *a, unsigned i) {
    now_inside(&a->guests[i]);
    words_end(&a->guests[i].words, a->guests[i].name);
    memmove(&a->guests[i], &a->guests[i + 1], (--a->guest_count - i) * sizeof a->guests[0]);
}

static void reap(struct accepting *a) {
    for (unsigned i = 0; i < a->guest_count;)
        if (waitpid(a->guests[i].pid, NULL, WNOHANG) != 0)
            forget(a, i);
        else
            i++;
}

static unsigned count_of(const struct accepting *a, uint64_t from, bool outside) {
    unsigned n = 0;
    for (unsigned i = 0; i < a->guest_count; i++)
        n += a->guests[i].from == from && (!outside || a->guests[i].outside >= 0);
    return n;
}

/* The oldest that has not been let in: of this place, or, where `from` is NULL, of the one that has most of them. */
static int find_outside(const struct accepting *a, const uint64_t *from) {
    unsigned most = 0;
    int found = -1;

    for (unsigned i = 0; i < a->guest_count; i++) {
        const struct remote_guest *g = &a->guests[i];
        if (g->outside < 0 || (from && g->from != *from))
            continue;
        unsigned n = count_of(a, g->from, true);
        if (n > most) {
            most = n;
            found = (int)i;
        }
    }
    return found;
}

/* Who says nothing keeps nobody out: the oldest goes. False: all that there may be have been let in. */
static bool make_room(struct accepting *a, uint64_t from) {
    int gone = -1;

    if (count_of(a, from, true) >= a->limits.silent || count_of(a, from, false) >= a->limits.of_one)
        gone = find_outside(a, &from);
    else if (a->guest_count >= a->limits.sessions)
        gone = find_outside(a, NULL);
    else
        return true;
    if (gone < 0)
        return false;
    log_say(LOG_REMOTE, "%s: closed: too many connections that have not been let in yet",
            a->guests[gone].name);
    kill(a->guests[gone].pid, SIGKILL);
    waitpid(a->guests[gone].pid, NULL, 0);
    forget(a, (unsigned)gone);
    return true;
}

/* A process for the connection. 0 or a negative errno. */
static int take_in(struct accepting *a, int connection, struct remote_guest *new) {
    int session = a->config->open_session(a->config->opaque, new->name, new->from), ends[2] = {-1, -1};
    int words = session < 0 ? session : words_begin(&new->words, LOG_REMOTE);
    int r = words < 0 ? words : pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;

    if (r == 0) {
        const int given[GIVEN] = {connection, session, ends[1], words};
        new->outside = ends[0];
        r = start_program(a, given, &new->pid);
        close(ends[1]);
    }
    if (words >= 0)
        close(words);
    if (session >= 0)
        close(session);
    if (r < 0) {
        now_inside(new);
        words_end(&new->words, new->name);
    }
    return r;
}

static void let_in(struct accepting *a) {
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof from;
    int fd = accept4(a->listener, (struct sockaddr *)&from, &size, SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            poll(NULL, 0, 20); /* no descriptors: again, but not without a pause */
        return;
    }
    struct remote_guest new = {.from = place_of(&from), .words.fd = -1, .outside = -1};
    name_guest(&from, new.name);
    if (make_room(a, new.from)) {
        int r = take_in(a, fd, &new);
        if (r == 0)
            a->guests[a->guest_count++] = new;
        else
            log_say(LOG_REMOTE, "%s is refused: %s", new.name, strerror(-r));
    } else {
        log_say(LOG_REMOTE, "%s is refused: %u remote guests are there already, %u of them from there",
                new.name, a->guest_count, count_of(a, new.from, false));
    }
    close(fd);
}

/* What asks for our attention; of each guest two, from FIRST on: outside, words. */
enum { LISTENER, STOP, FIRST, WATCHED = FIRST + 2 * MAX_GUESTS };

static nfds_t watch(const struct accepting *a, struct pollfd p[WATCHED]) {
    p[LISTENER] = (struct pollfd){.fd = a->listener, .events = POLLIN};
    p[STOP] = (struct pollfd){.fd = a->stop, .events = POLLIN};
    for (unsigned i = 0; i < a->guest_count; i++) {
        p[FIRST + 2 * i] = (struct pollfd){.fd = a->guests[i].outside}; /* its end is told unasked */
        p[FIRST + 2 * i + 1] = (struct pollfd){.fd = a->guests[i].words.fd, .events = POLLIN};
    }
    return FIRST + 2 * a->guest_count;
}

static void attend(struct accepting *a, const struct pollfd p[WATCHED]) {
    for (unsigned i = 0; i < a->guest_count; i++) {
        struct remote_guest *g = &a->guests[i];
        if (p[FIRST + 2 * i].revents)
            now_inside(g);
        if (p[FIRST + 2 * i + 1].revents & POLLIN)
            words_pass_on(&g->words, g->name);
        else if (p[FIRST + 2 * i + 1].revents)
            words_end(&g->words, g->name);
    }
}

static void *run(void *arg) {
    struct accepting *a = arg;
    struct pollfd p[WATCHED];

    for (;;) {
        nfds_t count = watch(a, p);
        int n = poll(p, count, a->guest_count > 0 ? LOOK_MS : -1);
        if (n > 0)
            attend(a, p);
        reap(a);
        if (n > 0 && p[STOP].revents)
            return NULL;
        if (n > 0 && p[LISTENER].revents)
            let_in(a);
    }
}

static char **copy_environment(void) {
    size_t count = 0, copied = 0;

    while (environ && environ[count])
        count++;
    char **copy = calloc(count + 1, sizeof *copy);
    for (; copy && copied < count; copied++)
        if (!(copy[copied] = strdup(environ[copied]))) {
            free_environment(copy);
            return NULL;
        }
    return copy;
}

int accept_start(struct accepting *a) {
    sigset_t all, before;

    a->environment = copy_environment();
    if (!a->environment)
        return -ENOMEM;
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
        now_inside(&a->guests[i]);
        words_end(&a->guests[i].words, a->guests[i].name);
    }
    free_accepting(a);
}
