// SPDX-License-Identifier: MIT
/*
 * Fuzzes the guest driver against a hostile host. The input's first bytes choose what the program calls, the
 * rest is what the host says: results, sizes and contents of answers, statuses, and now and then any word of
 * the FIFO. The device half is a carrier in the same thread: it looks at the FIFO whenever the guest waits.
 *
 * Answers hold no byte BEYOND, which is what lies around them: if the program gets to see one, the driver has
 * read further than the answer went.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "guest-icd/api.h"
#include "guest-icd/platform/context.h"
#include "guest-icd/session/session.h"
#include "trillium/console.h"
#include "trillium/table.h"

enum { BEYOND = 0xee, MAX_REGIONS = 1 << 16, PATIENCE = 64 };

/* ---- the input ---- */

static const uint8_t *at;
static size_t left;

static uint8_t take(void) {
    if (left == 0)
        return 0;
    left--;
    return *at++;
}

static uint64_t take_number(void) {
    static const uint64_t odd[] = {UINT64_MAX, 1ull << 63, 1ull << 32, INT32_MAX,
                                   UINT32_MAX, 1ull << 47, 4097,       0};
    uint8_t pick = take();
    return pick < 240 ? pick : odd[pick % 8];
}

/* ---- the host ---- */

static struct svga_carrier carrier;
static struct svga_consumer consumer;
static struct {
    void *ptr;
    uint64_t size;
} regions[MAX_REGIONS];
static struct tr_slot *slots[TR_MAX_CHUNKS];
static struct tr_console *console;
static unsigned patience;

static void *span_of(struct tr_span span) {
    if (span.region >= MAX_REGIONS || span.length == 0 || span.offset > regions[span.region].size ||
        span.length > regions[span.region].size - span.offset)
        return NULL;
    return (char *)regions[span.region].ptr + span.offset;
}

/* An answer of `size` bytes, of which not more than `room` are there. */
static void fill(uint8_t *out, uint64_t room, uint64_t size) {
    uint8_t kind = take();
    uint64_t n = size < room ? size : room;
    memset(out, BEYOND, room);
    for (uint64_t i = 0; i < n && i < 4096; i++) {
        out[i] = kind < 128   ? take()
                 : kind < 192 ? 'A'
                              : (uint8_t) "OpenCL 3.0 image2d_t cl_khr_fp64 "[i % 33];
        if (out[i] == BEYOND)
            out[i]++;
    }
}

static void answer(const struct tr_command *c, const uint8_t *fixed) {
    uint64_t size = take_number();
    uint32_t number = TR_NO_SLOT;
    uint32_t offset = 0;

    for (const struct tr_field *f = c->fields; f->type != TR_FIELD_END; f++) {
        if (f->type == TR_FIELD_SPAN || f->type == TR_FIELD_SPAN_OPT) {
            struct tr_span span;
            memcpy(&span, fixed + offset, sizeof span);
            void *out = span_of(span);
            if (strcmp(f->name, "out") == 0 && out) {
                if (take() < 200 && size > span.length)
                    size = span.length;
                fill(out, span.length, size);
            }
        } else if (f->type == TR_FIELD_SLOT || f->type == TR_FIELD_SLOT_OPT) {
            memcpy(&number, fixed + offset, sizeof number);
        }
        offset += tr_field_size(f->type);
    }
    if (number == TR_NO_SLOT || !slots[number / TR_SLOTS_PER_CHUNK])
        return;
    struct tr_slot *slot = &slots[number / TR_SLOTS_PER_CHUNK][number % TR_SLOTS_PER_CHUNK];
    uint8_t how = take();
    slot->result = how < 230 ? CL_SUCCESS : -(int32_t)take();
    slot->value = size;
    slot->queued = slot->submit = slot->start = slot->end = slot->complete = take();
    slot->profiled = how & 1;
    atomic_store(&slot->status, how < 240 ? CL_COMPLETE : -(int32_t)take_number());
}

/* The guest waits: the host looks at the FIFO, and does what the input says. */
static void host_looks(void) {
    _Alignas(8) static uint8_t command[SVGA_CMD_MAX_SIZE];
    svga_word *words = svga_fifo_words(carrier.bar);
    const char *why;
    int n;

    while ((n = svga_consumer_next(&consumer, command, &why)) > 0) {
        struct svga_cmd_header h;
        memcpy(&h, command, sizeof h);
        if (h.id == SVGA_CMD_FENCE) {
            atomic_store(&words[SVGA_FIFO_FENCE], ((struct svga_cmd_fence *)command)->fence);
            continue;
        }
        const struct tr_command *c = tr_command_find(h.id);
        if (!c)
            abort(); /* the guest's own encoder wrote it */
        if (h.id == TR_CMD_ADD_SLOTS) {
            const struct tr_add_slots *a = (const void *)(command + sizeof h);
            slots[a->chunk] = regions[a->region].ptr;
        } else if (h.id == TR_CMD_SET_CONSOLE) {
            console = regions[((const struct tr_set_console *)(command + sizeof h))->region].ptr;
        }
        answer(c, command + sizeof h);
    }
    if (n < 0)
        abort();
    svga_consumer_release(&consumer);
    if (take() >= 250) {
        static const uint32_t writable[] = {SVGA_FIFO_STOP,      SVGA_FIFO_FENCE,     SVGA_FIFO_HOST_CPU,
                                            SVGA_FIFO_LINK_ACK,  SVGA_FIFO_BUSY,      SVGA_FIFO_IRQ_SEQ,
                                            SVGA_FIFO_IRQ_ARMED, SVGA_FIFO_FENCE_GOAL};
        atomic_store(&words[writable[take() % 8]], (uint32_t)take_number());
    }
    if (console && take() >= 250)
        atomic_store(&console->written, (uint32_t)take_number());
}

static int host_wait(struct svga_carrier *c, uint32_t seen, int64_t timeout_us) {
    (void)c, (void)seen, (void)timeout_us;
    host_looks();
    /* What was spoilt is mended, or the device would be lost for good. */
    if (++patience % PATIENCE == 0) {
        svga_consumer_release(&consumer);
        atomic_store(&svga_fifo_words(carrier.bar)[SVGA_FIFO_FENCE], UINT32_MAX / 2 + patience);
        for (unsigned chunk = 0; chunk < TR_MAX_CHUNKS && slots[chunk]; chunk++)
            for (unsigned i = 0; i < TR_SLOTS_PER_CHUNK; i++)
                if (atomic_load(&slots[chunk][i].status) > CL_COMPLETE)
                    atomic_store(&slots[chunk][i].status, CL_COMPLETE);
    }
    return 0;
}

static int host_region(struct svga_carrier *c, struct svga_region *region) {
    (void)c;
    uint8_t how = take();
    if (region->id >= MAX_REGIONS || region->size > 64u << 20 || (how >= 250 && slots[0]))
        return how & 1 ? -ENOMEM : -ENOSPC;
    region->ptr = mmap(NULL, region->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region->ptr == MAP_FAILED)
        return -ENOMEM;
    regions[region->id].ptr = region->ptr;
    regions[region->id].size = region->size;
    return 0;
}

static void host_region_gone(struct svga_carrier *c, struct svga_region *region) {
    (void)c;
    munmap(region->ptr, region->size);
    regions[region->id].size = 0;
}

static int host_register(struct svga_carrier *c, uint32_t reg, uint32_t value) {
    (void)value;
    if (reg == SVGA_REG_CONFIG_DONE && !svga_consumer_init(&consumer, c->bar, c->bar_size))
        abort();
    return 0;
}

static void host_doorbell(struct svga_carrier *c) {
    (void)c;
}

static void host_close(struct svga_carrier *c) {
    (void)c;
}

struct svga_carrier *__wrap_svga_carrier_shm_open(const char *path, const char *variables, size_t size,
                                                  char why[SVGA_WHY_SIZE]);
struct svga_carrier *__wrap_svga_carrier_shm_open(const char *path, const char *variables, size_t size,
                                                  char why[SVGA_WHY_SIZE]) {
    (void)variables, (void)size;
    static const struct svga_carrier_ops ops = {.name = "fuzz",
                                                .region_create = host_region,
                                                .region_destroy = host_region_gone,
                                                .reg_write = host_register,
                                                .doorbell = host_doorbell,
                                                .wait_irq = host_wait,
                                                .close = host_close};
    (void)path, (void)why;
    carrier = (struct svga_carrier){&ops, aligned_alloc(4096, SVGA_BAR_SIZE), SVGA_BAR_SIZE};
    memset(carrier.bar, 0, SVGA_BAR_SIZE);
    atomic_store(&svga_registers(carrier.bar)[SVGA_REG_ID], SVGA_ID_2);
    return &carrier;
}

/* ---- the program ---- */

static uint8_t answer_bytes[1 << 16];

static void look(cl_int r, size_t size) {
    if (r != CL_SUCCESS || size > sizeof answer_bytes)
        return;
    for (size_t i = 0; i < size; i++)
        if (answer_bytes[i] == BEYOND)
            abort();
    memset(answer_bytes, 0, size);
}

static void ask_device(cl_device_id d) {
    static const cl_device_info params[] = {CL_DEVICE_NAME,
                                            CL_DEVICE_EXTENSIONS,
                                            CL_DEVICE_EXTENSIONS_WITH_VERSION,
                                            CL_DEVICE_OPENCL_C_FEATURES,
                                            CL_DEVICE_ILS_WITH_VERSION,
                                            CL_DEVICE_BUILT_IN_KERNELS,
                                            CL_DEVICE_SVM_CAPABILITIES,
                                            CL_DEVICE_VERSION};
    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
        size_t size = 0;
        look(icd_GetDeviceInfo(d, params[i], sizeof answer_bytes, answer_bytes, &size), size);
    }
    cl_ulong a, b;
    icd_GetDeviceAndHostTimer(d, &a, &b);
}

static void use_kernel(cl_context c, cl_command_queue q, cl_program p, cl_device_id d) {
    cl_int r;
    size_t size = 0, global[3] = {8, 1, 1};
    cl_kernel k = icd_CreateKernel(p, "k", &r);
    if (!k)
        return;
    for (cl_uint i = 0; i < 3; i++) {
        look(icd_GetKernelArgInfo(k, i, CL_KERNEL_ARG_TYPE_NAME, sizeof answer_bytes, answer_bytes, &size),
             size);
        icd_SetKernelArg(k, i, 4, &(cl_uint){7});
        icd_SetKernelArg(k, i, 16, NULL);
    }
    look(icd_GetKernelWorkGroupInfo(k, d, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof answer_bytes,
                                    answer_bytes, &size),
         size);
    look(icd_GetKernelInfo(k, CL_KERNEL_ATTRIBUTES, sizeof answer_bytes, answer_bytes, &size), size);
    cl_mem m = icd_CreateBuffer(c, CL_MEM_READ_WRITE, 256, NULL, &r);
    if (m) {
        cl_event e = NULL;
        icd_SetKernelArg(k, 0, sizeof m, &m);
        icd_EnqueueNDRangeKernel(q, k, 1, NULL, global, NULL, 0, NULL, &e);
        if (e) {
            cl_int status;
            cl_ulong stamp;
            icd_WaitForEvents(1, &e);
            icd_GetEventInfo(e, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
            icd_GetEventProfilingInfo(e, CL_PROFILING_COMMAND_START, sizeof stamp, &stamp, NULL);
            icd_ReleaseEvent(e);
        }
        uint8_t bytes[64];
        icd_EnqueueReadBuffer(q, m, CL_TRUE, 0, sizeof bytes, bytes, 0, NULL, NULL);
        void *map = icd_EnqueueMapBuffer(q, m, CL_TRUE, CL_MAP_WRITE, 0, 128, 0, NULL, NULL, &r);
        if (map) {
            memset(map, 1, 128);
            icd_EnqueueUnmapMemObject(q, m, map, 0, NULL, NULL);
        }
        icd_ReleaseMemObject(m);
    }
    cl_kernel clone = icd_CloneKernel(k, &r);
    if (clone)
        icd_ReleaseKernel(clone);
    icd_ReleaseKernel(k);
}

/* As a program does: it asks for the sizes, makes room, and asks for the binaries. */
static void get_binaries(cl_program p) {
    size_t sizes[4] = {0};
    unsigned char *binaries[4] = {NULL};
    cl_uint count = 0;
    icd_GetProgramInfo(p, CL_PROGRAM_NUM_DEVICES, sizeof count, &count, NULL);
    if (icd_GetProgramInfo(p, CL_PROGRAM_BINARY_SIZES, sizeof sizes, sizes, NULL) != CL_SUCCESS)
        return;
    for (cl_uint i = 0; i < count; i++)
        binaries[i] = sizes[i] < 1 << 20 ? malloc(sizes[i] + (sizes[i] == 0)) : NULL;
    icd_GetProgramInfo(p, CL_PROGRAM_BINARIES, sizeof binaries, binaries, NULL);
    for (cl_uint i = 0; i < count; i++)
        free(binaries[i]);
}

static void use_program(cl_context c, cl_command_queue q, cl_device_id d) {
    const char *source = "kernel void k(global int *x, int y) {}";
    cl_int r;
    size_t size = 0;
    cl_program p = icd_CreateProgramWithSource(c, 1, &source, NULL, &r);
    if (!p)
        return;
    icd_BuildProgram(p, 0, NULL, "", NULL, NULL);
    look(icd_GetProgramBuildInfo(p, d, CL_PROGRAM_BUILD_LOG, sizeof answer_bytes, answer_bytes, &size), size);
    look(icd_GetProgramInfo(p, CL_PROGRAM_KERNEL_NAMES, sizeof answer_bytes, answer_bytes, &size), size);
    get_binaries(p);
    cl_kernel kernels[8];
    cl_uint count = 0;
    if (icd_CreateKernelsInProgram(p, 8, kernels, &count) == CL_SUCCESS)
        for (cl_uint i = 0; i < count && i < 8; i++)
            icd_ReleaseKernel(kernels[i]);
    use_kernel(c, q, p, d);
    icd_ReleaseProgram(p);
}

static void use_images(cl_context c, cl_command_queue q) {
    cl_image_format formats[8];
    cl_uint count;
    cl_int r;
    icd_GetSupportedImageFormats(c, CL_MEM_READ_WRITE, CL_MEM_OBJECT_IMAGE2D, 8, formats, &count);
    cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
    cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 4, .image_height = 4};
    cl_mem m = icd_CreateImage(c, CL_MEM_READ_WRITE, &format, &desc, NULL, &r);
    if (!m)
        return;
    const size_t origin[3] = {0}, region[3] = {4, 4, 1};
    uint8_t bytes[64];
    icd_EnqueueReadImage(q, m, CL_TRUE, origin, region, 0, 0, bytes, 0, NULL, NULL);
    icd_ReleaseMemObject(m);
}

static void use_device(cl_device_id d, uint8_t what) {
    cl_device_id devices[2] = {d, NULL}, parts[4];
    cl_uint count = 1;
    cl_int r;

    if (what & 1)
        ask_device(d);
    if (what & 2) {
        const cl_device_partition_property list[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
        if (icd_CreateSubDevices(d, list, 4, parts, &count) == CL_SUCCESS) {
            for (cl_uint i = 0; i < count && i < 4; i++)
                icd_ReleaseDevice(parts[i]);
        }
    }
    cl_context c = icd_CreateContext(NULL, 1, devices, NULL, NULL, &r);
    if (!c)
        return;
    cl_command_queue q = icd_CreateCommandQueue(c, d, what & 4 ? CL_QUEUE_PROFILING_ENABLE : 0, &r);
    if (q && what & 8)
        use_program(c, q, d);
    if (q && what & 16)
        use_images(c, q);
    if (q) {
        icd_Finish(q);
        icd_ReleaseCommandQueue(q);
    }
    icd_ReleaseContext(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static cl_platform_id platform;

    at = data;
    left = size;
    if (!platform) {
        at = NULL;
        left = 0; /* a friendly host, once: what it says first stays */
        setenv("TRILLIUM_SHM", "-", 1);
        setenv("TRILLIUM_SPIN_US", "0", 1);
        if (!icd_session_get())
            abort();
        platform = calloc(1, sizeof *platform);
        icd_object_init(&platform->object, ICD_PLATFORM, 0);
        at = data;
        left = size;
    }
    uint8_t what = take();
    const struct tr_device_entry entry = {.device = take(), .type = CL_DEVICE_TYPE_CPU, .shares = what >> 7};
    cl_device_id d;
    if (icd_device_new(platform, NULL, &entry, &d) != CL_SUCCESS)
        return 0;
    use_device(d, what);
    icd_info_cache_clear(&d->info);
    if (!(what & 2)) {
        free(d);
    } else { /* what it was divided into knows it for good */
        platform->devices = realloc(platform->devices, (platform->device_count + 1) * sizeof(cl_device_id));
        platform->devices[platform->device_count++] = d;
    }
    return 0;
}
