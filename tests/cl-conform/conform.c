// SPDX-License-Identifier: MIT
/*
 * Runs cases: see conform.h for what a transcript looks like.
 *
 * The first process never calls OpenCL (drivers do not survive a fork). For each group it forks a child that
 * runs the cases in order and keeps in shared memory which one it is at; if the child dies or hangs, the case
 * is written off and another child goes on behind it.
 */
#include "conform.h"
#include "groups.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum outcome { RUNNING, PASSED, FAILED, SKIPPED };

/* Shared between the runner and the child that runs cases. */
struct progress {
    _Atomic int next;         /* index of the case to run next */
    _Atomic int running;      /* the one that runs, or -1 */
    _Atomic double started_s; /* when it began */
};

static struct progress *progress;
static bool big;
static unsigned limit_scale = 1;
static const char *want_platform, *want_device;

static int bad_lines; /* of the running case */
static jmp_buf case_end;
static enum outcome outcome;
static char reason[256];

double now_s(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool run_big(void) {
    return big;
}

/* ---- lines
 * ---------------------------------------------------------------------------------------------------- */

/* Transcripts are lines: control characters of values are spelled out. */
static void put_escaped(const char *text) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '\n')
            fputs("\\n", stdout);
        else if (c < 32 || c == 127)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
}

static void put_line(char kind, const char *what, const char *format, va_list args) {
    char *value = NULL;

    if (vasprintf(&value, format, args) < 0)
        abort();
    printf("%c ", kind);
    put_escaped(what);
    fputs(": ", stdout);
    put_escaped(value);
    putchar('\n');
    fflush(stdout);
    free(value);
}

#define DEFINE_LINE(function, kind)                                                                          \
    void function(const char *what, const char *format, ...) {                                               \
        va_list args;                                                                                        \
                                                                                                             \
        va_start(args, format);                                                                              \
        put_line(kind, what, format, args);                                                                  \
        va_end(args);                                                                                        \
    }

DEFINE_LINE(see, '=')
DEFINE_LINE(see_words, '@')
DEFINE_LINE(loose, '~')
static DEFINE_LINE(rule, '?')

    bool check(bool ok, const char *format, ...) {
    char *what = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&what, format, args) < 0)
        abort();
    va_end(args);
    rule(what, "%s", ok ? "ok" : "BAD");
    free(what);
    bad_lines += !ok;
    return ok;
}

bool expect_code(const char *what, cl_int got, const cl_int *allowed, size_t count) {
    char wanted[256] = "";

    for (size_t i = 0; i < count; i++) {
        if (got == allowed[i]) {
            rule(what, "ok %s", error_name(got));
            return true;
        }
        size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof(wanted) - used, "%s%s", i ? " or " : "", error_name(allowed[i]));
    }
    rule(what, "BAD %s, not %s", error_name(got), wanted);
    bad_lines++;
    return false;
}

void must_succeed(const char *what, cl_int got, const char *file, int line) {
    if (got == CL_SUCCESS)
        return;
    rule(what, "BAD %s", error_name(got));
    bad_lines++;
    const char *slash = strrchr(file, '/');
    fail("%s:%d: %s", slash ? slash + 1 : file, line, error_name(got));
}

static _Noreturn void end_case(enum outcome how) {
    outcome = how;
    longjmp(case_end, 1);
}

void skip(const char *format, ...) {
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    end_case(SKIPPED);
}

void fail(const char *format, ...) {
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    end_case(FAILED);
}

bool check_ints(const char *what, const cl_int *got, const cl_int *want, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (got[i] != want[i]) {
            rule(what, "BAD [%zu] is %d, not %d", i, got[i], want[i]);
            bad_lines++;
            return false;
        }
    }
    rule(what, "ok");
    return true;
}

bool check_bytes(const char *what, const void *got, const void *want, size_t size) {
    const unsigned char *g = got, *w = want;

    for (size_t i = 0; i < size; i++) {
        if (g[i] != w[i]) {
            rule(what, "BAD byte %zu is %u, not %u", i, g[i], w[i]);
            bad_lines++;
            return false;
        }
    }
    rule(what, "ok");
    return true;
}

/* ---- the device under test
 * -------------------------------------------------------------------------------------- */

static bool matches(const char *pattern, const char *name, int index) {
    char *end;
    long number = strtol(pattern, &end, 10);

    if (*pattern && !*end)
        return number == index;
    return strstr(name, pattern) != NULL;
}

static bool find_device(cl_platform_id *platform, cl_device_id *device) {
    cl_platform_id platforms[16];
    cl_device_id devices[16];
    cl_uint platform_count = 0, device_count;
    char name[1024];

    if (clGetPlatformIDs(16, platforms, &platform_count) != CL_SUCCESS)
        return false;
    for (cl_uint p = 0; p < platform_count && p < 16; p++) {
        if (want_platform && (clGetPlatformInfo(platforms[p], CL_PLATFORM_NAME, sizeof(name), name, NULL) ||
                              !matches(want_platform, name, (int)p)))
            continue;
        device_count = 0;
        clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, 16, devices, &device_count);
        for (cl_uint d = 0; d < device_count && d < 16; d++) {
            if (want_device && (clGetDeviceInfo(devices[d], CL_DEVICE_NAME, sizeof(name), name, NULL) ||
                                !matches(want_device, name, (int)d)))
                continue;
            *platform = platforms[p];
            *device = devices[d];
            return true;
        }
    }
    return false;
}

static void the_pair(cl_platform_id *platform, cl_device_id *device) {
    static cl_platform_id p;
    static cl_device_id d;

    if (!d && !find_device(&p, &d))
        fail("no OpenCL device matches");
    *platform = p;
    *device = d;
}

cl_platform_id the_platform(void) {
    cl_platform_id p;
    cl_device_id d;

    the_pair(&p, &d);
    return p;
}

cl_device_id the_device(void) {
    cl_platform_id p;
    cl_device_id d;

    the_pair(&p, &d);
    return d;
}

/* ---- running
 * ---------------------------------------------------------------------------------------------------- */

static void run_case(const struct test_group *group, const struct test_case *c) {
    bad_lines = 0;
    outcome = RUNNING;
    reason[0] = 0;
    printf("CASE %s.%s\n", group->name, c->name);
    fflush(stdout);
    if (c->big && !big) {
        printf("END %s.%s SKIP wants --big\n", group->name, c->name);
    } else {
        double start = now_s();

        if (setjmp(case_end) == 0) {
            c->run();
            outcome = PASSED;
        }
        loose("seconds", "%.2f", now_s() - start);
        if (outcome == PASSED && bad_lines) {
            outcome = FAILED;
            snprintf(reason, sizeof(reason), "%d BAD", bad_lines);
        }
        printf("END %s.%s %s%s%s\n", group->name, c->name,
               outcome == PASSED    ? "PASS"
               : outcome == SKIPPED ? "SKIP"
                                    : "FAIL",
               reason[0] ? " " : "", reason);
    }
    fflush(stdout);
}

const char *the_platform_argument(void) {
    return want_platform ? want_platform : "";
}

unsigned the_limit_scale(void) {
    return limit_scale;
}

int run_as_case(void (*run)(void)) {
    outcome = RUNNING;
    if (setjmp(case_end) == 0) {
        run();
        outcome = PASSED;
    }
    if (outcome != PASSED)
        fprintf(stderr, "cl-conform: %s\n", reason);
    return outcome == PASSED && bad_lines == 0 ? 0 : 1;
}

static bool selected(const struct test_group *group, const struct test_case *c, char **patterns, int count) {
    char full[128];

    snprintf(full, sizeof(full), "%s.%s", group->name, c->name);
    for (int i = 0; i < count; i++)
        if (strcmp(patterns[i], group->name) == 0 || strcmp(patterns[i], full) == 0)
            return true;
    return count == 0;
}

static void run_child(const struct test_group *group, char **patterns, int count) {
    tell_driver = true;
    for (int i = atomic_load(&progress->next); group->cases[i].name; i = atomic_load(&progress->next)) {
        atomic_store(&progress->started_s, now_s());
        atomic_store(&progress->running, i);
        outcome = RUNNING;
        if (selected(group, &group->cases[i], patterns, count))
            run_case(group, &group->cases[i]);
        atomic_store(&progress->next, i + 1);
        atomic_store(&progress->running, -1);
        if (outcome == FAILED)
            break;
#ifdef __SANITIZE_ADDRESS__
        /* What the case had made when it skipped is nobody's leak; the rest runs in a new child. */
        if (outcome == SKIPPED)
            break;
#endif
    }
    atomic_store(&progress->started_s, now_s());
#ifdef __SANITIZE_ADDRESS__
    if (outcome == FAILED || outcome == SKIPPED) {
        fflush(NULL);
        _exit(0);
    }
#endif
}

/* Waits for the child; kills it if the case it is at takes too long. True if it hung. */
static bool wait_child(const struct test_group *group, pid_t pid, int *status) {
    for (;;) {
        pid_t done = waitpid(pid, status, WNOHANG);

        if (done == pid)
            return false;
        int running = atomic_load(&progress->running);
        unsigned limit = running >= 0 && group->cases[running].limit_s ? group->cases[running].limit_s : 30;
        if (now_s() - atomic_load(&progress->started_s) > (double)limit * limit_scale) {
            kill(pid, SIGKILL);
            waitpid(pid, status, 0);
            return true;
        }
        usleep(2000);
    }
}

static void run_group(const struct test_group *group, char **patterns, int count) {
    bool any = false;
    int total = 0;

    for (; group->cases[total].name; total++)
        any = any || selected(group, &group->cases[total], patterns, count);
    if (!any)
        return;
    atomic_store(&progress->next, 0);
    for (;;) {
        int status, first = atomic_load(&progress->next);

        atomic_store(&progress->running, -1);
        atomic_store(&progress->started_s, now_s());
        fflush(NULL);
        pid_t pid = fork();
        if (pid < 0) {
            perror("fork");
            exit(2);
        }
        if (pid == 0) {
            run_child(group, patterns, count);
            exit(0);
        }
        bool hung = wait_child(group, pid, &status);
        int at = atomic_load(&progress->running);
        int next = atomic_load(&progress->next);
        if (!hung && WIFEXITED(status) && WEXITSTATUS(status) == 0 && at < 0) {
            if (next >= total)
                return;
            continue;
        }
        /* Dead between the last case and the end of exit(): a case of its own. */
        const char *name = at >= 0 ? group->cases[at].name : "exit";
        if (at < 0)
            printf("CASE %s.exit\n", group->name);
        if (hung)
            printf("END %s.%s HANG\n", group->name, name);
        else if (WIFSIGNALED(status))
            printf("END %s.%s CRASH signal %d\n", group->name, name, WTERMSIG(status));
        else
            printf("END %s.%s CRASH exit status %d\n", group->name, name, WEXITSTATUS(status));
        fflush(stdout);
        if (at < 0) {
            if (next == first || next >= total)
                return;
            continue;
        }
        atomic_store(&progress->next, at + 1);
        if (at + 1 == total)
            return;
    }
}

static void usage(FILE *out) {
    fputs("usage: cl-conform [--platform NAME|INDEX] [--device NAME|INDEX] [--big] [--limit-scale N] "
          "[GROUP[.CASE]...]\n"
          "       cl-conform --list | --groups\n"
          "       cl-conform --compare [--other-compiler] [--label LABEL] NATIVE GUEST\n"
          "Writes a transcript of what an OpenCL implementation does; --compare tells whether a guest's "
          "equals a native one.\n",
          out);
}

int main(int argc, char **argv) {
    enum { PLATFORM = 256, DEVICE, BIG, SCALE, LIST, GROUPS, COMPARE, OTHER, LABEL, HELPER, HELP };
    static const struct option options[] = {
        {"platform", required_argument, NULL, PLATFORM},
        {"device", required_argument, NULL, DEVICE},
        {"big", no_argument, NULL, BIG},
        {"limit-scale", required_argument, NULL, SCALE},
        {"list", no_argument, NULL, LIST},
        {"groups", no_argument, NULL, GROUPS},
        {"compare", no_argument, NULL, COMPARE},
        {"other-compiler", no_argument, NULL, OTHER},
        {"label", required_argument, NULL, LABEL},
        {"helper", required_argument, NULL, HELPER},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    bool list = false, groups = false, compare = false, other_compiler = false;
    const char *label = "", *scale = getenv("TEST_LIMIT_SCALE"); /* as tests/run has it */

    if (scale && atoi(scale) > 0)
        limit_scale = (unsigned)atoi(scale);

    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case PLATFORM:
            want_platform = optarg;
            break;
        case DEVICE:
            want_device = optarg;
            break;
        case BIG:
            big = true;
            break;
        case SCALE:
            limit_scale = (unsigned)atoi(optarg);
            break;
        case LIST:
            list = true;
            break;
        case GROUPS:
            groups = true;
            break;
        case COMPARE:
            compare = true;
            break;
        case OTHER:
            other_compiler = true;
            break;
        case LABEL:
            label = optarg;
            break;
        case HELPER:
            return helper_main(optarg);
        case HELP:
            usage(stdout);
            return 0;
        default:
            usage(stderr);
            return 2;
        }
    }
    if (compare) {
        if (argc - optind != 2) {
            usage(stderr);
            return 2;
        }
        return compare_transcripts(argv[optind], argv[optind + 1], label, other_compiler);
    }
    progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED) {
        perror("mmap");
        return 2;
    }
    for (size_t g = 0; all_groups[g]; g++) {
        if (groups) {
            puts(all_groups[g]->name);
        } else if (list) {
            for (const struct test_case *c = all_groups[g]->cases; c->name; c++)
                printf("%s.%s\n", all_groups[g]->name, c->name);
        } else {
            run_group(all_groups[g], argv + optind, argc - optind);
        }
    }
    return 0;
}
