// SPDX-License-Identifier: MIT
/*
 * The command line: `trillium SUBCOMMAND ...`. Each subcommand is one file with one function that takes its
 * own argv (argv[0] is the subcommand) and returns the exit status.
 *
 * Exit statuses: 0 done; 1 what was asked for is not so, or failed; 2 wrong use, of every subcommand.
 * `trillium run` returns its program's own status, 128 + n if signal n ended it, CLI_EXIT_FAILED if Trillium
 * itself could not do its part, 126 if the program cannot be executed, 127 if there is none of that name.
 */
#ifndef HOST_BACKEND_CLI_CLI_H
#define HOST_BACKEND_CLI_CLI_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

enum { CLI_EXIT_USE = 2, CLI_EXIT_FAILED = 125, CLI_EXIT_NOT_EXECUTABLE = 126, CLI_EXIT_NOT_FOUND = 127 };

/* "0.2.0", and in a git tree " (commit)" behind it. */
extern const char cli_version[];

int cmd_run(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_cdi(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_control(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_limit(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_policy(int argc, char **argv);

/* "trillium SUBCOMMAND: sentence" on stderr. */
void cli_say(const char *subcommand, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Wrong use: the same with where to read how it is used. CLI_EXIT_USE. */
int cli_misused(const char *subcommand, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * getopt_long(3), whose own messages lack our name. `letters` without a leading ':' (but "+" may lead). What it
 * returns; '?' after the sentence of cli_misused was said.
 */
struct option;
int cli_option(const char *subcommand, int argc, char **argv, const char *letters,
               const struct option *options);

/* How many letters have to be added, dropped or changed to make `b` of `a`; 32 where one is that long. */
unsigned cli_distance(const char *a, const char *b);

/* Trillium's own files, found beside the running binary: bin/trillium knows ../libexec, ../lib and ../share,
 * in the build tree as when installed. */
struct cli_paths {
    char prefix[PATH_MAX];
    char self[PATH_MAX];    /* bin/trillium */
    char worker[PATH_MAX];  /* libexec/trillium-worker */
    char remote[PATH_MAX];  /* libexec/trillium-remote */
    char vm_init[PATH_MAX]; /* libexec/trillium-vm-init */
    char eval[PATH_MAX];    /* libexec/trillium-eval */
    char icd[PATH_MAX];     /* lib/libtrillium-icd.so */
    char icd_dir[PATH_MAX]; /* share/trillium/icd: holds trillium.icd and nothing else */
    char visa_guest[PATH_MAX];
    char visa_compile[PATH_MAX]; /* libexec/trillium-visa-compile, in which visa_guest is loaded */
    char visa_host[PATH_MAX];
};
/* 0, or -1 after saying why. */
int cli_paths_find(struct cli_paths *paths, const char *subcommand);

/*
 * Where a tenant's built programs are kept: `given` (an option), or
 * ${XDG_CACHE_HOME:-~/.cache}/trillium/programs. NULL: nowhere, because `given` is "none" or there is no
 * home.
 */
const char *cli_build_cache(const char *given, char path[PATH_MAX]);

/* Where the host's key for its own binaries is kept: ${XDG_STATE_HOME:-~/.local/state}/trillium/host.key.
 * NULL: nowhere, because there is no home. */
const char *cli_host_key(char path[PATH_MAX]);

/* Where the user has no cache folder that can be written to, sets POCL_CACHE_DIR to a new one of this
 * process' own; PoCL would show no device. And removes it: to be called when the workers have ended. */
void cli_driver_cache_make(const char *subcommand);
void cli_driver_cache_remove(void);

/* For daemons: nothing that this process or a child executes gets rights that it has not. */
void cli_take_no_rights(void);
/* The same: as many descriptors as it may have. */
void cli_take_all_descriptors(void);

#endif
