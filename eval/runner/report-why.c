// SPDX-License-Identifier: MIT
/*
 * What makes a row of the VM slower than native, by what is measured anyway: a process guest has the same driver and the same
 * worker, so what it takes more than natively is theirs, and what the VM takes more than that is the VM's.
 */
#include "eval/runner/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A time, of medians; NAN where there is none. Rates become times of one unit. */
static double time_of(const struct series *s, int side) {
    double value = series_median(s, side);

    return s->higher_is_better ? 1 / value : value;
}

/* What the VM does to code. */
static const char *vms_part(const struct results *r) {
    const char *code =
        json_string_value(json_object_get(json_object_get(r->root, "machine"), "code in the VM runs"));

    if (code && strstr(code, "emulated"))
        return "the guest's own instructions, which are emulated there";
    if (code && strstr(code, "user-mode"))
        return "the guest's system calls, page faults and sleeps, which user-mode Linux makes dear";
    return "the guest's own code and its way out of the VM";
}

bool report_why_vm(const struct results *r, int row, char *sentence, size_t size) {
    const struct series *s = &r->list.items[row];
    struct interval speed = series_speed_interval(s, SIDE_VM_SOURCE);
    double native = time_of(s, SIDE_NATIVE), process = time_of(s, SIDE_PROCESS_SOURCE),
           vm = time_of(s, SIDE_VM_SOURCE);
    const bool noise = speed.count < 2 || interval_holds(speed, 1);

    if (!isfinite(native) || !isfinite(process) || !isfinite(vm) || native <= 0 || vm < native * 1.02)
        return false;
    double more = vm - native, there = fmin(fmax(process - native, 0), more);
    snprintf(sentence, size,
             "%s: %s takes %.2f times as long as natively%s: of what it takes more, %.0f %% is there in a "
             "process guest, too (the driver, Trillium), %.0f %% only in the VM (%s).",
             s->program, s->metric, vm / native, noise ? " (~)" : "", 100 * there / more,
             100 - 100 * there / more, vms_part(r));
    return true;
}

bool report_why_vm_all(const struct results *r, char *sentence, size_t size) {
    int n, m;
    struct interval vm = results_cost(r, "run", SIDE_VM_SOURCE, SIDE_NATIVE, false, &n);
    struct interval process = results_cost(r, "run", SIDE_PROCESS_SOURCE, SIDE_NATIVE, false, &m);

    if (vm.count == 0 || process.count == 0 || !(vm.median > 1.02))
        return false;
    double there = fmin(fmax(process.median - 1, 0), vm.median - 1) / (vm.median - 1);
    snprintf(sentence, size,
             "Of what warm runs take more in the VM than natively, %.0f %% is there in process guests, too "
             "(the driver, Trillium), %.0f %% only in the VM: %s.",
             100 * there, 100 - 100 * there, vms_part(r));
    return true;
}
