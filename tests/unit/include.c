// SPDX-License-Identifier: MIT
/* Files that a program includes are put into its source (guest-icd/program/include.h). */
#include "tests/lib/unit.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-icd/program/include.h"

static char folder[PATH_MAX], before[PATH_MAX];

static void put_file(const char *name, const char *text) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void put_folder(const char *name) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int set_up(void **state) {
    (void)state;
    strcpy(folder, "/tmp/trillium-include-XXXXXX");
    assert_non_null(getcwd(before, sizeof before));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    return 0;
}

static int tear_down(void **state) {
    char command[PATH_MAX + 16];
    (void)state;
    assert_int_equal(chdir(before), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* The text with its files; "" if there were none to put in. */
static char *expand_with(const char *source, struct icd_include_request r) {
    char *text;
    size_t size;
    r.source = source;
    r.size = strlen(source);
    assert_true(icd_include_expand(&r, &text, &size));
    if (text)
        assert_int_equal(strlen(text), size);
    return text ? text : strdup("");
}

static char *expand(const char *source) {
    static char *const dirs[] = {"inc"};
    return expand_with(source, (struct icd_include_request){.dirs = dirs, .dir_count = 1});
}

#define EXPANDS_TO(source, expected)                                                                         \
    do {                                                                                                     \
        char *text_ = expand(source);                                                                        \
        assert_string_equal(text_, expected);                                                                \
        free(text_);                                                                                         \
    } while (0)

static void nothing_to_put_in(void **state) {
    (void)state;
    EXPANDS_TO("int a;\n", "");
    EXPANDS_TO("", "");
    EXPANDS_TO("#include \"not-there.h\"\n#include MACRO\n#include\n#include <\n#include \"\"\n", "");
    EXPANDS_TO("#include \".\"\n#include \"/\"\n", "");
}

static void lines_and_names(void **state) {
    (void)state;
    put_file("a.h", "int a;\n");
    put_file("no-newline.h", "int b;");
    EXPANDS_TO("one\n#include \"a.h\"\nthree\n", "one\n# 1 \"./a.h\" 1\nint a;\n# 3 \"\" 2\nthree\n");
    EXPANDS_TO(" # /* x */ include \"no-newline.h\" // why\nrest",
               "# 1 \"./no-newline.h\" 1\nint b;\n# 2 \"\" 2\nrest");
    EXPANDS_TO("#include \\\n \"a.h\"\nlast", "# 1 \"./a.h\" 1\nint a;\n# 3 \"\" 2\nlast");
    EXPANDS_TO("#include \"a.h\"", "# 1 \"./a.h\" 1\nint a;\n# 2 \"\" 2\n");
}

static void comments_and_strings(void **state) {
    (void)state;
    put_file("a.h", "int a;\n");
    EXPANDS_TO("/*\n#include \"a.h\"\n*/\n//#include \"a.h\"\n", "");
    EXPANDS_TO("// \\\n#include \"a.h\"\n", "");
    EXPANDS_TO("char s[] = \"/*\";\n#include \"a.h\"\n",
               "char s[] = \"/*\";\n# 1 \"./a.h\" 1\nint a;\n# 3 \"\" 2\n");
    EXPANDS_TO("char c = '\"'; /* \"\n */\n#include \"a.h\"\n",
               "char c = '\"'; /* \"\n */\n# 1 \"./a.h\" 1\nint a;\n# 4 \"\" 2\n");
}

static void where_files_are(void **state) {
    (void)state;
    put_folder("inc");
    put_folder("inc/deep");
    put_file("inc/x.h", "#include \"deep/y.h\"\n");
    put_file("inc/deep/y.h", "#include \"z.h\"\n");
    put_file("inc/deep/z.h", "beside\n");
    put_file("inc/z.h", "in the folder of -I\n");
    EXPANDS_TO("#include <x.h>\n",
               "# 1 \"inc/x.h\" 1\n# 1 \"inc/deep/y.h\" 1\n# 1 \"inc/deep/z.h\" 1\nbeside\n# 2 \"\" 2\n"
               "# 2 \"\" 2\n# 2 \"\" 2\n");
    EXPANDS_TO("#include \"z.h\"\n", "# 1 \"inc/z.h\" 1\nin the folder of -I\n# 2 \"\" 2\n");
}

static void embedded_headers_stay(void **state) {
    static const char *const names[] = {"a.h"};
    (void)state;
    put_file("a.h", "the file\n");
    put_file("b.h", "#include \"a.h\"\n");
    char *text = expand_with("#include \"a.h\"\n#include \"b.h\"\n",
                             (struct icd_include_request){.embedded = names, .embedded_count = 1});
    assert_string_equal(text, "#include \"a.h\"\n# 1 \"./b.h\" 1\n#include \"a.h\"\n# 3 \"\" 2\n");
    free(text);
}

/* A file with a guard is put in once, unless a condition may have hidden it the first time. */
static void guards(void **state) {
    (void)state;
    put_file("g.h", "#ifndef G\n#define G\nguarded\n#endif\n");
    EXPANDS_TO("#include \"g.h\"\n#include \"g.h\"\n",
               "# 1 \"./g.h\" 1\n#ifndef G\n#define G\nguarded\n#endif\n# 2 \"\" 2\n#line 3\n");
    char *text = expand("#ifdef MAYBE\n#include \"g.h\"\n#endif\n#include \"g.h\"\n");
    char *first = strstr(text, "guarded");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "guarded"));
    free(text);
    put_file("once.h", "#pragma once\nonly once\n");
    EXPANDS_TO("#include \"once.h\"\n#include \"once.h\"\n",
               "#ifndef TRILLIUM_ONCE_1\n#define TRILLIUM_ONCE_1\n# 1 \"./once.h\" 1\n\nonly once\n# 2 \"\" "
               "2\n#endif\n"
               "#line 2\n#line 3\n");
}

static void circles_end(void **state) {
    (void)state;
    put_file("a.h", "#ifndef A\n#define A\n#include \"b.h\"\n#endif\n");
    put_file("b.h", "#ifndef B\n#define B\n#include \"a.h\"\n#endif\n");
    char *text = expand("#include \"a.h\"\n");
    assert_true(strlen(text) < 1000);
    free(text);
    /* Without a guard it is left to the compiler to complain. */
    put_file("self.h", "x\n#include \"self.h\"\n");
    text = expand("#include \"self.h\"\n");
    assert_non_null(strstr(text, "#include \"self.h\""));
    free(text);
}

/* 2^40 copies would be right; it is refused before memory is full. */
static void growth_is_bounded(void **state) {
    char name[16], text[64];
    char *out;
    size_t size;
    (void)state;
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "f%d.h", i);
        snprintf(text, sizeof text, "#include \"f%d.h\"\n#include \"f%d.h\"\n", i + 1, i + 1);
        put_file(name, text);
    }
    put_file("f40.h", "x\n");
    struct icd_include_request r = {.source = "#include \"f0.h\"\n", .size = 16};
    assert_false(icd_include_expand(&r, &out, &size));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(nothing_to_put_in), TEST(lines_and_names),       TEST(comments_and_strings),
        TEST(where_files_are),   TEST(embedded_headers_stay), TEST(guards),
        TEST(circles_end),       TEST(growth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
