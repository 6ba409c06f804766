// SPDX-License-Identifier: MIT
#include "host-backend/broker/mac.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/util/io.h"

struct cache_digest mac_of(const struct mac_key *key, const void *bytes, size_t size) {
    struct cache_digest digest;
    struct hmac_sha256_ctx context;

    hmac_sha256_set_key(&context, sizeof key->bytes, key->bytes);
    hmac_sha256_update(&context, size, bytes);
    hmac_sha256_digest(&context, sizeof digest.bytes, digest.bytes);
    return digest;
}

struct mac_key mac_key_derive(const struct mac_key *host, const char *tenant) {
    struct cache_digest digest = mac_of(host, tenant, strlen(tenant));
    struct mac_key key;
    memcpy(key.bytes, digest.bytes, sizeof key.bytes);
    return key;
}

int mac_key_new(struct mac_key *key) {
    ssize_t n = getrandom(key->bytes, sizeof key->bytes, 0);
    return n == (ssize_t)sizeof key->bytes ? 0 : n < 0 ? -errno : -EIO;
}

static int read_key(const char *path, struct mac_key *key) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), r = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        r = -errno;
    else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0 ||
             st.st_size != (off_t)sizeof key->bytes ||
             read(fd, key->bytes, sizeof key->bytes) != (ssize_t)sizeof key->bytes)
        r = -EBADMSG;
    close(fd);
    return r;
}

static void make_folders(const char *path) {
    char partial[PATH_MAX];
    if (snprintf(partial, sizeof partial, "%s", path) >= (int)sizeof partial)
        return;
    for (char *slash = strchr(partial + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(partial, 0700); /* an error shows when the file is made */
        *slash = '/';
    }
}

int mac_key_load(const char *path, struct mac_key *key) {
    char aside[PATH_MAX];
    int r = read_key(path, key);

    if (r != -ENOENT)
        return r;
    if (snprintf(aside, sizeof aside, "%s.%d", path, (int)getpid()) >= (int)sizeof aside)
        return -ENAMETOOLONG;
    r = mac_key_new(key);
    if (r < 0)
        return r;
    make_folders(path);
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    if (!io_write_all(fd, key->bytes, sizeof key->bytes))
        r = -errno;
    /* Whole or not at all, and whoever was first has made it. */
    else if (link(aside, path) < 0)
        r = errno == EEXIST ? read_key(path, key) : -errno;
    close(fd);
    unlink(aside);
    return r;
}
