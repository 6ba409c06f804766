// SPDX-License-Identifier: MIT
/* The broker: workers on demand, for as long as guests are there. */
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/broker/broker.h"
#include "tests/worker/guest.h"
#include "tests/worker/tests.h"

struct fixture {
    struct broker *b;
    pthread_t thread;
    char path[108];
};

static char worker[4096];

static void *run(void *opaque) {
    broker_run(opaque);
    return NULL;
}

static void start(struct fixture *f, const struct broker_config *config) {
    char why[BROKER_WHY_SIZE] = "";
    f->b = broker_create(config, why);
    if (!f->b)
        fail_msg("%s", why);
    assert_int_equal(pthread_create(&f->thread, NULL, run, f->b), 0);
}

static void stop(struct fixture *f) {
    broker_stop(f->b);
    pthread_join(f->thread, NULL);
    broker_destroy(f->b);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left, not even a dead one */
}

static void use(struct test_guest *t) {
    uint32_t slot = guest_slot(t);
    TR_SEND(t->g, GET_CLOCK, get_clock, NULL, .slot = slot);
    assert_int_equal(guest_result(t, slot), CL_SUCCESS);
}

static void test_sessions(void **state) {
    struct fixture f;
    struct test_guest t[3];
    (void)state;

    unsigned fds = unit_open_fds();
    start(&f, &(struct broker_config){.worker_path = worker, .warm_workers = 1});
    for (int i = 0; i < 3; i++) {
        int fd = broker_open_session(f.b, "a test");
        assert_true(fd >= 0);
        guest_attach(&t[i], fd);
    }
    for (int i = 0; i < 3; i++)
        use(&t[i]);
    guest_close(&t[1]);
    use(&t[0]);
    use(&t[2]);
    guest_close(&t[0]);
    guest_close(&t[2]);
    stop(&f);
    assert_int_equal(unit_open_fds(), fds);
}

/* One guest's worker dies; its guest is told, the others go on, and a new guest gets a new one. */
static void test_worker_dies(void **state) {
    struct fixture f;
    struct test_guest a, b, c;
    struct test_setup s;
    (void)state;

    start(&f, &(struct broker_config){.worker_path = worker, .warm_workers = 0});
    guest_attach(&a, broker_open_session(f.b, "a"));
    guest_attach(&b, broker_open_session(f.b, "b"));
    guest_setup(&a, &s, "kernel void bad(global int *x) { x[(long)x[0] << 32] = 1; }\n", "bad", 0);
    guest_set_mem(&a, s.kernel, 0, guest_placed_buffer(&a, s.context, 0, 4096));
    *(int *)a.memory.ptr = 12345;
    TR_SEND(a.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = s.queue,
            .kernel = s.kernel, .event_slot = TR_NO_SLOT, .work_dim = 1, .global = {1, 1, 1});
    assert_int_equal(guest_finish(&a, s.queue), CL_DEVICE_NOT_AVAILABLE);
    use(&b);
    guest_attach(&c, broker_open_session(f.b, "c"));
    use(&c);
    guest_close(&a);
    guest_close(&b);
    guest_close(&c);
    stop(&f);
}

static void test_listen(void **state) {
    struct fixture f;
    struct test_guest t;
    struct stat st;
    char why[SVGA_WHY_SIZE] = "", broker_why[BROKER_WHY_SIZE] = "", dir[] = "/tmp/trillium-test-XXXXXX";
    (void)state;

    assert_non_null(mkdtemp(dir));
    snprintf(f.path, sizeof f.path, "%s/socket", dir);
    f.b = broker_create(&(struct broker_config){.worker_path = worker, .warm_workers = 1}, broker_why);
    assert_non_null(f.b);
    assert_int_equal(broker_listen(f.b, f.path, broker_why), 0);
    assert_int_equal(stat(f.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    /* Somebody serves it: a second daemon must not take it. */
    struct broker *other = broker_create(&(struct broker_config){.worker_path = worker}, broker_why);
    assert_non_null(other);
    assert_int_equal(broker_listen(other, f.path, broker_why), -1);
    assert_true(strlen(broker_why) > 0);
    broker_destroy(other);
    assert_int_equal(stat(f.path, &st), 0);

    assert_int_equal(pthread_create(&f.thread, NULL, run, f.b), 0);
    struct svga_carrier *carrier = svga_carrier_shm_open(f.path, NULL, 0, why);
    assert_non_null(carrier);
    t.g = svga_guest_open(carrier, TR_VERSION, 0, why);
    assert_non_null(t.g);
    svga_guest_close(t.g);
    stop(&f);
    assert_int_equal(rmdir(dir), 0); /* the socket is gone */
}

/* Workers that die at once: guests are refused with a sentence, not kept waiting. */
static void test_workers_that_cannot_start(void **state) {
    struct fixture f;
    char script[] = "/tmp/trillium-test-XXXXXX", why[SVGA_WHY_SIZE] = "";
    (void)state;

    int fd = mkstemp(script);
    assert_true(fd >= 0);
    dprintf(fd, "#!/bin/sh\ncase \"$*\" in *--refuse*) exec '%s' \"$@\";; esac\nexit 3\n", worker);
    fchmod(fd, 0700);
    close(fd);
    start(&f, &(struct broker_config){.worker_path = script, .warm_workers = 1, .sandbox = CELL_MODE_OFF});
    for (int i = 0; i < 3; i++) {
        struct svga_carrier *carrier = svga_carrier_shm_from_fd(broker_open_session(f.b, "a test"), why);
        if (carrier)
            assert_null(svga_guest_open(carrier, TR_VERSION, 0, why));
        assert_non_null(strstr(why, "exit status 3"));
    }
    stop(&f);
    unlink(script);
}

static void test_no_worker(void **state) {
    char why[BROKER_WHY_SIZE] = "";
    (void)state;
    assert_null(broker_create(&(struct broker_config){.worker_path = "/no/such/worker"}, why));
    assert_non_null(strstr(why, "/no/such/worker"));
}

/* Sends what a guest would have its worker's environment be, over a socket of its own; what the worker got of it. */
static void choose(const char *choice, const char *variables, size_t size, char *text, size_t room) {
    struct fixture f;
    struct test_guest t = {0};
    char dir[] = "/tmp/trillium-test-XXXXXX", script[64], out[64], why[BROKER_WHY_SIZE] = "";

    assert_non_null(mkdtemp(dir));
    snprintf(f.path, sizeof f.path, "%s/socket", dir);
    snprintf(script, sizeof script, "%s/worker", dir);
    snprintf(out, sizeof out, "%s/environment", dir);
    int fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_true(fd >= 0);
    dprintf(fd, "#!/bin/sh\nenv > '%s.$$'; mv '%s.$$' '%s'; exec '%s' \"$@\"\n", out, out, out, worker);
    close(fd);
    f.b = broker_create(
        &(struct broker_config){
            .worker_path = script, .warm_workers = 0, .variables = choice, .sandbox = CELL_MODE_OFF},
        why);
    assert_non_null(f.b);
    assert_int_equal(broker_listen(f.b, f.path, why), 0);
    assert_int_equal(pthread_create(&f.thread, NULL, run, f.b), 0);
    struct svga_carrier *carrier = svga_carrier_shm_open(f.path, variables, size, why);
    assert_non_null(carrier);
    t.g = svga_guest_open(carrier, TR_VERSION, 0, why);
    assert_non_null(t.g);
    svga_guest_close(t.g);
    stop(&f);
    FILE *in = fopen(out, "re");
    assert_non_null(in);
    text[fread(text, 1, room - 1, in)] = '\0';
    fclose(in);
    unlink(out);
    unlink(script);
    assert_int_equal(rmdir(dir), 0);
}

/* A guest chooses what the table has, and nothing else; its worker's value takes the place of the host's. */
static void test_variables(void **state) {
    static const char wanted[] =
        "POCL_MAX_PTHREAD_COUNT=3\0LP_NUM_THREADS=2\0LD_PRELOAD=/evil.so\0POCL_CACHE_DIR=/\0"
        "RUSTICL_FEATURES=fp16,rm",
                      cut[] = {'P', 'O', 'C', 'L'};
    char text[65536] = "";
    (void)state;

    setenv("POCL_MAX_PTHREAD_COUNT", "7", 1);
    choose(NULL, wanted, sizeof wanted, text, sizeof text);
    assert_non_null(strstr(text, "POCL_MAX_PTHREAD_COUNT=3"));
    assert_null(strstr(text, "POCL_MAX_PTHREAD_COUNT=7"));
    assert_non_null(strstr(text, "LP_NUM_THREADS=2"));
    assert_null(strstr(text, "evil"));
    assert_null(strstr(text, "RUSTICL_FEATURES"));
    choose("LP_NUM_THREADS", wanted, sizeof wanted, text, sizeof text);
    assert_non_null(strstr(text, "POCL_MAX_PTHREAD_COUNT=7"));
    assert_non_null(strstr(text, "LP_NUM_THREADS=2"));
    choose("none", wanted, sizeof wanted, text, sizeof text);
    assert_non_null(strstr(text, "POCL_MAX_PTHREAD_COUNT=7"));
    assert_null(strstr(text, "LP_NUM_THREADS"));
    choose(NULL, cut, sizeof cut, text, sizeof text);
    assert_non_null(strstr(text, "POCL_MAX_PTHREAD_COUNT=7"));
    unsetenv("POCL_MAX_PTHREAD_COUNT");
}

/* Workers see what is drivers' of the host's environment, and nothing else of it. */
static void test_environment(void **state) {
    struct fixture f;
    char script[] = "/tmp/trillium-test-XXXXXX", out[] = "/tmp/trillium-test-XXXXXX", text[65536] = "";
    (void)state;

    int fd = mkstemp(script), out_fd = mkstemp(out);
    assert_true(fd >= 0 && out_fd >= 0);
    dprintf(fd, "#!/bin/sh\nenv > '%s.new'; mv '%s.new' '%s'; exec '%s' \"$@\"\n", out, out, out, worker);
    fchmod(fd, 0700);
    close(fd);
    setenv("TRILLIUM_SHM", "/somewhere", 1);
    setenv("OCL_ICD_VENDORS", "/opt/trillium/icd", 1);
    setenv("POCL_OF_THE_HOST", "kept", 1);
    setenv("OPENCL_LAYERS", "/nowhere/layer.so", 1);
    setenv("LD_PRELOAD", "", 1);
    setenv("SECRET_OF_THE_HOST", "1", 1);
    start(&f, &(struct broker_config){.worker_path = script, .warm_workers = 0, .sandbox = CELL_MODE_OFF});
    struct test_guest t;
    guest_attach(&t, broker_open_session(f.b, "a test"));
    use(&t);
    guest_close(&t);
    stop(&f);
    unsetenv("TRILLIUM_SHM");
    unsetenv("OCL_ICD_VENDORS");
    unsetenv("POCL_OF_THE_HOST");
    unsetenv("OPENCL_LAYERS");
    unsetenv("LD_PRELOAD");
    unsetenv("SECRET_OF_THE_HOST");
    FILE *in = fopen(out, "re");
    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    assert_null(strstr(text, "TRILLIUM_SHM="));
    assert_null(strstr(text, "OCL_ICD_VENDORS="));
    assert_null(strstr(text, "OPENCL_LAYERS="));
    assert_null(strstr(text, "LD_PRELOAD="));
    assert_null(strstr(text, "SECRET_OF_THE_HOST="));
    assert_non_null(strstr(text, "POCL_OF_THE_HOST=kept"));
    assert_non_null(strstr(text, "TRILLIUM_WORKER=1"));
    close(out_fd);
    unlink(script);
    unlink(out);
}

/* How many children of this process have a scheduling group of that nice value. */
static unsigned children_that_claim(const char *wanted) {
    int pids[UNIT_CHILDREN];
    const size_t n = unit_children(pids);
    unsigned count = 0;

    for (size_t i = 0; i < n; i++) {
        char path[64], line[64];
        snprintf(path, sizeof path, "/proc/%d/autogroup", pids[i]);
        FILE *in = fopen(path, "re");
        count += in && fgets(line, sizeof line, in) && strstr(line, wanted);
        if (in)
            fclose(in);
    }
    return count;
}

/* Waits for half a minute at most until there are so many. */
static bool children_claim(unsigned count, const char *wanted) {
    for (int i = 0; i < 3000; i++, usleep(10000))
        if (children_that_claim(wanted) >= count)
            return true;
    return false;
}

/* A worker that waits for a guest leaves the CPUs to those that serve one; but the first, before which there is nobody to serve. */
static void test_shares(void **state) {
    struct fixture f;
    struct test_guest t[2];
    char line[64] = "";
    (void)state;

    FILE *in = fopen("/proc/self/autogroup", "re");
    if (!in || !fgets(line, sizeof line, in))
        skip(); /* this kernel shares its CPUs in another way */
    fclose(in);
    start(&f, &(struct broker_config){.worker_path = worker, .warm_workers = 1});
    assert_true(children_claim(1, "nice 0"));
    assert_true(children_claim(1, "nice 19"));
    for (int i = 0; i < 2; i++)
        guest_attach(&t[i], broker_open_session(f.b, "a test"));
    for (int i = 0; i < 2; i++)
        use(&t[i]);
    assert_true(children_claim(2, "nice 0"));
    for (int i = 0; i < 2; i++)
        guest_close(&t[i]);
    stop(&f);
}

/* Ways for a source to reach a file. %s: its path. */
static const char *const reaches[] = {
    "#include \"%s\"\nkernel void k(global int *x) { x[0] = FOUND; }\n",
    "#define FILE \"%s\"\n#include FILE\nkernel void k(global int *x) { x[0] = FOUND; }\n",
    "#in\\\nclude \"%s\"\nkernel void k(global int *x) { x[0] = FOUND; }\n",
    "%%:include \"%s\"\nkernel void k(global int *x) { x[0] = FOUND; }\n",
    "#if !__has_include(\"%s\")\n#error none\n#endif\nkernel void k(global int *x) { x[0] = 1; }\n",
    "constant char text[] = {\n#embed \"%s\"\n};\nkernel void k(global int *x) { x[0] = text[0]; }\n",
};
enum { REACHES = sizeof reaches / sizeof reaches[0] };

/* Which of them find it, as bits. */
static unsigned found(enum cell_mode sandbox, const char *path) {
    struct fixture f;
    struct test_guest t;
    struct test_setup s;
    unsigned bits = 0;
    char source[512];

    start(&f, &(struct broker_config){.worker_path = worker, .warm_workers = 0, .sandbox = sandbox});
    guest_attach(&t, broker_open_session(f.b, "a test"));
    guest_setup(&t, &s, "kernel void k(global int *x) { x[0] = 2; }\n", "k", 0);
    for (unsigned i = 0; i < REACHES; i++) {
        snprintf(source, sizeof source, reaches[i], path); /* NOLINT(clang-diagnostic-format-nonliteral) */
        bits |= (guest_build(&t, s.context, guest_id(&t), source) == CL_SUCCESS) << i;
    }
    guest_close(&t);
    stop(&f);
    return bits;
}

/* A guest that speaks for itself sends sources as they are: their includes are for the worker, which finds no file of the
 * host. */
static void test_files_of_the_host(void **state) {
    char path[] = "/tmp/trillium-test-XXXXXX";
    int fd = mkstemp(path);
    (void)state;

    assert_true(fd >= 0);
    assert_true(dprintf(fd, "#define FOUND 1\n") > 0);
    fchmod(fd, 0644);
    close(fd);
    assert_true(found(CELL_MODE_OFF, path) & 1); /* there it is */
    assert_int_equal(found(CELL_MODE_BEST, path), 0);
    unlink(path);
}

int test_broker(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_worker_dies),
        cmocka_unit_test(test_listen),
        cmocka_unit_test(test_workers_that_cannot_start),
        cmocka_unit_test(test_no_worker),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_files_of_the_host),
    };
    const char *build = getenv("TRILLIUM_BUILD");
    snprintf(worker, sizeof worker, "%s/libexec/trillium-worker", build ? build : "build");
    return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
