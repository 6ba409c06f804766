// SPDX-License-Identifier: MIT
/* What an administrator does to guests: trillium ls, limit, pause, resume, kill, policy. */
#include "host-backend/cli/ask.h"
#include "host-backend/cli/cli.h"
#include "host-backend/control/limits.h"
#include "host-backend/control/plain.h"
#include "host-backend/control/policy.h"
#include "host-backend/control/wire.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char asks[] =
    "\nAsks the host's control, which `trillium control` is, at " WIRE_SOCKET " or where $" WIRE_VARIABLE
    " says.\nGUEST is a guest's number or name, as `trillium ls` shows them.\n";

struct usage {
    const char *name, *arguments, *what;
};

static void print_help(const struct usage *u) {
    printf("Usage: trillium %s%s\n\n%s\n", u->name, u->arguments, u->what);
    if (strcmp(u->name, "limit") == 0)
        for (int i = 0; i < LIMITS; i++)
            printf("  %-18s  %s\n", limit_table[i].name, limit_table[i].doc);
    if (strcmp(u->name, "limit") == 0)
        printf("  %-18s  %s\n", LIMIT_DEVICES, LIMIT_DEVICES_DOC);
    fputs(asks, stdout);
    puts("");
    puts("  --json   as JSON");
    puts("  --help");
}

/* Options of all of them. -1: go on; else the exit status. */
static int options_of(const struct usage *u, int argc, char **argv, bool *json) {
    static const struct option both[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    int c;

    *json = false;
    while ((c = cli_option(u->name, argc, argv, "h", both)) != -1) {
        if (c == '?')
            return CLI_EXIT_USE;
        if (c == 'h') {
            print_help(u);
            return 0;
        }
        *json = true;
    }
    return -1;
}

/* ---- ls ---- */

static const char *text_of(const json_t *o, const char *key) {
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static json_int_t number_of(const json_t *o, const char *key) {
    return json_integer_value(json_object_get(o, key));
}

static void print_guest(const json_t *g) {
    char memory[16], time[16], queued[16], value[32];
    const char *name;
    json_t *each;
    size_t i;

    ask_bytes(number_of(g, "memory"), memory);
    ask_seconds(number_of(g, "device_ns"), time);
    ask_seconds(number_of(g, "queued_ns"), queued);
    printf("%-4lld %s%s\n     %zu processes, %s of memory, %lld commands, device time %s, queued %s\n",
           (long long)number_of(g, "id"), text_of(g, "name"),
           json_is_true(json_object_get(g, "paused")) ? "  (paused)" : "",
           json_array_size(json_object_get(g, "processes")), memory, (long long)number_of(g, "commands"),
           time, queued);
    printf("     limits:");
    json_object_foreach(json_object_get(g, "limits"), name, each) {
        int limit = limit_find(name);
        if (json_is_string(each)) {
            printf(" %s=%s", name, json_string_value(each));
            continue;
        }
        limit_write(limit < 0 ? 0 : limit, (uint64_t)json_integer_value(each), value);
        printf(" %s=%s", name, value);
    }
    puts("");
    json_array_foreach(json_object_get(g, "devices"), i, each) {
        printf("     on %s: %lld commands%s\n", text_of(each, "name"), (long long)number_of(each, "commands"),
               json_is_true(json_object_get(each, "shared")) ? ", in turns" : "");
    }
    json_array_foreach(json_object_get(g, "processes"), i, each) {
        printf("     process %lld, worker %lld\n", (long long)number_of(each, "pid"),
               (long long)number_of(each, "worker"));
    }
}

int cmd_ls(int argc, char **argv) {
    static const struct usage u = {
        "ls", " [--json]",
        "Shows the guests of this host: their processes, limits and devices, and what "
        "they have used."};
    bool json;
    json_t *g;
    size_t i;
    int status = options_of(&u, argc, argv, &json);

    if (status >= 0)
        return status;
    if (optind != argc)
        return cli_misused("ls", "unexpected argument '%s'", argv[optind]);
    json_t *guests = ask_guests("ls");
    if (!guests)
        return 1;
    if (json) {
        json_dumpf(guests, stdout, JSON_INDENT(2));
        puts("");
    }
    json_array_foreach(guests, i, g) {
        if (!json)
            print_guest(g);
    }
    json_decref(guests);
    return 0;
}

/* ---- commands ---- */

/* Done, or not, and why. The exit status. */
static int told(const char *subcommand, bool done, char *why, bool json) {
    if (json) {
        plain_text(why);
        json_t *o = done ? json_pack("{s:b}", "ok", 1) : json_pack("{s:b, s:s}", "ok", 0, "why", why);
        json_dumpf(o, stdout, 0);
        puts("");
        json_decref(o);
    } else if (!done) {
        cli_say(subcommand, "%s", why);
    }
    return done ? 0 : 1;
}

static int order(const char *subcommand, json_t *request, bool json) {
    char why[ASK_WHY] = "";
    json_t *answer = ask_control(request, -1, NULL, why);

    json_decref(answer);
    return told(subcommand, answer != NULL, why, json);
}

int cmd_limit(int argc, char **argv) {
    static const struct usage u = {"limit", " [--json] GUEST KEY=VALUE...",
                                   "Changes what a guest may have, from now until the policy is read again. "
                                   "KEY=none takes a limit away.\n"};
    bool json;
    int status = options_of(&u, argc, argv, &json);

    if (status >= 0)
        return status;
    if (argc - optind < 2)
        return cli_misused("limit", "say which guest, and what to limit: GUEST KEY=VALUE");
    json_t *set = json_object();
    for (int i = optind + 1; i < argc; i++) {
        char key[32];
        const char *equals = strchr(argv[i], '=');
        if (!equals || equals - argv[i] >= (long)sizeof key) {
            json_decref(set);
            return cli_misused("limit", "'%s' is no KEY=VALUE", argv[i]);
        }
        snprintf(key, sizeof key, "%.*s", (int)(equals - argv[i]), argv[i]);
        json_object_set_new(set, key, json_string(equals + 1));
    }
    return order("limit", json_pack("{s:s, s:s, s:o}", "do", "limit", "guest", argv[optind], "set", set),
                 json);
}

static int one_guest(const struct usage *u, int argc, char **argv) {
    bool json;
    int status = options_of(u, argc, argv, &json);

    if (status >= 0)
        return status;
    if (argc - optind != 1)
        return cli_misused(u->name, "say which guest, and only one");
    return order(u->name, json_pack("{s:s, s:s}", "do", u->name, "guest", argv[optind]), json);
}

int cmd_pause(int argc, char **argv) {
    static const struct usage u = {"pause", " [--json] GUEST",
                                   "No further command of the guest begins on a device until `trillium "
                                   "resume`. What runs goes on to its end; the "
                                   "guest's\nprograms wait and lose nothing."};
    return one_guest(&u, argc, argv);
}

int cmd_resume(int argc, char **argv) {
    static const struct usage u = {"resume", " [--json] GUEST", "A paused guest goes on."};
    return one_guest(&u, argc, argv);
}

int cmd_kill(int argc, char **argv) {
    static const struct usage u = {"kill", " [--json] GUEST",
                                   "Ends the workers of a guest: its programs lose their devices, which they "
                                   "hear of by OpenCL errors. New ones may "
                                   "come."};
    return one_guest(&u, argc, argv);
}

int cmd_policy(int argc, char **argv) {
    static const struct usage u = {"policy", " [--json] check FILE | reload",
                                   "check: is this a policy? Says line and reason if not.\nreload: the "
                                   "control reads its policy again, and stays "
                                   "with the old one where the new one is wrong."};
    char why[POLICY_WHY] = "";
    bool json;
    int status = options_of(&u, argc, argv, &json);

    if (status >= 0)
        return status;
    if (argc - optind == 1 && strcmp(argv[optind], "reload") == 0)
        return order("policy", json_pack("{s:s}", "do", "reload"), json);
    if (argc - optind != 2 || strcmp(argv[optind], "check") != 0)
        return cli_misused("policy", "say check FILE, or reload");
    struct policy *p = policy_read(argv[optind + 1], why);
    const bool good = p != NULL;
    policy_free(p);
    return told("policy", good, why, json);
}
