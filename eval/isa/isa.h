// SPDX-License-Identifier: MIT
/*
 * Which virtual ISA do programs need? Folders of OpenCL C are compiled to SPIR-V as the baseline's guest does it, and what the
 * modules consist of is counted: instructions, capabilities, extended instructions, builtin variables.
 */
#ifndef EVAL_ISA_ISA_H
#define EVAL_ISA_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum isa_kind { ISA_INSTRUCTION, ISA_CAPABILITY, ISA_EXTENDED, ISA_BUILTIN, ISA_KINDS };
extern const char *const isa_kinds[ISA_KINDS];

enum { ISA_PARTS = 2048, ISA_PROGRAMS = 512 };

/* One thing that a virtual ISA has or lacks. */
struct isa_part {
    enum isa_kind kind;
    uint32_t number;
    uint64_t times;                 /* in all modules */
    uint8_t used[ISA_PROGRAMS / 8]; /* by which programs, a bit each */
    double weight;                  /* of the programs that use it, of 1 */
    bool lacking;                   /* the baseline's list of what modules may consist of does not have it */
};

/* A package: all the sources of one folder below the one that was given, or one source right in it. */
struct isa_program {
    char name[128];
    double weight; /* of 1 */
    int sources, failed;
    char refused[160]; /* what the baseline's host says to a module of it; "" if it takes all */
};

struct isa {
    struct isa_part parts[ISA_PARTS];
    int part_count;
    struct isa_program programs[ISA_PROGRAMS];
    int program_count;
    int sources, failed;
};

/* ---- count.c ---- */

/* Counts a module (SPIR-V words, whole) as the program's. false: it is no SPIR-V, or there is no room. */
bool isa_count(struct isa *isa, int program, const uint32_t *words, size_t count);
bool isa_uses(const struct isa_part *part, int program);
/* Weighs parts by the programs that use them, and sorts them: the ones that most need first. */
void isa_order(struct isa *isa);
/* The share of programs, by weight, that need nothing but the first `n` parts in that order. */
double isa_covered(const struct isa *isa, int n);

/* ---- names.c ---- */

/* What the SPIR-V registry's grammar calls it, where the machine has that (package spirv-headers); else its number. */
const char *isa_name(enum isa_kind kind, uint32_t number, char out[64]);

#endif
