// SPDX-License-Identifier: MIT
/* Landlock: files and network, a second time. Written against the kernel's interface, which the installed
 * headers may be older than. */
#include "host-backend/cell/confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host-backend/cell/drivers.h"
#include "host-backend/cell/root.h"
#include "host-backend/cell/vmm.h"

enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REFER = 1 << 13, /* ABI 2: PoCL renames between folders */
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,

    READ = READ_FILE | READ_DIR,
    FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV, /* of what is no folder */
    ABI_NEEDED = 2,
};

/* linux/landlock.h, as of ABI 6. */
struct ruleset_attr {
    uint64_t handled_access_fs, handled_access_net, scoped;
};
struct path_beneath_attr {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

/* What a kernel with this ABI can hold back. */
static struct ruleset_attr everything(int abi) {
    struct ruleset_attr a = {.handled_access_fs = (1u << 14) - 1};
    if (abi >= 3)
        a.handled_access_fs |= TRUNCATE;
    if (abi >= 4)
        a.handled_access_net = 3; /* TCP: bind, connect */
    if (abi >= 5)
        a.handled_access_fs |= IOCTL_DEV;
    if (abi >= 6)
        a.scoped = 3; /* abstract sockets, signals */
    return a;
}

static int allow(int ruleset, uint64_t handled, const char *path, uint64_t rights) {
    struct stat st;
    struct path_beneath_attr rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};

    if (rule.parent_fd < 0)
        return 0; /* what is not there needs no right */
    if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rights &= FILE_RIGHTS;
    rule.allowed_access = rights & handled;
    int r =
        rule.allowed_access == 0 || syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0u) == 0
            ? 0
            : -errno;
    close(rule.parent_fd);
    return r;
}

static int allow_matches(int ruleset, uint64_t handled, const char *pattern, uint64_t rights) {
    glob_t g;
    int r = 0;

    if (glob(pattern, 0, NULL, &g) != 0)
        return 0;
    for (size_t i = 0; r == 0 && i < g.gl_pathc; i++)
        r = allow(ruleset, handled, g.gl_pathv[i], rights);
    globfree(&g);
    return r;
}

static int allow_devices(int ruleset, uint64_t handled) {
    int r = 0;
    for (const struct cell_driver *d = cell_drivers; d->name; d++) {
        for (int i = 0; r == 0 && i < CELL_NODES && d->nodes[i]; i++)
            r = allow_matches(ruleset, handled, d->nodes[i], READ_FILE | WRITE_FILE | IOCTL_DEV);
        for (int i = 0; r == 0 && i < CELL_SYS && d->sys[i]; i++)
            r = allow_matches(ruleset, handled, d->sys[i], READ);
    }
    return r;
}

/* Reading and executing in all folders of the root but `others`, a list that ends with NULL. */
static int allow_root_but(int ruleset, uint64_t handled, const char *const *others) {
    DIR *d = opendir("/");
    int r = 0;

    for (struct dirent *e; r == 0 && d && (e = readdir(d));) {
        char path[sizeof e->d_name + 1];
        bool other = false;
        for (const char *const *name = others; *name; name++)
            other = other || strcmp(e->d_name, *name) == 0;
        snprintf(path, sizeof path, "/%s", e->d_name);
        if (!other)
            r = allow(ruleset, handled, path, READ | EXECUTE);
    }
    if (d)
        closedir(d);
    return r;
}

/* The cell's own root: folders that the machine's programs and libraries came into. */
static int allow_programs_inside(int ruleset, uint64_t handled) {
    static const char *const others[] = {".", "..", "proc", "sys", "dev", "etc", "tmp", NULL};
    int r = allow_root_but(ruleset, handled, others);

    if (r == 0)
        r = allow(ruleset, handled, CELL_PRIVATE, handled);
    if (r == 0) /* hwloc, from which PoCL knows the CPUs, looks at everything from there */
        r = allow(ruleset, handled, "/", READ_DIR);
    return r;
}

/* The machine's root: drivers, and the worker's own folder. */
static int allow_programs_outside(int ruleset, uint64_t handled) {
    static const char *const programs[] = {"/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/opt"};
    static const char *const libraries[] = {"OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH", "LD_LIBRARY_PATH"};
    char path[PATH_MAX], *slash;
    const char *value;
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof programs / sizeof programs[0]; i++)
        r = allow(ruleset, handled, programs[i], READ | EXECUTE);
    for (size_t i = 0; r == 0 && i < sizeof libraries / sizeof libraries[0]; i++)
        if ((value = getenv(libraries[i])))
            r = allow(ruleset, handled, value, READ | EXECUTE);
    if (r == 0 && (value = getenv("TMPDIR"))) /* folder.h; all else that is written is in it */
        r = allow(ruleset, handled, value, handled);
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof "/../lib");
    path[n > 0 ? n : 0] = '\0';
    if (r == 0 && (slash = strrchr(path, '/'))) {
        memcpy(slash, "/../lib", sizeof "/../lib");
        r = allow(ruleset, handled, path, READ | EXECUTE);
    }
    return r;
}

static int allow_readable(int ruleset, uint64_t handled) {
    static const char *const readable[] = {"/etc/OpenCL",       "/etc/ld.so.cache",
                                           "/etc/alternatives", "/proc/self",
                                           "/proc/cpuinfo",     "/proc/meminfo",
                                           "/proc/stat",        "/proc/version",
                                           "/proc/driver",      "/proc/sys/vm/overcommit_memory"};
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof readable / sizeof readable[0]; i++)
        r = allow(ruleset, handled, readable[i], READ);
    return r;
}

/* The kernel's rules without any right yet: a descriptor, or a negative errno. */
static int new_ruleset(uint64_t *handled) {
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

    if (abi < 0)
        return -errno;
    if (abi < ABI_NEEDED)
        return -ENOTSUP;
    struct ruleset_attr attr = everything(abi);
    /* Older kernels take a longer struct whose rest is zero. */
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0u);
    *handled = attr.handled_access_fs;
    return ruleset < 0 ? -errno : ruleset;
}

/* All of the machine's files but what is no file: the VM has a /proc, a /sys and a /dev of its own. */
static int allow_host_files(int ruleset, uint64_t handled) {
    static const char *const others[] = {".", "..", "proc", "sys", "dev", NULL};
    static const char *const own[] = {"/proc/cpuinfo", "/proc/meminfo", "/dev/null"};
    int r = allow(ruleset, handled, "/", READ_DIR);

    if (r == 0)
        r = allow_root_but(ruleset, handled, others);
    for (size_t i = 0; r == 0 && i < sizeof own / sizeof own[0]; i++)
        r = allow(ruleset, handled, own[i], READ | EXECUTE);
    return r;
}

int vmm_prepare(const char *folder) {
    uint64_t handled = 0;
    int ruleset = new_ruleset(&handled), r;

    if (ruleset < 0) {
        errno = -ruleset;
        return -1;
    }
    r = allow_host_files(ruleset, handled);
    if (r == 0)
        r = allow(ruleset, handled, folder, handled);
    if (r == 0)
        return ruleset;
    close(ruleset);
    errno = -r;
    return -1;
}

int vmm_enter(int rules) {
    /* By its own number, which nobody knew before. */
    struct path_beneath_attr rule = {READ, open("/proc/self", O_PATH | O_CLOEXEC)};

    return rule.parent_fd >= 0 && syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &rule, 0u) == 0 &&
                   close(rule.parent_fd) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   syscall(SYS_landlock_restrict_self, rules, 0u) == 0
               ? 0
               : -1;
}

int confine_files(int inside) {
    uint64_t handled = 0;
    int ruleset = new_ruleset(&handled);

    if (ruleset < 0)
        return ruleset;
    int r = (inside ? allow_programs_inside : allow_programs_outside)(ruleset, handled);
    if (r == 0)
        r = allow_readable(ruleset, handled);
    if (r == 0)
        r = allow_devices(ruleset, handled);
    if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        r = -errno;
    if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0u) < 0)
        r = -errno;
    close(ruleset);
    return r;
}
