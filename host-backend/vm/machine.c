// SPDX-License-Identifier: MIT
#include "host-backend/vm/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "host-backend/vm/clock.h"
#include "host-backend/vm/frame.h"

enum { MAX_ARGS = 96 };

struct arguments {
    char *list[MAX_ARGS];
    unsigned count;
    bool failed;
};

static void add(struct arguments *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct arguments *a, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (a->count == MAX_ARGS - 1 || vasprintf(&a->list[a->count], format, args) < 0)
        a->failed = true;
    else
        a->list[++a->count] = NULL;
    va_end(args);
}

static void free_arguments(struct arguments *a) {
    for (unsigned i = 0; i < a->count; i++)
        free(a->list[i]);
}

static void add_board(struct arguments *a, const struct vm_machine *m) {
    add(a, "%s", m->qemu->path);
    add(a, "-nodefaults");
    add(a, "-no-user-config");
    /* QEMU itself is attacked by what runs in the VM: it starts no program and takes no rights. */
    add(a, "-sandbox");
    add(a, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    add(a, "-no-reboot"); /* a guest kernel that panics ends the VM */
    add(a, "-display");
    add(a, "none");
    add(a, "-M");
    /* What a PC has and this guest does not use only costs time at boot. */
    add(a, "q35,memory-backend=mem,usb=off,graphics=off,hpet=off,smbus=off,sata=off,vmport=off,i8042=off");
    add(a, "-accel");
    add(a, "%s", m->kvm ? "kvm" : "tcg,thread=multi");
    add(a, "-cpu");
    /* Of what an emulated CPU can do, three things make it slower: five-level page tables (every TLB miss),
     * and fast string instructions, which are emulated byte by byte, but which kernel and C library choose
     * where they are offered: without them pages are cleared and memory is copied four times as fast. */
    if (m->kvm && m->without && *m->without)
        add(a, "host,%s=off", m->without);
    else
        add(a, "%s", m->kvm ? "host" : "max,la57=off,erms=off,fsrm=off");
    add(a, "-smp");
    add(a, "%u", m->cpus);
    add(a, "-m");
    add(a, "%uM", m->memory_mib);
    add(a, "-object");
    add(a, "memory-backend-memfd,id=mem,size=%uM,share=on", m->memory_mib);
}

static void add_kernel(struct arguments *a, const struct vm_machine *m) {
    add(a, "-kernel");
    add(a, "%s", m->kernel->image);
    add(a, "-initrd");
    add(a, "/proc/self/fd/%d", m->initramfs);
    add(a, "-append");
    /* An emulated CPU's time stamp counter is the host's: as good as any clock of the board, and the only one
     * that is read without leaving the guest's user space. No device bounces its buffers: clearing the pool
     * for that takes a while. */
    unsigned khz = m->kvm ? 0 : vm_tsc_khz();
    char clock[64] = "";
    if (khz > 0)
        snprintf(clock, sizeof clock, "tsc=reliable tsc_early_khz=%u ", khz);
    add(a,
        "console=ttyS0 %s%spanic=-1 random.trust_cpu=on mitigations=off cryptomgr.notests "
        "rcupdate.rcu_expedited=1 no_timer_check edd=off swiotlb=noforce " VM_KERNEL_WORD,
        m->verbose ? "" : "quiet loglevel=3 ", clock);
    add(a, "-chardev");
    add(a, "file,id=log,path=/proc/self/fd/%d", m->log);
    add(a, "-serial");
    add(a, "chardev:log");
}

static void add_devices(struct arguments *a, const struct vm_machine *m) {
    if (m->port < 0) {
        add(a, "-device");
        add(a, "isa-debug-exit,iobase=%#x,iosize=1", VM_PROBE_PORT);
        return;
    }
    add(a, "-chardev");
    add(a, "socket,id=vgpu,fd=%d", m->gpu);
    add(a, "-device");
    add(a, "vhost-user-gpu-pci,chardev=vgpu");
    add(a, "-device");
    add(a, "virtio-serial-pci,max_ports=3");
    add(a, "-chardev");
    add(a, "socket,id=port,fd=%d", m->port);
    add(a, "-device");
    add(a, "virtserialport,chardev=port,name=" VM_PORT_NAME);
    add(a, "-chardev");
    add(a, "socket,id=control,fd=%d", m->control);
    add(a, "-device");
    add(a, "virtserialport,chardev=control,name=" VM_CONTROL_NAME);
    add(a, "-fsdev");
    add(a, "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap");
    add(a, "-device");
    add(a, "virtio-9p-pci,fsdev=root,mount_tag=hostroot");
}

/* In the child: only async-signal-safe calls, since the parent has threads. */
static void become_qemu(const struct vm_machine *m, char *const argv[], pid_t parent) {
    const int kept[] = {m->initramfs, m->log, m->gpu, m->port, m->control};
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (unsigned i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (kept[i] > 2)
            fcntl(kept[i], F_SETFD, 0);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(m->log, 1);
    dup2(m->log, 2);
    execv(argv[0], argv);
    _exit(127);
}

pid_t vm_machine_start(const struct vm_machine *m) {
    struct arguments a = {0};
    add_board(&a, m);
    add_kernel(&a, m);
    add_devices(&a, m);
    if (a.failed) {
        free_arguments(&a);
        errno = ENOMEM;
        return -1;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become_qemu(m, a.list, parent);
    free_arguments(&a);
    return pid;
}
