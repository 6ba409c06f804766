// SPDX-License-Identifier: MIT
#include "host-backend/control/subject.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host-backend/control/plain.h"

void subject_cgroup_of(FILE *in, char cgroup[POLICY_CGROUP]) {
    char line[512];

    cgroup[0] = '\0';
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::", 3) == 0) /* cgroup v2's */
            snprintf(cgroup, POLICY_CGROUP, "%.*s", POLICY_CGROUP - 1, line + 3);
    }
    plain_text(cgroup); /* whoever a group was delegated to calls those below it as he likes */
}

void subject_cgroup(pid_t pid, char cgroup[POLICY_CGROUP]) {
    char path[32];

    cgroup[0] = '\0';
    snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
    FILE *in = pid > 0 ? fopen(path, "re") : NULL;
    if (!in)
        return;
    subject_cgroup_of(in, cgroup);
    fclose(in);
}

/* Names are shown to people and compared with patterns: printable, and not empty. */
static bool is_name(const char *text) {
    if (!*text || strlen(text) > 100)
        return false;
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

bool subject_of(const json_t *join, uid_t broker_uid, pid_t broker_pid, struct policy_subject *who) {
    const bool believed = broker_uid == 0 || broker_uid == geteuid();
    const char *vm = json_string_value(json_object_get(join, "vm"));
    json_int_t uid = json_integer_value(json_object_get(join, "uid"));
    json_int_t pid = json_integer_value(json_object_get(join, "pid"));

    *who = (struct policy_subject){.vm = vm && believed, .uid = believed && !vm ? (uid_t)uid : broker_uid};
    if (vm && !is_name(vm))
        return false;
    subject_cgroup(believed && !vm ? (pid_t)pid : broker_pid, who->cgroup);
    if (vm && believed)
        snprintf(who->name, sizeof who->name, "%s", vm);
    else if (vm)
        snprintf(who->name, sizeof who->name, "user %u vm %s", (unsigned)who->uid, vm);
    else
        snprintf(who->name, sizeof who->name, "user %u %.120s", (unsigned)who->uid, who->cgroup);
    return true;
}
