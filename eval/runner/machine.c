// SPDX-License-Identifier: MIT
#include "eval/runner/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The first line of a file that starts with `key`, what stands behind ": ". */
static void file_value(const char *path, const char *key, char *out, size_t room) {
    char line[512];
    FILE *f = fopen(path, "re");

    snprintf(out, room, "unknown");
    while (f && fgets(line, sizeof(line), f)) {
        char *value = key ? strchr(line, ':') : line;

        if (key && (strncmp(line, key, strlen(key)) != 0 || !value))
            continue;
        if (key)
            value++;
        value[strcspn(value, "\n")] = '\0';
        while (*value == ' ')
            value++;
        value[strnlen(value, room - 1)] = '\0';
        memcpy(out, value, strlen(value) + 1);
        break;
    }
    if (f)
        fclose(f);
}

/* Part of the CPUs' time that was used, all of them together, since the machine started. */
static void cpu_times(double *busy, double *all) {
    double v[8] = {0};
    FILE *f = fopen("/proc/stat", "re");

    if (f && fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6],
                    &v[7]) != 8)
        memset(v, 0, sizeof(v));
    if (f)
        fclose(f);
    *busy = *all = 0;
    for (int i = 0; i < 8; i++) {
        *all += v[i];
        *busy += i == 3 || i == 4 ? 0 : v[i];
    }
}

static double used_by_others; /* 0..1 */

void machine_look(void) {
    double busy[2], all[2];

    cpu_times(&busy[0], &all[0]);
    usleep(1000000);
    cpu_times(&busy[1], &all[1]);
    used_by_others = all[1] > all[0] ? (busy[1] - busy[0]) / (all[1] - all[0]) : 0;
}

/* As the program itself says. */
static json_t *version(const struct sides *s) {
    char program[PATH_MAX + 32];
    char *argv[] = {program, "--version", NULL};
    const struct proc_options o = {.cpu = -1, .timeout = 30};

    snprintf(program, sizeof(program), "%s/bin/trillium", s->prefix);
    struct proc_result r = proc_run(argv, &o);
    if (r.text)
        r.text[strcspn(r.text, "\n")] = '\0';
    json_t *said = json_string_nocheck(r.status == 0 && r.text ? r.text : "unknown");
    free(r.text);
    return said;
}

json_t *machine_json(const struct sides *s) {
    char cpu[256], memory[64], load[64], system_name[128] = "";
    struct utsname u;
    json_t *m = json_object();
    FILE *f = fopen("/etc/os-release", "re");
    char line[256];

    while (f && fgets(line, sizeof(line), f))
        sscanf(line, "PRETTY_NAME=\"%127[^\"]", system_name);
    if (f)
        fclose(f);
    file_value("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
    file_value("/proc/meminfo", "MemTotal", memory, sizeof(memory));
    file_value("/proc/loadavg", NULL, load, sizeof(load));
    uname(&u);
    json_object_set_new(m, "cpu", json_string_nocheck(cpu));
    json_object_set_new(m, "cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(m, "memory", json_string(memory));
    json_object_set_new(m, "system", json_string_nocheck(system_name));
    json_object_set_new(m, "kernel", json_string(u.release));
    json_object_set_new(m, "load average at the end", json_string(load));
    json_object_set_new(m, "part of the CPUs used by others at the start", json_real(used_by_others));
    json_object_set_new(m, "platform", json_string_nocheck(s->platform));
    json_object_set_new(m, "device", json_string_nocheck(s->device));
    json_object_set_new(m, "version of the driver", json_string_nocheck(s->driver));
    if (s->vm_cpu[0])
        json_object_set_new(m, "cpu that programs in the VM see", json_string_nocheck(s->vm_cpu));
    if (s->vm_code[0])
        json_object_set_new(m, "code in the VM runs", json_string(s->vm_code));
    json_object_set_new(m, "/dev/kvm can be opened", json_boolean(access("/dev/kvm", R_OK | W_OK) == 0));
    if (s->vm_kernel[0])
        json_object_set_new(m, "kernel of the VM", json_string_nocheck(s->vm_kernel));
    json_object_set_new(m, "trillium", version(s));
    return m;
}

static const char *text(const json_t *machine, const char *key) {
    const char *value = json_string_value(json_object_get(machine, key));

    return value ? value : "unknown";
}

void machine_print(FILE *out, const json_t *m) {
    double others = json_number_value(json_object_get(m, "part of the CPUs used by others at the start"));

    fprintf(out, "%s, %d CPUs, %s; %s\n", text(m, "system"),
            (int)json_integer_value(json_object_get(m, "cpus")), text(m, "cpu"), text(m, "platform"));
    fprintf(out, "OpenCL device: %s, %s\n", text(m, "device"), text(m, "version of the driver"));
    if (others > 0.1)
        fprintf(out, "Mind: other programs use %.0f %% of this machine's CPUs. That disturbs what follows.\n",
                others * 100);
}
