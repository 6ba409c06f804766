// SPDX-License-Identifier: MIT
/*
 * Kernels of a SPIR-V module.
 *
 * One pass over the declarations fills a table indexed by id; types come before their users in SPIR-V, so
 * sizes are computed as they appear and nothing recurses. A second pass looks at the kernels' parameters.
 */
#include "svga-model/visa/reflect.h"

#include "svga-model/visa/common/spirv_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spirv/unified1/spirv.h>

enum {
    ADDRESS_GLOBAL = 0x119B,
    ADDRESS_LOCAL = 0x119C,
    ADDRESS_CONSTANT = 0x119D,
    ADDRESS_PRIVATE = 0x119E,
    ACCESS_READ_ONLY = 0x11A0,
    ACCESS_NONE = 0x11A3,
    TYPE_CONST = 1,
    TYPE_RESTRICT = 2,
    TYPE_VOLATILE = 4,
    TYPE_PIPE = 8,
};

#define MAX_KERNELS 65536u
#define MAX_TYPE_SIZE (1u << 30)

/* What is known of an id. */
struct id_info {
    uint32_t opcode;      /* of the instruction that makes it, types and constants only */
    uint32_t size, align; /* of a type, bytes; of a constant, `size` is its value */
    uint32_t storage;     /* of a pointer type */
    uint32_t pointee;     /* of a pointer type */
    uint32_t access;      /* of an image type: CL_KERNEL_ARG_ACCESS_* */
    uint64_t qualifiers;  /* from decorations */
    bool by_value;        /* FuncParamAttr ByVal */
    bool packed;          /* CPacked */
    uint32_t kernel;      /* of an entry point's function: its index + 1 */
    const char *name;     /* from OpName, in the module */
};

struct reflection {
    const uint32_t *words;
    size_t count;
    struct id_info *ids;
    uint32_t bound;
    uint32_t pointer_size;
    struct visa_kernel *kernels;
    size_t kernel_count;
};

/* Ids beyond the bound share entry 0, which no valid id has. */
static struct id_info *info(struct reflection *r, uint32_t id) {
    return &r->ids[id < r->bound ? id : 0];
}

static uint32_t clamp_size(uint64_t size) {
    return size > MAX_TYPE_SIZE ? MAX_TYPE_SIZE : (uint32_t)size;
}

static void set_type(struct id_info *type, uint32_t opcode, uint64_t size, uint64_t align) {
    type->opcode = opcode;
    type->size = clamp_size(size);
    type->align = align ? clamp_size(align) : 1;
}

static void set_struct(struct reflection *r, struct id_info *type, const struct spirv_walk *walk) {
    uint64_t size = 0, align = 1;

    for (uint32_t i = 2; i < walk->length; i++) {
        const struct id_info *member = info(r, walk->op[i]);
        uint64_t member_align = type->packed || !member->align ? 1 : member->align;

        size = (size + member_align - 1) / member_align * member_align + member->size;
        align = member_align > align ? member_align : align;
        if (size > MAX_TYPE_SIZE)
            size = MAX_TYPE_SIZE;
    }
    set_type(type, SpvOpTypeStruct, (size + align - 1) / align * align, align);
}

/* OpTypeImage carries an access qualifier in its last, optional word. */
static uint32_t image_access(const struct spirv_walk *walk) {
    return walk->length > 9 && walk->op[9] <= SpvAccessQualifierReadWrite ? ACCESS_READ_ONLY + walk->op[9]
                                                                          : ACCESS_READ_ONLY;
}

static void note_type(struct reflection *r, const struct spirv_walk *walk) {
    const uint32_t *op = walk->op;
    struct id_info *type = info(r, walk->length > 1 ? op[1] : 0);
    uint32_t words = walk->length;

    switch (walk->opcode) {
    case SpvOpTypeBool:
        set_type(type, walk->opcode, 1, 1);
        break;
    case SpvOpTypeInt:
    case SpvOpTypeFloat:
        if (words > 2)
            set_type(type, walk->opcode, op[2] / 8, op[2] / 8);
        break;
    case SpvOpTypeVector:
        if (words > 3 && op[3] <= 16) {
            uint64_t size = (uint64_t)info(r, op[2])->size * (op[3] == 3 ? 4 : op[3]);

            set_type(type, walk->opcode, size, size);
        }
        break;
    case SpvOpTypeArray:
        if (words > 3)
            set_type(type, walk->opcode, (uint64_t)info(r, op[2])->size * info(r, op[3])->size,
                     info(r, op[2])->align);
        break;
    case SpvOpTypeStruct:
        set_struct(r, type, walk);
        break;
    case SpvOpTypePointer:
        if (words > 3) {
            set_type(type, walk->opcode, r->pointer_size, r->pointer_size);
            type->storage = op[2];
            type->pointee = op[3];
        }
        break;
    case SpvOpTypeImage:
        type->access = image_access(walk);
        set_type(type, walk->opcode, r->pointer_size, r->pointer_size);
        break;
    case SpvOpTypeSampler:
    case SpvOpTypePipe:
    case SpvOpTypeQueue:
        set_type(type, walk->opcode, r->pointer_size, r->pointer_size);
        break;
    case SpvOpConstant:
        /* An array's length: the low word is enough below MAX_TYPE_SIZE. */
        if (words > 3) {
            struct id_info *constant = info(r, op[2]);

            constant->opcode = walk->opcode;
            constant->size = words > 4 && op[4] ? MAX_TYPE_SIZE : clamp_size(op[3]);
        }
        break;
    }
}

static void note_decoration(struct reflection *r, const struct spirv_walk *walk) {
    struct id_info *target;

    if (walk->length < 3)
        return;
    target = info(r, walk->op[1]);
    switch (walk->op[2]) {
    case SpvDecorationCPacked:
        target->packed = true;
        break;
    case SpvDecorationRestrict:
        target->qualifiers |= TYPE_RESTRICT;
        break;
    case SpvDecorationVolatile:
        target->qualifiers |= TYPE_VOLATILE;
        break;
    case SpvDecorationFuncParamAttr:
        if (walk->length < 4)
            break;
        if (walk->op[3] == SpvFunctionParameterAttributeByVal)
            target->by_value = true;
        else if (walk->op[3] == SpvFunctionParameterAttributeNoAlias)
            target->qualifiers |= TYPE_RESTRICT;
        else if (walk->op[3] == SpvFunctionParameterAttributeNoWrite)
            target->qualifiers |= TYPE_CONST;
        break;
    }
}

static int add_kernel(struct reflection *r, const struct spirv_walk *walk) {
    const char *name = spirv_walk_string(walk, 3, NULL);
    struct visa_kernel *kernel;

    if (walk->op[1] != SpvExecutionModelKernel || !name)
        return 0;
    if (r->kernel_count == MAX_KERNELS)
        return -EINVAL;
    if (!(r->kernel_count & (r->kernel_count - 1))) {
        size_t room = r->kernel_count ? r->kernel_count * 2 : 1;
        struct visa_kernel *larger = reallocarray(r->kernels, room, sizeof *larger);

        if (!larger)
            return -ENOMEM;
        r->kernels = larger;
    }
    kernel = &r->kernels[r->kernel_count++];
    *kernel = (struct visa_kernel){.name = strdup(name), .attributes = strdup("")};
    info(r, walk->op[2])->kernel = (uint32_t)r->kernel_count;
    return kernel->name && kernel->attributes ? 0 : -ENOMEM;
}

static struct visa_kernel *kernel_of(struct reflection *r, uint32_t function) {
    uint32_t kernel = info(r, function)->kernel;

    return kernel ? &r->kernels[kernel - 1] : NULL;
}

static int add_attribute(struct visa_kernel *kernel, const char *attribute) {
    char *longer;

    if (asprintf(&longer, "%s%s%s", kernel->attributes, kernel->attributes[0] ? " " : "", attribute) < 0)
        return -ENOMEM;
    free(kernel->attributes);
    kernel->attributes = longer;
    return 0;
}

/* VecTypeHint: the component count in the high half, the type in the low half (SPIR-V 1.0, section 3.6). */
static int add_vec_type_hint(struct visa_kernel *kernel, uint32_t hint) {
    static const char *const types[] = {"char", "short", "int", "long", "half", "float", "double"};
    uint32_t type = hint & 0xffff, components = hint >> 16;
    char text[64];

    if (type >= sizeof types / sizeof types[0])
        return 0;
    if (components > 1)
        snprintf(text, sizeof text, "vec_type_hint(%s%u)", types[type], components);
    else
        snprintf(text, sizeof text, "vec_type_hint(%s)", types[type]);
    return add_attribute(kernel, text);
}

static int note_execution_mode(struct reflection *r, const struct spirv_walk *walk) {
    struct visa_kernel *kernel = walk->length > 3 ? kernel_of(r, walk->op[1]) : NULL;
    bool hint;
    char text[96];

    if (!kernel)
        return 0;
    if (walk->op[2] == SpvExecutionModeVecTypeHint)
        return add_vec_type_hint(kernel, walk->op[3]);
    hint = walk->op[2] == SpvExecutionModeLocalSizeHint;
    if ((!hint && walk->op[2] != SpvExecutionModeLocalSize) || walk->length < 6)
        return 0;
    memcpy(hint ? kernel->work_group_size_hint : kernel->reqd_work_group_size, &walk->op[3],
           3 * sizeof(uint32_t));
    snprintf(text, sizeof text, "%s(%u,%u,%u)", hint ? "work_group_size_hint" : "reqd_work_group_size",
             walk->op[3], walk->op[4], walk->op[5]);
    return add_attribute(kernel, text);
}

static int note_declaration(struct reflection *r, const struct spirv_walk *walk) {
    switch (walk->opcode) {
    case SpvOpMemoryModel:
        r->pointer_size = walk->length > 1 && walk->op[1] == SpvAddressingModelPhysical32 ? 4 : 8;
        return 0;
    case SpvOpEntryPoint:
        return walk->length > 3 ? add_kernel(r, walk) : 0;
    case SpvOpExecutionMode:
        return note_execution_mode(r, walk);
    case SpvOpName:
        if (walk->length > 2)
            info(r, walk->op[1])->name = spirv_walk_string(walk, 2, NULL);
        return 0;
    case SpvOpDecorate:
        note_decoration(r, walk);
        return 0;
    default:
        note_type(r, walk);
        return 0;
    }
}

static void fill_argument(struct reflection *r, struct visa_arg *arg, const struct id_info *type,
                          const struct id_info *parameter) {
    arg->kind = VISA_ARG_VALUE;
    arg->size = type->size;
    arg->address_qualifier = ADDRESS_PRIVATE;
    arg->access_qualifier = ACCESS_NONE;
    switch (type->opcode) {
    case SpvOpTypePointer:
        if (parameter->by_value || type->storage == SpvStorageClassFunction) {
            arg->size = info(r, type->pointee)->size;
            return;
        }
        arg->type_qualifiers = parameter->qualifiers;
        arg->kind = type->storage == SpvStorageClassWorkgroup ? VISA_ARG_LOCAL : VISA_ARG_POINTER;
        arg->address_qualifier = type->storage == SpvStorageClassWorkgroup         ? ADDRESS_LOCAL
                                 : type->storage == SpvStorageClassUniformConstant ? ADDRESS_CONSTANT
                                                                                   : ADDRESS_GLOBAL;
        return;
    case SpvOpTypeImage:
        arg->kind = VISA_ARG_IMAGE;
        arg->address_qualifier = ADDRESS_GLOBAL;
        arg->access_qualifier = type->access;
        return;
    case SpvOpTypeSampler:
        arg->kind = VISA_ARG_SAMPLER;
        return;
    case SpvOpTypePipe:
        arg->kind = VISA_ARG_PIPE;
        arg->address_qualifier = ADDRESS_GLOBAL;
        arg->type_qualifiers = TYPE_PIPE;
        return;
    case SpvOpTypeQueue:
        arg->kind = VISA_ARG_QUEUE;
        return;
    }
}

static int add_argument(struct reflection *r, struct visa_kernel *kernel, const struct spirv_walk *walk) {
    struct visa_arg *args = reallocarray(kernel->args, kernel->arg_count + 1, sizeof *args);
    const struct id_info *parameter;
    struct visa_arg *arg;

    if (!args)
        return -ENOMEM;
    kernel->args = args;
    arg = &args[kernel->arg_count++];
    parameter = info(r, walk->op[2]);
    *arg = (struct visa_arg){.name = strdup(parameter->name ? parameter->name : ""), .type_name = strdup("")};
    fill_argument(r, arg, info(r, walk->op[1]), parameter);
    return arg->name && arg->type_name ? 0 : -ENOMEM;
}

static int note_functions(struct reflection *r) {
    struct spirv_walk walk = spirv_walk_start(r->words, r->count);
    struct visa_kernel *kernel = NULL;
    int err = 0;

    while (!err && spirv_walk_next(&walk)) {
        if (walk.opcode == SpvOpFunction)
            kernel = walk.length > 2 ? kernel_of(r, walk.op[2]) : NULL;
        else if (walk.opcode == SpvOpFunctionParameter && kernel && walk.length > 2)
            err = add_argument(r, kernel, &walk);
    }
    return err;
}

static uint64_t qualifiers_in(const char *text, size_t length) {
    static const struct {
        const char *name;
        uint64_t bit;
    } names[] = {
        {"const", TYPE_CONST}, {"restrict", TYPE_RESTRICT}, {"volatile", TYPE_VOLATILE}, {"pipe", TYPE_PIPE}};
    uint64_t bits = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (memmem(text, length, names[i].name, strlen(names[i].name)))
            bits |= names[i].bit;
    }
    return bits;
}

/* The translator keeps OpenCL's type names as "kernel_arg_type.NAME.int*,float4," and the qualifiers
 * likewise. */
static int note_string(struct reflection *r, const char *string) {
    static const char types[] = "kernel_arg_type.", qualifiers[] = "kernel_arg_type_qual.";
    bool is_type = !strncmp(string, types, sizeof types - 1);
    struct visa_kernel *kernel = NULL;

    if (!is_type && strncmp(string, qualifiers, sizeof qualifiers - 1))
        return 0;
    string += (is_type ? sizeof types : sizeof qualifiers) - 1;
    for (size_t k = 0; k < r->kernel_count && !kernel; k++) {
        size_t length = strlen(r->kernels[k].name);

        if (!strncmp(string, r->kernels[k].name, length) && string[length] == '.') {
            kernel = &r->kernels[k];
            string += length + 1;
        }
    }
    for (uint32_t a = 0; kernel && a < kernel->arg_count && *string; a++) {
        size_t length = strcspn(string, ",");

        if (is_type) {
            char *name = strndup(string, length);

            if (!name)
                return -ENOMEM;
            free(kernel->args[a].type_name);
            kernel->args[a].type_name = name;
        } else {
            kernel->args[a].type_qualifiers = qualifiers_in(string, length);
        }
        string += length + (string[length] == ',');
    }
    return 0;
}

static int reflect(struct reflection *r) {
    struct spirv_walk walk = spirv_walk_start(r->words, r->count);
    int err = 0;

    while (!err && spirv_walk_next(&walk) && walk.opcode != SpvOpFunction)
        err = note_declaration(r, &walk);
    if (!err && walk.broken)
        err = -EINVAL;
    if (!err)
        err = note_functions(r);
    walk = spirv_walk_start(r->words, r->count);
    while (!err && spirv_walk_next(&walk) && walk.opcode != SpvOpFunction) {
        const char *string = walk.opcode == SpvOpString ? spirv_walk_string(&walk, 2, NULL) : NULL;

        if (string)
            err = note_string(r, string);
    }
    return err;
}

int visa_reflect(const uint32_t *words, size_t count, struct visa_kernel **kernels, size_t *kernel_count,
                 char *why, size_t why_size) {
    struct reflection r = {.words = words, .count = count, .pointer_size = 8};
    int err = -EINVAL;

    *kernels = NULL;
    *kernel_count = 0;
    if (count >= SPIRV_HEADER_WORDS && words[0] == SpvMagicNumber &&
        words[SPIRV_BOUND_WORD] <= SPIRV_MAX_BOUND) {
        r.bound = words[SPIRV_BOUND_WORD];
        r.ids = calloc(r.bound + 1, sizeof *r.ids);
        err = r.ids ? reflect(&r) : -ENOMEM;
        free(r.ids);
    }
    if (err) {
        snprintf(why, why_size, err == -ENOMEM ? "out of memory" : "this is no well-formed SPIR-V module");
        visa_kernels_free(r.kernels, r.kernel_count);
        return err;
    }
    *kernels = r.kernels;
    *kernel_count = r.kernel_count;
    return 0;
}
