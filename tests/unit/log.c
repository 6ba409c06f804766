// SPDX-License-Identifier: MIT
/* The host's log: what guests can bring about is rate-limited, topic by topic, and what was left out is counted; the journal learns
 * the priority of each line. */
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/broker/log.h"

enum { SAID = 2000 };

static FILE *caught;
static int before = -1;

/* A file that is the journal, as far as it can tell. */
static int catch_words(void **state) {
    struct stat st;
    char stream[64];
    (void)state;

    if (!caught && (!(caught = tmpfile()) || fstat(fileno(caught), &st) < 0))
        return -1;
    if (before < 0) {
        snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
                 (unsigned long long)st.st_ino);
        setenv("JOURNAL_STREAM", stream, 1);
    }
    fflush(stderr);
    before = dup(STDERR_FILENO);
    return before >= 0 && dup2(fileno(caught), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int let_go(void **state) {
    (void)state;
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    return 0;
}

/* Lines that hold the text. */
static int count(const char *text) {
    char line[256];
    int n = 0;

    fflush(stderr);
    rewind(caught);
    while (fgets(line, sizeof line, caught))
        n += strstr(line, text) != NULL;
    fseek(caught, 0, SEEK_END);
    return n;
}

/* However slow this machine is, it says these in less time than they would take at LOG_PER_SECOND. */
static void what_guests_bring_about(void **state) {
    (void)state;
    for (int i = 0; i < SAID; i++)
        log_say(LOG_LIMITS, "a guest meets a limit, %d", i);
    int told = count("a guest meets a limit");
    assert_in_range(told, LOG_BURST / 2, SAID / 2); /* the other test had some */
    log_say(LOG_GUESTS, "another topic");
    assert_int_equal(count("another topic"), 1);
    while (count("a guest meets a limit") ==
           told) { /* the next one that may be tells of those that were not */
        usleep(50000);
        log_say(LOG_LIMITS, "a guest meets a limit, at last");
    }
    assert_true(count("more lines of this kind are left out here") > 0);
}

static void what_administrators_do(void **state) {
    (void)state;
    for (int i = 0; i < SAID; i++)
        log_say(LOG_DAEMON, "an administrator's word");
    assert_int_equal(count("an administrator's word"), SAID);
}

static void priorities(void **state) {
    char line[256];
    (void)state;

    fflush(stderr);
    long from = ftell(caught);
    for (int topic = 0; topic < LOG_TOPICS; topic++)
        log_say((enum log_topic)topic, "a line of topic %d", topic);
    fflush(stderr);
    fseek(caught, from, SEEK_SET);
    for (int topic = 0; topic < LOG_TOPICS; topic++) {
        char rest[64];
        int priority = -1;
        snprintf(rest, sizeof rest, ">trillium: a line of topic %d\n", topic);
        assert_non_null(fgets(line, sizeof line, caught));
        assert_int_equal(sscanf(line, "<%d>", &priority), 1);
        assert_in_range(priority, 3, 6);
        assert_string_equal(strchr(line, '>'), rest);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(priorities, catch_words, let_go),
        cmocka_unit_test_setup_teardown(what_guests_bring_about, catch_words, let_go),
        cmocka_unit_test_setup_teardown(what_administrators_do, catch_words, let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
