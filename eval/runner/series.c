// SPDX-License-Identifier: MIT
#include "eval/runner/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct series *series_get(struct series_list *list, const char *program, const char *metric, const char *unit,
                          bool higher) {
    for (int i = 0; i < list->count; i++)
        if (!strcmp(list->items[i].program, program) && !strcmp(list->items[i].metric, metric))
            return &list->items[i];
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->items = realloc(list->items, (size_t)list->room * sizeof(*list->items));
        if (!list->items)
            abort();
    }
    struct series *s = &list->items[list->count++];

    memset(s, 0, sizeof(*s));
    snprintf(s->program, sizeof(s->program), "%s", program);
    snprintf(s->metric, sizeof(s->metric), "%s", metric);
    snprintf(s->unit, sizeof(s->unit), "%s", unit);
    s->higher_is_better = higher;
    return s;
}

void series_add(struct series *s, int column, double value) {
    if (s->count[column] < SERIES_VALUES)
        s->values[column][s->count[column]++] = value;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorted values of a column. */
static int sorted(const struct series *s, int column, double v[SERIES_VALUES]) {
    memcpy(v, s->values[column], sizeof(s->values[column]));
    qsort(v, (size_t)s->count[column], sizeof(*v), by_value);
    return s->count[column];
}

static double median(const double *sorted_values, int n) {
    return n == 0  ? NAN
           : n % 2 ? sorted_values[n / 2]
                   : (sorted_values[n / 2 - 1] + sorted_values[n / 2]) / 2;
}

double series_median(const struct series *s, int column) {
    double v[SERIES_VALUES];
    int n = sorted(s, column, v);

    return median(v, n);
}

static double paired(const struct series *s, int column, bool difference) {
    int n = s->count[0] < s->count[column] ? s->count[0] : s->count[column];
    double v[SERIES_VALUES];

    if (n == 0)
        return NAN;
    for (int i = 0; i < n; i++)
        v[i] = difference ? s->values[column][i] - s->values[0][i] : s->values[column][i] / s->values[0][i];
    qsort(v, (size_t)n, sizeof(*v), by_value);
    return median(v, n);
}

double series_ratio(const struct series *s, int column) {
    return paired(s, column, false);
}

double series_difference(const struct series *s, int column) {
    return paired(s, column, true);
}

double series_min(const struct series *s, int column) {
    double v[SERIES_VALUES];

    return sorted(s, column, v) ? v[0] : NAN;
}

double series_max(const struct series *s, int column) {
    double v[SERIES_VALUES];
    int n = sorted(s, column, v);

    return n ? v[n - 1] : NAN;
}

double series_spread(const struct series *s, int column) {
    return (series_max(s, column) - series_min(s, column)) / series_median(s, column);
}

double series_speed(const struct series *s, int column) {
    double base = series_median(s, 0), here = series_median(s, column);

    return s->higher_is_better ? here / base : base / here;
}

void series_number(char out[24], double value) {
    if (!isfinite(value))
        snprintf(out, 24, "-");
    else if (value != 0 && fabs(value) < 0.1)
        snprintf(out, 24, "%.3g", value);
    else
        snprintf(out, 24, "%.*f",
                 fabs(value) >= 1000  ? 0
                 : fabs(value) >= 100 ? 1
                 : fabs(value) >= 10  ? 2
                                      : 3,
                 value);
}

json_t *series_json(const struct series *s, const char *const *names, int columns) {
    json_t *root = json_object(), *sides = json_object(), *speed = json_object();

    json_object_set_new(root, "program", json_string(s->program));
    json_object_set_new(root, "metric", json_string(s->metric));
    json_object_set_new(root, "unit", json_string(s->unit));
    json_object_set_new(root, "better", json_string(s->higher_is_better ? "higher" : "lower"));
    for (int c = 0; c < columns; c++) {
        json_t *one = json_object(), *values = json_array();

        if (s->count[c] == 0) {
            json_decref(one);
            json_decref(values);
            continue;
        }
        for (int i = 0; i < s->count[c]; i++)
            json_array_append_new(values, json_real(s->values[c][i]));
        json_object_set_new(one, "median", json_real(series_median(s, c)));
        json_object_set_new(one, "min", json_real(series_min(s, c)));
        json_object_set_new(one, "max", json_real(series_max(s, c)));
        json_object_set_new(one, "values", values);
        json_object_set_new(sides, names[c], one);
        if (c > 0 && isfinite(series_speed(s, c)))
            json_object_set_new(speed, names[c], json_real(series_speed(s, c)));
    }
    json_object_set_new(root, "sides", sides);
    json_object_set_new(root, "speed", speed);
    return root;
}

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
    return m;
}

void machine_print(FILE *out, const struct sides *s) {
    json_t *m = machine_json(s);

    fprintf(out, "%s, %d CPUs, %s; %s\n", json_string_value(json_object_get(m, "system")),
            (int)json_integer_value(json_object_get(m, "cpus")), json_string_value(json_object_get(m, "cpu")),
            s->platform);
    fprintf(out, "OpenCL device: %s\n", s->device);
    if (used_by_others > 0.1)
        fprintf(out, "Mind: other programs use %.0f %% of this machine's CPUs. That disturbs what follows.\n",
                used_by_others * 100);
    json_decref(m);
}
