// SPDX-License-Identifier: MIT
/*
 * A throwaway VM that runs one of this machine's own programs as a guest: `trillium run --vm`.
 *
 * QEMU boots a stock kernel with a minimal initramfs (host-backend/vm/init/), or that initramfs is started by a kernel
 * that is a process itself (uml.h). The guest sees this machine's file system read-only through 9p or hostfs, with a tmpfs over it for writes: what the program writes to files is gone
 * when it ends. The program runs as the calling user, in the calling directory, with the caller's
 * environment; its standard streams, exit status and death by signal are the caller's, and where the caller has
 * a terminal it has a pseudo-terminal of the same size (terminal.h). The only OpenCL
 * driver that the guest's loader finds is Trillium's; its virtual GPU is served by a front
 * (host-backend/front/front.h) that vm_run runs on a thread of its own.
 *
 * Nothing here loads an OpenCL driver. Nothing is left behind: QEMU and everything else dies with the
 * calling process.
 */
#ifndef HOST_BACKEND_VM_VM_H
#define HOST_BACKEND_VM_VM_H

#include <stdbool.h>
#include <stddef.h>

#include "host-backend/cell/cell.h"

enum vm_accel {
    VM_ACCEL_AUTO, /* KVM if a probe boot shows that it works here, else TCG */
    VM_ACCEL_KVM,
    VM_ACCEL_TCG,
};

enum vm_kind {
    VM_KIND_AUTO, /* QEMU; user-mode Linux where KVM does not work and a kernel of that kind is in the cache */
    VM_KIND_QEMU,
    VM_KIND_UML,
};

/* By its name, "qemu" or "uml"; NULL: AUTO. False: there is none of that name. */
bool vm_kind_named(const char *name, enum vm_kind *kind);

struct vm_options {
    /* Where QEMU, kernel and verdicts are kept. NULL: ${XDG_CACHE_HOME:-~/.cache}/trillium/vm. */
    const char *cache_dir;
    const char *init;    /* path of trillium-vm-init (build/libexec) */
    const char *icd;     /* path of libtrillium-icd.so; the guest loads it from the same path */
    unsigned cpus;       /* virtual CPUs; 0: as many as this machine has, at most 4 */
    unsigned memory_mib; /* the guest's RAM; 0: a quarter of this machine's, between 1 and 8 GiB */
    enum vm_kind kind;
    enum vm_accel accel; /* of a QEMU */
    bool quiet;          /* no line on stderr about accelerator, downloads and boot; errors are always told */
    bool verbose;        /* the guest kernel's messages too */
    enum cell_mode sandbox; /* the front's wall and user-mode Linux's, by this */
    /* Not NULL: seconds from the start of QEMU to the start of the program in the guest are stored here. */
    double *boot_seconds;

    /* A new session for a guest process: a connected SOCK_SEQPACKET socket (svga-model/link.h) that the
     * front takes over, or a negative errno (see front.h). Called on the front's thread; must not block. */
    int (*open_session)(void *opaque);
    /* The other end of a stream that a program in the VM opens to VM_DOOR_ADDRESS (door.h): a connected socket that does not
     * block, or a negative errno. NULL: the VM has no vsock device. Called on the door's thread; must not block. */
    int (*open_stream)(void *opaque);
    void *opaque;
};

/* What vm_run returns when there is no program's own status to hand on, as env(1) and nohup(1) do. */
enum {
    VM_EXIT_FAILED = 125,    /* the VM could not be had, or broke; a sentence is on stderr */
    VM_EXIT_NOT_RUN = 126,   /* the program was found and could not be executed */
    VM_EXIT_NOT_FOUND = 127, /* there is no such program */
};

/*
 * Runs argv (argv[0] is looked up in PATH) in a VM and returns its exit status, or 128 + n when signal n
 * ended it, or one of VM_EXIT_*. Fetches QEMU and a kernel first where the machine has none (vm_fetch).
 * Signals are handed to the program (signals.h); their handlers are replaced for the time of the call. Before
 * the program runs they end the VM, which returns 128 + n. To be called from a process's main thread, once at a time.
 */
int vm_run(const struct vm_options *options, char *const argv[]);

/*
 * Makes sure that a QEMU that can carry the virtual GPU and a kernel are there: what the machine has
 * installed, else a private copy unpacked into the cache from the distribution's packages, as the machine's
 * own apt is configured (nothing is installed, root is not needed). Says on stderr what it downloads, unless
 * `quiet`. 0, or -1 after a sentence on stderr.
 */
int vm_fetch(const char *cache_dir, bool quiet);

/* ---- for trillium doctor ---- */

struct vm_check {
    bool good;
    char what[256]; /* what was found: path and version, or the verdict with its reason */
    char mend[256]; /* what a person does about it; "" if good */
};

struct vm_survey {
    struct vm_check qemu;
    struct vm_check installed; /* the QEMU that a person would start by himself */
    struct vm_check kernel;
    struct vm_check modules; /* virtio-gpu, 9p ... of that kernel */
    struct vm_check kvm;     /* not good: the VM runs under TCG, slower */
    struct vm_check uml;     /* the user-mode kernel for machines without */
};

/*
 * Looks and downloads nothing. `init` as in vm_options: with it KVM is probed by a real boot (at most some
 * 15 s, then remembered until the next boot of this machine); NULL: only a remembered verdict is told.
 */
void vm_survey(const char *cache_dir, const char *init, struct vm_survey *survey);

#endif
