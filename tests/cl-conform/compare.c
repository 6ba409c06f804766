// SPDX-License-Identifier: MIT
/*
 * Compares two transcripts of cl-conform: what the host's driver did natively, and what a guest saw.
 *
 * A guest may be better than native (the host's driver breaks a rule that the guest's ICD enforces), never
 * worse or different: see conform.h for what each kind of line promises. A case that fails in both alike has not
 * passed: its verdict is SAME where known.def has the reason, else FAIL.
 */
#include "conform.h"
#include "groups.h"

#include <errno.h>
#include <fnmatch.h>

struct found_case {
    char *name;
    char **lines;
    size_t line_count;
    char *end; /* what follows the name on the END line; NULL: the transcript broke off */
};

struct transcript {
    struct found_case *cases;
    size_t count;
    char *driver; /* CL_DRIVER_VERSION; NULL: not told */
};

static void *grown(void *array, size_t count, size_t size) {
    if (count & (count - 1))
        return array;
    array = realloc(array, (count ? count * 2 : 1) * size);
    if (!array)
        abort();
    return array;
}

static bool read_transcript(const char *path, struct transcript *t) {
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0;
    struct found_case *c = NULL;

    if (!f) {
        fprintf(stderr, "cl-conform: cannot read %s: %s\n", path, strerror(errno));
        return false;
    }
    for (ssize_t n; (n = getline(&line, &capacity, f)) >= 0;) {
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) /* a serial console adds \r */
            line[--n] = 0;
        if (strncmp(line, "CASE ", 5) == 0) {
            t->cases = grown(t->cases, t->count, sizeof(*t->cases));
            c = &t->cases[t->count++];
            *c = (struct found_case){.name = strdup(line + 5)};
        } else if (c && strncmp(line, "END ", 4) == 0) {
            size_t length = strlen(c->name);

            if (strncmp(line + 4, c->name, length) == 0 && line[4 + length] == ' ')
                c->end = strdup(line + 4 + length + 1);
            c = NULL;
        } else if (c && strchr("?=@~", line[0]) && line[0] && line[1] == ' ') {
            c->lines = grown(c->lines, c->line_count, sizeof(*c->lines));
            c->lines[c->line_count++] = strdup(line);
            if (!t->driver && strncmp(line, "~ driver: ", 10) == 0)
                t->driver = strdup(line + 10);
        }
    }
    free(line);
    fclose(f);
    return true;
}

static void free_transcript(struct transcript *t) {
    for (size_t i = 0; i < t->count; i++) {
        struct found_case *c = &t->cases[i];

        for (size_t k = 0; k < c->line_count; k++)
            free(c->lines[k]);
        free(c->lines);
        free(c->name);
        free(c->end);
    }
    free(t->cases);
    free(t->driver);
}

static const struct found_case *find(const struct transcript *t, const char *name) {
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->cases[i].name, name) == 0)
            return &t->cases[i];
    return NULL;
}

static bool starts(const char *text, const char *with) {
    return text && strncmp(text, with, strlen(with)) == 0;
}

/* Length of "kind what: ". The verdict of a rule has no ": " in it, so the last one counts; what is seen may,
 * its name not. */
static size_t key_length(const char *line) {
    const char *colon = strstr(line, ": ");

    for (const char *next; line[0] == '?' && colon && (next = strstr(colon + 1, ": "));)
        colon = next;
    return colon ? (size_t)(colon - line) + 2 : strlen(line);
}

/* True if the guest's line is allowed beside the native one. */
static bool line_fits(const char *native, const char *guest, bool other_compiler) {
    size_t key = key_length(native);

    if (strncmp(native, guest, key) != 0)
        return false;
    if (strcmp(native, guest) == 0)
        return true;
    switch (native[0]) {
    case '?':
        return starts(guest + key, "ok");
    case '@':
        return other_compiler;
    default:
        return false;
    }
}

static const char *next_line(const struct found_case *c, size_t *at) {
    while (*at < c->line_count && c->lines[*at][0] == '~')
        (*at)++;
    return *at < c->line_count ? c->lines[(*at)++] : NULL;
}

/* Where a side has no more lines, how its case ended says why. */
static void print_line(const char *side, const char *line, const char *end) {
    if (line)
        printf("    %-7s %s\n", side, line);
    else
        printf("    %-7s (no further line: %s)\n", side, end ? end : "the transcript breaks off");
}

/* Prints the lines that do not fit; returns their number. Stops where one side has no more lines. */
static int compare_lines(const struct found_case *native, const struct found_case *guest, bool other_compiler,
                         bool print) {
    size_t n = 0, g = 0;
    int differences = 0;

    for (;;) {
        const char *native_line = next_line(native, &n), *guest_line = next_line(guest, &g);

        if (!native_line && !guest_line)
            return differences;
        if (!native_line && starts(native->end, "FAIL")) /* native gave up early; the guest went on */
            return differences;
        if (native_line && guest_line && line_fits(native_line, guest_line, other_compiler))
            continue;
        /* native gave up at this line, the guest did not have to */
        size_t rest = n;
        if (native_line && !next_line(native, &rest) && starts(native->end, "FAIL") &&
            starts(native_line + key_length(native_line), "BAD") && starts(guest->end, "PASS"))
            return differences;
        differences++;
        if (print) {
            print_line("native", native_line, native->end);
            print_line("guest", guest_line, guest->end);
        }
        /* After lines of different meaning, nothing below can be matched. */
        if (!native_line || !guest_line || strncmp(native_line, guest_line, key_length(native_line)) != 0)
            return differences;
    }
}

/* Why a case is known to fail natively and in the guest alike ('K') or to differ ('F'), or NULL. */
static const char *known_reason(char verdict, const char *label, const char *name, const char *driver) {
    static const struct {
        char verdict;
        const char *pattern, *driver, *why;
    } known[] = {
#define KNOWN(pattern, why) {'K', pattern, "", why},
#define DIFFERS(pattern, driver, why) {'F', pattern, driver, why},
#include "known.def"
#undef KNOWN
#undef DIFFERS
    };
    char whole[256];

    snprintf(whole, sizeof(whole), "%s%s", label, name);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].verdict == verdict && fnmatch(known[i].pattern, whole, 0) == 0 &&
            strncmp(known[i].driver, driver ? driver : "", strlen(known[i].driver)) == 0)
            return known[i].why;
    return NULL;
}

/* 'P', 'F', 'S' or 'K' (it fails alike) with the reason. */
static char judge(const struct found_case *native, const struct found_case *guest, bool other_compiler,
                  const char **why) {
    const char *last = strrchr(native->name, '.');

    *why = NULL;
    /* Nothing else is called so (see "exit" in conform.c): a program of a guest that ends well says nothing of it. */
    if (!guest && last && strcmp(last, ".exit") == 0)
        return *why = "the host's driver itself crashes as its program ends", 'S';
    if (!guest)
        *why = "not in the guest's transcript";
    else if (!guest->end)
        *why = "the guest's transcript breaks off";
    else if (starts(native->end, "HANG") && starts(guest->end, "HANG"))
        return *why = "hangs natively too", 'S';
    else if (starts(guest->end, "HANG"))
        *why = "hangs in the guest";
    else if (starts(guest->end, "CRASH"))
        *why = guest->end;
    else if (!native->end || starts(native->end, "CRASH") || starts(native->end, "HANG")) {
        if (starts(guest->end, "PASS"))
            return 'P';
        return *why = "the host's driver itself crashes or hangs here", 'S';
    } else if (starts(native->end, "SKIP")) {
        *why = native->end + 5;
        if (starts(guest->end, "SKIP"))
            return 'S';
        if (starts(guest->end, "PASS"))
            return *why = NULL, 'P';
    } else if (starts(guest->end, "SKIP")) {
        *why = guest->end;
    } else if (compare_lines(native, guest, other_compiler, false) == 0) {
        return starts(guest->end, "FAIL") ? 'K' : 'P';
    } else {
        *why = "differs";
    }
    return 'F';
}

int compare_transcripts(const char *native_path, const char *guest_path, const char *label,
                        bool other_compiler) {
    struct transcript native = {0}, guest = {0};
    bool failed = false;

    if (!read_transcript(native_path, &native) || !read_transcript(guest_path, &guest))
        return 2;
    if (native.count == 0) {
        fprintf(stderr, "cl-conform: %s holds no case\n", native_path);
        return 2;
    }
    for (size_t i = 0; i < native.count; i++) {
        const struct found_case *n = &native.cases[i], *g = find(&guest, n->name);
        const char *why;
        char verdict = judge(n, g, other_compiler, &why);

        const char *known = known_reason(verdict, label, n->name, native.driver);

        if (verdict == 'K') {
            why = known ? known : "fails natively and in the guest alike, for no reason that known.def has";
            verdict = known ? 'K' : 'F';
        } else if (verdict == 'F' && known) {
            why = known;
            verdict = 'S';
        }
        printf("%s %s%s%s%s\n",
               verdict == 'P'   ? "PASS"
               : verdict == 'S' ? "SKIP"
               : verdict == 'K' ? "SAME"
                                : "FAIL",
               label, n->name, why ? " " : "", why ? why : "");
        if (verdict == 'F') {
            failed = true;
            if (g)
                compare_lines(n, g, other_compiler, true);
        }
    }
    /* A guest may die in places where the native driver does not even have a case (see "exit" in conform.c).
     */
    for (size_t i = 0; i < guest.count; i++) {
        const struct found_case *g = &guest.cases[i];

        if (!find(&native, g->name)) {
            printf("FAIL %s%s only in the guest: %s\n", label, g->name, g->end ? g->end : "breaks off");
            failed = true;
        }
    }
    free_transcript(&native);
    free_transcript(&guest);
    return failed;
}
