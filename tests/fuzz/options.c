// SPDX-License-Identifier: MIT
/* Fuzzes the two parsers of build options: the guest driver's, and the virtual ISA's. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest-icd/program/options.h"
#include "svga-model/visa/common/options.h"

static void parse_visa(const char *text, enum visa_option_use use) {
    struct visa_options o;
    char why[512] = "";

    int r = visa_options_parse(text, use, &o, why, sizeof why);
    if (r < 0 && !why[0])
        abort(); /* refused without a reason */
    if (r == 0 && strlen(o.driver) > strlen(text))
        abort();
    visa_options_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct icd_options o;
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    if (icd_options_parse(text, &o)) {
        if (strlen(o.rest) > strlen(text))
            abort();
        icd_options_free(&o);
    }
    parse_visa(text, VISA_OPTIONS_COMPILE);
    parse_visa(text, VISA_OPTIONS_LINK);
    free(text);
    return 0;
}
