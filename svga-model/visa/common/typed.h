// SPDX-License-Identifier: MIT
/*
 * Accesses to memory that tell by their type what they do not touch: C's rule that an `int` is no `float`, by which compilers take
 * loads out of loops that store something else.
 *
 * SPIR-V has no word for it, and another compiler's module may not keep the rule. So the guest names, among the extensions of the
 * source, that in this module each access to a number has its own type by that rule (none goes through a union or may alias), and
 * the host tells its compiler so. Consumers may ignore the name.
 */
#ifndef SVGA_MODEL_VISA_COMMON_TYPED_H
#define SVGA_MODEL_VISA_COMMON_TYPED_H

#define VISA_TYPED_ACCESSES "trillium_typed_accesses"

/* The named metadata that the SPIR-V translator makes OpSourceExtension of, and the other way round. */
#define VISA_USED_EXTENSIONS "opencl.used.extensions"

#endif
