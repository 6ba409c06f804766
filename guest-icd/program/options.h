// SPDX-License-Identifier: MIT
/*
 * Build options, so far as the guest itself has to know them. What is wrong with them is the compiler's to
 * find.
 */
#ifndef GUEST_ICD_PROGRAM_OPTIONS_H
#define GUEST_ICD_PROGRAM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct icd_options {
    char **dirs; /* of -I, in order */
    size_t dir_count;
    char *rest;          /* the options without -I: those folders are the guest's */
    unsigned cl_std;     /* -cl-std: 12, 20, 30; 0: not given */
    bool uniform;        /* -cl-uniform-work-group-size */
    bool create_library; /* -create-library */
    bool arg_info;       /* -cl-kernel-arg-info */
};

/* NULL is "". False if memory is out. */
bool icd_options_parse(const char *options, struct icd_options *out);
void icd_options_free(struct icd_options *options);

#endif
