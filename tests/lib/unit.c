// SPDX-License-Identifier: MIT
#include "tests/lib/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/mman.h>
#include <unistd.h>

uint32_t unit_random(uint32_t *state) {
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

unsigned unit_open_fds(void) {
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    if (!dir)
        abort();
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

size_t unit_children(int pids[UNIT_CHILDREN]) {
    size_t n = 0;
    glob_t lists;

    if (glob("/proc/self/task/*/children", 0, NULL, &lists) != 0)
        abort();
    for (size_t i = 0; i < lists.gl_pathc; i++) {
        FILE *in = fopen(lists.gl_pathv[i], "re"); /* NULL: the thread has ended */
        while (in && n < UNIT_CHILDREN && fscanf(in, "%d", &pids[n]) == 1)
            n++;
        if (in)
            fclose(in);
    }
    globfree(&lists);
    return n;
}

static int errors = -1, errors_before;

void unit_errors_begin(void) {
    errors = memfd_create("errors", MFD_CLOEXEC);
    errors_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    fflush(stderr);
    if (errors < 0 || errors_before < 0 || dup2(errors, STDERR_FILENO) < 0)
        abort();
}

const char *unit_errors_end(void) {
    static char text[1 << 16];

    fflush(stderr);
    ssize_t n = pread(errors, text, sizeof text - 1, 0);
    if (n < 0 || dup2(errors_before, STDERR_FILENO) < 0)
        abort();
    close(errors_before);
    close(errors);
    text[n] = '\0';
    return text;
}

unsigned unit_count(const char *text, const char *wanted) {
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, wanted)); at += strlen(wanted))
        n++;
    return n;
}

int unit_memfd(size_t size) {
    int fd = memfd_create("unit", MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
        abort();
    return fd;
}
