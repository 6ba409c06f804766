// SPDX-License-Identifier: MIT
#include "host-backend/worker/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trillium/files.h"
#include "host-backend/util/tree.h"

static const char folder_name[] = "/trillium-files-"; /* and six characters of mkdtemp */

struct entry {
    struct tr_file_entry head;
    const char *path, *bytes;
};

/* The entry at *at, which then stands behind it. False at the end, or where the set is cut short. */
static bool next_entry(const char *set, size_t size, size_t *at, struct entry *e) {
    if (size - *at < sizeof e->head)
        return false;
    memcpy(&e->head, set + *at, sizeof e->head);
    size_t left = size - *at - sizeof e->head;
    if (e->head.path_size > left || e->head.size > left - e->head.path_size)
        return false;
    e->path = set + *at + sizeof e->head;
    e->bytes = e->path + e->head.path_size;
    size_t used = sizeof e->head + e->head.path_size + e->head.size;
    used += -used & 7;
    *at = used > size - *at ? size : *at + used;
    return true;
}

static const char *fault_of(const struct entry *e, bool any_text) {
    if (e->head.kind < TR_FILE_FOLDER || e->head.kind > TR_FILE_SAME)
        return "an entry of no known kind";
    if (e->head.path_size == 0 || e->head.path_size > TR_FILES_MAX_PATH || e->path[0] != '/' ||
        memchr(e->path, '\0', e->head.path_size))
        return "a path that is none";
    if (e->head.kind != TR_FILE_TEXT && e->head.size > 0)
        return "bytes of something that is no file";
    if (e->head.kind == TR_FILE_SAME && !any_text)
        return "another name of no file";
    return NULL;
}

const char *files_fault(const void *set, size_t size) {
    struct entry e;
    const char *fault = NULL;
    size_t at = 0, count = 0;
    bool any_text = false;

    if (size > TR_FILES_MAX_BYTES)
        return "more bytes than it may have";
    while (!fault && at < size) {
        if (!next_entry(set, size, &at, &e))
            return "an entry that is cut short";
        if (++count > TR_FILES_MAX_ENTRIES)
            return "more entries than it may have";
        fault = fault_of(&e, any_text);
        any_text = any_text || e.head.kind == TR_FILE_TEXT;
    }
    return fault;
}

/* ---- laying out ---- */

/* A new folder. False, with errno and an empty `place`, if it cannot be made. */
static bool make_place(char place[FILES_PLACE_SIZE]) {
    const char *folder = getenv("TMPDIR");
    int n = snprintf(place, FILES_PLACE_SIZE, "%s%sXXXXXX", folder && *folder ? folder : "/tmp", folder_name);
    errno = ENAMETOOLONG;
    if (n < FILES_PLACE_SIZE && mkdtemp(place))
        return true;
    place[0] = '\0';
    return false;
}

bool files_leave_folder(void) {
    char place[FILES_PLACE_SIZE];
    if (!make_place(place))
        return false;
    bool left = chdir(place) == 0;
    rmdir(place);
    return left;
}

/*
 * Where the guest's path lies below `root`, made up to its last part (with it, if it is a folder). ".." leads up
 * by the words of the path and not above the root. False, with errno, if it cannot be made.
 */
static bool place_of(const char *root, const struct entry *e, bool is_folder, char out[PATH_MAX]) {
    size_t base = (size_t)snprintf(out, PATH_MAX, "%s", root), size = base;
    const char *p = e->path, *end = p + e->head.path_size;

    while (p < end) {
        const char *slash = memchr(p, '/', (size_t)(end - p));
        size_t n = (size_t)((slash ? slash : end) - p);
        bool last = !slash;
        if (n == 2 && memcmp(p, "..", 2) == 0) {
            while (size > base && out[--size] != '/')
                ;
            out[size] = '\0';
        } else if (n > 0 && !(n == 1 && *p == '.')) {
            if (size + n + 2 > PATH_MAX) {
                errno = ENAMETOOLONG;
                return false;
            }
            out[size] = '/';
            memcpy(out + size + 1, p, n);
            size += n + 1;
            out[size] = '\0';
            if ((!last || is_folder) && mkdir(out, 0700) < 0 && errno != EEXIST)
                return false;
        }
        p += n + 1;
    }
    return true;
}

static bool write_file(const char *path, const char *bytes, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    ssize_t n = 0;
    if (fd < 0)
        return false;
    for (size_t done = 0; done < size && (n = write(fd, bytes + done, size - done)) > 0;)
        done += (size_t)n;
    return close(fd) == 0 && n >= 0;
}

/* A folder is searched under a short name without blanks. */
static bool add_searched(FILE *options, const char *place, unsigned number, const char *path) {
    char alias[FILES_PLACE_SIZE + 16];
    snprintf(alias, sizeof alias, "%s/%u", place, number);
    fprintf(options, " -I%s", alias);
    return symlink(path, alias) == 0;
}

static bool lay_out_entries(const struct ir *set, const char *place, FILE *options) {
    char root[FILES_PLACE_SIZE + 16], path[PATH_MAX], text[PATH_MAX] = "";
    unsigned searched = 0;
    struct entry e;

    snprintf(root, sizeof root, "%s/%s", place, TR_FILES_ROOT);
    if (mkdir(root, 0700) < 0)
        return false;
    for (size_t at = 0; next_entry(set->bytes, set->size, &at, &e);) {
        bool is_folder = e.head.kind == TR_FILE_FOLDER || e.head.kind == TR_FILE_SEARCHED;
        if (!place_of(root, &e, is_folder, path))
            return false;
        if (e.head.kind == TR_FILE_SEARCHED && !add_searched(options, place, searched++, path))
            return false;
        if (e.head.kind == TR_FILE_TEXT) {
            if (!write_file(path, e.bytes, e.head.size))
                return false;
            memcpy(text, path, sizeof text);
        }
        if (e.head.kind == TR_FILE_SAME && link(text, path) < 0)
            return false;
    }
    fprintf(options, " -I%s", place);
    return true;
}

char *files_lay_out(const struct ir *set, const char *options, char place[FILES_PLACE_SIZE],
                    const char **why) {
    char *out = NULL;
    size_t size;
    FILE *f = open_memstream(&out, &size);
    bool good = make_place(place) && f;

    if (good) {
        fputs(options, f);
        good = lay_out_entries(set, place, f);
    }
    *why = good ? NULL : strerror(errno);
    if (f && fclose(f) != 0)
        good = false;
    if (good)
        return out;
    files_remove(place);
    free(out);
    return NULL;
}

void files_remove(const char *place) {
    if (place[0])
        tree_remove(place);
}

/* ---- words ---- */

static void cut(char *from, const char *to) {
    memmove(from, to, strlen(to) + 1);
}

void files_scrub(char *log) {
    static const char root[] = TR_FILES_ROOT "/";
    for (char *at = log; (at = strstr(at, folder_name));) {
        char *end = at + strlen(folder_name), *start = at;
        if (strlen(end) < 6)
            return;
        end += 6;
        while (start > log && !strchr(" \t\n'\"(:<", start[-1]))
            start--;
        if (strncmp(end, "/" TR_FILES_ROOT, sizeof root - 1) == 0)
            end += sizeof root - 1;
        cut(start, end);
        at = start;
    }
    for (char *at = log; (at = strstr(at, root)); at++)
        if (at == log || strchr(" \t\n'\"(:<", at[-1]))
            cut(at, at + sizeof root - 2);
}
