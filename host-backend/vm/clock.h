// SPDX-License-Identifier: MIT
/*
 * The rate of this machine's time stamp counter, which an emulated CPU hands through to its guest. The guest
 * would measure it itself, but on a busy machine it is wrong by up to a multiple, and with it all of its
 * times.
 */
#ifndef HOST_BACKEND_VM_CLOCK_H
#define HOST_BACKEND_VM_CLOCK_H

/* In kHz, right to some parts in 100,000; 0: it could not be measured. Takes 50 ms. */
unsigned vm_tsc_khz(void);

#endif
