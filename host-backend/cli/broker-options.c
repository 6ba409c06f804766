// SPDX-License-Identifier: MIT
#include "host-backend/cli/broker-options.h"

#include "host-backend/broker/variables.h"
#include "host-backend/cli/cli.h"

int cli_broker_option(const char *subcommand, int c, struct broker_config *config, const char **cache) {
    switch (c) {
    case CLI_DEVICE:
        config->device_filter = optarg;
        return 0;
    case CLI_CACHE:
        *cache = optarg;
        return 0;
    case CLI_FRESH_BUILDS:
        config->fresh_builds = true;
        return 0;
    case CLI_WORKER_OPTIONS:
        config->worker_options = optarg;
        return 0;
    case CLI_SANDBOX:
        if (!cell_mode_parse(optarg, &config->sandbox))
            return cli_misused(subcommand, "--sandbox takes 'strict', 'best' or 'off', not '%s'", optarg);
        return 0;
    case CLI_VARIABLES:
        if (!variables_choice_ok(optarg))
            return cli_misused(subcommand,
                               "--variables takes 'all', 'none' or names, separated by commas, not '%s'",
                               optarg);
        config->variables = optarg;
        return 0;
    case 'v':
        config->verbose = true;
        return 0;
    default:
        return -1;
    }
}
