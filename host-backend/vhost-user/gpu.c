// SPDX-License-Identifier: MIT
#include "host-backend/vhost-user/gpu.h"

#include <linux/virtio_gpu.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host-backend/broker/log.h"
#include "host-backend/util/clock.h"
#include "host-backend/vhost-user/gpu-commands.h"

enum {
    MAX_CONTEXTS = 4096,
    /* The control queue has 256 slots. A guest that parks more than this gets its oldest answers early. */
    MAX_PARKED = 128,
    MAX_PARKED_OF_CONTEXT = 64,
    BATCH = 64, /* requests handled before other sources get their turn */
};

struct vgpu_parked {
    struct vgpu_parked *next;
    struct vgpu_context *ctx;
    struct vu_answer answer;
    struct virtio_gpu_ctrl_hdr request;
    int64_t since_ms;
};

/* ---- answers ---- */

static void push(struct vgpu *gpu, const struct vu_answer *to, const struct virtio_gpu_ctrl_hdr *request,
                 void *response, size_t size, uint32_t type) {
    struct virtio_gpu_ctrl_hdr *header = response;

    if (gpu->forgetting)
        return;
    header->type = type;
    header->flags = request->flags & VIRTIO_GPU_FLAG_FENCE;
    header->fence_id = header->flags ? request->fence_id : 0;
    header->ctx_id = request->ctx_id;
    vu_queue_push(&gpu->backend.queues[0], gpu->backend.memory, to, response, size);
}

static void notify(struct vgpu *gpu) {
    if (!gpu->forgetting)
        vu_queue_notify(&gpu->backend.queues[0]);
}

/* Answers the oldest `count` parked payloads. */
static void answer_oldest(struct vgpu *gpu, uint32_t count) {
    bool any = count > 0;

    while (count-- > 0 && gpu->oldest) {
        struct vgpu_parked *p = gpu->oldest;
        struct virtio_gpu_ctrl_hdr response = {0};
        gpu->oldest = p->next;
        if (!gpu->oldest)
            gpu->newest = NULL;
        gpu->parked--;
        p->ctx->parked--;
        push(gpu, &p->answer, &p->request, &response, sizeof response, VIRTIO_GPU_RESP_OK_NODATA);
        free(p);
    }
    if (any)
        notify(gpu);
}

void vgpu_answer(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request, void *response, size_t size,
                 uint32_t type) {
    if (request->flags & VIRTIO_GPU_FLAG_FENCE)
        answer_oldest(gpu, gpu->parked); /* this fence is younger than all of them */
    push(gpu, &gpu->element.answer, request, response, size, type);
}

/* Parks the request being handled. False: out of memory. */
static bool park(struct vgpu *gpu, struct vgpu_context *ctx, const struct virtio_gpu_ctrl_hdr *request) {
    struct vgpu_parked *p = malloc(sizeof *p);
    if (!p)
        return false;
    *p = (struct vgpu_parked){
        .ctx = ctx, .answer = gpu->element.answer, .request = *request, .since_ms = clock_now_ms()};
    if (gpu->newest)
        gpu->newest->next = p;
    else
        gpu->oldest = p;
    gpu->newest = p;
    gpu->parked++;
    ctx->parked++;
    if (gpu->parked > MAX_PARKED)
        answer_oldest(gpu, 1);
    else if (ctx->parked > MAX_PARKED_OF_CONTEXT)
        vgpu_wake(gpu, ctx);
    return true;
}

void vgpu_wake(struct vgpu *gpu, struct vgpu_context *ctx) {
    uint32_t count = 0, at = 0;

    if (ctx->parked == 0)
        return;
    for (struct vgpu_parked *p = gpu->oldest; p; p = p->next) {
        at++;
        if (p->ctx == ctx)
            count = at;
    }
    answer_oldest(gpu, count);
}

int vgpu_timeout(const struct vgpu *gpu) {
    if (!gpu->oldest)
        return -1;
    int64_t left = gpu->oldest->since_ms + gpu->ops->park_ms - clock_now_ms();
    return left > 0 ? (int)left : 0;
}

void vgpu_tick(struct vgpu *gpu) {
    uint32_t count = 0;
    int64_t now = clock_now_ms();
    for (struct vgpu_parked *p = gpu->oldest; p && now - p->since_ms >= gpu->ops->park_ms; p = p->next)
        count++;
    answer_oldest(gpu, count);
}

/* ---- contexts ---- */

struct vgpu_context *vgpu_context_find(struct vgpu *gpu, uint32_t id) {
    struct vgpu_context *ctx = gpu->contexts;
    while (ctx && ctx->id != id)
        ctx = ctx->next;
    return ctx;
}

bool vgpu_context_create(struct vgpu *gpu, uint32_t id) {
    struct vgpu_context *ctx;
    if (id == 0 || gpu->context_count >= MAX_CONTEXTS || vgpu_context_find(gpu, id) ||
        !(ctx = calloc(1, sizeof *ctx)))
        return false;
    ctx->id = id;
    ctx->next = gpu->contexts;
    gpu->contexts = ctx;
    gpu->context_count++;
    return true;
}

void vgpu_context_destroy(struct vgpu *gpu, struct vgpu_context *ctx) {
    struct vgpu_context **at = &gpu->contexts;

    vgpu_wake(gpu, ctx);
    gpu->ops->context_gone(gpu->ops->opaque, ctx);
    for (uint32_t i = 0; i < VGPU_RESOURCE_BUCKETS; i++) /* a new context may get the same id */
        for (struct vgpu_resource *r = gpu->resources.buckets[i]; r; r = r->next)
            if (r->context == ctx->id)
                r->context = 0;
    while (*at != ctx)
        at = &(*at)->next;
    *at = ctx->next;
    gpu->context_count--;
    free(ctx);
}

enum vgpu_verdict vgpu_submit(struct vgpu *gpu, struct vgpu_context *ctx,
                              const struct virtio_gpu_ctrl_hdr *request, const void *payload, size_t size) {
    enum vgpu_verdict verdict = gpu->ops->submit(gpu->ops->opaque, ctx, payload, size);
    if (verdict == VGPU_PARK && (!(request->flags & VIRTIO_GPU_FLAG_FENCE) || !park(gpu, ctx, request)))
        verdict = VGPU_DONE;
    return verdict;
}

/* ---- resources ---- */

struct vgpu_resource *vgpu_resource_of(struct vgpu *gpu, const struct vgpu_context *ctx, uint32_t id) {
    struct vgpu_resource *r = vgpu_resource_find(&gpu->resources, id);
    return r && r->context == ctx->id && r->size > 0 && !r->going ? r : NULL;
}

void vgpu_resource_use(struct vgpu_resource *r) {
    r->users++;
}

/* Carries out what the guest asked for when it took the pages back. */
static void take_back(struct vgpu *gpu, struct vgpu_resource *r) {
    if (r->unref) {
        vgpu_resource_remove(&gpu->resources, r);
    } else {
        vgpu_resource_drop_pieces(&gpu->resources, r);
        r->going = false;
    }
}

void vgpu_resource_release(struct vgpu *gpu, struct vgpu_resource *r) {
    bool any = r->held != NULL;

    if (--r->users > 0)
        return;
    if (r->orphan) {
        free(r);
        return;
    }
    if (!r->going)
        return;
    while (r->held) {
        struct vgpu_held *held = r->held;
        struct virtio_gpu_ctrl_hdr request, response = {0};
        memcpy(&request, held->header, sizeof request);
        push(gpu, &held->answer, &request, &response, sizeof response, VIRTIO_GPU_RESP_OK_NODATA);
        r->held = held->next;
        free(held);
    }
    take_back(gpu, r);
    if (any)
        notify(gpu);
}

bool vgpu_resource_take_back(struct vgpu *gpu, struct vgpu_resource *r, bool unref,
                             const struct virtio_gpu_ctrl_hdr *request) {
    bool first = !r->going;

    r->going = true;
    r->unref |= unref;
    if (r->users == 0) {
        take_back(gpu, r);
        return true;
    }
    struct vgpu_held *held = calloc(1, sizeof *held);
    if (held) { /* else it is never answered: better a lost slot than pages with two owners */
        _Static_assert(sizeof held->header == sizeof *request, "a control header is 24 bytes");
        held->answer = gpu->element.answer;
        memcpy(held->header, request, sizeof *request);
        held->next = r->held;
        r->held = held;
    }
    if (first)
        gpu->ops->resource_going(gpu->ops->opaque, r); /* may release it at once */
    return false;
}

/* ---- the device ---- */

static void forget_all(struct vgpu *gpu) {
    gpu->forgetting = true;
    answer_oldest(gpu, gpu->parked);
    while (gpu->contexts)
        vgpu_context_destroy(gpu, gpu->contexts);
    vgpu_resource_remove_all(&gpu->resources);
    gpu->forgetting = false;
}

static void get_config(void *opaque, uint32_t offset, void *bytes, uint32_t size) {
    (void)opaque;
    const struct virtio_gpu_config config = {.num_scanouts = 1, .num_capsets = 1};
    if (offset < sizeof config)
        memcpy(bytes, (const char *)&config + offset,
               size < sizeof config - offset ? size : sizeof config - offset);
}

static void kicked(void *opaque, unsigned index) {
    struct vgpu *gpu = opaque;
    struct vu_queue *q = &gpu->backend.queues[index];
    int r = 0;

    for (int i = 0; i < BATCH; i++) {
        r = vu_queue_pop(q, gpu->backend.memory, &gpu->element);
        if (r <= 0)
            break;
        if (index == 0)
            vgpu_command(gpu);
        else
            vu_queue_push(q, gpu->backend.memory, &gpu->element.answer, NULL,
                          0); /* the cursor: nobody sees it */
    }
    vu_queue_notify(q);
    if (r > 0)
        vu_backend_kick_again(&gpu->backend, index);
    else if (r < 0 && q->kick >= 0) {
        log_say(LOG_GUESTS, "the VM's virtio-gpu driver broke queue %u: %s; it is not served until a reset",
                index, q->broken);
        vu_loop_remove(gpu->backend.loop, q->kick);
    }
}

static void reset(void *opaque) {
    forget_all(opaque);
}

static const struct vu_backend_ops backend_ops = {
    .queues = 2, /* control and cursor */
    .features = 1ull << VIRTIO_GPU_F_VIRGL | 1ull << VIRTIO_GPU_F_EDID,
    .get_config = get_config,
    .kicked = kicked,
    .reset = reset,
};

void vgpu_init(struct vgpu *gpu, struct vu_loop *loop, int sock, const struct vgpu_ops *ops) {
    memset(gpu, 0, sizeof *gpu);
    gpu->ops = ops;
    vu_backend_init(&gpu->backend, loop, sock, &backend_ops, gpu);
}

void vgpu_finish(struct vgpu *gpu) {
    forget_all(gpu);
    vu_element_free(&gpu->element);
    vu_backend_finish(&gpu->backend);
}
