// SPDX-License-Identifier: MIT
/* What an administrator's `trillium profile --attach` makes of workers that were taken over: here, of what they say. */
#include "tests/lib/unit.h"

#include <pthread.h>
#include <stdarg.h>
#include <unistd.h>

#include "host-backend/cli/attach.c" // NOLINT(bugprone-suspicious-include): the command's own part, without the others

enum { GOOD = 7, TALKER = 8 };

static pthread_t threads[2];
static int lines[2], begun, sentences, reports;
static char told[256];

/* ---- the control, and what else the command has ---- */

json_t *ask_guests(const char *subcommand) {
    (void)subcommand;
    return json_pack("[{s:i, s:s, s:[{s:i}, {s:i}]}]", "id", 1, "name", "g", "processes", "worker", GOOD,
                     "worker", TALKER);
}

/* Until it is asked to end. */
static void *listen_well(void *line) {
    char bytes[16];
    while (recv(*(int *)line, bytes, sizeof bytes, 0) > 0)
        ;
    close(*(int *)line);
    return NULL;
}

/* For as long as anybody listens; with a sign that a terminal would obey. */
static void *talk(void *line) {
    static const char words[] = "not\033[2Jyou\n";
    while (send(*(int *)line, words, sizeof words - 1, MSG_NOSIGNAL) > 0)
        ;
    close(*(int *)line);
    return NULL;
}

json_t *ask_control_with(const char *subcommand, json_t *request, int fd) {
    bool talks = json_integer_value(json_object_get(request, "worker")) == TALKER;
    (void)subcommand;

    json_decref(request);
    lines[begun] = dup(fd);
    assert_int_equal(pthread_create(&threads[begun], NULL, talks ? talk : listen_well, &lines[begun]), 0);
    begun++;
    return json_pack("{s:b}", "ok", 1);
}

void cli_say(const char *subcommand, const char *format, ...) {
    va_list args;
    (void)subcommand;
    va_start(args, format);
    vsnprintf(told, sizeof told, format, args);
    va_end(args);
    sentences++;
}

int profile_report(const char *dir, const char *out_file, FILE *table) {
    (void)dir, (void)out_file, (void)table;
    reports++;
    return 0;
}

void private_broker_remove_traces(const char *dir) {
    char command[160];
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c)
}

/* ---- */

static void test_a_worker_that_goes_on_talking(void **state) {
    (void)state;
    unsigned fds = unit_open_fds();

    assert_int_equal(attach("g", 0.2, false, "file"), 0);
    assert_int_equal(begun, 2);
    for (int i = 0; i < begun; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(sentences, 1);
    assert_string_equal(told, "worker 8: not?[2Jyou?");
    assert_int_equal(reports, 1); /* of the other one */
    assert_int_equal(unit_open_fds(), fds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_worker_that_goes_on_talking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
