// SPDX-License-Identifier: MIT
/* Fuzzes the verifier: the input is one command; a few objects, regions and slots exist. */
#include <stdlib.h>
#include <string.h>

#include "trillium/table.h"
#include "trillium/verify.h"

static struct tr_known known(void *opaque, uint32_t id) {
    (void)opaque;
    if (id == 0 || id >= TR_MAX_ID)
        abort(); /* the verifier's promise */
    if (id >= 2 * TR_KIND_ANY)
        return (struct tr_known){TR_KIND_NONE, 0};
    return (struct tr_known){(enum tr_kind)(id % TR_KIND_ANY), id < TR_KIND_ANY ? 1 : 2};
}

static bool span_ok(void *opaque, const struct tr_span *span) {
    (void)opaque;
    return span->region == 7 && span->offset <= 4096 && span->length <= 4096 - span->offset;
}

static bool slot_ok(void *opaque, uint32_t slot) {
    (void)opaque;
    return slot < 100;
}

/* Where bytes are read to, so that the reads happen. */
static volatile uint8_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct tr_session_view session = {NULL, known, span_ok, slot_ok};
    struct tr_view view;
    char why[128] = "";

    size &= ~(size_t)7; /* as the FIFO hands commands on */
    if (size < sizeof(struct svga_cmd_header) || size > SVGA_CMD_MAX_SIZE)
        return 0;
    uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    memcpy(copy + 4, &(uint32_t){(uint32_t)size}, 4);
    if (tr_verify(copy, (uint32_t)size, &session, &view, why, sizeof why)) {
        /* Everything that a handler may read lies inside. */
        const struct tr_command *c = tr_command_find(view.cmd);
        const uint8_t *at = view.fixed;
        unsigned array = 0;

        for (const struct tr_field *f = c->fields; f->type != TR_FIELD_END;
             at += tr_field_size(f->type), f++) {
            uint32_t element = tr_field_element_size(f->type), count;

            for (uint32_t i = 0; i < tr_field_size(f->type); i++)
                sink = at[i];
            if (element == 0)
                continue;
            memcpy(&count, at, sizeof count);
            for (uint32_t i = 0; i < count * element; i++)
                sink = ((const uint8_t *)view.arrays[array])[i];
            array++;
        }
    } else if (!why[0]) {
        abort(); /* refused without a reason */
    }
    free(copy);
    return 0;
}
