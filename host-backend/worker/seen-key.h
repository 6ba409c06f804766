// SPDX-License-Identifier: MIT
/* What is known of an IR on a device, as keys of the tenant's cache. */
#ifndef HOST_BACKEND_WORKER_SEEN_KEY_H
#define HOST_BACKEND_WORKER_SEEN_KEY_H

#include "host-backend/cache/key.h"
#include "host-backend/worker/driver.h"
#include "host-backend/worker/ir.h"

/* Of everything that it depends on: the IR, the files that it may include (NULL: none), options (NULL: none), the driver, its
 * version and its variables. `what` names it, and counts the changes of what is made of the same IR. Any thread. */
struct cache_digest seen_key(const char *what, uint32_t ir_kind, const struct ir *ir, const struct ir *files,
                             const char *options, const struct driver_device *d);

#endif
