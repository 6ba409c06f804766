// SPDX-License-Identifier: MIT
/* Text of strangers that people's terminals and JSON shall show. */
#ifndef HOST_BACKEND_CONTROL_PLAIN_H
#define HOST_BACKEND_CONTROL_PLAIN_H

/* Makes a '?' of what is not printable ASCII. */
static inline void plain_text(char *text) {
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

#endif
