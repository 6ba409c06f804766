// SPDX-License-Identifier: MIT
#include "svga-model/visa/apart/start.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "svga-model/unseen.h"

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

/* Two processes that share memory with the application (svga-model/unseen.h). */
#define CALL(name, ...) syscall(SYS_##name, __VA_ARGS__)

/* In the second process: becomes the program. Its signals are blocked until there is no handler of the application's left. */
UNSEEN static int become(void *opaque) {
    struct start *s = opaque;
    char *const arguments[] = {(char *)s->path, NULL};
    const uint64_t none = 0, by_default[4] = {0}; /* the kernel's sigset_t, and its struct sigaction */

    for (int number = 1; number < NSIG; number++)
        CALL(rt_sigaction, number, by_default, NULL, sizeof none);
    CALL(setsid, 0); /* the terminal's signals are the application's */
    /* Their numbers may be those that they are to become. */
    long socket = CALL(fcntl, s->socket, F_DUPFD, 4), words = CALL(fcntl, s->words, F_DUPFD, 4),
         nothing = CALL(openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
    if (socket >= 0 && words >= 0 && nothing >= 0 && CALL(dup3, nothing, 0, 0) >= 0 &&
        CALL(dup3, nothing, 1, 0) >= 0 && CALL(dup3, words, 2, 0) >= 0 && CALL(dup3, socket, 3, 0) >= 0) {
        CALL(close_range, 4, ~0u, 0);
        CALL(rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
        CALL(execve, s->path, arguments, s->environment);
    }
    s->error = errno;
    CALL(exit_group, 127);
    return 0;
}

/* In the first process: starts the second, and ends. */
UNSEEN static int between(void *opaque) {
    struct start *s = opaque;

    if (clone(become, s->stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, s) < 0)
        s->error = errno;
    CALL(exit_group, 0);
    return 0;
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
