// SPDX-License-Identifier: MIT
#include "eval/isa/isa.h"

#include <stdlib.h>
#include <string.h>

#include <spirv/unified1/spirv.h>

const char *const isa_kinds[ISA_KINDS] = {"instruction", "capability", "extended instruction",
                                          "builtin variable"};

bool isa_uses(const struct isa_part *part, int program) {
    return part->used[program / 8] & 1u << program % 8;
}

static bool add(struct isa *isa, int program, enum isa_kind kind, uint32_t number) {
    int i = 0;

    while (i < isa->part_count && (isa->parts[i].kind != kind || isa->parts[i].number != number))
        i++;
    if (i == ISA_PARTS)
        return false;
    if (i == isa->part_count)
        isa->parts[isa->part_count++] = (struct isa_part){.kind = kind, .number = number};
    isa->parts[i].times++;
    isa->parts[i].used[program / 8] |= (uint8_t)(1u << program % 8);
    return true;
}

bool isa_count(struct isa *isa, int program, const uint32_t *words, size_t count) {
    size_t at = 5; /* the header */

    if (count < at || words[0] != SpvMagicNumber)
        return false;
    while (at < count) {
        uint32_t opcode = words[at] & SpvOpCodeMask, length = words[at] >> SpvWordCountShift;
        bool ok = length > 0 && length <= count - at && add(isa, program, ISA_INSTRUCTION, opcode);

        if (ok && opcode == SpvOpCapability && length == 2)
            ok = add(isa, program, ISA_CAPABILITY, words[at + 1]);
        if (ok && opcode == SpvOpExtInst && length >= 5)
            ok = add(isa, program, ISA_EXTENDED, words[at + 4]);
        if (ok && opcode == SpvOpDecorate && length == 4 && words[at + 2] == SpvDecorationBuiltIn)
            ok = add(isa, program, ISA_BUILTIN, words[at + 3]);
        if (!ok)
            return false;
        at += length;
    }
    return true;
}

static int by_weight(const void *a, const void *b) {
    const struct isa_part *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    if (x->times != y->times)
        return x->times < y->times ? 1 : -1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

void isa_order(struct isa *isa) {
    for (int i = 0; i < isa->part_count; i++) {
        isa->parts[i].weight = 0;
        for (int p = 0; p < isa->program_count; p++)
            if (isa_uses(&isa->parts[i], p))
                isa->parts[i].weight += isa->programs[p].weight;
    }
    qsort(isa->parts, (size_t)isa->part_count, sizeof isa->parts[0], by_weight);
}

double isa_covered(const struct isa *isa, int n) {
    double covered = 0;

    for (int p = 0; p < isa->program_count; p++) {
        bool needs_more = isa->programs[p].failed == isa->programs[p].sources;
        for (int i = n; i < isa->part_count && !needs_more; i++)
            needs_more = isa_uses(&isa->parts[i], p);
        covered += needs_more ? 0 : isa->programs[p].weight;
    }
    return covered;
}
