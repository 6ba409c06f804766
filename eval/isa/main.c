// SPDX-License-Identifier: MIT
/* trillium-isa: the virtual ISA that a folder of programs needs, and the order in which to implement it. */
#include "eval/isa/isa.h"

#include <errno.h>
#include <fts.h>
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "svga-model/visa/load.h"

static const char help[] =
    "Usage: trillium eval isa [OPTION]... FOLDER\n"
    "\n"
    "Compiles the OpenCL C files (*.cl) below FOLDER to SPIR-V as the SVGA baseline's guest does, counts the "
    "instructions,\n"
    "capabilities, extended instructions and builtin variables of the modules, and prints them in the order "
    "in which a virtual\n"
    "ISA should have them: what programs of the most weight need comes first. Then how many programs the "
    "first of them are enough\n"
    "for, which parts the list of the baseline's host lacks, and which programs it refuses. A program is a "
    "folder in FOLDER, or a file right in it.\n"
    "\n"
    "  --popularity CSV  lines of \"program,weight\", such as package names and installations; who is not in "
    "it weighs as little as\n"
    "                    the least that is (without this option all weigh the same);\n"
    "                    debian-opencl.csv in share/trillium (eval/isa/debian.csv) has Debian's OpenCL "
    "programs\n"
    "  --options TEXT    options for the compiler, such as -DTYPE=float\n"
    "  --csv FILE        write the list there, with counts\n"
    "  --help\n";

/* A device that has everything that the compiler knows: a program is not to lack what a certain device lacks. */
static const struct visa_features everything = {
    .address_bits = 64,
    .device_version = 300,
    .c_version = 120,
    .c_version_max = 300,
    .extensions = "cl_khr_fp64 cl_khr_fp16 cl_khr_int64_base_atomics cl_khr_int64_extended_atomics "
                  "cl_khr_3d_image_writes "
                  "cl_khr_global_int32_base_atomics cl_khr_global_int32_extended_atomics "
                  "cl_khr_local_int32_base_atomics "
                  "cl_khr_local_int32_extended_atomics cl_khr_byte_addressable_store cl_khr_subgroups",
    .c_features =
        "__opencl_c_3d_image_writes __opencl_c_atomic_order_acq_rel __opencl_c_atomic_order_seq_cst "
        "__opencl_c_atomic_scope_device __opencl_c_atomic_scope_all_devices __opencl_c_device_enqueue "
        "__opencl_c_generic_address_space __opencl_c_fp64 __opencl_c_images __opencl_c_int64 "
        "__opencl_c_pipes "
        "__opencl_c_program_scope_global_variables __opencl_c_read_write_images __opencl_c_subgroups "
        "__opencl_c_work_group_collective_functions",
    .images = true,
    .little_endian = true,
};

static struct isa the_isa;
static const char *folder, *options = "", *popularity, *csv;

static int program_of(struct isa *isa, const char *path) {
    const char *name = path + strlen(folder);
    char own[128];
    int p = 0;

    name += strspn(name, "/");
    snprintf(own, sizeof own, "%.*s", (int)strcspn(name, "/"), name);
    if (!strchr(name, '/') && strlen(own) > 3)
        own[strlen(own) - 3] = '\0'; /* .cl */
    while (p < isa->program_count && strcmp(isa->programs[p].name, own) != 0)
        p++;
    if (p == ISA_PROGRAMS)
        return -1;
    if (p == isa->program_count) {
        isa->program_count++;
        snprintf(isa->programs[p].name, sizeof isa->programs[p].name, "%s", own);
    }
    return p;
}

static char *read_all(const char *path, size_t *size) {
    FILE *f = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;

    *size = 0;
    while (f && !feof(f) && !ferror(f)) {
        if (*size + 65536 > room) {
            char *grown = realloc(text, room += 262144);
            if (!grown)
                break;
            text = grown;
        }
        *size += fread(text + *size, 1, 65535, f);
    }
    if (f)
        fclose(f);
    return text;
}

static void take_module(const struct visa_host *host, int program, const struct visa_module *m) {
    struct isa_program *p = &the_isa.programs[program];
    const struct visa_target pocl = {.kind = VISA_TARGET_POCL, .spirv_version = 0x00010000};
    char why[VISA_WHY_SIZE] = "";

    if (!isa_count(&the_isa, program, m->spirv, m->spirv_words))
        fprintf(stderr, "trillium-isa: %s: the module cannot be counted\n", p->name);
    if (host && host->validate(m->spirv, m->spirv_words, &everything, &pocl, why) < 0)
        snprintf(p->refused, sizeof p->refused, "%.150s", why);
}

/* Tries the newer languages where the oldest does not do. */
static void compile(const struct visa_guest *guest, const struct visa_host *host, const char *path) {
    static const char *const standards[] = {"", " -cl-std=CL2.0", " -cl-std=CL3.0"};
    int program = program_of(&the_isa, path);
    char all[1024], dir[4096];
    const char *dirs[] = {dir};
    struct visa_module m = {0};
    enum visa_status status = VISA_BUILD_FAILURE;
    size_t size;
    char *text = read_all(path, &size);

    if (program < 0 || !text) {
        fprintf(stderr, "trillium-isa: %s: %s\n", path,
                program < 0 ? "there are too many programs" : strerror(errno));
        free(text);
        return;
    }
    snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(path, '/') - path), path);
    for (size_t s = 0; s < 3 && status == VISA_BUILD_FAILURE; s++) {
        guest->module_free(&m);
        m = (struct visa_module){0};
        snprintf(all, sizeof all, "%s%s", options, standards[s]);
        const struct visa_compile_request request = {.source = text,
                                                     .source_size = size,
                                                     .options = all,
                                                     .dirs = dirs,
                                                     .dir_count = 1,
                                                     .features = &everything};
        status = guest->compile(&request, &m);
    }
    the_isa.sources++;
    the_isa.programs[program].sources++;
    if (status == VISA_OK) {
        take_module(host, program, &m);
    } else {
        the_isa.failed++;
        the_isa.programs[program].failed++;
        fprintf(stderr, "trillium-isa: %s does not compile: %.*s\n", path,
                m.log ? (int)strcspn(m.log, "\n") : 0, m.log ? m.log : "");
    }
    guest->module_free(&m);
    free(text);
}

static void walk(const struct visa_guest *guest, const struct visa_host *host) {
    char *paths[] = {(char *)folder, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *entry;

    while (tree && (entry = fts_read(tree))) {
        size_t length = strlen(entry->fts_name);
        if (entry->fts_info == FTS_F && length > 3 && !strcmp(entry->fts_name + length - 3, ".cl"))
            compile(guest, host, entry->fts_path);
    }
    if (tree)
        fts_close(tree);
}

/* Weights, which add up to 1. false after saying why. */
static bool weigh(struct isa *isa) {
    FILE *f = popularity ? fopen(popularity, "re") : NULL;
    char line[512], name[256];
    double sum = 0, least = 0, weight;
    int named = 0;

    if (popularity && !f) {
        fprintf(stderr, "trillium-isa: cannot read %s: %s\n", popularity, strerror(errno));
        return false;
    }
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%255[^,#\n],%lf", name, &weight) != 2 || weight <= 0)
            continue;
        for (int p = 0; p < isa->program_count; p++)
            if (!strcmp(isa->programs[p].name, name)) {
                isa->programs[p].weight = weight;
                least = least == 0 || weight < least ? weight : least;
                named++;
            }
    }
    if (f) {
        fclose(f);
        printf("%d of %d programs are in %s\n", named, isa->program_count, popularity);
    }
    for (int p = 0; p < isa->program_count; p++) {
        if (isa->programs[p].weight == 0)
            isa->programs[p].weight = least > 0 ? least : 1;
        sum += isa->programs[p].weight;
    }
    for (int p = 0; p < isa->program_count; p++)
        isa->programs[p].weight /= sum;
    return true;
}

/* Which parts the baseline's list does not have, even for a device with every feature. */
static void mark_lacking(struct isa *isa, const struct visa_host *host) {
    static const enum visa_part parts[ISA_KINDS] = {[ISA_INSTRUCTION] = VISA_PART_INSTRUCTION,
                                                    [ISA_CAPABILITY] = VISA_PART_CAPABILITY,
                                                    [ISA_BUILTIN] = VISA_PART_BUILTIN};

    for (int i = 0; i < isa->part_count; i++) {
        struct isa_part *p = &isa->parts[i];
        p->lacking = p->kind != ISA_EXTENDED && !host->takes(parts[p->kind], p->number, &everything);
    }
}

static bool report(const struct isa *isa) {
    FILE *f = csv ? fopen(csv, "we") : NULL;
    char name[64];
    int first[5] = {0}, lacking = 0;
    static const double shares[5] = {0.5, 0.8, 0.9, 0.95, 1.0};

    printf("%d sources of %d programs, %d of which do not compile; %d parts\n\n", isa->sources,
           isa->program_count, isa->failed, isa->part_count);
    printf("%5s  %-22s %-34s %9s %9s %9s\n", "", "", "", "programs", "times", "covered");
    if (f)
        fprintf(f, "order,kind,name,weight_of_programs,times,baseline,covered\n");
    for (int i = 0; i < isa->part_count; i++) {
        const struct isa_part *p = &isa->parts[i];
        double covered = isa_covered(isa, i + 1);

        for (int s = 0; s < 5; s++)
            if (!first[s] && covered >= shares[s] - 1e-9)
                first[s] = i + 1;
        isa_name(p->kind, p->number, name);
        printf("%5d  %-22s %-34s %8.1f%% %9llu %8.1f%%%s\n", i + 1, isa_kinds[p->kind], name, p->weight * 100,
               (unsigned long long)p->times, covered * 100, p->lacking ? "  the baseline lacks it" : "");
        lacking += p->lacking;
        if (f)
            fprintf(f, "%d,%s,%s,%.6f,%llu,%s,%.6f\n", i + 1, isa_kinds[p->kind], name, p->weight,
                    (unsigned long long)p->times, p->lacking ? "lacks" : "has", covered);
    }
    printf("\n");
    for (int s = 0; s < 5; s++)
        if (first[s])
            printf("the first %d are enough for %.0f %% of what is installed\n", first[s], shares[s] * 100);
    printf("the baseline's list lacks %d of %d parts\n", lacking, isa->part_count);
    int refused = 0;
    for (int p = 0; p < isa->program_count; p++)
        if (isa->programs[p].refused[0]) {
            printf("the baseline's host refuses %s: %s\n", isa->programs[p].name, isa->programs[p].refused);
            refused++;
        }
    if (!refused)
        printf("the baseline's host takes all that compile, on a device that has every feature\n");
    if (csv && (!f || fclose(f) != 0)) {
        fprintf(stderr, "trillium-isa: cannot write %s: %s\n", csv, strerror(errno));
        return false;
    }
    return true;
}

/* On a stack of its own: clang recurses. */
static void *work(void *opaque) {
    bool *ok = opaque;
    char why[VISA_WHY_SIZE] = "";
    const struct visa_guest *guest = visa_guest_load(why);
    const struct visa_host *host = guest ? visa_host_load(why) : NULL;

    *ok = false;
    if (!guest || !host) {
        fprintf(stderr, "trillium-isa: %s\n", why);
        return NULL;
    }
    walk(guest, host);
    if (the_isa.sources == 0) {
        fprintf(stderr, "trillium-isa: there is no *.cl below %s\n", folder);
        return NULL;
    }
    *ok = weigh(&the_isa);
    if (*ok) {
        isa_order(&the_isa);
        mark_lacking(&the_isa, host);
        *ok = report(&the_isa);
    }
    return NULL;
}

int main(int argc, char **argv) {
    static const struct option list[] = {{"popularity", required_argument, NULL, 'p'},
                                         {"options", required_argument, NULL, 'o'},
                                         {"csv", required_argument, NULL, 'c'},
                                         {"help", no_argument, NULL, 'h'},
                                         {0}};
    pthread_attr_t attributes;
    pthread_t thread;
    bool ok = false;
    int c;

    while ((c = getopt_long(argc, argv, "h", list, NULL)) != -1) {
        switch (c) {
        case 'p':
            popularity = optarg;
            break;
        case 'o':
            options = optarg;
            break;
        case 'c':
            csv = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return 2;
        }
    }
    if (argc - optind != 1) {
        fprintf(stderr, "trillium-isa: which folder? --help tells more\n");
        return 2;
    }
    folder = argv[optind];
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)64 << 20);
    if (pthread_create(&thread, &attributes, work, &ok) != 0) {
        fprintf(stderr, "trillium-isa: out of memory\n");
        return 1;
    }
    pthread_join(thread, NULL);
    return !ok;
}
