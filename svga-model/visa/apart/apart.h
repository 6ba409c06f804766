// SPDX-License-Identifier: MIT
/*
 * Compilers in a process apart, whose end costs nothing but the job that it was at.
 *
 * LLVM and Khronos' SPIR-V translator answer what they cannot express by exit(), abort() and assertions, and fall into what they did
 * not foresee. Neither an application nor a worker may end with them. So whoever needs one has a *server*: a process that waits for
 * jobs on a socket. Jobs and answers are bytes (packet.h) in memory that travels as a descriptor; what a compiler says on standard
 * error goes into memory, too, and becomes part of the reason when it dies.
 *
 * A server either carries its jobs out itself, and then is lost with one that kills it (the guest's: it starts another), or in a child
 * each, so that it can go on (the host's, which could not start one any more: its cell has closed, and its driver has threads).
 *
 * Trust: answers are checked like a stranger's. What a job does may have been taken over by what it reads.
 */
#ifndef SVGA_MODEL_VISA_APART_APART_H
#define SVGA_MODEL_VISA_APART_APART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "svga-model/visa/apart/packet.h"

/* What a job may use; 0: any. */
struct visa_apart_limits {
    uint32_t seconds;
    uint32_t memory_mib;
    uint32_t
        in_server; /* carried out by the server itself, also where it has children: what it learns stays */
};

/* The descriptors of a job; the caller's. -1: none. */
enum visa_apart_fd { VISA_APART_JOB, VISA_APART_ANSWER, VISA_APART_WORDS, VISA_APART_FOLDER, VISA_APART_FDS };

/* Writes all of it from `at` on. 0 or -errno. */
int visa_apart_write(int fd, const void *bytes, size_t size, off_t at);

/* Memory for a job and its answer, with what the packet holds in the former. 0 or -errno. */
int visa_apart_open(const struct visa_packet *job, int fds[VISA_APART_FDS]);
void visa_apart_close(int fds[VISA_APART_FDS]);

/* What became of a job. */
struct visa_apart_end {
    int32_t status;     /* as waitpid gives it; 0: it has answered */
    uint32_t exhausted; /* it had come near its limit of memory */
};

/* Gives the job to the server and waits until it has ended. 0; -ENOTCONN: the server was gone; -EPIPE: it has gone since; another
 * negative errno: the job was not given. The caller serializes. */
int visa_apart_ask(int server, const int fds[VISA_APART_FDS], const struct visa_apart_limits *limits,
                   struct visa_apart_end *end);

/* The answer: *bytes is the caller's (free). -EFAULT if there is none. */
int visa_apart_answer(const int fds[VISA_APART_FDS], void **bytes, size_t *size);

/* A sentence of how it ended: its limits, its own last words, or its signal. `what`: "the SPIR-V translator". `end` NULL: the server
 * is gone. */
void visa_apart_explain(const int fds[VISA_APART_FDS], const struct visa_apart_limits *limits,
                        const struct visa_apart_end *end, const char *what, char *why, size_t why_size);

/* What a server does with a job: anything, its end included. */
typedef void visa_apart_handler(struct visa_packet_reader *job, struct visa_packet *answer);

/* Serves until the other end of the socket is closed. `children`: each job in a child. `prepare`, which may be NULL, is called before
 * the first one: what it does need not be done by each child. The process has no other thread. */
void visa_apart_serve(int socket, bool children, void (*prepare)(void), visa_apart_handler *handler);

#endif
