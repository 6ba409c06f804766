// SPDX-License-Identifier: MIT
/* The options of `trillium run` and `trillium serve` alike: those that say how workers are made. */
#ifndef HOST_BACKEND_CLI_BROKER_OPTIONS_H
#define HOST_BACKEND_CLI_BROKER_OPTIONS_H

#include <getopt.h>

#include "host-backend/broker/broker.h"

enum { CLI_DEVICE = 512, CLI_CACHE, CLI_FRESH_BUILDS, CLI_WORKER_OPTIONS, CLI_SANDBOX, CLI_VARIABLES };

/* For the array of a getopt_long(3). */
#define CLI_BROKER_OPTIONS                                                                                   \
    {"device", required_argument, NULL, CLI_DEVICE}, {"cache", required_argument, NULL, CLI_CACHE},          \
        {"fresh-builds", no_argument, NULL, CLI_FRESH_BUILDS},                                               \
        {"worker-options", required_argument, NULL, CLI_WORKER_OPTIONS},                                     \
        {"sandbox", required_argument, NULL, CLI_SANDBOX},                                                   \
        {"variables", required_argument, NULL, CLI_VARIABLES}, {                                             \
        "verbose", no_argument, NULL, 'v'                                                                    \
    }

/* Takes the option `c` with its `optarg` into `config`, or into *cache what stands behind --cache. 0; CLI_EXIT_USE after
 * a sentence; -1: it is none of these. */
int cli_broker_option(const char *subcommand, int c, struct broker_config *config, const char **cache);

#endif
