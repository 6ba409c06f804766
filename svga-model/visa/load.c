// SPDX-License-Identifier: MIT
/* Finding and opening the libraries of the virtual ISA. */
#include "svga-model/visa/load.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "svga-model/open-beside.h"

struct library {
    const char *name;
    const char *table_name;
    uint32_t abi;
    pthread_once_t once;
    const void *table; /* written under `once` */
    char why[VISA_WHY_SIZE];
};

static struct library guest_library = {
    .name = "libtrillium-visa-guest.so",
    .table_name = "visa_guest_table",
    .abi = VISA_GUEST_ABI,
    .once = PTHREAD_ONCE_INIT,
};

static struct library host_library = {
    .name = "libtrillium-visa-host.so",
    .table_name = "visa_host_table",
    .abi = VISA_HOST_ABI,
    .once = PTHREAD_ONCE_INIT,
};

static void open_library(struct library *library) {
    void *handle = svga_open_beside(library->name);
    const uint32_t *table; /* a table starts with its number */

    if (!handle) {
        const char *reason = dlerror();

        snprintf(library->why, sizeof library->why, "the virtual ISA is not available: %s",
                 reason ? reason : library->name);
        return;
    }
    table = dlsym(handle, library->table_name);
    if (!table || *table != library->abi) {
        snprintf(library->why, sizeof library->why,
                 "the virtual ISA is not available: %s is of another version of Trillium", library->name);
        return;
    }
    library->table = table;
}

static void open_guest(void) {
    open_library(&guest_library);
}

static void open_host(void) {
    open_library(&host_library);
}

static const void *load(struct library *library, void (*open)(void), char why[VISA_WHY_SIZE]) {
    pthread_once(&library->once, open);
    memcpy(why, library->why, VISA_WHY_SIZE);
    return library->table;
}

const struct visa_guest *visa_guest_load(char why[VISA_WHY_SIZE]) {
    return load(&guest_library, open_guest, why);
}

const struct visa_host *visa_host_load(char why[VISA_WHY_SIZE]) {
    return load(&host_library, open_host, why);
}
