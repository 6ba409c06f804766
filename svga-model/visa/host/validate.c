// SPDX-License-Identifier: MIT
/* The order of the checks on a module from a guest. */
#include "svga-model/visa/common/spirv_words.h"
#include "svga-model/visa/host/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <spirv/unified1/spirv.h>

static spv_result_t check_instruction(void *rules, const spv_parsed_instruction_t *instruction) {
    return visa_rules_check(rules, instruction) ? SPV_SUCCESS : SPV_REQUESTED_TERMINATION;
}

static int check_size(const uint32_t *words, size_t count, const struct visa_target *target, char *why) {
    if (count < SPIRV_HEADER_WORDS || words[0] != SpvMagicNumber) {
        snprintf(why, VISA_WHY_SIZE, "this is no SPIR-V of this machine's byte order");
        return -EINVAL;
    }
    if (count > VISA_MAX_WORDS) {
        snprintf(why, VISA_WHY_SIZE, "the module has %zu words; at most %u are taken", count, VISA_MAX_WORDS);
        return -EINVAL;
    }
    if (words[1] < 0x00010000 || words[1] > target->spirv_version || (words[1] & 0xff0000ff)) {
        snprintf(why, VISA_WHY_SIZE, "the module is of SPIR-V version %u.%u; this driver takes 1.0 to %u.%u",
                 words[1] >> 16 & 0xff, words[1] >> 8 & 0xff, target->spirv_version >> 16,
                 target->spirv_version >> 8 & 0xff);
        return -ENOTSUP;
    }
    if (words[SPIRV_BOUND_WORD] > SPIRV_MAX_BOUND || words[4] != 0) {
        snprintf(why, VISA_WHY_SIZE, "the module's header is malformed");
        return -EINVAL;
    }
    return 0;
}

static int take_diagnostic(spv_diagnostic diagnostic, const char *what, char *why) {
    snprintf(why, VISA_WHY_SIZE, "%s: %.400s", what,
             diagnostic && diagnostic->error ? diagnostic->error : "no reason given");
    spvDiagnosticDestroy(diagnostic);
    return -EINVAL;
}

static int check_rules(spv_const_context context, const uint32_t *words, size_t count,
                       struct visa_rules *rules) {
    spv_diagnostic diagnostic = NULL;
    spv_result_t result = spvBinaryParse(context, rules, words, count, NULL, check_instruction, &diagnostic);

    if (rules->err) {
        spvDiagnosticDestroy(diagnostic);
        return rules->err;
    }
    if (result != SPV_SUCCESS)
        return take_diagnostic(diagnostic, "malformed SPIR-V", rules->why);
    spvDiagnosticDestroy(diagnostic);
    return 0;
}

/* Every OpenCL environment of the validator refuses Int64Atomics, which OpenCL has as an extension; the
 * universal one knows the same structure rules, and the capabilities were checked already. */
static int check_specification(const uint32_t *words, size_t count, const struct visa_rules *rules) {
    spv_context context =
        spvContextCreate(rules->has_int64_atomics ? SPV_ENV_UNIVERSAL_1_0 : SPV_ENV_OPENCL_2_2);
    spv_validator_options options = spvValidatorOptionsCreate();
    spv_const_binary_t binary = {words, count};
    spv_diagnostic diagnostic = NULL;
    spv_result_t result = SPV_ERROR_OUT_OF_MEMORY;

    if (context && options) {
        /* Friendly names are made for every id even if nothing is reported, at half of the whole cost. */
        spvValidatorOptionsSetFriendlyNames(options, false);
        result = spvValidateWithOptions(context, options, &binary, &diagnostic);
    }
    spvValidatorOptionsDestroy(options);
    spvContextDestroy(context);
    if (result != SPV_SUCCESS)
        return take_diagnostic(diagnostic, "invalid SPIR-V", rules->why);
    spvDiagnosticDestroy(diagnostic);
    return 0;
}

int visa_validate(const uint32_t *words, size_t count, const struct visa_features *features,
                  const struct visa_target *target, char why[VISA_WHY_SIZE]) {
    struct visa_rules rules = {.features = features, .target = target, .why = why};
    spv_context context;
    int err;

    why[0] = '\0';
    err = check_size(words, count, target, why);
    if (err)
        return err;
    rules.bound = words[SPIRV_BOUND_WORD];
    rules.types = calloc((size_t)rules.bound + 1, sizeof *rules.types);
    rules.parameters = calloc((size_t)rules.bound + 1, sizeof *rules.parameters);
    context = spvContextCreate(SPV_ENV_UNIVERSAL_1_0);
    if (context && rules.types && rules.parameters) {
        err = check_rules(context, words, count, &rules);
    } else {
        snprintf(why, VISA_WHY_SIZE, "out of memory");
        err = -ENOMEM;
    }
    spvContextDestroy(context);
    free(rules.types);
    free(rules.parameters);
    return err ? err : check_specification(words, count, &rules);
}
