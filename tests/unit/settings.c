// SPDX-License-Identifier: MIT
/* The environment variables that steer the guest's driver. */
#include "tests/lib/unit.h"

#include "guest-icd/session/settings.h"

static const char *const names[] = {
#define V(name, value, doc) #name,
    ICD_VARIABLES(V)
#undef V
};

static int clear(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    return 0;
}

static void defaults(void **state) {
    struct icd_settings s;

    (void)state;
    assert_true(icd_settings_read(&s));
    assert_false(s.spirv);
    assert_false(s.debug);
    assert_true(s.direct_copies);
    assert_true(s.reuse);
    assert_true(s.fill);
    assert_true(s.in_place);
    assert_int_equal(s.spin_us, 200);
    assert_string_equal(icd_variable("TRILLIUM_SHM"), "");
    assert_string_equal(icd_variable("TRILLIUM_IR"), "source");
}

static void values(void **state) {
    struct icd_settings s;

    (void)state;
    setenv("TRILLIUM_IR", "spirv", 1);
    setenv("TRILLIUM_DEBUG", "1", 1);
    setenv("TRILLIUM_DIRECT", "0", 1);
    setenv("TRILLIUM_REUSE", "0", 1);
    setenv("TRILLIUM_FILL", "0", 1);
    setenv("TRILLIUM_PACE", "0", 1);
    setenv("TRILLIUM_IN_PLACE", "0", 1);
    setenv("TRILLIUM_SPIN_US", "0", 1);
    assert_true(icd_settings_read(&s));
    assert_true(s.spirv);
    assert_true(s.debug);
    assert_false(s.direct_copies);
    assert_false(s.reuse);
    assert_false(s.fill);
    assert_false(s.pace);
    assert_false(s.in_place);
    assert_int_equal(s.spin_us, 0);
}

/* Set to nothing is as good as not set. */
static void empty_values(void **state) {
    struct icd_settings s;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        setenv(names[i], "", 1);
    assert_true(icd_settings_read(&s));
    assert_false(s.spirv);
    assert_true(s.direct_copies);
    assert_int_equal(s.spin_us, 200);
}

static void bad_values(void **state) {
    static const struct {
        const char *name, *value;
    } bad[] = {
        {"TRILLIUM_COPY", "words"},
        {"TRILLIUM_IR", "Source"},
        {"TRILLIUM_IR", "spir-v"},
        {"TRILLIUM_IR", " source"},
        {"TRILLIUM_SPIN_US", "-1"},
        {"TRILLIUM_SPIN_US", "1000001"},
        {"TRILLIUM_SPIN_US", "12x"},
        {"TRILLIUM_SPIN_US", " 5"},
        {"TRILLIUM_SPIN_US", "x"},
        {"TRILLIUM_SPIN_US", "+5"},
        {"TRILLIUM_SPIN_US", "99999999999999999999999"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct icd_settings s;

        setenv(bad[i].name, bad[i].value, 1);
        if (icd_settings_read(&s))
            fail_msg("%s=%s was taken", bad[i].name, bad[i].value);
        unsetenv(bad[i].name);
    }
}

static void limits(void **state) {
    struct icd_settings s;

    (void)state;
    setenv("TRILLIUM_SPIN_US", "1000000", 1);
    assert_true(icd_settings_read(&s));
    assert_int_equal(s.spin_us, 1000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults, clear),     cmocka_unit_test_setup(values, clear),
        cmocka_unit_test_setup(empty_values, clear), cmocka_unit_test_setup(bad_values, clear),
        cmocka_unit_test_setup(limits, clear),
    };

    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
