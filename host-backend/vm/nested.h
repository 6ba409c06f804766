// SPDX-License-Identifier: MIT
/* Is this machine itself a throwaway VM? Then it is a guest, and no host of others: its one driver is Trillium's. */
#ifndef HOST_BACKEND_VM_NESTED_H
#define HOST_BACKEND_VM_NESTED_H

#include <stdbool.h>

/* By what vm_run writes on its VMs' kernel command line, whatever the environment says. */
bool vm_is_nested(void);

#endif
