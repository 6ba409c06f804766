// SPDX-License-Identifier: MIT
#include "host-backend/broker/cache.h"
#include "host-backend/util/io.h"
#include "svga-model/populate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "TRILCCH2"
#define SUFFIX ".bin"
#define TEMPORARY ".tmp"
/* No entry is larger: a length from the disk is not trusted further than this. */
#define MAX_ENTRY ((uint64_t)1 << 30)

struct cache {
    int dir;
    uint64_t max_bytes;
};

/* A file: this, the data. */
struct entry_header {
    char magic[8];
    uint64_t data_size;
    struct cache_digest key;
    uint8_t checksum[SHA256_DIGEST_SIZE]; /* of key and data */
};

typedef char entry_name[2 * (size_t)CACHE_DIGEST_SIZE + sizeof SUFFIX];

static int make_directories(const char *path) {
    char partial[PATH_MAX];
    if (snprintf(partial, sizeof partial, "%s", path) >= (int)sizeof partial)
        return -ENAMETOOLONG;
    for (char *slash = strchr(partial + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(partial, 0700); /* an error shows at the last one */
        *slash = '/';
    }
    return mkdir(partial, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

struct cache *cache_open(const char *directory, uint64_t max_bytes) {
    int r = make_directories(directory);
    if (r < 0) {
        errno = -r;
        return NULL;
    }
    struct cache *c = malloc(sizeof *c);
    if (!c)
        return NULL;
    c->max_bytes = max_bytes;
    c->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->dir < 0) {
        free(c);
        return NULL;
    }
    return c;
}

void cache_close(struct cache *c) {
    if (!c)
        return;
    close(c->dir);
    free(c);
}

static void name_of(const struct cache_digest *key, entry_name name) {
    for (size_t i = 0; i < CACHE_DIGEST_SIZE; i++)
        snprintf(name + 2 * i, 3, "%02x", key->bytes[i]);
    memcpy(name + 2 * (size_t)CACHE_DIGEST_SIZE, SUFFIX, sizeof SUFFIX);
}

static void checksum(const struct cache_digest *key, const void *data, size_t size,
                     uint8_t digest[SHA256_DIGEST_SIZE]) {
    struct sha256_ctx context;

    sha256_init(&context);
    sha256_update(&context, sizeof key->bytes, key->bytes);
    sha256_update(&context, size, data);
    sha256_digest(&context, SHA256_DIGEST_SIZE, digest);
}

/* Reads an entry that must have this key. */
static bool read_entry(int fd, const struct cache_digest *key, void **data, size_t *size) {
    struct entry_header header;
    uint8_t digest[SHA256_DIGEST_SIZE];

    if (!io_read_all(fd, &header, sizeof header) || memcmp(header.magic, MAGIC, sizeof header.magic) != 0 ||
        memcmp(&header.key, key, sizeof *key) != 0 || header.data_size > MAX_ENTRY)
        return false;
    *data = malloc(header.data_size ? header.data_size : 1);
    *size = header.data_size;
    if (*data)
        svga_populate(*data, *size);
    bool good = *data && io_read_all(fd, *data, *size);
    if (good) {
        checksum(key, *data, *size, digest);
        good = memcmp(digest, header.checksum, sizeof digest) == 0;
    }
    if (!good)
        free(*data);
    return good;
}

bool cache_get(struct cache *c, const struct cache_digest *key, void **data, size_t *size) {
    entry_name name;
    name_of(key, name);
    int fd = openat(c->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool hit = fd >= 0 && read_entry(fd, key, data, size);
    if (hit)
        futimens(fd, NULL); /* used now: eviction goes by this */
    else if (fd >= 0)
        unlinkat(c->dir, name, 0); /* torn, or of another format */
    if (fd >= 0)
        close(fd);
    return hit;
}

/* ---- eviction ---- */

struct listed {
    entry_name name;
    uint64_t size;
    struct timespec used;
};

static int older_first(const void *a, const void *b) {
    const struct timespec *x = &((const struct listed *)a)->used, *y = &((const struct listed *)b)->used;
    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* What a writer that died left behind: temporary files that nobody has written to for an hour. */
static void remove_if_stale(struct cache *c, const char *name, size_t length) {
    struct stat st;
    if (length > strlen(TEMPORARY) && strcmp(name + length - strlen(TEMPORARY), TEMPORARY) == 0 &&
        fstatat(c->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtim.tv_sec > 3600)
        unlinkat(c->dir, name, 0);
}

/* What a file takes of the disk, about: small ones take a block each, and there shall not be any number of them. */
static uint64_t taken_by(const struct stat *st) {
    enum { BLOCK = 4096 };
    return ((uint64_t)st->st_size + BLOCK - 1) / BLOCK * BLOCK;
}

/* All entries; *count of them. NULL if there are none. */
static struct listed *list_entries(struct cache *c, size_t *count, uint64_t *total) {
    struct listed *list = NULL;
    size_t cap = 0;
    *count = 0;
    *total = 0;

    int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    for (struct dirent *d; (d = readdir(dir));) {
        struct stat st;
        size_t length = strlen(d->d_name);
        remove_if_stale(c, d->d_name, length);
        if (length >= sizeof(entry_name) || length < sizeof SUFFIX ||
            strcmp(d->d_name + length - strlen(SUFFIX), SUFFIX) != 0 ||
            fstatat(c->dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (*count == cap) {
            cap = cap ? 2 * cap : 64;
            struct listed *grown = realloc(list, cap * sizeof *list);
            if (!grown)
                break;
            list = grown;
        }
        struct listed *e = &list[(*count)++];
        memcpy(e->name, d->d_name, length + 1);
        e->size = taken_by(&st);
        e->used = st.st_mtim;
        *total += e->size;
    }
    closedir(dir);
    return list;
}

static void evict(struct cache *c) {
    size_t count;
    uint64_t total;
    struct listed *list = list_entries(c, &count, &total);
    if (list && total > c->max_bytes) {
        qsort(list, count, sizeof *list, older_first);
        for (size_t i = 0; i < count && total > c->max_bytes; i++) {
            unlinkat(c->dir, list[i].name, 0);
            total -= list[i].size;
        }
    }
    free(list);
}

static int write_entry(struct cache *c, const char *name, const struct entry_header *header,
                       const void *data) {
    /* Unique among threads and processes: the header lies on the caller's stack. */
    char temporary[64];
    snprintf(temporary, sizeof temporary, ".%d.%p" TEMPORARY, (int)getpid(), (const void *)header);
    int fd = openat(c->dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return -errno;
    int r =
        io_write_all(fd, header, sizeof *header) && io_write_all(fd, data, header->data_size) ? 0 : -errno;
    if (r == 0 && renameat(c->dir, temporary, c->dir, name) < 0)
        r = -errno;
    if (r < 0)
        unlinkat(c->dir, temporary, 0);
    close(fd);
    return r;
}

int cache_put(struct cache *c, const struct cache_digest *key, const void *data, size_t size) {
    struct entry_header header = {.magic = MAGIC, .data_size = size, .key = *key};
    entry_name name;

    if (size > MAX_ENTRY || sizeof header + size > c->max_bytes)
        return -EFBIG;
    checksum(key, data, size, header.checksum);
    name_of(key, name);
    int r = write_entry(c, name, &header, data);
    if (r == 0)
        evict(c);
    return r;
}
