// SPDX-License-Identifier: MIT
#include "host-backend/vm/init/init.h"

#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/vm/frame.h"

/* The KVM probe: says through a device of QEMU's that user space was reached. */
static void probe(long port) {
    if (ioperm((unsigned long)port, 1, 1) == 0)
        outb(VM_PROBE_VALUE, (unsigned short)port);
    power_off();
}

static void loopback_up(void) {
    struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sock >= 0) {
        ioctl(sock, SIOCSIFFLAGS, &ifr);
        close(sock);
    }
}

int main(void) {
    struct config c = {0};
    int status, fd;

    mounts_begin();
    /* A descriptor below 3 would be taken for a stream of the program's. */
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd < 3)
        ;
    close(fd);
    config_read(&c);
    if (c.probe)
        probe(c.probe);

    if (c.verbose)
        stage_enable();
    modules_load("bus");
    stage("the buses' modules are loaded");
    int port = port_open(c.uml), control = control_open(c.uml);

    /* The virtual GPU's driver and the host's files take about as long: both at the same time. */
    pid_t gpu = fork();
    if (gpu == 0) {
        modules_load("gpu");
        stage("the virtual GPU's modules are loaded");
        _exit(0);
    }
    modules_load("files");
    modules_load("door");
    stage("the file systems' modules are loaded");
    mounts_enter(&c);
    stage("the host's files are mounted");
    if (c.hostname)
        sethostname(c.hostname, strlen(c.hostname));
    loopback_up();
    if (gpu < 0 || waitpid(gpu, &status, 0) != gpu || status != 0)
        die("the virtual GPU's driver could not be loaded in the guest");
    mounts_open_device();
    stage("the program starts");

    program_run(&c, port, control);
    for (;;) /* vm_run ends the VM when it has read everything */
        pause();
}
