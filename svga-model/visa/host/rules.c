// SPDX-License-Identifier: MIT
/*
 * The own rules for SPIR-V from a guest: what a kernel of this device may consist of, and nothing else.
 *
 * SPIRV-Tools' validator knows the specification, not this device, and accepts modules that the translator
 * answers with a failed assertion. Everything here is a list of what is allowed; what is not listed is
 * refused. Numbers and meanings are those of SPIR-V 1.0 and its OpenCL environment specification.
 */
#include "svga-model/visa/common/spirv_words.h"
#include "svga-model/visa/host/internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <spirv/unified1/spirv.h>

#define MAX_ALIGNMENT (1u << 20)
#define MAX_STRUCT_MEMBERS 16383u

static bool always(const struct visa_features *f) {
    (void)f;
    return true;
}

static bool images(const struct visa_features *f) {
    return f->images;
}

static bool groups(const struct visa_features *f) {
    return visa_has_work_group_collectives(f) || visa_has_subgroups(f);
}

/* Capabilities, and what a device needs to take them. */
static const struct {
    SpvCapability capability;
    bool (*allowed)(const struct visa_features *f);
    const char *name;
} capabilities[] = {
    {SpvCapabilityAddresses, always, "Addresses"},
    {SpvCapabilityLinkage, always, "Linkage"},
    {SpvCapabilityKernel, always, "Kernel"},
    {SpvCapabilityVector16, always, "Vector16"},
    {SpvCapabilityFloat16Buffer, always, "Float16Buffer"},
    {SpvCapabilityInt8, always, "Int8"},
    {SpvCapabilityInt16, always, "Int16"},
    {SpvCapabilityInt64, visa_has_int64, "Int64"},
    {SpvCapabilityFloat16, visa_has_fp16, "Float16"},
    {SpvCapabilityFloat64, visa_has_fp64, "Float64"},
    {SpvCapabilityInt64Atomics, visa_has_int64_atomics, "Int64Atomics"},
    {SpvCapabilityImageBasic, images, "ImageBasic"},
    {SpvCapabilityLiteralSampler, images, "LiteralSampler"},
    {SpvCapabilitySampled1D, images, "Sampled1D"},
    {SpvCapabilityImage1D, images, "Image1D"},
    {SpvCapabilitySampledBuffer, images, "SampledBuffer"},
    {SpvCapabilityImageBuffer, images, "ImageBuffer"},
    {SpvCapabilityImageReadWrite, visa_has_read_write_images, "ImageReadWrite"},
    {SpvCapabilityGenericPointer, visa_has_generic_address_space, "GenericPointer"},
    {SpvCapabilityGroups, groups, "Groups"},
    {SpvCapabilityPipes, visa_has_pipes, "Pipes"},
    {SpvCapabilityDeviceEnqueue, visa_has_device_enqueue, "DeviceEnqueue"},
};

/* Runs of opcodes that kernels consist of; the gaps are graphics, sparse images, and what came after
 * SPIR-V 1.0. */
static const struct {
    uint16_t first, last;
} opcodes[] = {
    {SpvOpNop, SpvOpUndef},
    {SpvOpSource, SpvOpLine},
    {SpvOpExtInstImport, SpvOpExtInst},
    {SpvOpMemoryModel, SpvOpCapability},
    {SpvOpTypeVoid, SpvOpTypeVector},
    {SpvOpTypeImage, SpvOpTypeArray},
    {SpvOpTypeStruct, SpvOpTypeStruct},
    {SpvOpTypePointer, SpvOpTypeForwardPointer},
    {SpvOpConstantTrue, SpvOpConstantNull},
    {SpvOpSpecConstantTrue, SpvOpSpecConstantOp},
    {SpvOpFunction, SpvOpFunctionCall},
    {SpvOpVariable, SpvOpVariable},
    {SpvOpLoad, SpvOpPtrAccessChain},
    {SpvOpGenericPtrMemSemantics, SpvOpGroupMemberDecorate},
    {SpvOpVectorExtractDynamic, SpvOpCopyObject},
    {SpvOpSampledImage, SpvOpSampledImage},
    {SpvOpImageSampleExplicitLod, SpvOpImageSampleExplicitLod},
    {SpvOpImageRead, SpvOpImageQuerySize},
    {SpvOpImageQueryLevels, SpvOpImageQuerySamples},
    {SpvOpConvertFToU, SpvOpBitcast},
    {SpvOpSNegate, SpvOpVectorTimesScalar},
    {SpvOpDot, SpvOpSMulExtended},
    {SpvOpAny, SpvOpFUnordGreaterThanEqual},
    {SpvOpShiftRightLogical, SpvOpNot},
    {SpvOpBitCount, SpvOpBitCount},
    {SpvOpControlBarrier, SpvOpMemoryBarrier},
    {SpvOpAtomicLoad, SpvOpAtomicXor},
    {SpvOpPhi, SpvOpBranchConditional},
    {SpvOpSwitch, SpvOpSwitch},
    {SpvOpReturn, SpvOpLifetimeStop},
    {SpvOpGroupAsyncCopy, SpvOpGroupSMax},
    {SpvOpReadPipe, SpvOpGroupCommitWritePipe},
    {SpvOpEnqueueMarker, SpvOpBuildNDRange},
    {SpvOpNoLine, SpvOpAtomicFlagClear},
};

static const uint16_t decorations[] = {
    SpvDecorationSpecId,
    SpvDecorationCPacked,
    SpvDecorationBuiltIn,
    SpvDecorationRestrict,
    SpvDecorationAliased,
    SpvDecorationVolatile,
    SpvDecorationConstant,
    SpvDecorationCoherent,
    SpvDecorationNonWritable,
    SpvDecorationNonReadable,
    SpvDecorationSaturatedConversion,
    SpvDecorationFuncParamAttr,
    SpvDecorationFPRoundingMode,
    SpvDecorationFPFastMathMode,
    SpvDecorationLinkageAttributes,
    SpvDecorationNoContraction,
    SpvDecorationAlignment,
    SpvDecorationNoSignedWrap,
    SpvDecorationNoUnsignedWrap,
};

static bool broken(struct visa_rules *rules, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool broken(struct visa_rules *rules, int err, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(rules->why, VISA_WHY_SIZE, format, arguments);
    va_end(arguments);
    rules->err = err;
    return false;
}

static bool is_power_of_two(uint32_t value) {
    return value && !(value & (value - 1));
}

static bool check_opcode(struct visa_rules *rules, uint16_t opcode) {
    for (size_t i = 0; i < sizeof opcodes / sizeof opcodes[0]; i++) {
        if (opcode >= opcodes[i].first && opcode <= opcodes[i].last)
            return true;
    }
    return broken(rules, -EINVAL, "the module has an instruction (opcode %u) that OpenCL kernels do not use",
                  opcode);
}

static bool check_capability(struct visa_rules *rules, uint32_t capability) {
    for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++) {
        if (capabilities[i].capability != capability)
            continue;
        if (!capabilities[i].allowed(rules->features))
            return broken(rules, -ENOTSUP,
                          "the module needs the SPIR-V capability %s, which this device does not have",
                          capabilities[i].name);
        rules->has_int64_atomics |= capability == SpvCapabilityInt64Atomics;
        return true;
    }
    return broken(rules, -ENOTSUP, "the module needs SPIR-V capability %u, which no OpenCL device here has",
                  capability);
}

static bool check_storage_class(struct visa_rules *rules, uint32_t storage) {
    switch (storage) {
    case SpvStorageClassUniformConstant:
    case SpvStorageClassInput:
    case SpvStorageClassWorkgroup:
    case SpvStorageClassCrossWorkgroup:
    case SpvStorageClassFunction:
        return true;
    case SpvStorageClassGeneric:
        if (visa_has_generic_address_space(rules->features))
            return true;
        return broken(rules, -ENOTSUP, "the module has generic pointers, which this device does not have");
    default:
        return broken(rules, -EINVAL, "the module uses storage class %u, which OpenCL kernels do not have",
                      storage);
    }
}

static bool check_built_in(struct visa_rules *rules, uint32_t built_in) {
    if (built_in >= SpvBuiltInNumWorkgroups && built_in <= SpvBuiltInGlobalLinearId)
        return true;
    if (built_in >= SpvBuiltInSubgroupSize && built_in <= SpvBuiltInSubgroupLocalInvocationId &&
        visa_has_subgroups(rules->features))
        return true;
    return broken(rules, -ENOTSUP, "the module reads builtin variable %u, which this device does not have",
                  built_in);
}

static bool check_execution_mode(struct visa_rules *rules, const spv_parsed_instruction_t *in) {
    uint32_t mode = in->words[2];

    switch (mode) {
    case SpvExecutionModeLocalSize:
    case SpvExecutionModeLocalSizeHint:
        for (uint32_t i = 3; i < in->num_words; i++) {
            if (!in->words[i] || in->words[i] > 1u << 24)
                return broken(rules, -EINVAL, "the module requires an impossible work-group size");
        }
        return true;
    case SpvExecutionModeVecTypeHint:
    case SpvExecutionModeContractionOff:
        return true;
    default:
        return broken(rules, -EINVAL,
                      "the module asks for execution mode %u, which OpenCL kernels do not have", mode);
    }
}

/* Names become LLVM's names of functions and variables, where some have a meaning of their own. */
static bool check_name(struct visa_rules *rules, const char *name) {
    if (!strncmp(name, "llvm.", 5))
        return broken(rules, -EINVAL,
                      "the module names something '%.60s': names that start with llvm. are the compiler's",
                      name);
    return true;
}

static bool check_exported_name(struct visa_rules *rules, const char *name) {
    if (!*name || isdigit((unsigned char)*name))
        return broken(rules, -EINVAL, "the module has a kernel or function whose name is no identifier");
    for (const char *c = name; *c; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '.' && *c != '$')
            return broken(rules, -EINVAL, "the module has a kernel or function whose name is no identifier");
    }
    return check_name(rules, name);
}

static bool check_linkage(struct visa_rules *rules, const spv_parsed_instruction_t *in,
                          const spv_parsed_operand_t *name) {
    const char *text = (const char *)(in->words + name->offset);
    uint32_t type = in->words[in->num_words - 1];

    /* Builtin variables are the only imports of a whole program. */
    if (type == SpvLinkageTypeImport && strncmp(text, "__spirv_BuiltIn", 15))
        return broken(rules, -EINVAL, "undefined reference to `%.200s'", text);
    return check_exported_name(rules, text);
}

/* The guest's compiler says with it which sums cannot overflow. */
static bool check_extension(struct visa_rules *rules, const char *name) {
    return strcmp(name, "SPV_KHR_no_integer_wrap_decoration") == 0 ||
           broken(rules, -ENOTSUP, "the module uses the SPIR-V extension '%.60s', which is not taken here",
                  name);
}

static bool check_decoration(struct visa_rules *rules, const spv_parsed_instruction_t *in, uint16_t at) {
    const spv_parsed_operand_t *operand = &in->operands[at];
    uint32_t decoration = in->words[operand->offset];
    uint32_t value = operand->offset + 1u < in->num_words ? in->words[operand->offset + 1] : 0;
    bool known = false;

    for (size_t i = 0; i < sizeof decorations / sizeof decorations[0]; i++)
        known |= decorations[i] == decoration;
    if (!known)
        return broken(rules, -EINVAL, "the module has decoration %u, which OpenCL kernels do not use",
                      decoration);
    if (decoration == SpvDecorationAlignment && (!is_power_of_two(value) || value > MAX_ALIGNMENT))
        return broken(rules, -EINVAL,
                      "the module has an alignment of %u, which is no power of two that a kernel may ask for",
                      value);
    if (decoration == SpvDecorationLinkageAttributes && at + 1 < in->num_operands)
        return check_linkage(rules, in, &in->operands[at + 1]);
    return true;
}

static bool check_memory_access(struct visa_rules *rules, const spv_parsed_instruction_t *in,
                                const spv_parsed_operand_t *operand) {
    uint32_t mask = in->words[operand->offset];
    uint32_t alignment = operand->offset + 1u < in->num_words ? in->words[operand->offset + 1] : 0;

    if (mask & ~(uint32_t)(SpvMemoryAccessVolatileMask | SpvMemoryAccessAlignedMask |
                           SpvMemoryAccessNontemporalMask))
        return broken(rules, -EINVAL,
                      "the module has a memory access of kind %#x, which OpenCL kernels do not use", mask);
    if ((mask & SpvMemoryAccessAlignedMask) && (!is_power_of_two(alignment) || alignment > MAX_ALIGNMENT))
        return broken(rules, -EINVAL,
                      "the module has a memory access aligned to %u, which is no power of two", alignment);
    return true;
}

static bool check_type(struct visa_rules *rules, const spv_parsed_instruction_t *in) {
    const uint32_t *words = in->words;

    switch (in->opcode) {
    case SpvOpTypeInt:
        if (words[2] != 8 && words[2] != 16 && words[2] != 32 && words[2] != 64)
            return broken(rules, -EINVAL, "the module has an integer type of %u bits", words[2]);
        return true;
    case SpvOpTypeFloat:
        if (words[2] != 16 && words[2] != 32 && words[2] != 64)
            return broken(rules, -EINVAL, "the module has a floating-point type of %u bits", words[2]);
        return true;
    case SpvOpTypeVector:
        if (words[3] != 2 && words[3] != 3 && words[3] != 4 && words[3] != 8 && words[3] != 16)
            return broken(rules, -EINVAL, "the module has a vector type of %u components", words[3]);
        return true;
    case SpvOpTypeStruct:
        if (in->num_words > MAX_STRUCT_MEMBERS)
            return broken(rules, -EINVAL, "the module has a structure of more than %u members",
                          MAX_STRUCT_MEMBERS);
        return true;
    case SpvOpTypeImage:
        /* A multi-sampled or sampled-flagged image is a graphics one; OpenCL's are both 0. */
        if (!rules->features->images)
            return broken(rules, -ENOTSUP, "the module uses images, which this device does not have");
        if (words[6] != 0 || words[7] != 0 || words[8] != SpvImageFormatUnknown || words[3] > SpvDimBuffer ||
            words[3] == SpvDimCube || words[3] == SpvDimRect)
            return broken(rules, -EINVAL, "the module has an image type that OpenCL does not have");
        return true;
    case SpvOpVariable:
        /* PoCL has them in every version of OpenCL C, and does not name the feature. */
        if (!rules->in_function && words[3] == SpvStorageClassCrossWorkgroup &&
            rules->target->kind != VISA_TARGET_POCL && !visa_has_program_scope_variables(rules->features))
            return broken(rules, -ENOTSUP,
                          "the module has a program-scope global variable, which this device does not have");
        return true;
    default:
        return true;
    }
}

static void note_type(struct visa_rules *rules, const spv_parsed_instruction_t *in) {
    if (in->result_id < rules->bound)
        rules->types[in->result_id] = in->opcode == SpvOpTypeInt ? VISA_TYPE_INTEGER : in->type_id;
}

/* Vectors as indices would be vectors of pointers for LLVM, which no kernel has. */
static bool check_indices(struct visa_rules *rules, const spv_parsed_instruction_t *in) {
    bool constant = in->opcode == SpvOpSpecConstantOp;
    uint32_t opcode = constant ? in->words[3] : in->opcode;

    if (opcode != SpvOpAccessChain && opcode != SpvOpInBoundsAccessChain && opcode != SpvOpPtrAccessChain &&
        opcode != SpvOpInBoundsPtrAccessChain)
        return true;
    for (uint32_t i = constant ? 5 : 4; i < in->num_words; i++) { /* behind type, result and base */
        uint32_t id = in->words[i], type = id < rules->bound ? rules->types[id] : 0;

        if (type == 0 || type >= rules->bound || rules->types[type] != VISA_TYPE_INTEGER)
            return broken(rules, -EINVAL, "the module has an index that is no integer");
    }
    return true;
}

/* A function has as many parameters as its type says, each before its first block. SPIRV-Tools' validator does
 * not count them, and the translator takes their number on trust. */
static bool check_function(struct visa_rules *rules, const spv_parsed_instruction_t *in) {
    switch (in->opcode) {
    case SpvOpTypeFunction:
        if (in->result_id < rules->bound)
            rules->parameters[in->result_id] = in->num_words - 3u + 1;
        return true;
    case SpvOpFunction: {
        uint32_t type = in->words[4], count = type < rules->bound ? rules->parameters[type] : 0;

        if (count == 0)
            return broken(rules, -EINVAL, "the module has a function whose type is no function's");
        rules->in_function = true;
        rules->parameters_left = count - 1;
        return true;
    }
    case SpvOpFunctionParameter:
        if (rules->parameters_left == 0)
            return broken(rules, -EINVAL, "the module has a function with more parameters than its type");
        rules->parameters_left--;
        return true;
    case SpvOpLabel:
    case SpvOpFunctionEnd:
        if (rules->parameters_left > 0)
            return broken(rules, -EINVAL, "the module has a function with fewer parameters than its type");
        return true;
    default:
        return true;
    }
}

static bool check_header(struct visa_rules *rules, const spv_parsed_instruction_t *in) {
    switch (in->opcode) {
    case SpvOpMemoryModel: {
        uint32_t model =
            rules->features->address_bits == 32 ? SpvAddressingModelPhysical32 : SpvAddressingModelPhysical64;

        if (in->words[1] != model || in->words[2] != SpvMemoryModelOpenCL)
            return broken(rules, -ENOTSUP,
                          "the module is not for OpenCL with the %u-bit pointers of this device",
                          rules->features->address_bits);
        return true;
    }
    case SpvOpEntryPoint:
        if (in->words[1] != SpvExecutionModelKernel)
            return broken(rules, -EINVAL, "the module has an entry point that is no kernel");
        rules->has_kernel = true;
        return check_exported_name(rules, (const char *)(in->words + in->operands[2].offset));
    case SpvOpExtInstImport:
        if (strcmp((const char *)(in->words + 2), "OpenCL.std"))
            return broken(rules, -ENOTSUP,
                          "the module imports '%.60s'; OpenCL.std is the only set there is here",
                          (const char *)(in->words + 2));
        return true;
    case SpvOpExecutionMode:
        return check_execution_mode(rules, in);
    case SpvOpName:
        return check_name(rules, (const char *)(in->words + 2));
    case SpvOpSpecConstantOp:
        return check_opcode(rules, (uint16_t)in->words[3]);
    default:
        return true;
    }
}

static bool check_operand(struct visa_rules *rules, const spv_parsed_instruction_t *in, uint16_t at) {
    const spv_parsed_operand_t *operand = &in->operands[at];
    uint32_t word = in->words[operand->offset];

    switch (operand->type) {
    case SPV_OPERAND_TYPE_CAPABILITY:
        return check_capability(rules, word);
    case SPV_OPERAND_TYPE_STORAGE_CLASS:
        return check_storage_class(rules, word);
    case SPV_OPERAND_TYPE_BUILT_IN:
        return check_built_in(rules, word);
    case SPV_OPERAND_TYPE_DECORATION:
        return check_decoration(rules, in, at);
    case SPV_OPERAND_TYPE_MEMORY_ACCESS:
    case SPV_OPERAND_TYPE_OPTIONAL_MEMORY_ACCESS:
        return check_memory_access(rules, in, operand);
    default:
        return true;
    }
}

bool visa_rules_check(struct visa_rules *rules, const spv_parsed_instruction_t *in) {
    if (in->opcode == SpvOpExtension)
        return check_extension(rules, (const char *)(in->words + 1));
    note_type(rules, in);
    if (!check_opcode(rules, in->opcode) || !check_header(rules, in) || !check_type(rules, in) ||
        !check_indices(rules, in) || !check_function(rules, in))
        return false;
    for (uint16_t i = 0; i < in->num_operands; i++) {
        if (!check_operand(rules, in, i))
            return false;
    }
    return true;
}

bool visa_takes(enum visa_part part, uint32_t number, const struct visa_features *features) {
    char why[VISA_WHY_SIZE];
    struct visa_rules rules = {.features = features, .why = why};

    switch (part) {
    case VISA_PART_INSTRUCTION:
        /* extensions are taken or not by their names */
        return number == SpvOpExtension || (number <= UINT16_MAX && check_opcode(&rules, (uint16_t)number));
    case VISA_PART_CAPABILITY:
        return check_capability(&rules, number);
    case VISA_PART_BUILTIN:
        return check_built_in(&rules, number);
    }
    return false;
}
