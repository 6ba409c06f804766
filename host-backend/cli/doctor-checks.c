// SPDX-License-Identifier: MIT
/* What doctor looks at. */
#include "host-backend/cli/doctor.h"
#include "host-backend/util/capture.h"
#include "host-backend/vm/vm.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static bool on_path(const char *program) {
    char *argv[] = {"sh", "-c", "command -v \"$0\"", (char *)program, NULL}, out[PATH_MAX];

    return capture(argv, out, sizeof(out), 10) == 0;
}

/* The first match of a file pattern. */
static bool first_match(const char *pattern, char out[PATH_MAX]) {
    glob_t g;
    bool found = glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc > 0;

    if (found)
        snprintf(out, PATH_MAX, "%s", g.gl_pathv[0]);
    globfree(&g);
    return found;
}

static void check_own_files(const struct cli_paths *p, struct doctor_finding *f) {
    const char *files[] = {p->worker, p->icd, p->icd_dir};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (access(files[i], R_OK) != 0) {
            doctor_set(f, DOCTOR_MISSING, "make all", "%s is not there", files[i]);
            return;
        }
    }
    doctor_set(f, DOCTOR_OK, NULL, "worker and guest driver below %s", p->prefix);
}

static void check_drivers(const struct cli_paths *p, struct doctor_finding *f) {
    char *argv[] = {(char *)p->worker, "--probe", NULL}, out[800];
    int status = capture(argv, out, sizeof(out), 30);
    int devices = 0;

    /* "PLATFORM\tDEVICE\tVERSION\tTYPE" per line */
    for (char *c = out; *c; c++) {
        if (*c == '\n')
            devices++;
        else if (*c == '\t')
            *c = ' ';
    }
    if (access(p->worker, X_OK) != 0)
        doctor_set(f, DOCTOR_MISSING, "make all", "cannot be asked for: there is no worker");
    else if (status == 0 && devices > 0)
        doctor_set(f, DOCTOR_OK, NULL, "%d device%s of this host's OpenCL drivers\n%s", devices,
                   devices == 1 ? "" : "s", out);
    else if (status == 124)
        doctor_set(f, DOCTOR_MISSING, "clinfo", "an OpenCL driver of this host does not answer within 30 s");
    else if (status > 128)
        doctor_set(f, DOCTOR_MISSING, "clinfo",
                   "an OpenCL driver of this host crashes when it is asked for its devices (signal %d)",
                   status - 128);
    else
        doctor_set(f, DOCTOR_MISSING, "apt-get install pocl-opencl-icd",
                   "no OpenCL driver with a device on this host");
}

static void check_loader(const struct cli_paths *p, struct doctor_finding *f) {
    static const char *const places[] = {"/usr/lib/*/libOpenCL.so.1", "/usr/lib64/libOpenCL.so.1",
                                         "/usr/lib/libOpenCL.so.1", "/usr/local/lib/libOpenCL.so.1",
                                         "/lib/*/libOpenCL.so.1"};
    char found[PATH_MAX];

    (void)p;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (first_match(places[i], found)) {
            doctor_set(f, DOCTOR_OK, NULL, "%s", found);
            return;
        }
    }
    doctor_set(f, DOCTOR_MISSING, "apt-get install ocl-icd-libopencl1",
               "no libOpenCL.so.1, which OpenCL programs load");
}

/* What brings a part of the virtual ISA that is not there: packages lie in a folder that nobody else installs to. */
static const char *visa_source(const struct cli_paths *p) {
    return strcmp(p->prefix, "/usr/lib/trillium") == 0 ? "apt-get install ./trillium-visa_*.deb" : "make all";
}

/* Loads a library in a child, so that what it brings (LLVM) stays out of this process. */
static void check_library(const struct cli_paths *p, const char *path, struct doctor_finding *f) {
    char why[400] = "";
    int fds[2], status;
    pid_t pid;

    if (access(path, R_OK) != 0) {
        doctor_set(f, DOCTOR_MISSING, visa_source(p), "%s is not there", path);
        return;
    }
    if (pipe2(fds, O_CLOEXEC) < 0)
        return;
    pid = fork();
    if (pid == 0) {
        void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

        if (!handle)
            dprintf(fds[1], "%s", dlerror());
        _exit(handle ? 0 : 1);
    }
    close(fds[1]);
    if (pid > 0) {
        ssize_t n = read(fds[0], why, sizeof(why) - 1);

        why[n > 0 ? n : 0] = '\0';
        waitpid(pid, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            doctor_set(f, DOCTOR_OK, NULL, "%s", path);
        else
            doctor_set(f, DOCTOR_MISSING,
                       "apt-get install libclang-cpp" TRILLIUM_LLVM " libllvm" TRILLIUM_LLVM
                       " libllvmspirvlib" TRILLIUM_LLVM,
                       "%s cannot be loaded: %s", path, why);
    }
    close(fds[0]);
}

/* The guest's half: a library, in a program that the driver starts. */
static void check_visa_guest(const struct cli_paths *p, struct doctor_finding *f) {
    char *argv[] = {(char *)p->visa_compile, "--help", NULL}, out[200];
    int status;

    if (access(p->visa_compile, F_OK) != 0) {
        doctor_set(f, DOCTOR_MISSING, visa_source(p), "%s is not there", p->visa_compile);
        return;
    }
    status = capture(argv, out, sizeof out, 30);
    if (status != 0)
        doctor_set(f, DOCTOR_MISSING, visa_source(p), "%s cannot be run (status %d)", p->visa_compile,
                   status);
    else
        check_library(p, p->visa_guest, f);
}

static void check_visa_host(const struct cli_paths *p, struct doctor_finding *f) {
    check_library(p, p->visa_host, f);
}

/* One survey serves all checks of a VM. */
static const struct vm_survey *survey(const struct cli_paths *p) {
    static struct vm_survey s;
    static bool done;

    if (!done)
        vm_survey(NULL, access(p->vm_init, X_OK) == 0 ? p->vm_init : NULL, &s);
    done = true;
    return &s;
}

static void from_survey(const struct vm_check *c, enum doctor_state otherwise, struct doctor_finding *f) {
    doctor_set(f, c->good ? DOCTOR_OK : otherwise, c->mend, "%s", c->what);
}

/* What is missing of QEMU and kernel, `trillium run --vm` fetches by itself: that is only slower. */
static void check_qemu(const struct cli_paths *p, struct doctor_finding *f) {
    from_survey(&survey(p)->qemu, DOCTOR_FAIR, f);
}

static void check_installed_qemu(const struct cli_paths *p, struct doctor_finding *f) {
    from_survey(&survey(p)->installed, DOCTOR_MISSING, f);
}

static void check_kernel(const struct cli_paths *p, struct doctor_finding *f) {
    from_survey(&survey(p)->kernel, DOCTOR_FAIR, f);
}

static void check_modules(const struct cli_paths *p, struct doctor_finding *f) {
    from_survey(&survey(p)->modules, DOCTOR_FAIR, f);
}

static void check_kvm(const struct cli_paths *p, struct doctor_finding *f) {
    from_survey(&survey(p)->kvm, DOCTOR_FAIR, f);
}

static void check_uml(const struct cli_paths *p, struct doctor_finding *f) {
    from_survey(&survey(p)->uml, DOCTOR_FAIR, f);
}

static void check_descriptor(const struct cli_paths *p, struct doctor_finding *f) {
    static const char *const places[] = {"/usr/share/qemu/vhost-user/50-trillium.json",
                                         "/usr/local/share/qemu/vhost-user/50-trillium.json",
                                         "/etc/qemu/vhost-user/50-trillium.json"};

    (void)p;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (access(places[i], R_OK) == 0) {
            doctor_set(f, DOCTOR_OK, NULL, "%s", places[i]);
            return;
        }
    }
    doctor_set(f, DOCTOR_FAIR, "make install PREFIX=/usr",
               "no vhost-user descriptor is installed: libvirt does not find Trillium by itself");
}

static void check_programs(const char *const *programs, const char *mend, struct doctor_finding *f) {
    char missing[256] = "";

    for (size_t i = 0; programs[i]; i++) {
        if (!on_path(programs[i])) {
            size_t used = strlen(missing);

            snprintf(missing + used, sizeof(missing) - used, " %s", programs[i]);
        }
    }
    if (missing[0])
        doctor_set(f, DOCTOR_MISSING, mend, "not found:%s", missing);
    else
        doctor_set(f, DOCTOR_OK, NULL, "all there");
}

static void check_compilers(const struct cli_paths *p, struct doctor_finding *f) {
    static const char *const programs[] = {"gcc", "g++", "make", "pkg-config", ("llvm-config-" TRILLIUM_LLVM),
                                           NULL};

    (void)p;
    check_programs(programs, "make deps", f);
}

static void check_clpeak(const struct cli_paths *p, struct doctor_finding *f) {
    static const char *const programs[] = {"clpeak", "taskset", NULL};

    (void)p;
    check_programs(programs, "make deps", f);
}

static void check_render_node(const struct cli_paths *p, struct doctor_finding *f) {
    glob_t g;
    bool ours = false;
    char node[PATH_MAX] = "";

    (void)p;
    if (glob("/sys/class/drm/renderD*/device/driver", 0, NULL, &g) == 0) {
        for (size_t i = 0; i < g.gl_pathc; i++) {
            char target[PATH_MAX], name[64];
            ssize_t n = readlink(g.gl_pathv[i], target, sizeof(target) - 1);

            target[n > 0 ? n : 0] = '\0';
            if (!strstr(target, "virtio") || sscanf(g.gl_pathv[i], "/sys/class/drm/%63[^/]", name) != 1)
                continue;
            ours = true;
            snprintf(node, sizeof(node), "/dev/dri/%s", name);
        }
    }
    globfree(&g);
    if (!ours)
        doctor_set(f, DOCTOR_MISSING, NULL,
                   "no virtio-gpu render node: this machine is no guest with Trillium's virtual GPU");
    else if (access(node, R_OK | W_OK) != 0)
        doctor_set(f, DOCTOR_MISSING, "adduser $USER render", "%s may not be opened by this user", node);
    else
        doctor_set(f, DOCTOR_OK, NULL, "%s", node);
}

static void check_system_icd(const struct cli_paths *p, struct doctor_finding *f) {
    (void)p;
    if (access("/etc/OpenCL/vendors/trillium.icd", R_OK) == 0)
        doctor_set(f, DOCTOR_OK, NULL, "/etc/OpenCL/vendors/trillium.icd");
    else
        doctor_set(f, DOCTOR_MISSING, "make install",
                   "/etc/OpenCL/vendors/trillium.icd is not there: programs do not find the driver");
}

const struct doctor_check doctor_checks[] = {
    {"own files", USE_PROCESS | USE_VM | USE_OWN_VM | USE_EVAL, check_own_files},
    {"OpenCL drivers", USE_PROCESS | USE_VM | USE_OWN_VM | USE_EVAL, check_drivers},
    {"drivers' quirks", USE_PROCESS | USE_VM | USE_OWN_VM, doctor_check_quirks},
    {"walls", USE_PROCESS | USE_VM | USE_OWN_VM, doctor_check_walls},
    {"control", USE_OWN_VM, doctor_check_control},
    {"a VM's memory", USE_VM | USE_OWN_VM, doctor_check_hand},
    {"OpenCL loader", USE_PROCESS | USE_VM | USE_EVAL, check_loader},
    {"compiler to SPIR-V", USE_SPIRV | USE_EVAL, check_visa_guest},
    {"SPIR-V validator", USE_SPIRV | USE_EVAL, check_visa_host},
    {"QEMU", USE_VM | USE_EVAL, check_qemu},
    {"installed QEMU", USE_OWN_VM, check_installed_qemu},
    {"guest kernel", USE_VM | USE_EVAL, check_kernel},
    {"kernel's modules", USE_VM | USE_EVAL, check_modules},
    {"KVM", USE_VM | USE_OWN_VM, check_kvm},
    {"user-mode kernel", USE_VM, check_uml},
    {"descriptor", USE_OWN_VM, check_descriptor},
    {"compilers", USE_BUILD, check_compilers},
    {"benchmarks", USE_EVAL, check_clpeak},
    {"render node", USE_IN_GUEST, check_render_node},
    {"system's ICD file", USE_IN_GUEST, check_system_icd},
    {0},
};
