// SPDX-License-Identifier: MIT
#include "host-backend/vm/told.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(FILE *config, const char *key, const char *value) {
    fprintf(config, "%s=%s%c", key, value, 0);
}

/* Variables that would lead an OpenCL loader past /etc/OpenCL/vendors of the guest, and Trillium's driver
 * past the guest's own device. */
static bool hidden(const char *variable) {
    static const char *const names[] = {
        "OCL_ICD_VENDORS=", "OCL_ICD_FILENAMES=", "OPENCL_VENDOR_PATH=", "OPENCL_LAYERS=", "TRILLIUM_SHM="};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

char *vm_told_text(const struct vm_told *t, size_t *size) {
    char *text = NULL, number[32], host[256] = "";
    gid_t groups[1024];
    FILE *config = open_memstream(&text, size);
    if (!config)
        return NULL;
    for (char *const *arg = t->argv; *arg; arg++)
        put(config, "arg", *arg);
    for (char **e = environ; *e; e++)
        if (!hidden(*e))
            put(config, "env", *e);
    put(config, "env", "OCL_ICD_VENDORS=/etc/OpenCL/vendors");
    /* Copies with AVX between pages that lie alike are emulated at 0.4 to 0.7 GB/s, those with SSE at 2. */
    if (t->emulated && !getenv("GLIBC_TUNABLES"))
        put(config, "env", "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX_Fast_Unaligned_Load");
    char *cwd = getcwd(NULL, 0);
    put(config, "cwd", cwd ? cwd : "/");
    free(cwd);
    snprintf(number, sizeof number, "%u", (unsigned)getuid());
    put(config, "uid", number);
    snprintf(number, sizeof number, "%u", (unsigned)getgid());
    put(config, "gid", number);
    int n = getgroups(sizeof groups / sizeof groups[0], groups);
    for (int i = 0; i < n; i++) {
        snprintf(number, sizeof number, "%u", (unsigned)groups[i]);
        put(config, "group", number);
    }
    if (gethostname(host, sizeof host - 1) == 0)
        put(config, "hostname", host);
    if (t->icd)
        put(config, "icd", t->icd);
    if (t->user_mode)
        put(config, "uml", "1");
    if (t->terminal->there) {
        snprintf(number, sizeof number, "%u %u", t->terminal->rows, t->terminal->columns);
        put(config, "terminal", number);
    }
    if (t->terminal->errors)
        put(config, "terminal-errors", "1");
    if (t->verbose)
        put(config, "verbose", "1");
    if (fclose(config) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
