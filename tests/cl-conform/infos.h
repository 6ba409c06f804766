// SPDX-License-Identifier: MIT
/* Asking one object for every parameter of a table, each with every combination of sizes and pointers. */
#ifndef TESTS_CL_CONFORM_INFOS_H
#define TESTS_CL_CONFORM_INFOS_H

#include "conform.h"

enum info_kind {
    INFO_UINT,    /* cl_uint, cl_bool and other 32-bit numbers */
    INFO_ULONG,   /* cl_ulong and 64-bit bitfields */
    INFO_SIZE,    /* size_t */
    INFO_SIZES,   /* an array of size_t */
    INFO_NUMBERS, /* an array of 64-bit numbers */
    INFO_STRING,
    INFO_HANDLE, /* an object or pointer: only whether it is NULL is shown */
    INFO_BYTES,  /* anything else: shown as a hash */
    INFO_LOOSE,  /* differs from run to run or between a guest and its host; shown as "~" */
};

struct info_row {
    cl_uint param;
    const char *name;
    enum info_kind kind;
};
#define INFO(param, kind)                                                                                    \
    { param, #param, INFO_##kind }

typedef cl_int (*info_call)(void *object, cl_uint param, size_t size, void *value, size_t *size_ret);

/* One "=" line per row: its value, or the error code. Rules of size and NULL are checked for each. */
void query_rows(info_call call, void *object, const struct info_row *rows, size_t count);
#define QUERY(call, object, rows) query_rows(call, object, rows, sizeof(rows) / sizeof((rows)[0]))

#endif
