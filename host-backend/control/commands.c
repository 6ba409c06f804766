// SPDX-License-Identifier: MIT
#include "host-backend/control/commands.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host-backend/broker/log.h"

enum { GROUPS_MOST = 256 };

bool commands_allowed(const struct guests *g, uid_t uid, gid_t gid) {
    const char *name = policy_administrators(g->policy);
    const struct group *group = name ? getgrnam(name) : NULL;
    gid_t wanted = group ? group->gr_gid : 0, groups[GROUPS_MOST];
    int count = GROUPS_MOST;

    if (uid == 0 || uid == geteuid() || (group && gid == wanted))
        return true;
    const struct passwd *user = group ? getpwuid(uid) : NULL;
    if (!user || getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
        return false;
    for (int i = 0; i < count; i++)
        if (groups[i] == wanted)
            return true;
    return false;
}

json_t *commands_failed(const char *why) {
    return json_pack("{s:b, s:s}", "ok", 0, "why", why);
}

static json_t *done(void) {
    return json_pack("{s:b}", "ok", 1);
}

static json_t *set_limits(struct guests *g, struct guest *guest, const json_t *set, uint64_t now_ns) {
    struct limits given = guest->given;
    char why[LIMIT_TEXT];
    const char *name;
    json_t *value;

    if (!json_is_object(set) || json_object_size(set) == 0)
        return commands_failed("say what to limit: KEY=VALUE");
    json_object_foreach((json_t *)set, name, value) {
        if (!json_is_string(value))
            return commands_failed("a limit's value is text");
        if (!limits_set(&given, name, json_string_value(value), why))
            return commands_failed(why);
    }
    guest->given = given;
    changes_limit(&g->changes, guest->who.name, set);
    guests_apply(g, guest, now_ns);
    return done();
}

static json_t *set_paused(struct guests *g, struct guest *guest, bool paused, uint64_t now_ns) {
    guest->paused = paused;
    changes_pause(&g->changes, guest->who.name, paused);
    log_say(LOG_DAEMON, "%s: %s", guest->who.name, paused ? "paused" : "goes on");
    guests_apply(g, guest, now_ns);
    return done();
}

static json_t *kill_all(const struct guests *g, const struct guest *guest) {
    for (struct session *s = guest->first; s; s = s->next)
        g->kill(s, "an administrator's command");
    return done();
}

json_t *commands_do(struct guests *g, const json_t *request, uint64_t now_ns) {
    const char *what = json_string_value(json_object_get(request, "do"));
    const char *name = json_string_value(json_object_get(request, "guest"));
    struct guest *guest = name ? guests_find(g, name) : NULL;
    char why[POLICY_NAME + 64];

    if (!what || !name)
        return commands_failed("this control does not know that command");
    if (!guest) {
        snprintf(why, sizeof why, "there is no guest '%.*s'; trillium ls shows them", POLICY_NAME, name);
        return commands_failed(why);
    }
    if (strcmp(what, "limit") == 0)
        return set_limits(g, guest, json_object_get(request, "set"), now_ns);
    if (strcmp(what, "pause") == 0 || strcmp(what, "resume") == 0)
        return set_paused(g, guest, *what == 'p', now_ns);
    if (strcmp(what, "kill") == 0)
        return kill_all(g, guest);
    return commands_failed("this control does not know that command");
}

json_t *commands_reload(struct guests *g, const char *path, uint64_t now_ns) {
    char why[POLICY_WHY];
    struct policy *new = policy_read(path, why);

    if (!new) {
        log_say(LOG_DAEMON, "the policy stays as it was: %s", why);
        return commands_failed(why);
    }
    guests_reload(g, new, now_ns);
    log_say(LOG_DAEMON, "%s was read", path ? path : "no policy");
    return done();
}
