// SPDX-License-Identifier: MIT
/*
 * The worker's lifeline: a socket that its death closes at once. Where a process is killed Linux closes what all its threads have open
 * only behind the end of its memory, which takes some 10 ms for each 100 MiB; where the holder of a VM's memory maps it here
 * (svga-model/hand.h), even behind that one's end. Whoever waits for the turn of a worker that died would wait as long. So one thread
 * holds this socket, and nobody else does: it has descriptors of its own, which go when it ends.
 */
#ifndef HOST_BACKEND_WORKER_LIFELINE_H
#define HOST_BACKEND_WORKER_LIFELINE_H

/* Takes the socket over. 0 or a negative errno: then it is as any other. */
int lifeline_begin(int fd);

#endif
