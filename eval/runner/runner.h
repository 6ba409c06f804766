// SPDX-License-Identifier: MIT
#ifndef EVAL_RUNNER_RUNNER_H
#define EVAL_RUNNER_RUNNER_H

/* Both take their own options and return the exit status. */
int eval_main(int argc, char **argv);
int bench_main(int argc, char **argv);

#endif
