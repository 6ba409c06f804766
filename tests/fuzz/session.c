// SPDX-License-Identifier: MIT
/*
 * Fuzzes a whole session: what a hostile guest can do to its worker by sequences of commands that are valid or
 * nearly so. The commands go through the real verifier and handlers to a stub of an OpenCL driver
 * (tests/fuzz/stub), which aborts where a real one could be harmed. At the end nothing may be left.
 *
 * An input is a series of steps, each a byte and what it takes: a command made from the table's description
 * and the input's bytes, a command as raw bytes, or something that happens beside the commands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/worker/behind.h"
#include "host-backend/worker/build.h"
#include "host-backend/worker/seen.h"
#include "host-backend/worker/session.h"
#include "host-backend/worker/turn.h"
#include "host-backend/worker/wait.h"
#include "svga-model/device-gmr.h"
#include "svga-model/visa/load.h"
#include "tests/fuzz/stub/input.h"
#include "tests/fuzz/stub/stub.h"

/* Regions: the BAR, one for whatever the input does with it, four for data, one for slots. */
enum {
    SPARE_REGION = 1,
    REGIONS = 7,
    REGION_BYTES = 1 << 20,
    MAX_BUILDS = 64,
    MAX_STEPS = 1000,
    FIRST_CONTEXT = 255
};

static struct session *session;
static int memory = -1;
static _Alignas(8) uint8_t command[SVGA_CMD_MAX_SIZE];

/* ---- builds begin when the input says so, so that other commands meet a busy program ---- */

void __wrap_build_start(struct build *b);
const struct visa_host *__wrap_visa_host_apart(char why[VISA_WHY_SIZE]);
void __wrap_visa_target_for(const struct visa_driver *driver, struct visa_target *out);

static struct build *builds[MAX_BUILDS];
static unsigned build_count;

static void run_builds(void) {
    for (unsigned i = 0; i < build_count; i++)
        build_run(builds[i]);
    build_count = 0;
}

void __wrap_build_start(struct build *b) {
    builds[build_count++] = b;
    if (build_count == MAX_BUILDS)
        run_builds();
}

/* ---- a store that has whatever the input says, and knows every binary ---- */

bool __wrap_store_get(struct store_asker *a, const struct cache_digest *key, void **data, size_t *size);
bool __wrap_store_put(struct store_asker *a, const struct cache_digest *key, const void *data, size_t size);
bool __wrap_store_mac(struct store_asker *a, const struct cache_digest *digest, struct cache_digest *mac);

static struct input *current;

bool __wrap_store_get(struct store_asker *a, const struct cache_digest *key, void **data, size_t *size) {
    static const char facts[] =
        "{\"k\":{\"attributes\":\"\",\"arguments\":[null,{\"address\":4507,\"type\":\"int*\"}]}}";
    uint8_t how = input_u8(current);
    (void)a, (void)key;
    if (how < 128)
        return false;
    *size = how < 200 ? 8 + sizeof facts : input_u8(current);
    uint8_t *bytes = *data = malloc(*size ? *size : 1);
    if (how < 200) {
        memcpy(bytes, &(uint32_t[2]){input_u8(current) % 4, sizeof facts - 5}, 8);
        memcpy(bytes + 8, facts, sizeof facts);
        for (unsigned n = how % 4; n > 0; n--)
            bytes[8 + input_u8(current) % sizeof facts] = input_u8(current);
    } else {
        for (size_t i = 0; i < *size; i++)
            bytes[i] = input_u8(current);
    }
    return true;
}

bool __wrap_store_put(struct store_asker *a, const struct cache_digest *key, const void *data, size_t size) {
    uint8_t sum = 0;
    (void)a, (void)key;
    for (size_t i = 0; i < size; i++)
        sum ^= ((const uint8_t *)data)[i];
    return sum & 1;
}

bool __wrap_store_mac(struct store_asker *a, const struct cache_digest *digest, struct cache_digest *mac) {
    (void)a;
    *mac = *digest;
    return true;
}

/* ---- a virtual ISA that takes every module whose first word is even ---- */

void __wrap_visa_target_for(const struct visa_driver *driver, struct visa_target *out) {
    (void)driver;
    *out = (struct visa_target){.kind = VISA_TARGET_POCL, .needs_sample = true};
}

static int visa_check(const uint32_t *words, size_t count, const struct visa_features *features,
                      const struct visa_target *target, char *why) {
    uint32_t sum = 0;
    (void)features, (void)target;
    for (size_t i = 0; i < count; i++)
        sum |= words[i];
    snprintf(why, VISA_WHY_SIZE, "no module of the stub's (%u)", sum);
    return count > 0 && words[0] % 2 == 0 ? 0 : -22;
}

static int visa_make(const struct visa_translate_request *request, struct visa_binary *out, char *why) {
    snprintf(why, VISA_WHY_SIZE, "out of memory");
    out->size = request->count * 4;
    out->bytes = malloc(out->size);
    out->options = strdup(request->options);
    if (out->bytes)
        memcpy(out->bytes, request->words, out->size);
    return out->bytes && out->options ? 0 : -12;
}

static void visa_drop(struct visa_binary *b) {
    free(b->bytes);
    free(b->options);
}

const struct visa_host *__wrap_visa_host_apart(char why[VISA_WHY_SIZE]) {
    static const struct visa_host stub = {
        .abi = VISA_HOST_ABI, .validate = visa_check, .translate = visa_make, .binary_free = visa_drop};
    why[0] = '\0';
    return &stub;
}

/* ---- regions ---- */

static int define(uint32_t id, uint64_t offset, uint64_t size) {
    struct svga_link_packet p = {
        .msg = {.type = SVGA_LINK_GMR_DEFINE, .id = id, .arg = size, .piece_count = 1},
        .pieces = {{.fd = 0, .offset = offset, .length = size}},
        .fds = {memory},
        .fd_count = 1,
    };
    return svga_gmr_define(&session->device, &p);
}

static bool is_guest_memory(const void *at, size_t size) {
    const uintptr_t from = (uintptr_t)at;
    for (uint32_t i = 0; i < session->device.gmr_cap; i++) {
        const struct svga_gmr *g = &session->device.gmrs[i];
        const uintptr_t start = (uintptr_t)g->ptr;
        if (g->complete && from >= start && from - start <= g->size && size <= g->size - (from - start))
            return true;
    }
    return false;
}

/* ---- a session ---- */

static void begin(struct driver *driver, uint8_t how) {
    const struct session_options options = {
        .max_decoders = 1,
        .store_fd = -1,
        .profile_fd = -1,
        .share_builds = how & 4,
        .completion = how & 1   ? COMPLETION_CALLBACK
                      : how & 2 ? COMPLETION_WAIT
                                : COMPLETION_AUTO,
    };
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        abort();
    close(ends[0]);
    session = session_new(ends[1], driver, &options);
    if (!session)
        abort();
    for (uint32_t i = 0; i < REGIONS; i++)
        if (i != SPARE_REGION && define(i, (uint64_t)i * REGION_BYTES, REGION_BYTES) != 0)
            abort();
    session->device.bar = session->device.gmrs[SVGA_GMR_BAR].ptr;
    session->device.bar_size = REGION_BYTES;
    session->device.words = svga_fifo_words(session->device.bar);
    memset(session->device.bar, 0, 8192);
    svga_producer_init(&(struct svga_producer){0}, session->device.bar, REGION_BYTES);
    svga_consumer_init(&session->device.fifo, session->device.bar, REGION_BYTES);
    stub_reset();
    stub_memory_ok = is_guest_memory;
    /* The first commands of every guest. */
    const struct {
        struct svga_cmd_header header;
        struct tr_add_slots c;
    } slots = {{TR_CMD_ADD_SLOTS, sizeof slots}, {.chunk = 0, .region = REGIONS - 1}};
    session_carry_out(session, &slots, sizeof slots);
    const struct {
        struct svga_cmd_header header;
        struct tr_create_context c;
        uint32_t pad, device, pad2;
    } context = {{TR_CMD_CREATE_CONTEXT, sizeof context},
                 {.context = FIRST_CONTEXT, .slot = 0, .devices_count = 1},
                 0,
                 0,
                 0};
    session_carry_out(session, &context, sizeof context);
    if (session->over)
        abort();
}

static void wait_for_nothing(void) {
    wait_account(session);
    while (session->waits) {
        struct wait *w = wait_take(session);
        wait_perform(session, w);
        wait_done(session, w);
    }
    stub_run_all();
    wait_poll(session);
    wait_account(session);
}

static void end(void) {
    stub_fail_every(0);
    run_builds();
    stub_run_all();
    wait_for_nothing();
    if (session->polled || session->ended)
        abort(); /* somebody would wait for ever */
    behind_finish(session);
    objects_finish(&session->objects);
    seen_store(session->seen);
    seen_close(session->seen);
    store_asker_free(session->store);
    svga_device_finish(&session->device);
    turns_free(session->turns);
    pthread_mutex_destroy(&session->lock);
    pthread_mutex_destroy(&session->slot_lock);
    free(session->buffer);
    free(session);
    session = NULL;
}

/* One of those that wait, as the leader attends to it. */
static void attend(bool alone) {
    if (!session->waits)
        return;
    struct wait *w = wait_take(session);
    if (alone) {
        (w->gated ? wait_poll_add : wait_by_callback)(session, w);
        return;
    }
    wait_perform(session, w);
    wait_done(session, w);
}

static void raw(struct input *in) {
    uint32_t size = input_u8(in);
    size = ((size | (input_u8(in) & 15u) << 8) + 1) * 8;
    for (uint32_t i = 0; i < size; i++)
        command[i] = input_u8(in);
    memcpy(command + 4, &size, sizeof size);
    session_carry_out(session, command, size);
}

static void step(struct input *in) {
    uint8_t what = input_u8(in);
    if (what < 160)
        session_carry_out(session, command, input_command(in, session, command));
    else if (what < 176)
        session_carry_out(session, command, input_record(in, session, command));
    else if (what < 184)
        raw(in);
    else if (what < 200)
        stub_run(what - 183u);
    else if (what < 208)
        run_builds();
    else if (what < 216)
        attend(what & 1);
    else if (what < 224)
        wait_account(session);
    else if (what < 228)
        wait_poll(session);
    else if (what < 232)
        stub_fail_every(input_u8(in) % 16);
    else if (what < 234)
        define(SPARE_REGION, 0, 4096u << (input_u8(in) % 8));
    else if (what < 236)
        svga_gmr_delete(&session->device, SPARE_REGION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static unsigned live;
    struct input in = {data, size};

    if (memory < 0) {
        memory = memfd_create("fuzz", MFD_CLOEXEC);
        if (memory < 0 || ftruncate(memory, (off_t)REGIONS * REGION_BYTES) < 0)
            abort();
        /* The device says why a session failed; the sanitizers keep the stream they began with. */
        if (!(stderr = fopen("/dev/null", "we")))
            abort();
    }
    struct driver *driver = driver_open(NULL);
    if (!driver)
        abort();
    driver_find_targets(driver);
    current = &in;
    begin(driver, input_u8(&in));
    for (int i = 0; i < MAX_STEPS && in.size > 0 && !session->over; i++)
        step(&in);
    end();
    driver_close(driver);
    if (stub_live() != live)
        abort(); /* a reference was not given back */
    return 0;
}
