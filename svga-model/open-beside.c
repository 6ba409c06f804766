// SPDX-License-Identifier: MIT
#include "svga-model/open-beside.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Tries DIRECTORY/RELATIVE/NAME; DIRECTORY is that of the object that holds this code. A library that is
 * there but does not open is the answer too, with dlopen's reason. */
static void *open_in(const char *name, const char *relative) {
    static const char here;
    char path[PATH_MAX], program[PATH_MAX];
    const char *object, *slash;
    Dl_info self;

    if (!dladdr(&here, &self))
        return NULL;
    object = self.dli_fname;
    if (!strchr(object, '/')) { /* the program itself, under the name that it was started by */
        ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

        if (length < 0)
            return NULL;
        program[length] = '\0';
        object = program;
    }
    slash = strrchr(object, '/');
    if (snprintf(path, sizeof path, "%.*s/%s%s", (int)(slash - object), object, relative, name) >=
        (int)sizeof path)
        return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

void *svga_open_beside(const char *name) {
    void *handle = open_in(name, "");

    if (!handle)
        handle = open_in(name, "../lib/");
    return handle ? handle : dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}
