// SPDX-License-Identifier: MIT
/*
 * The way out of a throwaway VM for guests that share no memory with the host: its virtio-vsock device, served on a thread of its
 * own behind a front's wall.
 */
#ifndef HOST_BACKEND_VM_DOOR_H
#define HOST_BACKEND_VM_DOOR_H

#include "host-backend/cell/cell.h"
#include "host-backend/vhost-user/vsock.h"

/* Where programs in the VM find it: vsock:2:7878. */
#define VM_DOOR_PORT 7878
#define VM_DOOR_ADDRESS "vsock:2:7878"

struct vm_door_config {
    int listener;   /* of the device, for a VM that connects to it; -1: none */
    int connection; /* of the device, for a VM that is connected already; -1: none */
    enum cell_mode sandbox;
    struct vsock_ops streams; /* called on the thread */
};

struct vm_door;

/* Takes both descriptors over, whatever comes of it. NULL with errno. */
struct vm_door *vm_door_start(const struct vm_door_config *config);
/* Ends its streams. NULL is ignored. */
void vm_door_stop(struct vm_door *d);

#endif
