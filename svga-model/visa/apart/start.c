// SPDX-License-Identifier: MIT
#include "svga-model/visa/apart/start.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_SIZE = 64 << 10 };

char *visa_apart_find(const char *name) {
    static const char *const folders[] = {"../libexec", "../../libexec", "../trillium/libexec", "."};
    char *path = NULL, *object;
    Dl_info info;

    errno = ENOENT;
    if (!dladdr(folders, &info))
        return NULL;
    /* The program itself goes by the name that it was started by. */
    object = realpath(strchr(info.dli_fname, '/') ? info.dli_fname : "/proc/self/exe", NULL);
    if (!object)
        return NULL;
    for (size_t i = 0; !path && i < sizeof folders / sizeof folders[0]; i++) {
        int folder = (int)(strrchr(object, '/') - object);

        if (asprintf(&path, "%.*s/%s/%s", folder, object, folders[i], name) < 0)
            path = NULL;
        if (path && access(path, X_OK) < 0) {
            free(path);
            path = NULL;
        }
    }
    free(object);
    return path;
}

/* What the two processes need. They share memory with the application and hold up the thread that starts them. */
struct start {
    const char *path;
    char **environment;
    int socket, words;
    char *stack; /* for the second of them */
    volatile int error;
};

/* Where functions run that never return, on stacks that are given back: AddressSanitizer's marks around their variables would stay, and be
 * taken for those of whoever gets that memory next. */
#define LEAVES_NO_MARKS __attribute__((no_sanitize("address")))

/* In the second process: becomes the program. Its signals are blocked until there is no handler of the application's left. */
LEAVES_NO_MARKS static int become(void *opaque) {
    struct start *s = opaque;
    char *const arguments[] = {(char *)s->path, NULL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    setsid(); /* the terminal's signals are the application's */
    /* Their numbers may be those that they are to become. */
    int socket = fcntl(s->socket, F_DUPFD, 4), words = fcntl(s->words, F_DUPFD, 4),
        nothing = open("/dev/null", O_RDWR);
    if (socket < 0 || words < 0 || nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 ||
        dup2(words, 2) < 0 || dup2(socket, 3) < 0) {
        s->error = errno;
        _exit(127);
    }
    close_range(4, ~0u, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(s->path, arguments, s->environment);
    s->error = errno;
    _exit(127);
}

/* In the first process: starts the second, and ends. */
LEAVES_NO_MARKS static int between(void *opaque) {
    struct start *s = opaque;

    if (clone(become, s->stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, s) < 0)
        s->error = errno;
    _exit(0);
}

/* The application's variables. What it has loaded into itself would be loaded into the compiler, too. */
static char **environment(void) {
    size_t count = 0, kept = 0;

    while (environ && environ[count])
        count++;
    char **list = calloc(count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        if (strncmp(environ[i], "LD_PRELOAD=", 11) != 0 && strncmp(environ[i], "LD_AUDIT=", 9) != 0)
            list[kept++] = environ[i];
    return list;
}

int visa_apart_start(const char *path, int socket, int words) {
    struct start s = {.path = path, .environment = environment(), .socket = socket, .words = words};
    char *stacks = mmap(NULL, (size_t)STACK_SIZE * 2, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    sigset_t all, before;
    int r = -ENOMEM;

    if (s.environment && stacks != MAP_FAILED) {
        s.stack = stacks + STACK_SIZE;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        pid_t first = clone(between, stacks + STACK_SIZE, CLONE_VM | CLONE_VFORK, &s);
        r = first < 0 ? -errno : 0;
        while (first > 0 && waitpid(first, NULL, __WCLONE) < 0 && errno == EINTR)
            ;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r == 0)
            r = -s.error;
    }
    if (stacks != MAP_FAILED)
        munmap(stacks, (size_t)STACK_SIZE * 2);
    free(s.environment);
    return r;
}
