// SPDX-License-Identifier: MIT
/*
 * The console: a ring in a region through which the output of kernels' printf reaches the guest program's
 * standard output. The host writes it before it publishes the end of the command that printed, so that the
 * guest finds it there when its wait ends.
 *
 * `written` and `read` count bytes and wrap at 2^32; the byte number n lies at data[n % TR_CONSOLE_SIZE].
 */
#ifndef TRILLIUM_CONSOLE_H
#define TRILLIUM_CONSOLE_H

#include <stdatomic.h>
#include <stdint.h>

#define TR_CONSOLE_SIZE (1u << 18)

struct tr_console {
    _Atomic uint32_t written; /* by the host, with release order */
    uint32_t pad0[15];
    _Atomic uint32_t read; /* by the guest, with release order */
    uint32_t pad1[15];
    char data[TR_CONSOLE_SIZE];
};

#endif
