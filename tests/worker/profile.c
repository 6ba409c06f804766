// SPDX-License-Identifier: MIT
/* The profiler: what a worker writes down, and the reports made of it. */
#include "tests/lib/unit.h"

#include <dirent.h>
#include <jansson.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/profile/record.h"
#include "host-backend/profile/report.h"
#include "host-backend/profile/summary.h"
#include "host-backend/profile/trace.h"
#include "host-backend/worker/sample.h"
#include "svga-model/futex.h"
#include "svga-model/regs.h"
#include "tests/worker/guest.h"
#include "tests/worker/tests.h"

enum { KERNELS = 20 };

static void trace(struct test_guest *t, uint64_t token, uint64_t compile_ns) {
    uint64_t now = svga_now_ns();
    TR_SEND(t->g, TRACE, trace, NULL, .call_ns = now, .write_ns = now + 1, .token = token,
            .compile_ns = compile_ns);
}

static void run_guest(const char *dir) {
    struct test_guest t;
    struct test_setup s;

    char number[16];
    int fd = guest_trace_file(dir, number);
    guest_open(&t, (char *[]){"--profile-fd", number, NULL});
    close(fd);
    guest_setup(&t, &s, "kernel void work(global int *x) { x[get_global_id(0)]++; }\n", "work", 0);
    guest_set_mem(&t, s.kernel, 0, guest_placed_buffer(&t, s.context, 0, 4096));
    for (uint32_t i = 0; i < KERNELS; i++) {
        uint32_t event = guest_id(&t), slot = guest_slot(&t);
        trace(&t, i + 1, 0);
        TR_SEND(t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = s.queue,
                .kernel = s.kernel, .event = event, .event_slot = slot, .work_dim = 2, .has = TR_HAS_LOCAL,
                .global = {16, 4, 1}, .local = {4, 2, 1});
        TR_SEND(t.g, WAIT_EVENTS, wait_events, ((struct tr_array[]){{&event, 1}}));
        assert_int_equal(guest_wait(&t, slot), 0);
        /* The guest did not ask for profiling, so it sees none. */
        assert_int_equal(guest_slot_ptr(&t, slot)->profiled, 0);
        TR_SEND(t.g, TRACE_WAKE, trace_wake, NULL, .token = i + 1, .wake_ns = svga_now_ns());
        TR_SEND(t.g, RELEASE, release, NULL, .object = event);
    }
    trace(&t, 1000, 0);
    assert_int_equal(guest_finish(&t, s.queue), CL_SUCCESS);
    uint32_t slot = guest_slot(&t);
    trace(&t, 1001, 5000000);
    TR_SEND(t.g, BUILD_PROGRAM, build_program, ((struct tr_array[]){{NULL, 0}, {"-DA", 3}}),
            .program = s.program, .slot = slot);
    guest_result(&t, slot);
    int status = guest_close(&t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void remove_all(const char *dir) {
    struct dirent *entry;
    DIR *d = opendir(dir);
    while (d && (entry = readdir(d)))
        unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
    rmdir(dir);
}

/* What was recorded is read again as it was; a part of it is refused. */
static void check_record(const char *dir, const char *path) {
    struct trace_set was, is;
    struct summary_share share;
    char why[256] = "";

    assert_int_equal(trace_read(dir, &was, why, sizeof why), 0);
    assert_int_equal(record_load(path, &is, why, sizeof why), 0);
    assert_int_equal(was.count, is.count);
    assert_int_equal(was.driver_error, is.driver_error);
    for (size_t i = 0; i < was.count; i++) {
        const struct trace_command *c = &was.items[i].command, *d = &is.items[i].command;
        assert_string_equal(c->name, d->name);
        assert_memory_equal(c->global, d->global, sizeof c->global);
        assert_true(c->call == d->call && c->begun == d->begun && c->end == d->end &&
                    c->compile == d->compile);
        assert_true(was.items[i].published == is.items[i].published &&
                    was.items[i].woken == is.items[i].woken);
    }
    /* every moment of the run counts once */
    assert_true(summary_shares(&is, &share));
    uint64_t all = share.kernels + share.transfers + share.builds + share.program;
    for (int s = 0; s < STAGE_COUNT; s++)
        all += share.stage[s];
    assert_true(share.span > 0 && all == share.span);
    FILE *nowhere = fopen("/dev/null", "w");
    assert_int_equal(profile_csv(&is, nowhere), 0);
    assert_int_equal(profile_html(&is, nowhere), 0);
    assert_int_equal(profile_diff(&was, &is, nowhere), 0);
    fclose(nowhere);
    trace_free(&was);
    trace_free(&is);
    assert_int_equal(truncate(path, 2000), 0);
    assert_int_equal(record_load(path, &is, why, sizeof why), -1);
    assert_non_null(strstr(why, "not a whole one"));
}

/* A bin holds what lies between the last one's end and its own, which is at most an eighth further. */
static void test_histogram(void **state) {
    (void)state;
    for (uint64_t ns = 1; ns < (uint64_t)1 << 34; ns += ns / 7 + 1) {
        int bin = histogram_bin(ns);
        assert_true(ns <= histogram_end(bin));
        assert_true(bin == 0 || (ns > histogram_end(bin - 1) && histogram_end(bin) <= ns + ns / 8));
    }
}

static void keep_sentence(void *opaque, const char *sentence) {
    if (strstr(sentence, "behind another guest"))
        snprintf(opaque, 256, "%s", sentence);
}

/* One kernel waits for its turn, and one stands behind it: both have waited for other guests. */
static void test_turns(void **state) {
    struct trace_item items[2] = {{.pid = 7}, {.pid = 7}};
    struct trace_set set = {.items = items, .count = 2};
    struct summary_share share;
    char said[256] = "";
    size_t count;
    (void)state;

    for (int i = 0; i < 2; i++) {
        struct trace_command *c = &items[i].command;
        snprintf(c->name, sizeof c->name, "k");
        c->what = TRACE_KERNEL;
        c->work_dim = 1;
        c->global[0] = 64;
        c->call = 10;
        c->write = 20;
        c->picked_up = i ? 1230 : 30;
        c->decoded = i ? 1235 : 40;
        c->begun = i ? 1235 : 1040; /* the first waits for 1000 */
        c->enqueued = c->begun + 10;
        c->submit = c->begun + 10;
        c->start = c->begun + 20;
        c->end = c->ended = c->begun + 100;
        items[i].published = c->end;
    }
    struct summary_group *groups = summary_groups(&set, BY_KERNEL, &count);
    assert_non_null(groups);
    assert_int_equal(count, 1);
    assert_int_equal(groups[0].count, 2);
    assert_int_equal(groups[0].times[STAGE_TURN].sum, 1000);
    assert_int_equal(groups[0].behind, 2000);
    assert_true(summary_shares(&set, &share));
    summary_words(&set, &share, groups, count, keep_sentence, said);
    /* 2000 of (1140 - 10) + (1335 - 10) */
    assert_string_equal(said, "k 64 spends 81 % of its latency waiting behind another guest.");
    free(groups);
}

static void keep_hint(void *opaque, const char *sentence) {
    if (strstr(sentence, "trillium control"))
        *(bool *)opaque = true;
}

/* Two kernels of two workers, the second called when the first has run for so long. Is it said that nobody knows who waits? */
static bool hinted(uint32_t second, uint64_t after, uint64_t turn) {
    struct trace_item items[2] = {{.pid = 7}, {.pid = second}};
    struct trace_set set = {.items = items, .count = 2};
    struct summary_share share;
    bool said = false;

    for (int i = 0; i < 2; i++) {
        struct trace_command *c = &items[i].command;
        c->what = TRACE_KERNEL;
        c->call = 10 + (i ? after : 0);
        c->write = c->picked_up = c->decoded = c->call + 10;
        c->begun = c->decoded + (i ? turn : 0);
        c->enqueued = c->submit = c->start = c->begun + 10;
        c->end = c->ended = items[i].published = c->start + 1000;
    }
    assert_true(summary_shares(&set, &share));
    summary_words(&set, &share, NULL, 0, keep_hint, &said);
    return said;
}

/* Who has two guests profiled and no control running is told why nothing waits. */
static void test_no_turns(void **state) {
    (void)state;
    assert_true(hinted(8, 500, 0));
    assert_false(hinted(7, 500, 0));   /* one guest */
    assert_false(hinted(8, 5000, 0));  /* one after the other */
    assert_false(hinted(8, 500, 600)); /* by turns */
}

static void test_trace_and_reports(void **state) {
    char dir[] = "/tmp/trillium-test-XXXXXX", out[64], why[256] = "", table[8192] = "";
    struct trace_set set;
    size_t kernels = 0;
    (void)state;

    assert_non_null(mkdtemp(dir));
    run_guest(dir);
    assert_int_equal(trace_read(dir, &set, why, sizeof why), 0);
    for (size_t i = 0; i < set.count; i++) {
        const struct trace_command *c = &set.items[i].command;
        if (c->what != TRACE_KERNEL)
            continue;
        kernels++;
        assert_string_equal(c->name, "work");
        assert_int_equal(c->work_dim, 2);
        assert_int_equal(c->global[0], 16);
        assert_int_equal(c->local[1], 2);
        /* All on one clock and in order. */
        assert_true(c->call < c->write && c->write <= c->picked_up && c->picked_up <= c->enqueued);
        assert_true(c->submit <= c->start && c->start <= c->end);
        assert_in_range(c->submit, c->call, UINT64_MAX);
        /* its end may be written down by the driver when the waiter has heard of it already */
        assert_in_range(c->start, 0, set.items[i].woken);
        assert_true(set.items[i].published != 0 && set.items[i].published <= set.items[i].woken);
    }
    assert_int_equal(kernels, KERNELS);
    trace_free(&set);

    snprintf(out, sizeof out, "%s/chrome.json", dir);
    FILE *f = fmemopen(table, sizeof table, "w");
    assert_int_equal(profile_report(dir, out, f), 0);
    fclose(f);
    assert_non_null(strstr(table, "work"));
    assert_non_null(strstr(table, "The program is bound by"));
    json_t *json = json_load_file(out, 0, NULL);
    assert_non_null(json);
    json_t *events = json_object_get(json, "traceEvents");
    assert_true(json_array_size(events) >= KERNELS * 5);
    json_decref(json);
    check_record(dir, out);
    remove_all(dir);
}

static void keep_lost(void *opaque, const char *sentence) {
    if (strstr(sentence, "found no room"))
        snprintf(opaque, 256, "%s", sentence);
}

static void traced_markers(struct test_guest *t, const struct test_setup *s, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        trace(t, 0, 0);
        TR_SEND(t->g, MARKER, marker, ((struct tr_array[]){{NULL, 0}}), .queue = s->queue,
                .event_slot = TR_NO_SLOT);
    }
}

/*
 * More commands than a trace has room for, and more at once than are kept: both are counted, and said. A guest thread's
 * stamps are the smallest entries; so the file is filled by these.
 */
static void test_bounds(void **state) {
    enum { STAMPS = TRACE_ROOM / sizeof(struct trace_stamp) + 1000, AT_ONCE = 70000 };
    char dir[] = "/tmp/trillium-test-XXXXXX", number[16], path[64], why[256] = "", said[256] = "";
    struct test_guest t;
    struct test_setup s;
    struct trace_set set;
    struct summary_share share;
    struct stat info;
    size_t count;
    (void)state;

    assert_non_null(mkdtemp(dir));
    int fd = guest_trace_file(dir, number);
    guest_open(&t, (char *[]){"--profile-fd", number, NULL});
    guest_setup(&t, &s, "kernel void k(void) {}\n", "k", 0);
    /* none of these can end before the user event does */
    uint32_t gate = guest_id(&t);
    TR_SEND(t.g, CREATE_USER_EVENT, create_user_event, NULL, .context = s.context, .event = gate);
    TR_SEND(t.g, MARKER, marker, ((struct tr_array[]){{&gate, 1}}), .queue = s.queue,
            .event_slot = TR_NO_SLOT, .barrier = 1);
    traced_markers(&t, &s, AT_ONCE);
    TR_SEND(t.g, SET_USER_EVENT, set_user_event, NULL, .event = gate, .status = CL_COMPLETE);
    assert_int_equal(guest_finish(&t, s.queue), CL_SUCCESS);
    for (uint64_t i = 0; i < STAMPS; i++)
        TR_SEND(t.g, TRACE_WAKE, trace_wake, NULL, .token = 1, .wake_ns = i);
    assert_int_equal(guest_finish(&t, s.queue), CL_SUCCESS);
    guest_close(&t);
    assert_int_equal(fstat(fd, &info), 0);
    close(fd);
    assert_true(info.st_size >= (off_t)TRACE_ROOM / 2 && info.st_size <= (off_t)TRACE_ROOM + 4096);
    assert_int_equal(trace_read(dir, &set, why, sizeof why), 0);
    assert_true(set.lost >= 1000);
    assert_true(set.count > 0 && set.count < AT_ONCE);
    struct summary_group *groups = summary_groups(&set, BY_KERNEL, &count);
    assert_non_null(groups);
    assert_true(summary_shares(&set, &share));
    summary_words(&set, &share, groups, count, keep_lost, said);
    assert_non_null(strstr(said, "found no room in the trace and are missing"));
    free(groups);
    trace_free(&set);
    snprintf(path, sizeof path, "%s", dir);
    remove_all(path);
}

/* A file that ends in the middle of an entry counts as far as it goes; something else is no trace. */
static void test_damaged_files(void **state) {
    char dir[] = "/tmp/trillium-test-XXXXXX", path[64], why[256] = "";
    struct trace_header header = {.magic = TRACE_MAGIC, .version = TRACE_FILE_VERSION, .pid = 1};
    struct trace_command command = {
        .type = TRACE_COMMAND, .size = sizeof command, .sequence = 1, .what = TRACE_KERNEL};
    struct trace_set set;
    (void)state;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/1.trace", dir);
    FILE *f = fopen(path, "we");
    memset(command.name, 'x', sizeof command.name); /* and no NUL */
    command.name[1] = '\33';                        /* what a terminal would obey, */
    memcpy(command.name + 3, "\xc2\x9b", 2);        /* also so */
    command.work_dim = 1000;
    fwrite(&header, sizeof header, 1, f);
    fwrite(&command, sizeof command, 1, f);
    fwrite(&command, sizeof command / 2, 1, f);
    fclose(f);
    assert_int_equal(trace_read(dir, &set, why, sizeof why), 0);
    assert_int_equal(set.count, 1);
    assert_int_equal(strlen(set.items[0].command.name), sizeof command.name - 1);
    assert_int_equal(set.items[0].command.name[1], '?');
    assert_memory_equal(set.items[0].command.name + 2, "x??x", 4);
    assert_int_equal(set.items[0].command.work_dim, 3);
    trace_free(&set);
    f = fopen(path, "we");
    fputs("this is a letter to somebody, not a trace\n", f);
    fclose(f);
    assert_int_equal(trace_read(dir, &set, why, sizeof why), -1);
    assert_non_null(strstr(why, "no trace"));
    remove_all(dir);
    assert_int_equal(trace_read(dir, &set, why, sizeof why), -1);
}

/* By the driver's clock it began after the guest had been told of its end: it is moved by what that clock is off. */
static void test_clocks_in_order(void **state) {
    char dir[] = "/tmp/trillium-test-XXXXXX", path[64], why[256] = "";
    struct trace_header header = {.magic = TRACE_MAGIC, .version = TRACE_FILE_VERSION, .pid = 1};
    struct trace_command command = {.type = TRACE_COMMAND,
                                    .size = sizeof command,
                                    .sequence = 1,
                                    .what = TRACE_KERNEL,
                                    .submit = 5000,
                                    .start = 6000,
                                    .end = 6500,
                                    .ended = 6500};
    struct trace_stamp published = {TRACE_PUBLISHED, sizeof published, 1, 5100};
    struct trace_set set;
    (void)state;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/1.trace", dir);
    FILE *f = fopen(path, "we");
    fwrite(&header, sizeof header, 1, f);
    fwrite(&command, sizeof command, 1, f);
    fwrite(&published, sizeof published, 1, f);
    fclose(f);
    assert_int_equal(trace_read(dir, &set, why, sizeof why), 0);
    const struct trace_command *c = &set.items[0].command;
    assert_int_equal(c->submit, 4100);
    assert_int_equal(c->start, 5100);
    assert_int_equal(c->end, 5600);
    assert_int_equal(c->ended, 5600);
    trace_free(&set);
    remove_all(dir);
}

/* Stages of a command that takes 100 from its call to its end, and runs 60 of them. */
static struct trace_command short_command(uint64_t sequence, uint64_t call, const char *name) {
    struct trace_command c = {.type = TRACE_COMMAND,
                              .size = sizeof c,
                              .sequence = sequence,
                              .what = TRACE_KERNEL,
                              .work_dim = 1,
                              .call = call,
                              .write = call + 10,
                              .picked_up = call + 20,
                              .begun = call + 30,
                              .decoded = call + 30,
                              .enqueued = call + 40,
                              .submit = call + 40,
                              .start = call + 40,
                              .end = call + 100,
                              .ended = call + 100};
    snprintf(c.name, sizeof c.name, "%s", name);
    return c;
}

static void keep_all(void *opaque, const char *sentence) {
    strncat(opaque, sentence, 2000);
    strncat(opaque, "\n", 2);
}

/*
 * Two windows after the first: before one of them the worker was idle, so its time counts from then on; before the other it was not, and
 * it counts from where the first of its commands runs. The last pause ends with the trace. What was not traced is counted.
 */
static void test_gaps(void **state) {
    char dir[] = "/tmp/trillium-test-XXXXXX", path[64], out[64], why[256] = "", said[8192] = "";
    struct trace_header header = {.magic = TRACE_MAGIC, .version = TRACE_FILE_VERSION, .pid = 9};
    const struct trace_command commands[] = {short_command(1, 1000, "a"), short_command(2, 3000, "a"),
                                             short_command(3, 6000, "a"), short_command(4, 6100, "b")};
    const struct trace_stamp windows[] = {{TRACE_WINDOW, sizeof windows[0], 2 * 1 + 1, 2500},
                                          {TRACE_WINDOW, sizeof windows[0], 2 * 2, 5000},
                                          {TRACE_WINDOW, sizeof windows[0], 2 * 4 + 1, 7000}};
    const struct trace_total totals[] = {{TRACE_TOTAL, sizeof totals[0], 37, ""},
                                         {TRACE_TOTAL, sizeof totals[0], 30, "a"},
                                         {TRACE_TOTAL, sizeof totals[0], 5, "b"},
                                         {TRACE_TOTAL, sizeof totals[0], 2, "rare"}};
    struct trace_set set, again;
    struct summary_share share;
    size_t count;
    (void)state;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/9.trace", dir);
    FILE *f = fopen(path, "we");
    fwrite(&header, sizeof header, 1, f);
    fwrite(windows, sizeof windows, 1, f); /* in whatever order */
    fwrite(commands, sizeof commands, 1, f);
    fwrite(totals, sizeof totals, 1, f);
    fclose(f);
    assert_int_equal(trace_read(dir, &set, why, sizeof why), 0);
    assert_int_equal(set.gap_count, 3);
    const uint64_t wanted[][2] = {{1100, 2500}, {3100, 6040}, {6200, 7000}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(set.gaps[i].begin, wanted[i][0]);
        assert_int_equal(set.gaps[i].end, wanted[i][1]);
    }
    assert_int_equal(trace_total(&set, ""), 37);
    assert_int_equal(trace_total(&set, "a"), 30);
    assert_int_equal(trace_total(&set, "c"), 0);

    snprintf(out, sizeof out, "%s/record", dir);
    f = fopen(out, "we");
    record_put(f, &set);
    fclose(f);
    assert_int_equal(record_load(out, &again, why, sizeof why), 0);
    assert_int_equal(again.gap_count, 3);
    assert_memory_equal(again.gaps, set.gaps, 3 * sizeof *set.gaps);
    assert_int_equal(trace_total(&again, "rare"), 2);

    /* what stands in that line comes from anywhere */
    static const char *const bad[] = {"{\"gaps\":[[9,-1,5]],\"totals\":{\"\":1}}",
                                      "{\"gaps\":[[9,1]],\"totals\":{\"\":1}}",
                                      "{\"gaps\":[],\"totals\":{\"\":\"many\"}}", "{\"gaps\":7}", "nothing"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct trace_set refused;
        f = fopen(out, "we");
        fprintf(f,
                "{\"trillium\": 2, \"count\": 0, \"lost\": 0, \"driver_error_ns\": 0, \"commands\": "
                "[\n],\n\"sample\": %s,\n",
                bad[i]);
        fclose(f);
        assert_int_equal(record_load(out, &refused, why, sizeof why), -1);
    }

    /* 1000 to 1100, 2500 to 3100, 6040 to 6200 */
    assert_true(summary_shares(&again, &share));
    assert_int_equal(share.span, 100 + 600 + 160);
    assert_int_equal(share.not_traced, 1400 + 2940 + 800);
    assert_int_equal(share.kernels, 60 + 60 + 60 + 60);
    struct summary_group *groups = summary_groups(&again, BY_KERNEL, &count);
    assert_int_equal(count, 2);
    assert_int_equal(groups[0].count + groups[1].count, 4);
    assert_int_equal(groups[0].of, 30);
    assert_int_equal(groups[1].of, 5);
    summary_words(&again, &share, groups, count, keep_all, said);
    assert_non_null(strstr(said, "4 of 37 in windows"));
    assert_non_null(strstr(said, "rare was enqueued 2 times"));
    free(groups);
    trace_free(&again);
    trace_free(&set);
    remove_all(dir);
}

/* One worker's sample beside another's whole trace: the other's commands are counted too, and its kernels in the first one's gap. */
static void test_gaps_beside_another(void **state) {
    char dir[] = "/tmp/trillium-test-XXXXXX", path[64], why[256] = "";
    struct trace_header header = {.magic = TRACE_MAGIC, .version = TRACE_FILE_VERSION, .pid = 9};
    struct trace_command sampled[] = {short_command(1, 1000, "a"), short_command(2, 9000, "a")},
                         whole[] = {short_command(1, 5000, "a"), short_command(2, 6000, "b")};
    const struct trace_stamp window = {TRACE_WINDOW, sizeof window, 2 * 1 + 1, 8000};
    const struct trace_total totals[] = {{TRACE_TOTAL, sizeof totals[0], UINT64_MAX, ""},
                                         {TRACE_TOTAL, sizeof totals[0], 30, "a"}};
    struct trace_set set;
    struct summary_share share;
    (void)state;

    assert_non_null(mkdtemp(dir));
    for (uint32_t pid = 9; pid <= 10; pid++) {
        header.pid = pid;
        snprintf(path, sizeof path, "%s/%u.trace", dir, pid);
        FILE *f = fopen(path, "we");
        fwrite(&header, sizeof header, 1, f);
        if (pid == 9) {
            fwrite(&window, sizeof window, 1, f);
            fwrite(totals, sizeof totals, 1, f);
        }
        fwrite(pid == 9 ? sampled : whole, sizeof sampled, 1, f);
        fclose(f);
    }
    assert_int_equal(trace_read(dir, &set, why, sizeof why), 0);
    assert_int_equal(trace_total(&set, "a"), 31);
    assert_int_equal(trace_total(&set, "b"), 1);
    assert_true(trace_total(&set, "") <= INT64_MAX); /* a record takes it */
    assert_true(summary_shares(&set, &share));
    assert_int_equal(share.kernels, 4 * 60);
    assert_int_equal(share.not_traced, 8000 - 1100 - 2 * 60);
    trace_free(&set);
    remove_all(dir);
}

/* A guest that stamps its commands only while the host wants it to. */
static void stream(const char *dir, unsigned count, const char *option) {
    struct test_guest t;
    struct test_setup s;
    char number[16];
    int fd = guest_trace_file(dir, number);

    guest_open(&t, (char *[]){"--profile-fd", number, (char *)option, NULL});
    close(fd);
    guest_setup(&t, &s, "kernel void k(void) {}\n", "k", 0);
    for (unsigned i = 0; i < count; i++) {
        if (atomic_load(&t.g->words[SVGA_FIFO_PROFILE]) != 0)
            trace(&t, 0, 0);
        TR_SEND(t.g, MARKER, marker, ((struct tr_array[]){{NULL, 0}}), .queue = s.queue,
                .event_slot = TR_NO_SLOT);
        if (i % 1000 == 999) /* else it would be far ahead of what the host says */
            assert_int_equal(guest_finish(&t, s.queue), CL_SUCCESS);
    }
    int status = guest_close(&t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Of many short commands only windows are traced, unless all are asked for; all are counted. */
static void test_sample(void **state) {
    enum { COUNT = 30000 };
    char dir[] = "/tmp/trillium-test-XXXXXX", other[] = "/tmp/trillium-test-XXXXXX", why[256] = "";
    struct trace_set set;
    uint64_t begin, end;
    (void)state;

    assert_non_null(mkdtemp(dir));
    assert_non_null(mkdtemp(other));
    stream(other, COUNT, "--profile-all");
    assert_int_equal(trace_read(other, &set, why, sizeof why), 0);
    assert_int_equal(set.count + set.lost, COUNT);
    assert_int_equal(set.gap_count, 0);
    trace_free(&set);
    remove_all(other);

    stream(dir, COUNT, NULL);
    assert_int_equal(trace_read(dir, &set, why, sizeof why), 0);
    size_t count = set.count, gaps = set.gap_count;
    uint64_t total = trace_total(&set, "");
    for (size_t i = 0; i < count; i++)
        for (size_t g = 0; g < gaps; g++)
            if (stage_times(&set.items[i], STAGE_RUN, &begin, &end))
                assert_true(end <= set.gaps[g].begin || begin >= set.gaps[g].end);
    trace_free(&set);
    remove_all(dir);
    if (gaps == 0) { /* so slow a machine that all of them cost little enough */
        assert_int_equal(count, COUNT);
        skip();
    }
    assert_true(count >= SAMPLE_WINDOW && count < COUNT);
    assert_int_equal(total, COUNT);
}

int test_profile(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace_and_reports),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_clocks_in_order),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_no_turns),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_gaps_beside_another),
        cmocka_unit_test(test_sample),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
