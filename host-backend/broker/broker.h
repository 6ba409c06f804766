// SPDX-License-Identifier: MIT
/*
 * The broker: one per host (or per `trillium run`). Names guests, keeps warm workers, and connects each guest
 * session to a worker process of its own. Never loads an OpenCL driver, never looks at a command.
 *
 * A session is a connected SOCK_SEQPACKET socket that speaks svga-model/link.h; the broker passes the
 * device's end to a worker (SCM_RIGHTS) and closes its own copy once the worker has said that it has it, so the
 * end of a worker is the end of its guest's socket.
 *
 * Nobody can starve it: a connection gets a worker only once it has said something, users and VMs have a part
 * of it each, and who cannot be served is told so (guests.h, peers.h, door.h). It knows when a session is over,
 * and sees to it that its worker ends (workers.h).
 *
 * Workers are made ready ahead of need, but never at a guest's cost: only from time that the CPUs have to spare
 * (spare.h). One that warms up serves nobody until it is done, since what it does cannot be overtaken inside a
 * driver; a guest that comes meanwhile gets one that is not warm, and the other is stopped.
 *
 * Threads: broker_run on one thread; broker_open_session and broker_stop from any.
 */
#ifndef HOST_BACKEND_BROKER_BROKER_H
#define HOST_BACKEND_BROKER_BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host-backend/cell/cell.h"
#include "host-backend/listen/listen.h"

struct broker;

#define BROKER_WORKER_OPTIONS 200

struct broker_config {
    const char *worker_path;    /* the trillium-worker binary */
    const char *worker_options; /* more for its command line, separated by spaces, at most
                                   BROKER_WORKER_OPTIONS characters; NULL: none */
    unsigned warm_workers; /* idle workers that have run the drivers' compilers; one more has only loaded the
                              drivers. 1 is enough for one guest at a time; 0: neither */
    bool
        first_only; /* one guest is about to come: a worker is started for it, which is neither warmed up (that would
                        be in its way) nor replaced. Further guests get workers started for them. */
    const char
        *variables; /* which of its driver's a guest may choose: as variables_choice_ok has it; NULL: all */
    const char *device_filter; /* only devices whose name contains this, case-insensitive; NULL: all */
    const char *profile_dir;   /* workers write DIR/PID.trace (host-backend/profile); NULL: no profiling */
    bool profile_all;          /* of all commands, also where that costs much */
    const char *cache_dir;     /* built programs are kept here; NULL: not kept */
    bool cache_shared;         /* one for all tenants, who can poison each other's; else a folder for each */
    unsigned cache_mib;        /* most that each may take; 0: the store's own default */
    const char *key_path; /* the host's key for its own binaries (mac.h); NULL: it ends with the broker */
    const char *vm;       /* names the VM that broker_open_session is for among the tenants; NULL: "vm" */
    const char *
        name; /* what an administrator calls the guests of this daemon; NULL: they are named by what they are */
    const char *control;    /* the socket of the host's control (control/wire.h); NULL: none */
    bool hands;             /* sessions are a VM's: its front maps its memory into the workers */
    bool fresh_builds;      /* the driver builds every program, also those seen before */
    enum cell_mode sandbox; /* how workers are walled in; what is missing is said once */
    pid_t run_pid; /* broker_listen lets in also other users' processes that descend from it; 0: none */
    bool verbose;  /* say on stderr when guests come and go */
};

#define BROKER_WHY_SIZE 256

/* Starts spawning workers at once. NULL with a reason in `why`. `config` is copied. */
struct broker *broker_create(const struct broker_config *config, char why[BROKER_WHY_SIZE]);

/* Listens on a Unix socket that process guests connect to (mode 0600, or 0666 where run_pid says who may enter;
 * removed by broker_destroy). A name that nobody serves is replaced. 0, or -1 with a reason. */
int broker_listen(struct broker *b, const char *path, char why[BROKER_WHY_SIZE]);

/* The same for a socket that listens already, which is taken over; who may connect is settled. */
int broker_admit(struct broker *b, const struct listen_socket *l, char why[BROKER_WHY_SIZE]);

/* A new session: returns the guest's end of its socket (CLOEXEC), or a negative errno. `name` names the guest
 * in messages. Matches the callback that a front wants, with the broker as `opaque`. */
int broker_open_session(struct broker *b, const char *name);

/* The same for a guest that reaches this machine over a stream; `from` tells places apart (names.h). */
int broker_open_remote_session(struct broker *b, const char *name, uint64_t from);

/* Serves until broker_stop. 0. */
int broker_run(struct broker *b);
/* Async-signal-safe. */
void broker_stop(struct broker *b);

/* Ends all workers (those that serve guests get 2 s to write down what they have), waits for them, removes
 * the socket. */
void broker_destroy(struct broker *b);

#endif
