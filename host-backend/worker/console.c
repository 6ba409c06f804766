// SPDX-License-Identifier: MIT
#include "host-backend/worker/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "svga-model/futex.h"

static struct {
    int pipe; /* read end, non-blocking */
    _Atomic bool attached;
    pthread_mutex_t lock; /* guards written and the ring's writing */
    struct svga_device *device;
    struct tr_console *ring;
    uint32_t written; /* our own copy: the guest may change what lies in the ring */
} console = {.pipe = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

int console_capture(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 || dup2(ends[1], STDOUT_FILENO) < 0) {
        int e = errno;
        close(ends[0]);
        close(ends[1]);
        return -e;
    }
    close(ends[1]);
    console.pipe = ends[0];
    return 0;
}

/* Bytes that the ring has room for. A guest that claims to have read what was never written gets none. */
static uint32_t room(void) {
    uint32_t used = console.written - atomic_load_explicit(&console.ring->read, memory_order_acquire);
    return used > TR_CONSOLE_SIZE ? 0 : TR_CONSOLE_SIZE - used;
}

/* Moves what fits. True if the pipe is empty, false if the ring is full. console.lock is held. */
static bool move_output(void) {
    for (;;) {
        uint32_t at = console.written % TR_CONSOLE_SIZE, n = room();
        if (n > TR_CONSOLE_SIZE - at)
            n = TR_CONSOLE_SIZE - at;
        if (n == 0)
            return false;
        ssize_t got = read(console.pipe, console.ring->data + at, n);
        if (got <= 0)
            return true;
        console.written += (uint32_t)got;
        atomic_store_explicit(&console.ring->written, console.written, memory_order_release);
    }
}

/* The driver blocks when its pipe is full, so somebody must always be there to empty it. */
static void *pump(void *arg) {
    (void)arg;
    while (!atomic_load(&console.device->closing)) {
        struct pollfd p = {.fd = console.pipe, .events = POLLIN};
        if (poll(&p, 1, -1) <= 0)
            continue;
        pthread_mutex_lock(&console.lock);
        bool emptied = move_output();
        pthread_mutex_unlock(&console.lock);
        svga_device_irq(console.device);
        if (!emptied)
            usleep(1000); /* the guest writes to what is slow */
    }
    return NULL;
}

bool console_attach(struct svga_device *device, struct tr_console *ring) {
    pthread_t thread;
    if (console.pipe < 0 || atomic_load(&console.attached))
        return false;
    console.device = device;
    console.ring = ring;
    atomic_store_explicit(&ring->written, 0, memory_order_relaxed);
    if (pthread_create(&thread, NULL, pump, NULL) != 0)
        return false;
    pthread_detach(thread);
    atomic_store(&console.attached, true);
    return true;
}

void console_flush(void) {
    if (!atomic_load_explicit(&console.attached, memory_order_acquire))
        return;
    for (;;) {
        pthread_mutex_lock(&console.lock);
        bool emptied = move_output();
        pthread_mutex_unlock(&console.lock);
        if (emptied || atomic_load(&console.device->closing))
            return;
        svga_device_irq(console.device);
        usleep(1000);
    }
}
