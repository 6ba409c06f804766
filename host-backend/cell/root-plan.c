// SPDX-License-Identifier: MIT
/* What a cell's root holds. */
#include "host-backend/cell/root.h"

#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/cell/drivers.h"

/* Of every machine, as far as it is there. Links stay links. */
static const char *const system_paths[] = {
    "/usr",
    "/bin", /* PoCL runs a linker */
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc/OpenCL", /* which drivers there are */
    "/etc/ld.so.cache",
    "/etc/alternatives",
    /* places where vendors' packages put drivers */
    "/opt/rocm",
    "/opt/amdgpu",
    "/opt/intel",
};

/* Variables that lead a loader to drivers elsewhere: one path or several with ':' between them. */
static const char *const path_variables[] = {"OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH", "OCL_ICD_FILENAMES",
                                             "LD_LIBRARY_PATH"};

static void add(struct root *r, enum root_what what, const char *path, const char *source) {
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : 64;
        struct root_step *grown = realloc(r->steps, room * sizeof *grown);
        if (!grown) {
            r->bad = true;
            return;
        }
        r->steps = grown;
        r->room = room;
    }
    struct root_step step = {what, strdup(path), source ? strdup(source) : NULL};
    if (!step.path || (source && !step.source))
        r->bad = true;
    r->steps[r->count++] = step;
}

/* Is it inside of a folder that is there already? */
static bool is_covered(const struct root *r, const char *path) {
    for (size_t i = 0; i < r->count; i++) {
        const struct root_step *s = &r->steps[i];
        size_t n = s->path ? strlen(s->path) : 0;
        if (s->what >= ROOT_LINK && n > 0 && strncmp(s->path, path, n) == 0 &&
            (path[n] == '/' || path[n] == '\0'))
            return true;
    }
    return false;
}

static void add_parents(struct root *r, const char *path) {
    char partial[PATH_MAX];

    if (snprintf(partial, sizeof partial, "%s", path) >= (int)sizeof partial)
        return;
    for (char *slash = strchr(partial + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        add(r, ROOT_DIR, partial, NULL);
        *slash = '/';
    }
}

static void add_tree(struct root *r, const char *path, const char *source, enum root_what what) {
    struct stat st;

    if (stat(source, &st) < 0 || is_covered(r, path))
        return;
    add_parents(r, path);
    add(r, S_ISDIR(st.st_mode) ? ROOT_DIR : ROOT_FILE, path, NULL);
    add(r, what, path, source);
}

/* A path of the machine, at the same place; what it leads to, where it is a link. */
static void add_path(struct root *r, const char *path) {
    char target[PATH_MAX];
    struct stat st;

    if (path[0] != '/' || path[1] == '\0' || lstat(path, &st) < 0 || is_covered(r, path))
        return;
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlink(path, target, sizeof target - 1);
        if (n <= 0)
            return;
        target[n] = '\0';
        char *real = realpath(path, NULL);
        add_parents(r, path);
        add(r, ROOT_LINK, path, target);
        if (real)
            add_path(r, real);
        free(real);
    } else {
        add_tree(r, path, path, ROOT_BIND);
    }
}

/* The folder of a library that an ICD file names by its path. */
static void add_library(struct root *r, const char *path) {
    char *real = path[0] == '/' ? realpath(path, NULL) : NULL;

    if (real) {
        char *slash = strrchr(real, '/');
        if (!is_covered(r, path))
            add_path(r, path);
        *slash = '\0';
        add_path(r, real);
    }
    free(real);
}

static void add_icd_file(struct root *r, const char *path) {
    char line[PATH_MAX];
    FILE *f = fopen(path, "re");

    if (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = '\0';
        add_library(r, line);
    }
    if (f)
        fclose(f);
}

/* What a path of the loader's leads to: a folder of ICD files, one of these, or a library. */
static void add_vendors(struct root *r, const char *path) {
    size_t n = strlen(path);
    DIR *d = opendir(path);

    add_path(r, path);
    if (n > 4 && strcmp(path + n - 4, ".icd") == 0)
        add_icd_file(r, path);
    for (struct dirent *e; d && (e = readdir(d));) {
        char file[PATH_MAX];
        if (strstr(e->d_name, ".icd") &&
            snprintf(file, sizeof file, "%s/%s", path, e->d_name) < (int)sizeof file)
            add_icd_file(r, file);
    }
    if (d)
        closedir(d);
}

static void add_variable(struct root *r, const char *value) {
    char *list = strdup(value), *rest;

    for (char *path = list ? strtok_r(list, ":", &rest) : NULL; path; path = strtok_r(NULL, ":", &rest))
        if (path[0] == '/' && !strstr(path, "trillium"))
            add_vendors(r, path);
    free(list);
}

/* A device that a group may open is opened through that group. */
static void add_node(struct root *r, const char *path) {
    struct stat st;
    bool known = false;

    if (stat(path, &st) < 0 || !S_ISCHR(st.st_mode))
        return;
    add_parents(r, path);
    add(r, ROOT_FILE, path, NULL);
    add(r, ROOT_NODE, path, path);
    for (size_t i = 0; i < r->group_count; i++)
        known = known || r->groups[i] == st.st_gid;
    if (!known && st.st_gid != 0 && (st.st_mode & S_IRGRP) && r->group_count < ROOT_MAX_GROUPS - 1)
        r->groups[r->group_count++] = st.st_gid;
}

static void add_driver(struct root *r, const struct cell_driver *d) {
    glob_t g;

    if (glob(d->nodes[0], 0, NULL, &g) != 0)
        return;
    globfree(&g);
    for (int i = 0; i < CELL_NODES && d->nodes[i]; i++) {
        if (glob(d->nodes[i], 0, NULL, &g) != 0)
            continue;
        for (size_t k = 0; k < g.gl_pathc; k++)
            add_node(r, g.gl_pathv[k]);
        globfree(&g);
    }
    for (int i = 0; i < CELL_SYS && d->sys[i]; i++) {
        if (glob(d->sys[i], 0, NULL, &g) != 0)
            continue;
        for (size_t k = 0; k < g.gl_pathc; k++)
            add_tree(r, g.gl_pathv[k], g.gl_pathv[k], ROOT_BIND);
        globfree(&g);
    }
}

/* The worker, and the library beside it that translates SPIR-V. */
static void add_worker(struct root *r, const char *worker) {
    char path[PATH_MAX];
    const char *slash = strrchr(worker, '/');
    int folder = (int)(slash ? slash - worker : 0);

    add_tree(r, worker, worker, ROOT_BIND);
    /* found through libexec/.. */
    if (snprintf(path, sizeof path, "%.*s/../lib/libtrillium-visa-host.so", folder, worker) <
        (int)sizeof path) {
        char *real = realpath(path, NULL);
        if (real)
            add_tree(r, real, real, ROOT_BIND);
        free(real);
    }
}

bool root_plan(struct root *r, const struct cell_config *config) {
    *r = (struct root){0};
    for (size_t i = 0; i < sizeof system_paths / sizeof system_paths[0]; i++)
        add_path(r, system_paths[i]);
    add_vendors(r, "/etc/OpenCL/vendors");
    for (size_t i = 0; i < sizeof path_variables / sizeof path_variables[0]; i++) {
        const char *value = getenv(path_variables[i]);
        if (value)
            add_variable(r, value);
    }
    for (const struct cell_driver *d = cell_drivers; d->name; d++)
        add_driver(r, d);
    if (config->worker)
        add_worker(r, config->worker);
    return !r->bad;
}

void root_free(struct root *r) {
    for (size_t i = 0; i < r->count; i++) {
        free(r->steps[i].path);
        free(r->steps[i].source);
    }
    free(r->steps);
    *r = (struct root){0};
}
