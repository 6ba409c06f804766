// SPDX-License-Identifier: MIT
/*
 * Specialization constants: the application's values take the place of the defaults in the words, so that no
 * driver needs to know of them.
 */
#include "svga-model/visa/common/spirv_words.h"
#include "svga-model/visa/host/internal.h"

#include <spirv/unified1/spirv.h>

static void set_constant(struct spirv_walk *walk, uint32_t *words,
                         const struct visa_spec_constant *constant) {
    uint32_t *op = words + walk->at;

    switch (walk->opcode) {
    case SpvOpSpecConstantTrue:
    case SpvOpSpecConstantFalse:
        op[0] =
            (op[0] & 0xffff0000) | (constant->value & 0xff ? SpvOpSpecConstantTrue : SpvOpSpecConstantFalse);
        break;
    case SpvOpSpecConstant:
        op[3] = (uint32_t)constant->value;
        if (walk->length > 4)
            op[4] = (uint32_t)(constant->value >> 32);
        break;
    }
}

static void set_all_of_id(uint32_t *words, size_t count, uint32_t id,
                          const struct visa_spec_constant *constant) {
    struct spirv_walk walk = spirv_walk_start(words, count);

    while (spirv_walk_next(&walk) && walk.opcode != SpvOpFunction) {
        bool scalar = (walk.opcode == SpvOpSpecConstant && walk.length > 3) ||
                      ((walk.opcode == SpvOpSpecConstantTrue || walk.opcode == SpvOpSpecConstantFalse) &&
                       walk.length > 2);

        if (scalar && walk.op[2] == id)
            set_constant(&walk, words, constant);
    }
}

void visa_specialize(uint32_t *words, size_t count, const struct visa_spec_constant *constants,
                     size_t constant_count) {
    struct spirv_walk walk = spirv_walk_start(words, count);

    if (!constant_count)
        return;
    while (spirv_walk_next(&walk) && walk.opcode != SpvOpFunction) {
        if (walk.opcode != SpvOpDecorate || walk.length < 4 || walk.op[2] != SpvDecorationSpecId)
            continue;
        for (size_t i = 0; i < constant_count; i++) {
            if (constants[i].id == walk.op[3])
                set_all_of_id(words, count, walk.op[1], &constants[i]);
        }
    }
}
