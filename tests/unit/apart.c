// SPDX-License-Identifier: MIT
/* Jobs in a process apart: whatever becomes of one, the next is answered, and somebody says why. */
#include "tests/lib/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "svga-model/visa/apart/apart.h"

enum kind { ECHO, EXIT, ABORT, CRASH, LOOP, HOG, SILENT, COUNT };

static uint64_t counted;

static void handle(struct visa_packet_reader *job, struct visa_packet *answer) {
    uint64_t kind;
    size_t size;

    VISA_PACKET_GET(job, kind);
    switch (kind) {
    case ECHO: {
        const void *bytes = visa_packet_get_bytes(job, &size);
        visa_packet_put_bytes(answer, bytes, size);
        return;
    }
    case EXIT:
        fputs("first\nI cannot say this\n\n", stderr);
        exit(1);
    case ABORT:
        abort();
    case CRASH:
        raise(SIGSEGV);
        return;
    case LOOP:
        for (;;)
            pause();
    case HOG:
        for (;;) {
            char *more = malloc(1 << 20);
            if (!more)
                abort();
            memset(more, 1, 1 << 20);
        }
    case COUNT:
        counted++;
        VISA_PACKET_PUT(answer, counted);
        return;
    default:
        return;
    }
}

static int start(bool children) {
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pair[0]);
        visa_apart_serve(pair[1], children, NULL, handle);
        _exit(0);
    }
    close(pair[1]);
    return pair[0];
}

/* Asks for `kind`; the error, with the reason, or 0 with the answer, which is the caller's. */
static int ask(int server, enum kind what, struct visa_apart_limits limits, char why[256],
               struct visa_packet_reader *answer) {
    uint64_t kind = what;
    struct visa_packet job = {0};
    struct visa_apart_end end = {0};
    int fds[VISA_APART_FDS];
    void *bytes = NULL;

    VISA_PACKET_PUT(&job, kind);
    visa_packet_put_bytes(&job, "some words", sizeof "some words");
    assert_int_equal(visa_apart_open(&job, fds), 0);
    free(job.bytes);
    *answer = (struct visa_packet_reader){0};
    int r = visa_apart_ask(server, fds, &limits, &end);
    if (r == 0)
        r = end.status == 0 ? visa_apart_answer(fds, &bytes, &answer->left) : -EFAULT;
    answer->at = bytes;
    if (r < 0)
        visa_apart_explain(fds, &limits, r == -EFAULT ? &end : NULL, "the test", why, 256);
    visa_apart_close(fds);
    return r;
}

static void expect_end(int server, enum kind kind, struct visa_apart_limits limits, const char *word) {
    struct visa_packet_reader answer;
    char why[256] = "";

    assert_int_equal(ask(server, kind, limits, why, &answer), -EFAULT);
    if (!strstr(why, word))
        fail_msg("no '%s' in '%s'", word, why);
}

static void expect_echo(int server) {
    struct visa_packet_reader answer;
    char why[256] = "";
    size_t size;

    assert_int_equal(ask(server, ECHO, (struct visa_apart_limits){0}, why, &answer), 0);
    void *bytes = (void *)answer.at;
    const char *text = visa_packet_get_bytes(&answer, &size);
    assert_int_equal(size, sizeof "some words");
    assert_string_equal(text, "some words");
    free(bytes);
}

static void test_children(void **state) {
    const struct visa_apart_limits none = {0};
    int server = start(true);
    (void)state;

    expect_echo(server);
    expect_end(server, EXIT, none, "the test gave up on this program: I cannot say this");
    expect_end(server, ABORT, none, strsignal(SIGABRT));
    expect_end(server, CRASH, none, strsignal(SIGSEGV));
    expect_end(server, SILENT, none, "without a word");
    expect_end(server, LOOP, (struct visa_apart_limits){.seconds = 1}, "--build-seconds");
    expect_echo(server);
    close(server);
}

static void test_memory(void **state) {
    int server = start(true);
    (void)state;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    close(server);
    skip(); /* what their shadow takes cannot be told from the job's */
#endif
    expect_end(server, HOG, (struct visa_apart_limits){.memory_mib = 64}, "--build-memory");
    expect_echo(server);
    close(server);
}

static uint64_t count(int server, bool in_server) {
    struct visa_packet_reader answer;
    uint64_t number;
    char why[256] = "";

    assert_int_equal(ask(server, COUNT, (struct visa_apart_limits){.in_server = in_server}, why, &answer), 0);
    void *bytes = (void *)answer.at;
    VISA_PACKET_GET(&answer, number);
    free(bytes);
    return number;
}

/* What a child learns is lost, and what the server learns itself all later children know. */
static void test_learning(void **state) {
    int server = start(true);
    (void)state;

    assert_int_equal(count(server, false), 1);
    assert_int_equal(count(server, false), 1);
    assert_int_equal(count(server, true), 1);
    assert_int_equal(count(server, false), 2);
    close(server);
}

static void test_one_process(void **state) {
    struct visa_packet_reader answer;
    char why[256] = "";
    int server = start(false);
    (void)state;

    expect_echo(server);
    expect_echo(server);
    assert_int_equal(ask(server, EXIT, (struct visa_apart_limits){0}, why, &answer), -EPIPE);
    assert_non_null(strstr(why, "I cannot say this"));
    assert_int_equal(ask(server, ECHO, (struct visa_apart_limits){0}, why, &answer), -ENOTCONN);
    close(server);
}

/* A server that was taken over answers with anything. */
static void test_hostile_answers(void **state) {
    struct visa_packet p = {0};
    const uint64_t sizes[] = {0, 1, 8, 9, 4096, UINT32_MAX, UINT64_MAX - 1, UINT64_MAX};
    (void)state;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        p.size = 0;
        VISA_PACKET_PUT(&p, sizes[i]);
        visa_packet_put(&p, "12345678", 8);
        for (size_t left = 0; left <= p.size; left++) {
            struct visa_packet_reader r = {p.bytes, left, false}, again = r;
            size_t size;
            const char *bytes = visa_packet_get_bytes(&r, &size);
            assert_true(size <= (left < 8 ? 0 : left - 8));
            assert_true(r.failed || !bytes || size == sizes[i]);
            assert_true(!visa_packet_get_text(&again)); /* nothing of it ends with a NUL */
        }
    }
    free(p.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_children),        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_learning),        cmocka_unit_test(test_one_process),
        cmocka_unit_test(test_hostile_answers),
    };
    signal(SIGCHLD, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
