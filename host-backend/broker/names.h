// SPDX-License-Identifier: MIT
/*
 * Who a guest is: by what the host knows of it, never by what it says.
 */
#ifndef HOST_BACKEND_BROKER_NAMES_H
#define HOST_BACKEND_BROKER_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host-backend/broker/store.h"

#define GUEST_NAME_SIZE 64

struct guest_name {
    char text[GUEST_NAME_SIZE];     /* in messages */
    char tenant[STORE_TENANT_SIZE]; /* whose built programs it has (store.h) */
    uint64_t peer; /* among whom the broker shares itself out: the user, the container, or the VM */
};

/* The process at the other end of a connected socket; `number` tells those of one user apart. */
struct guest_name name_of_process(int fd, unsigned number);
/* A process in the VM that `vm` names. */
struct guest_name name_of_vm(const char *text, const char *vm);

/* True if the process at the other end is of this process' user or root's, or descends from `ancestor`. */
bool name_descends(int fd, pid_t ancestor);

#endif
