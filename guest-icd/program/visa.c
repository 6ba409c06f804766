// SPDX-License-Identifier: MIT
#include "guest-icd/program/visa.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>

#include "guest-icd/api.h"
#include "guest-icd/program/scan.h"
#include "guest-icd/session/pool.h"
#include "svga-model/visa/apart/guest.h"
#include "svga-model/visa/query.h"

/* In front of an object's bytes when the application takes them as a binary. */
struct object_header {
    char magic[8];
    uint32_t version; /* VISA_GUEST_ABI */
    uint32_t type;    /* cl_program_binary_type */
};
static const char magic[8] = "TRLMVISA";

struct icd_visa {
    struct visa_module module;    /* of an executable */
    struct object_header *object; /* with the bytes behind it; NULL: none */
    size_t object_size;           /* with the header */
};

void icd_visa_free(struct icd_visa *visa) {
    if (!visa)
        return;
    visa_apart_module_free(&visa->module);
    free(visa->object);
    free(visa);
}

const struct visa_kernel *icd_visa_kernel(const struct icd_visa *visa, const char *name) {
    for (size_t i = 0; visa && i < visa->module.kernel_count; i++)
        if (strcmp(visa->module.kernels[i].name, name) == 0)
            return &visa->module.kernels[i];
    return NULL;
}

/* ---- what the devices take ---- */

static int ask(void *device, uint32_t param, size_t size, void *value, size_t *size_ret) {
    return icd_device_info(device, param, size, value, size_ret);
}

/* Keeps the words of `list` that are in `other` too, in place. */
static void intersect(char *list, const char *other) {
    char *out = list;
    for (char *p = list; *p;) {
        size_t n = strcspn(p, " ");
        char after = p[n];
        p[n] = '\0';
        bool common = n > 0 && visa_list_has(other, p);
        p[n] = after;
        if (common) {
            memmove(out, p, n);
            out += n;
            *out++ = ' ';
        }
        p += n + (after == ' ');
    }
    *out = '\0';
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* What all the devices take: one module is made for all. False when out of memory: nothing to free. */
static bool common_features(cl_uint count, const cl_device_id *devices, struct visa_device_features *out) {
    if (!visa_features_query(ask, devices[0], out))
        return false;
    for (cl_uint i = 1; i < count; i++) {
        struct visa_device_features other;
        if (!visa_features_query(ask, devices[i], &other)) {
            visa_features_free(out);
            return false;
        }
        intersect(out->extensions, other.extensions);
        intersect(out->c_features, other.c_features);
        out->f.device_version = least(out->f.device_version, other.f.device_version);
        out->f.c_version = least(out->f.c_version, other.f.c_version);
        out->f.c_version_max = least(out->f.c_version_max, other.f.c_version_max);
        out->f.images = out->f.images && other.f.images;
        visa_features_free(&other);
    }
    return true;
}

/* ---- compiling and linking ---- */

static struct icd_visa_result failed(cl_int code, const char *format, const char *what) {
    struct icd_visa_result r = {.code = code};
    if (asprintf(&r.log, format, what) < 0)
        r.log = NULL;
    return r;
}

/* The devices' features; an error with its log if they take no SPIR-V. */
static bool prepare(cl_uint count, const cl_device_id *devices, cl_int failure,
                    struct visa_device_features *features, struct icd_visa_result *r) {
    for (cl_uint i = 0; i < count; i++)
        if (devices[i]->target == 0) {
            size_t size;
            char *name = visa_query_bytes(ask, devices[i], CL_DEVICE_NAME, &size);
            *r = failed(
                failure,
                "TRILLIUM_IR=spirv cannot be used with device \"%s\": its driver takes no SPIR-V, or the "
                "host has no libtrillium-visa-host.so that can be loaded. \"trillium doctor\" on the host "
                "says which.\n",
                name ? name : "");
            free(name);
            return false;
        }
    if (!common_features(count, devices, features)) {
        *r = (struct icd_visa_result){.code = CL_OUT_OF_HOST_MEMORY};
        return false;
    }
    return true;
}

static cl_int code_of(enum visa_status status, cl_int failure, cl_int bad_options) {
    switch (status) {
    case VISA_OK:
        return CL_SUCCESS;
    case VISA_BUILD_FAILURE:
        return failure;
    case VISA_INVALID_OPTIONS:
        return bad_options;
    case VISA_INVALID_BINARY:
        return CL_INVALID_BINARY;
    default:
        return CL_OUT_OF_HOST_MEMORY;
    }
}

/* Puts an object's bytes behind the header. */
static bool keep_object(struct icd_visa *visa) {
    const struct visa_module *m = &visa->module;
    visa->object = malloc(sizeof *visa->object + m->size);
    if (!visa->object)
        return false;
    *visa->object = (struct object_header){
        .version = VISA_GUEST_ABI,
        .type = m->output == VISA_LIBRARY ? CL_PROGRAM_BINARY_TYPE_LIBRARY
                                          : CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT,
    };
    memcpy(visa->object->magic, magic, sizeof magic);
    memcpy(visa->object + 1, m->bytes, m->size);
    visa->object_size = sizeof *visa->object + m->size;
    return true;
}

/* Takes what the compiler made over into the program. */
static void keep(cl_program program, struct icd_visa *visa, struct icd_visa_result *r) {
    const struct visa_module *m = &visa->module;
    r->log = m->log && *m->log ? strdup(m->log) : NULL;
    r->compile_ns = m->timing.total_ns;
    if (r->code == CL_SUCCESS) {
        r->options = strdup(m->driver_options ? m->driver_options : "");
        if (!r->options || (m->bytes && !keep_object(visa)))
            r->code = CL_OUT_OF_HOST_MEMORY;
    }
    icd_visa_free(program->visa);
    program->visa = NULL;
    if (r->code == CL_SUCCESS)
        program->visa = visa;
    else
        icd_visa_free(visa);
}

static pthread_once_t kept_once = PTHREAD_ONCE_INIT;

/* Compiles are kept where their user's caches are; a program with another user's rights keeps none. */
static void keep_compiles(void) {
    const char *cache = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
    char path[PATH_MAX];
    int n = 0;

    if (!icd_session->settings.spirv_cache)
        return;
    if (cache && *cache == '/')
        n = snprintf(path, sizeof path, "%s/trillium/spirv", cache);
    else if (home && *home == '/' && home[1])
        n = snprintf(path, sizeof path, "%s/.cache/trillium/spirv", home);
    if (n > 0 && n < (int)sizeof path)
        visa_apart_keep_in(path);
}

/* Does the result depend on nothing but the request and the files? */
static bool is_closed(const struct icd_visa_source *source) {
    if (!source->files->bytes)
        return icd_scan_closed(source->text, source->size);
    return source->header_count == 0 && icd_scan_timeless(source->text, source->size) &&
           icd_scan_timeless(source->files->bytes, source->files->size);
}

struct icd_visa_result icd_visa_compile(cl_program program, cl_uint device_count, const cl_device_id *devices,
                                        const struct icd_visa_source *source) {
    struct visa_device_features features;
    struct icd_visa_result r = {0};
    cl_int failure = source->object ? CL_COMPILE_PROGRAM_FAILURE : CL_BUILD_PROGRAM_FAILURE;
    if (!prepare(device_count, devices, failure, &features, &r))
        return r;
    struct icd_visa *visa = calloc(1, sizeof *visa);
    struct visa_header *headers = calloc(source->header_count + 1u, sizeof *headers);
    if (visa && headers) {
        for (cl_uint i = 0; i < source->header_count; i++)
            headers[i] = (struct visa_header){source->header_names[i], source->headers[i]->source,
                                              source->headers[i]->source_size};
        struct visa_compile_request request = {
            .source = source->text,
            .source_size = strnlen(source->text, source->size), /* drivers take it for the end, too */
            .options = source->options,
            .dirs = source->dirs,
            .dir_count = source->dir_count,
            .output = source->object ? VISA_OBJECT : VISA_EXECUTABLE,
            .features = &features.f,
            .headers = headers,
            .header_count = source->header_count,
            .closed = is_closed(source),
            .files = source->files->bytes,
            .files_size = source->files->size,
            .same_files = source->same_files,
            .opaque = source->opaque,
        };
        pthread_once(&kept_once, keep_compiles);
        r.code = code_of(visa_apart_compile(&request, &visa->module), failure,
                         source->object ? CL_INVALID_COMPILER_OPTIONS : CL_INVALID_BUILD_OPTIONS);
        keep(program, visa, &r);
    } else {
        free(visa);
        r.code = CL_OUT_OF_HOST_MEMORY;
    }
    free(headers);
    visa_features_free(&features);
    return r;
}

struct icd_visa_result icd_visa_link(cl_program program, cl_uint device_count, const cl_device_id *devices,
                                     cl_uint input_count, const cl_program *inputs, const char *options) {
    struct visa_device_features features;
    struct icd_visa_result r = {0};
    if (!prepare(device_count, devices, CL_LINK_PROGRAM_FAILURE, &features, &r))
        return r;
    struct icd_visa *visa = calloc(1, sizeof *visa);
    struct visa_input *bytes = calloc(input_count, sizeof *bytes);
    if (visa && bytes) {
        for (cl_uint i = 0; i < input_count; i++) {
            const struct icd_visa *input = inputs[i]->visa;
            bytes[i] = (struct visa_input){input->object + 1, input->object_size - sizeof *input->object};
        }
        struct visa_link_request request = {
            .inputs = bytes, .input_count = input_count, .options = options, .features = &features.f};
        r.code = code_of(visa_apart_link(&request, &visa->module), CL_LINK_PROGRAM_FAILURE,
                         CL_INVALID_LINKER_OPTIONS);
        keep(program, visa, &r);
    } else {
        free(visa);
        r.code = CL_OUT_OF_HOST_MEMORY;
    }
    free(bytes);
    visa_features_free(&features);
    return r;
}

/* ---- shipping ---- */

static cl_int send_words(cl_program program, const struct visa_module *m) {
    struct icd_block block;
    struct icd_call call;
    uint64_t size = m->spirv_words * sizeof *m->spirv;
    cl_int r = icd_pool_alloc(size, &block);
    if (r != CL_SUCCESS)
        return r;
    memcpy(block.ptr, m->spirv, size);
    r = icd_call_begin(&call);
    if (r == CL_SUCCESS) {
        TR_SEND(icd_session->g, SET_SPIRV, set_spirv, NULL, .program = program->object.id, .slot = call.slot,
                .words = icd_block_span(&block, 0, size));
        r = icd_call_wait(&call);
    }
    if (!svga_guest_lost(icd_session->g))
        icd_pool_free(&block);
    return r;
}

cl_int icd_visa_ship(cl_program program) {
    if (program->object.id == 0) {
        uint32_t id = icd_id_alloc();
        if (id == 0)
            return icd_id_error();
        if (!TR_SEND(icd_session->g, CREATE_PROGRAM, create_program, NULL, .program = id,
                     .context = program->context->object.id, .slot = TR_NO_SLOT, .ir = TR_IR_SPIRV)) {
            icd_id_free(id);
            return icd_session_error();
        }
        program->object.id = id;
    }
    return send_words(program, &program->visa->module);
}

/* ---- objects as binaries ---- */

const void *icd_visa_object(const struct icd_visa *visa, size_t *size) {
    if (!visa || !visa->object)
        return NULL;
    *size = visa->object_size;
    return visa->object;
}

cl_program_binary_type icd_visa_object_type(const struct icd_visa *visa) {
    return visa->object->type;
}

bool icd_visa_is_object(const void *bytes, size_t size) {
    return size >= sizeof(struct object_header) && memcmp(bytes, magic, sizeof magic) == 0;
}

cl_int icd_visa_load_object(cl_program program, const void *bytes, size_t size) {
    struct object_header header;
    memcpy(&header, bytes, sizeof header);
    if (header.version != VISA_GUEST_ABI || (header.type != CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT &&
                                             header.type != CL_PROGRAM_BINARY_TYPE_LIBRARY))
        return CL_INVALID_BINARY;
    struct icd_visa *visa = calloc(1, sizeof *visa);
    if (!visa || !(visa->object = malloc(size))) {
        free(visa);
        return CL_OUT_OF_HOST_MEMORY;
    }
    memcpy(visa->object, bytes, size);
    visa->object_size = size;
    program->visa = visa;
    return CL_SUCCESS;
}
