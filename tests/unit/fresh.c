// SPDX-License-Identifier: MIT
/* Filling new shared memory by its descriptor: what it copies, what it leaves to its caller, and whose descriptors it closes. */
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svga-model/fresh.h"

enum { MIB = 1 << 20, SIZE = 3 * MIB };

static char *add(struct svga_fresh *f, size_t size) {
    int fd = memfd_create("fresh", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(p != MAP_FAILED);
    svga_fresh_add(f, p, size, fd);
    return p;
}

static char *pattern(void) {
    char *p = malloc(SIZE);
    assert_non_null(p);
    for (size_t i = 0; i < SIZE; i++)
        p[i] = (char)(i * 31 + (i >> 12));
    return p;
}

static int descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 2048; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void copies_where_it_can(void **state) {
    struct svga_fresh f;
    char *from = pattern(), other[16];
    (void)state;

    svga_fresh_init(&f);
    const int before = descriptors();
    char *to = add(&f, SIZE);
    assert_int_equal(svga_fresh_fill(&f, to + 100, from, MIB), MIB);
    assert_memory_equal(to + 100, from, MIB);
    assert_int_equal(to[99], 0);
    assert_int_equal(to[100 + MIB], 0);
    /* beyond its end, and elsewhere */
    assert_int_equal(svga_fresh_fill(&f, to + SIZE - MIB + 1, from, MIB), 0);
    assert_int_equal(svga_fresh_fill(&f, other, from, sizeof other), 0);
    /* once it is filled nothing is kept */
    assert_int_equal(descriptors(), before + 1);
    assert_int_equal(svga_fresh_fill(&f, to, from, SIZE), SIZE);
    assert_memory_equal(to, from, SIZE);
    assert_int_equal(descriptors(), before);
    assert_int_equal(svga_fresh_fill(&f, to, from, MIB), 0);
    munmap(to, SIZE);
    svga_fresh_close(&f);
    free(from);
}

/* Small memory is worth no descriptor, and however much is made, few are kept. */
static void keeps_few(void **state) {
    struct svga_fresh f;
    char *from = pattern(), *many[SVGA_FRESH_PIECES + 2];
    (void)state;

    svga_fresh_init(&f);
    const int before = descriptors();
    char *small = add(&f, MIB / 2);
    assert_int_equal(descriptors(), before);
    for (size_t i = 0; i < SVGA_FRESH_PIECES + 2; i++)
        many[i] = add(&f, SIZE);
    assert_int_equal(descriptors(), before + SVGA_FRESH_PIECES);
    assert_int_equal(svga_fresh_fill(&f, many[1], from, MIB), 0);
    assert_int_equal(svga_fresh_fill(&f, many[2], from, MIB), MIB);
    svga_fresh_drop(&f, many[2]);
    assert_int_equal(descriptors(), before + SVGA_FRESH_PIECES - 1);
    svga_fresh_forget(&f);
    assert_int_equal(descriptors(), before);
    assert_int_equal(svga_fresh_fill(&f, many[3], from, MIB), 0);
    svga_fresh_close(&f);
    for (size_t i = 0; i < SVGA_FRESH_PIECES + 2; i++)
        munmap(many[i], SIZE);
    munmap(small, MIB / 2);
    free(from);
}

/* A program that closes what it does not know, and has a file of its own there then. */
static void spares_the_programs_files(void **state) {
    struct svga_fresh f;
    char *from = pattern();
    struct stat st;
    (void)state;

    svga_fresh_init(&f);
    char *to = add(&f, SIZE);
    const int number = f.pieces[0].fd.fd;
    int own = memfd_create("own", MFD_CLOEXEC);
    assert_int_equal(dup2(own, number), number);
    assert_int_equal(svga_fresh_fill(&f, to, from, MIB), 0);
    assert_int_equal(fstat(own, &st), 0);
    assert_int_equal(st.st_size, 0);
    svga_fresh_close(&f);
    assert_true(fcntl(number, F_GETFD) >= 0);
    close(number);
    close(own);
    munmap(to, SIZE);
    free(from);
}

/* The signal of a limit to the size of files would end the program. */
static void heeds_limits_of_files(void **state) {
    struct rlimit before, low;
    struct svga_fresh f;
    char *from = pattern();
    (void)state;

    svga_fresh_init(&f);
    char *to = add(&f, SIZE);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = (struct rlimit){.rlim_cur = MIB / 2, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    assert_int_equal(svga_fresh_fill(&f, to, from, MIB), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(svga_fresh_fill(&f, to, from, MIB), MIB);
    svga_fresh_close(&f);
    munmap(to, SIZE);
    free(from);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_where_it_can),
        cmocka_unit_test(keeps_few),
        cmocka_unit_test(spares_the_programs_files),
        cmocka_unit_test(heeds_limits_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
