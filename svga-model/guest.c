// SPDX-License-Identifier: MIT
#include "svga-model/guest.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "svga-model/futex.h"
#include "svga-model/waits.h"

enum { SLEEP_SLICE_MS = 500 };

uint32_t svga_guest_reg_read(const struct svga_guest *g, enum svga_reg reg) {
    return atomic_load(&svga_registers(g->carrier->bar)[reg]);
}

struct svga_guest *svga_guest_open(struct svga_carrier *carrier, uint32_t version, unsigned spin_us,
                                   char why[SVGA_WHY_SIZE]) {
    struct svga_guest *g = calloc(1, sizeof *g);
    if (!g) {
        snprintf(why, SVGA_WHY_SIZE, "out of memory");
        carrier->ops->close(carrier);
        return NULL;
    }
    g->carrier = carrier;
    g->words = svga_fifo_words(carrier->bar);
    g->next_region = SVGA_GMR_BAR + 1;
    g->spin_ns = (uint64_t)spin_us * 1000;
    svga_lock_init(&g->fifo_lock, SVGA_LOCK_FIFO);
    svga_lock_init(&g->region_lock, SVGA_LOCK_REGIONS);

    if (svga_guest_reg_read(g, SVGA_REG_ID) != SVGA_ID_2) {
        snprintf(why, SVGA_WHY_SIZE, "the device does not identify as SVGA II (ID register %#x)",
                 svga_guest_reg_read(g, SVGA_REG_ID));
        svga_guest_close(g);
        return NULL;
    }
    svga_producer_init(&g->fifo, carrier->bar, carrier->bar_size);
    int r = carrier->ops->reg_write(carrier, SVGA_REG_GUEST_ID, version);
    if (r == 0)
        r = carrier->ops->reg_write(carrier, SVGA_REG_CONFIG_DONE, 1);
    if (r < 0) {
        if (svga_guest_lost(g))
            svga_guest_error(g, why);
        else
            snprintf(why, SVGA_WHY_SIZE, "the device refused its configuration: %s", strerror(-r));
        svga_guest_close(g);
        return NULL;
    }
    return g;
}

void svga_guest_close(struct svga_guest *g) {
    if (!g)
        return;
    g->carrier->ops->close(g->carrier);
    svga_lock_destroy(&g->fifo_lock);
    svga_lock_destroy(&g->region_lock);
    free(g->free_regions);
    free(g);
}

void svga_guest_detach(struct svga_guest *g) {
    g->detached = true;
    svga_locks_forked = true;
}

bool svga_guest_lost(const struct svga_guest *g) {
    return g->detached ||
           atomic_load_explicit(&g->words[SVGA_FIFO_ERROR], memory_order_acquire) != SVGA_ERROR_NONE;
}

void svga_guest_error(const struct svga_guest *g, char why[SVGA_WHY_SIZE]) {
    const char *text = (const char *)g->carrier->bar + SVGA_BAR_ERROR_TEXT;
    size_t n = strnlen(text, SVGA_BAR_ERROR_TEXT_SIZE);
    if (n > SVGA_WHY_SIZE - 1)
        n = SVGA_WHY_SIZE - 1;
    memcpy(why, text, n);
    why[n] = '\0';
    if (n == 0)
        snprintf(why, SVGA_WHY_SIZE, "the virtual GPU is gone: its daemon or worker ended");
}

/* Marks the device lost from this side, when its carrier says that nobody is there any more. */
static void mark_lost(struct svga_guest *g) {
    uint32_t none = SVGA_ERROR_NONE;
    atomic_compare_exchange_strong(&g->words[SVGA_FIFO_ERROR], &none, SVGA_ERROR_WORKER_DIED);
}

/* True while spinning for the device can help: it is on another CPU, or we cannot know. */
static bool worth_spinning(struct svga_guest *g) {
    if (g->carrier->ops->copies)
        return false; /* nothing comes while nobody reads */
    if (!g->carrier->ops->same_cpus)
        return true;
    uint32_t host_cpu = atomic_load_explicit(&g->words[SVGA_FIFO_HOST_CPU], memory_order_relaxed);
    return host_cpu != SVGA_CPUS_WANTED && host_cpu != (uint32_t)sched_getcpu() + 1;
}

static _Thread_local struct svga_waits waits_so_far;

/* Looks again and again. True once it is done; false at `end`, or when that has become useless. */
static bool spin(struct svga_guest *g, bool (*done)(void *arg), void *arg, uint64_t end) {
    for (unsigned i = 1;; i++) {
        if (done(arg))
            return true;
        svga_pause();
        if (i % 64 == 0 && (svga_now_ns() >= end || !worth_spinning(g)))
            return false;
    }
}

/* Sleeps until something happens, or the time is over. */
static void doze(struct svga_guest *g, bool (*done)(void *arg), void *arg, int64_t timeout_us) {
    uint32_t seen = atomic_load(&g->words[SVGA_FIFO_IRQ_SEQ]);
    atomic_store(&g->words[SVGA_FIFO_IRQ_ARMED], 1);
    svga_handshake_fence();
    if (!done(arg) && !svga_guest_lost(g))
        g->carrier->ops->wait_irq(g->carrier, seen, timeout_us);
}

static int wait_until(struct svga_guest *g, bool (*done)(void *arg), void *arg, bool idly) {
    if (done(arg))
        return 0;
    if (g->detached)
        return -ENODEV;
    if (g->carrier->ops->same_cpus)
        atomic_store_explicit(&g->words[SVGA_FIFO_GUEST_CPU], (uint32_t)sched_getcpu() + 1,
                              memory_order_relaxed);
    uint64_t start = svga_now_ns();
    const struct svga_wait now = {
        .commands = atomic_load_explicit(&g->commands, memory_order_relaxed),
        .spin = g->spin_ns,
        .near = g->carrier->ops->same_cpus,
        .idly = idly,
        .kind = atomic_exchange_explicit(&g->kind, 0, memory_order_relaxed),
    };
    struct svga_wait_plan plan = svga_waits_plan(&waits_so_far, &now);
    bool spins = g->spin_ns > 0 && worth_spinning(g);

    bool overslept = false;

    if (spins && plan.first > 0 && !spin(g, done, arg, start + plan.first)) {
        doze(g, done, arg, (int64_t)(plan.doze / 1000));
        spins = worth_spinning(g);
        overslept = done(arg);
    }
    bool seen = spins && spin(g, done, arg, svga_now_ns() + plan.spin);
    int r = seen ? 0 : svga_guest_sleep(g, done, arg);
    svga_waits_took(&waits_so_far, &plan, overslept ? 0 : svga_now_ns() - start, seen && !overslept);
    return r;
}

int svga_guest_wait(struct svga_guest *g, bool (*done)(void *arg), void *arg) {
    return wait_until(g, done, arg, false);
}

int svga_guest_wait_idly(struct svga_guest *g, bool (*done)(void *arg), void *arg) {
    return wait_until(g, done, arg, true);
}

int svga_guest_sleep(struct svga_guest *g, bool (*done)(void *arg), void *arg) {
    if (g->detached)
        return -ENODEV;
    for (;;) {
        uint32_t seen = atomic_load(&g->words[SVGA_FIFO_IRQ_SEQ]);
        atomic_store(&g->words[SVGA_FIFO_IRQ_ARMED], 1); /* pairs with the exchange in svga_device_irq */
        svga_handshake_fence();
        if (done(arg))
            return 0;
        if (svga_guest_lost(g))
            return -ENODEV;
        atomic_fetch_add_explicit(&g->sleeps, 1, memory_order_relaxed);
        if (g->carrier->ops->wait_irq(g->carrier, seen, SLEEP_SLICE_MS * INT64_C(1000)) < 0) {
            if (done(arg))
                return 0;
            mark_lost(g);
            return -ENODEV;
        }
    }
}

/* ---- commands ---- */

static void ring_if_asleep(struct svga_guest *g) {
    uint32_t asleep = 0;
    /* Orders NEXT_CMD before BUSY; pairs with the device, which writes BUSY = 0 before it looks at NEXT_CMD
     * again. */
    svga_handshake_fence();
    if (atomic_load_explicit(&g->words[SVGA_FIFO_BUSY], memory_order_relaxed) == 0 &&
        atomic_compare_exchange_strong(&g->words[SVGA_FIFO_BUSY], &asleep, 1)) {
        atomic_fetch_add_explicit(&g->doorbells, 1, memory_order_relaxed);
        g->carrier->ops->doorbell(g->carrier);
    }
}

void svga_guest_lock(struct svga_guest *g) {
    svga_lock_take(&g->fifo_lock);
}

void svga_guest_unlock(struct svga_guest *g) {
    if (!g->detached && svga_producer_publish(&g->fifo))
        ring_if_asleep(g);
    svga_lock_give(&g->fifo_lock);
}

void svga_guest_unlock_quietly(struct svga_guest *g) {
    if (!g->detached)
        svga_producer_publish(&g->fifo);
    svga_lock_give(&g->fifo_lock);
}

struct room {
    struct svga_guest *g;
    uint32_t size;
    void *ptr;
};

static bool has_room(void *arg) {
    struct room *room = arg;
    room->ptr = svga_producer_reserve(&room->g->fifo, room->size);
    return room->ptr != NULL;
}

void *svga_guest_reserve(struct svga_guest *g, uint32_t size) {
    if (g->detached)
        return NULL;
    void *ptr = svga_producer_reserve(&g->fifo, size);
    if (ptr)
        return ptr;
    if (svga_producer_publish(&g->fifo))
        ring_if_asleep(g);
    struct room room = {.g = g, .size = size};
    atomic_store(&g->words[SVGA_FIFO_ROOM_WANTED], 1);
    int r = svga_guest_wait(g, has_room, &room);
    atomic_store(&g->words[SVGA_FIFO_ROOM_WANTED], 0);
    return r == 0 ? room.ptr : NULL;
}

/* Only one thread at a time writes it, so it needs no locked instruction. */
static void count(_Atomic uint64_t *counter, uint64_t more) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

void svga_guest_commit(struct svga_guest *g, uint32_t size) {
    svga_producer_commit(&g->fifo, size);
    count(&g->commands, 1);
    count(&g->command_bytes, size);
}

uint32_t svga_guest_fence(struct svga_guest *g) {
    uint32_t fence = 0;
    svga_guest_lock(g);
    struct svga_cmd_fence *cmd = svga_guest_reserve(g, sizeof *cmd);
    if (cmd) {
        if (++g->last_fence == 0)
            ++g->last_fence; /* 0 means "no fence" */
        fence = g->last_fence;
        *cmd = (struct svga_cmd_fence){.header = {SVGA_CMD_FENCE, sizeof *cmd}, .fence = fence};
        svga_guest_commit(g, sizeof *cmd);
    }
    svga_guest_unlock(g);
    return fence;
}

struct fence_wait {
    svga_word *word;
    uint32_t fence;
};

static bool fence_done(void *arg) {
    struct fence_wait *w = arg;
    return svga_fence_passed(atomic_load_explicit(w->word, memory_order_acquire), w->fence);
}

int svga_guest_wait_fence(struct svga_guest *g, uint32_t fence) {
    struct fence_wait w = {&g->words[SVGA_FIFO_FENCE], fence};
    atomic_store_explicit(&g->words[SVGA_FIFO_FENCE_GOAL], fence, memory_order_relaxed);
    return svga_guest_wait(g, fence_done, &w);
}

/* ---- regions ---- */

int svga_guest_region_create(struct svga_guest *g, uint64_t size, struct svga_region *region) {
    return svga_guest_region_create_at(g, size, 0, region);
}

int svga_guest_region_create_at(struct svga_guest *g, uint64_t size, uint64_t address,
                                struct svga_region *region) {
    if (size == 0 || size > UINT64_MAX - 4095)
        return -EINVAL;
    *region = (struct svga_region){.size = (size + 4095) & ~(uint64_t)4095, .address = address};
    svga_lock_take(&g->region_lock);
    region->id = g->free_region_count > 0 ? g->free_regions[--g->free_region_count] : g->next_region++;
    int r = svga_guest_lost(g) ? -ENODEV : g->carrier->ops->region_create(g->carrier, region);
    if (r == -ENODEV)
        mark_lost(g);
    if (r < 0 && g->free_region_count < g->free_region_cap)
        g->free_regions[g->free_region_count++] = region->id;
    svga_lock_give(&g->region_lock);
    return r;
}

void svga_guest_region_destroy(struct svga_guest *g, struct svga_region *region) {
    if (g->detached)
        return;
    uint32_t fence = svga_guest_fence(g);
    if (fence != 0)
        svga_guest_wait_fence(g, fence);
    svga_lock_take(&g->region_lock);
    g->carrier->ops->region_destroy(g->carrier, region);
    if (g->free_region_count == g->free_region_cap) {
        size_t cap = g->free_region_cap ? 2 * g->free_region_cap : 64;
        uint32_t *bigger = realloc(g->free_regions, cap * sizeof *bigger);
        if (bigger) { /* else the id is simply never used again */
            g->free_regions = bigger;
            g->free_region_cap = cap;
        }
    }
    if (g->free_region_count < g->free_region_cap)
        g->free_regions[g->free_region_count++] = region->id;
    svga_lock_give(&g->region_lock);
}
