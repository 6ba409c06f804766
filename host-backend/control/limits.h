// SPDX-License-Identifier: MIT
/*
 * What a guest may have: values for the names of limits.def, and which devices it sees.
 *
 * Threads: any; no state.
 */
#ifndef HOST_BACKEND_CONTROL_LIMITS_H
#define HOST_BACKEND_CONTROL_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "host-backend/board/board.h"

enum limit_name {
#define LIMIT(NAME, name, unit, doc) LIMIT_##NAME,
#include "host-backend/control/limits.def"
#undef LIMIT
    LIMITS
};

#define LIMIT_NONE UINT64_MAX
#define LIMIT_TEXT 160

struct limits {
    uint64_t value[LIMITS];     /* LIMIT_NONE: as much as there is */
    char devices[BOARD_FILTER]; /* it sees those whose platform or name contains this; "": all */
};

struct limit_about {
    const char *name;
    bool bytes;
    const char *doc;
};
extern const struct limit_about limit_table[LIMITS];

/* The setting of `devices`, which is no number. */
#define LIMIT_DEVICES "devices"
#define LIMIT_DEVICES_DOC                                                                                    \
    "devices it sees: those whose platform's or own name contains this; for processes that begin later"

/* Nothing limited, and the default weight. */
struct limits limits_none(void);
/* -1: there is none of this name. */
int limit_find(const char *name);
/* "3", and for bytes "2 GiB", "512MiB"; "none". 0 is a value that gives a guest nothing. False with a sentence. */
bool limit_parse(int limit, const char *text, uint64_t *value, char why[LIMIT_TEXT]);
/* A value must leave the guest something: else a sentence, and false. */
bool limit_check(int limit, uint64_t value, char why[LIMIT_TEXT]);
/* A setting by its name, also the one of devices, as a command gives it; it leaves the guest something. False with a
 * sentence. */
bool limits_set(struct limits *l, const char *name, const char *text, char why[LIMIT_TEXT]);
/* "2 GiB", "none" */
void limit_write(int limit, uint64_t value, char text[32]);

#endif
