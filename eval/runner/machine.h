// SPDX-License-Identifier: MIT
/* What the numbers were measured on. */
#ifndef EVAL_RUNNER_MACHINE_H
#define EVAL_RUNNER_MACHINE_H

#include "eval/runner/sides.h"

#include <jansson.h>
#include <stdio.h>

/* Looks for a second how much of the CPUs others use. Before anything is measured. */
void machine_look(void);
/* CPU, memory, system, kernel, platform, device, versions, and what machine_look saw. */
json_t *machine_json(const struct sides *s);
/* The same in two or three lines. */
void machine_print(FILE *out, const json_t *machine);

#endif
