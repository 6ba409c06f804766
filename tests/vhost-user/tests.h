// SPDX-License-Identifier: MIT
/* The groups of tests of the vhost-user device and the front. Each returns the number of failures. */
#ifndef TESTS_VHOST_USER_TESTS_H
#define TESTS_VHOST_USER_TESTS_H

#include "tests/lib/unit.h"

int run_memory_tests(void);
int run_virtqueue_tests(void);
int run_device_tests(void);
int run_session_tests(void);
int run_hand_tests(void);
int run_vsock_tests(void);

#endif
