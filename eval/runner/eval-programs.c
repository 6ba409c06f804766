// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <string.h>

#include "eval/runner/eval.h"

const struct program programs[] = {
    {"saxpy", false, false, true},
    {"sgemm", false, false, true},
    {"nbody", false, false, true},
    {"reduction", false, false, true},
    {"stencil", false, false, true},
    {"bitonic", false, false, true},
    {"launch", false, false, true},
    {"length", false, false, true},
    {"transfer", false, false, true},
    {"build", false, false, true},
    {"backprop", true, false, true},
    {"bfs", true, true, true},
    {"btree", true, false, false},
    {"cfd", true, false, true},
    {"dwt2d", true, false, false},
    {"fft", true, false, true},
    {"gaussian", true, false, false},
    {"hotspot", true, true, true},
    {"hybridsort", true, false, false},
    {"kmeans", true, false, true},
    {"lavamd", true, false, false},
    {"lud", true, false, true},
    {"nn", true, false, false},
    {"nw", true, true, true},
    {"particlefilter", true, false, false},
    {"pathfinder", true, false, false},
    {"scan", true, false, true},
    {"spmv", true, false, true},
    {"srad", true, false, false},
    {"streamcluster", true, false, false},
};
const int program_count = sizeof programs / sizeof programs[0];

const char *const *program_names(void) {
    static const char *names[sizeof programs / sizeof programs[0] + 1];

    for (int i = 0; i < program_count; i++)
        names[i] = programs[i].name;
    return names;
}
