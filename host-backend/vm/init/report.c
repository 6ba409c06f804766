// SPDX-License-Identifier: MIT
/* What the init says: stages on the console, and to vm_run through the port why it gives up. */
#include "host-backend/vm/init/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include "host-backend/vm/frame.h"
#include "host-backend/util/io.h"

static int the_port = -1; /* to vm_run; -1: not open yet */
static bool verbose;

void stage_enable(void) {
    verbose = true;
}

void stage(const char *what) {
    int fd = verbose ? open("/dev/kmsg", O_WRONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        char line[128]; /* one write is one message; dprintf(3) would seek, which this device refuses */
        int n = snprintf(line, sizeof line, "trillium-vm-init: %s\n", what);
        io_write_all(fd, line, (size_t)n);
        close(fd);
    }
}

void power_off(void) {
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
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
        io_write_all(the_port, &frame, sizeof frame);
        io_write_all(the_port, text, (size_t)n);
    } else {
        dprintf(2, "trillium-vm-init: %s\n",
                text); /* the console, which vm_run shows when the VM ends early */
    }
    if (getpid() != 1)
        _exit(1);
    power_off();
}

static int find_port(const char *wanted, int flags) {
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
        if (n <= 0)
            continue;
        name[strcspn(name, "\n")] = '\0';
        if (strcmp(name, wanted) == 0) {
            snprintf(path, sizeof path, "/dev/%s", e->d_name);
            closedir(dir);
            return open(path, O_RDWR | O_CLOEXEC | flags);
        }
    }
    if (dir)
        closedir(dir);
    return -1;
}

/* A serial line of user-mode Linux, as a stream of bytes like any other. */
static int line_open(const char *path, int flags) {
    struct termios modes;
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | flags);

    if (fd < 0 || tcgetattr(fd, &modes) < 0)
        die("the guest cannot open its serial line %s: %s", path, strerror(errno));
    cfmakeraw(&modes);
    if (tcsetattr(fd, TCSANOW, &modes) < 0)
        die("the guest's serial line %s cannot be made raw: %s", path, strerror(errno));
    return fd;
}

int port_open(bool uml) {
    if (uml)
        return the_port = line_open(VM_UML_PORT, 0);
    /* It appears by itself shortly after its driver is there. */
    for (int i = 0; i < 1000 && (the_port = find_port(VM_PORT_NAME, 0)) < 0; i++)
        usleep(5000);
    if (the_port < 0)
        die("the guest has no virtio-serial port");
    return the_port;
}

int control_open(bool uml) {
    int fd = -1;
    if (uml)
        return line_open(VM_UML_CONTROL, O_NONBLOCK);
    for (int i = 0; i < 1000 && (fd = find_port(VM_CONTROL_NAME, O_NONBLOCK)) < 0; i++)
        usleep(5000);
    return fd;
}
