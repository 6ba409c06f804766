// SPDX-License-Identifier: MIT
/* What is made of a QEMU that KVM fails: instead of QEMU there is a script that says what it said. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host-backend/vm/frame.h"
#include "host-backend/vm/probe.h"

static char folder[64];
static struct vm_qemu qemu = {.version = "10.0.0"};
static const struct vm_kernel kernel = {.image = "/none", .modules = "/none"};

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/trillium-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/kvm-verdict", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/qemu", folder);
    unlink(path);
    return rmdir(folder);
}

/* Boots only where its arguments match `condition`, a pattern of the shell. */
static void make_qemu(const char *condition, const char *message) {
    snprintf(qemu.path, sizeof qemu.path, "%s/qemu", folder);
    FILE *out = fopen(qemu.path, "we");
    assert_non_null(out);
    fprintf(out,
            "#!/bin/sh\ncase \"$*\" in\n%s) exit %d ;;\nesac\necho 'char device redirected'\necho '%s' >&2\n"
            "exit 1\n",
            condition, VM_PROBE_STATUS, message);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(qemu.path, 0755), 0);
}

static bool no_kvm(void) {
    return access("/dev/kvm", R_OK | W_OK) != 0;
}

static void leaves_a_feature_out(void **state) {
    struct vm_verdict v, again = {0};

    (void)state;
    if (no_kvm())
        skip();
    make_qemu("*host,vmx=off*", "qemu-system-x86_64: error: failed to set MSR 0x48f to 0x7fefff00036dfb");
    vm_kvm_probe(folder, "/bin/true", &qemu, &kernel, &v);
    assert_true(v.good);
    assert_string_equal(v.without, "vmx");
    assert_non_null(strstr(v.reason, "vmx"));
    assert_true(vm_kvm_remembered(folder, &qemu, &again));
    assert_true(again.good);
    assert_string_equal(again.without, "vmx");
}

static void tells_what_failed(void **state) {
    struct vm_verdict v, again = {0};

    (void)state;
    if (no_kvm())
        skip();
    make_qemu("never", "qemu-system-x86_64: error: failed to set MSR 0x48f to 0x1");
    vm_kvm_probe(folder, "/bin/true", &qemu, &kernel, &v);
    assert_false(v.good);
    assert_non_null(strstr(v.reason, "MSR 0x48f"));
    assert_null(strstr(vm_kvm_remedy(&v), "modprobe"));
    assert_true(vm_kvm_remembered(folder, &qemu, &again));
    assert_string_equal(again.reason, v.reason);
    assert_string_equal(again.without, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(leaves_a_feature_out, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(tells_what_failed, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
