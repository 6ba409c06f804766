// SPDX-License-Identifier: MIT
/* Files that programs include: what the preprocessor makes of them, where they are found, what they are called. */
#include "conform.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each case works in a folder of its own, which is its working directory. */
static char folder[64], before[PATH_MAX];

static void enter(void) {
    if (!getcwd(before, sizeof(before)))
        fail("no working directory");
    strcpy(folder, "/tmp/cl-conform-XXXXXX");
    if (!mkdtemp(folder) || chdir(folder) < 0)
        fail("no folder under /tmp");
}

static void leave(void) {
    char command[128];

    if (chdir(before) < 0)
        fail("the working directory is gone");
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    check(system(command) == 0, "the folder can be removed");
}

static void put(const char *name, const char *text) {
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s", name);
    for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *f = fopen(name, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        fail("%s cannot be written", name);
}

static void clear_paths(char *log) {
    for (char *at = log; (at = strstr(at, "/")); at++) {
        char *end = at + strcspn(at, ": \n'\"");
        memmove(at, end, strlen(end) + 1);
        if (!*at)
            break;
    }
}

/* Builds and runs kernel k, which writes ints to its buffer; the first of them. INT_MIN if it does not build. */
static cl_int run(struct cl *c, const char *source, const char *options, char *log, size_t room) {
    cl_int e, got = INT_MIN;
    cl_program p = clCreateProgramWithSource(c->ctx, 1, &source, NULL, &e);
    size_t one = 1;

    OK(e);
    e = clBuildProgram(p, 0, NULL, options, NULL, NULL);
    if (log)
        OK(clGetProgramBuildInfo(p, c->device, CL_PROGRAM_BUILD_LOG, room, log, NULL));
    if (e == CL_SUCCESS) {
        cl_mem m = buffer_new(c, 0, 64, NULL);
        cl_kernel k = clCreateKernel(p, "k", &e);
        OK(e);
        OK(clSetKernelArg(k, 0, sizeof(m), &m));
        OK(clEnqueueNDRangeKernel(c->q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
        OK(clEnqueueReadBuffer(c->q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        OK(clReleaseKernel(k));
        OK(clReleaseMemObject(m));
    } else {
        check(e == CL_BUILD_PROGRAM_FAILURE, "a build that fails says so");
    }
    OK(clReleaseProgram(p));
    return got;
}

#define KERNEL(value) "\nkernel void k(global int *a) { *a = " value "; }\n"

static void gives(struct cl *c, const char *what, const char *source, const char *options, cl_int wanted) {
    cl_int got = run(c, source, options, NULL, 0);

    check(got == wanted, "%s", what);
    if (got != wanted)
        loose(what, "%d, not %d", got, wanted);
}

/* A template for several widths: its guard lets it be included once more after an #undef. */
static void templates(void) {
    struct cl c = cl_open();

    enter();
    put("t.h", "#ifndef W\n#define W 4\n#endif\n#define CAT2(a, b) a##b\n#define CAT(a, b) CAT2(a, b)\n"
               "int CAT(width, W)(void) { return W; }\n#undef W\n");
    gives(&c, "twice, with other widths",
          "#include \"t.h\"\n#define W 8\n#include \"t.h\"" KERNEL("10 * width4() + width8()"), "", 48);
    put("g.h", "#ifndef G\n#define G 1\n#else\n#undef G\n#define G 2\n#endif\n");
    gives(&c, "a guard with #else", "#include \"g.h\"\n#include \"g.h\"" KERNEL("G"), "", 2);
    put("u.h", "#ifndef U\n#define U\n#ifdef V\n#undef V\n#define V 2\n#else\n#define V 1\n#endif\n#endif\n");
    gives(&c, "a guard that is taken away", "#include \"u.h\"\n#undef U\n#include \"u.h\"" KERNEL("V"), "",
          2);
    put("once.h", "#pragma once\nint once(void) { return 6; }\n");
    gives(&c, "#pragma once", "#include \"once.h\"\n#include \"./once.h\"" KERNEL("once()"), "", 6);
    leave();
    cl_close(&c);
}

/* Lists that are included again and again, also by themselves. */
static void x_macros(void) {
    struct cl c = cl_open();

    enter();
    put("list.h", "X(1)\nX(20)\nX(300)\n");
    gives(&c, "a list", "#define X(n) +n\nconstant int sum = 0\n#include \"list.h\"\n;" KERNEL("sum"), "",
          321);
    put("self.h", "#ifndef DEPTH\n#define DEPTH 0\n#include \"self.h\"\n#elif DEPTH == 0\n#undef "
                  "DEPTH\n#define DEPTH 1\n"
                  "#include \"self.h\"\n#else\nconstant int reached = 7;\n#endif\n");
    gives(&c, "a file that includes itself", "#include \"self.h\"" KERNEL("reached"), "", 7);
    put("many.h", "#ifdef A\n#undef A\nV(1)\n#include \"many.h\"\n#include \"many.h\"\n#endif\n");
    gives(&c, "and twice",
          "#define A\n#define V(n) +n\nconstant int v = 0\n#include \"many.h\"\n;" KERNEL("v"), "", 1);
    put("endless.h", "#include \"endless.h\"\n");
    gives(&c, "without end: an error", "#include \"endless.h\"" KERNEL("1"), "", INT_MIN);
    leave();
    cl_close(&c);
}

static void names_made_by_macros(void) {
    struct cl c = cl_open();
    char options[128];

    enter();
    put("inc/x.h", "#define X 5\n");
    put("inc/k_4.h", "#define X 4\n");
    gives(&c, "a macro", "#define H \"inc/x.h\"\n#include H" KERNEL("X"), "", 5);
    gives(&c, "a macro of an option", "#include H" KERNEL("X"), "-I. -DH=<inc/x.h>", 5);
    gives(&c, "a macro with brackets", "#define H <x.h>\n#include H" KERNEL("X"), "-Iinc", 5);
    gives(&c, "a string of tokens",
          "#define S(x) #x\n#define M(x) S(x)\n#define DIR inc\n#include M(DIR/x.h)" KERNEL("X"), "", 5);
    gives(&c, "pasted tokens",
          "#define S(x) #x\n#define M(x) S(x)\n#define P2(n) k_##n.h\n#define P(n) P2(n)\n#include "
          "M(P(N))" KERNEL("X"),
          "-Iinc -DN=4", 4);
    snprintf(options, sizeof(options), "-DH=<%s/inc/x.h>", folder);
    gives(&c, "an absolute one", "#include H" KERNEL("X"), options, 5);
    leave();
    cl_close(&c);
}

static void ways_to_write(void) {
    struct cl c = cl_open();
    static const struct {
        const char *what, *source;
    } ways[] = {
        {"%:", "%:include \"x.h\""},
        {"a comment behind that goes on", "#include \"x.h\" /* and\n so */"},
        {"comments between", "/* a */ # /* b\n c */ include /* d */ \"x.h\" // e"},
        {"a joined line", "#include \\\n\"x.h\""},
        {"a joined word", "#inc\\\nlude \"x.h\""},
        {"spaces", "  #  include\t<x.h>"},
        {"a quote in text that is left out", "#if 0\ndon't /* do\n that */\n#endif\n#include \"x.h\""},
    };

    enter();
    put("x.h", "#define X 5\n");
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char source[256];
        snprintf(source, sizeof(source), "%s%s", ways[i].source, KERNEL("X"));
        gives(&c, ways[i].what, source, "-I.", 5);
    }
    gives(&c, "in a comment: not included", "/*\n#include \"x.h\"\n*/\n// \\\n#include \"x.h\"" KERNEL("X"),
          "", INT_MIN);
    gives(&c, "left out by a condition", "#if 0\n#include \"none.h\"\n#endif" KERNEL("3"), "", 3);
    put("import.h", "constant int once = 8;\n");
    gives(&c, "#import", "#import \"import.h\"\n#import \"import.h\"" KERNEL("once"), "", 8);
    leave();
    cl_close(&c);
}

static void has_include(void) {
    struct cl c = cl_open();

    enter();
    put("x.h", "#define X 5\n");
    gives(&c, "of a file that is there",
          "#if __has_include(\"x.h\")\n#include \"x.h\"\n#else\n#define X 6\n#endif" KERNEL("X"), "", 5);
    gives(&c, "of one that is not",
          "#if __has_include(\"y.h\")\n#include \"y.h\"\n#else\n#define X 6\n#endif" KERNEL("X"), "", 6);
    leave();
    cl_close(&c);
}

static void where_files_are(void) {
    struct cl c = cl_open();
    char options[256], source[256];

    enter();
    put("x.h", "#define X 1\n");
    put("inc/x.h", "#define X 2\n");
    put("inc/deep/y.h", "#include \"z.h\"\n#include \"../w.h\"\n");
    put("inc/deep/z.h", "#define Z 3\n");
    put("inc/w.h", "#define W 40\n");
    put("my files/s.h", "#define S 9\n");
    gives(&c, "in the working directory", "#include \"x.h\"" KERNEL("X"), "", 1);
    see("with a folder that has one too", "%d", run(&c, "#include \"x.h\"" KERNEL("X"), "-Iinc", NULL, 0));
    gives(&c, "beside the file that includes, and above", "#include <deep/y.h>" KERNEL("Z + W"), "-I inc",
          43);
    snprintf(options, sizeof(options), "-I%s/inc", folder);
    gives(&c, "in an absolute folder", "#include <deep/y.h>" KERNEL("Z + W"), options, 43);
    snprintf(source, sizeof(source), "#include \"%s/inc/deep/y.h\"" KERNEL("Z + W"), folder);
    gives(&c, "by an absolute name", source, "", 43);
    gives(&c, "above the folder", "#include \"../x.h\"" KERNEL("X"), "-Iinc/deep/..", 1);
    if (symlink("inc", "link") < 0)
        fail("no symbolic link");
    gives(&c, "through a symbolic link", "#include \"link/deep/y.h\"" KERNEL("Z + W"), "", 43);
    leave();
    cl_close(&c);
}

static void what_files_are_called(void) {
    struct cl c = cl_open();
    static char log[32768];

    enter();
    put("inc/name.h", "constant char file[] = __FILE__;\nconstant int line = __LINE__;\n");
    gives(&c, "__FILE__ of a folder's file",
          "#include \"name.h\"" KERNEL("file[0] == 'i' && file[3] == '/' && sizeof(file) == 11"), "-Iinc", 1);
    gives(&c, "__LINE__", "#include \"name.h\"" KERNEL("line"), "-Iinc", 2);
    gives(&c, "__LINE__ behind it", "#include \"name.h\"\nconstant int l = __LINE__;" KERNEL("l"), "-Iinc",
          2);
    put("inc/bad.h", "\nint broken(void) { return undeclared; }\n");
    check(run(&c, "#include \"bad.h\"" KERNEL("1"), "-Iinc", log, sizeof(log)) == INT_MIN,
          "a file with an error");
    check(strstr(log, "inc/bad.h:2:") != NULL, "is named in the log");
    check(strstr(log, "trillium-files") == NULL, "by no other name");
    check(run(&c, "#include \"none.h\"" KERNEL("1"), "-Iinc", log, sizeof(log)) == INT_MIN,
          "a file that is not there");
    check(strstr(log, "none.h") != NULL, "is named in the log too");
    clear_paths(log);
    see_words("log", "%s", log);
    check(run(&c, "#include \"/no-such-folder/none.h\"" KERNEL("1"), "", log, sizeof(log)) == INT_MIN,
          "nor by an absolute name");
    check(strstr(log, "'/no-such-folder/none.h'") != NULL, "which is in the log as it was given");
    leave();
    cl_close(&c);
}

/* The text is the same, the file is not. */
static void files_that_change(void) {
    struct cl c = cl_open();

    enter();
    put("x.h", "#define X 1\n");
    gives(&c, "before", "#include \"x.h\"" KERNEL("X"), "", 1);
    gives(&c, "again", "#include \"x.h\"" KERNEL("X"), "", 1);
    put("x.h", "#define X 2\n");
    gives(&c, "after", "#include \"x.h\"" KERNEL("X"), "", 2);
    if (unlink("x.h") < 0)
        fail("x.h cannot be removed");
    gives(&c, "when it is gone", "#include \"x.h\"" KERNEL("X"), "", INT_MIN);
    leave();
    cl_close(&c);
}

/* Headers of clCompileProgram, beside files, each of which includes the other kind. */
static void headers_and_files(void) {
    struct cl c = cl_open();
    const char *texts[] = {"#include \"header.h\"\n#include \"file.h\"" KERNEL("H + F + G"),
                           "#include \"other.h\"\n#define H 100\n"};
    const char *name = "header.h";
    cl_program p[2], linked;
    cl_int e;

    enter();
    put("inc/file.h", "#define F 20\n#include \"header.h\"\n");
    put("inc/other.h", "#define G 3\n");
    for (int i = 0; i < 2; i++) {
        p[i] = clCreateProgramWithSource(c.ctx, 1, &texts[i], NULL, &e);
        OK(e);
    }
    OK(clCompileProgram(p[0], 0, NULL, "-Iinc", 1, &p[1], &name, NULL, NULL));
    linked = clLinkProgram(c.ctx, 0, NULL, "", 1, p, NULL, NULL, &e);
    OK(e);
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_kernel k = clCreateKernel(linked, "k", &e);
    cl_int got = 0;
    OK(e);
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueTask(c.q, k, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == 123, "each found the other");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    OK(clReleaseProgram(linked));
    OK(clReleaseProgram(p[0]));
    OK(clReleaseProgram(p[1]));
    leave();
    cl_close(&c);
}

const struct test_group group_includes = {
    "includes",
    (const struct test_case[]){
        CASE(templates),
        CASE(x_macros),
        CASE(names_made_by_macros),
        CASE(ways_to_write),
        CASE(has_include),
        CASE(where_files_are),
        CASE(what_files_are_called),
        CASE(files_that_change),
        CASE(headers_and_files),
        END_OF_CASES,
    },
};
