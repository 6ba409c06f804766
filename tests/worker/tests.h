#ifndef TESTS_WORKER_TESTS_H
#define TESTS_WORKER_TESTS_H

int worker_tests(void);
int bench(int argc, char **argv);

#endif
