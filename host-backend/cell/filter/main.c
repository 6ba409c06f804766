// SPDX-License-Identifier: MIT
/* Part of a build: writes the filters of filters.h as C. */
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host-backend/cell/drivers.h"
#include "host-backend/cell/filter/rules.h"

/* The number of instructions. 0: it could not be written. */
static size_t compile(scmp_filter_ctx f, struct sock_filter code[FILTER_MOST]) {
    const size_t most = FILTER_MOST * sizeof code[0];
    ssize_t n = -1;
    int fd = memfd_create("filter", MFD_CLOEXEC);

    if (fd >= 0 && seccomp_export_bpf(f, fd) == 0 && lseek(fd, 0, SEEK_END) <= (off_t)most)
        n = pread(fd, code, most, 0);
    if (fd >= 0)
        close(fd);
    return n > 0 ? (size_t)n / sizeof code[0] : 0;
}

static bool tells_self(const struct sock_filter *i) {
    return BPF_CLASS(i->code) == BPF_JMP && BPF_OP(i->code) == BPF_JEQ && i->k == FILTER_SELF;
}

struct made {
    size_t length, self;
};

/* Writes an array by this name. False: after saying why. */
static bool write_code(const char *name, scmp_filter_ctx f, int r, struct made *made) {
    struct sock_filter code[FILTER_MOST];

    if (r == 0)
        r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    size_t n = r == 0 ? compile(f, code) : 0;
    if (n == 0) {
        fprintf(stderr, "make-filters: %s: %s\n", name,
                r < 0 ? strerror(-r) : "it cannot be written, or is too long");
        return false;
    }
    *made = (struct made){.length = n};
    printf("static const struct sock_filter %s[] = {", name);
    for (size_t i = 0; i < n; i++) {
        if (tells_self(&code[i]) && made->self != 0) {
            fprintf(stderr, "make-filters: %s: compares with its process's number twice\n", name);
            return false;
        }
        if (tells_self(&code[i]))
            made->self = i;
        printf("%s{%#x, %u, %u, %#x},", i % 4 ? " " : "\n    ", code[i].code, code[i].jt, code[i].jf,
               code[i].k);
    }
    puts("\n};");
    return true;
}

static void write_table(const char *type, const char *prefix, const struct made *made, unsigned count) {
    printf("const struct cell_filter %s[] = {\n", type);
    for (unsigned i = 0; i < count; i++)
        printf("    {%s_%u, %zu, %zu},\n", prefix, i, made[i].length, made[i].self);
    puts("};");
}

enum { KINDS_MOST = 6 };

int main(void) {
    struct made worker[1u << KINDS_MOST], daemon[DAEMON_WALLS];
    unsigned kinds = 0;
    bool ok = true;
    char name[32];

    while (cell_drivers[kinds + 1].name)
        kinds++;
    puts("/* Made of host-backend/cell/filter by the build. */\n#include \"host-backend/cell/filters.h\"\n");
    for (unsigned i = 0; ok && kinds <= KINDS_MOST && i < 1u << kinds; i++) {
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
        snprintf(name, sizeof name, "worker_%u", i);
        ok = f && write_code(name, f, rules_worker(f, i), &worker[i]) && worker[i].self != 0;
        seccomp_release(f);
    }
    for (unsigned i = 0; ok && i < DAEMON_WALLS; i++) {
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
        snprintf(name, sizeof name, "daemon_%u", i);
        ok = f && write_code(name, f, rules_daemon(f, (enum daemon_wall)i), &daemon[i]);
        seccomp_release(f);
    }
    if (!ok || kinds > KINDS_MOST) {
        fputs("make-filters: not all filters could be made\n", stderr);
        return 1;
    }
    write_table("worker_filters", "worker", worker, 1u << kinds);
    write_table("daemon_filters", "daemon", daemon, DAEMON_WALLS);
    return fflush(stdout) == 0 ? 0 : 1;
}
