// SPDX-License-Identifier: MIT
#include "host-backend/cell/filters.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int filter_load(const struct cell_filter *f, bool all_threads) {
    struct sock_filter code[FILTER_MOST];
    const struct sock_fprog program = {f->length, code};

    memcpy(code, f->code, f->length * sizeof code[0]);
    if (f->self != 0)
        code[f->self].k = (uint32_t)getpid();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    long r =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, all_threads ? SECCOMP_FILTER_FLAG_TSYNC : 0, &program);
    if (r > 0) /* a thread of this number has another filter */
        return -ECANCELED;
    return r < 0 ? -errno : 0;
}
