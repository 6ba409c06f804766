// SPDX-License-Identifier: MIT
#include "host-backend/vm/initramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool initramfs_begin(struct initramfs *i) {
    i->inode = 0;
    i->fd = memfd_create("initramfs", MFD_CLOEXEC);
    i->file = i->fd >= 0 ? fdopen(dup(i->fd), "w") : NULL;
    if (!i->file && i->fd >= 0)
        close(i->fd);
    return i->file != NULL;
}

static void pad(FILE *file) {
    while (ftell(file) % 4 != 0)
        fputc(0, file);
}

static void add_entry(struct initramfs *i, const char *name, const void *data, size_t size, unsigned mode,
                      unsigned major, unsigned minor) {
    /* magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor/minor, rdevmajor/minor, namesize, check */
    fprintf(i->file, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ++i->inode, mode, 0, 0, 1,
            0, (unsigned)size, 0, 0, major, minor, (unsigned)strlen(name) + 1, 0);
    fwrite(name, 1, strlen(name) + 1, i->file);
    pad(i->file);
    if (size > 0)
        fwrite(data, 1, size, i->file);
    pad(i->file);
}

void initramfs_add(struct initramfs *i, const char *name, const void *data, size_t size, unsigned mode) {
    add_entry(i, name, data, size, mode, 0, 0);
}

void initramfs_folder(struct initramfs *i, const char *name) {
    initramfs_add(i, name, NULL, 0, S_IFDIR | 0755);
}

int initramfs_end(struct initramfs *i) {
    initramfs_add(i, "TRAILER!!!", NULL, 0, 0);
    bool good = !ferror(i->file);
    if (fclose(i->file) != 0)
        good = false;
    if (!good) {
        close(i->fd);
        i->fd = -1;
    }
    return i->fd;
}

static void *read_file(const char *path, size_t *size) {
    struct stat st;
    char *data = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && (data = malloc((size_t)st.st_size + 1))) {
        *size = 0;
        ssize_t n;
        while (*size < (size_t)st.st_size && (n = read(fd, data + *size, (size_t)st.st_size - *size)) > 0)
            *size += (size_t)n;
    }
    close(fd);
    return data;
}

int vm_initramfs(const char *init, const struct vm_modules *modules, const char *config, size_t config_size,
                 char why[VM_WHY_SIZE]) {
    struct initramfs i;
    size_t size;
    void *program = read_file(init, &size);

    if (!program) {
        snprintf(why, VM_WHY_SIZE, "cannot read the guest's init %.120s: %s", init, strerror(errno));
        return -1;
    }
    if (!initramfs_begin(&i)) {
        free(program);
        snprintf(why, VM_WHY_SIZE, "cannot make the initramfs: %s", strerror(errno));
        return -1;
    }
    initramfs_add(&i, "init", program, size, S_IFREG | 0755);
    free(program);
    initramfs_folder(&i, "dev");
    add_entry(&i, "dev/console", NULL, 0, S_IFCHR | 0600, 5,
              1); /* the kernel opens it as the init's streams */
    initramfs_folder(&i, "modules");
    for (size_t m = 0; modules && m < modules->count; m++) {
        char name[160];
        snprintf(name, sizeof name, "modules/%s", modules->list[m].stage);
        if (m == 0 || strcmp(modules->list[m].stage, modules->list[m - 1].stage) != 0)
            initramfs_folder(&i, name);
        snprintf(name, sizeof name, "modules/%s/%02zu-%s.ko", modules->list[m].stage, m,
                 modules->list[m].name);
        initramfs_add(&i, name, modules->list[m].data, modules->list[m].size, S_IFREG | 0644);
    }
    initramfs_add(&i, "config", config, config_size, S_IFREG | 0600);
    int fd = initramfs_end(&i);
    if (fd < 0)
        snprintf(why, VM_WHY_SIZE, "cannot make the initramfs: out of memory");
    return fd;
}
