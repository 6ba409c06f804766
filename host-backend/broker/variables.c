// SPDX-License-Identifier: MIT
#include "host-backend/broker/variables.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host-backend/broker/log.h"
#include "svga-model/link.h"
#include "trillium/variables.h"

/* Is the name of `variable` in the list of names? */
static bool is_chosen(const char *variable, const char *choice) {
    size_t length = strcspn(variable, "=");
    if (!choice || strcmp(choice, "all") == 0)
        return true;
    for (const char *name = choice; *name; name += strcspn(name, ","), name += *name == ',')
        if (strcspn(name, ",") == length && memcmp(name, variable, length) == 0)
            return true;
    return false;
}

bool variables_choice_ok(const char *choice) {
    char name[TR_VARIABLE_LENGTH];
    if (strcmp(choice, "all") == 0 || strcmp(choice, "none") == 0)
        return true;
    for (const char *at = choice; *at; at += strcspn(at, ","), at += *at == ',') {
        size_t length = strcspn(at, ",");
        if (length >= sizeof name)
            return false;
        memcpy(name, at, length);
        name[length] = '\0';
        if (!tr_variable_known(name))
            return false;
    }
    return *choice != '\0';
}

/* Has every worker this value anyway? */
static bool is_ours(const char *variable) {
    char name[TR_VARIABLE_LENGTH];
    size_t length = strcspn(variable, "=");
    memcpy(name, variable, length);
    name[length] = '\0';
    const char *ours = getenv(name);
    return ours && strcmp(ours, variable + length + 1) == 0;
}

bool variables_take(int session, const char *choice, const char *who, char ***list) {
    struct {
        struct svga_link_msg msg;
        char text[TR_VARIABLES_MAX * TR_VARIABLE_LENGTH + 1];
    } packet;
    unsigned count = 0;

    *list = NULL;
    /* Another message goes, with its descriptors, to the guest's worker. */
    ssize_t n = recv(session, &packet.msg, sizeof packet.msg, MSG_PEEK | MSG_DONTWAIT);
    if (n < (ssize_t)sizeof packet.msg || packet.msg.type != SVGA_LINK_VARIABLES)
        return false;
    n = recv(session, &packet, sizeof packet - 1, MSG_DONTWAIT);
    if (n < (ssize_t)sizeof packet.msg)
        return true;
    ((char *)&packet)[n] = '\0';
    const char *end = (const char *)&packet + n;
    for (const char *v = packet.text; v < end && *v && count < TR_VARIABLES_MAX; v += strlen(v) + 1) {
        if (!tr_variable_allowed(v) || !is_chosen(v, choice)) {
            /* the name may be anything: only one of the table is repeated */
            log_say(LOG_GUESTS, "%s: does not get %.*s for its driver", who,
                    tr_variable_known(v) ? (int)strcspn(v, "=") : 10,
                    tr_variable_known(v) ? v : "a variable");
            continue;
        }
        if (is_ours(v))
            continue;
        if (!*list && !(*list = calloc(1, (TR_VARIABLES_MAX + 1) * (sizeof **list + TR_VARIABLE_LENGTH))))
            return true;
        char *copy = (char *)(*list + TR_VARIABLES_MAX + 1) + (size_t)count * TR_VARIABLE_LENGTH;
        memcpy(copy, v, strlen(v) + 1); /* it is short: it is allowed */
        (*list)[count++] = copy;
    }
    return true;
}
