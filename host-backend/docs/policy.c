// SPDX-License-Identifier: MIT
/* Prints trillium-policy(5), the manual page of the policy file, with its keys from their table. `make` runs it with the
 * version. */
#include <stdio.h>

#include "host-backend/control/limits.h"

static const struct {
    const char *name;
    bool bytes;
    const char *doc;
} keys[] = {
#define PLAIN false
#define BYTES true
#define LIMIT(NAME, name, unit, doc) {#name, unit, doc},
#include "host-backend/control/limits.def"
#undef LIMIT
};

/* Text for troff. */
static void put(const char *text) {
    for (const char *c = text; *c; c++)
        fputs(*c == '-' ? "\\-" : *c == '\\' ? "\\e" : (char[2]){*c, '\0'}, stdout);
}

int main(int argc, char **argv) {
    printf(".\\\" Made from host-backend/control/limits.def; do not edit.\n"
           ".TH TRILLIUM-POLICY 5 \"\" \"Trillium %s\" \"File Formats\"\n",
           argc > 1 ? argv[1] : "");
    puts(
        ".SH NAME\ntrillium\\-policy \\- what guests of a host may have\n"
        ".SH DESCRIPTION\n"
        ".I /etc/trillium/policy.conf\n"
        "is read by\n.B trillium control\n"
        "when it starts, at SIGHUP and at\n.BR \"trillium policy reload\" ;\n"
        "a file that is wrong is refused with the line and the reason, and the one before stays.\n"
        ".B trillium policy check\n.I FILE\nreads one without using it.\n"
        "Its format is libconfig's:\n.PP\n.nf\n"
        "administrators = \"gpu\\-admins\";\n"
        "defaults = { weight = 100; };\n"
        "rules = (\n"
        "    { vm = \"web*\"; weight = 300; memory = \"2 GiB\"; },\n"
        "    { uid = 1000; processes = 4; }\n"
        ");\n.fi\n"
        ".TP\n.B administrators\n"
        "The group whose members may give commands, besides root and the control's own user.\n"
        ".TP\n.B defaults\nWhat every guest may have.\n"
        ".TP\n.B rules\n"
        "A rule holds for a guest for which all that it names is right. All rules that hold count, later "
        "ones above\n"
        "earlier ones, and all above the defaults.\n"
        ".SH WHOM A RULE IS FOR\n"
        "Who a guest is the host knows by itself; nothing that a guest says counts.\n"
        ".TP\n.B vm\nThe name of a VM, as a pattern of the shell.\n"
        ".TP\n.B name\nThe name that\n.B trillium ls\nshows, as a pattern.\n"
        ".TP\n.B uid\nThe number of the user whose process it is.\n"
        ".TP\n.B cgroup\nThe control group of its process, as a pattern: a container, a service, a session.\n"
        ".SH WHAT A GUEST MAY HAVE\n"
        "The same keys are\n.BR \"trillium limit\" 's.\n"
        "A limit that is not named does not hold; \"none\" takes one away that an earlier rule has set.");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        printf(".TP\n.B %s\n", keys[i].name);
        put(keys[i].doc);
        printf("%s.\n", keys[i].bytes ? "; as a number of bytes or with a unit: \"512 MiB\"" : "");
    }
    printf(".TP\n.B %s\n", LIMIT_DEVICES);
    put(LIMIT_DEVICES_DOC);
    puts(".\n.SH SEE ALSO\n.BR trillium (1)");
    return 0;
}
