// SPDX-License-Identifier: MIT
#include "host-backend/cli/cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int join(char out[PATH_MAX], const char *prefix, const char *rest) {
    return snprintf(out, PATH_MAX, "%s/%s", prefix, rest) < PATH_MAX ? 0 : -1;
}

int cli_paths_find(struct cli_paths *p, const char *subcommand) {
    ssize_t n = readlink("/proc/self/exe", p->self, sizeof(p->self) - 1);

    if (n <= 0) {
        cli_say(subcommand, "cannot read /proc/self/exe (%s); is /proc mounted?", strerror(errno));
        return -1;
    }
    p->self[n] = '\0';
    memcpy(p->prefix, p->self, (size_t)n + 1);
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(p->prefix, '/');

        if (slash)
            *slash = '\0';
    }
    if (join(p->worker, p->prefix, "libexec/trillium-worker") ||
        join(p->remote, p->prefix, "libexec/trillium-remote") ||
        join(p->vm_init, p->prefix, "libexec/trillium-vm-init") ||
        join(p->eval, p->prefix, "libexec/trillium-eval") ||
        join(p->icd, p->prefix, "lib/libtrillium-icd.so") ||
        join(p->icd_dir, p->prefix, "share/trillium/icd") ||
        join(p->visa_guest, p->prefix, "lib/libtrillium-visa-guest.so") ||
        join(p->visa_compile, p->prefix, "libexec/trillium-visa-compile") ||
        join(p->visa_host, p->prefix, "lib/libtrillium-visa-host.so")) {
        cli_say(subcommand, "the path of this installation is too long");
        return -1;
    }
    return 0;
}
