// SPDX-License-Identifier: MIT
/*
 * The init of the throwaway VM: loads the modules that its initramfs brings, mounts the host's files, runs
 * one program with its streams carried over a virtio-serial port, tells its status and powers off. A static
 * program, the only one of the initramfs.
 */
#ifndef HOST_BACKEND_VM_INIT_INIT_H
#define HOST_BACKEND_VM_INIT_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ---- config.c ---- */

struct config {
    char **args, **env; /* NULL-terminated */
    unsigned *groups;
    size_t group_count;
    unsigned uid, gid;
    const char *cwd, *hostname, *icd;
    char *text; /* the file, which the strings above are parts of */
    long probe; /* I/O port; 0: no probe */
    bool
        uml; /* this kernel is a process of the host: its ports are serial lines, the host's files a hostfs */
    bool terminal,
        terminal_errors; /* the program's input and output, and its errors, are a pseudo-terminal */
    unsigned short rows, columns;
    bool verbose;
};

void config_read(struct config *c);

/* ---- modules.c ---- */

/* Loads /modules/STAGE/NN-NAME.ko in order of NN. */
void modules_load(const char *stage);

/* ---- mounts.c ---- */

/* /proc, /sys and /dev of the initramfs. */
void mounts_begin(void);
/* Builds the program's root from the host's files and enters it. */
void mounts_enter(const struct config *c);
/* What needs the virtual GPU's driver loaded: access to the render node for the program's user. */
void mounts_open_device(void);

/* ---- program.c ---- */

/* Runs the program and tells its output and status over `port`; does what `control` says meanwhile. */
void program_run(const struct config *c, int port, int control);

/* ---- control.c ---- */

/* What the program runs on. */
struct program_control {
    int fd; /* the control port, not blocking; -1: no longer */
    pid_t program;
    int terminal; /* its pseudo-terminal's master; -1: none */
};
/* Does what has come. */
void control_take(struct program_control *d);

/* ---- terminal.c ---- */

/* The two ends of a pseudo-terminal for the program. Dies if there is none to be had. */
void terminal_open(const struct config *c, int *master, int *slave);

/* ---- report.c ---- */

/* Says on the console how far the init is, once that is enabled (trillium run --verbose asks for it). */
void stage_enable(void);
void stage(const char *what);
/* Opens the port to vm_run, which die() uses from then on. Dies if there is none. */
int port_open(bool uml);
/* Opens the second port, not blocking. -1: there is none. */
int control_open(bool uml);
/* Tells vm_run that the guest cannot be set up, and ends the VM. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void power_off(void) __attribute__((noreturn));

#endif
