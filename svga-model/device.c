// SPDX-License-Identifier: MIT
#include "svga-model/device.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "svga-model/device-gmr.h"
#include "svga-model/futex.h"
#include "svga-model/link-io.h"

void svga_device_init(struct svga_device *d, int link, uint32_t version,
                      const struct svga_device_limits *limits,
                      const struct svga_device_callbacks *callbacks) {
    memset(d, 0, sizeof *d);
    d->link = link;
    d->irqfd = -1;
    for (int i = 0; i < SVGA_HAND_FDS; i++)
        d->hand[i] = -1;
    d->version = version;
    d->limits = *limits;
    d->callbacks = *callbacks;
    pthread_mutex_init(&d->lock, NULL);
}

void svga_device_give_hand(struct svga_device *d, const int hand[SVGA_HAND_FDS]) {
    memcpy(d->hand, hand, sizeof d->hand);
}

/* They must not be here when the guest's first command comes. */
static void drop_hand(struct svga_device *d) {
    for (int i = 0; i < SVGA_HAND_FDS; i++) {
        if (d->hand[i] >= 0)
            close(d->hand[i]);
        d->hand[i] = -1;
    }
}

void svga_device_finish(struct svga_device *d) {
    svga_gmr_delete_all(d);
    drop_hand(d);
    if (d->irqfd >= 0)
        close(d->irqfd);
    close(d->link);
    pthread_mutex_destroy(&d->lock);
}

/* ---- failure ---- */

bool svga_device_failed(const struct svga_device *d) {
    return d->words && atomic_load(&d->words[SVGA_FIFO_ERROR]) != SVGA_ERROR_NONE;
}

void svga_device_fail(struct svga_device *d, enum svga_error error, const char *format, ...) {
    char text[SVGA_BAR_ERROR_TEXT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bool tells = d->bar && !svga_device_failed(d);
    bool opening = error == SVGA_ERROR_REFUSED || error == SVGA_ERROR_VERSION;
    if (!(tells && opening && d->hushed))
        fprintf(stderr, "trillium: guest session failed: %s\n", text);
    if (!tells)
        return;
    memcpy((char *)d->bar + SVGA_BAR_ERROR_TEXT, text, sizeof text);
    atomic_store(&d->words[SVGA_FIFO_ERROR], error);
    svga_device_irq(d);
}

/* ---- the link ---- */

static void fill_registers(struct svga_device *d) {
    const struct {
        enum svga_reg reg;
        uint32_t value;
    } values[] = {
        {SVGA_REG_ENABLE, 1},
        {SVGA_REG_CAPABILITIES, SVGA_CAP_EXTENDED_FIFO | SVGA_CAP_IRQMASK | SVGA_CAP_GMR | SVGA_CAP_GMR2},
        {SVGA_REG_MEM_SIZE, (uint32_t)d->bar_size},
        {SVGA_REG_MEM_REGS, SVGA_FIFO_NUM_WORDS},
        {SVGA_REG_GMR_MAX_IDS, d->limits.max_ids},
        {SVGA_REG_GMR_MAX_DESCRIPTOR_LENGTH, d->limits.max_maps},
        {SVGA_REG_GMRS_MAX_PAGES,
         d->limits.max_pages > UINT32_MAX ? UINT32_MAX : (uint32_t)d->limits.max_pages},
        {SVGA_REG_DEV_CAP, d->version},
        {SVGA_REG_ID, SVGA_ID_2}, /* last: it says that the others are there */
    };
    svga_word *regs = svga_registers(d->bar);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        atomic_store(&regs[values[i].reg], values[i].value);
}

static int define_bar(struct svga_device *d) {
    struct svga_gmr *bar = &d->gmrs[SVGA_GMR_BAR];
    if (bar->size < SVGA_FIFO_DATA_OFFSET + 4 * SVGA_CMD_MAX_SIZE || bar->size > UINT32_MAX)
        return EINVAL;
    d->bar = bar->ptr;
    d->bar_size = (size_t)bar->size;
    d->words = svga_fifo_words(d->bar);
    fill_registers(d);
    return 0;
}

static int write_register(struct svga_device *d, uint32_t reg, uint64_t value) {
    if (!d->bar)
        return ENXIO;
    switch (reg) {
    case SVGA_REG_GUEST_ID:
        d->guest_version = (uint32_t)value;
        return 0;
    case SVGA_REG_CONFIG_DONE:
        if (value != 1 || atomic_load(&d->running))
            return EINVAL;
        if (!svga_consumer_init(&d->fifo, d->bar, d->bar_size)) {
            svga_device_fail(d, SVGA_ERROR_PROTOCOL, "MIN, MAX, NEXT_CMD and STOP make no FIFO");
            return EINVAL;
        }
        atomic_store(&d->running, true);
        return d->callbacks.config_done ? d->callbacks.config_done(d->callbacks.opaque, d->guest_version) : 0;
    case SVGA_REG_SYNC:
        if (atomic_load(&d->running))
            svga_futex_wake(&d->words[SVGA_FIFO_BUSY], 1);
        return 0;
    default:
        return EINVAL;
    }
}

static int take_irqfd(struct svga_device *d, struct svga_link_packet *packet) {
    if (packet->fd_count != 1)
        return EINVAL;
    pthread_mutex_lock(&d->lock);
    int old = d->irqfd;
    d->irqfd = packet->fds[0];
    packet->fd_count = 0;
    pthread_mutex_unlock(&d->lock);
    if (old >= 0)
        close(old);
    return 0;
}

static int carry_out(struct svga_device *d, struct svga_link_packet *packet) {
    const struct svga_link_msg *msg = &packet->msg;
    int r;

    switch (msg->type) {
    case SVGA_LINK_GMR_DEFINE:
    case SVGA_LINK_GMR_PIECES:
        if ((msg->id == SVGA_GMR_BAR && d->bar) || (msg->id != SVGA_GMR_BAR && !d->bar))
            return EINVAL;
        drop_hand(d);
        r = svga_gmr_define(d, packet);
        if (r == 0 && msg->id == SVGA_GMR_BAR && !(msg->flags & SVGA_LINK_MORE))
            r = define_bar(d);
        return r;
    case SVGA_LINK_GMR_DELETE:
        if (msg->id == SVGA_GMR_BAR)
            return EINVAL;
        if (d->callbacks.region_gone)
            d->callbacks.region_gone(d->callbacks.opaque, msg->id);
        return svga_gmr_delete(d, msg->id);
    case SVGA_LINK_REG_WRITE:
        return write_register(d, msg->id, msg->arg);
    case SVGA_LINK_IRQFD:
        return take_irqfd(d, packet);
    case SVGA_LINK_VARIABLES:
        return d->bar ? EINVAL : 0;
    case SVGA_LINK_HAND:
        if (d->bar || d->hand[0] < 0)
            return ENOTSUP;
        d->by_hand = true;
        return 0;
    default:
        return EOPNOTSUPP;
    }
}

static int answer(struct svga_device *d, const struct svga_link_msg *msg, int status) {
    if (d->bar && !(msg->flags & SVGA_LINK_MORE)) {
        atomic_store(&d->words[SVGA_FIFO_LINK_STATUS], (uint32_t)status);
        atomic_store(&d->words[SVGA_FIFO_LINK_ACK], msg->seq);
        svga_device_irq(d);
    }
    if (msg->flags & SVGA_LINK_WANT_REPLY) {
        struct svga_link_msg reply = {
            .type = SVGA_LINK_REPLY, .seq = msg->seq, .id = msg->id, .arg = (uint64_t)status};
        bool hand = msg->type == SVGA_LINK_HAND && status == 0;
        if (msg->type == SVGA_LINK_GMR_DEFINE && (msg->flags & SVGA_LINK_BY_HAND) && status == 0)
            reply.address = (uintptr_t)d->gmrs[msg->id].ptr;
        int r = svga_link_send(d->link, &reply, NULL, d->hand, hand ? SVGA_HAND_FDS : 0);
        if (hand)
            drop_hand(d);
        return r;
    }
    return 0;
}

int svga_device_serve_link(struct svga_device *d) {
    struct svga_link_packet *packet = malloc(sizeof *packet);
    int r = packet ? 1 : -ENOMEM;

    while (r > 0) {
        r = svga_link_recv(d->link, packet);
        if (r <= 0)
            break;
        int status = carry_out(d, packet);
        svga_link_close_fds(packet);
        if (answer(d, &packet->msg, status) < 0) {
            r = 0; /* the peer is gone */
        } else if (status != 0 && !d->bar && !(packet->msg.flags & SVGA_LINK_WANT_REPLY)) {
            /* A guest that waits for word of it in a BAR that could not be had waits for ever. */
            svga_device_fail(d, SVGA_ERROR_REFUSED, "its FIFO's memory cannot be had: %s", strerror(status));
            r = 0;
        }
    }
    if (r == -EPROTO)
        svga_device_fail(d, SVGA_ERROR_PROTOCOL, "a malformed message came over the link");
    free(packet);
    atomic_store(&d->closing, true);
    while (atomic_load(&d->sleepers) > 0) { /* one may be on its way into the futex */
        svga_futex_wake(&d->words[SVGA_FIFO_BUSY], INT32_MAX);
        usleep(1000);
    }
    return r;
}

/* ---- commands ---- */

int svga_device_next(struct svga_device *d, void *buffer) {
    for (;;) {
        const char *why = "";
        int size = svga_consumer_next(&d->fifo, buffer, &why);
        if (size < 0)
            svga_device_fail(d, SVGA_ERROR_PROTOCOL, "%s", why);
        const struct svga_cmd_header *header = buffer;
        if (size <= 0 || header->id != SVGA_CMD_FENCE)
            return size;
        if ((size_t)size < sizeof(struct svga_cmd_fence)) {
            svga_device_fail(d, SVGA_ERROR_PROTOCOL, "SVGA_CMD_FENCE is cut short");
            return -1;
        }
        atomic_store_explicit(&d->words[SVGA_FIFO_FENCE], ((const struct svga_cmd_fence *)buffer)->fence,
                              memory_order_release);
        svga_consumer_release(&d->fifo); /* nobody else does, if it is the last one for now */
        svga_device_irq(d);
    }
}

void svga_device_release(struct svga_device *d) {
    svga_consumer_release(&d->fifo);
    /* Not whoever waits for the end of what was just taken: that thread would only find a CPU that others need. */
    if (atomic_load_explicit(&d->words[SVGA_FIFO_ROOM_WANTED], memory_order_relaxed))
        svga_device_irq(d);
}

bool svga_device_doze(struct svga_device *d) {
    atomic_store(&d->words[SVGA_FIFO_BUSY], 0); /* pairs with ring_if_asleep in guest.c */
    svga_handshake_fence();
    if (svga_device_pending(d)) {
        atomic_store(&d->words[SVGA_FIFO_BUSY], 1);
        return false;
    }
    return true;
}

void svga_device_sleep(struct svga_device *d, int timeout_ms) {
    atomic_fetch_add(&d->sleepers, 1);
    if (!atomic_load(&d->closing))
        svga_futex_wait(&d->words[SVGA_FIFO_BUSY], 0, timeout_ms * INT64_C(1000));
    atomic_fetch_sub(&d->sleepers, 1);
}

void svga_device_awake(struct svga_device *d) {
    atomic_store_explicit(&d->words[SVGA_FIFO_BUSY], 1, memory_order_relaxed);
}

void svga_device_irq(struct svga_device *d) {
    svga_handshake_fence(); /* what was published, then ARMED; pairs with svga_guest_wait */
    if (atomic_load_explicit(&d->words[SVGA_FIFO_IRQ_ARMED], memory_order_relaxed) == 0)
        return;
    atomic_store(&d->words[SVGA_FIFO_IRQ_ARMED], 0);
    atomic_fetch_add(&d->words[SVGA_FIFO_IRQ_SEQ], 1);
    svga_futex_wake(&d->words[SVGA_FIFO_IRQ_SEQ], INT32_MAX);
    pthread_mutex_lock(&d->lock);
    if (d->irqfd >= 0) {
        uint64_t one = 1;
        ssize_t ignored = write(d->irqfd, &one, sizeof one); /* full means: it is readable already */
        (void)ignored;
    }
    pthread_mutex_unlock(&d->lock);
}

void svga_device_cpus_wanted(struct svga_device *d) {
    if (atomic_load_explicit(&d->words[SVGA_FIFO_HOST_CPU], memory_order_relaxed) != SVGA_CPUS_WANTED)
        atomic_store_explicit(&d->words[SVGA_FIFO_HOST_CPU], SVGA_CPUS_WANTED, memory_order_relaxed);
}

bool svga_device_on_other_cpu(struct svga_device *d) {
    uint32_t mine = (uint32_t)sched_getcpu() + 1;
    if (atomic_load_explicit(&d->words[SVGA_FIFO_HOST_CPU], memory_order_relaxed) != mine)
        atomic_store_explicit(&d->words[SVGA_FIFO_HOST_CPU], mine, memory_order_relaxed);
    return atomic_load_explicit(&d->words[SVGA_FIFO_GUEST_CPU], memory_order_relaxed) != mine;
}
