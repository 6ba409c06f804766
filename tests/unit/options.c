// SPDX-License-Identifier: MIT
/* Build options as far as the guest reads them, and the extensions that it shows. */
#include "tests/lib/unit.h"

#include "guest-icd/platform/extensions.h"
#include "guest-icd/program/options.h"

static void none(void **state) {
    struct icd_options o;
    (void)state;
    assert_true(icd_options_parse(NULL, &o));
    assert_string_equal(o.rest, "");
    assert_int_equal(o.dir_count, 0);
    assert_int_equal(o.cl_std, 0);
    icd_options_free(&o);
}

static void folders(void **state) {
    struct icd_options o;
    (void)state;
    assert_true(icd_options_parse("-Ia -DX=1 -I b  -I \"c d\" -Ie\\ f -O -I", &o));
    assert_int_equal(o.dir_count, 4);
    assert_string_equal(o.dirs[0], "a");
    assert_string_equal(o.dirs[1], "b");
    assert_string_equal(o.dirs[2], "c d");
    assert_string_equal(o.dirs[3], "e f");
    assert_string_equal(o.rest, " -DX=1 -O");
    icd_options_free(&o);
}

/* Everything but -I reaches the host's compiler as it was, quotes and all. */
static void the_rest_is_kept(void **state) {
    static const char options[] = "  -D NAME=\"a b\"  -cl-std=CL3.0\t-bogus -D'X' \\";
    struct icd_options o;
    (void)state;
    assert_true(icd_options_parse(options, &o));
    assert_string_equal(o.rest, options);
    icd_options_free(&o);
}

static void flags(void **state) {
    struct icd_options o;
    (void)state;
    assert_true(icd_options_parse("-cl-std=CL2.0 -cl-uniform-work-group-size", &o));
    assert_int_equal(o.cl_std, 20);
    assert_true(o.uniform);
    assert_false(o.create_library);
    assert_false(o.arg_info);
    icd_options_free(&o);
    assert_true(icd_options_parse("-create-library -cl-kernel-arg-info -cl-std=CLC++2021", &o));
    assert_true(o.create_library);
    assert_true(o.arg_info);
    assert_int_equal(o.cl_std, 20);
    icd_options_free(&o);
    assert_true(icd_options_parse("-DY=-create-library x-cl-kernel-arg-info", &o));
    assert_false(o.create_library);
    assert_false(o.arg_info);
    icd_options_free(&o);
}

static void extensions(void **state) {
    (void)state;
    char *text = icd_device_extensions(
        " cl_khr_fp64  cl_khr_gl_sharing cl_nobody_knows_this cl_khr_fp6 cl_khr_fp16 ", 11);
    assert_string_equal(text, "cl_khr_fp64 cl_khr_fp16");
    free(text);
    text = icd_device_extensions("", 11);
    assert_string_equal(text, "");
    free(text);
    text = icd_device_extensions("", 12);
    assert_string_equal(text, "cl_khr_command_buffer cl_khr_command_buffer_mutable_dispatch");
    free(text);
    text = icd_device_extensions("cl_khr_command_buffer cl_khr_fp16", 30);
    assert_string_equal(text, "cl_khr_fp16 cl_khr_command_buffer cl_khr_command_buffer_mutable_dispatch");
    free(text);
    /* What the driver has of its own comes once. */
    text = icd_platform_extensions("cl_khr_fp64 cl_khr_icd");
    assert_string_equal(text, "cl_khr_icd cl_khr_fp64");
    free(text);
}

static void extensions_with_version(void **state) {
    cl_name_version list[4] = {{7, "cl_khr_gl_sharing"}, {8, "cl_khr_fp64"}, {9, "cl_khr_icd"}};
    cl_name_version *copy = malloc(sizeof list);
    void *bytes = copy;
    size_t size = 3 * sizeof list[0];
    (void)state;
    memcpy(copy, list, sizeof list);
    assert_int_equal(icd_device_extensions_with_version(list, size, 30), 4 * sizeof list[0]);
    assert_string_equal(list[2].name, "cl_khr_command_buffer");
    assert_string_equal(list[3].name, "cl_khr_command_buffer_mutable_dispatch");
    assert_int_equal(icd_device_extensions_with_version(list, size, 11), 2 * sizeof list[0]);
    assert_string_equal(list[0].name, "cl_khr_fp64");
    assert_int_equal(list[0].version, 8);
    assert_int_equal(icd_platform_extensions_with_version(&bytes, &size), CL_SUCCESS);
    assert_int_equal(size, 2 * sizeof list[0]);
    assert_string_equal(((cl_name_version *)bytes)[0].name, "cl_khr_icd");
    assert_string_equal(((cl_name_version *)bytes)[1].name, "cl_khr_fp64");
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none),  cmocka_unit_test(folders),    cmocka_unit_test(the_rest_is_kept),
        cmocka_unit_test(flags), cmocka_unit_test(extensions), cmocka_unit_test(extensions_with_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
