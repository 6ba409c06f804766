// SPDX-License-Identifier: MIT
#include "host-backend/cell/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHADOW_MEMORY 1 /* terabytes of it, which are reserved and not used */
#else
#define SHADOW_MEMORY 0
#endif

enum {
    MAX_DESCRIPTORS = 4096, /* of libraries, memory, pipes */
};

static int set(int resource, rlim_t wanted) {
    struct rlimit now, new;

    if (getrlimit(resource, &now) < 0)
        return -errno;
    new.rlim_max = now.rlim_max < wanted ? now.rlim_max : wanted;
    new.rlim_cur = new.rlim_max;
    return setrlimit(resource, &new) < 0 ? -errno : 0;
}

/* A core file of guests' bytes is for nobody's reader to parse. A limit below a page stops files; Linux hands cores to a program
 * (core_pattern: "|...") whatever the limit is, 0 too, but for 1, and programs that a worker executes may be dumped again. What
 * neither stops, a program where the daemon itself may have no limit but 0, and a socket (Linux 6.16), gets a core without memory. */
int cell_limits_no_core(void) {
    static const char no_memory[] = "0";
    struct rlimit one = {1, 1};
    int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        ssize_t ignored = write(fd, no_memory, sizeof no_memory - 1);
        (void)ignored;
        close(fd);
    }
    return setrlimit(RLIMIT_CORE, &one) < 0 ? set(RLIMIT_CORE, 0) : 0;
}

int cell_limits_set(void) {
    /* Counts private memory, which is all that a worker can make by itself (seccomp.c); what its guest
     * shares with it is the guest's. As much as the machine has: drivers take it for a device's size. */
    rlim_t memory = (rlim_t)sysconf(_SC_PHYS_PAGES) * (rlim_t)sysconf(_SC_PAGESIZE);
    int r = SHADOW_MEMORY ? 0 : set(RLIMIT_DATA, memory);

    if (r == 0)
        r = set(RLIMIT_NPROC, CELL_MAX_PROCESSES);
    if (r == 0)
        r = set(RLIMIT_NOFILE, MAX_DESCRIPTORS);
    if (r == 0)
        r = set(RLIMIT_FSIZE, CELL_PRIVATE_BYTES);
    if (r == 0)
        r = cell_limits_no_core();
    /* A user of sound programs may have been given these, with which one thread stops a CPU's others for good. */
    if (r == 0)
        r = set(RLIMIT_RTPRIO, 0);
    if (r == 0)
        r = set(RLIMIT_NICE, 0);
    signal(SIGXFSZ, SIG_IGN); /* EFBIG is enough */
    return r;
}

int cell_limits_first_victim(void) {
    static const char more[] = "500";
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC), r = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, more, sizeof more - 1) < 0)
        r = -errno;
    close(fd);
    return r;
}
