// SPDX-License-Identifier: MIT
#include "tests/vhost-user/tests.h"

int main(void) {
    int failed = run_memory_tests();
    failed += run_virtqueue_tests();
    failed += run_device_tests();
    failed += run_session_tests();
    failed += run_hand_tests();
    failed += run_vsock_tests();
    return failed != 0;
}
