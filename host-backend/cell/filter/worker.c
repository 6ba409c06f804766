// SPDX-License-Identifier: MIT
/*
 * The list of system calls that a worker may make. What is not on it does not exist (ENOSYS): every library
 * has an answer to that, as for a kernel that is older.
 *
 * Measured with strace on PoCL 3.1 and Mesa's rusticl (loading, builds, PoCL's linker, kernels, printf, ends),
 * then gone through by hand: what libraries may do instead of it (openat and open) is in, what native code
 * could want and a driver never does is out. Denied calls are not logged: a guest could fill the log.
 */
#include "host-backend/cell/filter/rules.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "host-backend/cell/drivers.h"

/* Whatever their arguments. */
static const int worker_calls[] = {
    /* memory. Not mremap: it would make a mapping of the guest's memory longer than what the worker was
     * given; the C library does without it. */
    CALL(brk),
    CALL(munmap),
    CALL(mprotect),
    CALL(madvise),
    CALL(mincore),
    CALL(msync),
    CALL(mlock),
    CALL(munlock),
    CALL(membarrier),
    CALL(mbind),
    CALL(get_mempolicy),
    CALL(set_mempolicy),
    /* sealed memory carries built programs to the broker */
    CALL(memfd_create),

    /* threads and processes of its own: drivers run linkers. clone is below. */
    CALL(fork),
    CALL(vfork),
    CALL(execve),
    CALL(exit),
    CALL(exit_group),
    CALL(wait4),
    CALL(waitid),
    CALL(set_tid_address),
    CALL(set_robust_list),
    CALL(get_robust_list),
    CALL(rseq),
    CALL(futex),
    CALL(gettid),
    CALL(getpid),
    CALL(getppid),
    CALL(getsid),
    CALL(getpgrp),
    CALL(getpgid),
    CALL(getcpu),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(sched_setaffinity),
    CALL(sched_getparam),
    CALL(sched_getscheduler),
    CALL(sched_setscheduler),
    CALL(sched_setparam),
    CALL(sched_setattr),
    CALL(sched_get_priority_max),
    CALL(sched_get_priority_min),
    CALL(getpriority),
    CALL(setpriority),
    CALL(arch_prctl),

    /* signals to itself; tgkill is below */
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(rt_sigpending),
    CALL(rt_sigtimedwait),
    CALL(rt_sigsuspend),
    CALL(sigaltstack),
    CALL(restart_syscall),
    CALL(pause),
    CALL(alarm),
    CALL(getitimer),
    CALL(setitimer),

    /* time */
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(gettimeofday),
    CALL(time),
    CALL(times),

    /* files, which the root and Landlock hold */
    CALL(open),
    CALL(openat),
    CALL(close),
    CALL(close_range),
    CALL(read),
    CALL(readv),
    CALL(pread64),
    CALL(preadv),
    CALL(write),
    CALL(writev),
    CALL(pwrite64),
    CALL(pwritev),
    CALL(lseek),
    CALL(stat),
    CALL(lstat),
    CALL(fstat),
    CALL(newfstatat),
    CALL(statx),
    CALL(statfs),
    CALL(fstatfs),
    CALL(access),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(readlink),
    CALL(readlinkat),
    CALL(getcwd),
    CALL(chdir),
    CALL(getdents64),
    CALL(mkdir),
    CALL(mkdirat),
    CALL(rmdir),
    CALL(unlink),
    CALL(unlinkat),
    CALL(rename),
    CALL(renameat),
    CALL(renameat2),
    CALL(link),
    CALL(linkat),
    CALL(symlink),
    CALL(symlinkat),
    CALL(chmod),
    CALL(fchmod),
    CALL(fchmodat),
    CALL(umask),
    CALL(truncate),
    CALL(ftruncate),
    CALL(fallocate),
    CALL(fadvise64),
    CALL(fsync),
    CALL(fdatasync),
    CALL(flock),
    CALL(dup),
    CALL(dup2),
    CALL(dup3),
    CALL(pipe),
    CALL(pipe2),
    CALL(utimensat),
    CALL(copy_file_range),
    CALL(sendfile),

    /* waiting for descriptors */
    CALL(poll),
    CALL(ppoll),
    CALL(select),
    CALL(pselect6),
    CALL(epoll_create),
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(eventfd2),

    /* the sockets that it was given; it can make no other */
    CALL(sendto),
    CALL(recvfrom),
    CALL(sendmsg),
    CALL(recvmsg),
    CALL(shutdown),
    CALL(getsockopt),

    /* what there is */
    CALL(uname),
    CALL(sysinfo),
    CALL(getrusage),
    CALL(getrlimit),
    CALL(getrandom),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(getgroups),
    CALL(getresuid),
    CALL(getresgid),
    CALL(capget),
};

/* Requests of prctl that change nothing but a name. */
static const int process_requests[] = {PR_SET_NAME,         PR_GET_NAME, PR_GET_DUMPABLE, PR_CAPBSET_READ,
                                       PR_GET_NO_NEW_PRIVS, 0x53564d41 /* PR_SET_VMA: names of memory */};

int rules_allow(scmp_filter_ctx f, const int *calls, size_t count) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
    return r;
}

int rules_worker_calls(scmp_filter_ctx f) {
    return RULES_ALLOW(f, worker_calls);
}

static int allow_names(scmp_filter_ctx f) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof process_requests / sizeof process_requests[0]; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(prctl), 1,
                             SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)process_requests[i]));
    return r;
}

int rules_fcntl(scmp_filter_ctx f) {
    static const int requests[] = {F_DUPFD,     F_DUPFD_CLOEXEC, F_GETFD,      F_SETFD,     F_GETFL,
                                   F_SETFL,     F_GETLK,         F_SETLK,      F_SETLKW,    F_OFD_GETLK,
                                   F_OFD_SETLK, F_OFD_SETLKW,    F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS};
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof requests / sizeof requests[0]; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(fcntl), 1,
                             SCMP_A1_32(SCMP_CMP_EQ, (uint32_t)requests[i]));
    return r;
}

/* Memory that is nobody's file and that others can share counts for no limit of a process; nothing needs it. */
static int allow_mmap(scmp_filter_ctx f) {
    static const unsigned kinds[] = {MAP_ANONYMOUS, MAP_SHARED, 0};
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof kinds / sizeof kinds[0]; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(mmap), 1,
                             SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS | MAP_SHARED, kinds[i]));
    return r;
}

/* Threads and children, but no namespaces. clone3 hides its flags in memory, so the C library has to do with
 * clone. */
static int allow_clone(scmp_filter_ctx f) {
    const unsigned long spaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                 CLONE_NEWPID | CLONE_NEWNET | CLONE_PIDFD | CLONE_PTRACE | CLONE_PARENT;
    return seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, spaces, 0));
}

/* abort() and raise() */
static int allow_own_signals(scmp_filter_ctx f) {
    return seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(tgkill), 1, SCMP_A0_32(SCMP_CMP_EQ, FILTER_SELF));
}

/* Each by its name, since the kernel looks at the lower half of the argument and "all but one" at the whole. */
int rules_own_limits(scmp_filter_ctx f) {
    int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(prlimit64), 2, SCMP_A0_32(SCMP_CMP_EQ, 0),
                             SCMP_A2_64(SCMP_CMP_EQ, 0));
    for (uint32_t i = 0; r == 0 && i < RLIM_NLIMITS; i++)
        if (i != RLIMIT_CORE)
            r = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(prlimit64), 2, SCMP_A0_32(SCMP_CMP_EQ, 0),
                                 SCMP_A1_64(SCMP_CMP_EQ, i));
    return r;
}

/* The wish to end with one's parent, and not to take that back. */
static int allow_end_with_parent(scmp_filter_ctx f) {
    return seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(prctl), 2, SCMP_A0_32(SCMP_CMP_EQ, PR_SET_PDEATHSIG),
                            SCMP_A1_32(SCMP_CMP_EQ, SIGKILL));
}

/* The first kind is always there. */
static int allow_devices(scmp_filter_ctx f, unsigned kinds) {
    int r = 0;
    for (unsigned k = 0; r == 0 && cell_drivers[k].name; k++) {
        if (k > 0 && !(kinds & 1u << (k - 1)))
            continue;
        for (int i = 0; r == 0 && i < CELL_IOCTLS && cell_drivers[k].ioctls[i].mask; i++)
            r = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(ioctl), 1,
                                 SCMP_A1_32(SCMP_CMP_MASKED_EQ, cell_drivers[k].ioctls[i].mask,
                                            cell_drivers[k].ioctls[i].value));
    }
    return r;
}

int rules_worker(scmp_filter_ctx f, unsigned kinds) {
    static int (*const rules[])(scmp_filter_ctx) = {
        rules_worker_calls, allow_names,       rules_fcntl,      allow_mmap,
        allow_clone,        allow_own_signals, rules_own_limits, allow_end_with_parent};
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof rules / sizeof rules[0]; i++)
        r = rules[i](f);
    return r == 0 ? allow_devices(f, kinds) : r;
}
