// SPDX-License-Identifier: MIT
/*
 * Platforms: one for each platform of the host that has devices.
 */
#include <pthread.h>
#include <stdio.h>

#include "guest-icd/api.h"
#include "guest-icd/platform/extensions.h"
#include "guest-icd/platform/context.h"
#include "guest-icd/session/pool.h"
#include "guest-icd/session/session.h"

static struct svga_lock lock = SVGA_LOCK(ICD_LOCK_PLATFORMS); /* guards what follows until `known` is set */
static bool known;
static cl_platform_id *platforms;
static cl_uint platform_count;

/* ---- learning what the host has ---- */

static cl_platform_id platform_with_number(uint32_t number) {
    for (cl_uint i = 0; i < platform_count; i++)
        if (platforms[i]->number == number)
            return platforms[i];
    cl_platform_id p = calloc(1, sizeof *p);
    cl_platform_id *grown = realloc(platforms, (platform_count + 1) * sizeof *platforms);
    if (grown)
        platforms = grown;
    if (!p || !grown) {
        free(p);
        return NULL;
    }
    icd_object_init(&p->object, ICD_PLATFORM, 0);
    p->number = number;
    platforms[platform_count++] = p;
    return p;
}

static cl_int add_device(const struct tr_device_entry *entry) {
    cl_platform_id p = platform_with_number(entry->platform);
    if (!p)
        return CL_OUT_OF_HOST_MEMORY;
    cl_device_id *grown = realloc(p->devices, (p->device_count + 1) * sizeof *p->devices);
    if (!grown)
        return CL_OUT_OF_HOST_MEMORY;
    p->devices = grown;
    cl_int r = icd_device_new(p, NULL, entry, &p->devices[p->device_count]);
    if (r == CL_SUCCESS)
        p->device_count++;
    return r;
}

/* Asks for the list with room for `room` entries; *count is how many there are. */
static cl_int ask_devices(size_t room, struct icd_block *block, size_t *count) {
    struct icd_call call;
    cl_int r = icd_pool_alloc(room * sizeof(struct tr_device_entry), block);
    if (r != CL_SUCCESS)
        return r;
    r = icd_call_begin(&call);
    if (r != CL_SUCCESS)
        return r;
    TR_SEND(icd_session->g, ENUMERATE, enumerate, NULL, .slot = call.slot,
            .out = icd_block_span(block, 0, block->size));
    r = icd_call_wait(&call);
    *count = call.value / sizeof(struct tr_device_entry);
    return r;
}

static cl_int enumerate(void) {
    struct icd_block block;
    size_t room = 64, count = 0;
    for (;;) {
        cl_int r = ask_devices(room, &block, &count);
        if (r != CL_SUCCESS)
            return r;
        if (count <= room)
            break;
        icd_pool_free(&block);
        room = count;
    }
    cl_int r = CL_SUCCESS;
    for (size_t i = 0; i < count && r == CL_SUCCESS; i++)
        r = add_device((const struct tr_device_entry *)block.ptr + i);
    icd_pool_free(&block);
    return r;
}

/* Another thread of the parent's may have been at it; what was known stays. */
static void forked_child(void) {
    svga_lock_init(&lock, ICD_LOCK_PLATFORMS);
    if (!known)
        platform_count = 0;
}

static void watch_forks(void) {
    pthread_atfork(NULL, NULL, forked_child);
}

cl_int icd_platforms(cl_platform_id **out, cl_uint *count) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (!icd_session_get())
        return CL_PLATFORM_NOT_FOUND_KHR;
    pthread_once(&once, watch_forks);
    svga_lock_take(&lock);
    if (!known) {
        known = enumerate() == CL_SUCCESS;
        if (!known)
            platform_count = 0; /* the next look may go better */
    }
    *out = platforms;
    *count = platform_count;
    svga_lock_give(&lock);
    return *count > 0 ? CL_SUCCESS : CL_PLATFORM_NOT_FOUND_KHR;
}

cl_platform_id icd_platform_of(cl_platform_id platform) {
    cl_platform_id *all;
    cl_uint count;
    if (icd_platforms(&all, &count) != CL_SUCCESS)
        return NULL;
    if (!platform)
        return all[0];
    for (cl_uint i = 0; i < count; i++)
        if (all[i] == platform)
            return platform;
    return NULL;
}

static cl_int get_ids(cl_uint num_entries, cl_platform_id *out, cl_uint *num_platforms) {
    cl_platform_id *all;
    cl_uint count;
    if ((num_entries == 0 && out) || (!out && !num_platforms))
        return CL_INVALID_VALUE;
    cl_int r = icd_platforms(&all, &count);
    if (r != CL_SUCCESS)
        return r;
    for (cl_uint i = 0; out && i < num_entries && i < count; i++)
        out[i] = all[i];
    if (num_platforms)
        *num_platforms = count;
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_GetPlatformIDs(cl_uint num_entries, cl_platform_id *out, cl_uint *num_platforms) {
    return get_ids(num_entries, out, num_platforms);
}

cl_int CL_API_CALL icd_IcdGetPlatformIDsKHR(cl_uint num_entries, cl_platform_id *out,
                                            cl_uint *num_platforms) {
    return get_ids(num_entries, out, num_platforms);
}

/* ---- clGetPlatformInfo ---- */

/* "OpenCL 3.0 PoCL 3.1 Linux" becomes "OpenCL 3.0 PoCL 3.1 Linux, Trillium 1.0": programs look for their
 * driver's name and version right behind OpenCL's. NULL if memory is out. */
static char *version_string(const char *host) {
    const char *number = strchr(host, ' ');
    const char *rest = number ? strchr(number + 1, ' ') : NULL;
    size_t head = rest ? (size_t)(rest - host) : strlen(host);
    size_t tail = 0;
    char *text;
    if (rest) {
        rest += strspn(rest, " ");
        tail = strlen(rest);
    }
    int n = tail > 0
                ? asprintf(&text, "%.*s %s, Trillium %u.%u", (int)head, host, rest, TR_VERSION_MAJOR,
                           TR_VERSION_MINOR)
                : asprintf(&text, "%.*s Trillium %u.%u", (int)head, host, TR_VERSION_MAJOR, TR_VERSION_MINOR);
    return n < 0 ? NULL : text;
}

/* The host's answer as the guest gives it. Frees or hands on *bytes. */
static cl_int adapt(cl_platform_info param, void **bytes, size_t *size) {
    char *text = NULL;
    switch (param) {
    case CL_PLATFORM_VERSION:
        text = version_string(*bytes);
        break;
    case CL_PLATFORM_EXTENSIONS:
        text = icd_platform_extensions(*bytes);
        break;
    case CL_PLATFORM_EXTENSIONS_WITH_VERSION:
        return icd_platform_extensions_with_version(bytes, size);
    default:
        return CL_SUCCESS;
    }
    free(*bytes);
    *bytes = text;
    *size = text ? strlen(text) + 1 : 0;
    return text ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
}

cl_int CL_API_CALL icd_GetPlatformInfo(cl_platform_id platform, cl_platform_info param_name,
                                       size_t param_value_size, void *param_value,
                                       size_t *param_value_size_ret) {
    cl_platform_id p = icd_platform_of(platform);
    if (!p)
        return CL_INVALID_PLATFORM;
    if (param_name == CL_PLATFORM_ICD_SUFFIX_KHR)
        return ICD_INFO_STRING("TRLM");
    const struct icd_info_entry *e = icd_info_cache_find(&p->info, param_name);
    if (!e) {
        struct icd_query query = {.what = TR_INFO_PLATFORM, .object = p->number, .param = param_name};
        void *bytes = NULL;
        size_t size = 0;
        cl_int r = icd_query_alloc(&query, &bytes, &size);
        if (r == CL_SUCCESS)
            r = adapt(param_name, &bytes, &size);
        if (r != CL_SUCCESS)
            return r;
        e = icd_info_cache_add(&p->info, param_name, bytes, size);
        free(bytes);
        if (!e)
            return CL_OUT_OF_HOST_MEMORY;
    }
    return icd_info(e->bytes, e->size, param_value_size, param_value, param_value_size_ret);
}

cl_int CL_API_CALL icd_UnloadPlatformCompiler(cl_platform_id platform) {
    /* A hint; the host's compiler serves other guests too. */
    return icd_valid(platform, ICD_PLATFORM) ? CL_SUCCESS : CL_INVALID_PLATFORM;
}

cl_int CL_API_CALL icd_UnloadCompiler(void) {
    return CL_SUCCESS;
}

void *CL_API_CALL icd_GetExtensionFunctionAddressForPlatform(cl_platform_id platform,
                                                             const char *function_name) {
    return icd_valid(platform, ICD_PLATFORM) ? icd_function_address(function_name) : NULL;
}
