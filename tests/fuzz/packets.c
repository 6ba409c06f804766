// SPDX-License-Identifier: MIT
/*
 * Fuzzes what comes back from compilers in processes apart, and from the user's cache of such answers: the input is an answer
 * of the guest's compiler.
 */
#include <stdlib.h>
#include <string.h>

#include "svga-model/visa/apart/guest-jobs.h"
#include "svga-model/visa/apart/guest.h"

static void use(const struct visa_module *m) {
    size_t sum = m->log ? strlen(m->log) : 0;

    for (size_t i = 0; i < m->kernel_count; i++) {
        sum += strlen(m->kernels[i].name) + strlen(m->kernels[i].attributes);
        for (uint32_t a = 0; a < m->kernels[i].arg_count; a++)
            sum += strlen(m->kernels[i].args[a].name) + strlen(m->kernels[i].args[a].type_name);
    }
    if (sum > (size_t)1 << 40)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    void *aligned = malloc(size + 1);
    struct visa_packet_reader answer = {.at = aligned, .left = size};
    enum visa_status status;
    struct visa_module module;

    memcpy(aligned, data, size);
    if (visa_get_module(&answer, &status, &module))
        use(&module);
    visa_apart_module_free(&module);
    free(aligned);
    return 0;
}
