// SPDX-License-Identifier: MIT
#include "host-backend/worker/options.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Whole words beside those that begin with -cl and -D. `platform`: a part of its name; "": every driver. */
static const struct {
    const char *platform, *word;
} known[] = {
    {"", "-w"},
    {"", "-Werror"},
    {"", "-g"},
    {"", "-create-library"},
    {"", "-enable-link-options"},
    {"Oclgrind", "-O0"},
    {"Oclgrind", "-O1"},
    {"Oclgrind", "-O2"},
    {"Oclgrind", "-O3"},
    {"rusticl", "-O0"},
    {"rusticl", "-O1"},
    {"rusticl", "-O2"},
    {"rusticl", "-O3"},
    {"Clover", "-O0"},
    {"Clover", "-O1"},
    {"Clover", "-O2"},
    {"Clover", "-O3"},
    {"AMD", "-O0"},
    {"AMD", "-O1"},
    {"AMD", "-O2"},
    {"AMD", "-O3"},
    {"AMD", "-O4"},
    {"AMD", "-O5"},
    {"Intel", "-gline-tables-only"},
    {"Intel", "-ze-opt-disable"},
    {"Intel", "-ze-opt-level=0"},
    {"Intel", "-ze-opt-level=1"},
    {"Intel", "-ze-opt-level=2"},
};

/* -cl..., with nothing in it that could be a path. Which there are each driver knows itself. */
static bool is_opencl(const char *word, size_t size) {
    if (size < 3 || memcmp(word, "-cl", 3) != 0)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)word[i]) && !strchr("-_=.+", word[i]))
            return false;
    return true;
}

static bool is_known(const char *word, size_t size, const char *platform) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].word) == size && memcmp(known[i].word, word, size) == 0 &&
            strstr(platform ? platform : "", known[i].platform))
            return true;
    return is_opencl(word, size);
}

static bool refuse(const char *word, size_t size, const char *what, char why[OPTIONS_WHY_SIZE]) {
    snprintf(why, OPTIONS_WHY_SIZE, "Trillium: build option %.*s %s", size > 100 ? 100 : (int)size, word,
             what);
    return false;
}

/*
 * Words are what stands between blanks, also within quotes: drivers do not agree on what these mean, so a word
 * that only one of them would take for an option has to be allowed, too.
 */
bool options_allowed(const char *text, const char *platform, char why[OPTIONS_WHY_SIZE]) {
    static const char blanks[] = " \t\n\v\f\r";
    bool quoted = false, definition = false; /* the word begins within quotes; it is a -D's */

    for (const char *word = text + strspn(text, blanks); *word; word += strspn(word, blanks)) {
        size_t size = strcspn(word, blanks), skip = strspn(word, "\"'");
        bool looks_like_one = word[skip < size ? skip : 0] == '-' || word[skip < size ? skip : 0] == '@';
        bool is_definition = size >= 2 && memcmp(word, "-D", 2) == 0;

        if (definition || quoted) {
            if (looks_like_one && !is_definition && !is_known(word, size, platform))
                return refuse(word, size, "may not stand within another one", why);
        } else if (!is_definition && !is_known(word, size, platform)) {
            return refuse(word, size, "is none of OpenCL's, nor one that this driver is known to have", why);
        }
        definition = is_definition && size == 2 && !definition;
        for (size_t i = 0; i < size; i++)
            if (word[i] == '"' && (i == 0 || word[i - 1] != '\\'))
                quoted = !quoted;
        word += size;
    }
    return !definition || refuse("-D", 2, "lacks what it defines", why);
}
