// SPDX-License-Identifier: MIT
/*
 * Long blocking transfers of buffers that live with the host's driver only: in pieces through a few staging
 * blocks, so that the driver's copy and the guest's run side by side, and staging memory stays small and
 * warm.
 *
 * Another thread's commands may come in between the pieces, as in any transfer that an application splits
 * itself.
 */
#ifndef GUEST_ICD_COMMAND_PIPELINE_H
#define GUEST_ICD_COMMAND_PIPELINE_H

#include "guest-icd/command/staging.h"

/* From this many bytes on it is worth it. */
#define ICD_PIPELINE_BYTES ((size_t)8 << 20)

/* A linear transfer; its wait list has been checked. All of it has ended on return, and t->event gets a local
 * event. */
cl_int icd_transfer_pipelined(struct icd_transfer *t);

#endif
