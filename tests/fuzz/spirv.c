// SPDX-License-Identifier: MIT
/*
 * Fuzzes the host half of the virtual ISA: the input is a SPIR-V module. The rules and the validator take any
 * words; what they accept goes through reflection, and with the first byte's low bit also through the translator
 * to SPIR, in a process apart as in a worker: it may end there, but not without a reason.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "svga-model/visa/apart/host.h"
#include "svga-model/visa/host.h"
#include "svga-model/visa/load.h"
#include "svga-model/visa/reflect.h"

extern const struct visa_host visa_host_table;

/* spirv-tools' header for C defines a constant in every file that includes it. The children that translate end without
 * giving back what the translator keeps. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "detect_odr_violation=0:detect_leaks=0";
}

/* The library is part of this program. */
const struct visa_host *visa_host_load(char why[VISA_WHY_SIZE]) {
    why[0] = '\0';
    return &visa_host_table;
}

static const struct visa_host *apart(void) {
    static const struct visa_apart_limits limits = {.seconds = 5};
    static bool started;
    char why[VISA_WHY_SIZE];
    int pair[2];

    if (!started && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
        visa_host_apart_start(pair, &limits);
    started = true;
    const struct visa_host *host = visa_host_apart(why);
    if (!host)
        abort();
    return host;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct visa_features features = {.address_bits = 64,
                                                  .device_version = 300,
                                                  .c_version = 120,
                                                  .c_version_max = 300,
                                                  .extensions = "cl_khr_fp64 cl_khr_int64_base_atomics",
                                                  .images = true,
                                                  .little_endian = true};
    static const struct visa_target target = {.kind = VISA_TARGET_SPIR, .spirv_version = 0x00010400};
    char why[VISA_WHY_SIZE] = "";

    if (size < 1)
        return 0;
    size_t count = (size - 1) / 4, kernel_count = 0;
    uint32_t *words = malloc(count * 4 + (count == 0));
    memcpy(words, data + 1, count * 4);
    int r = visa_host_table.validate(words, count, &features, &target, why);
    if (r < 0 && !why[0])
        abort(); /* refused without a reason */
    if (r == 0) {
        struct visa_kernel *kernels = NULL;
        if (visa_host_table.reflect(words, count, &kernels, &kernel_count, why, sizeof why) == 0)
            visa_host_table.kernels_free(kernels, kernel_count);
    }
    if (r == 0 && data[0] & 1) {
        const struct visa_translate_request request = {
            .target = &target, .features = &features, .words = words, .count = count, .options = ""};
        struct visa_binary binary = {0};
        if (apart()->translate(&request, &binary, why) < 0 && !why[0])
            abort();
        visa_host_table.binary_free(&binary);
    }
    free(words);
    return 0;
}
