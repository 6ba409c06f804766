// SPDX-License-Identifier: MIT
/*
 * The cache of built programs: hits, keys that must not collide, damage, and its bound.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/broker/cache.h"

struct fixture {
    char dir[64];
    struct cache *cache;
};

static int setup(void **state) {
    static struct fixture f;
    strcpy(f.dir, "/tmp/trillium-cache-XXXXXX");
    assert_non_null(mkdtemp(f.dir));
    f.cache = cache_open(f.dir, 64 << 10);
    *state = &f;
    return f.cache ? 0 : -1;
}

/* Calls visit with the path of each entry; returns how many there are. */
static unsigned each_entry(const struct fixture *f, void (*visit)(const char *path)) {
    unsigned n = 0;
    DIR *dir = opendir(f->dir);
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir));) {
        char path[512];
        if (d->d_name[0] == '.' && (d->d_name[1] == '\0' || d->d_name[1] == '.'))
            continue;
        snprintf(path, sizeof path, "%s/%s", f->dir, d->d_name);
        n++;
        if (visit)
            visit(path);
    }
    closedir(dir);
    return n;
}

static void remove_entry(const char *path) {
    unlink(path);
}

static int teardown(void **state) {
    struct fixture *f = *state;
    cache_close(f->cache);
    each_entry(f, remove_entry);
    return rmdir(f->dir);
}

#define KEY(...)                                                                                             \
    (&(struct cache_digest[]){cache_digest(                                                                  \
        (struct iovec[]){__VA_ARGS__}, sizeof((struct iovec[]){__VA_ARGS__}) / sizeof(struct iovec))}[0])
#define PART(text)                                                                                           \
    { .iov_base = (void *)(text), .iov_len = strlen(text) }

static bool holds(struct cache *c, const struct cache_digest *key, const char *expected) {
    void *data;
    size_t size;
    if (!cache_get(c, key, &data, &size))
        return false;
    bool same = size == strlen(expected) && memcmp(data, expected, size) == 0;
    free(data);
    return same;
}

static void stores_and_finds(void **state) {
    struct fixture *f = *state;
    assert_false(holds(f->cache, KEY(PART("kernel"), PART("-O2")), "binary"));
    assert_int_equal(cache_put(f->cache, KEY(PART("kernel"), PART("-O2")), "binary", 6), 0);
    assert_true(holds(f->cache, KEY(PART("kernel"), PART("-O2")), "binary"));
    assert_int_equal(cache_put(f->cache, KEY(PART("kernel"), PART("-O2")), "newer", 5), 0);
    assert_true(holds(f->cache, KEY(PART("kernel"), PART("-O2")), "newer"));
    assert_int_equal(each_entry(f, NULL), 1);
}

static void another_process_finds_it(void **state) {
    struct fixture *f = *state;
    assert_int_equal(cache_put(f->cache, KEY(PART("k")), "binary", 6), 0);
    struct cache *second = cache_open(f->dir, 64 << 10);
    assert_non_null(second);
    assert_true(holds(second, KEY(PART("k")), "binary"));
    cache_close(second);
}

static void parts_do_not_run_together(void **state) {
    struct fixture *f = *state;
    assert_int_equal(cache_put(f->cache, KEY(PART("ab"), PART("c")), "1", 1), 0);
    assert_false(holds(f->cache, KEY(PART("a"), PART("bc")), "1"));
    assert_false(holds(f->cache, KEY(PART("abc")), "1"));
    assert_false(holds(f->cache, KEY(PART("ab"), PART("c"), PART("")), "1"));
}

/* The file of one key under the name of another, as if somebody had renamed it. */
static void same_name_is_no_hit(void **state) {
    struct fixture *f = *state;
    static char first[512];
    assert_int_equal(cache_put(f->cache, KEY(PART("one")), "1", 1), 0);
    DIR *dir = opendir(f->dir);
    for (struct dirent *d; (d = readdir(dir));)
        if (strstr(d->d_name, ".bin"))
            snprintf(first, sizeof first, "%s/%s", f->dir, d->d_name);
    closedir(dir);
    assert_int_equal(cache_put(f->cache, KEY(PART("two")), "2", 1), 0);
    char second[512] = "";
    dir = opendir(f->dir);
    for (struct dirent *d; (d = readdir(dir));)
        if (strstr(d->d_name, ".bin") && !strstr(first, d->d_name))
            snprintf(second, sizeof second, "%s/%s", f->dir, d->d_name);
    closedir(dir);
    assert_int_equal(rename(first, second), 0);
    assert_false(holds(f->cache, KEY(PART("two")), "1"));
    assert_false(holds(f->cache, KEY(PART("two")), "2"));
}

static void cut_in_half(const char *path) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size / 2), 0);
}

static void flip_last_byte(const char *path) {
    char byte;
    int fd = open(path, O_RDWR);
    off_t end = lseek(fd, -1, SEEK_END);
    assert_int_equal(pread(fd, &byte, 1, end), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, end), 1);
    close(fd);
}

static void damage_is_absence(void **state) {
    struct fixture *f = *state;
    void (*const damages[])(const char *) = {cut_in_half, flip_last_byte};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(cache_put(f->cache, KEY(PART("k")), "binary", 6), 0);
        each_entry(f, damages[i]);
        assert_false(holds(f->cache, KEY(PART("k")), "binary"));
        assert_int_equal(each_entry(f, NULL), 0); /* and it is gone */
    }
}

static void stays_within_its_bound(void **state) {
    struct fixture *f = *state;
    static char big[10 << 10];
    char name[16];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "key%d", i);
        assert_int_equal(cache_put(f->cache, KEY(PART(name)), big, sizeof big), 0);
    }
    assert_int_equal(each_entry(f, NULL), 5); /* 64 KiB / (10 KiB + header, in whole blocks) */
    assert_int_not_equal(cache_put(f->cache, KEY(PART("huge")), big, 65 << 10), 0);
}

/* Entries of a few bytes take an inode and a block of the disk each. */
static void small_ones_count_too(void **state) {
    struct fixture *f = *state;
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "key%d", i);
        assert_int_equal(cache_put(f->cache, KEY(PART(name)), "", 0), 0);
    }
    assert_int_equal(each_entry(f, NULL), (64 << 10) / 4096);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stores_and_finds, setup, teardown),
        cmocka_unit_test_setup_teardown(another_process_finds_it, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_do_not_run_together, setup, teardown),
        cmocka_unit_test_setup_teardown(same_name_is_no_hit, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_absence, setup, teardown),
        cmocka_unit_test_setup_teardown(stays_within_its_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(small_ones_count_too, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
