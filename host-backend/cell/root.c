// SPDX-License-Identifier: MIT
#include "host-backend/cell/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host-backend/cell/limits.h"

#define OLD "/.old"
#define INNER "/.inner"

/* Joins without the C library's formatting, which is not async-signal-safe. False if it is too long. */
static bool join(char *out, size_t size, const char *a, const char *b) {
    if (strlen(a) + strlen(b) >= size)
        return false;
    stpcpy(stpcpy(out, a), b);
    return true;
}

static int make_file(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

static int bind_tree(const char *source, const char *path, uint64_t attributes) {
    struct mount_attr attr = {.attr_set = attributes};

    if (mount(source, path, NULL, MS_BIND | MS_REC, NULL) < 0)
        return -errno;
    return syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof attr) < 0 ? -errno : 0;
}

static int carry_out(const struct root_step *s) {
    char source[4200];
    int r = 0;

    switch (s->what) {
    case ROOT_DIR:
        r = mkdir(s->path, 0755);
        return r < 0 && errno != EEXIST ? -errno : 0;
    case ROOT_FILE:
        return make_file(s->path);
    case ROOT_LINK:
        r = symlink(s->source, s->path);
        return r < 0 && errno != EEXIST ? -errno : 0;
    default:
        break;
    }
    if (!join(source, sizeof source, OLD, s->source))
        return -ENAMETOOLONG;
    uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY;
    if (s->what != ROOT_NODE)
        attributes |= MOUNT_ATTR_NODEV;
    return bind_tree(source, s->path, attributes);
}

/*
 * In a chroot pivot_root has nothing to take away, and what is mounted there may show up in the machine's own
 * namespace. So the process goes back to the root of its namespace, which is its own to mount in. The chroot's
 * root, as a descriptor, or a negative errno.
 */
static int leave_chroot(void) {
    int inner = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int space = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    int r = inner;

    if (inner < 0 || space < 0 || setns(space, CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        r = -errno;
    if (space >= 0)
        close(space);
    if (r < 0 && inner >= 0)
        close(inner);
    return r;
}

/* The chroot's tree as a mount of the new root, which is mounted at /tmp and the working directory. */
static int bring_inner(int inner) {
    if (mkdir("." INNER, 0700) < 0 || fchdir(inner) < 0 ||
        mount(".", "/tmp" INNER, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir("/tmp") < 0)
        return -errno;
    return 0;
}

static int inner_to_old(void) {
    if (umount2(OLD, MNT_DETACH) < 0 || mount(INNER, OLD, NULL, MS_MOVE, NULL) < 0 || rmdir(INNER) < 0)
        return -errno;
    return 0;
}

/* Makes an empty tmpfs the root, with the old root as OLD. */
static int turn(void) {
    int inner = -1, r = 0;

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        if (errno != EINVAL) /* else: it is no mount */
            return -errno;
        if ((inner = leave_chroot()) < 0)
            return inner;
    }
    if (mount("cell", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") < 0 || chdir("/tmp") < 0 ||
        mkdir("." OLD, 0700) < 0)
        r = -errno;
    if (r == 0 && inner >= 0)
        r = bring_inner(inner);
    if (inner >= 0)
        close(inner);
    if (r == 0 && (syscall(SYS_pivot_root, ".", "." OLD) < 0 || chdir("/") < 0))
        r = -errno;
    return r == 0 && inner >= 0 ? inner_to_old() : r;
}

static int private_folder(void) {
    static const char options[] = "mode=01777,nr_inodes=65536,size=" CELL_PRIVATE_SIZE;

    if ((mkdir(CELL_PRIVATE, 0755) < 0 && errno != EEXIST) ||
        mount("private", CELL_PRIVATE, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0 ||
        mkdir(CELL_CACHE, 0755) < 0 || chmod(CELL_CACHE, 01777) < 0)
        return -errno;
    return 0;
}

int root_enter(const struct root *root) {
    int r = turn();

    /* Before anything else is mounted: paths below /tmp may be among the steps. */
    if (r == 0)
        r = private_folder();
    for (size_t i = 0; r == 0 && i < root->count; i++)
        r = carry_out(&root->steps[i]);
    if (r < 0)
        return r;
    if ((mkdir("/proc", 0755) < 0 && errno != EEXIST) ||
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ||
        umount2(OLD, MNT_DETACH) < 0 || rmdir(OLD) < 0 ||
        mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
        return -errno;
    return 0;
}
