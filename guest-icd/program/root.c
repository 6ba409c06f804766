// SPDX-License-Identifier: MIT
#include "guest-icd/program/root.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "guest-icd/program/scan.h"
#include "trillium/files.h"

struct rooting {
    FILE *out;
    const char *done; /* up to here the text is written */
    const char *self;
    bool computed;
};

static void put_up_to(struct rooting *r, const char *at) {
    fwrite(r->done, 1, (size_t)(at - r->done), r->out);
    r->done = at;
}

/* Is there a file of that name, which ends at the quote that closes it? */
static bool names_a_file(const char *at, const char *end) {
    char name[PATH_MAX];
    struct stat st;
    const char *close = at;
    while (close < end && *close != '"' && *close != '>' && *close != '\\')
        close++;
    return close < end && icd_scan_copy(at, close, name, sizeof name) && stat(name, &st) == 0 &&
           S_ISREG(st.st_mode);
}

/* The next quote with an absolute name of a file behind it: the name, or NULL. */
static const char *next_absolute(const char *at, const char *end) {
    for (; end - at >= 2; at++)
        if ((at[0] == '"' || at[0] == '<') && at[1] == '/' && names_a_file(at + 1, end))
            return at + 1;
    return NULL;
}

static bool is_own_name(const struct icd_scan_item *item) {
    char text[64];
    return icd_scan_copy(item->at, item->end, text, sizeof text) && strncmp(text, "__FILE__", 8) == 0 &&
           strspn(text + 8, " \t\r") == strlen(text + 8);
}

static void found(void *opaque, const struct icd_scan_item *item) {
    struct rooting *r = opaque;
    if (item->at < r->done)
        return;
    if (item->kind == ICD_SCAN_NAME && *item->at == '/') {
        put_up_to(r, item->at);
        fputs(TR_FILES_ROOT, r->out);
    } else if (item->kind == ICD_SCAN_COMPUTED && r->self && is_own_name(item)) {
        put_up_to(r, item->at);
        fprintf(r->out, "\"%s\"", r->self);
        r->done = item->end;
    } else if (item->kind != ICD_SCAN_NAME && r->computed) {
        for (const char *at = item->at; (at = next_absolute(at, item->end));) {
            put_up_to(r, at);
            fputs(TR_FILES_ROOT, r->out);
        }
    }
}

void icd_root_put(FILE *f, const char *text, size_t size, const char *self, bool computed) {
    struct rooting r = {f, text, self, computed};
    icd_scan(text, size, found, &r);
    put_up_to(&r, text + size);
}

/* What was written to *text, or NULL. */
static char *finish(FILE *f, char **text) {
    bool good = !ferror(f);
    if (fclose(f) == 0 && good)
        return *text;
    free(*text);
    return NULL;
}

char *icd_root_text(const char *text, size_t size, bool computed, size_t *out_size) {
    char *out = NULL;
    FILE *f = open_memstream(&out, out_size);
    if (!f)
        return NULL;
    icd_root_put(f, text, size, NULL, computed);
    return finish(f, &out);
}

char *icd_root_options(const char *options) {
    char *out = NULL;
    size_t size;
    FILE *f = open_memstream(&out, &size);
    if (!f)
        return NULL;
    struct rooting r = {f, options, NULL, true};
    const char *end = options + strlen(options);
    for (const char *at = options; (at = next_absolute(at, end));) {
        put_up_to(&r, at);
        fputs(TR_FILES_ROOT, f);
    }
    put_up_to(&r, end);
    return finish(f, &out);
}
