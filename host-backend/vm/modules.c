// SPDX-License-Identifier: MIT
#include "host-backend/vm/modules.h"

#include <elf.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the guest loads, by stage: host-backend/vm/init/main.c loads "gpu" and the others at the same time. */
#define DOOR "door"
static const struct {
    const char *stage, *name;
} wanted[] = {
    {"bus", "virtio_pci"},
    {"bus", "virtio_console"},
    {"gpu", "virtio_gpu"},
    {"files", "9pnet_virtio"},
    {"files", "9p"},
    {"files", "overlay"},
    {DOOR, "vmw_vsock_virtio_transport"},
};

/* Every module file of the kernel. */
struct index {
    struct entry {
        char name[64];
        char *path;
    } * entries;
    size_t count, capacity;
};

/* Module names treat '-' and '_' alike. */
static void normalize(char name[64], const char *from, size_t length) {
    size_t n = length < 63 ? length : 63;
    for (size_t i = 0; i < n; i++)
        name[i] = from[i] == '-' ? '_' : from[i];
    name[n] = '\0';
}

static struct index *collecting; /* for the callback of nftw, which has no argument */

static int collect(const char *path, const struct stat *st, int type, struct FTW *at) {
    const char *base = path + at->base, *dot = strstr(base, ".ko");
    (void)st;
    if (type != FTW_F || !dot)
        return 0;
    if (collecting->count == collecting->capacity) {
        size_t capacity = collecting->capacity ? collecting->capacity * 2 : 1024;
        struct entry *bigger = realloc(collecting->entries, capacity * sizeof *bigger);
        if (!bigger)
            return -1;
        collecting->entries = bigger;
        collecting->capacity = capacity;
    }
    struct entry *e = &collecting->entries[collecting->count];
    normalize(e->name, base, (size_t)(dot - base));
    e->path = strdup(path);
    collecting->count += e->path != NULL;
    return 0;
}

static void free_index(struct index *index) {
    for (size_t i = 0; i < index->count; i++)
        free(index->entries[i].path);
    free(index->entries);
}

static const char *find(const struct index *index, const char *name) {
    for (size_t i = 0; i < index->count; i++)
        if (strcmp(index->entries[i].name, name) == 0)
            return index->entries[i].path;
    return NULL;
}

/* True if the kernel itself contains the module (its file modules.builtin says so). */
static bool built_in(const char *folder, const char *name) {
    char path[4200], line[512];
    bool found = false;
    snprintf(path, sizeof path, "%s/modules.builtin", folder);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        char here[64];
        const char *base = strrchr(line, '/'), *dot = base ? strstr(base, ".ko") : NULL;
        if (!dot)
            continue;
        normalize(here, base + 1, (size_t)(dot - base - 1));
        found = strcmp(here, name) == 0;
    }
    if (file)
        fclose(file);
    return found;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Reads a module file, unpacked. */
static bool read_module(const char *path, struct vm_module *m) {
    char command[4300];
    const char *tool = ends_with(path, ".xz") ? "xz" : ends_with(path, ".zst") ? "zstd" : NULL;
    size_t capacity = 0;
    bool good = true;

    tool = ends_with(path, ".gz") ? "gzip" : tool;
    if (tool) /* the path came from a walk over the kernel's own folder; a quote in it would be an odd kernel
               */
        snprintf(command, sizeof command, "%s -dcq '%s'", tool, path);
    FILE *file = tool ? popen(command, "re") : fopen(path, "re");
    if (!file)
        return false;
    for (;;) {
        if (m->size == capacity) {
            capacity = capacity ? capacity * 2 : 256 << 10;
            unsigned char *bigger = realloc(m->data, capacity);
            if (!bigger) {
                good = false;
                break;
            }
            m->data = bigger;
        }
        size_t n = fread(m->data + m->size, 1, capacity - m->size, file);
        if (n == 0)
            break;
        m->size += n;
    }
    return (tool ? pclose(file) : fclose(file)) == 0 && good && m->size > 0;
}

/* The value of depends= in the module's section .modinfo ("a,b,c"), or NULL. */
static const char *depends(const struct vm_module *m) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)m->data;
    if (m->size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_shoff > m->size || header->e_shentsize != sizeof(Elf64_Shdr) ||
        header->e_shnum > (m->size - header->e_shoff) / sizeof(Elf64_Shdr) ||
        header->e_shstrndx >= header->e_shnum)
        return NULL;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(m->data + header->e_shoff);
    const Elf64_Shdr *names = &sections[header->e_shstrndx];
    for (unsigned i = 0; i < header->e_shnum; i++) {
        const Elf64_Shdr *s = &sections[i];
        if (s->sh_offset > m->size || s->sh_size > m->size - s->sh_offset || s->sh_type == SHT_NOBITS ||
            names->sh_offset > m->size || s->sh_name >= m->size - names->sh_offset)
            continue;
        if (strncmp((const char *)m->data + names->sh_offset + s->sh_name, ".modinfo",
                    m->size - names->sh_offset - s->sh_name) != 0)
            continue;
        const char *at = (const char *)m->data + s->sh_offset, *end = at + s->sh_size;
        while (at < end) {
            size_t n = strnlen(at, (size_t)(end - at));
            if (n > 8 && n < (size_t)(end - at) && strncmp(at, "depends=", 8) == 0)
                return at + 8;
            at += n + 1;
        }
    }
    return NULL;
}

/* Adds a module behind those that it depends on. */
static int add(struct vm_modules *modules, const struct index *index, const char *folder, const char *stage,
               const char *name, int depth, char why[VM_WHY_SIZE]) {
    struct vm_module m = {.stage = stage};

    for (size_t i = 0; i < modules->count; i++)
        if (strcmp(modules->list[i].name, name) == 0)
            return 0;
    const char *path = find(index, name);
    if (!path) {
        if (built_in(folder, name))
            return 0;
        snprintf(why, VM_WHY_SIZE, "the kernel in %.120s has no module %.60s", folder, name);
        return -1;
    }
    if (depth > 16 || !read_module(path, &m)) {
        free(m.data);
        snprintf(why, VM_WHY_SIZE, "cannot read the kernel module %.160s", path);
        return -1;
    }
    snprintf(m.name, sizeof m.name, "%s", name);
    for (const char *d = depends(&m); d && *d;) {
        char other[64];
        size_t n = strcspn(d, ",");
        normalize(other, d, n);
        if (n > 0 && add(modules, index, folder, stage, other, depth + 1, why) < 0) {
            free(m.data);
            return -1;
        }
        d += n + (d[n] == ',');
    }
    struct vm_module *bigger = realloc(modules->list, (modules->count + 1) * sizeof *bigger);
    if (!bigger) {
        free(m.data);
        snprintf(why, VM_WHY_SIZE, "out of memory");
        return -1;
    }
    modules->list = bigger;
    modules->list[modules->count++] = m;
    return 0;
}

int vm_modules_read(const char *folder, bool door, struct vm_modules *modules, char why[VM_WHY_SIZE]) {
    struct index index = {0};
    int r = 0;

    *modules = (struct vm_modules){0};
    collecting = &index;
    nftw(folder, collect, 16, FTW_PHYS);
    collecting = NULL;
    for (size_t i = 0; r == 0 && i < sizeof wanted / sizeof wanted[0]; i++)
        if (door || strcmp(wanted[i].stage, DOOR) != 0)
            r = add(modules, &index, folder, wanted[i].stage, wanted[i].name, 0, why);
    free_index(&index);
    if (r < 0)
        vm_modules_free(modules);
    return r;
}

void vm_modules_free(struct vm_modules *modules) {
    for (size_t i = 0; i < modules->count; i++)
        free(modules->list[i].data);
    free(modules->list);
    *modules = (struct vm_modules){0};
}
