// SPDX-License-Identifier: MIT
/* trillium top: who uses the devices, now. */
#include "host-backend/cli/ask.h"
#include "host-backend/cli/cli.h"

#include <getopt.h>
#include <ncurses.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char help[] = "Usage: trillium top [OPTION]...\n"
                           "\n"
                           "Shows each guest's part of the devices' time, live; q ends it. Into a pipe it "
                           "prints one table after another.\n"
                           "\n"
                           "  --seconds N   time between looks (default 1)\n"
                           "  --count N     so many looks, then end (default: for ever; in a pipe: 1)\n"
                           "  --json        each look as a line of JSON\n"
                           "  --help\n";

enum { ROW = 200 };

struct look {
    json_t *guests;
    double at;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static json_int_t number_of(const json_t *o, const char *key) {
    return json_integer_value(json_object_get(o, key));
}

/* What a guest's counter was at the last look: 0 where it was not there. */
static json_int_t before(const struct look *last, const json_t *guest, const char *key) {
    json_t *g;
    size_t i;

    json_array_foreach(last->guests, i, g) {
        if (number_of(g, "id") == number_of(guest, "id"))
            return number_of(g, key);
    }
    return 0;
}

static double since(const struct look *last, const json_t *guest, const char *key) {
    return (double)(number_of(guest, key) - before(last, guest, key));
}

/* Writes "share", "device" (devices' seconds in a second) and "commands_per_second" into each guest. */
static void compare(const struct look *last, const struct look *this) {
    double total = 0, seconds = this->at - last->at;
    json_t *g;
    size_t i;

    json_array_foreach(this->guests, i, g) {
        total += since(last, g, "device_ns");
    }
    json_array_foreach(this->guests, i, g) {
        double ns = since(last, g, "device_ns");
        json_object_set_new(g, "share", json_real(total > 0 ? ns / total : 0));
        json_object_set_new(g, "device", json_real(seconds > 0 ? ns * 1e-9 / seconds : 0));
        json_object_set_new(g, "commands_per_second",
                            json_real(seconds > 0 ? since(last, g, "commands") / seconds : 0));
    }
}

static const char heading[] = "  ID  SHARE  DEVICE  WEIGHT   COMMANDS/S      MEMORY  PROCS  GUEST";

static void write_row(const json_t *g, char text[ROW]) {
    char memory[16];

    ask_bytes(number_of(g, "memory"), memory);
    snprintf(text, ROW, "%4lld %5.1f%%  %5.1f%%  %6lld %12.0f  %10s  %5zu  %.100s%s",
             (long long)number_of(g, "id"), 100 * json_real_value(json_object_get(g, "share")),
             100 * json_real_value(json_object_get(g, "device")),
             (long long)number_of(json_object_get(g, "limits"), "weight"),
             json_real_value(json_object_get(g, "commands_per_second")), memory,
             json_array_size(json_object_get(g, "processes")), json_string_value(json_object_get(g, "name")),
             json_is_true(json_object_get(g, "paused")) ? " (paused)" : "");
}

static void print(const struct look *this, bool json, bool screen) {
    char text[ROW];
    json_t *g;
    size_t i;

    if (json) {
        json_dumpf(this->guests, stdout, JSON_COMPACT);
        puts("");
        fflush(stdout);
        return;
    }
    if (screen) {
        erase();
        attron(A_REVERSE);
        mvprintw(0, 0, "%s", heading);
        attroff(A_REVERSE);
    } else {
        puts(heading);
    }
    json_array_foreach(this->guests, i, g) {
        write_row(g, text);
        if (screen)
            mvprintw((int)i + 1, 0, "%.*s", COLS, text);
        else
            puts(text);
    }
    if (screen)
        refresh();
    else
        puts("");
    fflush(stdout);
}

/* Waits for the next look. False: q was typed. */
static bool pause_for(double seconds, bool screen) {
    if (screen) {
        timeout((int)(seconds * 1000));
        return getch() != 'q';
    }
    const struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
    return true;
}

static int watch(double seconds, long count, bool json, bool screen) {
    struct look last = {ask_guests("top"), now()};

    if (!last.guests)
        return 1;
    if (screen) {
        initscr();
        cbreak();
        noecho();
        curs_set(0);
    }
    while (count != 0 && pause_for(seconds, screen)) {
        struct look this = {ask_guests("top"), now()};
        if (!this.guests)
            break;
        compare(&last, &this);
        print(&this, json, screen);
        json_decref(last.guests);
        last = this;
        count -= count > 0;
    }
    if (screen)
        endwin();
    json_decref(last.guests);
    return 0;
}

int cmd_top(int argc, char **argv) {
    static const struct option options[] = {{"seconds", required_argument, NULL, 's'},
                                            {"count", required_argument, NULL, 'c'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    double seconds = 1;
    long count = 0;
    bool json = false;
    char *end;
    int o;

    while ((o = cli_option("top", argc, argv, "h", options)) != -1) {
        switch (o) {
        case 's':
            seconds = strtod(optarg, &end);
            if (*end || !(seconds >= 0.05 && seconds <= 3600))
                return cli_misused("top", "--seconds takes a number from 0.05 to 3600, not '%s'", optarg);
            break;
        case 'c':
            count = strtol(optarg, &end, 10);
            if (*end || count < 1)
                return cli_misused("top", "--count takes a number from 1 on, not '%s'", optarg);
            break;
        case 'j':
            json = true;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return CLI_EXIT_USE;
        }
    }
    if (optind != argc)
        return cli_misused("top", "unexpected argument '%s'", argv[optind]);
    const bool screen = isatty(STDOUT_FILENO) && !json;
    return watch(seconds, count > 0 ? count : screen ? -1 : 1, json, screen);
}
