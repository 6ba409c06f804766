// SPDX-License-Identifier: MIT
#include "host-backend/vm/init/init.h"
#include "host-backend/util/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void must_mount(const char *what, const char *where, const char *type, unsigned long flags,
                       const char *options) {
    if (mount(what, where, type, flags, options) < 0)
        die("cannot mount %s on %s in the guest: %s", what, where, strerror(errno));
}

/* Makes a directory and those above it. */
static void make_path(const char *path) {
    char part[512];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        mkdir(part, 0755);
    }
    mkdir(path, 0755);
}

static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0) {
        io_write_all(fd, text, strlen(text));
        close(fd);
    }
}

void mounts_begin(void) {
    static const char *const folders[] = {"/proc", "/sys", "/dev", "/host", "/write", "/root"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        mkdir(folders[i], 0755);
    must_mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
    must_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    must_mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* Trillium's driver is the only one that the loader finds. */
static void show_only_trillium(const char *icd) {
    static const char folder[] = "/root/etc/OpenCL/vendors";
    char text[4200];
    make_path(folder);
    must_mount("vendors", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k");
    snprintf(text, sizeof text, "%s\n", icd);
    write_file("/root/etc/OpenCL/vendors/trillium.icd", text);
}

void mounts_enter(const struct config *c) {
    if (c->uml)
        must_mount("none", "/host", "hostfs", MS_RDONLY | MS_NODEV, "/");
    else
        must_mount("hostroot", "/host", "9p", MS_RDONLY | MS_NODEV,
                   "trans=virtio,version=9p2000.L,msize=512000,cache=loose");
    stage("the host's root is mounted");
    must_mount("write", "/write", "tmpfs", MS_NODEV, "mode=0755");
    mkdir("/write/upper", 0755);
    mkdir("/write/work", 0755);
    must_mount("root", "/root", "overlay", MS_NODEV,
               "lowerdir=/host,upperdir=/write/upper,workdir=/write/work,xino=off,metacopy=off,index=off");

    stage("the overlay is mounted");

    must_mount("/dev", "/root/dev", NULL, MS_MOVE, NULL);
    must_mount("/proc", "/root/proc", NULL, MS_MOVE, NULL);
    must_mount("/sys", "/root/sys", NULL, MS_MOVE, NULL);
    mkdir("/root/dev/shm", 01777);
    mkdir("/root/dev/pts", 0755);
    must_mount("shm", "/root/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    must_mount("devpts", "/root/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666");
    symlink("/proc/self/fd", "/root/dev/fd");
    symlink("/proc/self/fd/0", "/root/dev/stdin");
    symlink("/proc/self/fd/1", "/root/dev/stdout");
    symlink("/proc/self/fd/2", "/root/dev/stderr");
    if (c->icd)
        show_only_trillium(c->icd);

    if (chdir("/root") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
        die("cannot enter the guest's root: %s", strerror(errno));
    /* Buffer objects are shmem: with huge pages the host has few runs to map. */
    write_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "within_size");
}

void mounts_open_device(void) {
    DIR *dir = opendir("/dev/dri");
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        char path[300];
        snprintf(path, sizeof path, "/dev/dri/%s", e->d_name);
        if (strncmp(e->d_name, "renderD", 7) == 0)
            chmod(path, 0666);
    }
    if (dir)
        closedir(dir);
}
