// SPDX-License-Identifier: MIT
/* What doctor says of the host's control and its policy file. */
#include "host-backend/cli/doctor.h"
#include "host-backend/control/policy.h"
#include "host-backend/control/wire.h"

#include <unistd.h>

void doctor_check_control(const struct cli_paths *paths, struct doctor_finding *f) {
    const bool has_policy = access(POLICY_FILE, F_OK) == 0;
    const char *socket = wire_path();
    char why[POLICY_WHY];
    (void)paths;

    struct policy *p = policy_read(has_policy ? POLICY_FILE : NULL, why);
    policy_free(p);
    int fd = socket ? wire_connect(socket) : -1;
    if (fd >= 0)
        close(fd);
    if (!p)
        doctor_set(f, DOCTOR_FAIR, "trillium policy check " POLICY_FILE, "the policy is wrong: %s", why);
    else if (fd < 0)
        doctor_set(f, DOCTOR_OK, NULL,
                   "none runs: guests share devices as they come (`trillium control`; %s)",
                   has_policy ? "the policy " POLICY_FILE " is right" : "there is no policy");
    else
        doctor_set(f, DOCTOR_OK, NULL, "it listens at %s; %s", socket,
                   has_policy ? "the policy " POLICY_FILE " is right" : "there is no policy");
}
