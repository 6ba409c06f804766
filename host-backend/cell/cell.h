// SPDX-License-Identifier: MIT
/*
 * The cell of a worker: how a process is started in one.
 *
 * The half that needs privileges (namespaces, the new root, the user, limits) is done here between clone and
 * exec; the worker raises the other half (confine.h: Landlock, seccomp) itself, before it loads a driver.
 *
 * A struct cell is immutable from when its walls have been tried; threads: one.
 */
#ifndef HOST_BACKEND_CELL_CELL_H
#define HOST_BACKEND_CELL_CELL_H

#include <stdbool.h>
#include <sys/types.h>

#include "host-backend/cell/walls.h"

/* strict: all of them or nothing; best: what the machine has; off: none. */
enum cell_mode { CELL_MODE_BEST, CELL_MODE_STRICT, CELL_MODE_OFF };

/* False if `text` names no mode. */
bool cell_mode_parse(const char *text, enum cell_mode *out);

struct cell_config {
    enum cell_mode mode;
    bool
        groups; /* a control group for each worker where that can be (cgroup.h), which moves this process into one */
    bool
        assume; /* mode best: all walls are taken to stand, for a process is about to be started and will tell;
                           trying costs as much time as its start. Else they are tried first. */
    const char *worker; /* path of the program: visible in the cell at the same place, with its library */
};

/* Users and groups of workers where the daemon is root: CELL_UID_BASE + the worker's process id, so that no
 * two live workers of a machine share one. systemd's list of user ids leaves this range alone. */
#define CELL_UID_BASE 1879048192u
#define CELL_UID_COUNT (1u << 22) /* the kernel's PID_MAX_LIMIT */
/* Exit status of a worker that could not enter its cell; it has said why, unless its walls were only assumed to stand. None goes on
 * with fewer walls than cell_standing says. */
#define CELL_EXIT 120

#define CELL_WHY_SIZE 256

struct cell;

/* Tries which walls stand here, or assumes that all do. NULL with a reason in `why` when out of memory, when they cannot be tried (no
 * process or descriptor is left, or whoever tries them is killed again and again), or in mode strict when one does not stand. The
 * strings of `config` are copied. */
struct cell *cell_create(const struct cell_config *config, char why[CELL_WHY_SIZE]);
void cell_destroy(struct cell *c);

/* Have the walls not been tried yet? Then cell_start may be refused, and what it starts end with CELL_EXIT, because of one
 * that does not stand. */
bool cell_assumed(const struct cell *c);
/* A process has entered its cell: they all stand. */
void cell_stands(struct cell *c);
/* Tries them now, so that what is started from now on has those that stand. False with a reason as for cell_create; nothing
 * has changed then. */
bool cell_try(struct cell *c, char why[CELL_WHY_SIZE]);

/* The walls that cell_start and confine raise, as bits; 0 in mode off. */
unsigned cell_standing(const struct cell *c);
/* Where config.groups asked for them, and the mode is not off: 0: each process that cell_start starts has a control group
 * of its own; or why not, for cgroup_why. No mode asks for
 * them: they divide what there is and keep nobody inside. */
int cell_lacks_groups(const struct cell *c);
const struct cell_report *cell_report(const struct cell *c);

/* How a worker is to find what the cell has for it, its private folder above all: strings "NAME=value" for its
 * environment, ended by NULL. Empty in mode off. cell_start fills in what it alone knows. */
const char *const *cell_variables(const struct cell *c);

struct cell_start {
    const char *path;  /* program */
    char *const *argv; /* see `pid_text` */
    char *const *env;
    const int *keep; /* descriptors that stay open behind the standard ones, */
    unsigned keep_count;
    int error_fd;          /* becomes standard output and error; -1: they stay */
    char *pid_text;        /* at least CELL_PID_TEXT bytes, usually one of argv: gets the process id by which
                             the host knows the child, before exec; NULL: none */
    const char *trace_dir; /* a file PID.trace is made there for the child, as descriptor trace_fd; NULL */
    int trace_fd;          /* a number that nothing else in the child uses */
};
#define CELL_PID_TEXT 16

/* Starts a program in the cell. It is killed when the calling thread ends. Its process id, or a negative
 * errno. */
pid_t cell_start(const struct cell *c, const struct cell_start *start);

/* A process that cell_start gave has ended and was waited for: removes what it left on the machine. */
void cell_ended(const struct cell *c, pid_t pid);

#endif
