// SPDX-License-Identifier: MIT
/* The one file that is compiled again when the version changes. */
#include "host-backend/cli/cli.h"

/* By the build: the file VERSION's word, and the commit where the tree is git's. */
const char cli_version[] = TRILLIUM_VERSION;
