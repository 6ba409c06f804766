// SPDX-License-Identifier: MIT
/* Compilers in a process apart: who asks. */
#include "svga-model/visa/apart/apart.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MOST_ANSWER = 1 << 30, /* bytes: what is longer is no answer */
    MOST_WORDS = 300,      /* bytes of the last words that are repeated */
};

int visa_apart_write(int fd, const void *bytes, size_t size, off_t at) {
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(fd, (const char *)bytes + done, size - done, at + (off_t)done);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            done += (size_t)n;
    }
    return 0;
}

int visa_apart_open(const struct visa_packet *job, int fds[VISA_APART_FDS]) {
    static const char *const names[] = {"trillium-job", "trillium-answer", "trillium-words"};
    int r = job->failed ? -ENOMEM : 0;

    for (int i = 0; i < VISA_APART_FDS; i++)
        fds[i] = -1;
    for (int i = 0; r == 0 && i < VISA_APART_FOLDER; i++)
        if ((fds[i] = memfd_create(names[i], MFD_CLOEXEC)) < 0)
            r = -errno;
    if (r == 0)
        r = visa_apart_write(fds[VISA_APART_JOB], job->bytes, job->size, 0);
    if (r < 0)
        visa_apart_close(fds);
    return r;
}

void visa_apart_close(int fds[VISA_APART_FDS]) {
    for (int i = 0; i < VISA_APART_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static int send_job(int server, const int fds[VISA_APART_FDS], const struct visa_apart_limits *limits) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * VISA_APART_FDS)];
    } space = {0};
    struct iovec iov = {(void *)limits, sizeof *limits};
    int count = fds[VISA_APART_FOLDER] >= 0 ? VISA_APART_FDS : VISA_APART_FOLDER;
    size_t size = sizeof(int) * (size_t)count;
    struct msghdr mh = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = CMSG_SPACE(size)};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);
    ssize_t n;

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(cmsg), fds, size);
    do
        n = sendmsg(server, &mh, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n >= 0 ? 0 : errno == EPIPE || errno == ECONNRESET ? -ENOTCONN : -errno;
}

int visa_apart_ask(int server, const int fds[VISA_APART_FDS], const struct visa_apart_limits *limits,
                   struct visa_apart_end *end) {
    int r = send_job(server, fds, limits);
    ssize_t n = 0;

    if (r < 0)
        return r;
    do
        n = recv(server, end, sizeof *end, 0);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof *end)
        return 0;
    return n < 0 && errno != ECONNRESET ? -errno : -EPIPE;
}

/* What the file holds, from `from` on. NULL without it or without memory. */
static char *read_from(int fd, off_t from, size_t most, size_t *size) {
    struct stat st;
    char *bytes = NULL;

    *size = 0;
    if (fstat(fd, &st) < 0 || st.st_size <= from || (uint64_t)(st.st_size - from) > most)
        return NULL;
    size_t wanted = (size_t)(st.st_size - from);
    bytes = malloc(wanted + 1);
    for (ssize_t n = 1; bytes && n != 0 && *size < wanted;) {
        n = pread(fd, bytes + *size, wanted - *size, from + (off_t)*size);
        if (n > 0)
            *size += (size_t)n;
        else if (n < 0 && errno != EINTR)
            break;
    }
    if (bytes)
        bytes[*size] = '\0';
    return bytes;
}

int visa_apart_answer(const int fds[VISA_APART_FDS], void **bytes, size_t *size) {
    *bytes = read_from(fds[VISA_APART_ANSWER], 0, MOST_ANSWER, size);
    return *bytes ? 0 : -EFAULT;
}

/* The last line that says something, cut to what can be repeated. NULL: none. */
static char *last_words(int fd) {
    struct stat st;
    size_t size;

    if (fstat(fd, &st) < 0)
        return NULL;
    char *text = read_from(fd, st.st_size > MOST_WORDS ? st.st_size - MOST_WORDS : 0, MOST_WORDS, &size);
    if (!text)
        return NULL;
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        text[--size] = '\0';
    char *line = strrchr(text, '\n');
    if (line)
        memmove(text, line + 1, strlen(line + 1) + 1);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    if (*text == '\0') {
        free(text);
        return NULL;
    }
    return text;
}

void visa_apart_explain(const int fds[VISA_APART_FDS], const struct visa_apart_limits *limits,
                        const struct visa_apart_end *end, const char *what, char *why, size_t why_size) {
    char *words = last_words(fds[VISA_APART_WORDS]);
    bool no_memory = words && (strstr(words, "out of memory") || strstr(words, "bad_alloc"));

    if (end && WIFSIGNALED(end->status) && WTERMSIG(end->status) == SIGALRM)
        snprintf(why, why_size, "%s took longer than the %u s that the host allows (--build-seconds)", what,
                 limits->seconds);
    else if (end && limits->memory_mib && (end->exhausted || no_memory))
        snprintf(why, why_size,
                 "%s needed more than the %u MiB of memory that the host allows (--build-memory)", what,
                 limits->memory_mib);
    else if (words)
        snprintf(why, why_size, "%s gave up on this program: %s", what, words);
    else if (end && WIFSIGNALED(end->status))
        snprintf(why, why_size, "%s gave up on this program: %s", what, strsignal(WTERMSIG(end->status)));
    else
        snprintf(why, why_size, "%s gave up on this program without a word", what);
    free(words);
}
