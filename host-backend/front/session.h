// SPDX-License-Identifier: MIT
/*
 * Inside the front: one guest context's session with a device half, spoken for over the link protocol.
 *
 * A session has up to three parts that end at different times: the guest's context, the BAR (the front's own
 * mapping of it), and the link. It is freed when the context and the link are both gone. Guest pages are
 * given back (vgpu_resource_release) when the device half has said that it unmapped them, or is gone.
 */
#ifndef HOST_BACKEND_FRONT_SESSION_H
#define HOST_BACKEND_FRONT_SESSION_H

#include "host-backend/front/bar.h"
#include "host-backend/front/front.h"
#include "host-backend/front/mapper.h"
#include "host-backend/front/outbox.h"
#include "host-backend/vhost-user/gpu.h"
#include "svga-model/virtio-payload.h"

/*
 * A region that the device half has, or is about to. Its pages come and go by the worker's hand:
 *   define: GMR_DEFINE -> its address -> the hand maps -> GMR_PIECES -> the device half has answered the guest;
 *   delete: the hand takes the pages away, and they are the guest's again -> GMR_DELETE -> so has it.
 */
struct front_region {
    struct front_region *next;
    enum front_stage { REGION_PLACING, REGION_MAPPING, REGION_ENDING, REGION_THERE, REGION_BLANKING } stage;
    uint32_t id;
    uint32_t seq;     /* the guest's, of the definition */
    uint64_t address; /* in the worker */
    uint64_t size;
    struct vu_memory *memory; /* counted: the table that it was checked against */
    bool deleting;            /* the guest has asked, */
    uint32_t delete_seq;      /* by this */
    uint32_t count;
    struct vgpu_resource *resources[];
};

/* A message whose reply has not come; replies come in order. */
struct front_pending {
    struct front_pending *next;
    enum svga_link_type type;
    struct front_region *region; /* NULL: of none that is known here */
    uint32_t seq;
    int64_t since_ms;
};

struct front_session {
    struct front_session *next; /* in sessions->first */
    struct front_sessions *owner;
    struct vgpu_context *ctx; /* NULL: ended */
    struct front_bar bar;
    struct vgpu_resource *bar_resource; /* in use by `bar`; NULL: not mapped */

    int link, irqfd; /* -1: gone */
    bool ending;     /* our side of the link is shut down */
    bool lingering;  /* the link is gone, the worker's memory is not */
    struct front_mapper mapper;
    struct vu_source link_source, irq_source;
    struct front_outbox outbox;
    uint32_t last_seq; /* of the guest's link payloads */
    struct front_region *regions;
    struct front_pending *oldest, *newest;
    uint32_t pending;
    bool answered; /* there is a device half: SVGA_LINK_WAIT is over */
};

/* All sessions of a VM. */
struct front_sessions {
    const struct front_config *config;
    struct vu_loop *loop;
    struct vgpu *gpu;
    struct front_session *first;
    unsigned count;
};

/* These three are the device's callbacks; `opaque` is the front_sessions. */
enum vgpu_verdict front_sessions_submit(void *opaque, struct vgpu_context *ctx, const void *payload,
                                        size_t size);
void front_sessions_context_gone(void *opaque, struct vgpu_context *ctx);
void front_sessions_resource_going(void *opaque, struct vgpu_resource *r);

/* For region.c. */

/* What the host's own processes did wrong ends the session, with a sentence for the guest. What they map they map: their
 * end is waited for. */
void front_session_give_up(struct front_session *s, const char *text);
/* Sends a message of this type that wants a reply, about a region (NULL: of none that is known here). */
void front_session_ask(struct front_session *s, enum svga_link_type type, struct front_region *region,
                       struct svga_link_msg msg);
/* The answer to the guest's link payload `seq`, where the device half is not asked or does not speak: 0 or a negative
 * errno. */
void front_session_answer(struct front_session *s, uint32_t seq, int r);

/* Milliseconds until front_sessions_tick has something to do, or -1. */
int front_sessions_timeout(const struct front_sessions *all);
void front_sessions_tick(struct front_sessions *all);

/* Closes what is left, without waiting for the other ends. No context is left. */
void front_sessions_finish(struct front_sessions *all);

#endif
