// SPDX-License-Identifier: MIT
/* What is said of wrong use. */
#include "host-backend/cli/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

unsigned cli_distance(const char *a, const char *b) {
    unsigned row[32], length = (unsigned)strlen(b);

    if (strlen(a) >= 32 || length >= 32)
        return 32;
    for (unsigned j = 0; j <= length; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= length; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[length];
}

int cli_misused(const char *subcommand, const char *format, ...) {
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const bool asks = *text && text[strlen(text) - 1] == '?';
    cli_say(subcommand, "%s%s trillium %s --help", text, asks ? " See" : "; see", subcommand);
    return CLI_EXIT_USE;
}

/* The option that a mistyped one may have been; NULL: none is near. */
static const char *nearest(const char *word, const struct option *options) {
    char name[32];
    size_t n = strcspn(word, "=");

    if (n >= sizeof name)
        return NULL;
    memcpy(name, word, n);
    name[n] = '\0';
    for (; options->name; options++)
        if (cli_distance(name, options->name) <= 2)
            return options->name;
    return NULL;
}

int cli_option(const char *subcommand, int argc, char **argv, const char *letters,
               const struct option *options) {
    char with_colon[16];
    const bool ordered = *letters == '+';
    int word, c;

    /* ":" makes a missing argument known from an unknown option; getopt_long itself says nothing then */
    snprintf(with_colon, sizeof with_colon, "%s:%s", ordered ? "+" : "", letters + ordered);
    opterr = 0;
    word = optind > 0 ? optind : 1;
    c = getopt_long(argc, argv, with_colon, options, NULL);
    if (c != '?' && c != ':')
        return c;
    /* where arguments are moved behind options, the one that was read is the last before optind */
    if (optind > word)
        word = optind - 1;
    const char *what = word < argc ? argv[word] : "";
    if (c == ':') {
        cli_misused(subcommand, "%s needs a value", what);
    } else if (strncmp(what, "--", 2) != 0) {
        cli_misused(subcommand, "there is no option -%c", optopt);
    } else if (optopt != 0) {
        cli_misused(subcommand, "%s takes no value", what);
    } else {
        const char *meant = nearest(what + 2, options);

        if (meant)
            cli_misused(subcommand, "there is no option %s; did you mean --%s?", what, meant);
        else
            cli_misused(subcommand, "there is no option %s, or it is short for several", what);
    }
    return '?';
}
