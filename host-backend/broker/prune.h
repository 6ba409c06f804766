// SPDX-License-Identifier: MIT
/* Containers come and go under ever new names; what was kept for those of long ago goes. */
#ifndef HOST_BACKEND_BROKER_PRUNE_H
#define HOST_BACKEND_BROKER_PRUNE_H

/* What the tenants' names of containers begin with. */
#define PRUNE_PREFIX "container-"

/* Of the folders in `dir` whose names begin so, leaves the `most` that were marked last. Errors are passed over. */
void prune_containers(const char *dir, unsigned most);
/* `folder` is used now. */
void prune_mark(const char *folder);

#endif
