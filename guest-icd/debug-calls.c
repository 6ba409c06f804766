// SPDX-License-Identifier: MIT
#include "guest-icd/debug-calls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/session/debug.h"

/* ---- what a call was given, as text ---- */

struct line {
    char text[1024];
    size_t size;
};

enum kind { NUMBER, TEXT, ADDRESS };

/* Texts are shown where the call takes one: names of functions and kernels, and build options. */
static void show(struct line *a, const char *name, enum kind kind, uint64_t value) {
    char *at = a->text + a->size;
    size_t room = sizeof a->text - a->size;
    const char *comma = a->size > 0 ? ", " : "";
    int n;

    if (value == 0 && kind != NUMBER)
        n = snprintf(at, room, "%s%s NULL", comma, name);
    else if (kind == TEXT)
        n = snprintf(at, room, "%s%s \"%.80s\"", comma, name, (const char *)(uintptr_t)value);
    else if (kind == NUMBER)
        n = snprintf(at, room, "%s%s %" PRId64, comma, name, (int64_t)value);
    else
        n = snprintf(at, room, "%s%s 0x%" PRIx64, comma, name, value);
    a->size += n > 0 && (size_t)n < room ? (size_t)n : 0;
}

#define KIND(x)                                                                                              \
    _Generic((x),                                                                                            \
        char: NUMBER,                                                                                        \
        int: NUMBER,                                                                                         \
        unsigned: NUMBER,                                                                                    \
        long: NUMBER,                                                                                        \
        unsigned long: NUMBER,                                                                               \
        long long: NUMBER,                                                                                   \
        unsigned long long: NUMBER,                                                                          \
        const char *: TEXT,                                                                                  \
        default: ADDRESS)
#define SHOW(x) show(&shown, #x, KIND(x), (uint64_t)(uintptr_t)(x));

/* EACH(a, b, c): SHOW(a) SHOW(b) SHOW(c), for up to 16. */
#define PARENS ()
#define RESCAN(...) RESCAN_A(RESCAN_A(RESCAN_A(RESCAN_A(__VA_ARGS__))))
#define RESCAN_A(...) RESCAN_B(RESCAN_B(RESCAN_B(RESCAN_B(__VA_ARGS__))))
#define RESCAN_B(...) __VA_ARGS__
#define EACH(...) __VA_OPT__(RESCAN(STEP(__VA_ARGS__)))
#define STEP(x, ...) SHOW(x) __VA_OPT__(AGAIN PARENS(__VA_ARGS__))
#define AGAIN() STEP

/* ---- the calls ---- */

#define SAY(Name, code, arguments)                                                                           \
    struct line shown = {.size = 0};                                                                         \
    EACH arguments icd_debug_call("cl" #Name, code, shown.text);

#define STATUS(WHERE, Name, parameters, arguments)                                                           \
    cl_int CL_API_CALL icd_debug_##Name parameters {                                                         \
        icd_debug_begin();                                                                                   \
        cl_int r = icd_##Name arguments;                                                                     \
        if (r != CL_SUCCESS) {                                                                               \
            SAY(Name, r, arguments)                                                                          \
        }                                                                                                    \
        return r;                                                                                            \
    }
#define OBJECT(WHERE, type, Name, parameters, arguments)                                                     \
    type CL_API_CALL icd_debug_##Name parameters {                                                           \
        cl_int *wanted = errcode_ret, r = CL_SUCCESS;                                                        \
        icd_debug_begin();                                                                                   \
        errcode_ret = &r;                                                                                    \
        type object = icd_##Name arguments;                                                                  \
        errcode_ret = wanted;                                                                                \
        if (wanted)                                                                                          \
            *wanted = r;                                                                                     \
        if (r != CL_SUCCESS) {                                                                               \
            SAY(Name, r, arguments)                                                                          \
        }                                                                                                    \
        return object;                                                                                       \
    }
#define POINTER(WHERE, Name, parameters, arguments)                                                          \
    void *CL_API_CALL icd_debug_##Name parameters {                                                          \
        icd_debug_begin();                                                                                   \
        void *pointer = icd_##Name arguments;                                                                \
        if (!pointer) {                                                                                      \
            SAY(Name, CL_SUCCESS, arguments)                                                                 \
        }                                                                                                    \
        return pointer;                                                                                      \
    }
#define NOTHING(WHERE, Name, parameters, arguments)                                                          \
    void CL_API_CALL icd_debug_##Name parameters {                                                           \
        icd_##Name arguments;                                                                                \
    }
#include "guest-icd/functions.def"
