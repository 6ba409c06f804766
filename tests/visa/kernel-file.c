// SPDX-License-Identifier: MIT
/* Kernel files: OpenCL C with lines at the top such as
 *     // global: 64 4  local: 16 4
 *     // needs: fp64
 *     // options: -DA=1
 *     // args: out:float:256 in:int:64 local:128 val:int:7 image2d:16:16 sampler tolerance:0.01
 * and, in the line of args, for drivers that take SPIR-V themselves
 *     fusion:0.01   how far what they fuse otherwise may be off, absolutely
 *     refused       it calls what PoCL takes wrongly: refused there with the reason
 */
#include "tests/visa/visa.h"

#include <err.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum element element;
    size_t size;
} elements[] = {
    {"int", ELEMENT_INT, 4},       {"uint", ELEMENT_INT, 4},    {"float", ELEMENT_FLOAT, 4},
    {"double", ELEMENT_DOUBLE, 8}, {"short", ELEMENT_SHORT, 2}, {"long", ELEMENT_LONG, 8},
};

size_t element_size(enum element element) {
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        if (elements[i].element == element)
            return elements[i].size;
    }
    return 0;
}

static char *read_whole(const char *path) {
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (!file || getdelim(&text, &size, '\0', file) < 0)
        err(2, "cannot read %s", path);
    fclose(file);
    return text;
}

static void parse_buffer(struct kernel_arg *arg, const char *text, const char *path) {
    char direction[16], element[16];

    if (sscanf(text, "%15[^:]:%15[^:]:%zu", direction, element, &arg->count) != 3)
        errx(2, "%s: argument %s", path, text);
    arg->kind = !strcmp(direction, "const") ? ARG_CONSTANT_BUFFER : ARG_BUFFER;
    arg->is_in = strcmp(direction, "out");
    arg->is_out = strstr(direction, "out");
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        if (!strcmp(element, elements[i].name)) {
            arg->element = elements[i].element;
            return;
        }
    }
    errx(2, "%s: element type %s", path, element);
}

static void parse_arg(struct kernel_file *out, const char *text, const char *path) {
    struct kernel_arg *arg = &out->args[out->arg_count];

    if (sscanf(text, "tolerance:%lf", &out->tolerance) == 1)
        return;
    if (sscanf(text, "fusion:%lf", &out->fusion) == 1)
        return;
    if (!strcmp(text, "refused")) {
        out->refused = true;
        return;
    }
    if (++out->arg_count > MAX_ARGS)
        errx(2, "%s: too many arguments", path);
    if (sscanf(text, "local:%zu", &arg->count) == 1)
        arg->kind = ARG_LOCAL;
    else if (sscanf(text, "val:int:%d", &arg->value) == 1)
        arg->kind = ARG_INT;
    else if (sscanf(text, "image2d:%zu:%zu", &arg->count, &arg->height) == 2)
        *arg =
            (struct kernel_arg){.kind = ARG_IMAGE, .is_in = true, .count = arg->count, .height = arg->height};
    else if (sscanf(text, "imageout:%zu:%zu", &arg->count, &arg->height) == 2)
        *arg = (struct kernel_arg){
            .kind = ARG_IMAGE, .is_out = true, .count = arg->count, .height = arg->height};
    else if (!strcmp(text, "sampler"))
        arg->kind = ARG_SAMPLER;
    else if (!strcmp(text, "struct"))
        arg->kind = ARG_STRUCT;
    else
        parse_buffer(arg, text, path);
}

static void parse_line(struct kernel_file *out, char *line, const char *path) {
    char *words, *word;

    if (sscanf(line, "// kernel: %63s", out->kernel) == 1 ||
        sscanf(line, "// needs: %63s", out->needs) == 1 ||
        sscanf(line, "// options: %255[^\n]", out->options) == 1)
        return;
    if (!strncmp(line, "// global:", 10)) {
        char *local = strstr(line, "local:");

        out->dimensions = (unsigned)sscanf(line, "// global: %zu %zu %zu", &out->global[0], &out->global[1],
                                           &out->global[2]);
        if (local)
            out->local_dimensions =
                (unsigned)sscanf(local, "local: %zu %zu %zu", &out->local[0], &out->local[1], &out->local[2]);
        return;
    }
    if (strncmp(line, "// args:", 8))
        return;
    words = line + 8;
    while ((word = strsep(&words, " "))) {
        if (*word)
            parse_arg(out, word, path);
    }
}

void kernel_file_read(const char *directory, const char *name, struct kernel_file *out) {
    char path[512], *text, *lines, *line;

    snprintf(path, sizeof path, "%s/%s.cl", directory, name);
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->kernel, sizeof out->kernel, "%s", name);
    out->source = read_whole(path);
    out->tolerance = 1e-5;
    out->global[0] = 256;
    out->dimensions = 1;
    lines = text = strdup(out->source);
    while ((line = strsep(&lines, "\n")) && !strncmp(line, "//", 2))
        parse_line(out, line, path);
    free(text);
}

char **kernel_file_names(const char *directory) {
    char pattern[512];
    glob_t paths;
    char **names;

    snprintf(pattern, sizeof pattern, "%s/*.cl", directory);
    if (glob(pattern, 0, NULL, &paths))
        errx(2, "no kernels in %s", directory);
    names = calloc(paths.gl_pathc + 1, sizeof *names);
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        names[i] = strdup(strrchr(paths.gl_pathv[i], '/') + 1);
        *strrchr(names[i], '.') = '\0';
    }
    globfree(&paths);
    return names;
}

void kernel_file_names_free(char **names) {
    for (size_t i = 0; names[i]; i++)
        free(names[i]);
    free(names);
}
