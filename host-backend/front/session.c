// SPDX-License-Identifier: MIT
#include "host-backend/front/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/front/region.h"
#include "host-backend/util/clock.h"
#include "svga-model/link-io.h"

enum {
    DEFAULT_MAX_SESSIONS = 64,
    LINGER_MS = 5,          /* between looks whether a worker that closed its link is gone */
    MAX_PENDING = 65536,    /* link messages of one session whose reply has not come */
    REPLY_LIMIT_MS = 10000, /* a device half that takes longer for one is given up */
};

/* ---- the guest's side ---- */

static void interrupt(struct front_session *s) {
    front_bar_interrupt(&s->bar);
    if (s->ctx)
        vgpu_wake(s->owner->gpu, s->ctx);
}

static void fail(struct front_session *s, enum svga_error error, const char *text) {
    front_bar_fail(&s->bar, error, text);
    interrupt(s);
}

static void drop_bar(struct front_session *s) {
    struct vgpu_resource *r = s->bar_resource;
    front_bar_unmap(&s->bar);
    s->bar_resource = NULL;
    if (r)
        vgpu_resource_release(s->owner->gpu, r);
}

/* ---- what waits for a reply ---- */

static int expect_reply(struct front_session *s, enum svga_link_type type, struct front_region *region,
                        uint32_t seq) {
    struct front_pending *p = s->pending < MAX_PENDING ? calloc(1, sizeof *p) : NULL;
    if (!p)
        return -ENOBUFS;
    *p = (struct front_pending){.type = type, .region = region, .seq = seq, .since_ms = clock_now_ms()};
    if (s->newest)
        s->newest->next = p;
    else
        s->oldest = p;
    s->newest = p;
    s->pending++;
    return 0;
}

static void drop_oldest(struct front_session *s) {
    struct front_pending *p = s->oldest;
    s->oldest = p->next;
    if (!s->oldest)
        s->newest = NULL;
    s->pending--;
    free(p);
}

/* ---- the link ---- */

/* We have nothing more to say. The other end sees the end of the session, unmaps and closes. */
static void end(struct front_session *s) {
    if (s->ending || s->link < 0)
        return;
    s->ending = true;
    front_mapper_stop(&s->mapper);
    front_outbox_clear(&s->outbox);
    shutdown(s->link, SHUT_WR);
    vu_loop_change(s->owner->loop, s->link, EPOLLIN, &s->link_source);
}

/* Who hears no more may have said why before: reading the link tells that, and that it has gone. */
static int unless_gone(int r) {
    return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

static int send_message(struct front_session *s, const struct svga_link_msg *msg, int fd) {
    bool was_empty = front_outbox_empty(&s->outbox);
    int r = unless_gone(front_outbox_send(&s->outbox, s->link, msg, fd));
    if (r == 0 && was_empty && !front_outbox_empty(&s->outbox))
        vu_loop_change(s->owner->loop, s->link, EPOLLIN | EPOLLOUT, &s->link_source);
    return r;
}

/* Frees a session of which nothing is left. */
static void free_if_over(struct front_session *s) {
    struct front_session **at = &s->owner->first;
    if (s->ctx || s->link >= 0 || s->lingering)
        return;
    drop_bar(s);
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    s->owner->count--;
    front_mapper_finish(&s->mapper);
    free(s);
}

/* Gives the pages back once nobody can reach them by the worker's addresses. */
static void look_after_worker(struct front_session *s) {
    s->lingering = !front_mapper_worker_gone(&s->mapper);
    if (s->lingering)
        return;
    while (s->regions)
        front_region_free(s, s->regions);
    free_if_over(s);
}

/* The device half is gone, or has broken the link protocol (then it must not be believed any more, but what
 * it maps it maps: its end is waited for as ever). */
static void link_gone(struct front_session *s) {
    vu_loop_remove(s->owner->loop, s->link);
    close(s->link);
    s->link = -1;
    if (s->irqfd >= 0) {
        vu_loop_remove(s->owner->loop, s->irqfd);
        close(s->irqfd);
        s->irqfd = -1;
    }
    front_mapper_stop(&s->mapper);
    front_outbox_clear(&s->outbox);
    while (s->oldest)
        drop_oldest(s);
    fail(s, SVGA_ERROR_WORKER_DIED, "the worker on the host that served this process has ended");
    look_after_worker(s);
}

/* The device half's answers go to shared memory; ours too, where it is not asked or does not speak. */
void front_session_answer(struct front_session *s, uint32_t seq, int r) {
    front_bar_ack(&s->bar, seq, (uint32_t)-r);
    interrupt(s);
}

/* What the host's own processes did wrong. What they map they map: their end is waited for. */
void front_session_give_up(struct front_session *s, const char *text) {
    fail(s, SVGA_ERROR_WORKER_DIED, text);
    end(s);
}

void front_session_ask(struct front_session *s, enum svga_link_type type, struct front_region *region,
                       struct svga_link_msg msg) {
    msg.type = type;
    msg.flags |= SVGA_LINK_WANT_REPLY;
    int r = expect_reply(s, type, region, msg.seq);
    if (r == 0)
        r = send_message(s, &msg, -1);
    if (r < 0)
        front_session_give_up(s, "the host cannot be told about a region: too much is waiting for it");
}

static const char *refusal(int r) {
    switch (r) {
    case -EDQUOT:
    case -EMFILE:
    case -ENFILE:
    case -EAGAIN:
        return "the host refused a session: too many are open";
    case -ENOTSUP:
        return "the host's kernel cannot keep a VM's memory from its workers: it needs Linux 5.9 with "
               "seccomp";
    case -EACCES:
    case -EPERM:
        return "the host's policy gives this VM no sessions";
    default:
        return "the host has no worker for this session: look at the messages of its trillium";
    }
}

static void mapper_broken(void *opaque) {
    front_session_give_up(opaque, "the worker on the host has lost its hand");
}

static void take_hand(struct front_session *s, struct svga_link_packet *packet) {
    int fds[SVGA_HAND_FDS];

    if (packet->msg.arg != 0 || packet->fd_count != SVGA_HAND_FDS) {
        svga_link_close_fds(packet);
        fail(s, SVGA_ERROR_REFUSED, refusal(-(int)(packet->msg.arg & 0xfff)));
        end(s);
        return;
    }
    memcpy(fds, packet->fds, sizeof fds);
    packet->fd_count = 0;
    s->mapper.opaque = s;
    s->mapper.done = front_region_done;
    s->mapper.broken = mapper_broken;
    if (front_mapper_start(&s->mapper, s->owner->loop, fds) < 0)
        front_session_give_up(s, "the host is out of descriptors");
}

/* Somebody is there, who has no device half for us yet. */
static void wait_on(struct front_session *s) {
    for (struct front_pending *p = s->oldest; p; p = p->next)
        p->since_ms = clock_now_ms();
}

/* Who hands out device halves has none for us, and says why. */
static void refused(struct front_session *s, struct svga_link_packet *packet) {
    char text[SVGA_BAR_ERROR_TEXT_SIZE] = "";
    size_t size = packet->msg.piece_count * sizeof packet->pieces[0];

    svga_link_close_fds(packet);
    memcpy(text, packet->pieces, size < sizeof text - 1 ? size : sizeof text - 1);
    fail(s, SVGA_ERROR_REFUSED, text);
    end(s);
}

/* A reply to our oldest message that wanted one. */
static void take_reply(struct front_session *s, struct svga_link_packet *packet) {
    const struct svga_link_msg *msg = &packet->msg;
    struct front_pending *p = s->oldest;
    if (msg->type != SVGA_LINK_REPLY || !p || p->seq != msg->seq) {
        svga_link_close_fds(packet);
        fail(s, SVGA_ERROR_PROTOCOL, "the host's device half answered what was not asked");
        end(s);
        return;
    }
    struct front_region *region = p->region;
    enum svga_link_type type = p->type;
    s->answered = true;
    drop_oldest(s);
    if (type == SVGA_LINK_HAND)
        take_hand(s, packet);
    svga_link_close_fds(packet);
    if (!region || s->ending)
        return;
    front_region_replied(s, region, type, msg);
}

static void link_ready(struct vu_source *source, uint32_t events) {
    struct front_session *s =
        (struct front_session *)((char *)source - offsetof(struct front_session, link_source));
    struct svga_link_packet *packet;

    if (events & EPOLLOUT) {
        int r = front_outbox_flush(&s->outbox, s->link);
        if (r < 0)
            front_outbox_clear(&s->outbox);
        if (unless_gone(r) < 0)
            end(s);
        else if (front_outbox_empty(&s->outbox))
            vu_loop_change(s->owner->loop, s->link, EPOLLIN, &s->link_source);
    }
    if (!(events & ~(uint32_t)EPOLLOUT))
        return;
    packet = malloc(sizeof *packet);
    if (!packet)
        return; /* it stays readable */
    int r = svga_link_recv(s->link, packet);
    if (r > 0) {
        if (packet->msg.type == SVGA_LINK_WAIT && !s->answered) {
            svga_link_close_fds(packet);
            wait_on(s);
        } else if (packet->msg.type == SVGA_LINK_REFUSED && !s->answered) {
            refused(s, packet);
        } else {
            take_reply(s, packet);
        }
    } else if (r == -EPROTO) {
        fail(s, SVGA_ERROR_PROTOCOL, "the host's device half sent a malformed message");
        end(s);
    } else if (r != -EAGAIN) {
        link_gone(s);
    }
    free(packet);
}

static void irq_ready(struct vu_source *source, uint32_t events) {
    struct front_session *s =
        (struct front_session *)((char *)source - offsetof(struct front_session, irq_source));
    uint64_t count;
    (void)events;
    if (read(s->irqfd, &count, sizeof count) == sizeof count && s->ctx)
        vgpu_wake(s->owner->gpu, s->ctx);
}

/* ---- payloads ---- */

static void link_payload(struct front_session *s, const struct svga_payload *payload) {
    int r = -ENODEV;

    if (s->link >= 0 && !s->ending) {
        s->last_seq = payload->seq;
        if (payload->op == SVGA_PAYLOAD_GMR_DEFINE) {
            r = payload->id == SVGA_GMR_BAR ? -EEXIST : front_region_define(s, payload);
        } else if (payload->op == SVGA_PAYLOAD_GMR_DELETE) {
            r = payload->id == SVGA_GMR_BAR ? -EINVAL : 0;
            if (r == 0)
                front_region_delete(s, payload->id, payload->seq);
        } else {
            const struct svga_link_msg msg = {
                .type = SVGA_LINK_REG_WRITE, .seq = payload->seq, .id = payload->id, .arg = payload->arg};
            r = send_message(s, &msg, -1);
        }
    }
    if (r < 0)
        front_session_answer(s, payload->seq, r);
}

/* ---- opening ---- */

/* The guest's variables go before all others, for whoever starts the worker. 0 or a negative errno. */
static int send_variables(struct front_session *s, const struct svga_payload *payload) {
    char variables[SVGA_BAR_VARIABLES_SIZE];
    if (payload->variables == 0)
        return 0;
    return front_bar_variables(&s->bar, payload->variables, variables)
               ? unless_gone(svga_link_send_text(s->link, SVGA_LINK_VARIABLES, variables, payload->variables))
               : -EINVAL;
}

/* Gets a device half and tells it about the BAR. 0 or a negative errno. */
static int connect_device(struct front_session *s, const struct svga_payload *payload) {
    const struct svga_link_msg irq = {.type = SVGA_LINK_IRQFD};
    struct front_sessions *all = s->owner;
    unsigned max = all->config->max_sessions ? all->config->max_sessions : DEFAULT_MAX_SESSIONS;

    if (all->count > max)
        return -EDQUOT;
    s->irqfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->irqfd < 0)
        return -errno;
    s->link = all->config->open_session(all->config->opaque);
    if (s->link < 0)
        return s->link;
    fcntl(s->link, F_SETFL, fcntl(s->link, F_GETFL) | O_NONBLOCK);
    int r = send_variables(s, payload);
    if (r == 0)
        r = vu_loop_add(all->loop, s->link, EPOLLIN, &s->link_source);
    if (r == 0)
        r = vu_loop_add(all->loop, s->irqfd, EPOLLIN, &s->irq_source);
    /* The interrupt first: already the answer about the BAR comes with one. */
    if (r == 0)
        r = send_message(s, &irq, s->irqfd);
    if (r < 0)
        return r;
    front_session_ask(s, SVGA_LINK_HAND, NULL, (struct svga_link_msg){.seq = 0});
    return front_region_define(s, payload);
}

static enum vgpu_verdict open_session(struct front_sessions *all, struct vgpu_context *ctx,
                                      const struct svga_payload *payload) {
    struct vgpu_resource *r;

    if (payload->op != SVGA_PAYLOAD_GMR_DEFINE || payload->id != SVGA_GMR_BAR || payload->count != 1 ||
        !(r = vgpu_resource_of(all->gpu, ctx, *(const uint32_t *)(payload + 1))) ||
        r->size < SVGA_FIFO_DATA_OFFSET)
        return VGPU_BAD;
    struct front_session *s = calloc(1, sizeof *s);
    if (!s)
        return VGPU_BAD;
    s->link = s->irqfd = -1;
    for (int i = 0; i < SVGA_HAND_FDS; i++)
        s->mapper.fds[i] = -1;
    s->mapper.null = -1;
    if (front_bar_map(&s->bar, all->gpu->backend.memory, r) < 0) {
        free(s);
        return VGPU_BAD;
    }
    vgpu_resource_use(r);
    s->bar_resource = r;
    s->owner = all;
    s->ctx = ctx;
    s->last_seq = payload->seq;
    s->link_source.ready = link_ready;
    s->irq_source.ready = irq_ready;
    s->next = all->first;
    all->first = s;
    all->count++;
    ctx->owner = s;

    int error = connect_device(s, payload);
    if (error < 0) {
        front_bar_fail(&s->bar, SVGA_ERROR_REFUSED, refusal(error));
        front_session_answer(s, payload->seq, error);
        end(s);
        if (s->link < 0 && s->irqfd >= 0) {
            close(s->irqfd);
            s->irqfd = -1;
        }
    }
    return VGPU_DONE;
}

enum vgpu_verdict front_sessions_submit(void *opaque, struct vgpu_context *ctx, const void *bytes,
                                        size_t size) {
    const struct svga_payload *payload = bytes;
    struct front_session *s = ctx->owner;

    if (size < sizeof *payload || payload->magic != SVGA_CAPSET_MAGIC ||
        payload->count > SVGA_PAYLOAD_MAX_RESOURCES ||
        size != sizeof *payload + payload->count * sizeof(uint32_t))
        return VGPU_BAD;
    if (!s)
        return open_session(opaque, ctx, payload);
    switch (payload->op) {
    case SVGA_PAYLOAD_GMR_DEFINE:
    case SVGA_PAYLOAD_GMR_DELETE:
    case SVGA_PAYLOAD_REG_WRITE:
        link_payload(s, payload);
        return VGPU_DONE;
    case SVGA_PAYLOAD_DOORBELL:
        front_bar_ring(&s->bar);
        return VGPU_DONE;
    case SVGA_PAYLOAD_WAIT:
        return s->link < 0 || s->ending || front_bar_moved(&s->bar, payload->id) ? VGPU_DONE : VGPU_PARK;
    default:
        return VGPU_BAD;
    }
}

/* ---- endings that the guest brings about ---- */

void front_sessions_context_gone(void *opaque, struct vgpu_context *ctx) {
    struct front_session *s = ctx->owner;
    (void)opaque;
    if (!s)
        return;
    ctx->owner = NULL;
    s->ctx = NULL;
    drop_bar(s);
    end(s);
    free_if_over(s);
}

void front_sessions_resource_going(void *opaque, struct vgpu_resource *r) {
    struct front_sessions *all = opaque;

    for (struct front_session *s = all->first; s; s = s->next) {
        if (s->link < 0 || s->ending)
            continue;
        for (struct front_region *region = s->regions; region; region = region->next) {
            bool has = false;
            for (uint32_t i = 0; i < region->count; i++)
                has |= region->resources[i] == r;
            if (!has || region->deleting)
                continue;
            if (region->id == SVGA_GMR_BAR)
                end(s); /* there is no session without it */
            else
                front_region_delete(s, region->id, s->last_seq);
        }
    }
    /* The front's own use last: it may be the end of `r`. There is at most one. */
    for (struct front_session *s = all->first; s; s = s->next) {
        if (s->bar_resource == r) {
            if (s->ctx)
                vgpu_wake(all->gpu, s->ctx);
            drop_bar(s);
            return;
        }
    }
}

/* ---- time ---- */

int front_sessions_timeout(const struct front_sessions *all) {
    int64_t least = INT64_MAX, now = clock_now_ms();
    for (const struct front_session *s = all->first; s; s = s->next) {
        int64_t busy = front_mapper_busy_ms(&s->mapper);
        if (s->oldest && !s->ending && s->oldest->since_ms + REPLY_LIMIT_MS < least)
            least = s->oldest->since_ms + REPLY_LIMIT_MS;
        if (busy >= 0 && now - busy + REPLY_LIMIT_MS < least)
            least = now - busy + REPLY_LIMIT_MS;
        if (s->lingering && now + LINGER_MS < least)
            least = now + LINGER_MS;
    }
    if (least == INT64_MAX)
        return -1;
    return least > now ? (int)(least - now) : 0;
}

void front_sessions_tick(struct front_sessions *all) {
    int64_t now = clock_now_ms();
    for (struct front_session *s = all->first, *after; s; s = after) {
        after = s->next;
        bool late = s->oldest && now - s->oldest->since_ms >= REPLY_LIMIT_MS;
        if (!s->ending && (late || front_mapper_busy_ms(&s->mapper) >= REPLY_LIMIT_MS))
            front_session_give_up(s, "the worker on the host does not answer");
        if (s->lingering)
            look_after_worker(s);
    }
}

void front_sessions_finish(struct front_sessions *all) {
    while (all->first) { // NOLINT(clang-analyzer-unix.Malloc): one that is freed leaves the list
        struct front_session *s = all->first;
        s->ctx = NULL; // NOLINT(clang-analyzer-unix.Malloc)
        if (s->link >= 0) {
            link_gone(s);
        } else {
            while (s->regions)
                front_region_free(s, s->regions);
            s->lingering = false;
            free_if_over(s);
        }
    }
}
