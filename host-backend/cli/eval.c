// SPDX-License-Identifier: MIT
/* trillium eval: hands over to the runner of eval/. */
#include "host-backend/cli/cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int cmd_eval(int argc, char **argv) {
    struct cli_paths paths;

    (void)argc;
    argv[0] = "trillium eval"; /* what it calls itself in its messages */
    if (cli_paths_find(&paths, "eval") < 0)
        return 1;
    execv(paths.eval, argv);
    cli_say("eval", "cannot run %s: %s", paths.eval, strerror(errno));
    return 1;
}
