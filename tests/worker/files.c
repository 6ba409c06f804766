// SPDX-License-Identifier: MIT
/* Files that come with a program: what the driver finds, what it does not find, what is left of them. */
#include "tests/lib/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/worker/guest.h"
#include "tests/worker/tests.h"
#include "trillium/files.h"

struct fixture {
    struct test_guest t;
    uint32_t context, queue, mem;
    size_t set_size;
    char before[4096], folder[64], temporary[80];
};

/* The worker's folders are the test's own: the one that it is started in, with a file x.h, and $TMPDIR. */
static int open_fixture(void **state) {
    struct fixture *f = *state = calloc(1, sizeof *f);
    uint32_t device = 0, slot;
    uint64_t none = 0;

    assert_non_null(f);
    strcpy(f->folder, "/tmp/trillium-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->temporary, sizeof f->temporary, "%s/tmp", f->folder);
    assert_int_equal(mkdir(f->temporary, 0700), 0);
    assert_non_null(getcwd(f->before, sizeof f->before));
    assert_int_equal(chdir(f->folder), 0);
    FILE *x = fopen("x.h", "w");
    assert_non_null(x);
    fputs("#define X 666\n", x);
    fclose(x);
    setenv("TMPDIR", f->temporary, 1);
    guest_open(&f->t, NULL);
    unsetenv("TMPDIR");
    f->context = guest_id(&f->t);
    f->queue = guest_id(&f->t);
    slot = guest_slot(&f->t);
    TR_SEND(f->t.g, CREATE_CONTEXT, create_context, ((struct tr_array[]){{&device, 1}}),
            .context = f->context, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    slot = guest_slot(&f->t);
    TR_SEND(f->t.g, CREATE_QUEUE, create_queue, ((struct tr_array[]){{&none, 0}}), .queue = f->queue,
            .context = f->context, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    f->mem = guest_placed_buffer(&f->t, f->context, 0, 4096);
    return 0;
}

static int close_fixture(void **state) {
    struct fixture *f = *state;
    guest_close(&f->t);
    assert_int_equal(chdir(f->before), 0);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* ---- sets: they lie behind the first 64 KiB of the guest's memory ---- */

enum { SET_AT = 65536 };

static void add(struct fixture *f, uint32_t kind, const char *path, const char *text) {
    struct tr_file_entry e = {kind, (uint32_t)strlen(path), text ? strlen(text) : 0};
    char *at = (char *)f->t.memory.ptr + SET_AT + f->set_size;
    size_t used = sizeof e + e.path_size + e.size;
    memcpy(at, &e, sizeof e);
    memcpy(at + sizeof e, path, e.path_size);
    if (text)
        memcpy(at + sizeof e + e.path_size, text, e.size);
    f->set_size += (used + 7) & ~7ull;
}

/* The program's kernel k writes this; -1: it does not build. The set is empty again. */
static int result(struct fixture *f, const char *source) {
    uint32_t program = guest_id(&f->t), kernel = guest_id(&f->t), slot = guest_slot(&f->t);
    TR_SEND(f->t.g, CREATE_PROGRAM, create_program,
            ((struct tr_array[]){{NULL, 0}, {NULL, 0}, {source, (uint32_t)strlen(source)}}),
            .program = program, .context = f->context, .slot = TR_NO_SLOT, .ir = TR_IR_SOURCE);
    if (f->set_size > 0)
        TR_SEND(f->t.g, SET_FILES, set_files, NULL, .program = program,
                .files = guest_span(&f->t, SET_AT, f->set_size));
    f->set_size = 0;
    TR_SEND(f->t.g, BUILD_PROGRAM, build_program, ((struct tr_array[]){{NULL, 0}, {"", 0}}),
            .program = program, .slot = slot);
    cl_int r = guest_result(&f->t, slot);
    if (r != CL_SUCCESS) {
        assert_int_equal(r, CL_BUILD_PROGRAM_FAILURE);
        return -1;
    }
    TR_SEND(f->t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{"k", 1}}), .kernel = kernel,
            .program = program, .slot = TR_NO_SLOT);
    guest_set_mem(&f->t, kernel, 0, f->mem);
    TR_SEND(f->t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = f->queue,
            .kernel = kernel, .event_slot = TR_NO_SLOT, .work_dim = 1, .global = {1, 1, 1});
    assert_int_equal(guest_finish(&f->t, f->queue), CL_SUCCESS);
    return *(volatile int *)f->t.memory.ptr;
}

#define KERNEL "\nkernel void k(global int *a) { *a = X; }\n"

static void test_files_are_found(void **state) {
    struct fixture *f = *state;
    add(f, TR_FILE_SEARCHED, "/home/me", NULL);
    add(f, TR_FILE_FOLDER, "/home/me/a", NULL);
    add(f, TR_FILE_TEXT, "/home/me/b/x.h", "#define X 5\n");
    add(f, TR_FILE_SAME, "/home/me/y.h", NULL);
    assert_int_equal(result(f, "#include \"a/../b/x.h\"" KERNEL), 5);
}

/* The text is the same, the files are not: a build seen before is another one. */
static void test_files_make_another_program(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 4; i++) {
        add(f, TR_FILE_SEARCHED, "/", NULL);
        add(f, TR_FILE_TEXT, "/x.h", i < 2 ? "#define X 1\n" : "#define X 2\n");
        assert_int_equal(result(f, "#include \"x.h\"" KERNEL), i < 2 ? 1 : 2);
    }
    assert_int_equal(result(f, "#include \"x.h\"" KERNEL), -1); /* a set is for one build */
}

/* Where the daemon was started lies a file of that name. */
static void test_the_hosts_files_are_not(void **state) {
    struct fixture *f = *state;
    assert_int_equal(result(f, "#include \"x.h\"" KERNEL), -1);
    assert_int_equal(result(f, "#include <x.h>" KERNEL), -1);
    assert_int_equal(result(f, "#inc\\\nlude <x.h>" KERNEL), -1);
    add(f, TR_FILE_SEARCHED, "/", NULL);
    assert_int_equal(result(f, "#include \"x.h\"" KERNEL), -1);
}

static unsigned entries(const char *dir) {
    unsigned count = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        count += strncmp(e->d_name, "trillium", 8) == 0;
    closedir(d);
    return count;
}

/* However a set leads out of its folder, it stays inside; and nothing stays at all. */
static void test_nothing_is_left(void **state) {
    struct fixture *f = *state;
    add(f, TR_FILE_SEARCHED, "/../../../../..", NULL);
    add(f, TR_FILE_TEXT, "/a/../../../../../../x.h", "#define X 3\n");
    assert_int_equal(result(f, "#include \"x.h\"" KERNEL), 3);
    /* One that cannot be laid out: a file where a folder should be. */
    add(f, TR_FILE_TEXT, "/a", "");
    add(f, TR_FILE_TEXT, "/a/b", "");
    assert_int_equal(result(f, "#define X 1" KERNEL), -1);
    assert_int_equal(entries(f->temporary), 0);
    assert_int_equal(entries("."), 0);
    assert_int_equal(access("x.h", F_OK), 0);
}

int test_files(void) {
#define WITH_WORKER(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        WITH_WORKER(test_files_are_found),
        WITH_WORKER(test_files_make_another_program),
        WITH_WORKER(test_the_hosts_files_are_not),
        WITH_WORKER(test_nothing_is_left),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
