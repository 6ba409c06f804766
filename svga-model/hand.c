// SPDX-License-Identifier: MIT
#include "svga-model/hand.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "svga-model/unseen.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ARCH

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
#define IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), yes, no)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)

/* ---- the hand ---- */

enum { STACK_SIZE = 65536, READY_LIMIT_MS = 5000 };

/* The hand's, and its maker's while it waits for it. */
static struct start {
    _Atomic int calls; /* 0: not yet; a negative errno */
    pid_t parent;
    const struct svga_hand_op *jobs;
} start;

/* No errno: the hand has its maker's. */
static inline __attribute__((always_inline)) long call(long number, uint64_t a, uint64_t b, uint64_t c,
                                                       uint64_t d, uint64_t e, uint64_t f) {
#if defined(__x86_64__)
    register uint64_t r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#else
    register uint64_t x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c, x3 __asm__("x3") = d,
                         x4 __asm__("x4") = e, x5 __asm__("x5") = f;
    register long x8 __asm__("x8") = number;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
    return (long)x0;
#endif
}

/* What the hand may call. All it closes are descriptors of its own. */
static struct sock_filter hand_filter[] = {
    LOAD(arch),
    IS(ARCH, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    IS(SVGA_HAND_NEXT, 5, 0),
    IS(SYS_mmap, 4, 0),
    IS(SYS_madvise, 3, 0),
    IS(SYS_close_range, 3, 0),
    IS(SYS_exit_group, 2, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    RETURN(SECCOMP_RET_USER_NOTIF),
    RETURN(SECCOMP_RET_ALLOW),
};

/* The calls are instructions of this function's own: nothing here is instrumented or uses the thread's
 * storage, which is the maker's. */
UNSEEN static int hand(void *unused) {
    const struct sock_fprog program = {sizeof hand_filter / sizeof hand_filter[0], hand_filter};
    uint64_t all = UINT64_MAX;
    long failed = 0, count;
    (void)unused;

    call(SYS_rt_sigprocmask, SIG_SETMASK, (uintptr_t)&all, 0, sizeof all, 0, 0);
    call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
    if (call(SYS_getppid, 0, 0, 0, 0, 0, 0) != start.parent ||
        call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0) != 0)
        call(SYS_exit_group, 1, 0, 0, 0, 0, 0);
    long calls = call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                      (uintptr_t)&program, 0, 0, 0);
    atomic_store(&start.calls, (int)calls);
    if (calls < 0)
        call(SYS_exit_group, 1, 0, 0, 0, 0, 0);
    /* Up to here it had its maker's descriptors. */
    if (call(SYS_close_range, 0, UINT32_MAX, CLOSE_RANGE_UNSHARE, 0, 0, 0) == 0) {
        while ((count = call(SVGA_HAND_NEXT, (uint64_t)failed, 0, 0, 0, 0, 0)) >= 0) {
            failed = 0;
            for (long i = 0; i < count; i++) {
                struct svga_hand_op op = start.jobs[i];
                uint64_t args[6];
                long number, r = -EINVAL;
                if (svga_hand_call(&op, &number, args))
                    r = call(number, args[0], args[1], args[2], args[3], args[4], args[5]);
                failed += r < 0 && r > -4096;
            }
        }
    }
    call(SYS_exit_group, 0, 0, 0, 0, 0, 0); /* the holder is gone */
    return 0;
}

/* ---- its maker ---- */

/* What would reach beyond a region, keep its pages when it is deleted, or reach into the hand. */
static struct sock_filter maker_filter[] = {
    LOAD(arch),
    IS(ARCH, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* x32: the same calls by other numbers */
    RETURN(SECCOMP_RET_KILL_PROCESS),
    IS(SYS_mremap, 14, 0),
    IS(SYS_remap_file_pages, 13, 0),
    IS(SYS_vmsplice, 12, 0),
    IS(425 /* io_uring_setup */, 11, 0),
    IS(438 /* pidfd_getfd */, 10, 0),
    IS(440 /* process_madvise */, 9, 0),
    IS(462 /* mseal */, 8, 0),
    IS(SYS_ptrace, 7, 0),
    IS(SYS_madvise, 2, 0),
    IS(SYS_prctl, 3, 0),
    RETURN(SECCOMP_RET_ALLOW),
    LOAD(args[2]),
    IS(MADV_DOFORK, 2, 3),
    LOAD(args[0]),
    IS(PR_SET_DUMPABLE, 0, 1),
    RETURN(SECCOMP_RET_ERRNO | EPERM),
    RETURN(SECCOMP_RET_ALLOW),
};

static int forbid(void) {
    const struct sock_fprog program = {sizeof maker_filter / sizeof maker_filter[0], maker_filter};
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return -errno;
    return 0;
}

/* Waits until the hand has given up its maker's descriptors and asks for its first job. */
static int wait_for_hand(pid_t pid) {
    struct pollfd p = {.events = POLLIN};

    while ((p.fd = atomic_load(&start.calls)) == 0) {
        if (waitpid(pid, NULL, WNOHANG | __WALL) != 0)
            return -ENOSYS;
        usleep(50);
    }
    if (p.fd < 0)
        return p.fd;
    return poll(&p, 1, READY_LIMIT_MS) == 1 && p.revents == POLLIN ? 0 : -ENOSYS;
}

int svga_hand_make(int fds[SVGA_HAND_FDS]) {
    size_t size = SVGA_HAND_MAX_OPS * sizeof(struct svga_hand_op);
    pid_t pid = -1;
    int r;

    fds[SVGA_HAND_CALLS] = -1;
    fds[SVGA_HAND_JOBS] = memfd_create("trillium-jobs", MFD_CLOEXEC);
    fds[SVGA_HAND_MAPS] = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    fds[SVGA_HAND_LIFE] = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    start.parent = getpid();
    atomic_store(&start.calls, 0);
    if (fds[SVGA_HAND_JOBS] >= 0 && fds[SVGA_HAND_MAPS] >= 0 && fds[SVGA_HAND_LIFE] >= 0 &&
        stack != MAP_FAILED && ftruncate(fds[SVGA_HAND_JOBS], (off_t)size) == 0 &&
        (start.jobs = mmap(NULL, size, PROT_READ, MAP_SHARED, fds[SVGA_HAND_JOBS], 0)) != MAP_FAILED)
        pid = clone(hand, (char *)stack + STACK_SIZE, CLONE_VM | CLONE_FILES, NULL);
    r = pid < 0 ? -errno : wait_for_hand(pid);
    if (pid > 0)
        fds[SVGA_HAND_CALLS] = atomic_load(&start.calls);
    if (r == 0)
        r = forbid();
    if (r == 0)
        return 0;
    if (pid > 0)
        kill(pid, SIGKILL);
    for (int i = 0; i < SVGA_HAND_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return r;
}

#else

int svga_hand_make(int fds[SVGA_HAND_FDS]) {
    for (int i = 0; i < SVGA_HAND_FDS; i++)
        fds[i] = -1;
    return -ENOSYS;
}

#endif
