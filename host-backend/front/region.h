// SPDX-License-Identifier: MIT
/*
 * Inside the front: the regions of a session, from the guest's wish to its end (struct front_region in session.h has
 * the stages). Threads: the front's.
 */
#ifndef HOST_BACKEND_FRONT_REGION_H
#define HOST_BACKEND_FRONT_REGION_H

#include "host-backend/front/session.h"

/* A GMR_DEFINE of the guest's: takes the resources that it names into use and asks the device half for addresses. 0 or a
 * negative errno, which is the guest's answer. */
int front_region_define(struct front_session *s, const struct svga_payload *payload);

/* Takes the pages away, now or as soon as they are there, and tells the device half, which answers `seq`. */
void front_region_delete(struct front_session *s, uint32_t id, uint32_t seq);

/* The device half has replied to a message of this type about the region. */
void front_region_replied(struct front_session *s, struct front_region *region, enum svga_link_type type,
                          const struct svga_link_msg *msg);

/* The mapper's: a job of the hand has ended. `opaque`: the session; `what`: the region. */
void front_region_done(void *opaque, void *what, bool blank, int r);

/* Gives its pages back. */
void front_region_free(struct front_session *s, struct front_region *region);

#endif
