// SPDX-License-Identifier: MIT
#include "host-backend/vm/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host-backend/vm/arguments.h"
#include "host-backend/vm/child.h"
#include "host-backend/vm/clock.h"
#include "host-backend/vm/frame.h"

static void add_board(struct vm_arguments *a, const struct vm_machine *m) {
    vm_argument(a, "%s", m->qemu->path);
    vm_argument(a, "-nodefaults");
    vm_argument(a, "-no-user-config");
    /* QEMU itself is attacked by what runs in the VM: it starts no program and takes no rights. */
    vm_argument(a, "-sandbox");
    vm_argument(a, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    vm_argument(a, "-no-reboot"); /* a guest kernel that panics ends the VM */
    vm_argument(a, "-display");
    vm_argument(a, "none");
    vm_argument(a, "-M");
    /* What a PC has and this guest does not use only costs time at boot. */
    vm_argument(
        a, "q35,memory-backend=mem,usb=off,graphics=off,hpet=off,smbus=off,sata=off,vmport=off,i8042=off");
    vm_argument(a, "-accel");
    vm_argument(a, "%s", m->kvm ? "kvm" : "tcg,thread=multi");
    vm_argument(a, "-cpu");
    /* Of what an emulated CPU can do, three things make it slower: five-level page tables (every TLB miss),
     * and fast string instructions, which are emulated byte by byte, but which kernel and C library choose
     * where they are offered: without them pages are cleared and memory is copied four times as fast. */
    if (m->kvm && m->without && *m->without)
        vm_argument(a, "host,%s=off", m->without);
    else
        vm_argument(a, "%s", m->kvm ? "host" : "max,la57=off,erms=off,fsrm=off");
    vm_argument(a, "-smp");
    vm_argument(a, "%u", m->cpus);
    vm_argument(a, "-m");
    vm_argument(a, "%uM", m->memory_mib);
    vm_argument(a, "-object");
    vm_argument(a, "memory-backend-memfd,id=mem,size=%uM,share=on", m->memory_mib);
}

static void add_kernel(struct vm_arguments *a, const struct vm_machine *m) {
    vm_argument(a, "-kernel");
    vm_argument(a, "%s", m->kernel->image);
    vm_argument(a, "-initrd");
    vm_argument(a, "/proc/self/fd/%d", m->initramfs);
    vm_argument(a, "-append");
    /* An emulated CPU's time stamp counter is the host's: as good as any clock of the board, and the only one
     * that is read without leaving the guest's user space. No device bounces its buffers: clearing the pool
     * for that takes a while. */
    unsigned khz = m->kvm ? 0 : vm_tsc_khz();
    char clock[64] = "";
    if (khz > 0)
        snprintf(clock, sizeof clock, "tsc=reliable tsc_early_khz=%u ", khz);
    vm_argument(a,
                "console=ttyS0 %s%spanic=-1 random.trust_cpu=on mitigations=off cryptomgr.notests "
                "rcupdate.rcu_expedited=1 no_timer_check edd=off swiotlb=noforce " VM_KERNEL_WORD,
                m->verbose ? "" : "quiet loglevel=3 ", clock);
    vm_argument(a, "-chardev");
    vm_argument(a, "file,id=log,path=/proc/self/fd/%d", m->log);
    vm_argument(a, "-serial");
    vm_argument(a, "chardev:log");
}

static void add_devices(struct vm_arguments *a, const struct vm_machine *m) {
    if (m->port < 0) {
        vm_argument(a, "-device");
        vm_argument(a, "isa-debug-exit,iobase=%#x,iosize=1", VM_PROBE_PORT);
        return;
    }
    vm_argument(a, "-chardev");
    vm_argument(a, "socket,id=vgpu,fd=%d", m->gpu);
    vm_argument(a, "-device");
    vm_argument(a, "vhost-user-gpu-pci,chardev=vgpu");
    vm_argument(a, "-device");
    vm_argument(a, "virtio-serial-pci,max_ports=3");
    if (m->vsock >= 0) {
        vm_argument(a, "-chardev");
        vm_argument(a, "socket,id=vsock,fd=%d", m->vsock);
        vm_argument(a, "-device");
        vm_argument(a, "vhost-user-vsock-pci,chardev=vsock");
    }
    vm_argument(a, "-chardev");
    vm_argument(a, "socket,id=port,fd=%d", m->port);
    vm_argument(a, "-device");
    vm_argument(a, "virtserialport,chardev=port,name=" VM_PORT_NAME);
    vm_argument(a, "-chardev");
    vm_argument(a, "socket,id=control,fd=%d", m->control);
    vm_argument(a, "-device");
    vm_argument(a, "virtserialport,chardev=control,name=" VM_CONTROL_NAME);
    vm_argument(a, "-fsdev");
    vm_argument(a, "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap");
    vm_argument(a, "-device");
    vm_argument(a, "virtio-9p-pci,fsdev=root,mount_tag=hostroot");
}

/* In the child: only async-signal-safe calls, since the parent has threads. */
static void become_qemu(const struct vm_machine *m, char *const argv[], pid_t parent) {
    const int kept[] = {m->initramfs, m->log, m->gpu, m->port, m->control, m->vsock};

    vm_child_begin(parent, kept, sizeof kept / sizeof kept[0], m->log);
    execv(argv[0], argv);
    _exit(127);
}

pid_t vm_machine_start(const struct vm_machine *m) {
    struct vm_arguments a = {0};
    add_board(&a, m);
    add_kernel(&a, m);
    add_devices(&a, m);
    if (a.failed) {
        vm_arguments_free(&a);
        errno = ENOMEM;
        return -1;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become_qemu(m, a.list, parent);
    vm_arguments_free(&a);
    return pid;
}
