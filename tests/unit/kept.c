// SPDX-License-Identifier: MIT
/* What the guest keeps of compiles to SPIR-V: found again for the very same job, and believed only as long as it can be. */
#include "tests/lib/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svga-model/visa/apart/guest.h"
#include "svga-model/visa/apart/kept.h"

static char base[] = "/tmp/trillium-test-XXXXXX";
static char folder[64];

static struct visa_packet job_of(const char *text) {
    struct visa_packet job = {0};
    visa_packet_put_text(&job, text);
    return job;
}

static void put(const char *text, const char *answer) {
    struct visa_packet job = job_of(text);
    visa_kept_put(folder, &job, answer, strlen(answer) + 1);
    free(job.bytes);
}

static bool has(const char *text, const char *answer) {
    struct visa_packet job = job_of(text);
    size_t size = 0;
    char *bytes = visa_kept_get(folder, &job, &size);
    bool same = bytes && size == strlen(answer) + 1 && strcmp(bytes, answer) == 0;
    free(bytes);
    free(job.bytes);
    return same;
}

/* Calls `change` with the path of each file there is. How many. */
static int each(void (*change)(const char *path)) {
    DIR *d = opendir(folder);
    int count = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[PATH_MAX];
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        change(path);
        count++;
    }
    if (d)
        closedir(d);
    return count;
}

static void drop(const char *path) {
    assert_int_equal(unlink(path), 0);
}

static void cut(const char *path) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 1), 0);
}

static void flip(const char *path) {
    char last;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    off_t end = lseek(fd, -2, SEEK_END);
    assert_int_equal(pread(fd, &last, 1, end), 1);
    last ^= 1;
    assert_int_equal(pwrite(fd, &last, 1, end), 1);
    close(fd);
}

static void open_up(const char *path) {
    assert_int_equal(chmod(path, 0622), 0);
}

static void test_found_again(void **state) {
    (void)state;
    assert_false(has("job", "answer"));
    put("job", "answer");
    assert_true(has("job", "answer"));
    assert_false(has("another", "answer"));
    put("job", "another");
    assert_true(has("job", "another"));
    assert_int_equal(each(drop), 1);
}

static void test_not_believed(void **state) {
    void (*const changes[])(const char *) = {cut, flip, open_up};
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        put("job", "answer");
        assert_true(has("job", "answer"));
        assert_int_equal(each(changes[i]), 1);
        assert_false(has("job", "answer"));
        put("job", "answer"); /* and what was there is in nobody's way */
        assert_true(has("job", "answer"));
        each(drop);
    }
}

static void test_kept_small(void **state) {
    char name[32], *big = malloc(5 << 20);
    (void)state;
    memset(big, 'x', 5 << 20);
    big[(5 << 20) - 1] = '\0';
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "job %d", i);
        put(name, big);
    }
    assert_true(has("job 19", big));
    int files = each(drop);
    assert_true(files >= 10 && files <= 13);
    free(big);
}

static void test_no_home(void **state) {
    struct visa_packet job = job_of("job");
    (void)state;
    visa_kept_put("/no-such-home/.cache/trillium/spirv", &job, "", 1);
    assert_int_equal(access("/no-such-home", F_OK), -1);
    free(job.bytes);
}

static void test_parts(void **state) {
    char *parts = visa_kept_parts(), *end;
    (void)state;
    assert_non_null(parts);
    assert_non_null(strstr(parts, "libc.so"));
    assert_true(visa_kept_current(parts));
    end = strchr(parts, '\n');
    assert_non_null(end);
    end[-1] = end[-1] == '1' ? '2' : '1'; /* of the first one's time */
    assert_false(visa_kept_current(parts));
    free(parts);
    assert_false(visa_kept_current(""));
    assert_false(visa_kept_current("/no/such/file 1 1.000000000\n"));
}

static bool answer_same(void *same) {
    return *(const bool *)same;
}

/* With the compiler itself: what it made the first time comes back without it. `files`: what the source may include, NULL for nothing, and
 * whether it is still so when it has been compiled. */
static enum visa_status compile_with(const char *options, bool closed, const char *files, bool same,
                                     struct visa_module *out) {
    static const char source[] =
        "kernel void k(global float4 *a, local int *b) { a[get_global_id(0)] = (float)*b + X; }";
    static const struct visa_features device = {.address_bits = 64,
                                                .device_version = 300,
                                                .c_version = 120,
                                                .c_version_max = 120,
                                                .little_endian = true};
    /* at other addresses each time */
    char *text = strdup(source);
    struct visa_compile_request request = {.source = text,
                                           .source_size = strlen(text),
                                           .options = options,
                                           .features = &device,
                                           .closed = closed,
                                           .files = files,
                                           .files_size = files ? strlen(files) : 0,
                                           .same_files = answer_same,
                                           .opaque = &same};
    enum visa_status status = visa_apart_compile(&request, out);
    free(text);
    return status;
}

static enum visa_status compile(const char *options, bool closed, struct visa_module *out) {
    return compile_with(options, closed, NULL, true, out);
}

/* Was the compiler asked? */
static bool is_compiled(const char *files, bool same) {
    struct visa_module made;
    assert_int_equal(compile_with("-DX=1", true, files, same, &made), VISA_OK);
    bool compiled = made.timing.clang_ns > 0;
    visa_apart_module_free(&made);
    return compiled;
}

/* What includes files is kept with them, unless they changed meanwhile. */
static void test_files(void **state) {
    (void)state;
    assert_true(is_compiled("a", false));
    assert_true(is_compiled("a", true));
    assert_false(is_compiled("a", true));
    assert_true(is_compiled("b", true));
    assert_true(is_compiled(NULL, true));
    assert_false(is_compiled(NULL, true));
    assert_false(is_compiled("b", true));
    each(drop);
}

static void test_compiles(void **state) {
    struct visa_module first, again;
    (void)state;
    visa_apart_keep_in(folder);
    assert_int_equal(compile("-DX=1", true, &first), VISA_OK);
    assert_true(first.timing.clang_ns > 0);
    assert_int_equal(compile("-DX=1", true, &again), VISA_OK);
    assert_true(again.timing.clang_ns == 0);
    assert_int_equal(again.spirv_words, first.spirv_words);
    assert_memory_equal(again.spirv, first.spirv, first.spirv_words * sizeof *first.spirv);
    assert_int_equal(again.kernel_count, 1);
    assert_string_equal(again.kernels[0].name, "k");
    assert_int_equal(again.kernels[0].arg_count, 2);
    assert_string_equal(again.kernels[0].args[0].type_name, first.kernels[0].args[0].type_name);
    visa_apart_module_free(&again);
    assert_int_equal(compile("-DX=2", true, &again), VISA_OK);
    assert_true(again.timing.clang_ns > 0);
    visa_apart_module_free(&again);
    assert_int_equal(compile("-DX=1", false, &again), VISA_OK);
    assert_true(again.timing.clang_ns > 0);
    visa_apart_module_free(&again);
    for (int i = 0; i < 2; i++) { /* failures are not kept */
        assert_int_equal(compile("", true, &again), VISA_BUILD_FAILURE);
        assert_non_null(strstr(again.log, "X"));
        visa_apart_module_free(&again);
    }
    visa_apart_module_free(&first);
    assert_int_equal(each(drop), 2);
}

static int make_base(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "%s/a/b", mkdtemp(base));
    return 0;
}

static int remove_base(void **state) {
    (void)state;
    char parent[64];
    snprintf(parent, sizeof parent, "%s/a", base);
    return rmdir(folder) + rmdir(parent) + rmdir(base);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_again), cmocka_unit_test(test_not_believed),
        cmocka_unit_test(test_kept_small),  cmocka_unit_test(test_no_home),
        cmocka_unit_test(test_parts),       cmocka_unit_test(test_compiles),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
