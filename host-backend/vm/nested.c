// SPDX-License-Identifier: MIT
#include "host-backend/vm/nested.h"

#include <glob.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "host-backend/vm/frame.h"

bool vm_is_nested(void) {
    bool nested = false;
    glob_t g;

    if (glob("/sys/class/virtio-ports/*/name", 0, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc && !nested; i++) {
        char name[64] = "";
        FILE *in = fopen(g.gl_pathv[i], "re");
        if (in) {
            nested = fgets(name, sizeof name, in) && strcmp(name, VM_PORT_NAME "\n") == 0;
            fclose(in);
        }
    }
    globfree(&g);
    return nested;
}
