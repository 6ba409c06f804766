// SPDX-License-Identifier: MIT
#include "trillium/variables.h"

#include <stddef.h>
#include <string.h>

struct variable {
    const char *name;
    uint32_t least, most;
    const char *words;
};

static const struct variable table[] = {
#define X(name, least, most, words, driver, why) {#name, least, most, words},
    TR_VARIABLES(X)
#undef X
};
_Static_assert(sizeof table / sizeof table[0] <= TR_VARIABLES_MAX, "a guest may send all of them");

static const struct variable *find(const char *variable) {
    size_t length = strcspn(variable, "=");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strlen(table[i].name) == length && memcmp(table[i].name, variable, length) == 0)
            return &table[i];
    return NULL;
}

static bool is_number(const char *text, uint32_t least, uint32_t most) {
    size_t digits = strspn(text, "0123456789");
    uint64_t value = 0;
    if (digits == 0 || digits > 9 || text[digits])
        return false;
    for (size_t i = 0; i < digits; i++)
        value = 10 * value + (uint64_t)(text[i] - '0');
    return value >= least && value <= most;
}

static bool is_word(const char *text, size_t length, const char *words) {
    for (const char *w = words; *w; w += strcspn(w, "|"), w += *w == '|')
        if (strcspn(w, "|") == length && memcmp(w, text, length) == 0)
            return true;
    return false;
}

static bool are_words(const char *text, const char *words) {
    for (;;) {
        size_t length = strcspn(text, ",");
        if (!is_word(text, length, words))
            return false;
        if (!text[length])
            return true;
        text += length + 1;
    }
}

bool tr_variable_known(const char *variable) {
    return find(variable) != NULL;
}

bool tr_variable_allowed(const char *variable) {
    const struct variable *v = find(variable);
    const char *value = strchr(variable, '=');
    if (!v || !value || strlen(variable) >= TR_VARIABLE_LENGTH)
        return false;
    value++;
    return v->words ? are_words(value, v->words) : is_number(value, v->least, v->most);
}
