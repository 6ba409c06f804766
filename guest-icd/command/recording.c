// SPDX-License-Identifier: MIT
#include "guest-icd/command/recording.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/command/mutable-command.h"
#include "guest-icd/debug-calls.h"
#include "guest-icd/memory/svm.h"
#include "guest-icd/session/session.h"

/* Is it a memory object? A list of properties has at least one word, and that is no address of ours. A fill's pattern may be
 * shorter, which a sanitizer would mind; an aligned word that starts where there is something lies on one page with it. */
__attribute__((no_sanitize("address"))) static bool is_mem(icd_word word) {
    const struct icd_object *object = (const struct icd_object *)word;
    return object && word % _Alignof(struct icd_object) == 0 && object->dispatch == icd_dispatch;
}

/* Is it a call of the older signature, which has a memory object in the third place? The newer one has one in the
 * fourth, unless it fails anyway. */
static bool is_older(icd_word third, icd_word fourth) {
    return is_mem(third) || !is_mem(fourth);
}

static bool is_svm(icd_word word) {
    struct tr_span span;
    return word && icd_svm_find((const void *)word, 1, &span);
}

enum { LOWEST_ADDRESS = 65536 }; /* Linux maps nothing below */

/*
 * A barrier of the older signature: (.., count, list, point, handle); of the newer one: (.., properties, count,
 * list, point, handle). A count is smaller than any address. Where nothing is waited for and there are no
 * properties both start with two zeros; what is then in the place of the newer one's point is taken for that,
 * since the older one's handle must be NULL.
 */
static bool is_older_barrier(const icd_word w[7]) {
    cl_uint first = (cl_uint)w[2];
    if (first == 0)
        return (cl_uint)w[3] == 0 && (w[4] != 0 || w[5] == 0);
    return w[2] < LOWEST_ADDRESS || (first < LOWEST_ADDRESS && w[3] >= LOWEST_ADDRESS);
}

/* Words of the older signature get a list of properties. */
static void make_newer(icd_word *w, size_t count, bool older) {
    if (!older)
        return;
    memmove(&w[3], &w[2], (count - 3) * sizeof *w);
    w[2] = 0;
}

/* Reads one word more than some callers have put there: a sanitizer would mind. */
#define WORDS __attribute__((no_sanitize("address"))) cl_int CL_API_CALL

/* The arguments as words. */
#define TAKE(count)                                                                                          \
    icd_word w[count] = {command_buffer, command_queue};                                                     \
    va_list list;                                                                                            \
    va_start(list, command_queue);                                                                           \
    for (size_t i = 2; i < (count); i++)                                                                     \
        w[i] = va_arg(list, icd_word);                                                                       \
    va_end(list)
#define BUFFER (cl_command_buffer_khr) w[0], (cl_command_queue)w[1], (const cl_properties *)w[2]
#define POINTS(i)                                                                                            \
    (cl_uint) w[i], (const cl_sync_point_khr *)w[(i) + 1], (cl_sync_point_khr *)w[(i) + 2],                  \
        (cl_mutable_command_khr *)w[(i) + 3]
#define MEM(i) (cl_mem) w[i]
#define SIZES(i) (const size_t *)w[i]

/* The call of the newer signature with these arguments. */
#define CALL(Name, ...)                                                                                      \
    (icd_session && icd_session->settings.debug ? icd_debug_##Name(__VA_ARGS__) : icd_##Name(__VA_ARGS__))

WORDS icd_either_CommandBarrierWithWaitListKHR(icd_word command_buffer, icd_word command_queue, ...) {
    TAKE(7);
    make_newer(w, 7, is_older_barrier(w));
    return CALL(CommandBarrierWithWaitListKHR, BUFFER, POINTS(3));
}

WORDS icd_either_CommandCopyBufferKHR(icd_word command_buffer, icd_word command_queue, ...) {
    TAKE(12);
    make_newer(w, 12, is_older(w[2], w[3]));
    return CALL(CommandCopyBufferKHR, BUFFER, MEM(3), MEM(4), w[5], w[6], w[7], POINTS(8));
}

WORDS icd_either_CommandCopyBufferRectKHR(icd_word command_buffer, icd_word command_queue, ...) {
    TAKE(16);
    make_newer(w, 16, is_older(w[2], w[3]));
    return CALL(CommandCopyBufferRectKHR, BUFFER, MEM(3), MEM(4), SIZES(5), SIZES(6), SIZES(7), w[8], w[9],
                w[10], w[11], POINTS(12));
}

WORDS icd_either_CommandCopyBufferToImageKHR(icd_word command_buffer, icd_word command_queue, ...) {
    TAKE(12);
    make_newer(w, 12, is_older(w[2], w[3]));
    return CALL(CommandCopyBufferToImageKHR, BUFFER, MEM(3), MEM(4), w[5], SIZES(6), SIZES(7), POINTS(8));
}

WORDS icd_either_CommandCopyImageKHR(icd_word command_buffer, icd_word command_queue, ...) {
    TAKE(12);
    make_newer(w, 12, is_older(w[2], w[3]));
    return CALL(CommandCopyImageKHR, BUFFER, MEM(3), MEM(4), SIZES(5), SIZES(6), SIZES(7), POINTS(8));
}

WORDS icd_either_CommandCopyImageToBufferKHR(icd_word command_buffer, icd_word command_queue, ...) {
    TAKE(12);
    make_newer(w, 12, is_older(w[2], w[3]));
    return CALL(CommandCopyImageToBufferKHR, BUFFER, MEM(3), MEM(4), SIZES(5), SIZES(6), w[7], POINTS(8));
}

WORDS icd_either_CommandFillBufferKHR(icd_word command_buffer, icd_word command_queue, ...) {
    TAKE(12);
    make_newer(w, 12, is_older(w[2], w[3]));
    return CALL(CommandFillBufferKHR, BUFFER, MEM(3), (const void *)w[4], w[5], w[6], w[7], POINTS(8));
}

WORDS icd_either_CommandFillImageKHR(icd_word command_buffer, icd_word command_queue, ...) {
    TAKE(11);
    make_newer(w, 11, is_older(w[2], w[3]));
    return CALL(CommandFillImageKHR, BUFFER, MEM(3), (const void *)w[4], SIZES(5), SIZES(6), POINTS(7));
}

WORDS icd_either_CommandSVMMemcpyKHR(icd_word command_buffer, icd_word command_queue, ...) {
    TAKE(10);
    make_newer(w, 10, is_svm(w[2]) || !is_svm(w[3]));
    return CALL(CommandSVMMemcpyKHR, BUFFER, (void *)w[3], (const void *)w[4], w[5], POINTS(6));
}

WORDS icd_either_CommandSVMMemFillKHR(icd_word command_buffer, icd_word command_queue, ...) {
    TAKE(11);
    make_newer(w, 11, is_svm(w[2]) || !is_svm(w[3]));
    return CALL(CommandSVMMemFillKHR, BUFFER, (void *)w[3], (const void *)w[4], w[5], w[6], POINTS(7));
}

/* ---- updates ---- */

struct older_config {
    cl_uint type; /* CL_STRUCTURE_TYPE_MUTABLE_DISPATCH_CONFIG_KHR, which was 1 */
    const void *next;
    struct icd_mutable_config config;
};

struct older_base {
    cl_uint type; /* CL_STRUCTURE_TYPE_MUTABLE_BASE_CONFIG_KHR: 0 */
    const void *next;
    cl_uint count;
    const struct older_config *list;
};

static cl_int update_older(cl_command_buffer_khr b, const struct older_base *base) {
    if (!icd_valid(b, ICD_COMMAND_BUFFER))
        return CL_INVALID_COMMAND_BUFFER_KHR;
    if (base->type != 0 || base->next || (base->count == 0) != (base->list == NULL))
        return CL_INVALID_VALUE;
    cl_uint *types = calloc(base->count + (size_t)1, sizeof *types);
    const void **configs = calloc(base->count + (size_t)1, sizeof *configs);
    cl_int r = types && configs ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
    for (cl_uint i = 0; r == CL_SUCCESS && i < base->count; i++) {
        if (base->list[i].type != 1 || base->list[i].next)
            r = CL_INVALID_VALUE;
        configs[i] = &base->list[i].config;
    }
    if (r == CL_SUCCESS)
        r = CALL(UpdateMutableCommandsKHR, b, base->count, base->count > 0 ? types : NULL,
                 base->count > 0 ? configs : NULL);
    free(types);
    free(configs);
    return r;
}

cl_int CL_API_CALL icd_either_UpdateMutableCommandsKHR(icd_word command_buffer, icd_word second,
                                                       icd_word types, icd_word configs) {
    cl_command_buffer_khr b = (cl_command_buffer_khr)command_buffer;
    if (second >= LOWEST_ADDRESS)
        return update_older(b, (const struct older_base *)second);
    return CALL(UpdateMutableCommandsKHR, b, (cl_uint)second, (const cl_uint *)types, (const void **)configs);
}
