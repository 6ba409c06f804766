/* trillium-eval: what `trillium eval`, `make eval` and `make bench` run. */
#include "eval/runner/runner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool runner_make_folder(const char *path) {
    char partial[512];

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

bool runner_write(const char *folder, const char *name, json_t *root) {
    char path[600];
    bool ok;

    snprintf(path, sizeof(path), "%.500s/%s", folder, name);
    ok = json_dump_file(root, path, JSON_INDENT(1)) == 0;
    if (ok)
        printf("%s\n", path);
    else
        fprintf(stderr, "eval: cannot write %s: %s\n", path, strerror(errno));
    return ok;
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && !strcmp(argv[1], "bench"))
        return bench_main(argc - 1, argv + 1);
    return eval_main(argc, argv);
}
