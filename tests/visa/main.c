// SPDX-License-Identifier: MIT
/*
 * visa: tests of the virtual ISA.
 *     visa              all of them
 *     visa compile|validate|translate|drivers
 *     visa bench        what compiling, validating and translating cost
 *     visa bench-here   the same in this process
 */
#include "tests/visa/visa.h"

#include "svga-model/visa/apart/guest.h"
#include "svga-model/visa/apart/host.h"

#include <dlfcn.h>
#include <err.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char directory[] = "tests/visa/kernels";

const struct visa_guest *guest;
const struct visa_host *host;
int failures;

/* Opens a library of this build: $TRILLIUM_BUILD/lib, or ../../lib from this program. */
static const void *open_table(const char *library, const char *table_name) {
    const char *build = getenv("TRILLIUM_BUILD");
    char path[PATH_MAX + 64], self[PATH_MAX] = "";
    const void *table;
    void *handle;

    if (build) {
        snprintf(path, sizeof path, "%s/lib/%s", build, library);
    } else {
        if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
            err(2, "/proc/self/exe");
        for (int i = 0; i < 3; i++)
            *strrchr(self, '/') = '\0';
        snprintf(path, sizeof path, "%s/lib/%s", self, library);
    }
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    table = handle ? dlsym(handle, table_name) : NULL;
    if (!table)
        errx(2, "%s", dlerror());
    return table;
}

/* As the guest driver and a worker have them: in processes of their own. */
static void set_apart(void) {
    static const struct visa_apart_limits limits = {.seconds = 60, .memory_mib = 2048};
    static struct visa_guest apart;
    char why[VISA_WHY_SIZE];
    int pair[2];

    apart = *guest;
    apart.compile = visa_apart_compile;
    apart.link = visa_apart_link;
    apart.module_free = visa_apart_module_free;
    guest = &apart;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        err(2, "socketpair");
    visa_host_apart_start(pair, &limits);
    host = visa_host_apart(why);
    if (!host)
        errx(2, "%s", why);
}

static void validate(void) {
    test_validate(directory);
}

static const struct {
    const char *name;
    void (*test)(void);
} parts[] = {{"compile", test_compile},
             {"validate", validate},
             {"translate", test_translate},
             {"drivers", test_drivers}};

#ifdef __SANITIZE_ADDRESS__
/* A driver's modules stay until the leaks are told, so that those can be put down to them (tests/lsan.supp). */
int dlclose(void *handle);
int dlclose(void *handle) {
    (void)handle;
    return 0;
}
#endif

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";

    setlinebuf(stdout);
    guest = open_table("libtrillium-visa-guest.so", "visa_guest_table");
    host = open_table("libtrillium-visa-host.so", "visa_host_table");
    if (strcmp(what, "bench-here") != 0)
        set_apart();
    if (!strcmp(what, "run") && argc > 3)
        return run_platform(directory, (unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
    if (!strncmp(what, "bench", strlen("bench")))
        return bench(directory);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        int before = failures;

        if (*what && strcmp(what, parts[i].name))
            continue;
        parts[i].test();
        if (failures == before)
            printf("PASS %s\n", parts[i].name);
    }
    return failures ? 1 : 0;
}
