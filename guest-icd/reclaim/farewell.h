// SPDX-License-Identifier: MIT
/*
 * Farewells: memory objects that nothing in the guest refers to any more, whose destructor callbacks are called
 * once no command uses the object. Which commands do, only the host's driver knows: it tells when it destroys its
 * own object. What else its queues are busy with, or wait for, does not matter.
 *
 * Threads: any. Callbacks that have to wait are called by one thread of the driver's own, which starts with the
 * first of them and sleeps while the host has nothing to tell.
 */
#ifndef GUEST_ICD_RECLAIM_FAREWELL_H
#define GUEST_ICD_RECLAIM_FAREWELL_H

#include "guest-icd/reclaim/ledger.h"

/*
 * Releases the host's object of a memory object of that context, which the guest's thereby loses (its id becomes 0).
 * True: commands use it, and `destroy` will be called once they have ended. False: nothing does, the caller
 * destroys it.
 */
bool icd_farewell(struct icd_ledger *l, cl_mem mem, void (*destroy)(cl_mem mem));

#endif
