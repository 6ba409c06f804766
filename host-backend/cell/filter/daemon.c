// SPDX-License-Identifier: MIT
/*
 * Measured with strace on serve and run, process guests and VMs, then gone through by hand: what the C library may do
 * instead is in. Calls stand by number alone wherever that is enough: the kernel then looks up one bit instead of
 * running the filter, for workers too, which inherit a broker's.
 */
#include "host-backend/cell/filter/rules.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include "host-backend/front/blank.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* its runtime looks for leaks as a debugger does, and works in every thread */
#else
#define SANITIZED 0
#endif

/* Beside a worker's list. */
static const int broker_calls[] = {
    CALL(fcntl),
    CALL(mmap),
    CALL(mremap),
    CALL(ioctl),
    CALL(prctl),
    CALL(prlimit64),
    CALL(setrlimit),
    /* workers: started, watched, ended */
    CALL(clone),
    CALL(clone3),
    CALL(execveat),
    CALL(pidfd_open),
    CALL(pidfd_send_signal),
    CALL(kill),
    CALL(tgkill),
    CALL(setsid),
    CALL(setpgid),
    CALL(sched_setattr),
    CALL(sched_getattr),
    /* their way into a cell */
    CALL(mount),
    CALL(umount2),
    CALL(mount_setattr),
    CALL(pivot_root),
    CALL(setns),
    CALL(sethostname),
    CALL(fgetxattr), /* is this control group delegated? */
    CALL(setgroups),
    CALL(setresuid),
    CALL(setresgid),
    CALL(capset),
    CALL(seccomp),
    CALL(chown),
    CALL(lchown),
    CALL(fchown),
    CALL(fchownat),
    CALL(landlock_create_ruleset),
    CALL(landlock_add_rule),
    CALL(landlock_restrict_self),
    /* guests, and who else talks to it; socket is below */
    CALL(socketpair),
    CALL(bind),
    CALL(listen),
    CALL(accept),
    CALL(accept4),
    CALL(connect),
    CALL(getsockname),
    CALL(getpeername),
    CALL(setsockopt),
    CALL(recvmmsg),
    CALL(sendmmsg),
    /* time and events */
    CALL(timerfd_create),
    CALL(timerfd_settime),
    CALL(timerfd_gettime),
    CALL(signalfd4),
    CALL(epoll_pwait2),
    CALL(timer_create),
    CALL(timer_settime),
    CALL(timer_delete),
    /* the store's and the cache's files */
    CALL(fchdir),
    CALL(syncfs),
    CALL(getdents),
    CALL(splice),
};

/* A thread that serves a VM: descriptors that it has, memory, and words on standard error. */
static const int front_calls[] = {
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(poll),
    CALL(ppoll),
    CALL(eventfd2),
    CALL(read),
    CALL(readv),
    CALL(pread64),
    CALL(preadv),
    CALL(write),
    CALL(writev),
    CALL(pwrite64),
    CALL(pwritev),
    CALL(recvfrom),
    CALL(recvmsg),
    CALL(sendto),
    CALL(sendmsg),
    CALL(shutdown),
    CALL(accept4),
    CALL(connect),
    CALL(socketpair),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(close),
    CALL(close_range),
    CALL(dup),
    CALL(lseek),
    CALL(fstat),
    CALL(newfstatat),
    CALL(statx),
    /* memory */
    CALL(brk),
    CALL(mmap),
    CALL(munmap),
    CALL(mremap),
    CALL(mprotect),
    CALL(madvise),
    /* a thread of the C library's, and its end */
    CALL(futex),
    CALL(sched_yield),
    CALL(getpid),
    CALL(gettid),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigaltstack),
    CALL(restart_syscall),
    CALL(set_robust_list),
    CALL(rseq),
    CALL(membarrier),
    CALL(getrandom),
    /* to be freed where a VM's event descriptor blocks */
    CALL(timer_create),
    CALL(timer_settime),
    CALL(timer_delete),
    CALL(dup3),
    CALL(exit),
    CALL(exit_group),
    /* time */
    CALL(clock_gettime),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(gettimeofday),
    CALL(time),
};

/* Beside a front's, for the process of a remote guest; threads are below. It opens nothing. */
static const int remote_calls[] = {
    CALL(memfd_create),
    CALL(ftruncate),
    CALL(prctl),
    CALL(rt_sigtimedwait),
    CALL(getcpu),
    /* alarm, until its guest has been let in */
    CALL(alarm),
    CALL(setitimer),
};

/* What a front may, and: a policy's file and its group of administrators, what /proc tells of who speaks, its sockets' names. */
static const int control_calls[] = {
    CALL(bind),         CALL(listen),      CALL(accept),     CALL(getsockname),
    CALL(getpeername),  CALL(chmod),       CALL(fchmod),     CALL(fchmodat),
    CALL(chown),        CALL(lchown),      CALL(fchownat),   CALL(unlink),
    CALL(unlinkat),     CALL(stat),        CALL(lstat),      CALL(access),
    CALL(faccessat),    CALL(faccessat2),  CALL(getdents64), CALL(readlink),
    CALL(readlinkat),   CALL(getuid),      CALL(geteuid),    CALL(getgid),
    CALL(getegid),      CALL(getgroups),   CALL(getppid),    CALL(epoll_pwait2),
    CALL(clock_getres), CALL(uname),       CALL(sysinfo),    CALL(sched_getaffinity),
    CALL(dup2),         CALL(pipe2),       CALL(statfs),     CALL(fstatfs),
    CALL(rename),       CALL(getpriority),
};

static const int sanitizer_calls[] = {
    CALL(ptrace), CALL(process_vm_readv), CALL(personality), CALL(sched_getaffinity),
    CALL(tkill),  CALL(modify_ldt),       CALL(getrusage),   CALL(sysinfo),
};

static int allow_local_sockets(scmp_filter_ctx f) {
    return seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(socket), 1, SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX));
}

static int broker_rules(scmp_filter_ctx f) {
    int r = rules_worker_calls(f);
    if (r == 0)
        r = RULES_ALLOW(f, broker_calls);
    return r == 0 ? allow_local_sockets(f) : r;
}

/* What its hands ask is told by ioctl; SECCOMP's requests are of type '!'. One more asks what a worker maps. */
static int front_rules(scmp_filter_ctx f) {
    const uint32_t query = (uint32_t)FRONT_MAP_QUERY;
    int r = RULES_ALLOW(f, front_calls);
    if (r == 0)
        r = rules_fcntl(f);
    if (r == 0)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(ioctl), 1,
                             SCMP_A1_32(SCMP_CMP_MASKED_EQ, 0xff00u, (uint32_t)'!' << 8));
    if (r == 0)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(ioctl), 1, SCMP_A1_32(SCMP_CMP_EQ, query));
    if (r == 0)
        r = seccomp_rule_add(
            f, SCMP_ACT_ALLOW, CALL(openat), 1,
            SCMP_A2_32(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, (uint32_t)O_RDONLY));
    return r == 0 ? allow_local_sockets(f) : r;
}

/* Threads, but no processes: the C library falls back from clone3, whose flags no filter sees, to clone. */
static int remote_rules(scmp_filter_ctx f) {
    int r = RULES_ALLOW(f, front_calls);
    if (r == 0)
        r = rules_fcntl(f);
    if (r == 0)
        r = rules_own_limits(f);
    if (r == 0)
        r = RULES_ALLOW(f, remote_calls);
    return r == 0 ? seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(clone), 1,
                                     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD))
                  : r;
}

/* What commands change is kept in a new file that takes the old one's place. */
static int control_rules(scmp_filter_ctx f) {
    int r = front_rules(f);
    if (r == 0)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(openat), 1,
                             SCMP_A2_32(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC,
                                        (uint32_t)(O_WRONLY | O_CREAT | O_EXCL)));
    if (r == 0)
        r = rules_own_limits(f);
    if (r == 0) /* of its own thread (util/prompt.h) */
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(sched_setattr), 1, SCMP_A0_32(SCMP_CMP_EQ, 0));
    return r == 0 ? RULES_ALLOW(f, control_calls) : r;
}

int rules_daemon(scmp_filter_ctx f, enum daemon_wall wall) {
    static int (*const rules[DAEMON_WALLS])(scmp_filter_ctx f) = {
        [DAEMON_BROKER] = broker_rules,
        [DAEMON_FRONT] = front_rules,
        [DAEMON_CONTROL] = control_rules,
        [DAEMON_REMOTE] = remote_rules,
    };
    int r = (SANITIZED ? broker_rules : rules[wall])(f);

    return r == 0 && SANITIZED ? RULES_ALLOW(f, sanitizer_calls) : r;
}
