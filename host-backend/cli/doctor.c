// SPDX-License-Identifier: MIT
#include "host-backend/cli/doctor.h"

#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: trillium doctor [--json]\n"
    "\n"
    "Says what this machine has and lacks for each use of Trillium, and the command that mends it.\n"
    "\n"
    "  --json   the same for programs: {\"uses\": {...}, \"checks\": [...]}\n"
    "  --help\n"
    "\n"
    "Exit status: 0 if `trillium run` works here, 1 if not.\n";

static const struct use {
    enum doctor_use bit;
    const char *name, *title;
} uses[USE_COUNT] = {
    {USE_PROCESS, "run", "trillium run: programs as process guests"},
    {USE_SPIRV, "spirv", "--ir spirv: the SVGA baseline"},
    {USE_VM, "vm", "trillium run --vm: throwaway VMs"},
    {USE_OWN_VM, "own-vm", "your own QEMU or libvirt VMs"},
    {USE_BUILD, "build", "building Trillium"},
    {USE_EVAL, "eval", "make eval"},
    {USE_IN_GUEST, "in-guest", "this machine as a guest of Trillium"},
};

void doctor_set(struct doctor_finding *f, enum doctor_state state, const char *mend, const char *format,
                ...) {
    va_list args;

    f->state = state;
    va_start(args, format);
    vsnprintf(f->detail, sizeof(f->detail), format, args);
    va_end(args);
    snprintf(f->mend, sizeof(f->mend), "%s", mend ? mend : "");
}

static const char *state_name(enum doctor_state s) {
    return s == DOCTOR_OK ? "ok" : s == DOCTOR_FAIR ? "fair" : "missing";
}

static void print_finding(const char *name, const struct doctor_finding *f) {
    char text[sizeof(f->detail)], *line, *rest = text;

    memcpy(text, f->detail, sizeof(text));
    line = strsep(&rest, "\n");
    printf("    %-8s %-18s %s\n", state_name(f->state), name, line);
    while ((line = strsep(&rest, "\n")))
        if (*line)
            printf("             %-18s %s\n", "", line);
    if (f->state != DOCTOR_OK && f->mend[0])
        printf("             %-18s -> %s\n", "", f->mend);
}

static json_t *as_json(const enum doctor_state *use_states, const struct doctor_finding *findings,
                       int count) {
    json_t *root = json_object(), *use_list = json_object(), *list = json_array();

    for (int u = 0; u < USE_COUNT; u++)
        json_object_set_new(use_list, uses[u].name, json_string(state_name(use_states[u])));
    for (int i = 0; i < count; i++) {
        json_t *c = json_object(), *of = json_array();

        for (int u = 0; u < USE_COUNT; u++)
            if (doctor_checks[i].uses & uses[u].bit)
                json_array_append_new(of, json_string(uses[u].name));
        json_object_set_new(c, "name", json_string(doctor_checks[i].name));
        json_object_set_new(c, "uses", of);
        json_object_set_new(c, "state", json_string(state_name(findings[i].state)));
        json_object_set_new(c, "detail", json_string_nocheck(findings[i].detail));
        if (findings[i].state != DOCTOR_OK && findings[i].mend[0])
            json_object_set_new(c, "mend", json_string(findings[i].mend));
        json_array_append_new(list, c);
    }
    json_object_set_new(root, "uses", use_list);
    json_object_set_new(root, "checks", list);
    return root;
}

int cmd_doctor(int argc, char **argv) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    enum doctor_state use_states[USE_COUNT] = {DOCTOR_OK};
    struct doctor_finding *findings;
    struct cli_paths paths;
    bool json = false;
    int c, count = 0, status;

    while ((c = cli_option("doctor", argc, argv, "h", options)) != -1) {
        if (c == 'j') {
            json = true;
        } else if (c == 'h') {
            fputs(help, stdout);
            return 0;
        } else {
            return CLI_EXIT_USE;
        }
    }
    if (optind != argc)
        return cli_misused("doctor", "unexpected argument '%s'", argv[optind]);
    if (cli_paths_find(&paths, "doctor") < 0)
        return 1;
    while (doctor_checks[count].name)
        count++;
    findings = calloc((size_t)count + 1, sizeof(*findings));
    if (!findings)
        return 1;
    for (int i = 0; i < count; i++) {
        if (!json && isatty(STDERR_FILENO))
            fprintf(stderr, "\rlooking at %-24s\r", doctor_checks[i].name);
        doctor_checks[i].check(&paths, &findings[i]);
        for (int u = 0; u < USE_COUNT; u++)
            if ((doctor_checks[i].uses & uses[u].bit) && findings[i].state > use_states[u])
                use_states[u] = findings[i].state;
    }
    if (json) {
        json_t *root = as_json(use_states, findings, count);

        json_dumpf(root, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(root);
    } else {
        /* a check that several uses share is shown with the first */
        bool *shown = calloc((size_t)count + 1, sizeof(*shown));

        for (int u = 0; u < USE_COUNT && shown; u++) {
            printf("%s: %s\n", uses[u].title,
                   use_states[u] == DOCTOR_OK     ? "works"
                   : use_states[u] == DOCTOR_FAIR ? "works, with less than could be had"
                   : uses[u].bit == USE_IN_GUEST  ? "no"
                                                  : "does not work yet");
            for (int i = 0; i < count; i++) {
                if (!(doctor_checks[i].uses & uses[u].bit) || (shown[i] && findings[i].state == DOCTOR_OK))
                    continue;
                print_finding(doctor_checks[i].name, &findings[i]);
                shown[i] = true;
            }
        }
        free(shown);
    }
    status = use_states[0] == DOCTOR_MISSING;
    free(findings);
    return status;
}
