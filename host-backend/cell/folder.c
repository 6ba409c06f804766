// SPDX-License-Identifier: MIT
#include "host-backend/cell/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/cell/cell.h"
#include "host-backend/util/held.h"
#include "host-backend/util/tree.h"

#define CACHE "/cache"
#define FOLDER "trillium-cell-"

enum {
    MAX_BASE = 256,                                                                /* with the NUL */
    VARIABLE = sizeof "XDG_CACHE_HOME=" + MAX_BASE + CELL_PID_TEXT + sizeof CACHE, /* bytes of one */
};

/* What drivers look at; each ends with the worker's number, which is not known before it runs. */
static const struct {
    const char *name, *rest;
} variables[] = {{"HOME=", ""}, {"TMPDIR=", ""}, {"XDG_CACHE_HOME=", CACHE}};
enum { VARIABLES = sizeof variables / sizeof variables[0] };

struct cell_folder {
    int held; /* util/held.h */
    char base[MAX_BASE];
    char text[VARIABLES][VARIABLE];
    char path[PATH_MAX + sizeof "PATH="]; /* as it is: where PoCL finds its linker */
    const char *list[VARIABLES + 2];
};

static const char *base(void) {
    const char *tmp = getenv("TMPDIR");
    return tmp && *tmp == '/' ? tmp : "/tmp";
}

void cell_folder_sweep(void) {
    held_sweep(base(), FOLDER, tree_remove);
}

struct cell_folder *cell_folder_create(void) {
    const char *tmp = base(), *path = getenv("PATH");
    struct cell_folder *f = calloc(1, sizeof *f);
    size_t n = 0;

    if (!f)
        return NULL;
    /* Workers have users of their own: they get through, and see nothing of each other. */
    f->held = held_make(tmp, FOLDER, 0711, f->base, sizeof f->base);
    if (f->held < 0) {
        int error = -f->held;
        free(f);
        errno = error;
        return NULL;
    }
    for (; n < VARIABLES; n++)
        f->list[n] = f->text[n];
    if (path && snprintf(f->path, sizeof f->path, "PATH=%s", path) < (int)sizeof f->path)
        f->list[n] = f->path;
    return f;
}

void cell_folder_destroy(struct cell_folder *f) {
    if (!f)
        return;
    tree_remove(f->base);
    close(f->held);
    free(f);
}

const char *const *cell_folder_variables(const struct cell_folder *f) {
    return f->list;
}

static int make(const char *path, uid_t id) {
    if (mkdir(path, 0700) < 0 || (id != (uid_t)-1 && lchown(path, id, (gid_t)id) < 0))
        return -errno;
    return 0;
}

int cell_folder_enter(struct cell_folder *f, const char *pid, uid_t id) {
    int r = 0;

    /* The numbers of `text` add up by their declaration. */
    for (int i = 0; i < VARIABLES; i++)
        stpcpy(stpcpy(stpcpy(stpcpy(stpcpy(f->text[i], variables[i].name), f->base), "/"), pid),
               variables[i].rest);
    for (int i = 1; r == 0 && i < VARIABLES; i++) /* TMPDIR, then the cache in it */
        r = make(f->text[i] + strlen(variables[i].name), id);
    return r;
}

void cell_folder_leave(const struct cell_folder *f, pid_t pid) {
    char path[MAX_BASE + CELL_PID_TEXT + 1];

    snprintf(path, sizeof path, "%s/%ld", f->base, (long)pid);
    tree_remove(path);
}
