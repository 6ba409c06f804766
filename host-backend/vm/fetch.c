// SPDX-License-Identifier: MIT
#include "host-backend/vm/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The script's text, from the folder that the build runs in, and its length. */
__asm__(".pushsection .rodata\n"
        "vm_fetch_text:\n"
        ".incbin \"host-backend/vm/fetch.sh\"\n"
        "vm_fetch_end:\n"
        ".balign 8\n"
        "vm_fetch_size:\n"
        ".quad vm_fetch_end - vm_fetch_text\n"
        ".popsection\n");
extern const char vm_fetch_text[] __attribute__((visibility("hidden")));
extern const uint64_t vm_fetch_size __attribute__((visibility("hidden")));

int vm_fetch_script(const char *verb, const char *a, const char *b, bool quiet) {
    int fd = memfd_create("fetch.sh", 0), status = 0;
    char path[64];

    if (fd < 0 || write(fd, vm_fetch_text, vm_fetch_size) != (ssize_t)vm_fetch_size) {
        fprintf(stderr, "trillium: cannot prepare a download: %s\n", strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* it cleans up after itself */
        if (getppid() != parent)
            _exit(1);
        execl("/bin/sh", "sh", path, quiet ? "-q" : "-v", verb, a, b, (char *)NULL);
        _exit(1);
    }
    close(fd);
    if (pid < 0) {
        fprintf(stderr, "trillium: cannot start a download: %s\n", strerror(errno));
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status == 0 ? 0 : -1;
}
