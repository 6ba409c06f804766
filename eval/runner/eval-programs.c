// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <string.h>

#include "eval/runner/eval.h"

const struct program programs[] = {
    {"saxpy", false, false},
    {"sgemm", false, false},
    {"nbody", false, false},
    {"reduction", false, false},
    {"stencil", false, false},
    {"bitonic", false, false},
    {"launch", false, false},
    {"length", false, false},
    {"transfer", false, false},
    {"build", false, false},
    {"backprop", true, false},
    {"bfs", true, true},
    {"btree", true, false},
    {"cfd", true, true},
    {"dwt2d", true, false},
    {"fft", true, true},
    {"gaussian", true, false},
    {"hotspot", true, true},
    {"hybridsort", true, false},
    {"kmeans", true, true},
    {"lavamd", true, false},
    {"lud", true, false},
    {"nn", true, false},
    {"nw", true, true},
    {"particlefilter", true, false},
    {"pathfinder", true, false},
    {"scan", true, false},
    {"spmv", true, false},
    {"srad", true, false},
    {"streamcluster", true, false},
};
const int program_count = sizeof programs / sizeof programs[0];

const char *const *program_names(void) {
    static const char *names[sizeof programs / sizeof programs[0] + 1];

    for (int i = 0; i < program_count; i++)
        names[i] = programs[i].name;
    return names;
}
