// SPDX-License-Identifier: MIT
/*
 * Kernels as clang's metadata describes them: what clGetKernelInfo and clGetKernelArgInfo answer, and what
 * clSetKernelArg is checked against. SPIR-V would lose most of it.
 */
#include "svga-model/visa/guest/frontend.h"
#include "svga-model/visa/llvm_compat.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Metadata.h"

#include <cstdlib>
#include <cstring>

namespace {

enum {
    ADDRESS_GLOBAL = 0x119B,
    ADDRESS_LOCAL = 0x119C,
    ADDRESS_CONSTANT = 0x119D,
    ADDRESS_PRIVATE = 0x119E,
    ACCESS_READ_ONLY = 0x11A0,
    ACCESS_WRITE_ONLY = 0x11A1,
    ACCESS_READ_WRITE = 0x11A2,
    ACCESS_NONE = 0x11A3,
    TYPE_CONST = 1,
    TYPE_RESTRICT = 2,
    TYPE_VOLATILE = 4,
    TYPE_PIPE = 8,
};

llvm::StringRef metadata_string(const llvm::Function &kernel, const char *kind, unsigned index) {
    const llvm::MDNode *node = kernel.getMetadata(kind);
    const llvm::MDString *string = node && index < node->getNumOperands()
                                       ? llvm::dyn_cast<llvm::MDString>(node->getOperand(index))
                                       : nullptr;

    return string ? string->getString() : "";
}

uint64_t metadata_number(const llvm::Function &kernel, const char *kind, unsigned index) {
    const llvm::MDNode *node = kernel.getMetadata(kind);
    const auto *value = node && index < node->getNumOperands()
                            ? llvm::mdconst::dyn_extract<llvm::ConstantInt>(node->getOperand(index))
                            : nullptr;

    return value ? value->getZExtValue() : 0;
}

char *copy_string(llvm::StringRef string) {
    return strndup(string.data() ? string.data() : "", string.size());
}

uint32_t address_qualifier(uint64_t address_space) {
    switch (address_space) {
    case 1:
        return ADDRESS_GLOBAL;
    case 2:
        return ADDRESS_CONSTANT;
    case 3:
        return ADDRESS_LOCAL;
    default:
        return ADDRESS_PRIVATE;
    }
}

uint32_t access_qualifier(llvm::StringRef name) {
    if (name == "read_only" || name == "__read_only")
        return ACCESS_READ_ONLY;
    if (name == "write_only" || name == "__write_only")
        return ACCESS_WRITE_ONLY;
    if (name == "read_write" || name == "__read_write")
        return ACCESS_READ_WRITE;
    return ACCESS_NONE;
}

uint64_t type_qualifiers(llvm::StringRef names) {
    return (names.contains("const") ? TYPE_CONST : 0) | (names.contains("restrict") ? TYPE_RESTRICT : 0) |
           (names.contains("volatile") ? TYPE_VOLATILE : 0) | (names.contains("pipe") ? TYPE_PIPE : 0);
}

/* The kind of an argument that clang lowered to one of OpenCL's opaque types. */
bool opaque_kind(llvm::Type *type, uint32_t *kind) {
    std::string name = visa::opencl_type_name(type);

    if (visa::starts_with(name, "image"))
        *kind = VISA_ARG_IMAGE;
    else if (visa::starts_with(name, "sampler"))
        *kind = VISA_ARG_SAMPLER;
    else if (visa::starts_with(name, "pipe"))
        *kind = VISA_ARG_PIPE;
    else if (visa::starts_with(name, "queue"))
        *kind = VISA_ARG_QUEUE;
    else
        return false;
    return true;
}

bool describe_argument(const llvm::Argument &argument, visa_arg *out) {
    const llvm::Function &kernel = *argument.getParent();
    const llvm::DataLayout &layout = kernel.getParent()->getDataLayout();
    unsigned index = argument.getArgNo();
    uint64_t address_space = metadata_number(kernel, "kernel_arg_addr_space", index);

    out->address_qualifier = address_qualifier(address_space);
    out->access_qualifier = access_qualifier(metadata_string(kernel, "kernel_arg_access_qual", index));
    out->type_qualifiers = type_qualifiers(metadata_string(kernel, "kernel_arg_type_qual", index));
    out->type_name = copy_string(metadata_string(kernel, "kernel_arg_type", index));
    out->name = copy_string(metadata_string(kernel, "kernel_arg_name", index));
    out->size = layout.getPointerSize();
    if (opaque_kind(argument.getType(), &out->kind)) {
        out->address_qualifier =
            out->kind == VISA_ARG_IMAGE || out->kind == VISA_ARG_PIPE ? ADDRESS_GLOBAL : ADDRESS_PRIVATE;
    } else if (argument.hasByValAttr()) {
        out->kind = VISA_ARG_VALUE;
        out->size = (uint32_t)layout.getTypeAllocSize(argument.getParamByValType());
    } else if (argument.getType()->isPointerTy()) {
        out->kind = address_space == 3 ? VISA_ARG_LOCAL : VISA_ARG_POINTER;
    } else {
        out->kind = VISA_ARG_VALUE;
        out->size = (uint32_t)layout.getTypeAllocSize(argument.getType());
    }
    return out->type_name && out->name;
}

std::string vec_type_name(const llvm::Function &kernel) {
    const llvm::MDNode *node = kernel.getMetadata("vec_type_hint");
    const auto *value = node ? llvm::dyn_cast<llvm::ValueAsMetadata>(node->getOperand(0)) : nullptr;
    bool is_signed = metadata_number(kernel, "vec_type_hint", 1);
    std::string name, width;
    llvm::Type *type;

    if (!value)
        return "";
    type = value->getType();
    if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
        width = std::to_string(vector->getNumElements());
        type = vector->getElementType();
    }
    if (type->isFloatTy())
        name = "float";
    else if (type->isDoubleTy())
        name = "double";
    else if (type->isHalfTy())
        name = "half";
    else if (type->isIntegerTy(8))
        name = is_signed ? "char" : "uchar";
    else if (type->isIntegerTy(16))
        name = is_signed ? "short" : "ushort";
    else if (type->isIntegerTy(32))
        name = is_signed ? "int" : "uint";
    else if (type->isIntegerTy(64))
        name = is_signed ? "long" : "ulong";
    else
        return "";
    return name + width;
}

void add_attribute(std::string &attributes, const std::string &attribute) {
    attributes += (attributes.empty() ? "" : " ") + attribute;
}

void describe_sizes(const llvm::Function &kernel, const char *kind, uint32_t sizes[3],
                    std::string &attributes) {
    if (!kernel.getMetadata(kind))
        return;
    for (unsigned i = 0; i < 3; i++)
        sizes[i] = (uint32_t)metadata_number(kernel, kind, i);
    add_attribute(attributes, std::string(kind) + "(" + std::to_string(sizes[0]) + "," +
                                  std::to_string(sizes[1]) + "," + std::to_string(sizes[2]) + ")");
}

/* Only kernels may declare __local variables; clang makes them globals named "KERNEL.VARIABLE". */
uint64_t local_size(const llvm::Function &kernel) {
    const llvm::Module &module = *kernel.getParent();
    std::string prefix = kernel.getName().str() + ".";
    uint64_t size = 0;

    for (const llvm::GlobalVariable &variable : module.globals()) {
        if (variable.getAddressSpace() == 3 && visa::starts_with(variable.getName(), prefix))
            size += module.getDataLayout().getTypeAllocSize(variable.getValueType());
    }
    return size;
}

bool describe_kernel(const llvm::Function &kernel, visa_kernel *out) {
    std::string attributes, hint = vec_type_name(kernel);

    describe_sizes(kernel, "reqd_work_group_size", out->reqd_work_group_size, attributes);
    describe_sizes(kernel, "work_group_size_hint", out->work_group_size_hint, attributes);
    if (!hint.empty())
        add_attribute(attributes, "vec_type_hint(" + hint + ")");
    out->local_size = local_size(kernel);
    out->name = copy_string(kernel.getName());
    out->attributes = copy_string(attributes);
    out->args = (visa_arg *)calloc(kernel.arg_size() + 1, sizeof *out->args);
    if (!out->name || !out->attributes || !out->args)
        return false;
    for (const llvm::Argument &argument : kernel.args()) {
        if (!describe_argument(argument, &out->args[out->arg_count++]))
            return false;
    }
    return true;
}

} // namespace

bool visa::describe_kernels(const llvm::Module &module, visa_kernel **kernels, size_t *count) {
    std::vector<const llvm::Function *> found;

    *count = 0;
    for (const llvm::Function &function : module) {
        if (function.getCallingConv() == llvm::CallingConv::SPIR_KERNEL && !function.isDeclaration())
            found.push_back(&function);
    }
    *kernels = (visa_kernel *)calloc(found.size() + 1, sizeof **kernels);
    if (!*kernels)
        return false;
    for (const llvm::Function *kernel : found) {
        if (!describe_kernel(*kernel, &(*kernels)[(*count)++]))
            return false;
    }
    return true;
}
