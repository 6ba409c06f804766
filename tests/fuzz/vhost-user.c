// SPDX-License-Identifier: MIT
/*
 * What a hostile guest kernel can do to its front. The first byte of an input says how the rest is taken: as
 * the raw contents of the guest's memory with its rings, or as commands, each a length and its bytes, on
 * rings that keep the rules. Device halves are workers that do as they are told, or do not, as the input says
 * (hands/worker.h).
 */
#include <errno.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "host-backend/front/session.h"
#include "tests/fuzz/hands/worker.h"
#include "tests/fuzz/rings/rings.h"

enum { DATA = 0x4000 };

static struct vu_loop loop;
static struct vgpu gpu;
static struct front_sessions sessions;
static uint8_t *ram;
static uint8_t mood; /* of the next worker */

static int open_session(void *opaque) {
    (void)opaque;
    return worker_new(mood);
}

static const struct front_config config = {.open_session = open_session};
static const struct svga_capset capset = {SVGA_CAPSET_MAGIC, SVGA_CAPSET_VERSION};
static const struct vgpu_ops ops = {.capset_id = SVGA_CAPSET_ID,
                                    .capset_size = sizeof capset,
                                    .capset = &capset,
                                    .park_ms = 1000,
                                    .submit = front_sessions_submit,
                                    .context_gone = front_sessions_context_gone,
                                    .resource_going = front_sessions_resource_going,
                                    .opaque = &sessions};

static void start(void) {
    ram = rings_begin(&loop);
    vgpu_init(&gpu, &loop, -1, &ops);
    sessions = (struct front_sessions){.config = &config, .loop = &loop, .gpu = &gpu};
    rings_attach(&gpu.backend, 1);
}

/* Both sides, until nothing moves any more. A hand that calls the wrong thing does so for ever. */
static void settle(void) {
    for (int i = 0; i < 2000; i++) {
        bool moved = vu_loop_once(&loop, 0) > 0;
        if (!worker_attend_all() && !moved)
            break;
    }
}

static void kick(void) {
    gpu.backend.ops->kicked(gpu.backend.opaque, 0);
    settle();
    front_sessions_tick(&sessions);
    vgpu_tick(&gpu);
}

/* One command on the ring, with room for an answer. */
static void command(const uint8_t *bytes, size_t size) {
    struct vring_desc *d = rings_descriptors(0);
    memcpy(ram + DATA, bytes, size);
    d[0] = (struct vring_desc){RINGS_BASE + DATA, (uint32_t)size, VRING_DESC_F_NEXT, 1};
    d[1] = (struct vring_desc){RINGS_BASE + RINGS_FREE, 4096, VRING_DESC_F_WRITE, 0};
    rings_offer(0, 0);
    kick();
}

static void commands(const uint8_t *data, size_t size) {
    while (size > 2) {
        size_t n = data[0] | (size_t)(data[1] & 0x3f) << 8;
        bool hang_up = data[1] & 0x80, moody = data[1] & 0x40;
        data += 2, size -= 2;
        if (moody) {
            mood = data[0];
            worker_set_mood(mood);
            data++, size--;
        }
        if (n > size)
            n = size;
        command(data, n);
        data += n, size -= n;
        if (hang_up) {
            worker_hang_up();
            kick();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    start();
    if (data[0] & 1) {
        commands(data + 1, size - 1);
    } else {
        memcpy(ram, data + 1, size - 1 < RINGS_RAM ? size - 1 : RINGS_RAM);
        gpu.backend.queues[0].event_idx = data[0] & 2;
        kick();
    }
    vgpu_finish(&gpu);
    front_sessions_finish(&sessions);
    worker_end_all();
    mood = 0;
    return 0;
}
