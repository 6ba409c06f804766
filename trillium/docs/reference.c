// SPDX-License-Identifier: MIT
/*
 * Prints the reference page of the command set (trillium/REFERENCE.md) from the command table. `make docs`
 * runs it; a test compares its output with the committed page.
 */
#include <stdio.h>

#include "trillium/table.h"

int main(void) {
    printf("# The command set of Trillium's virtual GPU\n\n"
           "Made from `trillium/commands.def` by `make docs`; do not edit. Protocol version %u.%u.\n\n"
           "A command is an 8-byte header (`u32 id`, `u32 size`), the fixed part in the order below without "
           "gaps, padded\n"
           "to 8 bytes, then each array (its `u32` count stands in the fixed part), padded to 8 bytes. All "
           "little-endian.\n"
           "`?` marks what may be absent (id 0, slot 0xffffffff, a span of length 0).\n",
           TR_VERSION_MAJOR, TR_VERSION_MINOR);
    for (uint32_t cmd = SVGA_CMD_FIRST_CLIENT; cmd < SVGA_CMD_FIRST_CLIENT + TR_CMD_SLOTS; cmd++) {
        const struct tr_command *c = tr_command_find(cmd);
        if (!c)
            continue;
        printf("\n## %s (%u)\n\n%s\n\n| field | type | bytes | meaning |\n|---|---|---|---|\n", c->name, cmd,
               c->doc);
        for (const struct tr_field *f = c->fields; f->type != TR_FIELD_END; f++)
            printf("| %s | %s%s%s | %u | %s |\n", f->name, tr_field_type_name(f->type), f->kind ? " " : "",
                   tr_kind_name(f->kind), tr_field_size(f->type), f->doc);
    }
    return 0;
}
