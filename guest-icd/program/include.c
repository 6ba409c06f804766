// SPDX-License-Identifier: MIT
#include "guest-icd/program/include.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 200, MAX_TEXT = 64 << 20 };

/* A file that was read; kept until the end, since headers come again and again. */
struct file {
    struct file *next;
    char *real; /* realpath: what it is known by */
    char *text;
    size_t size;
    unsigned number; /* names the macro that stands for its #pragma once */
    bool once;       /* has #pragma once */
    bool guarded;    /* starts with #ifndef X, #define X */
    bool done;       /* was put in where no condition can have hidden it: with a guard, that is enough */
    unsigned active; /* how often it is being put in right now */
};

/* What is being expanded. */
struct frame {
    const char *dir; /* of the file, with the final slash; "" for the program's source */
    struct file *file;
    int base; /* depth of conditions inside the file's own guard */
    int depth;
    bool hidden; /* an including file named it inside a condition */
};

struct expansion {
    const struct icd_include_request *request;
    struct file *files;
    unsigned file_count;
    char *out;
    size_t size, cap;
    unsigned includes; /* how many were put in */
    unsigned level;
    bool failed;
};

/* ---- output ---- */

static void emit(struct expansion *x, const char *bytes, size_t n) {
    if (x->failed)
        return;
    if (!x->out || x->size + n + 1 > x->cap) {
        size_t cap = 2 * (x->size + n + 1);
        char *grown = x->size + n < MAX_TEXT ? realloc(x->out, cap) : NULL;
        if (!grown) {
            x->failed = true;
            return;
        }
        x->out = grown;
        x->cap = cap;
    }
    memcpy(x->out + x->size, bytes, n);
    x->size += n;
    x->out[x->size] = '\0';
}

static void emit_text(struct expansion *x, const char *text) {
    emit(x, text, strlen(text));
}

/* A line marker: `# LINE "NAME" FLAG`; flag 1 enters a file, 2 comes back to the one that the empty name
 * stands for. */
static void emit_marker(struct expansion *x, unsigned line, const char *name, int flag) {
    char head[32];
    snprintf(head, sizeof head, "# %u \"", line);
    emit_text(x, head);
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            emit(x, "\\", 1);
        emit(x, name, 1);
    }
    emit_text(x, flag == 1 ? "\" 1\n" : "\" 2\n");
}

/* The next line of this file has that number. */
static void emit_line(struct expansion *x, unsigned line) {
    char text[32];
    snprintf(text, sizeof text, "#line %u\n", line);
    emit_text(x, text);
}

/* ---- directives ---- */

struct directive {
    char word[16];       /* "include", "ifdef" ...; "" if the line has none */
    const char *operand; /* behind the word, spaces skipped; in the source */
    const char *end;     /* of the logical line, without the newline */
};

static const char *skip_blank(const char *p, const char *end, bool *in_comment) {
    while (p < end) {
        if (*in_comment) {
            const char *close = memmem(p, (size_t)(end - p), "*/", 2);
            if (!close)
                return end;
            *in_comment = false;
            p = close + 2;
        } else if (end - p >= 2 && p[0] == '/' && p[1] == '*') {
            *in_comment = true;
            p += 2;
        } else if (end - p >= 2 && p[0] == '\\' && (p[1] == '\n' || p[1] == '\r')) {
            p += 2;
        } else if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n' || *p == '\v' || *p == '\f') {
            p++;
        } else {
            break;
        }
    }
    return p;
}

/* Follows the rest of a line, to know whether it ends inside a comment. */
static void skip_rest(const char *p, const char *end, bool *in_comment) {
    char quote = 0;
    while (p < end) {
        if (quote) {
            if (*p == '\\')
                p++;
            else if (*p == quote)
                quote = 0;
            p++;
        } else if (*p == '"' || *p == '\'') {
            quote = *p++;
        } else if (end - p >= 2 && p[0] == '/' && p[1] == '/') {
            return;
        } else if (end - p >= 2 && p[0] == '/' && p[1] == '*') {
            p = skip_blank(p, end, in_comment);
        } else {
            p++;
        }
    }
}

/* The logical line at p: returns where the next one starts; *lines counts the physical lines in it. */
static const char *logical_line(const char *p, const char *end, const char **line_end, unsigned *lines) {
    *lines = 0;
    for (;;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        (*lines)++;
        if (!newline) {
            *line_end = end;
            return end;
        }
        const char *last = newline;
        if (last > p && last[-1] == '\r')
            last--;
        if (!(last > p && last[-1] == '\\')) {
            *line_end = newline;
            return newline + 1;
        }
        p = newline + 1;
    }
}

static void read_directive(const char *p, const char *end, bool *in_comment, struct directive *d) {
    d->word[0] = '\0';
    d->operand = d->end = end;
    p = skip_blank(p, end, in_comment);
    if (p == end || *p != '#') {
        skip_rest(p, end, in_comment);
        return;
    }
    p = skip_blank(p + 1, end, in_comment);
    size_t n = 0;
    while (p < end && (isalnum((unsigned char)*p) || *p == '_')) {
        if (n + 1 < sizeof d->word)
            d->word[n++] = *p;
        p++;
    }
    d->word[n] = '\0';
    d->operand = skip_blank(p, end, in_comment);
    skip_rest(d->operand, end, in_comment);
}

/* The name between quotes or angle brackets. False if the operand is something else. */
static bool include_name(const struct directive *d, char name[PATH_MAX], bool *angled) {
    const char *p = d->operand;
    if (p >= d->end || (*p != '"' && *p != '<'))
        return false;
    *angled = *p == '<';
    const char *close = memchr(p + 1, *angled ? '>' : '"', (size_t)(d->end - p - 1));
    size_t n = close ? (size_t)(close - p - 1) : 0;
    if (n == 0 || n >= PATH_MAX)
        return false;
    memcpy(name, p + 1, n);
    name[n] = '\0';
    return true;
}

/* ---- files ---- */

static char *read_all(const char *path, size_t *size) {
    struct stat st;
    FILE *f = fopen(path, "rbe");
    char *text = NULL;
    if (!f)
        return NULL;
    if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size < MAX_TEXT &&
        (text = malloc((size_t)st.st_size + 1))) {
        *size = fread(text, 1, (size_t)st.st_size, f);
        text[*size] = '\0';
    }
    fclose(f);
    return text;
}

/* Finds #pragma once and the guard. */
static void scan(struct file *f) {
    bool in_comment = false;
    char guard[256] = "";
    unsigned directives = 0, lines;
    for (const char *p = f->text, *end = p + f->size, *line_end; p < end;) {
        struct directive d;
        const char *next = logical_line(p, end, &line_end, &lines);
        read_directive(p, line_end, &in_comment, &d);
        if (d.word[0]) {
            size_t n = strcspn(d.operand, " \t\r\n/");
            if (directives == 0 && strcmp(d.word, "ifndef") == 0 && n < sizeof guard)
                snprintf(guard, sizeof guard, "%.*s", (int)n, d.operand);
            if (directives == 1 && strcmp(d.word, "define") == 0 && guard[0] && strlen(guard) == n &&
                memcmp(guard, d.operand, n) == 0)
                f->guarded = true;
            if (strcmp(d.word, "pragma") == 0 && n == 4 && memcmp(d.operand, "once", 4) == 0)
                f->once = true;
            directives++;
        }
        p = next;
    }
}

/* The file at this path, or NULL if there is none. */
static struct file *open_file(struct expansion *x, const char *path) {
    char real[PATH_MAX];
    if (!realpath(path, real))
        return NULL;
    for (struct file *f = x->files; f; f = f->next)
        if (strcmp(f->real, real) == 0)
            return f;
    size_t size;
    char *text = read_all(real, &size);
    struct file *f = text ? calloc(1, sizeof *f) : NULL;
    if (!f || !(f->real = strdup(real))) {
        free(text);
        free(f);
        return NULL;
    }
    f->text = text;
    f->size = size;
    f->number = ++x->file_count;
    f->next = x->files;
    x->files = f;
    scan(f);
    return f;
}

/* Looks a name up. `path` gets the path under which it was found: messages of the compiler will show that. */
static struct file *find(struct expansion *x, const struct frame *from, const char *name, bool angled,
                         char path[PATH_MAX]) {
    const struct icd_include_request *r = x->request;
    struct file *f = NULL;
    for (size_t i = 0; i < r->embedded_count; i++)
        if (strcmp(r->embedded[i], name) == 0)
            return NULL;
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return open_file(x, path);
    }
    if (!angled && from->dir[0] && snprintf(path, PATH_MAX, "%s%s", from->dir, name) < PATH_MAX)
        f = open_file(x, path);
    for (size_t i = 0; !f && i < r->dir_count; i++)
        if (snprintf(path, PATH_MAX, "%s/%s", r->dirs[i], name) < PATH_MAX)
            f = open_file(x, path);
    if (!f && snprintf(path, PATH_MAX, "./%s", name) < PATH_MAX)
        f = open_file(x, path);
    return f;
}

/* ---- expanding ---- */

static void expand(struct expansion *x, struct frame *frame, const char *text, size_t size);

static void expand_file(struct expansion *x, const struct frame *from, struct file *f, const char *path,
                        unsigned next_line) {
    char dir[PATH_MAX], line[96];
    const char *slash = strrchr(path, '/');
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path + 1) : 0, path);
    if (!slash)
        strcpy(dir, "./");
    bool hidden = from->hidden || from->depth > from->base;
    struct frame frame = {.dir = dir, .file = f, .hidden = hidden, .base = f->guarded ? 1 : 0};

    if (f->once) {
        snprintf(line, sizeof line, "#ifndef TRILLIUM_ONCE_%u\n#define TRILLIUM_ONCE_%u\n", f->number,
                 f->number);
        emit_text(x, line);
    }
    emit_marker(x, 1, path, 1);
    f->active++;
    x->level++;
    x->includes++;
    expand(x, &frame, f->text, f->size);
    x->level--;
    f->active--;
    if (x->size > 0 && x->out[x->size - 1] != '\n')
        emit(x, "\n", 1);
    emit_marker(x, next_line, "", 2);
    if (f->once) {
        emit_text(x, "#endif\n");
        emit_line(x, next_line);
    }
    f->done = f->done || !hidden;
}

/* True if the directive was dealt with: nothing of its line remains to be written. */
static bool put_in(struct expansion *x, struct frame *frame, const struct directive *d, unsigned next_line) {
    char name[PATH_MAX], path[PATH_MAX];
    bool angled;
    if (strcmp(d->word, "include") != 0 || !include_name(d, name, &angled))
        return false;
    struct file *f = find(x, frame, name, angled, path);
    if (!f || x->level >= MAX_DEPTH)
        return false;
    if ((f->guarded || f->once) && (f->done || f->active > 0))
        emit_line(x, next_line); /* its guard would make it empty */
    else
        expand_file(x, frame, f, path, next_line);
    return true;
}

static void expand(struct expansion *x, struct frame *frame, const char *text, size_t size) {
    bool in_comment = false;
    unsigned line = 1, lines;
    for (const char *p = text, *end = text + size, *line_end; p < end && !x->failed;) {
        struct directive d;
        const char *next = logical_line(p, end, &line_end, &lines);
        bool starts_in_comment = in_comment;
        read_directive(p, line_end, &in_comment, &d);
        line += lines;
        if (strcmp(d.word, "if") == 0 || strcmp(d.word, "ifdef") == 0 || strcmp(d.word, "ifndef") == 0)
            frame->depth++;
        else if (strcmp(d.word, "endif") == 0)
            frame->depth--;
        /* A directive that a comment runs out of or into is left alone: nobody writes that. */
        bool plain = !starts_in_comment && !in_comment;
        bool once = frame->file && strcmp(d.word, "pragma") == 0 && strncmp(d.operand, "once", 4) == 0;
        if (plain && once)
            emit(x, "\n", 1);
        else if (!plain || !put_in(x, frame, &d, line))
            emit(x, p, (size_t)(next - p));
        p = next;
    }
}

bool icd_include_expand(const struct icd_include_request *request, char **text, size_t *text_size) {
    struct expansion x = {.request = request};
    struct frame frame = {.dir = ""};
    *text = NULL;
    if (!memmem(request->source, request->size, "include", 7))
        return true;
    expand(&x, &frame, request->source, request->size);
    while (x.files) {
        struct file *f = x.files;
        x.files = f->next;
        free(f->real);
        free(f->text);
        free(f);
    }
    if (x.failed || x.includes == 0) {
        free(x.out);
        return !x.failed;
    }
    *text = x.out;
    *text_size = x.size;
    return true;
}
