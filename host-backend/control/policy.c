// SPDX-License-Identifier: MIT
#include "host-backend/control/policy.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libconfig.h>

struct rule {
    char *vm, *name, *cgroup; /* patterns; NULL: any */
    char *devices;            /* NULL: as before */
    bool has_uid;
    uid_t uid;
    uint64_t value[LIMITS];
    bool has[LIMITS];
};

struct policy {
    char *administrators;
    unsigned count; /* the first one is the defaults */
    struct rule rules[];
};

void policy_free(struct policy *p) {
    if (!p)
        return;
    for (unsigned i = 0; i < p->count; i++) {
        free(p->rules[i].vm);
        free(p->rules[i].name);
        free(p->rules[i].cgroup);
        free(p->rules[i].devices);
    }
    free(p->administrators);
    free(p);
}

/* ---- reading ---- */

struct reader {
    const char *path;
    char *why;
};

static __attribute__((format(printf, 3, 4))) bool wrong(const struct reader *r, const config_setting_t *at,
                                                        const char *format, ...) {
    va_list args;
    int used = snprintf(r->why, POLICY_WHY, "%.200s:%u: ", r->path, config_setting_source_line(at));

    va_start(args, format);
    vsnprintf(r->why + used, (size_t)(POLICY_WHY - used), format, args);
    va_end(args);
    return false;
}

static const char *name_of(const config_setting_t *at) {
    const char *name = config_setting_name(at);
    return name ? name : ""; /* none in a list */
}

static bool read_text(const struct reader *r, const config_setting_t *at, char **out) {
    const char *text = config_setting_get_string(at);

    if (!text)
        return wrong(r, at, "%s takes a text in quotation marks", name_of(at));
    free(*out);
    *out = strdup(text);
    return *out || wrong(r, at, "out of memory");
}

static bool read_limit(const struct reader *r, const config_setting_t *at, int limit, struct rule *rule) {
    char number[32], why[LIMIT_TEXT];
    const char *text = config_setting_get_string(at);
    int type = config_setting_type(at);

    if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) {
        snprintf(number, sizeof number, "%lld", config_setting_get_int64(at));
        text = number;
    }
    if (!text)
        return wrong(r, at, "%s takes a number or a text", limit_table[limit].name);
    if (!limit_parse(limit, text, &rule->value[limit], why))
        return wrong(r, at, "%s", why);
    rule->has[limit] = true;
    return true;
}

static bool read_rule(const struct reader *r, const config_setting_t *group, bool who, struct rule *rule) {
    if (!config_setting_is_group(group))
        return wrong(r, group, "a rule is a group: { ... }");
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *at = config_setting_get_elem(group, (unsigned)i);
        const char *name = name_of(at);
        int limit = limit_find(name);

        if (limit >= 0) {
            if (!read_limit(r, at, limit, rule))
                return false;
        } else if (strcmp(name, LIMIT_DEVICES) == 0) {
            if (!read_text(r, at, &rule->devices))
                return false;
            if (rule->devices && strlen(rule->devices) >= BOARD_FILTER)
                return wrong(r, at, "%s takes at most %d characters", LIMIT_DEVICES, BOARD_FILTER - 1);
        } else if (who && strcmp(name, "uid") == 0) {
            if (config_setting_type(at) != CONFIG_TYPE_INT || config_setting_get_int(at) < 0)
                return wrong(r, at, "uid takes the number of a user");
            rule->uid = (uid_t)config_setting_get_int(at);
            rule->has_uid = true;
        } else if (who &&
                   (strcmp(name, "vm") == 0 || strcmp(name, "name") == 0 || strcmp(name, "cgroup") == 0)) {
            if (!read_text(r, at, *name == 'v' ? &rule->vm : *name == 'n' ? &rule->name : &rule->cgroup))
                return false;
        } else {
            return wrong(r, at, "there is no setting '%s' here", name);
        }
    }
    return true;
}

static bool read_top(const struct reader *r, const config_setting_t *root, struct policy *p) {
    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *at = config_setting_get_elem(root, (unsigned)i);
        const char *name = name_of(at);

        if (strcmp(name, "administrators") == 0) {
            if (!read_text(r, at, &p->administrators))
                return false;
        } else if (strcmp(name, "defaults") == 0) {
            if (!read_rule(r, at, false, &p->rules[0]))
                return false;
        } else if (strcmp(name, "rules") == 0 && config_setting_is_list(at)) {
            for (int k = 0; k < config_setting_length(at); k++)
                if (!read_rule(r, config_setting_get_elem(at, (unsigned)k), true, &p->rules[p->count++]))
                    return false;
        } else if (strcmp(name, "rules") == 0) {
            return wrong(r, at, "rules are a list: ( { ... }, { ... } )");
        } else {
            return wrong(r, at, "there is no setting '%s'", name);
        }
    }
    return true;
}

struct policy *policy_read(const char *path, char why[POLICY_WHY]) {
    const struct reader r = {path, why};
    config_t config;
    struct policy *p = NULL;
    bool good = true;

    config_init(&config);
    FILE *in = path ? fopen(path, "re") : NULL;
    if (path && !in) {
        snprintf(why, POLICY_WHY, "%.200s: %s", path, strerror(errno));
        good = false;
    } else if (in && !config_read(&config, in)) {
        snprintf(why, POLICY_WHY, "%.200s:%d: %s", path, config_error_line(&config),
                 config_error_text(&config));
        good = false;
    }
    if (in)
        fclose(in);
    if (good) {
        const config_setting_t *rules = config_lookup(&config, "rules");
        size_t count = rules && config_setting_is_list(rules) ? (size_t)config_setting_length(rules) : 0;
        p = calloc(1, sizeof *p + (count + 1) * sizeof p->rules[0]);
        if (!p)
            snprintf(why, POLICY_WHY, "out of memory");
    }
    if (p) {
        p->count = 1;
        if (!read_top(&r, config_root_setting(&config), p)) {
            policy_free(p);
            p = NULL;
        }
    }
    config_destroy(&config);
    return p;
}

/* ---- answering ---- */

static bool holds(const struct rule *r, const struct policy_subject *who) {
    return (!r->has_uid || r->uid == who->uid) &&
           (!r->vm || (who->vm && fnmatch(r->vm, who->name, 0) == 0)) &&
           (!r->name || fnmatch(r->name, who->name, 0) == 0) &&
           (!r->cgroup || fnmatch(r->cgroup, who->cgroup, 0) == 0);
}

struct limits policy_limits(const struct policy *p, const struct policy_subject *who) {
    struct limits l = limits_none();

    for (unsigned i = 0; i < p->count; i++) {
        const struct rule *r = &p->rules[i];
        if (!holds(r, who))
            continue;
        for (int k = 0; k < LIMITS; k++)
            if (r->has[k])
                l.value[k] = r->value[k];
        if (r->devices)
            snprintf(l.devices, sizeof l.devices, "%s", r->devices);
    }
    return l;
}

const char *policy_administrators(const struct policy *p) {
    return p->administrators;
}
