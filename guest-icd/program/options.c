// SPDX-License-Identifier: MIT
#include "guest-icd/program/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind the next word of the options (starting at a non-space), by the rules that drivers share: spaces part
 * words, double quotes and a backslash keep them together. */
static const char *word_end(const char *p) {
    bool quoted = false;
    for (; *p && (quoted || !strchr(" \t\n\r\v\f", *p)); p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (*p == '\\' && p[1])
            p++;
    }
    return p;
}

static const char *skip_spaces(const char *p) {
    return p + strspn(p, " \t\n\r\v\f");
}

/* A word without its quotes and backslashes. */
static char *unquoted(const char *p, const char *end) {
    char *word = malloc((size_t)(end - p) + 1), *out = word;
    for (; word && p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            *out++ = *++p;
        else if (*p != '"')
            *out++ = *p;
    }
    if (word)
        *out = '\0';
    return word;
}

static bool add_dir(struct icd_options *o, char *dir) {
    char **grown = dir ? realloc(o->dirs, (o->dir_count + 1) * sizeof *grown) : NULL;
    if (!grown) {
        free(dir);
        return false;
    }
    o->dirs = grown;
    o->dirs[o->dir_count++] = dir;
    return true;
}

static void note(struct icd_options *o, const char *p, size_t length) {
    unsigned major, minor;
    char word[32];
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1), p);
    if (sscanf(word, "-cl-std=CL%u.%u", &major, &minor) == 2)
        o->cl_std = 10 * major + minor;
    else if (strncmp(word, "-cl-std=CLC++", 13) == 0)
        o->cl_std = 20;
    else if (strcmp(word, "-cl-uniform-work-group-size") == 0)
        o->uniform = true;
    else if (strcmp(word, "-create-library") == 0)
        o->create_library = true;
    else if (strcmp(word, "-cl-kernel-arg-info") == 0)
        o->arg_info = true;
}

bool icd_options_parse(const char *options, struct icd_options *o) {
    *o = (struct icd_options){0};
    const char *p = options ? options : "";
    char *out = o->rest = malloc(strlen(p) + 1);
    bool ok = out != NULL;
    while (ok && *p) {
        const char *start = skip_spaces(p), *end = word_end(start);
        if (strncmp(start, "-I", 2) == 0 && end > start) {
            const char *dir = start + 2;
            if (dir == end) { /* the folder is the next word */
                dir = skip_spaces(end);
                end = word_end(dir);
            }
            if (dir < end)
                ok = add_dir(o, unquoted(dir, end));
        } else {
            note(o, start, (size_t)(end - start));
            memcpy(out, p, (size_t)(end - p));
            out += end - p;
        }
        p = end;
    }
    if (ok)
        *out = '\0';
    else
        icd_options_free(o);
    return ok;
}

void icd_options_free(struct icd_options *o) {
    for (size_t i = 0; i < o->dir_count; i++)
        free(o->dirs[i]);
    free(o->dirs);
    free(o->rest);
    *o = (struct icd_options){0};
}
