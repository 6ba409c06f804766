// SPDX-License-Identifier: MIT
/* What is asked for ahead of the loader: libraries that are loaded meanwhile, whole and unharmed. */
#include "host-backend/worker/prefault.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "svga-model/populate.h"
#include "svga-model/visa/host.h"
#include "tests/lib/unit.h"

static char library[PATH_MAX];

/* In a child, since nothing unloads LLVM. Whether it was met on its way; -1: it does not work. */
static int load(bool ahead) {
    char why[VISA_WHY_SIZE] = "";
    struct prefault p = {0};
    const uint32_t none[5] = {0};
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (ahead)
            prefault_begin(&p);
        void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
        prefault_end(&p);
        const struct visa_host *host = handle ? dlsym(handle, "visa_host_table") : NULL;
        const struct visa_features features = {.address_bits = 64};
        const struct visa_target target = {.kind = VISA_TARGET_SPIR, .spirv_version = 0x00010000};
        if (!host || host->abi != VISA_HOST_ABI || host->validate(none, 5, &features, &target, why) == 0 ||
            !why[0])
            _exit(2);
        _exit(prefault_bytes() > 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) < 2 ? WEXITSTATUS(status) : -1;
}

static void test_ahead(void **state) {
    (void)state;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(page, MAP_FAILED);
    const bool known = svga_populate(page, 4096);
    munmap(page, 4096);
    if (!known)
        skip();
    /* It runs beside the loader, and may come too late where the machine is busy; but not each time. */
    int met = 0;
    for (int i = 0; i < 50 && met == 0; i++)
        met = load(true);
    assert_int_equal(met, 1);
}

static void test_not_asked(void **state) {
    (void)state;
    assert_int_equal(load(false), 0);
}

static void test_again(void **state) {
    struct prefault p = {0};
    (void)state;

    prefault_end(&p); /* never begun */
    for (int i = 0; i < 20; i++) {
        prefault_begin(&p);
        prefault_end(&p);
    }
    assert_false(p.started);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_not_asked),
        cmocka_unit_test(test_again),
    };
    ssize_t n = readlink("/proc/self/exe", library, sizeof library - 64);

    if (n <= 0)
        return 1;
    library[n] = '\0';
    for (int i = 0; i < 3; i++) /* the build's tests/unit/prefault */
        *strrchr(library, '/') = '\0';
    strcat(library, "/lib/libtrillium-visa-host.so");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
