// SPDX-License-Identifier: MIT
/* Compilers in a process apart: who answers. */
#include "svga-model/visa/apart/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHADOW_MEMORY 1 /* terabytes of it, which are reserved and not used */
#else
#define SHADOW_MEMORY 0
#endif

/* Clang's recursion over deeply nested source needs more than the 8 MiB that is usual; only touched pages cost. */
#define STACK_SIZE (64ul << 20)

/* False at the end of the socket. */
static bool receive_job(int socket, struct visa_apart_limits *limits, int fds[VISA_APART_FDS]) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * VISA_APART_FDS)];
    } space;
    struct iovec iov = {limits, sizeof *limits};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes};
    ssize_t n;

    for (int i = 0; i < VISA_APART_FDS; i++)
        fds[i] = -1;
    do {
        mh.msg_controllen = sizeof space.bytes;
        n = recvmsg(socket, &mh, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    struct cmsghdr *cmsg = n == (ssize_t)sizeof *limits ? CMSG_FIRSTHDR(&mh) : NULL;
    if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS || cmsg->cmsg_len < CMSG_LEN(sizeof(int) * VISA_APART_FOLDER))
        return false;
    memcpy(fds, CMSG_DATA(cmsg), cmsg->cmsg_len - CMSG_LEN(0));
    return true;
}

static void set_limits(const struct visa_apart_limits *limits) {
    struct rlimit limit;

    alarm(limits->seconds); /* its default ends the process */
    if (limits->memory_mib == 0 || SHADOW_MEMORY || getrlimit(RLIMIT_DATA, &limit) < 0)
        return;
    rlim_t wanted = (rlim_t)limits->memory_mib << 20;
    if (wanted < limit.rlim_max)
        limit.rlim_max = wanted;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_DATA, &limit);
}

static void answer_job(const int fds[VISA_APART_FDS], visa_apart_handler *handler) {
    struct visa_packet answer = {0};
    struct stat st;
    void *job = MAP_FAILED;

    dup2(fds[VISA_APART_WORDS], STDERR_FILENO);
    if (fds[VISA_APART_FOLDER] >= 0 && fchdir(fds[VISA_APART_FOLDER]) < 0)
        return;
    if (fstat(fds[VISA_APART_JOB], &st) == 0 && st.st_size > 0)
        job = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fds[VISA_APART_JOB], 0);
    if (job == MAP_FAILED)
        return;
    struct visa_packet_reader reader = {.at = job, .left = (size_t)st.st_size};
    handler(&reader, &answer);
    for (size_t done = 0; !answer.failed && done < answer.size;) {
        ssize_t n = pwrite(fds[VISA_APART_ANSWER], answer.bytes + done, answer.size - done, (off_t)done);
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            break;
    }
    munmap(job, (size_t)st.st_size);
    free(answer.bytes);
}

static struct visa_apart_end in_child(int socket, const int fds[VISA_APART_FDS],
                                      const struct visa_apart_limits *limits, visa_apart_handler *handler) {
    struct visa_apart_end end = {.status = -1};
    struct rusage used = {0};
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(socket);
        set_limits(limits);
        answer_job(fds, handler);
        _exit(0);
    }
    while (child > 0 && wait4(child, &end.status, 0, &used) < 0 && errno == EINTR)
        ;
    uint64_t limit = (uint64_t)limits->memory_mib << 20; /* met, or by a single allocation that was refused */
    end.exhausted = end.status != 0 && limit > 0 && (uint64_t)used.ru_maxrss * 1024 > limit / 2;
    return end;
}

void visa_apart_serve(int socket, bool children, void (*prepare)(void), visa_apart_handler *handler) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM, SIGCHLD};
    struct rlimit stack;
    struct visa_apart_limits limits;
    int fds[VISA_APART_FDS];

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        signal(faults[i], SIG_DFL);
    if (getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur < STACK_SIZE) {
        stack.rlim_cur = stack.rlim_max < STACK_SIZE ? stack.rlim_max : STACK_SIZE;
        setrlimit(RLIMIT_STACK, &stack);
    }
    while (receive_job(socket, &limits, fds)) {
        struct visa_apart_end end = {0};
        if (prepare)
            prepare();
        prepare = NULL;
        if (children && !limits.in_server)
            end = in_child(socket, fds, &limits, handler);
        else
            answer_job(fds, handler);
        visa_apart_close(fds);
        if (send(socket, &end, sizeof end, MSG_NOSIGNAL) < 0)
            return;
    }
}
