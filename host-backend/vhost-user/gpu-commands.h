// SPDX-License-Identifier: MIT
/*
 * Inside the virtio-gpu device: what its command table (gpu-commands.c) needs of the device (gpu.c).
 */
#ifndef SVGA_MODEL_VHOST_USER_GPU_COMMANDS_H
#define SVGA_MODEL_VHOST_USER_GPU_COMMANDS_H

#include <linux/virtio_gpu.h>

#include "host-backend/vhost-user/gpu.h"

/* Carries out the request in gpu->element and answers it, now or later. */
void vgpu_command(struct vgpu *gpu);

/* Answers the request in gpu->element. `response` begins with a virtio_gpu_ctrl_hdr, which is filled in. */
void vgpu_answer(struct vgpu *gpu, const struct virtio_gpu_ctrl_hdr *request, void *response, size_t size,
                 uint32_t type);

struct vgpu_context *vgpu_context_find(struct vgpu *gpu, uint32_t id);
bool vgpu_context_create(struct vgpu *gpu, uint32_t id);
void vgpu_context_destroy(struct vgpu *gpu, struct vgpu_context *ctx);

/* Hands a payload to the owner. On VGPU_PARK the request has been parked. */
enum vgpu_verdict vgpu_submit(struct vgpu *gpu, struct vgpu_context *ctx,
                              const struct virtio_gpu_ctrl_hdr *request, const void *payload, size_t size);

/* The guest asks for the pages of `r` back. True: answer; false: the answer is held until the last user let
 * go. */
bool vgpu_resource_take_back(struct vgpu *gpu, struct vgpu_resource *r, bool unref,
                             const struct virtio_gpu_ctrl_hdr *request);

#endif
