// SPDX-License-Identifier: MIT
/* trillium profile: reads recorded profiles. */
#include "host-backend/cli/attach.h"
#include "host-backend/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host-backend/profile/record.h"
#include "host-backend/profile/report.h"

static const char help[] =
    "Usage: trillium profile [OPTION]... FILE | DIR\n"
    "       trillium profile diff BEFORE AFTER\n"
    "       trillium profile --attach GUEST [--seconds N] FILE\n"
    "\n"
    "Prints what a profile that trillium run --profile FILE has recorded comes to: what bounds the program, "
    "and the\n"
    "stages of each kernel, queue and transfer. The same of the guests of a daemon that was started with "
    "--profile DIR, once\n"
    "they have ended. diff says what became longer and shorter. --attach records in FILE what a guest that "
    "runs "
    "does from now\n"
    "on, and prints it then; GUEST is a guest's number or name, as trillium ls shows them (for "
    "administrators, by "
    "trillium\n"
    "control).\n"
    "\n"
    "  --attach GUEST profile all processes of this guest, also those that begin meanwhile, until Ctrl-C\n"
    "  --seconds N    or for so long\n"
    "  --all          all commands, where they are so many and short that this costs more than some 2 %; "
    "else "
    "a sample\n"
    "  --html FILE    write it as a page for a browser, with histograms\n"
    "  --csv FILE     write every stage of everything: count, sum, min, median, p95, p99, max in "
    "nanoseconds\n"
    "  --help\n";

static int load(const char *path, struct trace_set *set) {
    char why[512] = "";
    struct stat info;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);

    if ((folder ? trace_read(path, set, why, sizeof why) : record_load(path, set, why, sizeof why)) == 0)
        return 0;
    cli_say("profile", "%s", why);
    return -1;
}

static int write_file(const char *path, const struct trace_set *set,
                      int (*write)(const struct trace_set *, FILE *)) {
    FILE *f = fopen(path, "we");
    bool ok = f && write(set, f) == 0;

    if (f && fclose(f) != 0)
        ok = false;
    if (!ok)
        cli_say("profile", "cannot write %s: %s", path, strerror(errno ? errno : ENOMEM));
    return ok ? 0 : 1;
}

static int diff(const char *before, const char *after) {
    struct trace_set a = {0}, b = {0};
    int status = 1;

    if (load(before, &a) == 0 && load(after, &b) == 0)
        status = profile_diff(&a, &b, stdout) < 0;
    trace_free(&a);
    trace_free(&b);
    return status;
}

int cmd_profile(int argc, char **argv) {
    static const struct option options[] = {{"html", required_argument, NULL, 'H'},
                                            {"csv", required_argument, NULL, 'c'},
                                            {"attach", required_argument, NULL, 'a'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"all", no_argument, NULL, 'A'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *html = NULL, *csv = NULL, *guest = NULL;
    double seconds = 0;
    bool all = false;
    char *end = "";
    struct trace_set set;
    int c, status = 0;

    while ((c = cli_option("profile", argc, argv, "h", options)) != -1) {
        switch (c) {
        case 'H':
            html = optarg;
            break;
        case 'c':
            csv = optarg;
            break;
        case 'a':
            guest = optarg;
            break;
        case 's':
            seconds = strtod(optarg, &end);
            if (*end || !(seconds > 0 && seconds < 1e6))
                return cli_misused("profile", "--seconds takes a number of seconds");
            break;
        case 'A':
            all = true;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return CLI_EXIT_USE;
        }
    }
    if (optind < argc && strcmp(argv[optind], "diff") == 0) {
        if (argc - optind != 3 || html || csv)
            return cli_misused("profile", "diff takes two files");
        return diff(argv[optind + 1], argv[optind + 2]);
    }
    if (argc - optind != 1)
        return cli_misused("profile", "which file?");
    if (guest && attach(guest, seconds, all, argv[optind]) < 0)
        return 1;
    if (!guest && (seconds > 0 || all))
        return cli_misused("profile", "--seconds and --all are for --attach");
    if (load(argv[optind], &set) < 0)
        return 1;
    if (!html && !csv)
        status = profile_print(&set, stdout) < 0;
    if (html)
        status |= write_file(html, &set, profile_html);
    if (csv)
        status |= write_file(csv, &set, profile_csv);
    trace_free(&set);
    return status;
}
