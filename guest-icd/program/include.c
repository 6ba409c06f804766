// SPDX-License-Identifier: MIT
#include "guest-icd/program/include.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-icd/program/root.h"
#include "guest-icd/program/scan.h"
#include "trillium/files.h"

enum {
    MAX_DEPTH = 16,          /* of folders below one that is searched */
    MAX_LOOKED_AT = 1 << 18, /* entries of folders, for names made by macros */
};

/* A file, under the name by which it was found first. */
struct file {
    struct file *next;
    dev_t device;
    ino_t inode;
    char *text;
    size_t size;
    char *shown; /* its name in messages and __FILE__: what the compiler would call it here */
};

/* A name by which a file may be included. */
struct name {
    char *path;  /* absolute, without "." and ".." */
    char *shown; /* the folder part of what the compiler would call it, with the final slash */
    struct file *file;
};

struct words {
    char **list; /* sorted once `sorted` of them are */
    size_t count, room, sorted;
};

struct collection {
    const struct icd_include_request *request;
    struct icd_include_set *out;
    char cwd[PATH_MAX];
    struct file *files;
    struct name *names;
    size_t name_count, name_room;
    char **folders; /* that names lead through by ".." */
    size_t folder_count, folder_room;
    struct words words;
    size_t total; /* bytes of all files */
    size_t looked_at;
    bool any;      /* there is something that includes */
    bool computed; /* a name is made by macros */
    size_t up;     /* most "../" in what macros may make */
    enum icd_include_outcome outcome;
};

static bool going(const struct collection *c) {
    return c->outcome == ICD_INCLUDE_SOME;
}

static void no_memory(struct collection *c) {
    c->outcome = ICD_INCLUDE_NO_MEMORY;
}

static void too_much(struct collection *c, const char *what, const char *where) {
    if (!going(c))
        return;
    c->outcome = ICD_INCLUDE_TOO_MUCH;
    snprintf(c->out->why, sizeof c->out->why,
             "Trillium: the program may include more than %s (the last: %.150s)\n", what, where);
}

/* Room for one more in a list. */
static bool grow(struct collection *c, void **list, size_t count, size_t *room, size_t each) {
    if (count < *room)
        return true;
    size_t more = *room ? 2 * *room : 16;
    void *grown = realloc(*list, more * each);
    if (!grown) {
        no_memory(c);
        return false;
    }
    *list = grown;
    *room = more;
    return true;
}

/* ---- paths ---- */

/* Takes "." and ".." out of an absolute path by its words alone, in place. */
static void normalize(char *path) {
    char *out = path;
    for (const char *p = path; *p;) {
        while (*p == '/')
            p++;
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.') {
            while (out > path && *--out != '/')
                ;
        } else if (n > 0 && !(n == 1 && p[0] == '.')) {
            *out++ = '/';
            memmove(out, p, n);
            out += n;
        }
        p += n;
    }
    if (out == path)
        *out++ = '/';
    *out = '\0';
}

/* An absolute path of it: false if it is too long. */
static bool absolute(const struct collection *c, const char *dir, const char *name, char out[PATH_MAX]) {
    int n;
    if (name[0] == '/')
        n = snprintf(out, PATH_MAX, "%s", name);
    else if (dir[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/%s", dir, name);
    else
        n = snprintf(out, PATH_MAX, "%s/%s/%s", c->cwd, dir, name);
    return n < PATH_MAX;
}

/* The folder itself and those above that a name leads through by ".." have to be there for it. */
static void keep_folder(struct collection *c, const char *path) {
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return;
    char *copy = strdup(path);
    if (!copy) {
        no_memory(c);
        return;
    }
    normalize(copy);
    for (size_t i = 0; i < c->folder_count; i++)
        if (strcmp(c->folders[i], copy) == 0) {
            free(copy);
            return;
        }
    if (!grow(c, (void **)&c->folders, c->folder_count, &c->folder_room, sizeof *c->folders)) {
        free(copy);
        return;
    }
    c->folders[c->folder_count++] = copy;
}

static void keep_folders_of(struct collection *c, const char *path) {
    char before[PATH_MAX];
    for (const char *at = path; (at = strstr(at, "/..")); at += 3) {
        snprintf(before, sizeof before, "%.*s", (int)(at - path), path);
        if (at[3] == '/' && at > path)
            keep_folder(c, before);
    }
}

/* ---- files ---- */

static char *read_all(int fd, size_t size, size_t *got) {
    char *text = malloc(size + 1);
    ssize_t n = 1;
    *got = 0;
    while (text && *got < size && (n = read(fd, text + *got, size - *got)) > 0)
        *got += (size_t)n;
    if (text && n < 0) {
        free(text);
        return NULL;
    }
    return text;
}

static struct file *known_file(const struct collection *c, const struct stat *st) {
    for (struct file *f = c->files; f; f = f->next)
        if (f->device == st->st_dev && f->inode == st->st_ino)
            return f;
    return NULL;
}

/* The file at this path, or NULL if there is none that can be read. */
static struct file *open_file(struct collection *c, const char *path, const char *shown) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct file *f = NULL;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (f = known_file(c, &st))) {
        close(fd);
        return f;
    }
    if ((uint64_t)st.st_size > TR_FILES_MAX_BYTES - c->total) {
        too_much(c, "64 MiB of files", path);
    } else if ((f = calloc(1, sizeof *f)) && (f->shown = strdup(shown)) &&
               (f->text = read_all(fd, (size_t)st.st_size, &f->size))) {
        f->device = st.st_dev;
        f->inode = st.st_ino;
        f->next = c->files;
        c->files = f;
        c->total += f->size;
    } else {
        if (f)
            free(f->shown);
        free(f);
        f = NULL;
        no_memory(c);
    }
    close(fd);
    return f;
}

/* `name`, looked for in `dir`, which the compiler would show as `shown` (with its final slash). */
static void try_name(struct collection *c, const char *dir, const char *shown, const char *name) {
    char path[PATH_MAX], as_shown[PATH_MAX];
    if (!going(c) || !absolute(c, dir, name, path))
        return;
    if (strlen(shown) + strlen(name) < sizeof as_shown)
        strcpy(stpcpy(as_shown, name[0] == '/' ? "" : shown), name);
    else
        return;
    if (strstr(path, "/../"))
        keep_folders_of(c, path);
    struct file *f = open_file(c, path, as_shown);
    if (!f)
        return;
    normalize(path);
    for (size_t i = 0; i < c->name_count; i++)
        if (strcmp(c->names[i].path, path) == 0)
            return;
    if (c->name_count == TR_FILES_MAX_ENTRIES / 4)
        too_much(c, "4096 files", path);
    if (!going(c) || !grow(c, (void **)&c->names, c->name_count, &c->name_room, sizeof *c->names))
        return;
    char *slash = strrchr(as_shown, '/');
    if (slash)
        slash[1] = '\0';
    else
        as_shown[0] = '\0';
    struct name n = {strdup(path), strdup(as_shown), f};
    if (!n.path || !n.shown) {
        free(n.path);
        free(n.shown);
        no_memory(c);
        return;
    }
    c->names[c->name_count++] = n;
}

static void for_each_folder(struct collection *c, const struct name *from, const char *name,
                            void (*look)(struct collection *, const char *dir, const char *shown,
                                         const char *name)) {
    char dir[PATH_MAX];
    if (from) {
        snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(from->path, '/') - from->path), from->path);
        look(c, dir[0] ? dir : "/", from->shown, name);
    }
    look(c, c->cwd, "./", name);
    for (size_t i = 0; i < c->request->dir_count; i++) {
        snprintf(dir, sizeof dir, "%s/", c->request->dirs[i]);
        look(c, c->request->dirs[i], dir, name);
    }
}

static void find(struct collection *c, const struct name *from, const char *name) {
    if (name[0] == '/')
        try_name(c, "", "", name);
    else if (name[0])
        for_each_folder(c, from, name, try_name);
}

/* ---- names that macros make ---- */

static int compare_words(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct word_taker {
    struct collection *collection;
    const struct name *from;
};

static void take_word(void *opaque, const char *word, size_t size, bool quoted) {
    const struct word_taker *t = opaque;
    struct collection *c = t->collection;
    if (!going(c) || size == 0)
        return;
    if (quoted) {
        find(c, t->from, word);
        return;
    }
    struct words *w = &c->words;
    for (size_t i = w->sorted; i < w->count; i++)
        if (strcmp(w->list[i], word) == 0)
            return;
    const char *key = word;
    if (w->sorted > 0 && bsearch(&key, w->list, w->sorted, sizeof *w->list, compare_words))
        return;
    if (!grow(c, (void **)&w->list, w->count, &w->room, sizeof *w->list))
        return;
    if (!(w->list[w->count] = strdup(word))) {
        no_memory(c);
        return;
    }
    if (++w->count > w->sorted + 64) { /* so that the part that is searched one by one stays short */
        qsort(w->list, w->count, sizeof *w->list, compare_words);
        w->sorted = w->count;
    }
}

static void take_words(struct collection *c, const struct name *from, const char *at, const char *end) {
    struct word_taker t = {c, from};
    size_t up = 0;
    for (const char *p = at; (p = memmem(p, (size_t)(end - p), "..", 2)); p += 2)
        up++;
    if (up > c->up)
        c->up = up < MAX_DEPTH ? up : MAX_DEPTH;
    icd_scan_words(at, end, take_word, &t);
}

/* Does the name consist of words that macros have? What is no letter, digit or _ may always be there. */
static bool can_be_made(const struct words *w, const char *name) {
    bool reachable[NAME_MAX + 2] = {true};
    size_t size = strlen(name);
    if (size > NAME_MAX)
        return false;
    for (size_t from = 0; from < size; from++) {
        if (!reachable[from])
            continue;
        size_t run = strspn(name + from, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        if (run == 0)
            reachable[from + 1] = true;
        for (size_t i = 0; run > 0 && i < w->count; i++) {
            size_t n = strlen(w->list[i]);
            if (n <= run && memcmp(w->list[i], name + from, n) == 0)
                reachable[from + n] = true;
        }
    }
    return reachable[size];
}

static void walk(struct collection *c, const char *dir, const char *shown, unsigned depth) {
    DIR *d = depth < MAX_DEPTH ? opendir(dir) : NULL;
    for (struct dirent *e; d && going(c) && (e = readdir(d));) {
        char path[PATH_MAX], below[PATH_MAX];
        struct stat st;
        if (++c->looked_at > MAX_LOOKED_AT)
            too_much(c, "can be looked for: a name is made by macros", dir);
        if (e->d_name[0] == '.' && (!e->d_name[1] || !strcmp(e->d_name, "..")))
            continue;
        if (!can_be_made(&c->words, e->d_name) ||
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name) >= PATH_MAX || stat(path, &st) < 0)
            continue;
        if (S_ISREG(st.st_mode))
            try_name(c, dir, shown, e->d_name);
        else if (S_ISDIR(st.st_mode) && snprintf(below, sizeof below, "%s%s/", shown, e->d_name) < PATH_MAX)
            walk(c, path, below, depth + 1);
    }
    if (d)
        closedir(d);
}

static void walk_folder(struct collection *c, const char *dir, const char *shown, const char *name) {
    char path[PATH_MAX], above[PATH_MAX];
    (void)name;
    if (!absolute(c, dir, "", path))
        return;
    snprintf(above, sizeof above, "%s", shown);
    for (size_t i = 0; going(c); i++) {
        walk(c, path, above, 0);
        if (i == c->up || strlen(path) + 4 > sizeof path || strlen(above) + 4 > sizeof above)
            return;
        keep_folder(c, path);
        strcat(path, "/..");
        strcat(above, "../");
    }
}

static void walk_all(struct collection *c) {
    size_t names = c->name_count;
    for_each_folder(c, NULL, "", walk_folder);
    for (size_t i = 0; i < names && going(c); i++) {
        char dir[PATH_MAX];
        snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(c->names[i].path, '/') - c->names[i].path),
                 c->names[i].path);
        walk_folder(c, dir[0] ? dir : "/", c->names[i].shown, "");
    }
}

/* ---- texts ---- */

struct scanning {
    struct collection *collection;
    const struct name *from; /* NULL: the program's own text */
};

static void found(void *opaque, const struct icd_scan_item *item) {
    const struct scanning *s = opaque;
    struct collection *c = s->collection;
    char name[PATH_MAX];
    switch (item->kind) {
    case ICD_SCAN_NAME:
        c->any = true;
        if (icd_scan_copy(item->at, item->end, name, sizeof name))
            find(c, s->from, name);
        break;
    case ICD_SCAN_COMPUTED:
        c->any = c->computed = true;
        break;
    case ICD_SCAN_DEFINE:
        break;
    }
}

static void scan_text(struct collection *c, const char *text, size_t size, const struct name *from) {
    struct scanning s = {c, from};
    if (icd_scan_worthwhile(text, size))
        icd_scan(text, size, found, &s);
}

static void found_words(void *opaque, const struct icd_scan_item *item) {
    const struct scanning *s = opaque;
    if (item->kind != ICD_SCAN_NAME)
        take_words(s->collection, s->from, item->at, item->end);
}

static void words_of(struct collection *c, const char *text, size_t size, const struct name *from) {
    struct scanning s = {c, from};
    icd_scan(text, size, found_words, &s);
}

/* All that the names found so far lead to. */
static void follow(struct collection *c, size_t *done) {
    for (; *done < c->name_count && going(c); (*done)++) {
        struct name from = c->names[*done]; /* the list may move */
        scan_text(c, from.file->text, from.file->size, &from);
    }
}

static void collect(struct collection *c) {
    const struct icd_include_request *r = c->request;
    size_t done = 0, with_words = 0;
    for (size_t i = 0; i < r->text_count; i++)
        scan_text(c, r->texts[i].bytes, r->texts[i].size, NULL);
    follow(c, &done);
    if (!c->computed)
        return;
    for (size_t i = 0; i < r->text_count; i++)
        words_of(c, r->texts[i].bytes, r->texts[i].size, NULL);
    take_words(c, NULL, r->options, r->options + strlen(r->options));
    for (size_t before = SIZE_MAX; going(c) && c->name_count != before;) {
        before = c->name_count;
        follow(c, &done);
        for (; with_words < c->name_count && going(c); with_words++) {
            struct name from = c->names[with_words];
            words_of(c, from.file->text, from.file->size, &from);
        }
        walk_all(c);
    }
}

/* ---- the set ---- */

/* What stands before a file's text, so that the compiler calls it as it would here. */
static void put_line(FILE *f, const char *shown) {
    fputs("#line 1 \"", f);
    for (; *shown; shown++) {
        if (*shown == '"' || *shown == '\\')
            fputc('\\', f);
        fputc(*shown, f);
    }
    fputs("\"\n", f);
}

/* The text as it is shipped; NULL if memory is out. The caller's. */
static char *shipped_text(const struct collection *c, const struct file *file, size_t *size) {
    static const char mark[] = "\xef\xbb\xbf"; /* would stand within the text */
    size_t skip = file->size >= 3 && memcmp(file->text, mark, 3) == 0 ? 3 : 0;
    const char *slash = strrchr(file->shown, '/');
    char *text = NULL;
    FILE *f = open_memstream(&text, size);
    if (!f)
        return NULL;
    put_line(f, file->shown);
    icd_root_put(f, file->text + skip, file->size - skip, slash ? slash + 1 : file->shown, c->computed);
    bool good = !ferror(f);
    if (fclose(f) == 0 && good)
        return text;
    free(text);
    return NULL;
}

static void put_entry(FILE *f, enum tr_file_kind kind, const char *path, const char *text, size_t size) {
    static const char zeros[8];
    struct tr_file_entry e = {kind, (uint32_t)strlen(path), size};
    fwrite(&e, sizeof e, 1, f);
    fwrite(path, e.path_size, 1, f);
    if (size > 0)
        fwrite(text, size, 1, f);
    fwrite(zeros, -(e.path_size + size) & 7, 1, f);
}

static void put_file(FILE *f, struct collection *c, const struct file *file) {
    size_t size;
    char *text = shipped_text(c, file, &size);
    enum tr_file_kind kind = TR_FILE_TEXT;
    if (!text) {
        no_memory(c);
        return;
    }
    for (size_t i = 0; i < c->name_count; i++)
        if (c->names[i].file == file) {
            put_entry(f, kind, c->names[i].path, text, kind == TR_FILE_TEXT ? size : 0);
            kind = TR_FILE_SAME;
        }
    free(text);
}

static void put_folder(FILE *f, enum tr_file_kind kind, const struct collection *c, const char *dir) {
    char path[PATH_MAX];
    if (!absolute(c, dir, "", path))
        return;
    normalize(path);
    put_entry(f, kind, path, NULL, 0);
}

static void write_set(struct collection *c) {
    struct icd_include_set *out = c->out;
    FILE *f = open_memstream(&out->bytes, &out->size);
    if (!f) {
        no_memory(c);
        return;
    }
    put_folder(f, TR_FILE_SEARCHED, c, c->cwd);
    for (size_t i = 0; i < c->request->dir_count; i++)
        put_folder(f, TR_FILE_SEARCHED, c, c->request->dirs[i]);
    for (size_t i = 0; i < c->folder_count; i++)
        put_folder(f, TR_FILE_FOLDER, c, c->folders[i]);
    for (const struct file *file = c->files; file && going(c); file = file->next)
        put_file(f, c, file);
    bool good = !ferror(f);
    if (fclose(f) != 0 || !good)
        no_memory(c);
    else if (out->size > TR_FILES_MAX_BYTES)
        too_much(c, "64 MiB of files", "");
}

static void drop(struct collection *c) {
    while (c->files) {
        struct file *f = c->files;
        c->files = f->next;
        free(f->shown);
        free(f->text);
        free(f);
    }
    for (size_t i = 0; i < c->name_count; i++) {
        free(c->names[i].path);
        free(c->names[i].shown);
    }
    for (size_t i = 0; i < c->folder_count; i++)
        free(c->folders[i]);
    for (size_t i = 0; i < c->words.count; i++)
        free(c->words.list[i]);
    free(c->names);
    free(c->folders);
    free(c->words.list);
}

enum icd_include_outcome icd_include_collect(const struct icd_include_request *request,
                                             struct icd_include_set *out) {
    struct collection c = {.request = request, .out = out, .outcome = ICD_INCLUDE_SOME};
    bool worthwhile = false;
    *out = (struct icd_include_set){0};
    for (size_t i = 0; i < request->text_count && !worthwhile; i++)
        worthwhile = icd_scan_worthwhile(request->texts[i].bytes, request->texts[i].size);
    if (!worthwhile)
        return ICD_INCLUDE_NONE;
    if (!getcwd(c.cwd, sizeof c.cwd) || c.cwd[0] != '/') /* it was removed, or lies outside of our root */
        strcpy(c.cwd, "/");
    collect(&c);
    if (going(&c) && !c.any)
        c.outcome = ICD_INCLUDE_NONE;
    if (going(&c))
        write_set(&c);
    out->computed = c.computed;
    drop(&c);
    if (c.outcome != ICD_INCLUDE_SOME) {
        free(out->bytes);
        out->bytes = NULL;
    }
    return c.outcome;
}
