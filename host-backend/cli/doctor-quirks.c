// SPDX-License-Identifier: MIT
/* What doctor says of the drivers' quirks: which are taken care of on this machine. */
#include "host-backend/cli/doctor.h"
#include "host-backend/util/capture.h"

#include <string.h>

void doctor_check_quirks(const struct cli_paths *p, struct doctor_finding *f) {
    char *argv[] = {(char *)p->worker, "--quirks", NULL}, out[4096], line[300];
    int status = capture(argv, out, sizeof out, 30), count = 0;
    size_t used = 0;

    if (status != 0) {
        doctor_set(f, DOCTOR_MISSING, NULL, "the drivers cannot be asked for (see above)");
        return;
    }
    /* "PLATFORM\tNAME\tTEXT" per line, the table's text going on behind the platform's name. */
    char *rest = out, list[sizeof f->detail - 100] = "";
    for (char *platform; (platform = strsep(&rest, "\n")) && *platform;) {
        char *name = strchr(platform, '\t'), *text = name ? strchr(name + 1, '\t') : NULL;
        if (!text)
            continue;
        *name = '\0';
        int n = snprintf(line, sizeof line, "\n%s %s", platform, text + 1);
        if (n > 0 && used + (size_t)n < sizeof list)
            used = (size_t)(stpcpy(list + used, line) - list);
        count += text > name + 1; /* a platform that was not tried names none */
    }
    doctor_set(f, DOCTOR_OK, NULL, "special care for %d quirk%s of these drivers is in force%s", count,
               count == 1 ? "" : "s", list);
}
