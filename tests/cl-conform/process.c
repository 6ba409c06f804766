// SPDX-License-Identifier: MIT
/*
 * A program's process and OpenCL: output of kernels' printf, fork and exec, loading and unloading, exiting in
 * the middle of work. Most cases run this program again with --helper NAME and look at what it prints and how
 * it ends.
 */
#include "process.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int run_helper(const char *name, char *out, size_t room) {
    int fds[2], status = -1;
    size_t used = 0;
    double end = now_s() + 60.0 * the_limit_scale();

    if (pipe2(fds, O_CLOEXEC) < 0)
        fail("no pipe");
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fds[1], 1);
        if (the_platform_argument()[0])
            execl("/proc/self/exe", "cl-conform", "--platform", the_platform_argument(), "--helper", name,
                  (char *)NULL);
        execl("/proc/self/exe", "cl-conform", "--helper", name, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    for (;;) {
        struct pollfd p = {.fd = fds[0], .events = POLLIN};
        int left = (int)((end - now_s()) * 1000);

        if (left <= 0 || poll(&p, 1, left) == 0) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            close(fds[0]);
            return -1;
        }
        ssize_t n = read(fds[0], out + used, room - 1 - used);
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    out[used] = 0;
    close(fds[0]);
    waitpid(pid, &status, 0);
    return status;
}

bool ended_well(int status, const char *name) {
    if (status == -1)
        return check(false, "%s ends", name);
    if (WIFSIGNALED(status))
        loose("signal", "%d", WTERMSIG(status));
    return check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s ends well", name);
}

/* ---- helpers
 * ------------------------------------------------------------------------------------------------------------
 */

static void launch_printing(struct cl *c, const char *source, size_t n, size_t local) {
    cl_kernel k = kernel_new(c, source, "k");

    OK(clEnqueueNDRangeKernel(c->q, k, 1, NULL, &n, &local, 0, NULL, NULL));
    OK(clFinish(c->q));
    OK(clReleaseKernel(k));
}

static void helper_printf(void) {
    struct cl c = cl_open();

    launch_printing(
        &c,
        "kernel void k() { printf(\"ints %d %u %x\\n\", -5, 7u, 255); printf(\"float %.3f\\n\", 1.5f);\n"
        " printf(\"string %s|%c|%%\\n\", \"text\", 'x'); printf(\"vector %v4d\\n\", (int4)(1, 2, 3, 4)); "
        "printf(\"long %ld\\n\", "
        "1234567890123L); }",
        1, 1);
    cl_close(&c);
}

/* Made at run time: how vectors of each size travel to printf is what matters. */
static void helper_printf_vectors(void) {
    struct cl c = cl_open();

    launch_printing(
        &c,
        "kernel void k() { int i = (int)get_global_id(0) + 1;\n"
        " char8 b = convert_char8((int8)(i, 2, 3, 4, 5, 6, 7, 8)); short8 h = convert_short8(b) * "
        "(short)100;\n"
        " int8 w = convert_int8(h) * 1000; long4 l = convert_long4(w.lo); float4 f = convert_float4(h.hi);\n"
        " printf(\"char %v2hhd %v3hhd %v4hhd %v8hhd\\n\", b.lo.lo, b.s123, b.lo, b);\n"
        " printf(\"short %v2hd %v3hd %v4hd %v8hd\\n\", h.lo.lo, h.s123, h.lo, h);\n"
        " printf(\"int %v2hld %v3hld %v4hld %v8hld\\n\", w.lo.lo, w.s123, w.lo, w);\n"
        " printf(\"long %v2ld %v3ld %v4ld\\n\", l.lo, l.s123, l);\n"
        " printf(\"float %v2hlf %v3hlf %v4hlf\\n\", f.lo, f.s123, f);\n"
        " printf(\"between %d %v2hhd %d %v4hhd %s %v2hd %f\\n\", i, b.lo.lo, i + 1, b.hi, \"text\", h.hi.lo, "
        "f.x); }",
        1, 1);
    cl_close(&c);
}

static void helper_printf_many(void) {
    struct cl c = cl_open();

    launch_printing(&c, "kernel void k() { printf(\"item %d\\n\", (int)get_global_id(0)); }", 300, 1);
    cl_close(&c);
}

static void helper_printf_order(void) {
    struct cl c = cl_open();

    printf("before\n");
    fflush(stdout);
    launch_printing(&c, "kernel void k() { printf(\"kernel\\n\"); }", 1, 1);
    printf("after\n");
    fflush(stdout);
    cl_close(&c);
}

/* More than any pipe or ring holds, from a program that waits for nothing. */
static cl_event print_much(struct cl *c) {
    static const size_t items = 20000, one = 1;
    cl_kernel k = kernel_new(
        c, "kernel void k() { printf(\"item %d of many that are printed\\n\", (int)get_global_id(0)); }",
        "k");
    cl_event event;

    OK(clEnqueueNDRangeKernel(c->q, k, 1, NULL, &items, &one, 0, NULL, &event));
    OK(clFlush(c->q));
    OK(clReleaseKernel(k));
    return event;
}

static void helper_printf_polled(void) {
    struct cl c = cl_open();
    cl_event event = print_much(&c);
    cl_int status = CL_QUEUED;

    while (status > CL_COMPLETE) {
        usleep(1000);
        OK(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL));
    }
    OK(clReleaseEvent(event));
    cl_close(&c);
}

static sem_t called;
static void CL_CALLBACK post(cl_event event, cl_int status, void *opaque) {
    (void)event, (void)status, (void)opaque;
    sem_post(&called);
}

static void helper_printf_callback(void) {
    struct cl c = cl_open();

    sem_init(&called, 0, 0);
    cl_event event = print_much(&c);
    OK(clSetEventCallback(event, CL_COMPLETE, post, NULL));
    OK(clReleaseEvent(event));
    while (sem_wait(&called) != 0)
        ;
    cl_close(&c);
}

/* The queue is full of commands behind the kernel that prints. */
static void helper_printf_stream(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(void) {}", "k");
    const size_t one = 1;

    sem_init(&called, 0, 0);
    cl_event event = print_much(&c);
    OK(clSetEventCallback(event, CL_COMPLETE, post, NULL));
    OK(clReleaseEvent(event));
    for (int i = 0; i < 20000; i++)
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, &one, 0, NULL, NULL));
    while (sem_wait(&called) != 0)
        ;
    OK(clFinish(c.q));
    OK(clReleaseKernel(k));
    cl_close(&c);
}

/* Flushes, and then calls nothing any more: the output comes all the same. */
static void helper_printf_unwaited(void) {
    int fds[2], out = dup(1);
    char got[64] = "";
    size_t used = 0;

    if (pipe2(fds, O_CLOEXEC) < 0 || dup2(fds[1], 1) < 0)
        fail("no pipe");
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(void) { printf(\"without a wait\\n\"); }", "k");
    const size_t one = 1;
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, &one, 0, NULL, NULL));
    OK(clFlush(c.q));
    while (used < sizeof(got) - 1 && !strchr(got, '\n')) {
        struct pollfd p = {.fd = fds[0], .events = POLLIN};
        if (poll(&p, 1, 45000) != 1)
            break;
        ssize_t n = read(fds[0], got + used, sizeof(got) - 1 - used);
        used += n > 0 ? (size_t)n : 0;
    }
    dprintf(out, "%s", used > 0 ? got : "nothing came\n");
    _exit(0);
}

/* A program that sets variables for its driver before its first call. */
static void helper_driver_variables(void) {
    setenv("POCL_MAX_WORK_GROUP_SIZE", "128", 1);
    printf("%zu\n", device_size(the_device(), CL_DEVICE_MAX_WORK_GROUP_SIZE));
}

/* A program that may write no files at all (ulimit -f 0) before its first call. */
static void helper_no_files(void) {
    struct rlimit limit;
    const size_t size = 4 << 20;
    cl_int e, seven = 7, got = 0;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_FSIZE, &limit);
    struct cl c = cl_open();
    cl_mem m = clCreateBuffer(c.ctx, CL_MEM_READ_WRITE, size, NULL, &e);
    OK(e);
    OK(clEnqueueFillBuffer(c.q, m, &seven, sizeof(seven), 0, size, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, size - sizeof(got), sizeof(got), &got, 0, NULL, NULL));
    printf("%d\n", got);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* What a garbage collector or a language's run time does: a page that is touched is served by a handler. */
static char *guarded;
static void serve_page(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    if ((char *)info->si_addr < guarded || (char *)info->si_addr >= guarded + 4096)
        _exit(9);
    mprotect(guarded, 4096, PROT_READ | PROT_WRITE);
}

static void CL_CALLBACK touch(cl_event event, cl_int status, void *opaque) {
    guarded[7] = 1;
    post(event, status, opaque);
}

static void helper_fault_in_callback(void) {
    const struct sigaction act = {.sa_sigaction = serve_page, .sa_flags = SA_SIGINFO};
    struct cl c = cl_open();
    cl_int e;

    guarded = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSEGV, &act, NULL);
    sem_init(&called, 0, 0);
    cl_event gate = clCreateUserEvent(c.ctx, &e), marker;
    OK(e);
    OK(clEnqueueMarkerWithWaitList(c.q, 1, &gate, &marker));
    OK(clSetEventCallback(marker, CL_COMPLETE, touch, NULL));
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clFlush(c.q));
    while (sem_wait(&called) != 0)
        ;
    printf("touched %d\n", guarded[7]);
    OK(clReleaseEvent(gate));
    OK(clReleaseEvent(marker));
    cl_close(&c);
}

/* Ends with commands in flight and nothing released. */
static void helper_exit_busy(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(
        &c, "kernel void k(global int *a) { for (int i = 0; i < 1000; i++) a[get_global_id(0)] += i; }", "k");
    cl_mem m = buffer_new(&c, 0, 1 << 20, NULL);
    size_t n = 1 << 18;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    for (int i = 0; i < 20; i++)
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clFlush(c.q));
    printf("going\n");
    fflush(stdout);
    exit(0);
}

static void helper_exit_gated(void) {
    struct cl c = cl_open();
    cl_int e, zero = 0;
    cl_event gate = clCreateUserEvent(c.ctx, &e);
    cl_mem m = buffer_new(&c, 0, 64, NULL);

    OK(e);
    OK(clEnqueueFillBuffer(c.q, m, &zero, 4, 0, 64, 1, &gate, NULL));
    OK(clFlush(c.q));
    printf("going\n");
    fflush(stdout);
    exit(0); /* the gate never opens */
}

static void helper_quick_exit(void) {
    struct cl c = cl_open();

    printf("going %d\n", c.q != NULL);
    fflush(stdout);
    _exit(0);
}

/* fork() without a call of OpenCL in the child, which runs another program; the parent goes on. */
static void helper_fork_exec(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int value = 41, got = 0;

    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, 4, &value, 0, NULL, NULL));
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            execl("/bin/true", "true", (char *)NULL);
            _exit(127);
        }
        waitpid(pid, &status, 0);
        OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        value = got + 1;
        OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, 4, &value, 0, NULL, NULL));
    }
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    printf("%d\n", got);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* A forked child that simply exits must not take the parent's devices with it. */
static void helper_fork_exit(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int value = 5, got = 0;
    int status;

    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, &status, 0);
    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, 4, &value, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    printf("%d\n", got);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* The loader loaded at run time, closed and loaded again, as programs with plugins do. */
static void helper_dlopen(void) {
    for (int round = 0; round < 3; round++) {
        void *lib = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
        cl_int(CL_API_CALL * get)(cl_uint, cl_platform_id *, cl_uint *);
        cl_uint n = 0;

        if (!lib) {
            printf("no loader: %s\n", dlerror());
            return;
        }
        *(void **)&get = dlsym(lib, "clGetPlatformIDs");
        printf("%d %d\n", get(0, NULL, &n), n > 0);
        dlclose(lib);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} helpers[] = {
    {"driver-variables", helper_driver_variables},
    {"no-files", helper_no_files},
    {"printf", helper_printf},
    {"printf-vectors", helper_printf_vectors},
    {"printf-many", helper_printf_many},
    {"printf-order", helper_printf_order},
    {"exit-busy", helper_exit_busy},
    {"exit-gated", helper_exit_gated},
    {"quick-exit", helper_quick_exit},
    {"fork-exec", helper_fork_exec},
    {"printf-polled", helper_printf_polled},
    {"printf-callback", helper_printf_callback},
    {"printf-stream", helper_printf_stream},
    {"printf-unwaited", helper_printf_unwaited},
    {"fault-in-callback", helper_fault_in_callback},
    {"fork-exit", helper_fork_exit},
    {"dlopen", helper_dlopen},
    {"fork-look", helper_fork_look},
    {"fork-handles", helper_fork_handles},
};

int helper_main(const char *name) {
    for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
        if (strcmp(helpers[i].name, name) == 0)
            return run_as_case(helpers[i].run);
    fprintf(stderr, "cl-conform: no helper is called %s\n", name);
    return 2;
}

/* ---- cases
 * --------------------------------------------------------------------------------------------------------------------
 */

static void printf_formats(void) {
    static char out[65536];

    ended_well(run_helper("printf", out, sizeof(out)), "printf");
    see("output", "%s", out);
}

static void printf_of_vectors(void) {
    static char out[65536];

    ended_well(run_helper("printf-vectors", out, sizeof(out)), "printf-vectors");
    see("output", "%s", out);
}

static void printf_of_many_items(void) {
    static char out[65536];
    bool seen[300] = {false};
    int lines = 0, number;

    ended_well(run_helper("printf-many", out, sizeof(out)), "printf-many");
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n"))
        if (sscanf(line, "item %d", &number) == 1 && number >= 0 && number < 300 && !seen[number]) {
            seen[number] = true;
            lines++;
        }
    check(lines == 300, "one line from each work-item");
}

static void printf_comes_in_time(void) {
    static char out[4096];

    ended_well(run_helper("printf-order", out, sizeof(out)), "printf-order");
    check(strcmp(out, "before\nkernel\nafter\n") == 0,
          "the kernel's output stands where clFinish has waited for it");
}

/* Every byte is there; lines of work-items that run side by side may lie within each other. */
static void much_is_there(const char *helper) {
    static char out[1 << 20];
    size_t expected = 0;

    for (int i = 0; i < 20000; i++)
        expected += (size_t)snprintf(NULL, 0, "item %d of many that are printed\n", i);
    ended_well(run_helper(helper, out, sizeof(out)), helper);
    check(strlen(out) == expected, "all that %s printed", helper);
}

static void printf_of_much_while_polling(void) {
    much_is_there("printf-polled");
}

static void printf_of_much_before_a_callback(void) {
    much_is_there("printf-callback");
}

static void printf_of_much_before_a_stream(void) {
    much_is_there("printf-stream");
}

static void printf_without_a_wait(void) {
    static char out[4096];

    ended_well(run_helper("printf-unwaited", out, sizeof(out)), "a program that does not wait");
    check(strcmp(out, "without a wait\n") == 0, "its output");
}

/* A guest has a say in its driver's variables, as natively, but over a TCP connection. */
static void variables_for_the_driver(void) {
    static char out[4096];
    const char *remote = getenv("TRILLIUM_REMOTE");

    if (remote && *remote)
        skip("variables of drivers do not travel over a TCP connection");
    ended_well(run_helper("driver-variables", out, sizeof(out)), "a program that sets variables");
    see("largest work-group", "%s", out);
}

static void no_files(void) {
    static char out[4096];

    ended_well(run_helper("no-files", out, sizeof(out)), "a program that may write no files");
    check(strcmp(out, "7\n") == 0, "what it read");
}

static void fault_in_a_callback(void) {
    static char out[4096];

    ended_well(run_helper("fault-in-callback", out, sizeof(out)), "a fault that a handler serves");
    check(strcmp(out, "touched 1\n") == 0, "its output");
}

static void exit_with_work_in_flight(void) {
    static char out[4096];

    ended_well(run_helper("exit-busy", out, sizeof(out)), "exit with kernels running");
    check(strcmp(out, "going\n") == 0, "its output");
}

static void exit_with_a_closed_gate(void) {
    static char out[4096];

    ended_well(run_helper("exit-gated", out, sizeof(out)), "exit with a command that can never run");
    check(strcmp(out, "going\n") == 0, "its output");
}

static void immediate_exit(void) {
    static char out[4096];

    ended_well(run_helper("quick-exit", out, sizeof(out)), "_exit with a context");
    check(strcmp(out, "going 1\n") == 0, "its output");
}

static void fork_and_exec(void) {
    static char out[4096];

    ended_well(run_helper("fork-exec", out, sizeof(out)), "fork and exec");
    check(strcmp(out, "44\n") == 0, "the parent goes on");
}

static void fork_and_exit(void) {
    static char out[4096];

    ended_well(run_helper("fork-exit", out, sizeof(out)), "fork and exit");
    check(strcmp(out, "5\n") == 0, "the parent goes on");
}

static void load_and_unload(void) {
    static char out[4096];

    ended_well(run_helper("dlopen", out, sizeof(out)), "dlopen and dlclose");
    see("output", "%s", out);
}

static const struct test_case cases[] = {
    LONG_CASE(printf_formats, 70),
    LONG_CASE(printf_of_vectors, 70),
    LONG_CASE(printf_of_many_items, 70),
    LONG_CASE(printf_comes_in_time, 70),
    LONG_CASE(printf_of_much_while_polling, 70),
    LONG_CASE(printf_of_much_before_a_callback, 70),
    LONG_CASE(printf_of_much_before_a_stream, 70),
    LONG_CASE(printf_without_a_wait, 70),
    LONG_CASE(variables_for_the_driver, 70),
    LONG_CASE(no_files, 70),
    LONG_CASE(fault_in_a_callback, 70),
    LONG_CASE(exit_with_work_in_flight, 70),
    LONG_CASE(exit_with_a_closed_gate, 70),
    LONG_CASE(immediate_exit, 70),
    LONG_CASE(fork_and_exec, 70),
    LONG_CASE(fork_and_exit, 70),
    LONG_CASE(load_and_unload, 70),
    END_OF_CASES,
};

const struct test_group group_process = {"process", cases};
