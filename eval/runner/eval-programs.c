// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <string.h>

#include "eval/runner/eval.h"

const struct program programs[] = {
    {"saxpy", false, false, true, false},
    {"sgemm", false, false, true, false},
    {"nbody", false, false, true, false},
    {"reduction", false, false, true, false},
    {"stencil", false, false, true, false},
    {"bitonic", false, false, true, false},
    {"launch", false, false, true, false},
    {"length", false, false, true, false},
    {"transfer", false, false, true, false},
    {"build", false, false, true, true},
    {"backprop", true, false, true, false},
    {"bfs", true, true, true, false},
    {"btree", true, false, false, false},
    {"cfd", true, false, true, false},
    {"dwt2d", true, false, false, false},
    {"fft", true, false, true, false},
    {"gaussian", true, false, false, false},
    {"hotspot", true, true, true, false},
    {"hybridsort", true, false, false, false},
    {"kmeans", true, false, true, false},
    {"lavamd", true, false, false, false},
    {"lud", true, false, true, false},
    {"nn", true, false, false, false},
    {"nw", true, true, true, false},
    {"particlefilter", true, false, false, false},
    {"pathfinder", true, false, false, false},
    {"scan", true, false, true, false},
    {"spmv", true, false, true, false},
    {"srad", true, false, false, false},
    {"streamcluster", true, false, false, false},
};
const int program_count = sizeof programs / sizeof programs[0];

const char *const *program_names(void) {
    static const char *names[sizeof programs / sizeof programs[0] + 1];

    for (int i = 0; i < program_count; i++)
        names[i] = programs[i].name;
    return names;
}
