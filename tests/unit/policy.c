// SPDX-License-Identifier: MIT
/* The policy file and who its rules are for: names, users, control groups, patterns; what is wrong is said with its line. */
#include "tests/lib/unit.h"

#include <unistd.h>

#include <jansson.h>

#include "host-backend/control/policy.h"
#include "host-backend/control/subject.h"

static char why[POLICY_WHY];

static struct policy *read_text(const char *text) {
    char path[] = "/tmp/trillium-policy-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    struct policy *p = policy_read(path, why);
    close(fd);
    unlink(path);
    return p;
}

static uint64_t processes_of(const struct policy *p, const char *name, bool vm, uid_t uid,
                             const char *cgroup) {
    struct policy_subject who = {.vm = vm, .uid = uid};

    snprintf(who.name, sizeof who.name, "%s", name);
    snprintf(who.cgroup, sizeof who.cgroup, "%s", cgroup);
    return policy_limits(p, &who).value[LIMIT_PROCESSES];
}

static void test_rules(void **state) {
    struct policy *p = read_text("defaults = { processes = 100; };\n"
                                 "rules = (\n"
                                 "    { vm = \"web*\"; processes = 1; },\n"
                                 "    { uid = 1000; processes = 2; },\n"
                                 "    { cgroup = \"/machine.slice/*\"; processes = 3; },\n"
                                 "    { name = \"user 7 *\"; processes = 4; },\n"
                                 "    { name = \"web9\"; uid = 5; processes = 5; },\n"
                                 "    { vm = \"web8\"; processes = \"none\"; }\n"
                                 ");\n");
    (void)state;

    assert_non_null(p);
    assert_int_equal(processes_of(p, "other", true, 0, "/"), 100);
    assert_int_equal(processes_of(p, "web1", true, 0, "/"), 1);
    assert_int_equal(processes_of(p, "web1", false, 0, "/"), 100); /* no VM, whatever it is called */
    assert_int_equal(processes_of(p, "user 1000 /", false, 1000, "/"), 2);
    assert_int_equal(processes_of(p, "user 1000 /", false, 1001, "/"), 100);
    assert_int_equal(processes_of(p, "x", false, 1000, "/machine.slice/box.scope"), 3); /* the later rule */
    assert_int_equal(processes_of(p, "user 7 /user.slice", false, 7, "/user.slice"), 4);
    assert_int_equal(processes_of(p, "web9", true, 5, "/"), 5);
    assert_int_equal(processes_of(p, "web9", true, 6, "/"), 1); /* all that a rule names must be right */
    assert_true(processes_of(p, "web8", true, 0, "/") == LIMIT_NONE);
    policy_free(p);
}

static void test_what_is_wrong(void **state) {
    static const struct {
        const char *text, *said;
    } wrong[] = {
        {"defaults = { weight = 100; };\nrules = (\n { nmae = \"a\"; } );\n",
         ":3: there is no setting 'nmae'"},
        {"defaults = { weight = 100 };\nrules = ( { vm = 3; } );\n", ":2: vm takes a text"},
        {"\ndefaults = { vm = \"a\"; };\n", ":2: there is no setting 'vm' here"},
        {"rules = { vm = \"a\"; };\n", ":1: rules are a list"},
        {"rules = ( 3 );\n", ":1: a rule is a group"},
        {"rules = ( { uid = -1; } );\n", ":1: uid takes the number of a user"},
        {"defaults = {\n memory = \"2 apples\"; };\n", ":2: memory takes a number of bytes"},
        {"defaults = {\n processes = \"2 GiB\"; };\n", ":2: processes takes a number"},
        {"defaults = { weight = 100001; };\n", ":1: weight goes from 1 to 100000"},
        {"defaults = { weight = 4294967296L; };\n", ":1: weight goes from 1 to 100000"},
        {"defaults = { memory = \"99999999 TiB\"; };\n", ":1: memory takes a number of bytes"},
        {"defaults = { weight = -1; };\n", ":1: weight takes a number"},
        {"defaults = { weight = 1; }\nadministrators = 5;\n", ":2: administrators takes a text"},
        {"polcy = 1;\n", ":1: there is no setting 'polcy'"},
        {"defaults = { weight = \n", ":"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct policy *p = read_text(wrong[i].text);
        if (p || !strstr(why, wrong[i].said))
            fail_msg("policy %zu: '%s' was expected, not '%s'", i, wrong[i].said, p ? "taken" : why);
    }
    assert_null(policy_read("/nonexistent/policy.conf", why));
    assert_non_null(strstr(why, "/nonexistent/policy.conf: No such file"));
}

/* The installed example. */
static void test_example(void **state) {
    struct policy *p = policy_read("host-backend/etc/policy.conf", why);
    const struct policy_subject who = {.name = "render", .vm = true};
    (void)state;

    if (!p)
        fail_msg("%s", why);
    struct limits l = policy_limits(p, &who);
    assert_int_equal(l.value[LIMIT_WEIGHT], 300);
    assert_int_equal(l.value[LIMIT_MEMORY], UINT64_C(2) << 30);
    policy_free(p);
}

static struct policy_subject told(json_t *join, uid_t broker_uid) {
    struct policy_subject who;
    assert_true(subject_of(join, broker_uid, getpid(), &who));
    json_decref(join);
    return who;
}

/* Who a guest is says the host. A broker of another user names its own user's guests at most, whatever it claims. */
static void test_names(void **state) {
    const uid_t other = geteuid() + 4711;
    char expected[POLICY_NAME], own[POLICY_CGROUP];
    (void)state;

    struct policy_subject who = told(json_pack("{s:s}", "vm", "web"), 0);
    assert_true(who.vm && strcmp(who.name, "web") == 0);
    who = told(json_pack("{s:s}", "vm", "web"), geteuid());
    assert_true(who.vm && strcmp(who.name, "web") == 0);
    who = told(json_pack("{s:s}", "vm", "web"), other);
    snprintf(expected, sizeof expected, "user %u vm web", (unsigned)other);
    assert_true(!who.vm && who.uid == other && strcmp(who.name, expected) == 0);

    subject_cgroup(getpid(), own);
    who = told(json_pack("{s:i, s:i}", "uid", 12, "pid", (int)getpid()), 0);
    snprintf(expected, sizeof expected, "user 12 %.120s", own);
    assert_true(!who.vm && who.uid == 12 && strcmp(who.cgroup, own) == 0);
    assert_string_equal(who.name, expected);
    who = told(json_pack("{s:i, s:i}", "uid", 0, "pid", 1), other); /* it says that it is root's */
    snprintf(expected, sizeof expected, "user %u %.120s", (unsigned)other, own);
    assert_true(!who.vm && who.uid == other);
    assert_string_equal(who.name, expected);

    for (const char *const *bad = (const char *const[]){"", "a\033[2J", "a\nb", NULL}; *bad; bad++) {
        json_t *join = json_pack("{s:s}", "vm", *bad);
        assert_false(subject_of(join, 0, getpid(), &who));
        json_decref(join);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_what_is_wrong),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
