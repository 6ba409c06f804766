// SPDX-License-Identifier: MIT
#include "host-backend/vm/places.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/util/capture.h"
#include "host-backend/util/home.h"
#include "host-backend/vm/fetch.h"

int vm_cache_folder(const char *given, char path[PATH_MAX], char why[VM_WHY_SIZE]) {
    if (given) {
        snprintf(path, PATH_MAX, "%s", given);
    } else if (!home_place(path, "XDG_CACHE_HOME", ".cache", "trillium/vm")) {
        snprintf(why, VM_WHY_SIZE,
                 "there is no place for a private QEMU and kernel: set HOME or XDG_CACHE_HOME");
        return -1;
    }
    if (strlen(path) >= PATH_MAX - 64) {
        snprintf(why, VM_WHY_SIZE, "the path of the cache folder is too long");
        return -1;
    }
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        int r = mkdir(path, 0755);
        int e = errno;
        if (slash)
            *slash = '/';
        if (!slash) {
            if (r < 0 && e != EEXIST) {
                snprintf(why, VM_WHY_SIZE, "cannot make the cache folder %.160s: %s", path, strerror(e));
                return -1;
            }
            return 0;
        }
    }
}

/* ---- QEMU ---- */

/* It only prints; on a busy machine its start can take a while. */
enum { ASK_SECONDS = 60 };

/* Fills in the version. False if the program does not start, or is no QEMU. */
static bool ask_version(struct vm_qemu *q) {
    char *argv[] = {q->path, "--version", NULL}, out[256];
    if (capture(argv, out, sizeof out, ASK_SECONDS) != 0 ||
        sscanf(out, "QEMU emulator version %d.%d", &q->major, &q->minor) != 2)
        return false;
    sscanf(out, "QEMU emulator version %63[^ (\n]", q->version);
    return true;
}

bool vm_qemu_installed(struct vm_qemu *q) {
    static char out[1 << 16]; /* the list of devices; too much for a stack */
    char *argv[] = {q->path, "-device", "help", NULL};
    const char *path = getenv("PATH");

    *q = (struct vm_qemu){0};
    for (const char *at = path ? path : "/usr/bin:/bin"; *at;) {
        size_t n = strcspn(at, ":");
        snprintf(q->path, sizeof q->path, "%.*s/qemu-system-x86_64", (int)n, at);
        if (n > 0 && access(q->path, X_OK) == 0)
            break;
        q->path[0] = '\0';
        at += n + (at[n] == ':');
    }
    if (!q->path[0] || !ask_version(q))
        return false;
    /* Some distributions package the device apart from the emulator. */
    return capture(argv, out, sizeof out, ASK_SECONDS) == 0 && strstr(out, "\"vhost-user-gpu-pci\"");
}

bool vm_qemu_cached(const char *cache, struct vm_qemu *q) {
    *q = (struct vm_qemu){.own = true};
    snprintf(q->path, sizeof q->path, "%.*s/qemu/run", PATH_MAX - 32, cache);
    return access(q->path, X_OK) == 0 && ask_version(q);
}

bool vm_qemu_runs_tcg(const struct vm_qemu *q) {
    return q->major >= 8;
}
bool vm_qemu_runs_kvm(const struct vm_qemu *q) {
    return q->major >= 8 || (q->major == 7 && q->minor >= 2);
}

/* ---- the kernel ---- */

static bool kernel_cached(const char *cache, struct vm_kernel *k) {
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/kernel/release", cache);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool good = fscanf(file, "%127s", k->release) == 1;
    fclose(file);
    snprintf(k->modules, sizeof k->modules, "%.*s/kernel/modules", PATH_MAX - 32, cache);
    snprintf(k->image, sizeof k->image, "%.*s/kernel/vmlinux", PATH_MAX - 32, cache);
    if (access(k->image, R_OK) != 0)
        snprintf(k->image, sizeof k->image, "%.*s/kernel/vmlinuz", PATH_MAX - 32, cache);
    return good && access(k->image, R_OK) == 0;
}

/* Does the kernel have what the guest needs? */
static bool modules_complete(const char *folder, bool door) {
    struct vm_modules modules;
    char why[VM_WHY_SIZE];
    if (vm_modules_read(folder, door, &modules, why) < 0)
        return false;
    vm_modules_free(&modules);
    return true;
}

static bool kernel_installed(const char *cache, struct vm_kernel *k) {
    char best[128] = "";
    glob_t g;

    if (glob("/boot/vmlinuz-*", 0, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        const char *release = g.gl_pathv[i] + strlen("/boot/vmlinuz-");
        char folder[PATH_MAX];
        snprintf(folder, sizeof folder, "/lib/modules/%.120s", release);
        if (strlen(release) < sizeof best && (!best[0] || strverscmp(release, best) > 0) &&
            access(g.gl_pathv[i], R_OK) == 0 && modules_complete(folder, false))
            snprintf(best, sizeof best, "%s", release);
    }
    globfree(&g);
    if (!best[0])
        return false;
    snprintf(k->release, sizeof k->release, "%s", best);
    snprintf(k->modules, sizeof k->modules, "/lib/modules/%s", best);
    snprintf(k->image, sizeof k->image, "%.*s/vmlinux-%s", PATH_MAX - 160, cache, best);
    char packed[PATH_MAX];
    snprintf(packed, sizeof packed, "/boot/vmlinuz-%s", best);
    /* Unpacked once, it starts a second or two sooner each time; if that cannot be, the packed one does. */
    if (access(k->image, R_OK) != 0)
        vm_fetch_script("unpack", packed, k->image, true);
    if (access(k->image, R_OK) != 0)
        snprintf(k->image, sizeof k->image, "%s", packed);
    return true;
}

bool vm_kernel_has_vsock(const struct vm_kernel *k) {
    return modules_complete(k->modules, true);
}

bool vm_kernel_find(const char *cache, struct vm_kernel *k) {
    *k = (struct vm_kernel){0};
    return kernel_cached(cache, k) || kernel_installed(cache, k);
}
