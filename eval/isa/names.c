// SPDX-License-Identifier: MIT
#include "eval/isa/isa.h"

#include <string.h>

#include <jansson.h>

#define FOLDER "/usr/include/spirv/unified1/"

static json_t *load(const char *file) {
    char path[256];

    snprintf(path, sizeof path, FOLDER "%s", file);
    return json_load_file(path, 0, NULL);
}

/* The entry of the list whose `key` is the number. */
static const char *find(const json_t *list, const char *key, uint32_t number, const char *name) {
    json_t *entry;
    size_t at;

    json_array_foreach(list, at, entry) {
        json_t *value = json_object_get(entry, key);
        if (json_is_integer(value) && json_integer_value(value) == number)
            return json_string_value(json_object_get(entry, name));
    }
    return NULL;
}

static const json_t *enumerants(const json_t *grammar, const char *kind) {
    json_t *entry;
    size_t at;

    json_array_foreach(json_object_get(grammar, "operand_kinds"), at, entry) {
        const char *name = json_string_value(json_object_get(entry, "kind"));
        if (name && !strcmp(name, kind))
            return json_object_get(entry, "enumerants");
    }
    return NULL;
}

const char *isa_name(enum isa_kind kind, uint32_t number, char out[64]) {
    static json_t *core, *extended; /* read once, and kept to the end */
    static bool tried;
    const char *name = NULL;

    if (!tried) {
        core = load("spirv.core.grammar.json");
        extended = load("extinst.opencl.std.100.grammar.json");
        tried = true;
    }
    switch (kind) {
    case ISA_INSTRUCTION:
        name = find(json_object_get(core, "instructions"), "opcode", number, "opname");
        break;
    case ISA_EXTENDED:
        name = find(json_object_get(extended, "instructions"), "opcode", number, "opname");
        break;
    case ISA_CAPABILITY:
        name = find(enumerants(core, "Capability"), "value", number, "enumerant");
        break;
    default:
        name = find(enumerants(core, "BuiltIn"), "value", number, "enumerant");
    }
    if (name)
        snprintf(out, 64, "%s", name);
    else
        snprintf(out, 64, "number %u", number);
    return out;
}
