// SPDX-License-Identifier: MIT
/*
 * Who a guest is: by what the host knows of it, never by what it says.
 */
#ifndef HOST_BACKEND_BROKER_NAMES_H
#define HOST_BACKEND_BROKER_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host-backend/broker/container.h"
#include "host-backend/broker/store.h"

#define GUEST_NAME_SIZE 64
#define GUEST_VM_SIZE 108

struct guest_name {
    char text[GUEST_NAME_SIZE];     /* in messages */
    char tenant[STORE_TENANT_SIZE]; /* whose built programs it has (store.h) */
    char vm
        [GUEST_VM_SIZE]; /* the VM, or what the administrator calls all guests of this daemon; "": neither */
    pid_t pid;           /* of a process; of a VM: this one */
    uid_t uid;           /* its user; of a VM: this process' */
    uint64_t
        peer; /* among whom the broker shares itself out: the user, root's container, the VM, or a remote place */
};

struct ucred;

/* The process at the other end of a connected socket; `number` tells those of one user apart. `vm`: what its daemon
 * calls its guests; NULL: nothing. */
struct guest_name name_of_process(int fd, unsigned number, const char *vm);
/* The same, from what the kernel says of it: its user, and its container, of which `id` is only read if it was found. */
struct guest_name name_of_user(const struct ucred *peer, enum container_answer answer, const char *id,
                               unsigned number, const char *vm);
/* A process in a VM; `vm`: what it is called in commands, NULL: `tenant`; that is what it is called by its store, NULL:
 * "vm". A VM without a name is a guest like any process of this one's user. */
struct guest_name name_of_vm(const char *text, const char *tenant, const char *vm);
/* A guest at the other end of a stream: as a VM, but the host shares itself out among the places that `from` tells apart. */
struct guest_name name_of_remote(const char *text, uint64_t from, const char *tenant, const char *vm);

/* True if the process at the other end is of this process' user or root's, or descends from `ancestor`. */
bool name_descends(int fd, pid_t ancestor);

#endif
