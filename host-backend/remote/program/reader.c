// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/remote/program/remote.h"
#include "svga-model/futex.h"

void remote_send(struct remote *r, const struct svga_frame *frame, const void *payload) {
    pthread_mutex_lock(&r->out_lock);
    svga_stream_put(&r->out, frame, payload);
    svga_stream_flush(&r->out);
    pthread_mutex_unlock(&r->out_lock);
}

static void send_status(struct remote *r, int status) {
    remote_send(r, &(struct svga_frame){.type = SVGA_FRAME_STATUS, .id = (uint32_t)-status}, NULL);
}

static void send_lost(struct remote *r, uint32_t error, const char *text) {
    remote_send(r, &(struct svga_frame){.type = SVGA_FRAME_LOST, .id = error, .length = strlen(text)}, text);
}

/* What the worker says of its end. */
static void send_worker_lost(struct remote *r) {
    char text[SVGA_WHY_SIZE];
    uint32_t error = atomic_load(&r->g->words[SVGA_FIFO_ERROR]);
    svga_guest_error(r->g, text);
    send_lost(r, error != SVGA_ERROR_NONE ? error : SVGA_ERROR_WORKER_DIED, text);
}

static int refuse(struct remote *r, const char *what) {
    snprintf(r->why, sizeof r->why, "%s", what);
    return -EPROTO;
}

/* ---- regions ---- */

char *remote_span(struct remote *r, uint32_t region, uint64_t offset, uint64_t length) {
    if (region >= REMOTE_REGIONS || !r->regions[region].ptr)
        return NULL;
    const struct svga_region *g = &r->regions[region];
    return offset <= g->size && length <= g->size - offset ? (char *)g->ptr + offset : NULL;
}

static int make_region(struct remote *r, const struct svga_frame *frame) {
    uint64_t size = frame->offset;

    if (!r->g || frame->id == SVGA_GMR_BAR || frame->id >= REMOTE_REGIONS || r->regions[frame->id].ptr)
        return refuse(r, "a region's number is in use or out of range");
    if (size == 0 || size % 4096 != 0)
        return refuse(r, "a region's size is no number of pages");
    struct svga_region region = {.id = frame->id, .size = size};
    int status =
        size > r->memory_limit - r->memory ? -ENOMEM : r->carrier->ops->region_create(r->carrier, &region);
    if (status == 0) {
        pthread_mutex_lock(&r->lock);
        r->regions[frame->id] = region;
        r->memory += size;
        pthread_mutex_unlock(&r->lock);
    }
    send_status(r, status);
    return 0;
}

static bool holds_slots(const struct remote *r, uint32_t region) {
    for (uint32_t i = 0; i < r->chunk_count; i++)
        if (r->chunks[i] == region)
            return true;
    return region == r->console_region;
}

static int drop_region(struct remote *r, const struct svga_frame *frame) {
    if (frame->id >= REMOTE_REGIONS || !r->regions[frame->id].ptr || holds_slots(r, frame->id))
        return refuse(r, "a region that is to go is not there, or in use");
    pthread_mutex_lock(&r->lock); /* the teller may be sending what lies in it */
    struct svga_region region = r->regions[frame->id];
    r->regions[frame->id] = (struct svga_region){0};
    r->memory -= region.size;
    pthread_mutex_unlock(&r->lock);
    r->carrier->ops->region_destroy(r->carrier, &region);
    return 0;
}

/* Regions come and go on this thread alone: no lock is needed for where the bytes go. */
static int take_data(struct remote *r, const struct svga_frame *frame) {
    char *to = remote_span(r, frame->id, frame->offset, frame->length);
    uint32_t word;

    if (!to)
        return refuse(r, "data for outside of a region");
    if (frame->length != sizeof word || frame->offset % sizeof word != 0)
        return svga_stream_take(&r->in, to, (size_t)frame->length);
    int e = svga_stream_take(&r->in, &word, sizeof word); /* the worker may be reading it: whole */
    if (e == 0)
        atomic_store_explicit((svga_word *)(void *)to, word, memory_order_release);
    return e;
}

/* ---- commands ---- */

/* Announcements that concern what is carried over. False: refused. */
static bool note(struct remote *r, uint32_t cmd, const void *fixed, uint32_t size) {
    if (cmd == TR_CMD_ADD_SLOTS) {
        const struct tr_add_slots *c = fixed;
        if (c->chunk != r->chunk_count || c->chunk >= TR_MAX_CHUNKS ||
            !remote_span(r, c->region, 0, TR_SLOTS_PER_CHUNK * sizeof(struct tr_slot)))
            return false;
        r->chunks[r->chunk_count++] = c->region;
    } else if (cmd == TR_CMD_SET_CONSOLE) {
        const struct tr_set_console *c = fixed;
        if (r->console_region || !remote_span(r, c->region, 0, sizeof(struct tr_console)))
            return false;
        r->console_region = c->region;
    } else if (cmd == TR_CMD_CREATE_QUEUE) {
        const struct tr_create_queue *c = fixed;
        const uint32_t head = (uint32_t)sizeof(struct svga_cmd_header) + tr_align8(sizeof *c);
        uint64_t pair[2];
        bool ordered = true;
        if (c->queue >= TR_MAX_ID || c->properties_count > (size - head) / sizeof pair[0])
            return false;
        for (uint32_t i = 0; i + 1 < c->properties_count; i += 2) {
            memcpy(pair, (const uint8_t *)fixed - sizeof(struct svga_cmd_header) + head + i * sizeof pair[0],
                   sizeof pair);
            if (pair[0] == CL_QUEUE_PROPERTIES)
                ordered = !(pair[1] & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
        }
        r->ordered[c->queue / 8] &= (uint8_t) ~(1u << c->queue % 8);
        r->ordered[c->queue / 8] |= (uint8_t)(ordered << c->queue % 8);
    }
    return true;
}

/* One command, in private memory. */
static int hand_on(struct remote *r, const void *command, uint32_t size, bool *awaited) {
    const struct svga_cmd_header *header = command;
    struct tr_moves moves = {0};

    if (header->id == SVGA_CMD_FENCE) {
        *awaited = true;
    } else if (header->id >= SVGA_CMD_FIRST_CLIENT) {
        if (!tr_moves_of(command, size, &moves) || moves.shared)
            return refuse(r, "a command is none, is cut short, or wants shared memory");
        pthread_mutex_lock(&r->lock);
        bool well = note(r, header->id, header + 1, size);
        pthread_mutex_unlock(&r->lock);
        if (!well)
            return refuse(r, "slots, a console or a queue are announced that cannot be");
        if (!answers_expect(r, command, &moves))
            return -EPROTO;
        *awaited = *awaited || moves.awaited;
    } else if (header->id != SVGA_CMD_NOP) {
        return refuse(r, "a command of the device's that it does not have");
    }
    void *to = svga_guest_reserve(r->g, size);
    if (!to)
        return -ENODEV;
    memcpy(to, command, size);
    svga_guest_commit(r->g, size);
    return 0;
}

static bool on_cpu_of_worker(const svga_word *words) {
    return atomic_load_explicit(&words[SVGA_FIFO_HOST_CPU], memory_order_relaxed) ==
           (uint32_t)sched_getcpu() + 1;
}

/* Many answers come within microseconds: then this thread, which is awake, tells them, and the teller is let sleep. To the
 * worker it is a guest that spins. */
static void look_for_answers(struct remote *r) {
    svga_word *words = r->g->words;
    uint64_t end = svga_now_ns() + r->spin_us * 1000ull;
    bool due = false;

    atomic_store_explicit(&words[SVGA_FIFO_GUEST_CPU], (uint32_t)sched_getcpu() + 1, memory_order_relaxed);
    atomic_store(&words[SVGA_FIFO_IRQ_ARMED], 0);
    while (!due && svga_now_ns() < end && !on_cpu_of_worker(words)) {
        svga_pause();
        due = answers_due(r);
    }
    atomic_store(&words[SVGA_FIFO_IRQ_ARMED],
                 1); /* for the teller; pairs with the exchange in svga_device_irq */
    svga_handshake_fence();
    if (due || answers_due(r))
        answers_tell(r);
}

static int take_commands(struct remote *r, const struct svga_frame *frame) {
    static _Thread_local uint64_t buffer[SVGA_STREAM_COMMANDS / sizeof(uint64_t)];
    uint8_t *bytes = (uint8_t *)buffer;
    bool awaited = false;
    int e;

    if (!r->g || frame->length > sizeof buffer)
        return refuse(r, "commands before the session has begun, or too many at once");
    e = svga_stream_take(&r->in, bytes, (size_t)frame->length);
    if (e < 0)
        return e;
    svga_guest_lock(r->g);
    for (uint64_t at = 0; at < frame->length && e == 0;) {
        struct svga_cmd_header header = {0};
        if (frame->length - at >= sizeof header)
            memcpy(&header, bytes + at, sizeof header);
        if (header.size < sizeof header || header.size % SVGA_CMD_ALIGN != 0 ||
            header.size > SVGA_CMD_MAX_SIZE || header.size > frame->length - at)
            e = refuse(r, "a command's size does not fit its frame");
        else
            e = hand_on(r, bytes + at, header.size, &awaited);
        at += header.size;
    }
    svga_guest_unlock(r->g);
    if (e == 0 && awaited && !svga_stream_has(&r->in))
        look_for_answers(r);
    return e;
}

static bool all_decoded(void *arg) {
    const struct remote *r = arg;
    return atomic_load_explicit(&r->g->words[SVGA_FIFO_STOP], memory_order_acquire) ==
           atomic_load(&r->g->words[SVGA_FIFO_NEXT_CMD]);
}

static int sync_up(struct remote *r) {
    if (!r->g)
        return refuse(r, "SYNC before the session has begun");
    if (svga_guest_wait(r->g, all_decoded, r) < 0)
        return -ENODEV;
    remote_send(r, &(struct svga_frame){.type = SVGA_FRAME_SYNCED}, NULL);
    return 0;
}

/* ---- the session ---- */

static bool has_news(void *arg) {
    struct remote *r = arg;
    return atomic_load(&r->over) || answers_due(r);
}

static void *tell(void *arg) {
    struct remote *r = arg;
    while (!atomic_load(&r->over)) {
        bool lost = svga_guest_sleep(r->g, has_news, r) < 0;
        answers_tell(r);
        if (lost) {
            send_worker_lost(r);
            break;
        }
        if (r->out.error < 0)
            break;
    }
    shutdown(r->stream.fd, SHUT_RDWR); /* the reader ends */
    return NULL;
}

static int write_register(struct remote *r, const struct svga_frame *frame) {
    char why[SVGA_WHY_SIZE] = "";

    if (r->g || frame->offset > UINT32_MAX)
        return refuse(r, "a register is written that cannot be");
    if (frame->id == SVGA_REG_GUEST_ID) {
        r->version = (uint32_t)frame->offset;
        send_status(r, 0);
        return 0;
    }
    if (frame->id != SVGA_REG_CONFIG_DONE || frame->offset != 1)
        return refuse(r, "a register is written that cannot be");
    struct svga_carrier *carrier = r->carrier;
    r->carrier = NULL; /* taken over */
    r->g = svga_guest_open(carrier, r->version, r->spin_us, why);
    if (!r->g) {
        send_lost(r, SVGA_ERROR_REFUSED, why);
        return -ENODEV;
    }
    r->carrier = carrier;
    if (pthread_create(&r->teller, NULL, tell, r) != 0) {
        send_lost(r, SVGA_ERROR_REFUSED, "the host cannot start a thread");
        svga_guest_close(r->g);
        r->g = NULL;
        r->carrier = NULL;
        return -ENODEV;
    }
    send_status(r, 0);
    return 0;
}

static int take_frame(struct remote *r, const struct svga_frame *frame) {
    switch (frame->type) {
    case SVGA_FRAME_DATA:
        return take_data(r, frame);
    case SVGA_FRAME_COMMANDS:
        return take_commands(r, frame);
    default:
        break;
    }
    if (frame->length != 0)
        return refuse(r, "a frame that carries nothing has bytes");
    switch (frame->type) {
    case SVGA_FRAME_REGISTER:
        return write_register(r, frame);
    case SVGA_FRAME_REGION:
        return make_region(r, frame);
    case SVGA_FRAME_REGION_GONE:
        return drop_region(r, frame);
    case SVGA_FRAME_SYNC:
        return sync_up(r);
    default:
        return refuse(r, "a frame of an unknown kind");
    }
}

/* Until there is a worker, the guest hears that somebody lives. */
struct sign {
    struct remote *r;
    _Atomic uint32_t open; /* a futex word */
};

static void *give_signs(void *arg) {
    struct sign *s = arg;
    while (svga_futex_wait(&s->open, 0, SVGA_STREAM_WAIT_MS * INT64_C(1000)) == -ETIMEDOUT)
        remote_send(s->r, &(struct svga_frame){.type = SVGA_FRAME_WAIT}, NULL);
    return NULL;
}

static bool open_carrier(struct remote *r, int session) {
    struct sign sign = {.r = r};
    char why[SVGA_WHY_SIZE] = "";
    pthread_t thread;
    bool gives = pthread_create(&thread, NULL, give_signs, &sign) == 0;

    r->carrier = svga_carrier_shm_from_fd(session, why);
    atomic_store(&sign.open, 1);
    svga_futex_wake(&sign.open, 1);
    if (gives)
        pthread_join(thread, NULL);
    if (r->carrier)
        return true;
    send_lost(r, SVGA_ERROR_REFUSED, why);
    return false;
}

static void welcome(struct remote *r) {
    const struct svga_frame frame = {.type = SVGA_FRAME_WELCOME, .length = SVGA_REG_COUNT * sizeof(uint32_t)};
    remote_send(r, &frame, svga_registers(r->carrier->bar));
}

/* The teller is asleep, or sends to a guest that may take nothing. */
static void end(struct remote *r) {
    shutdown(r->stream.fd, SHUT_RDWR);
    if (r->g) {
        svga_word *seq = &r->g->words[SVGA_FIFO_IRQ_SEQ];
        atomic_fetch_add(seq, 1);
        svga_futex_wake(seq, INT32_MAX);
        pthread_join(r->teller, NULL);
        for (uint32_t i = 0; i < REMOTE_REGIONS; i++)
            if (r->regions[i].ptr)
                munmap(r->regions[i].ptr, r->regions[i].size);
        svga_guest_close(r->g);
    } else if (r->carrier) {
        r->carrier->ops->close(r->carrier);
    }
    free(r->ordered);
    free(r->answers);
}

void remote_serve(struct remote *r, int session) {
    struct svga_frame frame;
    int e = 0;

    r->ordered = calloc(1, TR_MAX_ID / 8);
    if (!r->ordered || !open_carrier(r, session)) {
        end(r);
        return;
    }
    welcome(r);
    while (e == 0) {
        e = svga_stream_take(&r->in, &frame, sizeof frame);
        if (e == 0)
            e = take_frame(r, &frame);
    }
    atomic_store(&r->over, true);
    if (e == -EPROTO) {
        char text[SVGA_BAR_ERROR_TEXT_SIZE];
        snprintf(text, sizeof text, "the guest sent what makes no sense: %.400s", r->why);
        fprintf(stderr, "trillium: %s\n", text);
        send_lost(r, SVGA_ERROR_PROTOCOL, text);
    } else if (e == -ENODEV && r->g) {
        send_worker_lost(r);
    }
    end(r);
}
