// SPDX-License-Identifier: MIT
/* Files that a program may include are found and shipped (guest-icd/program/include.h, scan.h, root.h). */
#include "tests/lib/unit.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-icd/program/include.h"
#include "guest-icd/program/root.h"
#include "guest-icd/program/scan.h"
#include "trillium/files.h"

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

/* ---- what a set holds ---- */

/* The set in words: a line for each entry, "search PATH", "folder PATH", "file PATH: TEXT", "same PATH", with "~"
 * for the test's folder. */
static char *in_words(const struct icd_include_set *set) {
    static const char *const kinds[] = {"?", "folder", "search", "file", "same"};
    char *out = NULL;
    size_t size, at = 0;
    FILE *f = open_memstream(&out, &size);
    while (at < set->size) {
        struct tr_file_entry e;
        memcpy(&e, set->bytes + at, sizeof e);
        const char *path = set->bytes + at + sizeof e;
        size_t cut =
            e.path_size >= strlen(folder) && memcmp(path, folder, strlen(folder)) == 0 ? strlen(folder) : 0;
        fprintf(f, "%s %s%.*s", kinds[e.kind], cut ? "~" : "", (int)(e.path_size - cut), path + cut);
        if (e.kind == TR_FILE_TEXT)
            fprintf(f, ": %.*s", (int)e.size, path + e.path_size);
        fputc('\n', f);
        at += (sizeof e + e.path_size + e.size + 7) & ~7ull;
    }
    fclose(f);
    return out;
}

static enum icd_include_outcome collect(const char *source, const char *options,
                                        struct icd_include_set *set) {
    static char *dirs[] = {"inc"};
    struct icd_text text = {source, strlen(source)};
    struct icd_include_request r = {&text, 1, dirs, 1, options};
    return icd_include_collect(&r, set);
}

/* The set of a program in words; "" if there is none. */
static char *collected(const char *source, const char *options) {
    struct icd_include_set set;
    enum icd_include_outcome outcome = collect(source, options, &set);
    if (outcome == ICD_INCLUDE_NONE)
        return strdup("");
    assert_int_equal(outcome, ICD_INCLUDE_SOME);
    char *text = in_words(&set);
    free(set.bytes);
    return text;
}

#define COLLECTS_WITH(source, options, expected)                                                             \
    do {                                                                                                     \
        char *text_ = collected(source, options);                                                            \
        assert_string_equal(text_, expected);                                                                \
        free(text_);                                                                                         \
    } while (0)
#define COLLECTS(source, expected) COLLECTS_WITH(source, "", expected)
#define SEARCH "search ~\nsearch ~/inc\n"

static void nothing_is_included(void **state) {
    (void)state;
    COLLECTS("int a;\n", "");
    COLLECTS("", "");
    COLLECTS("/* what we include is nothing */ int b;\n#define include 1\n", "");
    COLLECTS("#include \"not-there.h\"\n#include <\n#include \"\"\n", SEARCH);
    COLLECTS("#include \".\"\n#include \"/\"\n", SEARCH);
}

/* Each way to write the directive. */
static void ways_to_write(void **state) {
    static const char *const ways[] = {
        "#include \"a.h\"",
        "#include <a.h>",
        "#import \"a.h\"",
        "#include_next \"a.h\"",
        "%:include \"a.h\"",
        "?\?=include \"a.h\"",
        "# /* why */ include /* what */ \"a.h\" /* goes\n on */",
        "/* x */ # include \"a.h\" // y",
        "#inc\\\nlude \"a.h\"",
        "#inc\\ \r\nlude \"a.h\"",
        "#inc?\?/\nlude \"a\\\n.h\"",
        "%\\\n:include \"a.h\"",
        "#\\\n include \"a.h\"",
        "#if __has_include(\"a.h\")\n#endif",
        "#if __has_include /**/ ( <a.h> )\n#endif",
        "don't\n#include \"a.h\"",
        "#if 0\n/*\n#endif\n#include \"a.h\"",
    };
    (void)state;
    put_file("a.h", "int a;\n");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        COLLECTS(ways[i], SEARCH "file ~/a.h: #line 1 \"./a.h\"\nint a;\n\n");
}

static void where_files_are(void **state) {
    (void)state;
    put_folder("inc");
    put_folder("inc/deep");
    put_file("inc/x.h", "#include \"deep/y.h\"\n");
    put_file("inc/deep/y.h", "#include \"../z.h\"\n");
    put_file("inc/z.h", "z");
    put_file("z.h", "\xef\xbb\xbfother");
    COLLECTS("#include <x.h>\n",
             SEARCH "folder ~/inc/deep\n"
                    "folder ~\nfolder ~/inc\n"
                    "file ~/z.h: #line 1 \"inc/../z.h\"\nother\n"
                    "file ~/inc/z.h: #line 1 \"inc/deep/../z.h\"\nz\n"
                    "file ~/inc/deep/y.h: #line 1 \"inc/deep/y.h\"\n#include \"../z.h\"\n\n"
                    "file ~/inc/x.h: #line 1 \"inc/x.h\"\n#include \"deep/y.h\"\n\n");
    /* The first that is found gives the compiler its choice; the others are there for #include_next. */
    COLLECTS("#include \"z.h\"\n", SEARCH "file ~/inc/z.h: #line 1 \"inc/z.h\"\nz\n"
                                          "file ~/z.h: #line 1 \"./z.h\"\nother\n");
}

/* One file under two names is one file to #import. */
static void names_of_one_file(void **state) {
    (void)state;
    put_file("a.h", "a");
    assert_int_equal(symlink("a.h", "b.h"), 0);
    COLLECTS("#import \"a.h\"\n#import \"b.h\"\n#import \"./a.h\"\n",
             SEARCH "file ~/a.h: #line 1 \"./a.h\"\na\nsame ~/b.h\n");
}

static void circles_end(void **state) {
    (void)state;
    put_folder("inc");
    put_file("self.h", "#include \"self.h\"\n#include \"inc/../self.h\"\n#include __FILE__\n");
    COLLECTS("#include \"self.h\"\n",
             SEARCH "folder ~/inc\n"
                    "file ~/self.h: #line 1 \"./self.h\"\n#include \"self.h\"\n#include \"inc/../self.h\"\n"
                    "#include \"self.h\"\n\n");
}

static bool finds(const char *source, const char *options, const char *name) {
    char *text = collected(source, options), wanted[64];
    snprintf(wanted, sizeof wanted, "file ~/%s: ", name);
    bool found = strstr(text, wanted) != NULL;
    free(text);
    return found;
}

static void names_made_by_macros(void **state) {
    (void)state;
    put_folder("inc");
    put_file("inc/kernel_4.h", "k");
    put_file("inc/other.h", "o");
    put_file("with space.h", "s");
    assert_true(finds("#define H \"with space.h\"\n#include H\n", "", "with space.h"));
    assert_true(finds("#include H\n", "-DH=\"inc/other.h\"", "inc/other.h"));
    assert_true(finds("#include H\n", "-D H=<other.h>", "inc/other.h"));
    assert_true(finds("#define S(x) #x\n#define T(x) S(x)\n#define DIR inc\n#include T(DIR/other.h)\n", "",
                      "inc/other.h"));
    assert_true(finds("#define S(x) #x\n#define T(x) S(x)\n#define P(n) kernel_##n.h\n#include T(P(N))\n",
                      "-D N=4", "inc/kernel_4.h"));
    assert_false(finds("#define S(x) #x\n#define T(x) S(x)\n#include T(P(N))\n", "-D N=4", "inc/kernel_4.h"));
    /* A macro that a file brings. */
    put_file("inc/names.h", "#define MORE other\n");
    assert_true(finds("#include \"names.h\"\n#define S(x) #x\n#define T(x) S(x)\n#include T(MORE.h)\n", "",
                      "inc/other.h"));
}

static void too_much_is_said(void **state) {
    struct icd_include_set set;
    (void)state;
    FILE *f = fopen("big.h", "w");
    assert_non_null(f);
    assert_int_equal(ftruncate(fileno(f), TR_FILES_MAX_BYTES + 1), 0);
    fclose(f);
    assert_int_equal(collect("#include \"big.h\"\n", "", &set), ICD_INCLUDE_TOO_MUCH);
    assert_non_null(strstr(set.why, "big.h"));
    assert_null(set.bytes);
}

/* ---- absolute names ---- */

static void absolute_names(void **state) {
    char source[3 * PATH_MAX], expected[3 * PATH_MAX];
    size_t size;
    (void)state;
    put_file("a.h", "a");
    static const char format[] =
        "#include \"%s/etc/x.h\"\n#define H \"%s%s/a.h\"\n#define SEP \"/\"\n// \"/x\"\n";
    snprintf(source, sizeof source, format, "", "", folder);
    snprintf(expected, sizeof expected, format, TR_FILES_ROOT, TR_FILES_ROOT, folder);
    char *text = icd_root_text(source, strlen(source), true, &size);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
    free(text);
    /* Where no macro makes a name, macros are nobody's business. */
    snprintf(expected, sizeof expected, format, TR_FILES_ROOT, "", folder);
    text = icd_root_text(source, strlen(source), false, &size);
    assert_string_equal(text, expected);
    free(text);
    snprintf(source, sizeof source, "-DH=\"%s/a.h\" -DX=\"/no/file\"", folder);
    snprintf(expected, sizeof expected, "-DH=\"" TR_FILES_ROOT "%s/a.h\" -DX=\"/no/file\"", folder);
    text = icd_root_options(source);
    assert_string_equal(text, expected);
    free(text);
}

/* A program that includes nothing is not read a second time. */
static void what_is_not_worthwhile(void **state) {
    static const char plain[] = "#define A(x) \\\n  f(x); \\\n  g(x)\nkernel void k() { A(1); }\n";
    (void)state;
    assert_false(icd_scan_worthwhile(plain, strlen(plain)));
    assert_true(icd_scan_worthwhile("#inc\\\nlude <x>", 14));
    assert_true(icd_scan_worthwhile("#inc?\?/\nlude <x>", 16));
    static const char comment[] = "/* a comment */\n__kernel void k(__global int *p) { *p = 1; }";
    assert_false(icd_scan_worthwhile(comment, strlen(comment)));
}

static void what_is_closed(void **state) {
    static const struct {
        const char *text;
        bool closed;
    } cases[] = {
        {"kernel void k() {}", true},
        {"/* a comment */\nkernel void k() {}", true},
        {"// what is included\nkernel void k() { int import; }", true},
        {"#include \"x.h\"\nkernel void k() {}", false},
        {"#define H \"x.h\"\n#include H\n", false},
        {"%: include <x>\n", false},
        {"#inc\\\nlude <x>\n", false},
        {"#inc?\?/\nlude <x>\n", false},
        {"#define IS __has_include\n#if IS(<x>)\n#endif\n", false},
        {"#define D __DA\\\nTE__\n", false},
        {"constant char d[] = __DATE__;", false},
        {"constant char d[] = __TIMESTAMP__;", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (icd_scan_closed(cases[i].text, strlen(cases[i].text)) != cases[i].closed)
            fail_msg("%s", cases[i].text);
    static const char file[] = "#include \"x.h\"\n", joined[] = "#inc\\\nlude \"x.h\"\n",
                      dated[] = "x = __DATE__;";
    assert_true(icd_scan_timeless(file, strlen(file)));
    assert_false(icd_scan_timeless(joined, strlen(joined)));
    assert_false(icd_scan_timeless(dated, strlen(dated)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(nothing_is_included), TEST(ways_to_write),  TEST(where_files_are),
        TEST(names_of_one_file),   TEST(circles_end),    TEST(names_made_by_macros),
        TEST(too_much_is_said),    TEST(absolute_names), TEST(what_is_not_worthwhile),
        TEST(what_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
