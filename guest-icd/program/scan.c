// SPDX-License-Identifier: MIT
#include "guest-icd/program/scan.h"

#include <string.h>

/* ---- characters as C sees them ---- */

struct cursor {
    const char *at, *end;
};

static bool is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(int c) {
    return is_letter(c) || (c >= '0' && c <= '9');
}

static bool is_blank(int c) {
    return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

/* The length of the backslash at p, itself or as a trigraph; 0: there is none. */
static size_t backslash(const char *p, const char *end) {
    if (p < end && *p == '\\')
        return 1;
    return end - p >= 3 && memcmp(p, "?\?/", 3) == 0 ? 3 : 0;
}

/* Behind the joined line ends at p. */
static const char *join(const char *p, const char *end) {
    for (size_t n; (n = backslash(p, end)) > 0;) {
        const char *q = p + n;
        while (q < end && is_blank(*q))
            q++;
        if (q == end || *q != '\n')
            break;
        p = q + 1;
    }
    return p;
}

/* The character at the cursor, which *next lies behind; -1 at the end. */
static int peek(const struct cursor *c, const char **next) {
    const char *p = join(c->at, c->end);
    if (p == c->end) {
        *next = p;
        return -1;
    }
    if (c->end - p >= 3 && memcmp(p, "?\?=", 3) == 0) {
        *next = p + 3;
        return '#';
    }
    *next = p + 1;
    return (unsigned char)*p;
}

static int here(const struct cursor *c) {
    const char *next;
    return peek(c, &next);
}

/* Goes on if the next character is that one. */
static bool take(struct cursor *c, int wanted) {
    const char *next;
    if (peek(c, &next) != wanted)
        return false;
    c->at = next;
    return true;
}

static void step(struct cursor *c) {
    const char *next;
    peek(c, &next);
    c->at = next;
}

/* Blanks and comments within the line; a comment may take the line further. */
static void skip_blank(struct cursor *c) {
    for (;;) {
        struct cursor ahead = *c;
        if (is_blank(here(c))) {
            step(c);
        } else if (take(&ahead, '/') && take(&ahead, '*')) {
            int before = 0;
            for (int now; (now = here(&ahead)) >= 0 && !(before == '*' && now == '/'); before = now)
                step(&ahead);
            step(&ahead);
            *c = ahead;
        } else {
            return;
        }
    }
}

static void read_word(struct cursor *c, char *out, size_t room) {
    size_t n = 0;
    for (int now; is_word(now = here(c)); step(c))
        if (n + 1 < room)
            out[n++] = (char)now;
    out[n] = '\0';
}

static const char *line_end(struct cursor c) {
    for (int now; (now = here(&c)) >= 0 && now != '\n';)
        step(&c);
    return c.at;
}

/* ---- directives ---- */

struct scan {
    void (*found)(void *, const struct icd_scan_item *);
    void *opaque;
};

/* The cursor stands where a name should be. */
static void operand(const struct scan *s, struct cursor *c) {
    struct icd_scan_item item = {ICD_SCAN_COMPUTED, c->at, line_end(*c)};
    int quote = here(c) == '"' ? '"' : here(c) == '<' ? '>' : 0;
    if (quote) {
        struct cursor name = *c;
        step(&name);
        item = (struct icd_scan_item){ICD_SCAN_NAME, name.at, NULL};
        for (int now; (now = here(&name)) >= 0 && now != '\n' && now != quote;)
            step(&name);
        item.end = name.at;
        c->at = name.at;
    }
    if (item.end > item.at)
        s->found(s->opaque, &item);
}

static bool names_a_file(const char *directive) {
    return strcmp(directive, "include") == 0 || strcmp(directive, "import") == 0 ||
           strcmp(directive, "include_next") == 0 || strcmp(directive, "embed") == 0;
}

/* Behind a '#'. */
static void directive(const struct scan *s, struct cursor *c) {
    char word[16];
    skip_blank(c);
    read_word(c, word, sizeof word);
    bool file = names_a_file(word);
    if (!file && strcmp(word, "define") != 0)
        return;
    skip_blank(c);
    if (file) {
        operand(s, c);
        return;
    }
    struct icd_scan_item item = {ICD_SCAN_DEFINE, c->at, line_end(*c)};
    s->found(s->opaque, &item);
}

static void word(const struct scan *s, struct cursor *c) {
    char text[24];
    read_word(c, text, sizeof text);
    if (strcmp(text, "__has_include") != 0 && strcmp(text, "__has_include_next") != 0 &&
        strcmp(text, "__has_embed") != 0)
        return;
    skip_blank(c);
    if (!take(c, '('))
        return;
    skip_blank(c);
    operand(s, c);
}

void icd_scan(const char *text, size_t size, void (*found)(void *, const struct icd_scan_item *),
              void *opaque) {
    struct scan s = {found, opaque};
    struct cursor c = {text, text + size};
    for (int now; (now = here(&c)) >= 0;) {
        if (is_letter(now)) {
            word(&s, &c);
            continue;
        }
        step(&c);
        if (now == '#' || (now == '%' && take(&c, ':')))
            directive(&s, &c);
    }
}

/* A line that is joined in the middle of a word may hide "include" from a plain search. */
static bool has_joined_word(const char *text, size_t size) {
    for (const char *p = text, *end = text + size; (p = memchr(p, '\n', (size_t)(end - p))); p++) {
        const char *before = p;
        while (before > text && is_blank(before[-1]))
            before--;
        bool joins = (before > text && before[-1] == '\\') ||
                     (before - text >= 3 && backslash(before - 3, before) == 3);
        if (joins && p + 1 < end && (is_word(p[1]) || p[1] == '\\' || p[1] == '?'))
            return true;
    }
    return false;
}

static bool names_directive(const char *text, size_t size) {
    return memmem(text, size, "include", 7) || memmem(text, size, "import", 6) ||
           memmem(text, size, "embed", 5);
}

bool icd_scan_worthwhile(const char *text, size_t size) {
    return names_directive(text, size) || has_joined_word(text, size);
}

static void mark_file(void *found, const struct icd_scan_item *item) {
    if (item->kind != ICD_SCAN_DEFINE)
        *(bool *)found = true;
}

bool icd_scan_timeless(const char *text, size_t size) {
    static const char *const tells[] = {"__DATE__", "__TIME", "__has_include", "__has_embed"};

    for (size_t i = 0; i < sizeof tells / sizeof *tells; i++)
        if (memmem(text, size, tells[i], strlen(tells[i])))
            return false;
    return !has_joined_word(text, size);
}

bool icd_scan_closed(const char *text, size_t size) {
    bool files = false;

    if (!icd_scan_timeless(text, size))
        return false;
    if (names_directive(text, size))
        icd_scan(text, size, mark_file, &files);
    return !files;
}

/* ---- words ---- */

bool icd_scan_copy(const char *at, const char *end, char *out, size_t room) {
    struct cursor c = {at, end};
    size_t n = 0;
    for (int now; (now = here(&c)) >= 0; step(&c)) {
        if (n + 1 >= room)
            return false;
        out[n++] = (char)now;
    }
    out[n] = '\0';
    return true;
}

void icd_scan_words(const char *at, const char *end, void (*found)(void *, const char *, size_t, bool),
                    void *opaque) {
    struct cursor c = {at, end};
    char text[4096];
    for (int now; (now = here(&c)) >= 0;) {
        if (is_word(now)) {
            read_word(&c, text, sizeof text);
            found(opaque, text, strlen(text), false);
            continue;
        }
        step(&c);
        if (now != '"' && now != '<')
            continue;
        struct cursor close = c;
        for (int quote = now == '<' ? '>' : '"', next; (next = here(&close)) >= 0 && next != quote;)
            step(&close);
        if (here(&close) >= 0 && icd_scan_copy(c.at, close.at, text, sizeof text))
            found(opaque, text, strlen(text), true);
    }
}
