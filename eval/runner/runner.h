#ifndef EVAL_RUNNER_RUNNER_H
#define EVAL_RUNNER_RUNNER_H

#include "eval/runner/series.h"

/* Both take their own options and return the exit status. */
int eval_main(int argc, char **argv);
int bench_main(int argc, char **argv);

/* With its parents. false after saying why. */
bool runner_make_folder(const char *path);
/* Writes FOLDER/NAME and prints its path. */
bool runner_write(const char *folder, const char *name, json_t *root);

#endif
