// SPDX-License-Identifier: MIT
/*
 * A make-believe VM: RAM, two virtqueues with a driver's side, and a vhost-user connection to a front that
 * runs on a thread. Every wait has a limit, and the end of it fails the test.
 */
#ifndef TESTS_VHOST_USER_MACHINE_H
#define TESTS_VHOST_USER_MACHINE_H

#include "tests/lib/unit.h"

#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>
#include <pthread.h>

#include "host-backend/front/front.h"
#include "svga-model/fifo.h"
#include "svga-model/link-io.h"
#include "host-backend/vhost-user/message.h"
#include "svga-model/virtio-payload.h"

enum {
    RAM_LOW = 0x1000000, /* 16 MiB from 0, and as much from 4 GiB on */
    RAM_HIGH = 0x1000000,
    QUEUE_SIZE = 256, /* as many as QEMU gives the control queue; two descriptors make a request */
    LIMIT_MS = 60000,
};
#define RAM_HIGH_AT 0x100000000ull
#define USER_AT 0x7f0000000000ull /* where QEMU would have the RAM mapped */

/* Whose order of messages the VM keeps: QEMU's; crosvm's (devices/src/virtio/vhost_user_frontend/mod.rs there), which
 * asks for no acknowledgements, sets a ring's events last, and resets it by ENABLE 0 and GET_VRING_BASE; or that of user-mode
 * Linux (arch/um/drivers/virtio_uml.c; as Debian 12's package 6.1.176 was seen to do): a channel for requests first, every message wants an acknowledgement, the one region of memory begins behind the
 * kernel's own image, addresses are the guest's, a ring calls by a socket, and all rings are set up before the first starts.
 * Its RAM is the low one. */
enum machine_vmm { MACHINE_QEMU, MACHINE_CROSVM, MACHINE_UML };

/* A request on its way. */
struct request {
    uint16_t head;
    uint8_t *response; /* in guest memory */
};

struct machine {
    int ram; /* memfd: low RAM, then high RAM */
    uint8_t *low, *high;
    int sock, kick[2], call[2];
    uint16_t avail[2], seen[2]; /* driver's indexes */
    uint64_t next_page;         /* guest pages that are not used yet, in low RAM */
    bool done[QUEUE_SIZE];      /* by head: the used ring has named it */
    bool event_idx;
    enum machine_vmm vmm;

    struct front *front;
    struct front_config config;
    pthread_t thread;
    int result; /* of front_run */
    int walled; /* of daemon_confine */

    /* Sessions that the front opened: our ends of the links. */
    pthread_mutex_t lock;
    int links[16];
    unsigned opened, refuse;
    const char *gone; /* what device halves say that close their links before they hear anything; NULL: they stay */
};

/* Starts a front and connects a VM whose driver is ready: QEMU's. */
void machine_start(struct machine *m);
void machine_start_as(struct machine *m, enum machine_vmm vmm);
/* Ends both. */
void machine_stop(struct machine *m);

/* For the front, and all else of ours in this process, time stands still, so much later; a negative one: it goes
 * on as ever. */
void machine_pass_time(int ms);

/* Parts of machine_start. */
void machine_make_ram(struct machine *m);
void machine_send(struct machine *m, uint32_t request, const void *payload, size_t size, const int *fds,
                  unsigned count, void *reply, size_t reply_size);
void machine_set_up_rings(struct machine *m, uint16_t base);
/* GET_VRING_BASE of both queues. Returns queue 0's base. */
uint16_t machine_stop_rings(struct machine *m);

void *machine_at(struct machine *m, uint64_t guest_addr);
uint64_t machine_pages(struct machine *m, unsigned count); /* zeroed, contiguous */

/* Puts a control request of `size` bytes on the ring (indirect: through an indirect descriptor) and kicks. */
struct request machine_submit(struct machine *m, const void *bytes, size_t size, bool indirect);
/* True if it is answered within the time. */
bool machine_answered(struct machine *m, struct request r, int limit_ms);
/* Waits for the answer and returns its type. */
uint32_t machine_wait(struct machine *m, struct request r);
/* Both. */
uint32_t machine_do(struct machine *m, const void *bytes, size_t size);

/* Commands. Each returns the answer's type. */
uint32_t gpu_context(struct machine *m, uint32_t type, uint32_t ctx);
uint32_t gpu_resource(struct machine *m, uint32_t id, uint32_t ctx, uint64_t guest_addr, uint64_t size);
struct request gpu_unref_begin(struct machine *m, uint32_t id);
struct request gpu_payload_begin(struct machine *m, uint32_t ctx, const struct svga_payload *p,
                                 const uint32_t *ids, uint64_t fence);
uint32_t gpu_payload(struct machine *m, uint32_t ctx, struct svga_payload p, const uint32_t *ids);

/* A worker of the make-believe host: a process whose only part is that the front's regions are mapped into
 * it. */
struct hand_owner {
    pid_t pid; /* 0: none */
    int sock;
};

/* Makes context `ctx` with resource `bar` as its BAR and opens its session. Returns our end of the link, with
 * the IRQFD message taken (*irqfd), a hand given (`owner`'s) and the BAR mapped by it; *bar_at gets the BAR's guest
 * address. */
int machine_session(struct machine *m, uint32_t ctx, uint32_t bar, uint64_t *bar_at, int *irqfd,
                    struct hand_owner *owner);
/* Our end of the newest session's link. */
int machine_link(struct machine *m);

/* Answers the front's question for a hand with that of a new process. */
void machine_give_hand(struct hand_owner *o, int link, uint32_t seq);
/* Ends that process. */
void machine_end_owner(struct hand_owner *o);
/* The byte at an address of that process, or -1 if it has nothing there. */
int machine_owner_byte(struct hand_owner *o, uint64_t address);
/* Where link_place puts the region that was defined with this seq. */
#define OWNER_ADDRESS(seq) (SVGA_PLACED_MIN + ((uint64_t)(seq) << 32))

/* Receives a link message within the limit; its descriptors are closed. False: the link's end. */
bool link_receive(int link, struct svga_link_packet *packet);
void link_reply(int link, uint32_t seq, uint64_t status);
/* Answers a GMR_DEFINE: the region has its addresses. */
void link_place(int link, uint32_t seq);

svga_word *bar_words(struct machine *m, uint64_t bar_at);

#endif
