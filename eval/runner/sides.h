// SPDX-License-Identifier: MIT
/*
 * The sides that are compared: the same unmodified program on the host's own driver, as a process guest and
 * in a VM, with either IR.
 */
#ifndef EVAL_RUNNER_SIDES_H
#define EVAL_RUNNER_SIDES_H

#include "eval/runner/proc.h"

#include <limits.h>

enum side {
    SIDE_NATIVE,
    SIDE_PROCESS_SOURCE,
    SIDE_PROCESS_SPIRV,
    SIDE_PROCESS_BACKED,
    SIDE_PROCESS_REMOTE,
    SIDE_VM_SOURCE,
    SIDE_VM_SPIRV,
    SIDE_VM_BACKED,
    SIDE_VM_REMOTE,
    SIDE_COUNT
};

/* What a side is, also in the terms of the IEMTS scheme: which interface is virtualized, where the two endpoints of that lie, by
 * which mechanism calls get from one to the other, over which transport, and what of an interface is synthesized. */
struct side_facts {
    const char *name;  /* for JSON: "native", "process-source" ... */
    const char *title; /* for people */
    bool vm, spirv, guest_backed, remote;
    const char *interface, *endpoint, *mechanism, *transport, *synthesis;
};
extern const struct side_facts side_facts[SIDE_COUNT];
/* The side of that name, or SIDE_COUNT. */
enum side side_named(const char *name);

struct sides {
    char prefix[PATH_MAX];   /* of the build tree or the installation */
    char programs[PATH_MAX]; /* folder of eval's own programs */
    char dir[PATH_MAX];      /* folder for the daemons' sockets */
    const char *wanted;      /* --device; NULL: a GPU if there is one, else PoCL, else the first */
    char platform[256], device[256], driver[256];
    int p[SIDE_COUNT], d[SIDE_COUNT]; /* indices of the device on each side; -1: the side is not there */
    struct proc daemon, vm;
    char shm[PATH_MAX + 16];
    char remote[32];     /* where the daemon listens for remote guests; "": nowhere */
    char vm_cpu[128];    /* which CPU programs in the VM see: an emulated one has its emulator's name */
    char vm_code[48];    /* how the VM runs code */
    char vm_kernel[128]; /* as uname -sr has it there */
    double vm_boot;      /* seconds from start to the first output of a program */
};

/* Finds files and the device; no guest is started. false after saying why. */
bool sides_open(struct sides *s, const char *wanted);
void sides_close(struct sides *s);

/* Starts `trillium serve --shm` with all of its processes on `cpu` (-1: free), and waits until it serves. Its
 * socket's path goes to `shm` (PATH_MAX + 16 bytes). */
bool sides_start_daemon(struct sides *s, struct proc *daemon, int cpu, char *shm);
/* The same for a daemon that has just started to listen, beside the others. */
bool sides_start_new_daemon(struct sides *s, struct proc *daemon, char *shm);
/* The same with more options of `trillium serve` (up to 4, NULL where there are fewer). */
bool sides_start_varied_daemon(struct sides *s, struct proc *daemon, const char *const options[4], char *shm);
/* The process guests, through a daemon of their own. */
bool sides_start_process(struct sides *s);
/* One VM for all that is to run in one, of a kind of trillium run --vm=KIND; NULL: its own choice. `remote`: with a way for API
 * remoting; where that cannot be had, without, after saying so. */
bool sides_start_vm(struct sides *s, const char *kind, bool remote);
/* Does the VM that was started pay much for each page that is touched first? */
bool sides_vm_faults_dear(const struct sides *s);

/* Environment of a program on a side, for proc_options.env. `shm` is the daemon's socket, for process guests.
 * Static memory. */
const char *const *sides_env(const struct sides *s, enum side side, const char *shm);

/* Runs argv on a side until its end. */
struct proc_result sides_run(struct sides *s, enum side side, char *const argv[], double timeout);

/* Runs argv with `trillium run` as a process guest under the latency profile, which is recorded in `file`. */
struct proc_result sides_run_profiled(const struct sides *s, bool spirv, const char *file, char *const argv[],
                                      double timeout);

/* "-p N -d N" of the device on that side, as two numbers in static text. */
void sides_device_arguments(const struct sides *s, enum side side, char p[16], char d[16]);

#endif
