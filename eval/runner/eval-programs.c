// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <string.h>

#include "eval/runner/eval.h"

const struct program programs[] = {
    {"saxpy", .steady = true, .usual = true},
    {"sgemm", .steady = true, .usual = true},
    {"nbody", .steady = true, .usual = true},
    {"reduction", .steady = true, .usual = true},
    {"stencil", .steady = true, .usual = true},
    {"bitonic", .steady = true, .usual = true},
    {"launch", .steady = true, .usual = true, .everywhere = true},
    {"length", .steady = true, .usual = true, .everywhere = true},
    {"transfer", .steady = true, .usual = true},
    {"build", .usual = true, .slow = true},
    {"backprop", .workload = true, .usual = true},
    {"bfs", .workload = true, .builds_new = true, .usual = true, .everywhere = true},
    {"btree", .workload = true},
    {"cfd", .workload = true, .usual = true},
    {"dwt2d", .workload = true},
    {"fft", .workload = true, .usual = true},
    {"gaussian", .workload = true},
    {"hotspot", .workload = true, .builds_new = true, .usual = true, .everywhere = true},
    {"hybridsort", .workload = true},
    {"kmeans", .workload = true, .usual = true, .everywhere = true},
    {"lavamd", .workload = true},
    {"lud", .workload = true, .usual = true},
    {"nn", .workload = true},
    {"nw", .workload = true, .builds_new = true, .usual = true, .everywhere = true},
    {"particlefilter", .workload = true},
    {"pathfinder", .workload = true},
    {"scan", .workload = true, .usual = true},
    {"spmv", .workload = true, .usual = true, .everywhere = true},
    {"srad", .workload = true},
    {"streamcluster", .workload = true},
};
const int program_count = sizeof programs / sizeof programs[0];

const char *const *program_names(void) {
    static const char *names[sizeof programs / sizeof programs[0] + 1];

    for (int i = 0; i < program_count; i++)
        names[i] = programs[i].name;
    return names;
}
