// SPDX-License-Identifier: MIT
/*
 * Which container a process is in: by its cgroup, which container engines name after the container's id and no
 * process inside can leave.
 */
#ifndef HOST_BACKEND_BROKER_CONTAINER_H
#define HOST_BACKEND_BROKER_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

enum { CONTAINER_ID_SIZE = 65 }; /* 64 hexadecimal digits and a NUL */

/* From the text of /proc/PID/cgroup. The outermost one counts: what is below it a process inside may have made.
 * False: none. */
bool container_of_text(const char *text, char id[CONTAINER_ID_SIZE]);

enum container_answer {
    CONTAINER_NONE,
    CONTAINER_FOUND,
    CONTAINER_GONE, /* the process has ended, and what has its number now says nothing of it */
};

/* Of the process `pid` at the other end of `fd`. Where the kernel has SO_PEERPIDFD (6.5), a number that another
 * process has got since is noticed. */
enum container_answer container_of_peer(int fd, pid_t pid, char id[CONTAINER_ID_SIZE]);

#endif
