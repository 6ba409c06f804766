// SPDX-License-Identifier: MIT
/*
 * Attacks from inside a kernel: on a CPU driver a kernel is native code, and this one makes system calls.
 * Each attack must fail inside the worker. Prints PASS or FAIL for each (tests/run).
 *
 *     attack calls SECRET VICTIM DAEMON   one call after the other. SECRET: a file of the host, mode 0600;
 *                                         VICTIM, DAEMON: processes of the host
 *     attack incbin SECRET                the assembler is told to include the file at build time
 *     attack bomb                         forks as often as it can
 *     attack survive                      a forked child leaves the session and sleeps on
 *     attack leave STATUS                 the kernel ends its process with it
 *     attack endless                      prints "ready" and never ends
 *     attack within bomb|hog              forks, or takes memory, after a line on standard input and up to 1000 times; says how
 *                                         often that went well (tests/vm)
 *     attack refused                      a program with machine code must not build (SPIR-V has none)
 *
 * Exit status 77 where there is no device whose kernels can hold machine code of this machine.
 */

#include <fcntl.h>
#include <linux/mman.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <CL/cl.h>

enum { ARGS = 6, DATA_SIZE = 1 << 16, MAX_CALLS = 64 };

/* What an argument of a call is. */
enum kind { LITERAL, DATA /* offset into the data */, RESULT /* of an earlier call, by its number */ };

struct call {
    cl_long number, argument[ARGS], kind[ARGS], result;
};

static const char source[] =
    "struct call { long number, argument[6], kind[6], result; };\n"
    "long machine(long n, long a, long b, long c, long d, long e, long f) {\n"
    "    long r;\n"
    "    __asm__ volatile(\"movq %5, %%r10\\n movq %6, %%r8\\n movq %7, %%r9\\n syscall\" : \"=a\"(r) : "
    "\"0\"(n), "
    "\"D\"(a), \"S\"(b), \"d\"(c), \"m\"(d), \"m\"(e), \"m\"(f) : \"rcx\", \"r8\", \"r9\", \"r10\", \"r11\", "
    "\"memory\");\n"
    "    return r;\n"
    "}\n"
    "kernel void calls(global struct call *list, int count, global char *data) {\n"
    "    for (int i = 0; i < count; i++) {\n"
    "        long a[6];\n"
    "        for (int k = 0; k < 6; k++) {\n"
    "            long v = list[i].argument[k];\n"
    "            a[k] = list[i].kind[k] == 1 ? (long)(data + v) : list[i].kind[k] == 2 ? list[v].result : "
    "v;\n"
    "        }\n"
    "        list[i].result = machine(list[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);\n"
    "    }\n"
    "}\n"
    /* 57 fork, 35 nanosleep, 112 setsid, 60 exit: a child sleeps for a minute each time, for ever */
    "kernel void bomb(global struct call *list, int count, global char *data) {\n"
    "    long forked = 0, time[2] = {60, 0};\n"
    "    while (forked < count) {\n"
    "        long r = machine(57, 0, 0, 0, 0, 0, 0);\n"
    "        if (r == 0) {\n"
    "            machine(112, 0, 0, 0, 0, 0, 0);\n"
    "            for (;;)\n"
    "                machine(35, (long)time, 0, 0, 0, 0, 0);\n"
    "        }\n"
    "        if (r < 0)\n"
    "            break;\n"
    "        forked++;\n"
    "    }\n"
    "    list[0].result = forked;\n"
    "}\n"
    /* 9 mmap: pieces of 1 MiB */
    "kernel void hog(global struct call *list, int count, global char *data) {\n"
    "    for (int i = 0; i < count; i++) {\n"
    "        long at = machine(9, 0, 1 << 20, 3, 0x22, -1, 0);\n"
    "        if (at < 0)\n"
    "            break;\n"
    "        for (int page = 0; page < 256; page++)\n"
    "            ((global volatile char *)at)[page * 4096] = 1;\n"
    "        list[0].result = i + 1;\n"
    "    }\n"
    "}\n"
    "kernel void endless(global struct call *list, int count, global char *data) {\n"
    "    for (volatile int i = 0;; i++)\n"
    "        if (i < 0)\n"
    "            i = 0;\n"
    "}\n";

static cl_context context;
static cl_command_queue queue;
static cl_device_id device;
static struct call list[MAX_CALLS];
static char data[DATA_SIZE];
static int count, used, failed;
static char build_log[4096];

static void must(cl_int e, const char *what) {
    if (e == CL_SUCCESS)
        return;
    fprintf(stderr, "%s: %d\n", what, e);
    exit(3);
}

static void verdict(bool good, const char *name, const char *format, long long value) {
    if (good) {
        printf("PASS attack.%s\n", name);
    } else {
        printf("FAIL attack.%s ", name);
        printf(format, value); /* NOLINT(clang-diagnostic-format-nonliteral) */
        putchar('\n');
        failed = 1;
    }
    fflush(stdout);
}

static bool open_device(void) {
    cl_platform_id platforms[8];
    cl_uint n = 0;
    cl_int e;
    char name[128] = "";

    clGetPlatformIDs(8, platforms, &n);
    for (cl_uint i = 0; i < n && !device; i++) {
        clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof name, name, NULL);
        if (strstr(name, "Portable Computing Language"))
            clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_CPU, 1, &device, NULL);
    }
    if (!device)
        return false;
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &e);
    must(e, "clCreateContext");
    queue = clCreateCommandQueueWithProperties(context, device, NULL, &e);
    must(e, "clCreateCommandQueueWithProperties");
    return true;
}

static cl_kernel build(const char *text, const char *name) {
    cl_int e;
    cl_program program = clCreateProgramWithSource(context, 1, &text, NULL, &e);

    must(e, "clCreateProgramWithSource");
    if (clBuildProgram(program, 0, NULL, "", NULL, NULL) != CL_SUCCESS) {
        clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, sizeof build_log - 1, build_log, NULL);
        return NULL;
    }
    cl_kernel kernel = clCreateKernel(program, name, &e);
    clReleaseProgram(program);
    return e == CL_SUCCESS ? kernel : NULL;
}

/* Runs a kernel over list and data. False when it, or its worker, did not live to the end. */
static bool run(const char *name, int number) {
    const size_t one = 1;
    cl_kernel kernel = build(source, name);
    cl_int e;

    if (!kernel) {
        fprintf(stderr, "the kernel does not build: %s\n", build_log);
        exit(3);
    }
    cl_mem calls = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof list, list, &e);
    must(e, "clCreateBuffer");
    cl_mem bytes = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof data, data, &e);
    must(e, "clCreateBuffer");
    clSetKernelArg(kernel, 0, sizeof calls, &calls);
    clSetKernelArg(kernel, 1, sizeof number, &number);
    clSetKernelArg(kernel, 2, sizeof bytes, &bytes);
    e = clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL);
    if (strcmp(name, "endless") == 0) {
        puts("ready");
        fflush(stdout);
    }
    if (e == CL_SUCCESS)
        e = clEnqueueReadBuffer(queue, calls, CL_TRUE, 0, sizeof list, list, 0, NULL, NULL);
    if (e == CL_SUCCESS)
        e = clEnqueueReadBuffer(queue, bytes, CL_TRUE, 0, sizeof data, data, 0, NULL, NULL);
    clReleaseKernel(kernel);
    clReleaseMemObject(calls);
    clReleaseMemObject(bytes);
    return e == CL_SUCCESS;
}

/* ---- the list of calls ---- */

static cl_long text(const char *what) {
    cl_long at = used;
    size_t n = strlen(what) + 1;

    if ((size_t)used + n > DATA_SIZE)
        exit(3);
    memcpy(data + used, what, n);
    used += (int)((n + 15) & ~(size_t)15);
    return at;
}

static cl_long words(const cl_long *values, int n) {
    cl_long at = used;

    memcpy(data + used, values, (size_t)n * sizeof *values);
    used += n * (int)sizeof *values;
    return at;
}

#define D(offset)                                                                                            \
    { DATA, offset }
#define L(value)                                                                                             \
    { LITERAL, (cl_long)(value) }
#define R(call)                                                                                              \
    { RESULT, call }
struct argument {
    enum kind kind;
    cl_long value;
};
static int add(long number, const struct argument arguments[ARGS]) {
    struct call *c = &list[count];

    c->number = number;
    for (int i = 0; i < ARGS; i++) {
        c->argument[i] = arguments[i].value;
        c->kind[i] = arguments[i].kind;
    }
    return count++;
}
#define CALL(name, ...) add(SYS_##name, (const struct argument[ARGS]){__VA_ARGS__})

static const char *names[MAX_CALLS];
#define ATTACK(label, name, ...) names[CALL(name, __VA_ARGS__)] = (label)

static cl_long path(const char *format, const char *a) {
    char whole[4096];

    snprintf(whole, sizeof whole, format, a); /* NOLINT(clang-diagnostic-format-nonliteral) */
    return text(whole);
}

static void plan(const char *secret, const char *victim, const char *daemon) {
    const long victim_pid = strtol(victim, NULL, 10), daemon_pid = strtol(daemon, NULL, 10);
    const cl_long buffer = words((cl_long[8]){0}, 8);
    cl_long vector[2] = {0, 8};
    char beside[4096];

    /* files */
    ATTACK("open-secret", openat, L(AT_FDCWD), D(text(secret)), L(O_RDONLY));
    ATTACK("open-passwd", openat, L(AT_FDCWD), D(text("/etc/passwd")), L(O_RDONLY));
    ATTACK("open-shadow", openat, L(AT_FDCWD), D(text("/etc/shadow")), L(O_RDONLY));
    snprintf(beside, sizeof beside, "%s.written", secret);
    ATTACK("write-beside", openat, L(AT_FDCWD), D(text(beside)), L(O_WRONLY | O_CREAT), L(0644));
    ATTACK("open-disk", openat, L(AT_FDCWD), D(text("/dev/vda")), L(O_RDONLY));
    ATTACK("open-run", openat, L(AT_FDCWD), D(text("/run")), L(O_RDONLY | O_DIRECTORY));
    ATTACK("open-home", openat, L(AT_FDCWD), D(text("/root")), L(O_RDONLY | O_DIRECTORY));
    ATTACK("write-usr", openat, L(AT_FDCWD), D(text("/usr/lib/attack")), L(O_WRONLY | O_CREAT), L(0644));
    ATTACK("by-handle", open_by_handle_at, L(AT_FDCWD), D(buffer), L(O_RDONLY));
    /* other processes */
    ATTACK("victim-memory", openat, L(AT_FDCWD), D(path("/proc/%s/mem", victim)), L(O_RDONLY));
    ATTACK("victim-environment", openat, L(AT_FDCWD), D(path("/proc/%s/environ", victim)), L(O_RDONLY));
    ATTACK("victim-files", openat, L(AT_FDCWD), D(path("/proc/%s/root/etc/passwd", victim)), L(O_RDONLY));
    ATTACK("daemon-environment", openat, L(AT_FDCWD), D(path("/proc/%s/environ", daemon)), L(O_RDONLY));
    ATTACK("daemon-descriptors", openat, L(AT_FDCWD), D(path("/proc/%s/fd", daemon)),
           L(O_RDONLY | O_DIRECTORY));
    ATTACK("ptrace-victim", ptrace, L(PTRACE_SEIZE), L(victim_pid));
    ATTACK("read-victim", process_vm_readv, L(victim_pid), D(words(vector, 2)), L(1), D(words(vector, 2)),
           L(1));
    ATTACK("kill-victim", kill, L(victim_pid), L(0));
    ATTACK("kill-daemon", kill, L(daemon_pid), L(0));
    ATTACK("tgkill-daemon", tgkill, L(daemon_pid), L(daemon_pid), L(0));
    ATTACK("signals-by-descriptor", fcntl, L(2), L(F_SETOWN), L(1));
    ATTACK("which-signal", fcntl, L(2), L(F_SETSIG), L(9));
    ATTACK("pidfd-victim", pidfd_open, L(victim_pid), L(0));
    ATTACK("pidfd-parent", pidfd_open, L(daemon_pid), L(0));
    ATTACK("renice-daemon", setpriority, L(0), L(daemon_pid), L(19));
    ATTACK("real-time", sched_setscheduler, L(0), L(SCHED_FIFO), D(words((cl_long[1]){1}, 1)));
    ATTACK("priority", setpriority, L(0), L(0), L(-20));
    ATTACK("shared-memory", shmget, L(12345), L(4096), L(01000 | 0600));
    /* network */
    ATTACK("socket-inet", socket, L(AF_INET), L(SOCK_STREAM), L(0));
    ATTACK("socket-unix", socket, L(AF_UNIX), L(SOCK_STREAM), L(0));
    ATTACK("socket-packet", socket, L(AF_PACKET), L(SOCK_RAW), L(0));
    ATTACK("socket-netlink", socket, L(AF_NETLINK), L(SOCK_RAW), L(0));
    /* the kernel */
    /* where it does no harm if it succeeds: a folder of the test's own */
    snprintf(beside, sizeof beside, "%s.mount", secret);
    ATTACK("mount", mount, D(text("none")), D(text(beside)), D(text("tmpfs")), L(0), L(0));
    ATTACK("mount-api", fsopen, D(text("tmpfs")), L(0));
    ATTACK("chroot", chroot, D(text("/tmp")));
    ATTACK("unshare", unshare, L(CLONE_NEWUSER));
    ATTACK("setns", setns, L(0), L(0x40000000));
    ATTACK("io-uring", io_uring_setup, L(1), D(buffer));
    ATTACK("bpf", bpf, L(0), D(buffer), L(64));
    ATTACK("perf", perf_event_open, D(buffer), L(0), L(-1), L(-1), L(0));
    ATTACK("userfaultfd", userfaultfd, L(1));
    ATTACK("keyring", keyctl, L(0), L(-3), L(1));
    ATTACK("parent-death-signal", prctl, L(1), L(0));
    ATTACK("dumpable", prctl, L(4), L(1));
    /* a limit of 0 does not keep cores from a program that is to read them, what stands there does (cell/limits.c) */
    ATTACK("core-limit", prlimit64, L(0), L(RLIMIT_CORE), D(buffer), L(0));
    ATTACK("core-limit-in-disguise", prlimit64, L(0), L(RLIMIT_CORE | 1ll << 32), D(buffer), L(0));
    ATTACK("core-filter", openat, L(AT_FDCWD), D(text("/proc/self/coredump_filter")), L(O_WRONLY));
    /* memory that would be somebody else's or everybody's */
    ATTACK("grow-mapping", mremap, D(0), L(4096), L(1 << 30), L(1));
    ATTACK("shared-anonymous", mmap, L(0), L(1 << 20), L(PROT_READ | PROT_WRITE),
           L(MAP_SHARED | MAP_ANONYMOUS), L(-1), L(0));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static void hog(void) {
    puts("SKIP attack.memory-hog a sanitizer's worker has terabytes, and no limit of memory (cell/limits.c)");
}
#else
/* More than a machine has, taken in pieces that each would be granted. */
static void hog(void) {
    const long piece = 64l << 30;
    long got = 0;
    int first = count;

    while (count < MAX_CALLS - 4)
        CALL(mmap, L(0), L(piece), L(PROT_READ | PROT_WRITE), L(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE),
             L(-1), L(0));
    if (!run("calls", count)) {
        verdict(true, "memory-hog", "", 0);
        return;
    }
    for (int i = first; i < count; i++)
        got += list[i].result > 0 ? piece >> 20 : 0;
    verdict(got < (count - first) * (piece >> 20), "memory-hog", "took %lld MiB", got);
}
#endif

static void fill(void) {
    count = used = 0;
    int file =
        CALL(openat, L(AT_FDCWD), D(text("/tmp/attack-fill")), L(O_WRONLY | O_CREAT | O_EXCL), L(0600));
    int filled = CALL(fallocate, R(file), L(0), L(0), L(8ll << 30));
    CALL(unlink, D(text("/tmp/attack-fill")));
    bool lived = run("calls", count);
    verdict(!lived || list[filled].result < 0, "disk-filler", "wrote 8 GiB (%lld)", list[filled].result);
}

static int calls(char **argv) {
    plan(argv[0], argv[1], argv[2]);
    if (!run("calls", count)) {
        verdict(false, "calls", "the worker ended before the attacks had been tried (%lld)", 0);
        return 1;
    }
    for (int i = 0; i < count; i++)
        verdict(list[i].result < 0, names[i], "the call succeeded: %lld", list[i].result);
    memset(list, 0, sizeof list);
    count = 0;
    hog();
    memset(list, 0, sizeof list);
    fill();
    return failed;
}

/* The file's bytes, if they got into the code, come out of the kernel. */
static int incbin(const char *secret) {
    char code[8192], got[16] = "", want[16] = "";
    const size_t one = 1;
    cl_int e;
    FILE *f = fopen(secret, "re");

    if (!f || fread(want, 1, sizeof want - 1, f) != sizeof want - 1)
        return 3;
    fclose(f);
    snprintf(
        code, sizeof code,
        "kernel void k(global char *out) {\n"
        "    constant char *p;\n"
        "    __asm__ volatile(\"jmp 2f\\n1: .incbin \\\"%s\\\"\\n2: leaq 1b(%%%%rip), %%0\" : \"=r\"(p));\n"
        "    for (int i = 0; i < 15; i++)\n"
        "        out[i] = p[i];\n"
        "}\n",
        secret);
    cl_kernel kernel = build(code, "k");
    if (kernel) {
        cl_mem out = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof got, got, &e);
        must(e, "clCreateBuffer");
        clSetKernelArg(kernel, 0, sizeof out, &out);
        if (clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL) == CL_SUCCESS)
            clEnqueueReadBuffer(queue, out, CL_TRUE, 0, sizeof got, got, 0, NULL, NULL);
    }
    verdict(memcmp(got, want, sizeof got) != 0, "incbin", "the host's file is in the kernel (%lld)", 0);
    return failed;
}

/* Against limits that are set meanwhile from outside. */
static int within_limits(const char *kernel) {
    run(kernel, 0); /* its build wants more than those limits will leave */
    printf("waits\n");
    fflush(stdout);
    if (getchar() == EOF)
        return 3;
    memset(list, 0, sizeof list);
    bool lived = run(kernel, 1000);
    printf("%s %s, %lld times\n", kernel, lived ? "ended" : "ended its worker",
           lived ? (long long)list[0].result : 0);
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";

    if (!open_device()) {
        puts("no PoCL on the host, whose kernels are native code");
        return 77;
    }
    if (strcmp(what, "calls") == 0 && argc == 5)
        return calls(argv + 2);
    if (strcmp(what, "incbin") == 0 && argc == 3)
        return incbin(argv[2]);
    if (strcmp(what, "bomb") == 0) {
        const int wanted = 6000;
        bool lived = run("bomb", wanted);
        verdict(!lived || list[0].result < wanted, "fork-bomb", "forked %lld times", list[0].result);
        return failed;
    }
    if (strcmp(what, "survive") == 0) {
        run("bomb", 1);
        verdict(list[0].result >= 0, "fork", "%lld", list[0].result);
        return failed;
    }
    if (argc > 2 && strcmp(what, "leave") == 0) {
        list[0] = (struct call){.number = SYS_exit_group, .argument = {atoi(argv[2])}};
        verdict(!run("calls", 1), "leave", "the kernel goes on (%lld)", list[0].result);
        return failed;
    }
    if (argc > 2 && strcmp(what, "within") == 0)
        return within_limits(argv[2]);
    if (strcmp(what, "endless") == 0)
        return run("endless", 0) ? 0 : 1;
    if (strcmp(what, "refused") == 0) {
        verdict(build(source, "calls") == NULL, "spirv-machine-code",
                "a kernel with machine code built (%lld)", 0);
        return failed;
    }
    fprintf(stderr, "attack: what?\n");
    return 2;
}
