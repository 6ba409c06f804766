// SPDX-License-Identifier: MIT
/* Is this machine itself a throwaway VM? Then it is a guest, and no host of others: its one driver is Trillium's. */
#ifndef HOST_BACKEND_VM_NESTED_H
#define HOST_BACKEND_VM_NESTED_H

#include <stdbool.h>

/* By the port that vm_run gives its VMs, whatever the environment says. */
bool vm_is_nested(void);

#endif
