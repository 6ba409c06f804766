# SPDX-License-Identifier: MIT
# Every task a person does. `make` alone lists them.
#
# Sources are found by folder, so a new .c file needs no line here. Nothing is built outside $(BUILD). `make check`, `make eval`
# and their like first install the Debian packages they need (host-backend/setup/packages); the others say what is missing.
# DEPS=no neither looks nor installs.

BUILD   ?= build
DEPS    ?= yes
PREFIX  ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
# The worker's malloc. OpenCL drivers take memory in one thread and give it back in another, which the C library's is slow
# at: a stream of kernels on PoCL takes 1.2 to 1.4 times as long with it. ALLOCATOR= (empty) links the C library's.
ALLOCATOR ?= mimalloc
# SAN=address,undefined or SAN=thread builds everything under a sanitizer; use another BUILD with it.
SAN     ?=
COVERAGE ?=

CC  := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
CXX := $(if $(filter default undefined,$(origin CXX)),g++,$(CXX))
V ?= 0
Q := $(if $(filter 0,$(V)),@)
# $(call say,WORD): one short line for each thing made.
say = @printf '  %-7s %s\n' '$(1)' '$(patsubst $(CURDIR)/%,%,$@)'

# The targets that a person types build on all CPUs, unless -j says otherwise.
PARALLEL = --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

.DEFAULT_GOAL := help
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

B := $(abspath $(BUILD))

# ---- sources ---------------------------------------------------------------------------------------------------------

SRC_svga     := $(wildcard svga-model/*.c svga-model/visa/*.c svga-model/visa/apart/*.c) svga-model/visa/common/kernel.c
SRC_trillium := $(wildcard trillium/*.c)
SRC_icd      := $(filter-out guest-icd/docs/%,$(wildcard guest-icd/*.c guest-icd/*/*.c))
SRC_host     := $(wildcard host-backend/broker/*.c host-backend/control/*.c host-backend/listen/*.c host-backend/front/*.c host-backend/vhost-user/*.c host-backend/vm/*.c host-backend/remote/*.c)
SRC_worker   := $(wildcard host-backend/worker/*.c) $(SRC_common)
SRC_common   := $(wildcard host-backend/util/*.c host-backend/cache/*.c host-backend/profile/*.c host-backend/cell/*.c host-backend/board/*.c)
SRC_filters  := $(wildcard host-backend/cell/filter/*.c)
SRC_remote   := $(wildcard host-backend/remote/program/*.c)
SRC_cli      := $(wildcard host-backend/cli/*.c)
SRC_init     := $(wildcard host-backend/vm/init/*.c)
SRC_eval     := $(wildcard eval/programs/*.c)
SRC_evallib  := $(wildcard eval/lib/*.c)
SRC_runner   := $(wildcard eval/runner/*.c)
SRC_isa      := $(wildcard eval/isa/*.c)
SRC_docs     := trillium/docs/reference.c guest-icd/docs/variables.c guest-icd/docs/unsupported.c guest-icd/docs/functions.c host-backend/docs/policy.c
SRC_bench    := $(wildcard eval/bench/*.c)
SRC_vguest   := $(wildcard svga-model/visa/guest/*.c svga-model/visa/guest/*.cpp)
SRC_vhost    := $(wildcard svga-model/visa/host/*.c svga-model/visa/host/*.cpp)
SRC_vcommon  := $(wildcard svga-model/visa/common/*.c svga-model/visa/common/*.cpp)
SRC_tls      := $(wildcard svga-model/tls/*.c)
SRC_compiler := $(wildcard svga-model/visa/apart/program/*.c)
SRC_testlib  := $(wildcard tests/lib/*.c)
# tests/unit/X.c and tests/programs/X.c are a program each. Any other folder of tests/ is one program, tests/<folder>/<folder>.
SRC_unit     := $(wildcard tests/unit/*.c)
SRC_testprog := $(wildcard tests/programs/*.c)
SRC_tests    := $(filter-out tests/lib/% tests/fuzz/%,$(wildcard tests/*/*.c))
TESTFOLDERS  := $(filter-out unit programs,$(sort $(patsubst tests/%/,%,$(dir $(SRC_tests)))))
SRC_fuzz     := $(wildcard tests/fuzz/*.c)
SRC_stub     := $(wildcard tests/fuzz/stub/*.c)
SRC_hands    := $(wildcard tests/fuzz/hands/*.c)
SRC_rings    := $(wildcard tests/fuzz/rings/*.c)
SRC_replay   := $(wildcard tests/fuzz/replay/*.c)

objs = $(patsubst %,$(B)/obj/%.o,$(1))

SRC_all := $(SRC_svga) $(SRC_trillium) $(SRC_icd) $(SRC_host) $(SRC_remote) $(SRC_tls) $(SRC_common) $(SRC_filters) $(SRC_worker) $(SRC_cli) $(SRC_init) $(SRC_eval) $(SRC_evallib) \
  $(SRC_docs) $(SRC_bench) $(SRC_runner) $(SRC_isa) $(SRC_vguest) $(SRC_vhost) $(SRC_vcommon) $(SRC_compiler) $(SRC_testlib) $(SRC_tests) \
  $(SRC_fuzz) $(SRC_stub) $(SRC_hands) $(SRC_rings) $(SRC_replay)

# ---- flags -----------------------------------------------------------------------------------------------------------

SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) $(if $(COVERAGE),--coverage)
OPT      ?= $(if $(SAN)$(COVERAGE),-O1,-O2)
# A warning stops a developer, who has a git tree, and not a packager whose compiler is newer.
WERROR   ?= $(if $(wildcard .git),-Werror)
WARN     := -Wall -Wextra $(WERROR)
CFLAGS   ?= -g
CXXFLAGS ?= $(CFLAGS)
CPPFLAGS_ALL = -I. -D_GNU_SOURCE -DCL_TARGET_OPENCL_VERSION=300 -DCL_USE_DEPRECATED_OPENCL_1_2_APIS \
               -DCL_USE_DEPRECATED_OPENCL_1_1_APIS -DCL_USE_DEPRECATED_OPENCL_2_0_APIS $(CPPFLAGS)
# The same bytes come out wherever the tree lies: tests/reproducible.sh.
CFLAGS_ALL   = -std=gnu17 -fPIC -pthread $(WARN) $(OPT) $(SANFLAGS) -ffile-prefix-map=$(CURDIR)=. $(CFLAGS)
CXXFLAGS_ALL = -std=c++17 -fno-rtti -fPIC -pthread $(WARN) $(OPT) $(SANFLAGS) -ffile-prefix-map=$(CURDIR)=. $(CXXFLAGS)
LDFLAGS_ALL  = -pthread -Wl,--as-needed $(SANFLAGS) $(LDFLAGS)
# pkg-config may be missing until the build's packages are in: it is asked when a recipe runs, and only for who needs it.
DRM_CFLAGS   = $(shell pkg-config --cflags libdrm)
LLVM_VERSION := $(or $(LLVM_VERSION),$(shell host-backend/setup/llvm-version.sh))
LLVM          = llvm-config-$(LLVM_VERSION)
VISA_FLAGS    = -fvisibility=hidden -DVISA_OPENCL_C_BASE_H='"$(firstword $(wildcard $(shell $(LLVM) --libdir)/clang/*/include/opencl-c-base.h))"'
VISA_CXX      = -fvisibility=hidden -fno-exceptions -Wno-unused-parameter -DVISA_LLVM_VERSION='"$(LLVM_VERSION)"' \
                -isystem $(shell $(LLVM) --includedir) -isystem /usr/include/LLVMSPIRVLib

VERSION := $(shell cat VERSION)
# Which commit a git tree is at; a tarball is the version's own.
COMMIT  := $(if $(wildcard .git),$(shell git describe --always --dirty --exclude '*' 2>/dev/null))
VERSION_SAID := $(VERSION)$(if $(COMMIT), ($(COMMIT)))

$(B)/obj/svga-model/%.c.o:        EXTRA = $(DRM_CFLAGS)
$(B)/obj/svga-model/visa/%.c.o:   EXTRA = $(VISA_FLAGS)
$(B)/obj/svga-model/visa/%.cpp.o: EXTRA = $(VISA_CXX)
$(B)/obj/host-backend/vm/init/%.c.o: private SANFLAGS = $(if $(COVERAGE),)
$(B)/obj/host-backend/cli/version.c.o: EXTRA = -DTRILLIUM_VERSION='"$(VERSION_SAID)"'
$(B)/obj/host-backend/cli/%.c.o:  EXTRA = -DTRILLIUM_LLVM='"$(LLVM_VERSION)"'

# ---- what is built ---------------------------------------------------------------------------------------------------

LIB_svga     := $(B)/lib/libsvga.a
LIB_trillium := $(B)/lib/libtrillium.a
LIB_host     := $(B)/lib/libhost.a
LIB_common   := $(B)/lib/libcommon.a
LIB_worker   := $(B)/lib/libworker.a
LIB_icd      := $(B)/lib/libicd.a
LIB_test     := $(B)/lib/libtest.a
LIB_eval     := $(B)/lib/libeval.a
# Lists of system calls, as the kernel runs them: host-backend/cell/filters.h.
FILTERS      := $(B)/obj/host-backend/cell/filters-made.c.o
LIBS         := $(LIB_svga) $(LIB_trillium) $(LIB_host) $(LIB_common) $(LIB_worker) $(LIB_icd) $(LIB_test) $(LIB_eval)

# A program exists as soon as its sources do, so the tree can be built at any stage.
PROGRAMS := $(if $(wildcard host-backend/cli/main.c),$(B)/bin/trillium) \
            $(if $(wildcard host-backend/worker/main.c),$(B)/libexec/trillium-worker) \
            $(B)/libexec/trillium-remote $(if $(SRC_init),$(B)/libexec/trillium-vm-init) $(B)/libexec/trillium-vhost-user-gpu \
            $(B)/libexec/trillium-visa-compile $(if $(SRC_runner),$(B)/libexec/trillium-eval) $(if $(SRC_isa),$(B)/libexec/trillium-isa)
ICD      := $(if $(SRC_icd),$(B)/lib/libtrillium-icd.so)
VISA     := $(if $(SRC_vguest),$(B)/lib/libtrillium-visa-guest.so) $(if $(SRC_vhost),$(B)/lib/libtrillium-visa-host.so)
TLS      := $(B)/lib/libtrillium-tls.so
MANUALS  := $(addprefix $(B)/share/man/,man1/trillium.1 man5/trillium-policy.5 man7/trillium-icd.7 man8/trillium-worker.8)
ICDFILES := $(B)/etc/trillium.icd $(B)/share/trillium/icd/trillium.icd
EVAL     := $(patsubst eval/programs/%.c,$(B)/eval/%,$(SRC_eval)) $(if $(SRC_bench),$(B)/eval/bench $(B)/eval/shares.sh)
TESTBINS := $(patsubst tests/%.c,$(B)/tests/%,$(SRC_unit) $(SRC_testprog) $(SRC_fuzz)) $(foreach f,$(TESTFOLDERS),$(B)/tests/$f/$f)

# What `make check` runs: unit tests, every executable script of tests/*/, and the programs of folders that have no script.
# tests/list.mk may say otherwise.
TOOLFOLDERS := cl-conform
TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(SRC_unit)) \
  $(foreach f,$(filter-out $(TOOLFOLDERS),$(TESTFOLDERS)),$(if $(wildcard tests/$f/*.sh),,$(B)/tests/$f/$f)) \
  $(shell find tests -mindepth 2 -name '*.sh' -perm -u+x 2>/dev/null | sort)
-include tests/list.mk

.PHONY: all help
all: $(PROGRAMS) $(ICD) $(VISA) $(TLS) $(ICDFILES) $(EVAL) $(MANUALS)

help:
	@echo 'Trillium: OpenCL programs in a VM run on the GPU of its host.'
	@echo
	@echo '  make eval         the main job: native, the SVGA baseline and Trillium compared, in a VM and in a process'
	@echo '  make check        build and run all tests (check-asan, check-tsan: under sanitizers; quick-asan, quick-tsan, unit-tsan)'
	@echo '  make bench        latency and throughput of single calls, native and in a process guest'
	@echo '  make shares       how fairly guests of different weights share a device, against the goals'
	@echo '  make count        instructions per call in guest and worker, compared with eval/count/COUNTS.md'
	@echo
	@echo '  make all          build into $(BUILD)/ (BUILD=DIR for another place, V=1 to see commands)'
	@echo '  make install      install under PREFIX=$(PREFIX), the ICD in SYSCONFDIR=$(SYSCONFDIR) (DESTDIR works); uninstall'
	@echo '  make deps         install the Debian packages for building, testing and eval (deps-build: for building only)'
	@echo '  make check-release RELEASE=trixie   build and test in a throwaway root of that Debian release'
	@echo '  make check-bare RELEASE=trixie      the two commands of README in a clone, on a machine of that release that has nothing else'
	@echo '  make check-other-release   guests of one release on hosts of the other, in the root of check-release (as root)'
	@echo '  make check-services   the installed systemd units, in a booted throwaway root (as root)'
	@echo '  make check-libvirt    a VM of libvirt (as root)'
	@echo '  make check-image RELEASE=trixie   a guest image of that release, in a stock QEMU'
	@echo '  make deb          Debian packages in $(BUILD)/deb; check-deb RELEASE=trixie tries them in throwaway roots of a release'
	@echo '  make dist         a tarball of this version in $(BUILD)/; check-reproducible builds it twice and compares the bytes'
	@echo '  make docs         write the reference pages made from the code'
	@echo '  make clean        remove $(BUILD)/'
	@echo
	@echo '  make format       clang-format the tree           make lint      clang-tidy and cppcheck'
	@echo '  make registry CL_XML=FILE   compare the guest driver with Khronos registry of functions'
	@echo '  make fuzz         fuzz targets, FUZZ_SECONDS=30 each'
	@echo '  make check-remote all conformance cases over a socket, without shared memory'
	@echo '  make soak         guests that come, go and crash beside one daemon for SOAK_SECONDS=1800; then one that comes and goes 1,000 times'
	@echo '  make faults       FAULT_RUNS=1000 processes killed or stopped at random points, each noticed within 5 s'
	@echo '  make coverage     line coverage of the tests in $(BUILD)/coverage'

# ---- packages --------------------------------------------------------------------------------------------------------

.PHONY: deps deps-build deps-test deps-vm deps-eval deps-dev deps-deb deps-pack deps-site deps-there
install-deps = $(if $(filter no,$(DEPS)),:,host-backend/setup/install-deps.sh)
deps: ; @$(install-deps) build test vm eval
# A build installs nothing by itself, and needs no word about it where all is there.
deps-there:
	@missing=$$($(install-deps) --list build) || { echo "Missing to build: $$missing" >&2; \
	  echo 'make deps-build installs that (make deps: all that tests and measurements need too); DEPS=no tries without.' >&2; exit 1; }
deps-build: ; @$(install-deps) build
deps-test: ; @$(install-deps) build test vm
deps-eval: ; @$(install-deps) build test vm eval
deps-dev: ; @$(install-deps) build test dev
deps-deb: ; @$(install-deps) build deb
deps-pack: ; @$(install-deps) build deb pack
deps-site: ; @$(install-deps) build test vm pack site

# ---- rules -----------------------------------------------------------------------------------------------------------

# What objects and programs were made with, written down: other flags make them again.
FLAGS_compiled = $(CC) $(CXX) -MT $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(CXXFLAGS_ALL) $(LLVM_VERSION)
FLAGS_linked   = $(CC) $(CXX) $(LDFLAGS_ALL) $(ALLOCATOR) $(LLVM_VERSION)
FLAGS_version  = $(VERSION_SAID)
$(B)/flags/compiled $(B)/flags/linked $(B)/flags/version: FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(FLAGS_$(@F)))
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(B)/obj/host-backend/cli/version.c.o: $(B)/flags/version

# -MT: a compiler cache writes the object's name in its own way, and make would not know it again.
$(B)/obj/%.c.o: %.c $(B)/flags/compiled | deps-there
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(EXTRA) $(CFLAGS_ALL) -MMD -MP -MT $@ -c -o $@ $<

$(B)/obj/host-backend/vm/fetch.c.o: host-backend/vm/fetch.sh # part of the program

$(B)/obj/%.cpp.o: %.cpp $(B)/flags/compiled | deps-there
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) $(CPPFLAGS_ALL) $(EXTRA) $(CXXFLAGS_ALL) -MMD -MP -MT $@ -c -o $@ $<

$(LIB_svga):     $(call objs,$(SRC_svga))
$(LIB_trillium): $(call objs,$(SRC_trillium))
$(LIB_host):     $(call objs,$(SRC_host))
$(LIB_common):   $(call objs,$(SRC_common)) $(FILTERS)
$(LIB_worker):   $(call objs,$(SRC_worker))
$(LIB_icd):      $(call objs,$(SRC_icd))
$(LIB_test):     $(call objs,$(SRC_testlib))
$(LIB_eval):     $(call objs,$(SRC_evallib))
# The list of members is written down, so that an archive is remade when a source file goes away.
$(LIBS): %.a: %.members
	@mkdir -p $(@D)
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)
$(LIBS:.a=.members): FORCE
	@mkdir -p $(@D)
	@echo '$(filter %.o,$(call objs,$(SRC_$(patsubst lib%.members,%,$(@F)))))' | cmp -s - $@ || \
	  echo '$(filter %.o,$(call objs,$(SRC_$(patsubst lib%.members,%,$(@F)))))' > $@
.PHONY: FORCE
FORCE:
SRC_test := $(SRC_testlib)

$(B)/obj/make-filters: $(call objs,$(SRC_filters) host-backend/cell/drivers.c)
	$(call say,LINK)
	$(link) $^ -lseccomp
$(FILTERS:.o=): $(B)/obj/make-filters
	@mkdir -p $(@D) && $< > $@
$(FILTERS): $(FILTERS:.o=)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

link = $(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@
LINKED = $(PROGRAMS) $(ICD) $(VISA) $(TLS) $(EVAL) $(TESTBINS)
$(filter-out %/trillium-vhost-user-gpu,$(LINKED)): $(B)/flags/linked
# What ThreadSanitizer is not to report is in the programs: a worker's cell has no file of this tree.
ifneq ($(findstring thread,$(SAN)),)
$(filter-out %/trillium-vhost-user-gpu %.icd,$(LINKED)): $(B)/suppressions.o
$(B)/suppressions.o: tests/tsan.supp
	@mkdir -p $(@D)
	@{ echo 'const char *__tsan_default_suppressions(void);'; echo 'const char *__tsan_default_suppressions(void) { return'; \
	  sed 's/.*/"&\\n"/' $<; echo '""; }'; } | $(CC) -fPIC -x c -c -o $@ -
endif

$(B)/bin/trillium: $(call objs,$(SRC_cli)) $(LIB_host) $(LIB_common) $(LIB_trillium) $(LIB_svga)
	$(call say,LINK)
	$(link) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lnettle -ljansson -lconfig -lncursesw -ltinfo -ldl

$(B)/libexec/trillium-worker: $(call objs,$(SRC_worker)) $(LIB_common) $(LIB_trillium) $(LIB_svga)
	$(call say,LINK)
	$(link) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
	  $(if $(SAN),,$(ALLOCATOR:%=-l%)) -lOpenCL -ljansson -lnettle -ldl

$(B)/libexec/trillium-remote: $(call objs,$(SRC_remote) $(SRC_tls)) $(LIB_common) $(LIB_trillium) $(LIB_svga)
	$(call say,LINK)
	$(link) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lgnutls -lnettle -ljansson -ldl

$(B)/libexec/trillium-visa-compile: $(call objs,$(SRC_compiler)) $(LIB_svga)
	$(call say,LINK)
	$(link) $(filter %.o %.a,$^) -ldl

# vhost-user programs are started without a subcommand: under this name the CLI is `trillium serve`.
$(B)/libexec/trillium-vhost-user-gpu:
	@mkdir -p $(@D) && ln -sf ../bin/trillium $@

$(B)/libexec/trillium-vm-init: $(call objs,$(SRC_init))
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -static -o $@ $(filter %.o,$^)

# Only what an OpenCL driver shows to its loader leaves the library: guest-icd/exports.map.
ICD_MAP := $(wildcard guest-icd/exports.map)
# libdrm is linked in: a small guest need not have it, and a loader says nothing of a driver that it cannot load.
$(B)/lib/libtrillium-icd.so: $(call objs,$(SRC_icd)) $(LIB_trillium) $(LIB_svga) $(ICD_MAP)
	$(call say,LINK)
	$(link) -shared -Wl,-soname,$(@F) $(if $(SAN),,-Wl,--no-undefined) -Wl,-Bsymbolic -Wl,-z,nodelete \
	  $(addprefix -Wl$(comma)--version-script=,$(ICD_MAP)) $(filter %.o,$^) \
	  -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -l:libdrm.a -ldl
comma := ,

visa-link = $(Q)mkdir -p $(@D) && $(CXX) $(LDFLAGS_ALL) -shared -Wl,-soname,$(@F) $(if $(SAN),,-Wl,--no-undefined) -Wl,--exclude-libs,ALL \
  -o $@ $(filter %.o,$^) -L$(shell $(LLVM) --libdir)
$(B)/lib/libtrillium-visa-guest.so: $(call objs,$(SRC_vguest) $(SRC_vcommon))
	$(call say,LINK)
	$(visa-link) -lclang-cpp -lLLVM-$(LLVM_VERSION) -lLLVMSPIRVLib
$(B)/lib/libtrillium-visa-host.so: $(call objs,$(SRC_vhost) $(SRC_vcommon))
	$(call say,LINK)
	$(visa-link) -lLLVM-$(LLVM_VERSION) -lLLVMSPIRVLib -lSPIRV-Tools

# Opened by the driver only where a guest asks for TLS.
$(B)/lib/libtrillium-tls.so: $(call objs,$(SRC_tls))
	$(call say,LINK)
	$(link) -shared -Wl,-soname,$(@F) $(if $(SAN),,-Wl,--no-undefined) $(filter %.o,$^) -lgnutls

# The folder of share/trillium/icd holds nothing else: `trillium run` hands it to the loader as its only vendors folder.
$(ICDFILES): guest-icd/trillium.icd.in
	@mkdir -p $(@D)
	@sed 's|@LIBDIR@|$(B)/lib|' $< > $@

# One is written by hand; the others come from the tables in the code.
$(B)/share/man/man1/trillium.1: host-backend/cli/trillium.1
	@mkdir -p $(@D) && sed 's|@VERSION@|$(VERSION)|' $< > $@
$(B)/share/man/man7/trillium-icd.7: $(B)/docs/variables
	@mkdir -p $(@D) && $< --man $(VERSION) > $@
$(B)/share/man/man5/trillium-policy.5: $(B)/docs/policy
	@mkdir -p $(@D) && $< $(VERSION) > $@
$(B)/share/man/man8/trillium-worker.8: $(B)/libexec/trillium-worker host-backend/etc/help-to-man.awk
	@mkdir -p $(@D) && $< --help | awk -v name=trillium-worker -v section=8 -v version=$(VERSION) \
	  -v what="runs the host's OpenCL drivers for one guest" -f host-backend/etc/help-to-man.awk > $@

$(B)/eval/%: $(B)/obj/eval/programs/%.c.o $(LIB_eval)
	$(call say,LINK)
	$(link) $(filter %.o %.a,$^) -lOpenCL -lm
$(B)/eval/bench: $(call objs,$(SRC_bench)) $(LIB_eval)
	$(call say,LINK)
	$(link) $(filter %.o %.a,$^) -lOpenCL -ljansson -lm

$(B)/eval/shares.sh: eval/shares/shares.sh
	@mkdir -p $(@D) && cp $< $@

$(B)/libexec/trillium-eval: $(call objs,$(SRC_runner)) $(LIB_common)
	$(call say,LINK)
	$(link) $(filter %.o %.a,$^) -ljansson -lm

$(B)/libexec/trillium-isa: $(call objs,$(SRC_isa)) $(LIB_svga)
	$(call say,LINK)
	$(link) $(filter %.o %.a,$^) -ljansson -ldl

$(B)/tests/unit/%: $(B)/obj/tests/unit/%.c.o $(LIB_test) $(LIB_host) $(LIB_common) $(LIB_worker) $(LIB_icd) $(LIB_trillium) $(LIB_svga)
	$(call say,LINK)
	$(link) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lcmocka -lOpenCL -ldrm -lnettle -ljansson -lconfig -ldl -lm
$(B)/tests/programs/%: $(B)/obj/tests/programs/%.c.o $(LIB_test)
	$(call say,LINK)
	$(link) $(filter %.o %.a,$^) -lcmocka -lOpenCL -ldl -lm
# Without the guest driver's archive: here the cl functions are the loader's.
define test-folder
$(B)/tests/$(1)/$(1): $(call objs,$(wildcard tests/$(1)/*.c)) $(LIB_test) $(LIB_host) $(LIB_common) $(LIB_worker) $(LIB_trillium) $(LIB_svga)
	$$(call say,LINK)
	$$(link) $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $(TEST_WITH_$(1)) -lcmocka -lOpenCL -ldrm -lnettle -ljansson -lconfig -ldl -lm
endef
# Its tests do not wait for time limits.
TEST_WITH_vhost-user := -Wl,--wrap=clock_gettime
$(foreach f,$(TESTFOLDERS),$(eval $(call test-folder,$f)))

# ---- tests -----------------------------------------------------------------------------------------------------------

.PHONY: check check-quick check-threads tests check-asan check-tsan quick-asan quick-tsan unit-tsan asan tsan
tests: all $(TESTBINS)
check:
	@$(MAKE) --no-print-directory deps-test
	@$(MAKE) $(PARALLEL) tests
	@TRILLIUM_BUILD=$(B) tests/run $(TESTS)
# What is worth running under sanitizers every time: all but the whole programs, which spend their time in the drivers.
TESTS_QUICK = $(patsubst tests/%.c,$(B)/tests/%,$(SRC_unit)) $(B)/tests/vhost-user/vhost-user $(B)/tests/worker/worker tests/fuzz/seeds.sh
check-quick:
	@$(MAKE) --no-print-directory deps-test
	@$(MAKE) $(PARALLEL) tests
	@TRILLIUM_BUILD=$(B) tests/run $(TESTS_QUICK)

# What threads do with each other, as far as it is worth running every time: under ThreadSanitizer the worker's tests take minutes.
TESTS_THREADS = $(filter-out tests/% %/worker,$(TESTS_QUICK))
check-threads:
	@$(MAKE) --no-print-directory deps-test
	@$(MAKE) $(PARALLEL) all $(TESTS_THREADS)
	@TRILLIUM_BUILD=$(B) tests/run $(TESTS_THREADS)

asan:       ; @$(MAKE) BUILD=$(BUILD)/asan SAN=address,undefined tests
tsan:       ; @$(MAKE) BUILD=$(BUILD)/tsan SAN=thread tests
check-asan: ; @TEST_LIMIT_SCALE=3 $(MAKE) BUILD=$(BUILD)/asan SAN=address,undefined check
quick-asan: ; @TEST_LIMIT_SCALE=3 $(MAKE) BUILD=$(BUILD)/asan SAN=address,undefined check-quick
quick-tsan: ; @TEST_LIMIT_SCALE=4 $(MAKE) BUILD=$(BUILD)/tsan SAN=thread check-quick
unit-tsan:  ; @TEST_LIMIT_SCALE=4 $(MAKE) BUILD=$(BUILD)/tsan SAN=thread check-threads
check-tsan: ; @TEST_LIMIT_SCALE=4 $(MAKE) BUILD=$(BUILD)/tsan SAN=thread check

# The long forms of three fault tests: each says what it met.
.PHONY: soak faults
SOAK_SECONDS ?= 1800
FAULT_RUNS ?= 1000
# All conformance cases over a stream; `make check` has a part of them.
.PHONY: check-remote
check-remote:
	@$(MAKE) --no-print-directory deps-test
	@$(MAKE) $(PARALLEL) tests
	@TRILLIUM_BUILD=$(B) WHOLE=1 tests/run tests/e2e/remote.sh
soak:
	@$(MAKE) --no-print-directory deps-test
	@$(MAKE) $(PARALLEL) tests
	@TRILLIUM_BUILD=$(B) SOAK_SECONDS=$(SOAK_SECONDS) tests/fault/soak.sh
	@TRILLIUM_BUILD=$(B) COMINGS=1000 tests/fault/comings.sh
faults:
	@$(MAKE) --no-print-directory deps-test
	@$(MAKE) $(PARALLEL) tests
	@TRILLIUM_BUILD=$(B) tests/fault/many $(FAULT_RUNS)

# Fuzz targets: tests/fuzz/X.c with the seeds in tests/fuzz/corpus/X. `make check` gives each its seeds once (tests/fuzz/seeds.sh).
# FUZZ_SECONDS and FUZZ_RUNS end each target, whichever comes first (0: no such limit); FUZZ=X runs one of them.
FUZZ_SECONDS ?= 30
FUZZ_RUNS ?= 0
FUZZ ?= $(patsubst tests/fuzz/%.c,%,$(SRC_fuzz))
FUZZLIBS = $(LIB_test) $(LIB_host) $(LIB_common) $(LIB_worker) $(LIB_icd) $(LIB_trillium) $(LIB_svga)
# What a target is linked with besides; without a line here that is libOpenCL.
FUZZ_WITH_session := $(call objs,$(SRC_stub)) -Wl,--wrap=build_start,--wrap=visa_host_apart,--wrap=visa_target_for,--wrap=store_get,--wrap=store_put,--wrap=store_mac
FUZZ_WITH_options := $(call objs,svga-model/visa/common/options.c) -lOpenCL
# spirv-tools' header for C defines a constant in every file that includes it.
FUZZ_WITH_spirv := -Wl,-z,muldefs $(call objs,$(SRC_vhost) $(SRC_vcommon)) -L$$(shell $$(LLVM) --libdir) -lLLVM-$$(LLVM_VERSION) -lLLVMSPIRVLib -lSPIRV-Tools -lOpenCL
FUZZ_WITH_guest := -Wl,--wrap=svga_carrier_shm_open
FUZZ_WITH_stream := $(call objs,$(filter-out %/main.c,$(SRC_remote))) -Wl,--wrap=svga_carrier_shm_from_fd
FUZZ_WITH_vhost-user := $(call objs,$(SRC_hands) $(SRC_rings)) -Wl,--wrap=ioctl
FUZZ_WITH_vsock := $(call objs,$(SRC_rings)) -lOpenCL
# $(call fuzz-program,X)
define fuzz-program
$(B)/fuzz/$(1): $(call objs,tests/fuzz/$(1).c)
$(B)/tests/fuzz/$(1): $(call objs,tests/fuzz/$(1).c $(SRC_replay))
$(B)/fuzz/$(1) $(B)/tests/fuzz/$(1): $(filter %.o,$(FUZZ_WITH_$(1))) $(FUZZLIBS)
	$$(call say,LINK)
	$$(Q)mkdir -p $$(@D) && $(if $(filter %.cpp.o,$(FUZZ_WITH_$(1))),$(CXX),$(CC)) $(LDFLAGS_ALL) -o $$@ $$(filter %.o,$$^) \
	  $$(if $$(findstring /tests/fuzz/$(1),$$@),,-fsanitize=fuzzer) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group \
	  $(if $(FUZZ_WITH_$(1)),$(filter-out %.o,$(FUZZ_WITH_$(1))),-lOpenCL) -ldrm -lnettle -ljansson -lconfig -ldl -lm
endef
$(foreach f,$(SRC_fuzz),$(eval $(call fuzz-program,$(basename $(notdir $f)))))
.PHONY: fuzz fuzz-run
fuzz:
	@$(MAKE) --no-print-directory deps-dev
	@$(MAKE) $(PARALLEL) BUILD=$(BUILD)/fuzz CC=clang CXX=clang++ WARN='-Wall -Wextra' SAN=address,undefined,fuzzer-no-link fuzz-run
fuzz-run: $(FUZZ:%=$(B)/fuzz/%)
	@for f in $^; do echo "== $${f##*/}"; mkdir -p $$f.corpus; \
	  seeds=tests/fuzz/corpus/$${f##*/}; [ -d $$seeds ] || seeds=; \
	  $$f -max_total_time=$(FUZZ_SECONDS) $(if $(filter-out 0,$(FUZZ_RUNS)),-runs=$(FUZZ_RUNS)) -timeout=10 -print_final_stats=1 \
	    -artifact_prefix=$$f- $$f.corpus $$seeds || exit 1; done

.PHONY: coverage
coverage:
	@$(MAKE) --no-print-directory deps-dev
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage COVERAGE=1 check
	@gcovr -r . --object-directory $(BUILD)/coverage/obj -e 'tests/' -e 'eval/' --html-details $(BUILD)/coverage/index.html --print-summary
	@echo "$(BUILD)/coverage/index.html"

# ---- eval ------------------------------------------------------------------------------------------------------------

.PHONY: eval bench shares count
eval:
	@$(MAKE) --no-print-directory deps-eval
	@$(MAKE) $(PARALLEL) all
	@$(B)/bin/trillium eval --out eval/out $(EVAL_ARGS)
	@[ -z '$(RECORD)' ] || eval/readme.sh eval/out
bench:
	@$(MAKE) --no-print-directory deps-eval
	@$(MAKE) $(PARALLEL) all
	@$(B)/libexec/trillium-eval bench --out eval/out $(BENCH_ARGS)
	@$(if $(findstring --rows,$(BENCH_ARGS)),,$(B)/eval/shares.sh --seconds 5 --table eval/out/bench.md || [ $$? = 1 ])
	@[ -z '$(RECORD)' ] || { printf '# Single calls, natively and in a process guest\n\nMedians, and medians of the ratios of each turn. '; \
	  printf 'Recorded by `make bench RECORD=1`.\n\n'; cat eval/out/bench.md; } > eval/BENCH.md
shares:
	@$(MAKE) --no-print-directory deps-eval
	@$(MAKE) $(PARALLEL) all
	@$(B)/eval/shares.sh $(SHARES_ARGS)
count:
	@$(MAKE) --no-print-directory deps-eval deps-dev
	@$(MAKE) $(PARALLEL) all
	@TRILLIUM_BUILD=$(B) eval/count/count.sh $(if $(RECORD),--record)

# ---- installation ----------------------------------------------------------------------------------------------------

# The installed tree looks like the built one, so programs find each other by their own path.
INSTALLED = bin/trillium libexec/trillium-worker libexec/trillium-remote libexec/trillium-vm-init libexec/trillium-vhost-user-gpu libexec/trillium-visa-compile libexec/trillium-eval libexec/trillium-isa \
  lib/libtrillium-icd.so lib/libtrillium-tls.so lib/libtrillium-visa-guest.so lib/libtrillium-visa-host.so $(patsubst $(B)/%,%,$(MANUALS))
# SOURCE:WHERE below PREFIX. In the sources @BINDIR@, @LIBDIR@ and @LIBEXECDIR@ stand for the installed folders, and @HARDENED@
# for the lines that the units share.
INSTALLED_TEXTS = guest-icd/trillium.icd.in:share/trillium/icd/trillium.icd \
  host-backend/setup/50-trillium.json.in:share/qemu/vhost-user/50-trillium.json \
  host-backend/etc/trillium.socket.in:lib/systemd/system/trillium.socket \
  host-backend/etc/trillium.service.in:lib/systemd/system/trillium.service \
  host-backend/etc/trillium-vm@.service.in:lib/systemd/system/trillium-vm@.service \
  host-backend/etc/trillium-control.socket.in:lib/systemd/system/trillium-control.socket \
  host-backend/etc/trillium-control.service.in:lib/systemd/system/trillium-control.service \
  host-backend/etc/sysusers.conf:lib/sysusers.d/trillium.conf host-backend/etc/tmpfiles.conf:lib/tmpfiles.d/trillium.conf \
  host-backend/etc/policy.conf:share/doc/trillium/policy.conf \
  eval/isa/debian.csv:share/trillium/debian-opencl.csv host-backend/etc/apparmor-libvirt:share/trillium/apparmor-libvirt host-backend/etc/completion.bash:share/bash-completion/completions/trillium
D = $(DESTDIR)$(PREFIX)
text_of = sed -e '/@HARDENED@/{r host-backend/etc/hardened.inc' -e 'd}' -e 's|@BINDIR@|$(PREFIX)/bin|; s|@LIBDIR@|$(PREFIX)/lib|; s|@LIBEXECDIR@|$(PREFIX)/libexec|'
.PHONY: install install-built uninstall
install: all
	@$(MAKE) --no-print-directory install-built
install-built:
	@install -d $(D)/libexec && ln -sf ../bin/trillium $(D)/libexec/trillium-vhost-user-gpu
	@for f in $(filter-out libexec/trillium-vhost-user-gpu,$(INSTALLED)); do [ -e $(B)/$$f ] || continue; \
	  case $$f in lib/* | share/*) mode=644;; *) mode=755;; esac; install -D -m $$mode $(B)/$$f $(D)/$$f && echo "  $(D)/$$f"; done
	@for f in $(B)/eval/*; do [ -f $$f ] && install -D -m 755 $$f $(D)/libexec/trillium-programs/$${f##*/}; done; true
	@for t in $(INSTALLED_TEXTS); do to=$(D)/$${t#*:}; \
	  install -D -m 644 /dev/null $$to && $(text_of) $${t%%:*} > $$to && echo "  $$to" || exit 1; done
	@install -D -m 644 /dev/null $(DESTDIR)$(SYSCONFDIR)/OpenCL/vendors/trillium.icd
	@$(text_of) guest-icd/trillium.icd.in > $(DESTDIR)$(SYSCONFDIR)/OpenCL/vendors/trillium.icd
	@echo "  $(DESTDIR)$(SYSCONFDIR)/OpenCL/vendors/trillium.icd"
uninstall:
	@rm -f $(addprefix $(D)/,$(INSTALLED) $(foreach t,$(INSTALLED_TEXTS),$(lastword $(subst :, ,$t)))) \
	  $(DESTDIR)$(SYSCONFDIR)/OpenCL/vendors/trillium.icd
	@rm -rf $(D)/share/trillium $(D)/libexec/trillium-programs
	@echo "  removed from $(D)"

# Debian packages of this release in $(BUILD)/deb; check-deb builds and tries them in throwaway roots.
.PHONY: deb check-deb
deb:
	@$(MAKE) --no-print-directory deps-deb
	@debian/build.sh $(B)/deb
	@ls $(B)/deb/*.deb
check-deb: deps-pack
	@tests/deb.sh $(RELEASE) $(B)/roots
	@[ "$$(id -u)" -ne 0 ] || { $(MAKE) --no-print-directory deps-site && tests/services.sh $(RELEASE) $(B)/roots $(B)/roots/$(RELEASE)/trillium/build/deb; }

# Another Debian release, in a throwaway root below $(BUILD)/roots.
.PHONY: check-release
RELEASE ?= trixie
check-release: deps-pack
	@tests/release.sh $(RELEASE) $(B)/roots $(RELEASE_TARGETS)
# README's two commands on a machine of a release that has nothing else.
.PHONY: check-bare
check-bare: deps-pack
	@tests/bare.sh $(RELEASE) $(B)/roots $(BARE_TARGETS)
# Guests and hosts of two releases with each other, after check-release (as root).
.PHONY: check-other-release
check-other-release: all
	@TRILLIUM_BUILD=$(B) tests/other-release.sh $(B)/roots/$(RELEASE)

.PHONY: check-services check-image check-libvirt
# The XML of docs/vm.md under a real libvirt: needs root.
check-libvirt: deps-site all
	@tests/libvirt.sh
# A guest image made as docs/vm.md says, in a stock QEMU.
check-image: deps-site all
	@tests/image.sh $(RELEASE) $(B)/roots
# The installed units under a real systemd, in a throwaway root of this machine's release or of the one that is named: needs root.
check-services: deps-site all
	@here=$$(. /etc/os-release && echo $$VERSION_CODENAME); release=$(if $(filter file,$(origin RELEASE)),$$here,$(RELEASE)); \
	  [ $$release = $$here ] || tests/release.sh $$release $(B)/roots all; tests/services.sh $$release $(B)/roots

.PHONY: dist check-reproducible
dist:
	@[ -e .git ] || { echo 'make dist packs what git has, and this is no git tree' >&2; exit 1; }
	@mkdir -p $(B) && git archive --format=tar --prefix=trillium-$(VERSION)/ HEAD | xz -T1 > $(B)/trillium-$(VERSION).tar.xz && \
	  echo "  $(B)/trillium-$(VERSION).tar.xz"
check-reproducible: deps-there
	@$(MAKE) --no-print-directory dist
	@tests/reproducible.sh $(B)/trillium-$(VERSION).tar.xz

# ---- care of the tree ------------------------------------------------------------------------------------------------

SOURCES = $(shell git ls-files '*.c' '*.h' '*.cpp' 2>/dev/null || find . -path ./$(BUILD) -prune -o -name '*.[ch]' -print -o -name '*.cpp' -print)
.PHONY: format lint docs registry clean
format: deps-dev
	clang-format -i $(SOURCES)
lint: deps-dev
	cppcheck -j $(shell nproc) --quiet --std=c11 --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
	  --suppress=unknownMacro:guest-icd/functions.def \
	  --error-exitcode=1 -I. -D_GNU_SOURCE -D__x86_64__ $(filter %.c,$(SOURCES))
	printf '%s\n' $(filter-out tests/% svga-model/visa/guest/base_header.c,$(filter %.c,$(SOURCES))) | xargs -P $(shell nproc) -n 3 sh -c \
	  'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- -std=gnu17 $(CPPFLAGS_ALL) -DTRILLIUM_VERSION="\"\"" -DTRILLIUM_LLVM="\"$(LLVM_VERSION)\"" $(DRM_CFLAGS)' sh
	printf '%s\n' $(filter-out tests/%,$(filter %.cpp,$(SOURCES))) | xargs -P $(shell nproc) -n 1 sh -c \
	  'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- -std=gnu++17 $(CPPFLAGS_ALL) $(subst ",\",$(subst ',,$(VISA_CXX)))' sh
# Pages made from the tables in the code: each is the output of one small program, and is committed.
$(B)/docs/reference: $(call objs,trillium/docs/reference.c) $(LIB_trillium)
	$(call say,LINK)
	$(link) $^
$(B)/docs/variables: $(call objs,guest-icd/docs/variables.c)
	$(call say,LINK)
	$(link) $^
$(B)/docs/unsupported: $(call objs,guest-icd/docs/unsupported.c)
	$(call say,LINK)
	$(link) $^
$(B)/docs/policy: $(call objs,host-backend/docs/policy.c)
	$(call say,LINK)
	$(link) $^
# Is every function of OpenCL in the table, or named as unsupported? CL_XML: xml/cl.xml of github.com/KhronosGroup/OpenCL-Docs.
$(B)/docs/functions: $(call objs,guest-icd/docs/functions.c)
	$(call say,LINK)
	$(link) $^
registry: $(B)/docs/functions
	$(B)/docs/functions > $(B)/docs/functions.txt
	guest-icd/docs/registry.sh $(B)/docs/functions.txt $(CL_XML)
docs: $(B)/docs/reference $(B)/docs/variables $(B)/docs/unsupported
	$(B)/docs/reference > trillium/REFERENCE.md
	$(B)/docs/variables > guest-icd/VARIABLES.md
	$(B)/docs/unsupported > guest-icd/UNSUPPORTED.md
clean:
	rm -rf $(BUILD)

-include $(patsubst %.o,%.d,$(call objs,$(SRC_all) $(SRC_docs)))
