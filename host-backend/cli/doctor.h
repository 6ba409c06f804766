// SPDX-License-Identifier: MIT
/*
 * trillium doctor: a list of checks, each for one or more uses of Trillium.
 *
 * A check never loads an OpenCL driver into this process: what needs one is asked of a worker
 * (`trillium-worker --probe`).
 */
#ifndef HOST_BACKEND_CLI_DOCTOR_H
#define HOST_BACKEND_CLI_DOCTOR_H

#include "host-backend/cli/cli.h"

/* What a person wants to do; bits. */
enum doctor_use {
    USE_PROCESS = 1,  /* trillium run: the basic use */
    USE_SPIRV = 2,    /* --ir spirv */
    USE_VM = 4,       /* --vm */
    USE_OWN_VM = 8,   /* one's own QEMU or libvirt VM */
    USE_BUILD = 16,   /* make */
    USE_EVAL = 32,    /* make eval */
    USE_IN_GUEST = 64 /* this machine is itself the VM */
};
#define USE_COUNT 7

enum doctor_state {
    DOCTOR_OK,
    DOCTOR_FAIR,    /* works, but something better is to be had */
    DOCTOR_MISSING, /* this use does not work without it */
};

struct doctor_finding {
    enum doctor_state state;
    char detail[1024]; /* what was found, a sentence or a list; lines after the first are further items */
    char mend[256];    /* the command that mends it; empty if there is none or no need */
};

struct doctor_check {
    const char *name;
    unsigned uses;
    void (*check)(const struct cli_paths *paths, struct doctor_finding *f);
};
extern const struct doctor_check doctor_checks[]; /* ends with a NULL name */

/* doctor-control.c */
void doctor_check_control(const struct cli_paths *paths, struct doctor_finding *f);
/* doctor-quirks.c */
void doctor_check_quirks(const struct cli_paths *paths, struct doctor_finding *f);
/* doctor-walls.c */
void doctor_check_walls(const struct cli_paths *paths, struct doctor_finding *f);
void doctor_check_hand(const struct cli_paths *paths, struct doctor_finding *f);

void doctor_set(struct doctor_finding *f, enum doctor_state state, const char *mend, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
