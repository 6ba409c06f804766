// SPDX-License-Identifier: MIT
/*
 * What the VM's init and vm_run say to each other over one virtio-serial port, or a serial line of user-mode Linux: a struct vm_frame and `size`
 * bytes after it, in both directions. Both ends are ours and of one build; the host still checks every size,
 * since root in the guest can write to the port.
 */
#ifndef HOST_BACKEND_VM_FRAME_H
#define HOST_BACKEND_VM_FRAME_H

#include <stdint.h>

#define VM_PORT_NAME "trillium"
#define VM_UML_PORT "/dev/ttyS0"

enum vm_frame_type {
    VM_FRAME_STDIN = 1,   /* host to guest: bytes; none: end of file */
    VM_FRAME_STARTED = 2, /* guest to host, the rest too: the program is about to be executed */
    VM_FRAME_STDOUT = 3,  /* bytes */
    VM_FRAME_STDERR = 4,  /* bytes */
    VM_FRAME_EXIT = 5,    /* struct vm_exit: the last frame */
    VM_FRAME_FAILED = 6,  /* a sentence: the guest could not be set up; the last frame */
};

/* Stands in the kernel's command line of every throwaway VM. */
#define VM_KERNEL_WORD "trillium.vm"

#define VM_FRAME_MAX 65536u

/*
 * A second port, from host to guest, for what must not wait behind standard input that the program does not
 * read: messages of this one size.
 */
#define VM_CONTROL_NAME "trillium-control"
#define VM_UML_CONTROL "/dev/ttyS1"

enum vm_control_type {
    VM_CONTROL_SIGNAL = 1, /* to the program; `group`: to what its terminal's keys would reach */
    VM_CONTROL_WINDOW = 2, /* the caller's terminal has another size */
};

struct vm_control {
    uint32_t type;
    int32_t number; /* of the signal */
    uint32_t group;
    uint16_t rows, columns;
};

struct vm_frame {
    uint32_t type;
    uint32_t size;
};

struct vm_exit {
    int32_t exec_error; /* errno of the exec that failed, or 0 */
    int32_t status;     /* as waitpid(2) gives it */
};

/*
 * The file /config of the initramfs: strings "key=value", each with its NUL.
 *
 *   probe=PORT        tell the isa-debug-exit device at I/O port PORT (hexadecimal) that the guest runs;
 * nothing else arg=, env=        any number, in order cwd=, uid=, gid=, group= (any number), hostname=
 *   icd=PATH          Trillium's OpenCL driver
 *   terminal=ROWS COLUMNS   standard input and output are a pseudo-terminal of this size
 *   terminal-errors=1       and standard error
 *   uml=1             the kernel is user-mode Linux
 *   verbose=1
 */
#define VM_PROBE_PORT 0xf4
#define VM_PROBE_VALUE 0x2a
/* What QEMU's exit status is then. */
#define VM_PROBE_STATUS (VM_PROBE_VALUE * 2 + 1)

#endif
