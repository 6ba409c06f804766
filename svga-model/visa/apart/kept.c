// SPDX-License-Identifier: MIT
#include "svga-model/visa/apart/kept.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "svga-model/visa/apart/apart.h"

enum {
    MAX_FILE = 64 << 20,   /* bytes of one */
    MAX_FOLDER = 64 << 20, /* of all */
    MAX_FILES = 2048,
    FORGOTTEN = 16, /* at most, for each that is kept: two processes may be at it */
};

static const char magic[8] = "TRLMKEPT", ending[] = ".spirv";

struct head {
    char magic[sizeof magic];
    uint64_t job_size, answer_size;
    uint64_t sum; /* of both: a file that was cut short or lost its bytes in a crash is none */
};

/* FNV-1a, over words: everything that comes here is a multiple of 8 bytes but the answer's end, which does not matter to a name. */
static uint64_t sum_of(uint64_t sum, const void *bytes, size_t size) {
    const char *at = bytes;

    for (; size > 0; at += sizeof sum, size -= size < sizeof sum ? size : sizeof sum) {
        uint64_t word = 0;
        memcpy(&word, at, size < sizeof word ? size : sizeof word);
        sum = (sum ^ word) * 0x100000001b3u;
        sum ^= sum >> 29;
    }
    return sum;
}

static const uint64_t sum_start = 0xcbf29ce484222325u;

static bool path_of(char path[PATH_MAX], const char *folder, const struct visa_packet *job) {
    return snprintf(path, PATH_MAX, "%s/%016" PRIx64 "%s", folder, sum_of(sum_start, job->bytes, job->size),
                    ending) < PATH_MAX;
}

static bool read_all(int fd, void *out, size_t size) {
    char *at = out;
    ssize_t n;

    for (; size > 0 && (n = read(fd, at, size)) > 0; at += n, size -= (size_t)n)
        ;
    return size == 0;
}

/* The whole file, if nobody else could have written it. */
static char *read_file(const char *path, size_t *size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char *bytes = NULL;
    struct stat st;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022) &&
        st.st_size >= (off_t)sizeof(struct head) && st.st_size <= MAX_FILE)
        bytes = malloc((size_t)st.st_size);
    *size = bytes ? (size_t)st.st_size : 0;
    if (bytes && !read_all(fd, bytes, *size)) {
        free(bytes);
        bytes = NULL;
    }
    close(fd);
    return bytes;
}

void *visa_kept_get(const char *folder, const struct visa_packet *job, size_t *size) {
    char path[PATH_MAX], *bytes = NULL;
    struct head head;
    size_t all = 0;

    if (job->failed || !path_of(path, folder, job) || !(bytes = read_file(path, &all)))
        return NULL;
    memcpy(&head, bytes, sizeof head);
    const char *rest = bytes + sizeof head;
    all -= sizeof head;
    if (memcmp(head.magic, magic, sizeof magic) != 0 || head.job_size != job->size || job->size > all ||
        head.answer_size != all - job->size || memcmp(rest, job->bytes, job->size) != 0 ||
        head.sum != sum_of(sum_start, rest, all)) {
        free(bytes);
        return NULL;
    }
    *size = head.answer_size;
    memmove(bytes, rest + job->size, *size); /* where a reader finds its values aligned */
    return bytes;
}

/* ---- keeping ---- */

static bool is_kept(const char *name) {
    size_t n = strlen(name);
    return n > sizeof ending && strcmp(name + n - (sizeof ending - 1), ending) == 0;
}

/* Is the folder too full? Then *oldest is the name of what has been in it for longest. */
static bool too_full(const char *folder, char oldest[NAME_MAX + 1]) {
    DIR *d = opendir(folder);
    uint64_t bytes = 0;
    size_t files = 0;
    time_t since = 0;
    struct stat st;

    oldest[0] = '\0';
    for (struct dirent *e; d && (e = readdir(d));) {
        if (!is_kept(e->d_name) || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        files++;
        bytes += (uint64_t)st.st_size;
        if (!oldest[0] || st.st_mtime < since) {
            since = st.st_mtime;
            snprintf(oldest, NAME_MAX + 1, "%s", e->d_name);
        }
    }
    if (d)
        closedir(d);
    return oldest[0] && (bytes > MAX_FOLDER || files > MAX_FILES);
}

static void forget_oldest(const char *folder) {
    char path[PATH_MAX], name[NAME_MAX + 1];

    for (int i = 0; i < FORGOTTEN && too_full(folder, name); i++)
        if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path || unlink(path) < 0)
            return;
}

/* With the folders above it, but not in a folder that is not there or not the user's: a home that is none. */
static bool make_folder(const char *folder) {
    char path[PATH_MAX];
    struct stat st;
    size_t n = strlen(folder);

    if (n >= sizeof path)
        return false;
    if (access(folder, W_OK | X_OK) == 0)
        return true;
    memcpy(path, folder, n + 1);
    size_t made = n;
    while (stat(path, &st) < 0) { /* up to what is there */
        char *slash = strrchr(path, '/');
        if (!slash || slash == path)
            return false;
        *slash = '\0';
        made = (size_t)(slash - path);
    }
    if (st.st_uid != geteuid())
        return false;
    while (made < n) {
        path[made] = '/';
        if (mkdir(path, 0700) < 0)
            return false;
        made = strlen(path);
    }
    return true;
}

void visa_kept_put(const char *folder, const struct visa_packet *job, const void *answer, size_t size) {
    struct head head = {.job_size = job->size, .answer_size = size};
    char path[PATH_MAX], made[PATH_MAX];

    if (job->failed || job->size > MAX_FILE / 2 || size > MAX_FILE / 2 - sizeof head ||
        !make_folder(folder) || !path_of(path, folder, job) ||
        snprintf(made, sizeof made, "%s/new-XXXXXX", folder) >= (int)sizeof made)
        return;
    memcpy(head.magic, magic, sizeof magic);
    head.sum = sum_of(sum_of(sum_start, job->bytes, job->size), answer, size);
    int fd = mkostemp(made, O_CLOEXEC);
    if (fd < 0)
        return;
    off_t answer_at = (off_t)(sizeof head + job->size);
    bool whole = visa_apart_write(fd, &head, sizeof head, 0) == 0 &&
                 visa_apart_write(fd, job->bytes, job->size, sizeof head) == 0 &&
                 visa_apart_write(fd, answer, size, answer_at) == 0;
    if (close(fd) < 0 || !whole || rename(made, path) < 0)
        unlink(made);
    forget_oldest(folder);
}

/* ---- what a compiler is made of ---- */

static bool say_part(FILE *out, const char *path) {
    struct stat st;

    return stat(path, &st) < 0 || fprintf(out, "%s %jd %jd.%09ld\n", path, (intmax_t)st.st_size,
                                          (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec) > 0;
}

static int say_object(struct dl_phdr_info *info, size_t size, void *out) {
    (void)size;
    return strchr(info->dlpi_name, '/') && !say_part(out, info->dlpi_name);
}

char *visa_kept_parts(void) {
    char *text = NULL, self[PATH_MAX];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (!out)
        return NULL;
    self[n > 0 ? n : 0] = '\0';
    bool whole = n > 0 && say_part(out, self) && dl_iterate_phdr(say_object, out) == 0;
    if (fclose(out) != 0 || !whole) {
        free(text);
        return NULL;
    }
    return text;
}

bool visa_kept_current(const char *parts) {
    char *now = NULL;
    size_t size;
    FILE *out = open_memstream(&now, &size);
    bool same = out != NULL && *parts;

    for (const char *at = parts; same && *at;) {
        char path[PATH_MAX];
        const char *end = strchr(at, '\n');
        same = end && sscanf(at, "%4095[^ \n]", path) == 1 && say_part(out, path);
        if (same)
            at = end + 1;
    }
    if (out && fclose(out) != 0)
        same = false;
    same = same && strcmp(parts, now) == 0;
    free(now);
    return same;
}
