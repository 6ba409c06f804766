// SPDX-License-Identifier: MIT
#include "host-backend/worker/seen.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host-backend/worker/deadline.h"
#include "host-backend/worker/facts.h"
#include "host-backend/worker/ir.h"
#include "host-backend/worker/own-cache.h"
#include "host-backend/worker/program.h"
#include "host-backend/worker/seen-key.h"

enum {
    MAX_SHARED = 64, /* programs kept for the session's sake; the oldest goes */
    MAX_LOG = 1 << 20,
    NOTHING_SECONDS = 2, /* for an end at which nothing is stored */
    GROWN_MAX = 4 << 20, /* bytes of a binary up to which it grows: all of it is loaded at each start */
};

/* A build that succeeded in this session. */
struct entry {
    struct entry *next;
    struct context *context; /* referenced */
    uint32_t ir_kind;
    struct ir *ir;    /* referenced */
    struct ir *files; /* referenced; NULL: none */
    char *options;
    struct driver_device **devices;
    uint32_t device_count;
    cl_program cl;       /* retained, built */
    struct facts *facts; /* referenced; NULL: the driver knows them itself */
    bool shareable;      /* has no variables of its own */
    bool stored;         /* it is in the cache already, */
    bool loaded;         /* and came from there */
    bool devices_given;
    struct session *session;
};

struct seen {
    struct store_asker *store;
    pthread_mutex_t lock;  /* guards the list */
    struct entry *entries; /* newest first */
    unsigned count;
    struct own_cache_growth growth; /* noted when something was loaded or built; under `lock`, too */
};

struct seen *seen_open(struct store_asker *store) {
    struct seen *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->store = store;
    return s;
}

static struct ir *ir_of(const struct program *p) {
    return p->ir == TR_IR_SPIRV ? p->module : p->ir == TR_IR_SOURCE ? p->source : NULL;
}

static bool has(const struct ir *ir, const char *word) {
    return ir && memmem(ir->bytes, ir->size, word, strlen(word));
}

/* May a directive's word, or what asks for a file, stand behind this character, the last one that is no blank? "#", "%:" or the
 * trigraph, a comment's end between it and the word, __has_include; a blank of Unicode. */
static bool may_lead(char c) {
    return c == '#' || c == ':' || c == '=' || c == '/' || c == '_' || (unsigned char)c >= 0x80;
}

/* Could this source include a file? Not by the letters of "include" alone: lines may be spliced within the word
 * (a backslash, or its trigraph, before the end of a line), and a macro cannot make the directive. Words of comments
 * alone do nothing, and are frequent. */
static bool may_include(const struct ir *source) {
    static const char word[] = "include";
    size_t matched = 0;
    char last = 0, before = 0; /* no blanks: so far, and in front of what has matched */

    for (const char *at = source->bytes, *end = at + source->size; at < end; at++) {
        const char *next = *at == '\\' ? at + 1
                           : end - at > 3 && memcmp(at,
                                                    "?"
                                                    "?/",
                                                    3) == 0
                               ? at + 3
                               : NULL;
        if (next) {
            while (next < end && *next != '\n' && isspace((unsigned char)*next)) /* clang allows blanks */
                next++;
            if (next < end && *next == '\n') {
                at = next;
                continue;
            }
        }
        matched = *at == word[matched] ? matched + 1 : *at == word[0];
        if (matched == 1)
            before = last;
        if (word[matched] == '\0') {
            if (may_lead(before))
                return true;
            matched = 0;
        }
        if (!isspace((unsigned char)*at))
            last = *at;
    }
    return has(source, "embed") || has(source, "incbin") || has(source, "import");
}

/* Does the result depend on the IR, the files and the options alone? */
static bool is_self_contained(const struct build *b) {
    const struct program *p = b->program;
    if (strstr(b->options, "-I"))
        return false;
    if (p->ir != TR_IR_SOURCE)
        return true;
    bool dated = has(p->source, "__DATE__") || has(p->source, "__TIME__") || has(b->files, "__DATE__") ||
                 has(b->files, "__TIME__");
    return !dated && (b->files || !may_include(p->source)) && strlen(p->source->bytes) == p->source->size;
}

static void entry_free(struct entry *e) {
    if (!e)
        return;
    if (e->cl)
        clReleaseProgram(e->cl);
    facts_unref(e->facts);
    object_unref(e->context);
    ir_unref(e->ir);
    ir_unref(e->files);
    free(e->options);
    free(e->devices);
    free(e);
}

/* ---- in the session ---- */

static bool same_bytes(const struct ir *a, const struct ir *b) {
    return a == b || (a && b && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0);
}

static bool matches(const struct entry *e, const struct build *b) {
    const struct program *p = b->program;
    const struct ir *ir = ir_of(p);
    return e->shareable && e->context == p->context && e->ir_kind == p->ir &&
           e->device_count == b->device_count &&
           memcmp(e->devices, b->devices, e->device_count * sizeof *e->devices) == 0 &&
           strcmp(e->options, b->options) == 0 && same_bytes(e->ir, ir) && same_bytes(e->files, b->files);
}

static bool share(struct seen *s, struct build *b) {
    struct facts *facts = NULL;
    cl_program cl = NULL;

    pthread_mutex_lock(&s->lock);
    for (struct entry *e = s->entries; e && !cl; e = e->next) {
        if (matches(e, b) && clRetainProgram(e->cl) == CL_SUCCESS) {
            cl = e->cl;
            facts = facts_ref(e->facts);
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (!cl)
        return false;
    program_replace(b->program, cl, facts);
    facts_unref(facts);
    program_set_log(b->program, CL_BUILD_NONE, NULL);
    return true;
}

/* Two programs that share the driver's must not share variables. A driver that cannot tell how large they are
 * has none. */
static bool has_variables(const struct build *b) {
    for (uint32_t i = 0; i < b->device_count; i++) {
        size_t size = 0;
        if (clGetProgramBuildInfo(b->program->cl, b->devices[i]->id,
                                  CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE, sizeof size, &size,
                                  NULL) == CL_SUCCESS &&
            size > 0)
            return true;
    }
    return false;
}

/* ---- in the cache ---- */

static struct cache_digest key_of(uint32_t ir_kind, const struct ir *ir, const struct ir *files,
                                  const char *options, const struct driver_device *d) {
    return seen_key("trillium build 10", ir_kind, ir, files, options, d);
}

/* An entry's data: this, the log, the facts, the binary. */
struct entry_head {
    uint32_t log_size, facts_size;
};

struct cached {
    void *data;
    const char *log, *facts;
    struct entry_head head;
    const unsigned char *binary;
    size_t binary_size;
};

static bool get(struct seen *s, const struct build *b, const struct driver_device *d, struct cached *out) {
    struct cache_digest key = key_of(b->program->ir, ir_of(b->program), b->files, b->options, d);
    size_t size = 0;

    *out = (struct cached){0};
    if (!store_get(s->store, &key, &out->data, &size) || size < sizeof out->head)
        return false;
    memcpy(&out->head, out->data, sizeof out->head);
    size -= sizeof out->head;
    if (out->head.log_size > size || out->head.facts_size > size - out->head.log_size)
        return false;
    out->log = (const char *)out->data + sizeof out->head;
    out->facts = out->log + out->head.log_size;
    out->binary = (const unsigned char *)out->facts + out->head.facts_size;
    out->binary_size = size - out->head.log_size - out->head.facts_size;
    return true;
}

/* Builds from binaries. False if the driver does not want them. */
static bool build_from(struct build *b, const struct cached *cached) {
    cl_device_id devices[DRIVER_MAX_DEVICES];
    size_t *sizes = calloc(b->device_count, sizeof *sizes);
    const unsigned char **binaries = calloc(b->device_count, sizeof *binaries);
    struct deadline deadline;
    cl_program cl = NULL;
    cl_int r = CL_OUT_OF_HOST_MEMORY;

    for (uint32_t i = 0; sizes && binaries && i < b->device_count; i++) {
        devices[i] = b->devices[i]->id;
        sizes[i] = cached[i].binary_size;
        binaries[i] = cached[i].binary;
    }
    if (sizes && binaries)
        cl = clCreateProgramWithBinary(b->program->context->cl, b->device_count, devices, sizes, binaries,
                                       NULL, &r);
    if (cl && r == CL_SUCCESS) {
        deadline_begin(&deadline, b);
        r = clBuildProgram(cl, b->device_count, devices, b->options, NULL, NULL);
        deadline_end(&deadline);
    }
    free(sizes);
    free(binaries);
    if (cl && r != CL_SUCCESS)
        clReleaseProgram(cl);
    if (r != CL_SUCCESS)
        return false;
    struct facts *facts = facts_read(cached[0].facts, cached[0].head.facts_size);
    if (!facts) {
        clReleaseProgram(cl);
        return false;
    }
    program_replace(b->program, cl, facts);
    facts_unref(facts);
    return true;
}

static void set_cached_log(struct program *p, const struct cached *cached) {
    char *log = strndup(cached->log, cached->head.log_size);
    program_set_log(p, CL_BUILD_SUCCESS, log && *log ? log : NULL);
    free(log);
}

static bool load(struct seen *s, struct build *b) {
    struct cached *cached = calloc(b->device_count, sizeof *cached);
    bool good = cached != NULL;

    for (uint32_t i = 0; good && i < b->device_count; i++)
        good = get(s, b, b->devices[i], &cached[i]);
    good = good && build_from(b, cached);
    if (good)
        set_cached_log(b->program, &cached[0]);
    for (uint32_t i = 0; cached && i < b->device_count; i++)
        free(cached[i].data);
    free(cached);
    return good;
}

/* ---- both ---- */

/* What a driver makes from here on is of kernels that run: those are what a loaded program may grow by. */
static void note_files(struct seen *s) {
    pthread_mutex_lock(&s->lock);
    own_cache_note(&s->growth, own_cache_files());
    pthread_mutex_unlock(&s->lock);
}

static void note_growth(struct seen *s) {
    pthread_mutex_lock(&s->lock);
    own_cache_look(&s->growth, own_cache_files());
    pthread_mutex_unlock(&s->lock);
}

static bool remember(struct seen *s, struct build *b, bool loaded) {
    struct entry *e = calloc(1, sizeof *e), *last = NULL;
    if (!e)
        return false;
    e->options = strdup(b->options);
    e->devices = calloc(b->device_count, sizeof *e->devices);
    if (!e->options || !e->devices) {
        entry_free(e);
        return false;
    }
    memcpy(e->devices, b->devices, b->device_count * sizeof *e->devices);
    e->device_count = b->device_count;
    e->context = b->program->context;
    object_ref(e->context);
    e->ir_kind = b->program->ir;
    e->ir = ir_ref(ir_of(b->program));
    e->files = b->files ? ir_ref(b->files) : NULL;
    e->cl = b->program->cl;
    clRetainProgram(e->cl);
    e->facts = facts_ref(b->program->facts);
    e->shareable = !has_variables(b);
    e->stored = e->loaded = loaded;
    e->devices_given = b->devices_given;
    e->session = b->session;
    pthread_mutex_lock(&s->lock);
    e->next = s->entries;
    s->entries = e;
    if (++s->count > MAX_SHARED) {
        struct entry **at = &s->entries;
        while ((*at)->next)
            at = &(*at)->next;
        last = *at;
        *at = NULL;
        s->count--;
    }
    pthread_mutex_unlock(&s->lock);
    entry_free(last);
    return true;
}

bool seen_find(struct seen *s, struct build *b) {
    if (!s)
        return false;
    note_growth(s); /* before anything is built, for the cache or not */
    if (!ir_of(b->program) || !is_self_contained(b))
        return false;
    if (share(s, b))
        return true;
    if (!load(s, b))
        return false;
    note_files(s);
    remember(s, b, true);
    return true;
}

void seen_add(struct seen *s, struct build *b) {
    if (!s)
        return;
    note_files(s);
    if (ir_of(b->program) && is_self_contained(b))
        remember(s, b, false);
}

/* ---- the end of the session ---- */

static void store_one(struct seen *s, const struct entry *e, uint32_t index, const char *facts,
                      const unsigned char *binary, size_t size) {
    const struct driver_device *d = e->devices[index];
    size_t log_size = 0;

    clGetProgramBuildInfo(e->cl, d->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &log_size);
    if (log_size > MAX_LOG)
        return;
    struct entry_head head = {(uint32_t)log_size, (uint32_t)strlen(facts)};
    char *data = malloc(sizeof head + head.log_size + head.facts_size + size);
    if (!data)
        return;
    char *at = data + sizeof head;
    memcpy(data, &head, sizeof head);
    if (log_size > 0)
        clGetProgramBuildInfo(e->cl, d->id, CL_PROGRAM_BUILD_LOG, log_size, at, NULL);
    memcpy(at + head.log_size, facts, head.facts_size);
    memcpy(at + head.log_size + head.facts_size, binary, size);
    struct cache_digest key = key_of(e->ir_kind, e->ir, e->files, e->options, d);
    store_put(s->store, &key, data, sizeof head + head.log_size + head.facts_size + size);
    free(data);
}

/* Where the program's devices are in the order in which the driver lists its binaries. */
static uint32_t index_of(const struct entry *e, cl_device_id id) {
    for (uint32_t i = 0; i < e->device_count; i++)
        if (e->devices[i]->id == id)
            return i;
    return UINT32_MAX;
}

/* Where the driver would give up over a name that is too long: the program has not asked for a binary, so it
 * shall not be made here. */
static bool can_be_fetched(const struct context *context, cl_program cl) {
    enum { MAX_NAME = 128 };
    size_t size = 0, longest = 0;

    if (!context->platform || !driver_has(context->platform, QUIRK_LONG_NAMES_END_IT))
        return true;
    if (clGetProgramInfo(cl, CL_PROGRAM_KERNEL_NAMES, 0, NULL, &size) != CL_SUCCESS)
        return false;
    char *names = malloc(size + 1);
    if (!names || clGetProgramInfo(cl, CL_PROGRAM_KERNEL_NAMES, size, names, NULL) != CL_SUCCESS) {
        free(names);
        return false;
    }
    names[size] = '\0';
    for (const char *at = names; *at; at += strspn(at, ";")) {
        size_t length = strcspn(at, ";");
        longest = length > longest ? length : longest;
        at += length;
    }
    free(names);
    return longest <= MAX_NAME;
}

static void store(struct seen *s, struct entry *e) {
    cl_device_id devices[DRIVER_MAX_DEVICES];
    size_t sizes[DRIVER_MAX_DEVICES], got = 0;
    unsigned char *binaries[DRIVER_MAX_DEVICES] = {NULL};

    if (!can_be_fetched(e->context, e->cl)) {
        e->stored = true;
        return;
    }
    if (clGetProgramInfo(e->cl, CL_PROGRAM_DEVICES, sizeof devices, devices, &got) != CL_SUCCESS ||
        clGetProgramInfo(e->cl, CL_PROGRAM_BINARY_SIZES, sizeof sizes, sizes, NULL) != CL_SUCCESS)
        return;
    uint32_t count = (uint32_t)(got / sizeof devices[0]);
    struct facts *facts = facts_ask(e->cl, e->context->version);
    char *text = facts ? facts_write(facts) : NULL;
    /* A binary of source without its arguments would answer less than the source did. */
    bool good = text && (e->ir_kind != TR_IR_SOURCE || facts_complete(facts));
    for (uint32_t i = 0; i < count; i++)
        if (sizes[i] > 0)
            good = (binaries[i] = malloc(sizes[i])) && good;
    if (good && clGetProgramInfo(e->cl, CL_PROGRAM_BINARIES, count * sizeof binaries[0], binaries, NULL) ==
                    CL_SUCCESS) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t index = index_of(e, devices[i]);
            if (binaries[i] && index != UINT32_MAX)
                store_one(s, e, index, text, binaries[i], sizes[i]);
        }
    }
    for (uint32_t i = 0; i < count; i++)
        free(binaries[i]);
    free(text);
    facts_unref(facts);
    e->stored = true;
}

/* May there be kernels, for work-groups of further sizes, that the binary in the cache has not? Files that a program includes lie in
 * another place at each build, so that a driver does not know it again. */
static bool may_have_grown(const struct seen *s, const struct entry *e) {
    return s->growth.grown && e->loaded && !e->files && e->context->platform &&
           driver_has(e->context->platform, QUIRK_COMPILES_WHEN_RUN);
}

/* Drivers give back the binary that a program was made of, whatever they have compiled for it since: but a program that is built from
 * the same IR has all of it, as they find it in their caches. */
static bool build_again(struct entry *e) {
    struct program *p = object_new(TR_KIND_PROGRAM, sizeof *p);
    struct build b = {.kind = BUILD_BUILD,
                      .session = e->session,
                      .program = p,
                      .options = e->options,
                      .devices = e->devices,
                      .device_count = e->device_count,
                      .devices_given = e->devices_given};
    cl_int r = CL_OUT_OF_HOST_MEMORY;

    if (!p)
        return false;
    p->context = e->context;
    object_ref(p->context);
    p->ir = e->ir_kind;
    if (p->ir == TR_IR_SOURCE) {
        const char *text = e->ir->bytes;
        p->source = ir_ref(e->ir);
        p->cl = clCreateProgramWithSource(p->context->cl, 1, &text, &e->ir->size, &r);
    } else {
        p->module = ir_ref(e->ir);
    }
    bool built = build_by_driver(&b) == CL_SUCCESS;
    if (built) {
        clReleaseProgram(e->cl);
        e->cl = p->cl;
        clRetainProgram(e->cl);
    }
    object_unref(p);
    return built;
}

static size_t binary_bytes(const struct entry *e) {
    size_t sizes[DRIVER_MAX_DEVICES], got = 0, bytes = 0;

    if (clGetProgramInfo(e->cl, CL_PROGRAM_BINARY_SIZES, sizeof sizes, sizes, &got) != CL_SUCCESS)
        return SIZE_MAX;
    for (size_t i = 0; i < got / sizeof sizes[0]; i++)
        bytes += sizes[i];
    return bytes;
}

static bool has_grown(struct entry *e) {
    size_t before = binary_bytes(e);

    return before < GROWN_MAX && build_again(e) && binary_bytes(e) > before;
}

unsigned seen_store_seconds(struct seen *s) {
    bool any = false;

    if (!s)
        return NOTHING_SECONDS;
    note_growth(s);
    pthread_mutex_lock(&s->lock);
    for (const struct entry *e = s->entries; e; e = e->next)
        any = any || !e->stored || may_have_grown(s, e);
    pthread_mutex_unlock(&s->lock);
    return any ? STORE_MAX_SECONDS : NOTHING_SECONDS;
}

void seen_store(struct seen *s) {
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    for (struct entry *e = s->entries; e; e = e->next)
        if (!e->stored || (may_have_grown(s, e) && has_grown(e)))
            store(s, e);
    pthread_mutex_unlock(&s->lock);
}

void seen_close(struct seen *s) {
    if (!s)
        return;
    while (s->entries) {
        struct entry *e = s->entries;
        s->entries = e->next;
        entry_free(e);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}
