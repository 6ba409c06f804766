// SPDX-License-Identifier: MIT
/* Guarded calls of compilers. */
#include "svga-model/visa/common/guard.h"

#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Clang's recursion over deeply nested source needs more than the 8 MiB that is usual; only touched pages
 * cost. */
#define GUARD_STACK_SIZE (64u << 20)

struct guarded_call {
    void (*run)(void *arg);
    void *arg;
    char *why;
    size_t why_size;
    sigjmp_buf left;
    int result;
};

static _Thread_local struct guarded_call *current_call;

void visa_guard_leave(const char *reason) {
    struct guarded_call *call = current_call;

    if (!call)
        return;
    current_call = NULL;
    snprintf(call->why, call->why_size, "%s", reason);
    siglongjmp(call->left, 1);
}

static _Noreturn void guarded_exit(int status) {
    visa_guard_leave(
        "the SPIR-V translator cannot express this program (its own message is on standard error)");
    exit(status);
}

static _Noreturn void guarded_abort(void) {
    visa_guard_leave("the SPIR-V translator gave up on this program");
    abort();
}

static _Noreturn void guarded_assert_fail(const char *assertion, const char *file, unsigned line,
                                          const char *function) {
    const char *base = strrchr(file, '/');
    char reason[400];

    snprintf(reason, sizeof reason,
             "the SPIR-V translator gave up on this program: assertion '%.200s' failed at %.60s:%u",
             assertion, base ? base + 1 : file, line);
    visa_guard_leave(reason);
    __assert_fail(assertion, file, line, function);
}

static const struct {
    const char *name;
    void *replacement;
} redirections[] = {
    {"exit", (void *)guarded_exit},
    {"abort", (void *)guarded_abort},
    {"__assert_fail", (void *)guarded_assert_fail},
};

static int redirect_slot(void **slot, void *replacement, int relro) {
    uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    void *page = (void *)((uintptr_t)slot & ~(page_size - 1));

    if (relro && mprotect(page, page_size, PROT_READ | PROT_WRITE))
        return -errno;
    __atomic_store_n(slot, replacement, __ATOMIC_RELAXED);
    if (relro && mprotect(page, page_size, PROT_READ))
        return -errno;
    return 0;
}

struct object_tables {
    uintptr_t base;
    uintptr_t relro_start, relro_end;
    const Elf64_Sym *symbols;
    const char *strings;
    struct {
        const Elf64_Rela *entries;
        size_t count;
        size_t skipped; /* relative ones at the start, of which LLVM has half a million */
    } relocations[2];   /* DT_JMPREL, DT_RELA */
};

static int redirect_references(const struct object_tables *object) {
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = object->relocations[t].skipped;
             object->relocations[t].entries && i < object->relocations[t].count; i++) {
            const Elf64_Rela *rela = &object->relocations[t].entries[i];
            unsigned type = ELF64_R_TYPE(rela->r_info);
            const char *name = object->strings + object->symbols[ELF64_R_SYM(rela->r_info)].st_name;
            uintptr_t slot = object->base + rela->r_offset;

            /* The same numbers mean the same on no two architectures; a slot is what holds a function's
             * address. */
#if defined(__x86_64__)
            if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT)
                continue;
#elif defined(__aarch64__)
            if (type != R_AARCH64_JUMP_SLOT && type != R_AARCH64_GLOB_DAT)
                continue;
#else
#error "name this architecture's relocations of function slots"
#endif
            for (size_t r = 0; r < sizeof redirections / sizeof redirections[0]; r++) {
                int relro = slot >= object->relro_start && slot < object->relro_end;
                int err;

                if (strcmp(name, redirections[r].name))
                    continue;
                err = redirect_slot((void **)slot, redirections[r].replacement, relro);
                if (err)
                    return err;
            }
        }
    }
    return 0;
}

struct object_search {
    uintptr_t address;
    int result;
};

static int visit_object(struct dl_phdr_info *info, size_t size, void *data) {
    struct object_search *search = data;
    struct object_tables object = {.base = info->dlpi_addr};
    const Elf64_Dyn *dynamic = NULL;
    int holds_address = 0;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const Elf64_Phdr *header = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + header->p_vaddr;

        if (header->p_type == PT_LOAD && search->address - start < header->p_memsz)
            holds_address = 1;
        if (header->p_type == PT_DYNAMIC)
            dynamic = (const Elf64_Dyn *)start;
        if (header->p_type == PT_GNU_RELRO) {
            object.relro_start = start;
            object.relro_end = start + header->p_memsz;
        }
    }
    if (!holds_address || !dynamic)
        return 0;
    /* glibc has relocated the pointers of the dynamic section in place. */
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        switch (dynamic->d_tag) {
        case DT_SYMTAB:
            object.symbols = (const Elf64_Sym *)dynamic->d_un.d_ptr;
            break;
        case DT_STRTAB:
            object.strings = (const char *)dynamic->d_un.d_ptr;
            break;
        case DT_JMPREL:
            object.relocations[0].entries = (const Elf64_Rela *)dynamic->d_un.d_ptr;
            break;
        case DT_PLTRELSZ:
            object.relocations[0].count = dynamic->d_un.d_val / sizeof(Elf64_Rela);
            break;
        case DT_RELA:
            object.relocations[1].entries = (const Elf64_Rela *)dynamic->d_un.d_ptr;
            break;
        case DT_RELACOUNT:
            object.relocations[1].skipped = dynamic->d_un.d_val;
            break;
        case DT_RELASZ:
            object.relocations[1].count = dynamic->d_un.d_val / sizeof(Elf64_Rela);
            break;
        }
    }
    search->result = object.symbols && object.strings ? redirect_references(&object) : -ENOEXEC;
    return 1;
}

int visa_guard_object(const void *address) {
    struct object_search search = {.address = (uintptr_t)address, .result = -ENOENT};

    dl_iterate_phdr(visit_object, &search);
    return search.result;
}

static void *guarded_thread(void *data) {
    struct guarded_call *call = data;

    call->result = -EFAULT;
    if (!sigsetjmp(call->left, 0)) {
        current_call = call;
        call->run(call->arg);
        current_call = NULL;
        call->result = 0;
    }
    return NULL;
}

int visa_guard_run(void (*run)(void *arg), void *arg, char *why, size_t why_size) {
    struct guarded_call call = {.run = run, .arg = arg, .why = why, .why_size = why_size};
    pthread_attr_t attributes;
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    pthread_t thread;
    sigset_t all;
    int err;

    /* The application's signal handlers belong on its own threads. */
    sigfillset(&all);
    /* ... but a fault of the compiler itself is to be heard by whoever wants to say it. */
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&all, faults[i]);
    err = pthread_attr_init(&attributes);
    if (!err) {
        err = pthread_attr_setstacksize(&attributes, GUARD_STACK_SIZE);
        if (!err)
            err = pthread_attr_setsigmask_np(&attributes, &all);
        if (!err)
            err = pthread_create(&thread, &attributes, guarded_thread, &call);
        pthread_attr_destroy(&attributes);
    }
    if (err) {
        snprintf(why, why_size, "cannot start a thread for the compiler: %s", strerror(err));
        return -err;
    }
    pthread_join(thread, NULL);
    return call.result;
}
