// SPDX-License-Identifier: MIT
/* Which words of build options reach a driver. */
#include "tests/lib/unit.h"

#include "host-backend/worker/options.h"

static const char pocl[] = "Portable Computing Language";

static void pass(const char *text, const char *platform) {
    char why[OPTIONS_WHY_SIZE] = "";
    if (!options_allowed(text, platform, why))
        fail_msg("'%s' is refused: %s", text, why);
}

static void stop(const char *text, const char *platform) {
    char why[OPTIONS_WHY_SIZE] = "";
    if (options_allowed(text, platform, why))
        fail_msg("'%s' passes", text);
    assert_true(strlen(why) > 0);
}

static void test_those_of_opencl(void **state) {
    static const char *const good[] = {
        "",
        "  ",
        "-DX",
        "-DX=1",
        "-D X=1",
        " -D\tX=1\n-cl-std=CL3.0 ",
        "-w -Werror -g",
        "-cl-mad-enable",
        "-cl-fast-relaxed-math -cl-kernel-arg-info",
        "-create-library -enable-link-options",
        "-DX='5'",
        "-DX=\"1 + 1\"",
        "-D \"X=a b\" -w",
        "-DX=-1",
        "-DX=/a/b",
        "-D\xc3\xa4=1",
        "-cl-nv-maxrregcount=32",
        "-cl-unknown",
        "-DX=\"a -DY\"",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        pass(good[i], pocl);
        pass(good[i], "another driver");
        pass(good[i], NULL);
    }
}

static void test_those_with_files(void **state) {
    static const char *const bad[] = {
        "-include /etc/passwd",
        "-include/etc/passwd",
        "-imacros x",
        "-fplugin=/x.so",
        "-Xclang -load",
        "-load /x",
        "-o /x",
        "-o/x",
        "@/x",
        "-I/etc",
        "-I /etc",
        "-I",
        "-B/x",
        "--config=/x",
        "-MF /x",
        "-MD",
        "-x c",
        "x",
        "-save-temps",
        "-fmodules",
        "-Wl,-rpath",
        "-cl-std=CL3.0 -include x",
        "-cl-x/../../y",
        "-cl-x=@y",
        "-cl\"-I/x\"",
        "-D",
        "-D -include",
        "-D X -include",
        "-D @x",
        "-DX=\"1 -I/etc\"",
        "-DX=\"1 @/x",
        "-DX=\" \"-I/etc\"",
        "-D\"X -o\"",
        "-",
        "--",
        "\"-I/etc\"",
        "'-I/etc'",
        "-D X\\ -I/etc",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        stop(bad[i], pocl);
        stop(bad[i], "another driver");
        stop(bad[i], NULL);
    }
}

static void test_those_of_a_driver(void **state) {
    (void)state;
    pass("-O2", "Oclgrind");
    pass("-O2", "rusticl");
    stop("-O2", pocl);
    stop("-O2/x", "rusticl");
    stop("-O2", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_those_of_opencl),
        cmocka_unit_test(test_those_with_files),
        cmocka_unit_test(test_those_of_a_driver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
