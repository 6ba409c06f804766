// SPDX-License-Identifier: MIT
#include "guest-icd/session/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *value;
} defaults[] = {
#define V(name, value, doc) {#name, value},
    ICD_VARIABLES(V)
#undef V
};

const char *icd_variable(const char *name) {
    const char *value = getenv(name);
    if (value && *value)
        return value;
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (strcmp(defaults[i].name, name) == 0)
            return defaults[i].value;
    return "";
}

static bool is_set(const char *name) {
    return strcmp(icd_variable(name), "0") != 0;
}

bool icd_asked_for(void) {
    const char *ir = getenv("TRILLIUM_IR");
    return *icd_variable("TRILLIUM_SHM") || *icd_variable("TRILLIUM_REMOTE") || (ir && *ir) ||
           is_set("TRILLIUM_DEBUG");
}

bool icd_settings_read(struct icd_settings *settings) {
    const char *ir = icd_variable("TRILLIUM_IR");
    const char *spin = icd_variable("TRILLIUM_SPIN_US");
    const char *copy = icd_variable("TRILLIUM_COPY");
    char *end;
    unsigned long spin_us = strtoul(spin, &end, 10);

    if (strcmp(ir, "source") != 0 && strcmp(ir, "spirv") != 0) {
        fprintf(stderr, "trillium: TRILLIUM_IR is \"%s\"; it can be source or spirv\n", ir);
        return false;
    }
    if (*spin < '0' || *spin > '9' || *end || spin_us > 1000000) {
        fprintf(stderr, "trillium: TRILLIUM_SPIN_US is \"%s\"; it can be 0 to 1000000\n", spin);
        return false;
    }
    if (strcmp(copy, "auto") != 0 && strcmp(copy, "memcpy") != 0) {
        fprintf(stderr, "trillium: TRILLIUM_COPY is \"%s\"; it can be auto or memcpy\n", copy);
        return false;
    }
    *settings = (struct icd_settings){
        .spirv = strcmp(ir, "spirv") == 0,
        .spirv_cache = is_set("TRILLIUM_SPIRV_CACHE"),
        .debug = is_set("TRILLIUM_DEBUG"),
        .stats = is_set("TRILLIUM_STATS"),
        .direct_copies = is_set("TRILLIUM_DIRECT"),
        .copy_words = strcmp(copy, "auto") == 0,
        .placed = is_set("TRILLIUM_PLACED"),
        .reuse = is_set("TRILLIUM_REUSE"),
        .fill = is_set("TRILLIUM_FILL"),
        .pace = is_set("TRILLIUM_PACE"),
        .in_place = is_set("TRILLIUM_IN_PLACE"),
        .spin_us = (unsigned)spin_us,
    };
    return true;
}
