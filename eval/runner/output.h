// SPDX-License-Identifier: MIT
/* Where results are written: a folder with a JSON file and a page. */
#ifndef EVAL_RUNNER_OUTPUT_H
#define EVAL_RUNNER_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* With its parents. false after saying why. */
bool output_make_folder(const char *path);
/* Writes FOLDER/NAME and prints its path. false after saying why. */
bool output_json(const char *folder, const char *name, json_t *root);
/* Opens FOLDER/NAME for writing. NULL after saying why. */
FILE *output_page(const char *folder, const char *name);
/* Closes it and prints its path. false after saying why. */
bool output_page_end(FILE *f, const char *folder, const char *name);

#endif
