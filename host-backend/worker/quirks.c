// SPDX-License-Identifier: MIT
#include "host-backend/worker/quirks.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

const struct quirk_row quirk_rows[QUIRKS] = {
#define QUIRK(id, name, text) [QUIRK_##id] = {name, text},
#define SEEN(id, platform, from, before)
#include "host-backend/worker/quirks.def"
#undef QUIRK
#undef SEEN
};

static const struct {
    enum quirk quirk;
    const char *platform;
    unsigned from, before;
} seen[] = {
#define QUIRK(id, name, text)
#define SEEN(id, platform, from, before) {QUIRK_##id, platform, from, before},
#include "host-backend/worker/quirks.def"
#undef QUIRK
#undef SEEN
};

_Static_assert(QUIRKS <= 32, "a set of quirks is a word");

unsigned quirks_version(const char *driver_version) {
    unsigned major = 0, minor = 0;

    if (sscanf(driver_version ? driver_version : "", "%4u.%2u", &major, &minor) < 1)
        return 0;
    return 100 * major + minor;
}

uint32_t quirks_of(const char *platform, const char *driver_version) {
    unsigned version = quirks_version(driver_version);
    uint32_t set = 0;

    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        if (!strstr(platform ? platform : "", seen[i].platform))
            continue;
        if (version == 0 || (version >= seen[i].from && (seen[i].before == 0 || version < seen[i].before)))
            set |= 1u << seen[i].quirk;
    }
    return set;
}

bool quirks_untried(const char *platform) {
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++)
        if (strstr(platform ? platform : "", seen[i].platform))
            return false;
    return true;
}

bool quirks_is_elsewhere(const char *device_version) {
    return device_version && strcasestr(device_version, "pocl-remote");
}
