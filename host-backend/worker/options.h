// SPDX-License-Identifier: MIT
/*
 * Build options that a driver may see.
 *
 * Drivers hand most words on to a compiler that has options to read and write files, to load code and to start
 * programs, and refuse some of these by lists of their own. Here stands what may pass: OpenCL's options, which
 * name no file, and what each driver is known to have beside them.
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_WORKER_OPTIONS_H
#define HOST_BACKEND_WORKER_OPTIONS_H

#include <stdbool.h>

enum { OPTIONS_WHY_SIZE = 256 };

/* `platform`: its name. False, with a sentence, if a word may not pass. Folders (-I) may not: what a program
 * includes comes with it (files.h). */
bool options_allowed(const char *text, const char *platform, char why[OPTIONS_WHY_SIZE]);

#endif
