// SPDX-License-Identifier: MIT
/* The broker's store, asked by a worker that its guest has taken over. */
#include "tests/lib/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/broker/store.h"
#include "host-backend/cache/ask.h"
#include "host-backend/cache/packet.h"
#include "svga-model/futex.h"
#include "tests/worker/tests.h"

struct fixture {
    char dir[32], key[64];
    struct store *store;
};

static const struct cache_digest a_key = {{1, 2, 3}};

static void open_store(struct fixture *f) {
    f->store =
        store_create(&(struct store_config){.cache_dir = f->dir, .max_bytes = 1 << 20, .key_path = f->key});
    assert_non_null(f->store);
}

static int setup(void **state) {
    static struct fixture f;
    strcpy(f.dir, "/tmp/trillium-test-XXXXXX");
    if (!mkdtemp(f.dir))
        return -1;
    snprintf(f.key, sizeof f.key, "%s/keys/host.key", f.dir);
    open_store(&f);
    *state = &f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static int teardown(void **state) {
    struct fixture *f = *state;
    store_destroy(f->store);
    return nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The worker's end of a socket that the store serves. */
static int connect_to(const struct fixture *f, const char *tenant) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(store_serve(f->store, ends[0], tenant), 0);
    return ends[1];
}

static struct store_asker *asker(const struct fixture *f, const char *tenant) {
    struct store_asker *a = store_asker_new(connect_to(f, tenant));
    assert_non_null(a);
    return a;
}

static bool holds(struct store_asker *a, const struct cache_digest *key, const char *expected) {
    void *data;
    size_t size;
    if (!store_get(a, key, &data, &size))
        return false;
    bool same = size == strlen(expected) && memcmp(data, expected, size) == 0;
    free(data);
    return same;
}

static void test_asking(void **state) {
    const struct fixture *f = *state;
    struct store_asker *a = asker(f, "a"), *b = asker(f, "b"), *none = store_asker_new(-1);
    struct cache_digest mac;

    assert_false(holds(a, &a_key, "binary"));
    assert_true(store_put(a, &a_key, "binary", 6));
    assert_true(holds(a, &a_key, "binary"));
    assert_false(holds(b, &a_key, "binary"));
    assert_false(holds(none, &a_key, "binary"));
    assert_false(store_put(none, &a_key, "binary", 6));
    assert_false(store_mac(none, &a_key, &mac));
    store_asker_free(a);
    store_asker_free(b);
    store_asker_free(none);
}

/* A tenant's digests are its own, and the same for the next daemon. */
static void test_keys(void **state) {
    struct fixture *f = *state;
    struct store_asker *a = asker(f, "a"), *b = asker(f, "b");
    struct cache_digest first, other, again;
    struct stat st;

    assert_true(store_mac(a, &a_key, &first));
    assert_true(store_mac(b, &a_key, &other));
    assert_memory_not_equal(&first, &other, sizeof first);
    assert_int_equal(stat(f->key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    store_asker_free(a);
    store_asker_free(b);
    store_destroy(f->store);
    open_store(f);
    a = asker(f, "a");
    assert_true(store_mac(a, &a_key, &again));
    assert_memory_equal(&first, &again, sizeof first);
    store_asker_free(a);
    /* A key that others can read is none. */
    store_destroy(f->store);
    assert_int_equal(chmod(f->key, 0644), 0);
    open_store(f);
    a = asker(f, "a");
    assert_true(store_mac(a, &a_key, &again));
    assert_memory_not_equal(&first, &again, sizeof first);
    store_asker_free(a);
}

/* Asks by hand; the answer's result. */
static uint32_t raw(int fd, const struct store_question *q, int contents) {
    struct store_answer answer = {.result = 99};
    int with;
    assert_int_equal(packet_send(fd, q, sizeof *q, contents, 0), 0);
    assert_int_equal(packet_receive(fd, &answer, sizeof answer, &with, 0), sizeof answer);
    if (with >= 0)
        close(with);
    return answer.result;
}

static int memory_file(size_t size, int seals) {
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

/* What is no sealed memory file of the size that is told, or too much, is not stored. */
static void test_crafted_contents(void **state) {
    const struct fixture *f = *state;
    const int sealed = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    int fd = connect_to(f, "a"), pipes[2];
    struct store_question q = {.what = STORE_PUT, .size = 64, .digest = a_key};
    struct store_asker *a = asker(f, "a");

    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    int open_file = memory_file(64, F_SEAL_SHRINK), small = memory_file(63, sealed),
        large = memory_file(2 << 20, sealed), good = memory_file(64, sealed);
    assert_int_equal(raw(fd, &q, -1), STORE_REFUSED);
    assert_int_equal(raw(fd, &q, pipes[0]), STORE_REFUSED); /* would block */
    assert_int_equal(raw(fd, &q, open_file), STORE_REFUSED);
    assert_int_equal(raw(fd, &q, small), STORE_REFUSED);
    q.size = UINT64_MAX;
    assert_int_equal(raw(fd, &q, good), STORE_REFUSED);
    q.size = 2 << 20;
    assert_int_equal(raw(fd, &q, large), STORE_REFUSED);
    q.what = 77;
    assert_int_equal(raw(fd, &q, -1), STORE_REFUSED);
    q.what = STORE_PUT;
    q.size = 64;
    assert_int_equal(raw(fd, &q, good), STORE_OK);
    /* One worker stores no more than the cache holds. */
    int block = memory_file(500 << 10, sealed);
    q.size = 500 << 10;
    assert_int_equal(raw(fd, &q, block), STORE_OK);
    assert_int_equal(raw(fd, &q, block), STORE_OK);
    assert_int_equal(raw(fd, &q, block), STORE_REFUSED);
    assert_true(store_put(a, &a_key, "binary", 6)); /* the others are not affected */
    const int all[] = {open_file, small, large, good, block, pipes[0], pipes[1], fd};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        close(all[i]);
    store_asker_free(a);
}

/* What is handed out is the broker's memory as long as the worker keeps it: there is an end to that. */
static void test_hoard(void **state) {
    const struct fixture *f = *state;
    enum { PIECE = 1000 << 10, FIRST = (4 << 20) / PIECE }; /* four times what the cache holds */
    char *piece = calloc(1, PIECE);
    struct store_asker *a = asker(f, "a"), *other = asker(f, "a");
    unsigned got = 0;
    void *data;
    size_t size;

    assert_non_null(piece);
    assert_true(store_put(a, &a_key, piece, PIECE));
    while (got <= FIRST && store_get(a, &a_key, &data, &size)) {
        free(data);
        got++;
    }
    assert_int_equal(got, FIRST);
    assert_false(store_get(a, &a_key, &data, &size));
    assert_true(store_get(other, &a_key, &data, &size)); /* others are not affected */
    free(data);
    free(piece);
    store_asker_free(a);
    store_asker_free(other);
}

/* A datagram that is no question ends the conversation. */
static void test_nonsense(void **state) {
    const struct fixture *f = *state;
    char bytes[4096] = "nonsense";
    struct store_answer answer;
    int with;

    const size_t sizes[] = {1, sizeof(struct store_question) - 1, sizeof(struct store_question) + 1,
                            sizeof bytes};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int fd = connect_to(f, "a");
        assert_int_equal(packet_send(fd, bytes, sizes[i], -1, 0), 0);
        assert_int_equal(packet_receive(fd, &answer, sizeof answer, &with, 0), 0);
        close(fd);
    }
}

static unsigned open_descriptors(void) {
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* Two descriptors with one question: none of them stays open in the broker. */
static void test_two_descriptors(void **state) {
    const struct fixture *f = *state;
    int fd = connect_to(f, "a"), with, contents[2] = {memory_file(4096, 0), memory_file(4096, 0)};
    struct store_question q = {.what = STORE_GET, .digest = {{9}}};
    struct store_answer answer;
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof contents)];
    } space = {0};
    struct iovec iov = {&q, sizeof q};
    struct msghdr mh = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof contents);
    memcpy(CMSG_DATA(cmsg), contents, sizeof contents);

    assert_int_equal(raw(fd, &q, -1), STORE_NONE); /* it has opened its folder */
    unsigned before = open_descriptors();
    for (int i = 0; i < 10; i++) {
        assert_int_equal(sendmsg(fd, &mh, 0), sizeof q);
        assert_int_equal(packet_receive(fd, &answer, sizeof answer, &with, 0), sizeof answer);
        assert_int_equal(with, -1);
    }
    assert_int_equal(open_descriptors(), before);
    close(contents[0]);
    close(contents[1]);
    close(fd);
}

/* One that asks without end, and reads no answer, is cut off; one that reads them has to wait for credit; the
 * others are served meanwhile. */
static void test_flood(void **state) {
    const struct fixture *f = *state;
    const struct store_question q = {.what = STORE_GET, .digest = {{9}}};
    int deaf = connect_to(f, "a"), greedy = connect_to(f, "a"), r = 0;
    struct store_asker *other = asker(f, "b");
    unsigned asked = 0;

    while (r == 0 || r == -EAGAIN) {
        r = packet_send(deaf, &q, sizeof q, -1, MSG_DONTWAIT);
        if (r == -EAGAIN)
            usleep(1000);
    }
    assert_true(r == -EPIPE || r == -ECONNRESET); /* the latter if it had not read all */
    uint64_t start = svga_now_ns();
    for (; asked < 4500; asked++)
        assert_int_equal(raw(greedy, &q, -1), STORE_NONE);
    /* The credit is worth 4 s, a question a millisecond. */
    assert_true(svga_now_ns() - start >= 400 * 1000000ull);
    assert_true(store_put(other, &a_key, "binary", 6));
    assert_true(holds(other, &a_key, "binary"));
    close(deaf);
    close(greedy);
    store_asker_free(other);
}

int test_store(void) {
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_asking),   WITH_STORE(test_keys),  WITH_STORE(test_crafted_contents),
        WITH_STORE(test_nonsense), WITH_STORE(test_flood), WITH_STORE(test_two_descriptors),
        WITH_STORE(test_hoard),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
