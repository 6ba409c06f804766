#include "host-backend/vm/init/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/vm/frame.h"

static int the_port = -1;
static bool verbose;

void stage(const char *what) {
    int fd = verbose ? open("/dev/kmsg", O_WRONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        char line[128]; /* one write is one message; dprintf(3) would seek, which this device refuses */
        int n = snprintf(line, sizeof line, "trillium-vm-init: %s\n", what);
        write_all(fd, line, (size_t)n);
        close(fd);
    }
}

void power_off(void) {
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

void write_all(int fd, const void *bytes, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            bytes = (const char *)bytes + n;
            size -= (size_t)n;
        }
    }
}

void die(const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args); // NOLINT(clang-analyzer-valist.Uninitialized)
    va_end(args);
    if (n > (int)sizeof text - 1)
        n = sizeof text - 1;
    if (the_port >= 0) {
        struct vm_frame frame = {VM_FRAME_FAILED, (uint32_t)n};
        write_all(the_port, &frame, sizeof frame);
        write_all(the_port, text, (size_t)n);
    } else {
        dprintf(2, "trillium-vm-init: %s\n",
                text); /* the console, which vm_run shows when the VM ends early */
    }
    if (getpid() != 1)
        _exit(1);
    power_off();
}

int port_open(void) {
    static const char folder[] = "/sys/class/virtio-ports";
    DIR *dir = opendir(folder);
    struct dirent *e;

    while (dir && (e = readdir(dir))) {
        char path[300], name[64] = "";
        snprintf(path, sizeof path, "%s/%s/name", folder, e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        ssize_t n = read(fd, name, sizeof name - 1);
        close(fd);
        if (n > 0 && strncmp(name, VM_PORT_NAME "\n", sizeof VM_PORT_NAME) == 0) {
            snprintf(path, sizeof path, "/dev/%s", e->d_name);
            closedir(dir);
            return open(path, O_RDWR | O_CLOEXEC);
        }
    }
    if (dir)
        closedir(dir);
    return -1;
}

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

    verbose = c.verbose;
    modules_load("bus");
    stage("the buses' modules are loaded");
    /* The port appears by itself shortly after its driver is there. */
    for (int i = 0; i < 1000 && (the_port = port_open()) < 0; i++)
        usleep(5000);
    if (the_port < 0)
        die("the guest has no virtio-serial port");

    /* The virtual GPU's driver and the host's files take about as long: both at the same time. */
    pid_t gpu = fork();
    if (gpu == 0) {
        modules_load("gpu");
        stage("the virtual GPU's modules are loaded");
        _exit(0);
    }
    modules_load("files");
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

    program_run(&c, the_port);
    for (;;) /* vm_run ends the VM when it has read everything */
        pause();
}
