// SPDX-License-Identifier: MIT
/*
 * What a service manager wants to know of a daemon.
 *
 * Threads: service_priority from any, service_ready from any.
 */
#ifndef HOST_BACKEND_UTIL_SERVICE_H
#define HOST_BACKEND_UTIL_SERVICE_H

enum service_priority { SERVICE_ERROR = 3, SERVICE_WARNING = 4, SERVICE_NOTICE = 5, SERVICE_INFO = 6 };

/* What a line on standard error begins with: "<4>" where the journal reads it ($JOURNAL_STREAM is standard error;
 * sd-daemon(3)), else nothing. */
const char *service_prefix(enum service_priority priority);

/* Guests may come (sd_notify(3)): 0 also where nobody wants to know, else a negative errno. */
int service_ready(void);

#endif
