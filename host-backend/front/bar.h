// SPDX-License-Identifier: MIT
/*
 * The front's own view of a guest process's BAR (svga-model/regs.h): only its first two pages, mapped apart
 * from the device's view, so that it does not depend on the VM's memory table staying as it is. The guest may
 * write anything there at any time; nothing read from it is trusted with more than a comparison.
 */
#ifndef HOST_BACKEND_FRONT_BAR_H
#define HOST_BACKEND_FRONT_BAR_H

#include <stdbool.h>

#include "svga-model/fifo.h"
#include "host-backend/vhost-user/resource.h"

struct front_bar {
    uint8_t *page;    /* page 0; NULL: not mapped */
    svga_word *words; /* page 1, the FIFO words */
};

/* Maps the first two pages of `r`. 0 or a negative errno. */
int front_bar_map(struct front_bar *bar, const struct vu_memory *memory, const struct vgpu_resource *r);
void front_bar_unmap(struct front_bar *bar); /* also if it is not mapped */

/* Copies `size` bytes of the guest's variables (SVGA_BAR_VARIABLES) out of it; it is mapped. False: so many there
 * cannot be. */
bool front_bar_variables(const struct front_bar *bar, uint32_t size, char to[SVGA_BAR_VARIABLES_SIZE]);

/* The rest does nothing if it is not mapped. */

/* Says why the device is lost, if nobody has said it before. The caller interrupts. */
void front_bar_fail(struct front_bar *bar, enum svga_error error, const char *text);
/* Answers a link payload in the device half's stead. The caller interrupts. */
void front_bar_ack(struct front_bar *bar, uint32_t seq, uint32_t status);
/* Moves IRQ_SEQ; the caller answers the parked waits. */
void front_bar_interrupt(struct front_bar *bar);
/* The doorbell. */
void front_bar_ring(struct front_bar *bar);
/* True if the waiter who has seen `seen` need not wait. */
bool front_bar_moved(const struct front_bar *bar, uint32_t seen);

#endif
