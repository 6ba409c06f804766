// SPDX-License-Identifier: MIT
#include "host-backend/control/limits.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN, BYTES, DEFAULT_WEIGHT = 100, MOST_WEIGHT = 100000 };

const struct limit_about limit_table[LIMITS] = {
#define LIMIT(NAME, name, unit, doc) {#name, (unit) == BYTES, doc},
#include "host-backend/control/limits.def"
#undef LIMIT
};

static const struct unit {
    const char *name;
    unsigned shift;
} units[] = {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};

struct limits limits_none(void) {
    struct limits l = {0};
    for (int i = 0; i < LIMITS; i++)
        l.value[i] = LIMIT_NONE;
    l.value[LIMIT_WEIGHT] = DEFAULT_WEIGHT;
    return l;
}

int limit_find(const char *name) {
    for (int i = 0; i < LIMITS; i++)
        if (strcmp(limit_table[i].name, name) == 0)
            return i;
    return -1;
}

static bool shift_of(int limit, const char *unit, unsigned *shift) {
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        *shift = units[i].shift;
        if (strcmp(unit, units[i].name) == 0)
            return i == 0 || limit_table[limit].bytes;
    }
    return false;
}

bool limit_parse(int limit, const char *text, uint64_t *value, char why[LIMIT_TEXT]) {
    char *end;
    unsigned shift = 0;

    if (strcmp(text, "none") == 0) {
        *value = limit == LIMIT_WEIGHT ? DEFAULT_WEIGHT : LIMIT_NONE;
        return true;
    }
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    bool number = isdigit((unsigned char)*text) && errno == 0;
    while (*end == ' ')
        end++;
    if (!number || !shift_of(limit, end, &shift) || n > (BOARD_UNLIMITED - 1) >> shift) {
        snprintf(why, LIMIT_TEXT, "%s takes a number%s or \"none\", not \"%.40s\"", limit_table[limit].name,
                 limit_table[limit].bytes ? " of bytes, such as \"2 GiB\"," : "", text);
        return false;
    }
    *value = (uint64_t)n << shift;
    return *value == 0 || limit_check(limit, *value, why);
}

bool limit_check(int limit, uint64_t value, char why[LIMIT_TEXT]) {
    if (value == 0)
        snprintf(why, LIMIT_TEXT,
                 "%s = 0 would leave a guest nothing: `trillium pause` and `trillium kill` stop one",
                 limit_table[limit].name);
    else if (limit == LIMIT_WEIGHT && value > MOST_WEIGHT)
        snprintf(why, LIMIT_TEXT, "weight goes from 1 to %d", MOST_WEIGHT);
    return value != 0 && (limit != LIMIT_WEIGHT || value <= MOST_WEIGHT);
}

bool limits_set(struct limits *l, const char *name, const char *text, char why[LIMIT_TEXT]) {
    int limit = limit_find(name);

    if (strcmp(name, LIMIT_DEVICES) == 0 && strlen(text) < sizeof l->devices) {
        snprintf(l->devices, sizeof l->devices, "%s", strcmp(text, "none") == 0 ? "" : text);
        return true;
    }
    if (limit < 0) {
        snprintf(why, LIMIT_TEXT, "there is no limit '%.40s'; trillium limit --help lists them", name);
        return false;
    }
    return limit_parse(limit, text, &l->value[limit], why) && limit_check(limit, l->value[limit], why);
}

void limit_write(int limit, uint64_t value, char text[32]) {
    size_t i = limit_table[limit].bytes ? sizeof units / sizeof units[0] - 1 : 0;

    while (i > 1 && (value & ((UINT64_C(1) << units[i].shift) - 1)) != 0)
        i--;
    if (value == LIMIT_NONE)
        snprintf(text, 32, "none");
    else
        snprintf(text, 32, "%llu%s%s", (unsigned long long)(value >> units[i].shift), i > 1 ? " " : "",
                 i > 1 ? units[i].name : "");
}
