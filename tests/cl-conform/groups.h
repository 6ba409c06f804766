// SPDX-License-Identifier: MIT
/* All groups of cases, in the order in which they run, and the parts of cl-conform that are not cases. */
#ifndef TESTS_E2E_GROUPS_H
#define TESTS_E2E_GROUPS_H

#include "conform.h"

extern const struct test_group *const all_groups[]; /* ends with NULL */

/* Prints "PASS|FAIL|SKIP|SAME label.group.case" for each case of the two transcripts, differences below a FAIL.
 * Returns 0 if nothing failed, 1 if something did, 2 if a file could not be read. */
int compare_transcripts(const char *native_path, const char *guest_path, const char *label,
                        bool other_compiler);

#endif
