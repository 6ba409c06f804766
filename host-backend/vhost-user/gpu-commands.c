// SPDX-License-Identifier: MIT
#include "host-backend/vhost-user/gpu-commands.h"

#include <string.h>

/* A payload is one struct svga_payload and its resource ids; more than this is none of ours. */
enum { MAX_PAYLOAD = 4096, ENTRIES_AT_ONCE = 64 };

/* What a handler returns besides a response type: the request was parked or held, or answered by itself. */
#define ANSWERED 0u

#define OK VIRTIO_GPU_RESP_OK_NODATA
#define BAD_PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define BAD_RESOURCE VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_CONTEXT VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID

/* Makes a whole command of `size` bytes of its header and what the request has behind it; zeros if that is
 * cut short, which no handler takes for valid: ids are never 0. */
static void read_body(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request, void *command,
                      size_t size) {
    memset(command, 0, size);
    memcpy(command, request, sizeof *request);
    vu_element_read(&gpu->element, (char *)command + sizeof *request, size - sizeof *request);
}

typedef uint32_t handler(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request);

static uint32_t ignore(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    (void)gpu, (void)request;
    return OK;
}

static uint32_t get_display_info(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct virtio_gpu_resp_display_info response = {0}; /* every output is disabled */
    vgpu_answer(gpu, request, &response, sizeof response, VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    return ANSWERED;
}

/* Monitors describe themselves in an EDID; ours has nothing to say. (Not to offer the feature makes QEMU
 * complain.) */
static uint32_t get_edid(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct virtio_gpu_resp_edid response = {0};
    vgpu_answer(gpu, request, &response, sizeof response, VIRTIO_GPU_RESP_OK_EDID);
    return ANSWERED;
}

static uint32_t get_capset_info(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct virtio_gpu_get_capset_info command;
    read_body(gpu, request, &command, sizeof command);
    if (command.capset_index != 0)
        return BAD_PARAMETER;
    struct virtio_gpu_resp_capset_info response = {.capset_id = gpu->ops->capset_id,
                                                   .capset_max_version = gpu->ops->capset_version,
                                                   .capset_max_size = gpu->ops->capset_size};
    vgpu_answer(gpu, request, &response, sizeof response, VIRTIO_GPU_RESP_OK_CAPSET_INFO);
    return ANSWERED;
}

static uint32_t get_capset(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct {
        struct virtio_gpu_ctrl_hdr hdr;
        uint8_t bytes[256];
    } response = {0};
    struct virtio_gpu_get_capset command;
    read_body(gpu, request, &command, sizeof command);
    if (command.capset_id != gpu->ops->capset_id || gpu->ops->capset_size > sizeof response.bytes)
        return BAD_PARAMETER;
    memcpy(response.bytes, gpu->ops->capset, gpu->ops->capset_size);
    vgpu_answer(gpu, request, &response, sizeof response.hdr + gpu->ops->capset_size,
                VIRTIO_GPU_RESP_OK_CAPSET);
    return ANSWERED;
}

static uint32_t ctx_create(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct vgpu_context *old = vgpu_context_find(gpu, request->ctx_id);
    if (old)
        vgpu_context_destroy(gpu, old);
    return vgpu_context_create(gpu, request->ctx_id) ? OK : BAD_CONTEXT;
}

static uint32_t ctx_destroy(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct vgpu_context *ctx = vgpu_context_find(gpu, request->ctx_id);
    if (!ctx)
        return BAD_CONTEXT;
    vgpu_context_destroy(gpu, ctx);
    return OK;
}

static uint32_t ctx_attach_resource(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct virtio_gpu_ctx_resource command;
    read_body(gpu, request, &command, sizeof command);
    struct vgpu_resource *r = vgpu_resource_find(&gpu->resources, command.resource_id);
    if (!r)
        return BAD_RESOURCE;
    if (!vgpu_context_find(gpu, request->ctx_id))
        return BAD_CONTEXT;
    if (r->context == 0) /* a buffer that is shared by dma-buf stays its maker's */
        r->context = request->ctx_id;
    return OK;
}

static uint32_t ctx_detach_resource(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct virtio_gpu_ctx_resource command;
    read_body(gpu, request, &command, sizeof command);
    struct vgpu_resource *r = vgpu_resource_find(&gpu->resources, command.resource_id);
    if (!r)
        return BAD_RESOURCE;
    if (r->context == request->ctx_id)
        r->context = 0;
    return OK;
}

static uint32_t resource_create(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    /* 2D and 3D both begin with the id, and the rest describes pixels. */
    struct virtio_gpu_resource_create_2d command;
    read_body(gpu, request, &command, sizeof command);
    return vgpu_resource_add(&gpu->resources, command.resource_id) ? OK : BAD_RESOURCE;
}

static uint32_t resource_unref(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct virtio_gpu_resource_unref command;
    read_body(gpu, request, &command, sizeof command);
    struct vgpu_resource *r = vgpu_resource_find(&gpu->resources, command.resource_id);
    if (!r || r->unref)
        return BAD_RESOURCE;
    return vgpu_resource_take_back(gpu, r, true, request) ? OK : ANSWERED;
}

static uint32_t detach_backing(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct virtio_gpu_resource_detach_backing command;
    read_body(gpu, request, &command, sizeof command);
    struct vgpu_resource *r = vgpu_resource_find(&gpu->resources, command.resource_id);
    if (!r || r->going)
        return BAD_RESOURCE;
    return vgpu_resource_take_back(gpu, r, false, request) ? OK : ANSWERED;
}

static uint32_t attach_backing(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    struct virtio_gpu_resource_attach_backing command;
    read_body(gpu, request, &command, sizeof command);
    struct vgpu_resource *r = vgpu_resource_find(&gpu->resources, command.resource_id);
    if (!r || r->size > 0 || r->going)
        return BAD_RESOURCE;
    if (command.nr_entries > vu_element_left(&gpu->element) / sizeof(struct virtio_gpu_mem_entry))
        return BAD_PARAMETER;

    for (uint32_t left = command.nr_entries; left > 0;) {
        struct virtio_gpu_mem_entry entries[ENTRIES_AT_ONCE];
        uint32_t n = left < ENTRIES_AT_ONCE ? left : ENTRIES_AT_ONCE;
        vu_element_read(&gpu->element, entries, n * sizeof entries[0]);
        for (uint32_t i = 0; i < n; i++) {
            if (!vgpu_resource_add_piece(&gpu->resources, r, entries[i].addr, entries[i].length)) {
                vgpu_resource_drop_pieces(&gpu->resources, r);
                return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
            }
        }
        left -= n;
    }
    return OK;
}

static uint32_t submit_3d(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request) {
    _Alignas(8) uint8_t payload[MAX_PAYLOAD];
    struct virtio_gpu_cmd_submit command;
    read_body(gpu, request, &command, sizeof command);
    struct vgpu_context *ctx = vgpu_context_find(gpu, request->ctx_id);
    if (!ctx)
        return BAD_CONTEXT;
    if (command.size > sizeof payload ||
        vu_element_read(&gpu->element, payload, command.size) != command.size)
        return BAD_PARAMETER;
    switch (vgpu_submit(gpu, ctx, request, payload, command.size)) {
    case VGPU_DONE:
        return OK;
    case VGPU_PARK:
        return ANSWERED;
    default:
        return BAD_PARAMETER;
    }
}

static handler *handler_of(uint32_t type) {
    switch (type) {
    case VIRTIO_GPU_CMD_GET_DISPLAY_INFO:
        return get_display_info;
    case VIRTIO_GPU_CMD_GET_EDID:
        return get_edid;
    case VIRTIO_GPU_CMD_GET_CAPSET_INFO:
        return get_capset_info;
    case VIRTIO_GPU_CMD_GET_CAPSET:
        return get_capset;
    case VIRTIO_GPU_CMD_CTX_CREATE:
        return ctx_create;
    case VIRTIO_GPU_CMD_CTX_DESTROY:
        return ctx_destroy;
    case VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE:
        return ctx_attach_resource;
    case VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE:
        return ctx_detach_resource;
    case VIRTIO_GPU_CMD_RESOURCE_CREATE_2D:
    case VIRTIO_GPU_CMD_RESOURCE_CREATE_3D:
        return resource_create;
    case VIRTIO_GPU_CMD_RESOURCE_UNREF:
        return resource_unref;
    case VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING:
        return attach_backing;
    case VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING:
        return detach_backing;
    case VIRTIO_GPU_CMD_SUBMIT_3D:
        return submit_3d;
    /* Pictures: nobody looks at them. */
    case VIRTIO_GPU_CMD_SET_SCANOUT:
    case VIRTIO_GPU_CMD_RESOURCE_FLUSH:
    case VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D:
    case VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D:
    case VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D:
        return ignore;
    default:
        return NULL;
    }
}

void vgpu_command(struct vgpu *gpu) {
    struct virtio_gpu_ctrl_hdr request = {0}, response = {0};
    uint32_t type = VIRTIO_GPU_RESP_ERR_UNSPEC;

    if (vu_element_read(&gpu->element, &request, sizeof request) == sizeof request) {
        handler *h = handler_of(request.type);
        if (h)
            type = h(gpu, &request);
    } else {
        request = (struct virtio_gpu_ctrl_hdr){0};
    }
    if (type != ANSWERED)
        vgpu_answer(gpu, &request, &response, sizeof response, type);
}
