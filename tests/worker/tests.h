// SPDX-License-Identifier: MIT
#ifndef TESTS_WORKER_TESTS_H
#define TESTS_WORKER_TESTS_H

/* Each returns the number of failed cases. */
int test_commands(void);
int test_events(void);
int test_hostile(void);
int test_broker(void);
int test_crowd(void);
int test_pool(void);
int test_profile(void);
int test_seen(void);
int test_store(void);
int test_binaries(void);
int test_batches(void);
int test_files(void);
int test_bombs(void);

/* The life of a worker of test_pool, with the arguments from the number of its control socket on: its exit
 * status. */
int pool_worker(int argc, char **argv);

int bench(int argc, char **argv);

#endif
