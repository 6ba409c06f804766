// SPDX-License-Identifier: MIT
/*
 * The dispatch table, which the loader calls through a handle's first member, and the addresses of extension
 * functions: each in two versions, the second of which says why calls fail.
 */
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/debug-calls.h"
#include "guest-icd/command/recording.h"
#include "guest-icd/session/object.h"

/* ---- the dispatch tables ---- */

#define STATUS(WHERE, Name, parameters, arguments) WHERE(Name)
#define OBJECT(WHERE, type, Name, parameters, arguments) WHERE(Name)
#define POINTER(WHERE, Name, parameters, arguments) WHERE(Name)
#define NOTHING(WHERE, Name, parameters, arguments) WHERE(Name)
#define DISPATCH(Name) .cl##Name = icd_##Name,
#define BOTH(Name) DISPATCH(Name)
#define ADDRESS(Name)
#define RECORDING(Name)
static const struct _cl_icd_dispatch plain = {
#include "guest-icd/functions.def"
};

#define STATUS(WHERE, Name, parameters, arguments) WHERE(Name)
#define OBJECT(WHERE, type, Name, parameters, arguments) WHERE(Name)
#define POINTER(WHERE, Name, parameters, arguments) WHERE(Name)
#define NOTHING(WHERE, Name, parameters, arguments) WHERE(Name)
#undef DISPATCH
#define DISPATCH(Name) .cl##Name = icd_debug_##Name,
static const struct _cl_icd_dispatch talkative = {
#include "guest-icd/functions.def"
};

const struct _cl_icd_dispatch *icd_dispatch = &plain;

void icd_choose_calls(bool debug) {
    icd_dispatch = debug ? &talkative : &plain;
}

/* ---- the addresses ---- */

#undef DISPATCH
#undef BOTH
#undef ADDRESS
#undef RECORDING
#define STATUS(WHERE, Name, parameters, arguments) WHERE(Name)
#define OBJECT(WHERE, type, Name, parameters, arguments) WHERE(Name)
#define ALIAS(Name, Other) {"cl" #Name, icd_##Other, icd_debug_##Other},
#define DISPATCH(Name)
#define BOTH(Name) {"cl" #Name, icd_##Name, icd_debug_##Name},
#define ADDRESS(Name) BOTH(Name)
#define RECORDING(Name) {"cl" #Name, icd_either_##Name, icd_either_##Name},
static const struct {
    const char *name;
    void *plain, *talkative;
} addresses[] = {
#include "guest-icd/functions.def"
};

void *icd_function_address(const char *name) {
    for (size_t i = 0; name && i < sizeof addresses / sizeof addresses[0]; i++)
        if (strcmp(name, addresses[i].name) == 0)
            return icd_dispatch == &talkative ? addresses[i].talkative : addresses[i].plain;
    return NULL;
}

void *CL_API_CALL icd_GetExtensionFunctionAddress(const char *function_name) {
    return icd_function_address(function_name);
}
