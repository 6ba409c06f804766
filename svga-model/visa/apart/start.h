// SPDX-License-Identifier: MIT
/*
 * Starting a program of ours from within an application, which shall not notice.
 *
 * The application may wait for any child, count its children, ignore SIGCHLD or have a handler for it; its threads may hold locks.
 * So the program is a child of nobody's: of a process between, which shares the application's memory, tells of its end by no signal,
 * is found by no wait but one that asks for such, and has ended when this returns. Nothing of the application's memory is copied.
 */
#ifndef SVGA_MODEL_VISA_APART_START_H
#define SVGA_MODEL_VISA_APART_START_H

/* Where NAME is: in the folders of programs that belong to the object that holds this code. NULL if it is not there, with errno; else
 * the caller's. */
char *visa_apart_find(const char *name);

/* Starts `path` without arguments: `socket` is its descriptor 3, `words` its standard error, others it has none. It gets the
 * application's environment without what would load other libraries into it. 0 or -errno. */
int visa_apart_start(const char *path, int socket, int words);

#endif
