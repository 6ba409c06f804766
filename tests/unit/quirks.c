// SPDX-License-Identifier: MIT
/* Which quirks are in force for which driver. That the drivers have them shows tests/quirks. */
#include "tests/lib/unit.h"

#include "host-backend/worker/quirks.h"

static const char pocl[] = "Portable Computing Language";

static bool has(uint32_t set, enum quirk quirk) {
    return (set & 1u << quirk) != 0;
}

static void versions(void **state) {
    (void)state;
    assert_int_equal(quirks_version("3.1+debian"), 301);
    assert_int_equal(quirks_version("22.3.6"), 2203);
    assert_int_equal(quirks_version("6"), 600);
    assert_int_equal(quirks_version("550.54.14"), 55054);
    assert_int_equal(quirks_version("Oclgrind 21.10"), 0);
    assert_int_equal(quirks_version(""), 0);
    assert_int_equal(quirks_version(NULL), 0);
}

static void only_where_they_are_seen(void **state) {
    (void)state;
    assert_true(has(quirks_of(pocl, "3.1+debian"), QUIRK_LONG_NAMES_END_IT));
    assert_false(has(quirks_of(pocl, "6.0+debian"), QUIRK_LONG_NAMES_END_IT));
    assert_true(has(quirks_of(pocl, "6.0+debian"), QUIRK_ANSWERS_SIGFPE));
    assert_true(has(quirks_of("rusticl", "24.3.4"), QUIRK_FINISH_IGNORES_USER_EVENTS));
    assert_false(has(quirks_of("rusticl", "25.0.7"), QUIRK_FINISH_IGNORES_USER_EVENTS));
    assert_int_equal(quirks_of("NVIDIA CUDA", "550.54.14"), 0);
    assert_int_equal(quirks_of("", ""), 0);
    assert_int_equal(quirks_of(NULL, NULL), 0);
}

static void drivers_that_were_not_tried(void **state) {
    (void)state;
    assert_true(quirks_untried("NVIDIA CUDA"));
    assert_true(quirks_untried(NULL));
    assert_false(quirks_untried(pocl));
    assert_false(quirks_untried("rusticl"));
}

static void cpus_of_other_machines(void **state) {
    (void)state;
    assert_true(
        quirks_is_elsewhere("OpenCL 3.0 PoCL HSTR: pthread-x86_64 HSTR: pocl-remote: pthread-x86_64"));
    assert_true(quirks_is_elsewhere("OpenCL 1.2 CUDA HSTR: PoCL-Remote 192.0.2.1:1000/0"));
    assert_false(quirks_is_elsewhere("OpenCL 3.0 PoCL HSTR: pthread-x86_64-pc-linux-gnu-skylake-avx512"));
    assert_false(quirks_is_elsewhere(NULL));
}

/* Care that is not needed costs a little; care that is missing hangs a guest. */
static void all_where_the_version_is_not_known(void **state) {
    (void)state;
    assert_true(has(quirks_of(pocl, "git"), QUIRK_LONG_NAMES_END_IT));
    assert_true(has(quirks_of("rusticl", NULL), QUIRK_FAILURE_IS_NOT_TOLD));
}

static void rows_are_whole(void **state) {
    (void)state;
    for (int i = 0; i < QUIRKS; i++) {
        assert_non_null(quirk_rows[i].name);
        assert_true(quirk_rows[i].text && quirk_rows[i].text[0]);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(quirk_rows[i].name, quirk_rows[k].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions),
        cmocka_unit_test(only_where_they_are_seen),
        cmocka_unit_test(drivers_that_were_not_tried),
        cmocka_unit_test(cpus_of_other_machines),
        cmocka_unit_test(all_where_the_version_is_not_known),
        cmocka_unit_test(rows_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
