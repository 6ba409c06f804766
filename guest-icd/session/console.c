// SPDX-License-Identifier: MIT
#include "guest-icd/session/console.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "guest-icd/session/session.h"
#include "guest-icd/session/thread.h"
#include "trillium/console.h"

static struct svga_lock lock = SVGA_LOCK(ICD_LOCK_CONSOLE); /* guards region and the ring's reading */
static struct svga_region region;
static _Atomic(struct tr_console *) ring; /* NULL until enabled */

static bool has_output(void *arg) {
    struct tr_console *c = arg;
    return atomic_load_explicit(&c->written, memory_order_acquire) !=
           atomic_load_explicit(&c->read, memory_order_relaxed);
}

/* Not every program waits while a kernel prints: it may poll, sleep, enqueue on, or wait for a callback. */
static void *serve(void *arg) {
    while (svga_guest_sleep(icd_session->g, has_output, arg) == 0)
        icd_console_drain();
    return NULL;
}

void icd_console_enable(void) {
    svga_lock_take(&lock);
    if (!atomic_load(&ring) &&
        svga_guest_region_create(icd_session->g, sizeof(struct tr_console), &region) == 0) {
        TR_SEND(icd_session->g, SET_CONSOLE, set_console, NULL, .region = region.id);
        atomic_store(&ring, region.ptr);
        icd_thread_start(serve, region.ptr, "trillium-output"); /* without it, whoever waits still drains */
    }
    svga_lock_give(&lock);
}

void icd_console_write(const char *data, size_t size) {
    while (size > 0) {
        ssize_t n = write(STDOUT_FILENO, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* the program closed its standard output: natively the text would be lost as well */
        data += n;
        size -= (size_t)n;
    }
}

void icd_console_drain(void) {
    struct tr_console *c = atomic_load_explicit(&ring, memory_order_acquire);
    if (!c || atomic_load_explicit(&c->written, memory_order_acquire) ==
                  atomic_load_explicit(&c->read, memory_order_relaxed))
        return;
    svga_lock_take(&lock);
    uint32_t written = atomic_load_explicit(&c->written, memory_order_acquire);
    uint32_t read = atomic_load_explicit(&c->read, memory_order_relaxed);
    while (read != written) {
        uint32_t at = read % TR_CONSOLE_SIZE, n = written - read;
        if (n > TR_CONSOLE_SIZE - at)
            n = TR_CONSOLE_SIZE - at;
        icd_console_write(c->data + at, n);
        read += n;
        atomic_store_explicit(&c->read, read, memory_order_release);
    }
    svga_lock_give(&lock);
}
