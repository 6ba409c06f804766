// SPDX-License-Identifier: MIT
#include "eval/runner/output.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

bool output_make_folder(const char *path) {
    char partial[PATH_MAX];

    snprintf(partial, sizeof(partial), "%s", path);
    for (char *c = partial + 1;; c++) {
        if (*c != '/' && *c != '\0')
            continue;
        char saved = *c;

        *c = '\0';
        if (mkdir(partial, 0777) < 0 && errno != EEXIST) {
            fprintf(stderr, "eval: cannot make the folder %s: %s\n", partial, strerror(errno));
            return false;
        }
        *c = saved;
        if (!saved)
            return true;
    }
}

static bool tell(bool ok, const char *path) {
    if (ok)
        printf("%s\n", path);
    else
        fprintf(stderr, "eval: cannot write %s: %s\n", path, strerror(errno));
    return ok;
}

static const char *join(char path[PATH_MAX + 64], const char *folder, const char *name) {
    snprintf(path, PATH_MAX + 64, "%s/%s", folder, name);
    return path;
}

bool output_json(const char *folder, const char *name, json_t *root) {
    char path[PATH_MAX + 64];

    join(path, folder, name);
    return tell(json_dump_file(root, path, JSON_INDENT(1)) == 0, path);
}

FILE *output_page(const char *folder, const char *name) {
    char path[PATH_MAX + 64];
    FILE *f = fopen(join(path, folder, name), "we");

    if (!f)
        tell(false, path);
    return f;
}

bool output_page_end(FILE *f, const char *folder, const char *name) {
    char path[PATH_MAX + 64];

    return tell(fclose(f) == 0, join(path, folder, name));
}
