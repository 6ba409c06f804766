// SPDX-License-Identifier: MIT
/* What trillium doctor tells about VMs. */
#include <stdio.h>
#include <string.h>

#include "host-backend/vm/probe.h"
#include "host-backend/vm/uml.h"
#include "host-backend/vm/vm.h"

static void found(struct vm_check *c, bool good, const char *mend) {
    c->good = good;
    snprintf(c->mend, sizeof c->mend, "%s", good ? "" : mend);
}

/* The QEMU that a run would take: installed, or in the cache. */
static bool survey_qemu(const char *cache, struct vm_check *c, struct vm_qemu *q) {
    bool installed = vm_qemu_installed(q);
    if (installed && vm_qemu_runs_tcg(q)) {
        snprintf(c->what, sizeof c->what, "%.160s, version %s", q->path, q->version);
    } else {
        struct vm_qemu cached;
        char old[64] = "";
        if (installed)
            snprintf(old, sizeof old, " (the installed %.20s is too old without KVM)", q->version);
        if (vm_qemu_cached(cache, &cached)) {
            *q = cached;
            installed = true;
            snprintf(c->what, sizeof c->what, "a private one, version %.40s%s", q->version, old);
        } else {
            installed = false;
            snprintf(c->what, sizeof c->what, "no QEMU that can carry the virtual GPU%s", old);
        }
    }
    found(c, installed,
          "apt-get install qemu-system-x86 (8.0 or newer), or let \"trillium run --vm\" fetch a private one");
    return installed;
}

/* The QEMU of PATH, which a VM of one's own runs on; or the private one, which can be given to it too. */
static void survey_installed(const char *cache, struct vm_check *c, bool kvm) {
    struct vm_qemu q, cached;
    bool there = vm_qemu_installed(&q),
         good = there && (vm_qemu_runs_tcg(&q) || (kvm && vm_qemu_runs_kvm(&q)));

    if (!there)
        snprintf(c->what, sizeof c->what, "no QEMU with vhost-user-gpu-pci is installed");
    else
        snprintf(c->what, sizeof c->what, "%.120s, version %.40s%s", q.path, q.version,
                 good                   ? ""
                 : vm_qemu_runs_kvm(&q) ? ": its vhost-user-gpu-pci needs KVM, which does not work here"
                                        : ": too old");
    if (!good && vm_qemu_cached(cache, &cached)) {
        snprintf(c->what, sizeof c->what, "the private one, %.120s, version %.30s%s%.20s%s", cached.path,
                 cached.version, there ? " (installed: " : "", there ? q.version : "",
                 there ? ", which would need KVM)" : "");
        good = true;
    }
    found(c, good,
          "apt-get install qemu-system-x86 (8.0 or newer without KVM; Debian 12 has it in its backports)");
}

/* What needs no KVM to run code natively. Where KVM works nobody misses it. */
static void survey_uml(const char *cache, struct vm_check *c, bool kvm) {
    struct vm_uml uml;
    bool there = cache[0] && vm_uml_find(cache, &uml);

    if (there)
        snprintf(c->what, sizeof c->what, "Linux %.100s, %.140s", uml.release, uml.kernel);
    else
        snprintf(c->what, sizeof c->what, "none built%s", kvm ? "; with KVM none is needed" : "");
    found(c, there || kvm, "trillium run --vm=uml true builds one, which takes minutes");
}

void vm_survey(const char *cache_dir, const char *init, struct vm_survey *s) {
    char cache[PATH_MAX], why[VM_WHY_SIZE];
    struct vm_qemu qemu;
    struct vm_kernel kernel;
    struct vm_modules modules;
    struct vm_verdict verdict = {0};

    memset(s, 0, sizeof *s);
    if (vm_cache_folder(cache_dir, cache, why) < 0) {
        cache[0] = '\0';
        snprintf(s->qemu.mend, sizeof s->qemu.mend, "%.255s", why);
    }
    bool has_qemu = survey_qemu(cache, &s->qemu, &qemu);
    bool has_kernel = vm_kernel_find(cache, &kernel);
    snprintf(s->kernel.what, sizeof s->kernel.what, has_kernel ? "Linux %.100s, %.140s" : "no kernel to boot",
             kernel.release, kernel.image);
    found(&s->kernel, has_kernel,
          "apt-get install linux-image-amd64, or let \"trillium run --vm\" fetch a private one");

    if (has_kernel && vm_modules_read(kernel.modules, false, &modules, why) == 0) {
        snprintf(s->modules.what, sizeof s->modules.what,
                 "%zu modules: virtio-gpu, 9p, overlay and what they need", modules.count);
        vm_modules_free(&modules);
        found(&s->modules, true, "");
    } else {
        snprintf(s->modules.what, sizeof s->modules.what, "%.255s", has_kernel ? why : "no kernel to boot");
        found(&s->modules, false, s->kernel.mend[0] ? s->kernel.mend : "apt-get install linux-image-amd64");
    }

    if (init && has_qemu && has_kernel)
        vm_kvm_probe(cache, init, &qemu, &kernel, &verdict);
    else if (!has_qemu || !vm_kvm_remembered(cache, &qemu, &verdict))
        snprintf(verdict.reason, sizeof verdict.reason, "not tried yet");
    snprintf(s->kvm.what, sizeof s->kvm.what, "%s", verdict.reason);
    found(&s->kvm, verdict.good, vm_kvm_remedy(&verdict));
    survey_installed(cache, &s->installed, verdict.good);
    survey_uml(cache, &s->uml, verdict.good);
}
