// SPDX-License-Identifier: MIT
/* The parser of build options. */
#include "svga-model/visa/common/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_class {
    FRONT = 1,  /* the front end wants it */
    DRIVER = 2, /* the consumer of the program wants it */
    LINK = 4,   /* clLinkProgram takes it */
};

static const struct {
    const char *name;
    unsigned classes;
} known_options[] = {
    {"-cl-single-precision-constant", FRONT},
    {"-cl-denorms-are-zero", DRIVER | LINK},
    {"-cl-fp32-correctly-rounded-divide-sqrt", FRONT | DRIVER},
    {"-cl-opt-disable", FRONT | DRIVER},
    {"-cl-strict-aliasing", 0}, /* says nothing to any compiler since OpenCL 1.1 */
    {"-cl-uniform-work-group-size", FRONT | DRIVER},
    {"-cl-no-subgroup-ifp", DRIVER | LINK},
    {"-cl-mad-enable", FRONT | DRIVER},
    {"-cl-no-signed-zeros", FRONT | DRIVER | LINK},
    {"-cl-unsafe-math-optimizations", FRONT | DRIVER | LINK},
    {"-cl-finite-math-only", FRONT | DRIVER | LINK},
    {"-cl-fast-relaxed-math", FRONT | DRIVER | LINK},
    {"-cl-kernel-arg-info", 0}, /* always on: the guest answers clGetKernelArgInfo itself */
    {"-w", FRONT},
    {"-Werror", FRONT},
    {"-g", 0}, /* source positions do not travel in this virtual ISA */
};

static const struct {
    const char *name;
    uint32_t version;
} c_versions[] = {{"CL1.0", 100}, {"CL1.1", 110}, {"CL1.2", 120}, {"CL2.0", 200}, {"CL3.0", 300}};

/* Cuts the next word out of *text into `word` (as large as the whole text). False at the end. */
static bool next_word(const char **text, char *word) {
    const char *at = *text;
    bool quoted = false;

    while (isspace((unsigned char)*at))
        at++;
    if (!*at)
        return false;
    for (; *at && (quoted || !isspace((unsigned char)*at)); at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (*at == '\\' && (at[1] == '\\' || at[1] == '"' || at[1] == ' '))
            *word++ = *++at;
        else
            *word++ = *at;
    }
    *word = '\0';
    *text = at;
    return true;
}

static int add_front(struct visa_options *out, const char *word) {
    char *copy = strdup(word);

    if (!copy)
        return -ENOMEM;
    out->front[out->front_count++] = copy;
    return 0;
}

static void add_driver(struct visa_options *out, const char *word) {
    if (out->driver[0])
        strcat(out->driver, " ");
    strcat(out->driver, word);
}

/* -D and -I, joined to their argument or followed by it. */
static int parse_with_argument(const char **text, char *word, struct visa_options *out, char *why,
                               size_t why_size) {
    char flag[] = {word[0], word[1], '\0'};
    int err;

    if (word[2]) {
        memmove(word, word + 2, strlen(word + 2) + 1);
    } else if (!next_word(text, word) || !word[0]) {
        snprintf(why, why_size, "build option %s lacks its argument", flag);
        return -EINVAL;
    }
    err = add_front(out, flag);
    return err ? err : add_front(out, word);
}

static int parse_std(const char *value, struct visa_options *out, char *why, size_t why_size) {
    if (!*value) /* is the front end's to refuse, with a build log */
        return add_front(out, "-cl-std=");
    for (size_t i = 0; i < sizeof c_versions / sizeof c_versions[0]; i++) {
        if (!strcmp(value, c_versions[i].name)) {
            out->c_version = c_versions[i].version;
            return 0;
        }
    }
    snprintf(
        why, why_size,
        "build option -cl-std=%s names no version of OpenCL C; known are CL1.0 to CL1.2, CL2.0 and CL3.0",
        value);
    return -EINVAL;
}

static int parse_word(const char **text, char *word, enum visa_option_use use, struct visa_options *out,
                      char *why, size_t why_size) {
    bool compiles = use & VISA_OPTIONS_COMPILE;

    if (compiles && (!strncmp(word, "-D", 2) || !strncmp(word, "-I", 2)))
        return parse_with_argument(text, word, out, why, why_size);
    if (compiles && !strncmp(word, "-cl-std=", 8))
        return parse_std(word + 8, out, why, why_size);
    if (use == VISA_OPTIONS_LINK && !strcmp(word, "-create-library")) {
        out->create_library = true;
        return 0;
    }
    if (use == VISA_OPTIONS_LINK && !strcmp(word, "-enable-link-options")) {
        out->enable_link_options = true;
        return 0;
    }
    for (size_t i = 0; i < sizeof known_options / sizeof known_options[0]; i++) {
        if (strcmp(word, known_options[i].name) || (!compiles && !(known_options[i].classes & LINK)))
            continue;
        if (known_options[i].classes & DRIVER)
            add_driver(out, word);
        return compiles && (known_options[i].classes & FRONT) ? add_front(out, word) : 0;
    }
    snprintf(why, why_size, "%.200s is no %s option of OpenCL", word, compiles ? "build" : "link");
    return -EINVAL;
}

int visa_options_parse(const char *text, enum visa_option_use use, struct visa_options *out, char *why,
                       size_t why_size) {
    size_t size;
    char *word;
    int err = 0;

    memset(out, 0, sizeof *out);
    text = text ? text : "";
    /* No word is longer than the text; each word makes at most two arguments; joined words and spaces fit in
     * the text. */
    size = strlen(text) + 2;
    word = calloc(size, 1);
    out->front = calloc(size, sizeof *out->front);
    out->driver = calloc(size, 1);
    if (!word || !out->front || !out->driver)
        err = -ENOMEM;
    while (!err && next_word(&text, word))
        err = parse_word(&text, word, use, out, why, why_size);
    if (!err && out->enable_link_options && !out->create_library) {
        snprintf(why, why_size, "-enable-link-options is for libraries only: give -create-library too");
        err = -EINVAL;
    }
    if (err == -ENOMEM)
        snprintf(why, why_size, "out of memory");
    free(word);
    return err;
}

void visa_options_free(struct visa_options *options) {
    for (size_t i = 0; i < options->front_count; i++)
        free(options->front[i]);
    free(options->front);
    free(options->driver);
    memset(options, 0, sizeof *options);
}
