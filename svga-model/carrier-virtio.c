// SPDX-License-Identifier: MIT
/*
 * The virtio-gpu carrier: a process in a VM. Memory is buffer objects of the render node, whose pages the
 * host maps; the doorbell is a submitted payload, and a sleeping wait is one with an out-fence
 * (svga-model/virtio-payload.h). Nothing is copied but the payloads.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <virtgpu_drm.h>
#include <xf86drm.h>

#include "svga-model/carrier.h"
#include "svga-model/fifo.h"
#include "svga-model/futex.h"
#include "svga-model/link.h"
#include "svga-model/own-fd.h"
#include "svga-model/virtio-payload.h"

#ifndef VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs /* libdrm 2.4.114 does not name it yet */
#define VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs 7
#endif

enum {
    /* The front answers a wait after SVGA_PAYLOAD_WAIT_MS at the latest. One that takes this much longer
     * never comes: the host is dead. */
    DEAD_MS = SVGA_PAYLOAD_WAIT_MS + 3500,
    /* A link payload that is not answered in this time, by a host that does answer waits, was refused. */
    ACK_LIMIT_MS = 120000,
};

/* A buffer object takes its size in 32 bits; larger regions are made of several. */
#define MAX_BUFFER (1ull << 30)

/* Gallium's buffer of bytes: PIPE_BUFFER, R8_UNORM, VIRGL_BIND_CUSTOM. The host looks at none of it. */
enum { TARGET_BUFFER = 0, FORMAT_R8 = 64, BIND_CUSTOM = 1 << 17 };

/* The buffer objects of a region (svga_region.priv). */
struct buffers {
    uint32_t count;
    uint32_t handles[SVGA_PAYLOAD_MAX_RESOURCES];   /* GEM handles */
    uint32_t resources[SVGA_PAYLOAD_MAX_RESOURCES]; /* what the host calls them */
};

/* A wait that was submitted and has not been answered. */
struct wait {
    int fence; /* sync_file; -1: none */
    uint32_t seen;
    uint64_t since_ns;
};

struct virtio_carrier {
    struct svga_carrier base;
    struct svga_own_fd node;
    uint32_t seq; /* [serial] of the last link payload */
    pid_t owner;  /* a forked child must not speak for its parent */
    struct buffers *bar;
    pthread_mutex_t lock; /* guards left */
    struct wait left;     /* a wait whose waiter's time was up: the next one takes it over */
};

static struct virtio_carrier *virtio_of(struct svga_carrier *c) {
    return (struct virtio_carrier *)c;
}

/* ---- payloads ---- */

/* The descriptor is the session's still. Else the device is lost. */
static bool node_there(struct virtio_carrier *v) {
    if (svga_own_fd_there(&v->node))
        return true;
    snprintf((char *)v->base.bar + SVGA_BAR_ERROR_TEXT, SVGA_BAR_ERROR_TEXT_SIZE, SVGA_OWN_FD_GONE);
    return false;
}

/* Submits a payload; *fence gets a sync_file if it is not NULL. 0 or a negative errno. */
static int submit(struct virtio_carrier *v, const struct svga_payload *payload, const uint32_t *resources,
                  int *fence) {
    struct {
        struct svga_payload payload;
        uint32_t resources[SVGA_PAYLOAD_MAX_RESOURCES];
    } bytes = {.payload = *payload};
    struct drm_virtgpu_execbuffer exec = {
        .flags = fence ? VIRTGPU_EXECBUF_FENCE_FD_OUT : 0,
        .size = (uint32_t)(sizeof *payload + payload->count * sizeof *resources),
        .command = (uintptr_t)&bytes,
        .fence_fd = -1,
    };

    bytes.payload.magic = SVGA_CAPSET_MAGIC;
    if (payload->count > 0)
        memcpy(bytes.resources, resources, payload->count * sizeof *resources);
    if (drmIoctl(v->node.fd, DRM_IOCTL_VIRTGPU_EXECBUFFER, &exec) < 0)
        return -errno;
    if (fence)
        *fence = exec.fence_fd;
    return 0;
}

static void virtio_doorbell(struct svga_carrier *c) {
    submit(virtio_of(c), &(struct svga_payload){.op = SVGA_PAYLOAD_DOORBELL}, NULL, NULL);
}

/* ---- waiting ---- */

static void close_wait(struct wait *w) {
    if (w->fence >= 0)
        close(w->fence);
    w->fence = -1;
}

/* Is the descriptor of a wait that was left a fence still? The application may have closed it meanwhile. */
static bool still_fence(int fd) {
    struct sync_file_info info = {0};
    return fd >= 0 && ioctl(fd, SYNC_IOC_FILE_INFO, &info) == 0;
}

/* The wait that was left, if it is for the same thing; else a new one. */
static int begin_wait(struct virtio_carrier *v, uint32_t seen, struct wait *w) {
    pthread_mutex_lock(&v->lock);
    *w = v->left;
    v->left.fence = -1;
    pthread_mutex_unlock(&v->lock);
    if (!still_fence(w->fence))
        w->fence = -1;
    if (w->fence >= 0 && w->seen == seen)
        return 0;
    close_wait(w);
    if (!node_there(v))
        return -ENODEV;
    *w = (struct wait){.fence = -1, .seen = seen, .since_ns = svga_now_ns()};
    return submit(v, &(struct svga_payload){.op = SVGA_PAYLOAD_WAIT, .id = seen}, NULL, &w->fence);
}

/* Leaves an unanswered wait to the next waiter, so that impatient waiters do not fill the queue. */
static void leave_wait(struct virtio_carrier *v, struct wait *w) {
    pthread_mutex_lock(&v->lock);
    struct wait other = v->left;
    v->left = *w;
    pthread_mutex_unlock(&v->lock);
    close_wait(&other);
}

static int virtio_wait_irq(struct svga_carrier *c, uint32_t seen, int64_t timeout_us) {
    struct virtio_carrier *v = virtio_of(c);
    struct wait w;

    if (atomic_load(&svga_fifo_words(c->bar)[SVGA_FIFO_IRQ_SEQ]) != seen)
        return 0;
    int r = begin_wait(v, seen, &w);
    if (r < 0) {
        if (r == -ENODEV)
            return r;
        usleep(10000); /* out of memory or descriptors: look again, not too often */
        return 0;
    }
    int64_t left_ms = DEAD_MS - (int64_t)((svga_now_ns() - w.since_ns) / 1000000);
    struct pollfd p = {.fd = w.fence, .events = POLLIN};
    if (left_ms < 0)
        left_ms = 0;
    if (timeout_us >= 0 && timeout_us / 1000 < left_ms)
        left_ms = (timeout_us + 999) / 1000;
    int n = poll(&p, 1, (int)left_ms);
    if (n == 0 && (svga_now_ns() - w.since_ns) / 1000000 >= DEAD_MS) {
        close_wait(&w);
        return -ENODEV;
    }
    if (n > 0)
        close_wait(&w);
    else
        leave_wait(v, &w);
    return 0;
}

/* Submits a link payload and waits until the device has carried it out. */
static int link_and_wait(struct virtio_carrier *v, struct svga_payload payload, const uint32_t *resources) {
    svga_word *words = svga_fifo_words(v->base.bar);
    uint64_t limit = svga_now_ns() + ACK_LIMIT_MS * 1000000ull;

    if (!node_there(v))
        return -ENODEV;
    payload.seq = ++v->seq;
    int r = submit(v, &payload, resources, NULL);
    if (r < 0)
        return r;
    for (;;) {
        uint32_t seen = atomic_load(&words[SVGA_FIFO_IRQ_SEQ]);
        atomic_store(&words[SVGA_FIFO_IRQ_ARMED], 1);
        svga_handshake_fence();
        if (atomic_load_explicit(&words[SVGA_FIFO_LINK_ACK], memory_order_acquire) == payload.seq)
            return svga_link_result(atomic_load(&words[SVGA_FIFO_LINK_STATUS]));
        if (atomic_load(&words[SVGA_FIFO_ERROR]) != SVGA_ERROR_NONE || svga_now_ns() > limit ||
            virtio_wait_irq(&v->base, seen, SVGA_PAYLOAD_WAIT_MS * INT64_C(1000)) < 0)
            return -ENODEV;
    }
}

static int virtio_reg_write(struct svga_carrier *c, uint32_t reg, uint32_t value) {
    struct svga_payload payload = {.op = SVGA_PAYLOAD_REG_WRITE, .id = reg, .arg = value};
    return link_and_wait(virtio_of(c), payload, NULL);
}

/* ---- memory ---- */

static void free_buffers(struct virtio_carrier *v, struct buffers *b) {
    for (uint32_t i = 0; i < b->count; i++) {
        struct drm_gem_close close_ = {.handle = b->handles[i]};
        drmIoctl(v->node.fd, DRM_IOCTL_GEM_CLOSE, &close_);
    }
    free(b);
}

/* Makes one buffer object and maps it at `at`, which is reserved. */
static int add_buffer(struct virtio_carrier *v, struct buffers *b, void *at, uint32_t size) {
    struct drm_virtgpu_resource_create create = {
        .target = TARGET_BUFFER,
        .format = FORMAT_R8,
        .bind = BIND_CUSTOM,
        .width = size,
        .height = 1,
        .depth = 1,
        .array_size = 1,
        .size = size,
    };
    if (drmIoctl(v->node.fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &create) < 0)
        return -errno;
    b->handles[b->count] = create.bo_handle;
    b->resources[b->count++] = create.res_handle;
    struct drm_virtgpu_map map = {.handle = create.bo_handle};
    if (drmIoctl(v->node.fd, DRM_IOCTL_VIRTGPU_MAP, &map) < 0 ||
        mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, v->node.fd, (off_t)map.offset) ==
            MAP_FAILED)
        return -errno;
    return 0;
}

/* Memory of `size` bytes, mapped as one, at `address` if that is not 0. */
static int make_memory(struct virtio_carrier *v, uint64_t size, uint64_t address, void **ptr,
                       struct buffers **made) {
    if (v->base.bar && !node_there(v))
        return -ENODEV;
    if (size > MAX_BUFFER * SVGA_PAYLOAD_MAX_RESOURCES)
        return -ENOMEM;
    struct buffers *b = calloc(1, sizeof *b);
    if (!b)
        return -ENOMEM;
    *ptr = mmap((void *)address, size, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    if (*ptr == MAP_FAILED) {
        int e = errno;
        free(b);
        return -e;
    }
    if (address &&
        *ptr != (void *)address) { /* ThreadSanitizer's mmap takes what it does not like as a hint */
        munmap(*ptr, size);
        free(b);
        return -EEXIST;
    }
    for (uint64_t done = 0; done < size;) {
        uint32_t part = (uint32_t)(size - done < MAX_BUFFER ? size - done : MAX_BUFFER);
        int r = add_buffer(v, b, (char *)*ptr + done, part);
        if (r < 0) {
            munmap(*ptr, size);
            free_buffers(v, b);
            return r;
        }
        done += part;
    }
    *made = b;
    return 0;
}

static int virtio_region_create(struct svga_carrier *c, struct svga_region *region) {
    struct virtio_carrier *v = virtio_of(c);
    struct buffers *b = NULL;
    int r = make_memory(v, region->size, region->address, &region->ptr, &b);
    if (r < 0 || !b)
        return r;
    struct svga_payload payload = {.op = SVGA_PAYLOAD_GMR_DEFINE,
                                   .id = region->id,
                                   .arg = region->size,
                                   .address = region->address,
                                   .count = b->count};
    r = link_and_wait(v, payload, b->resources);
    if (r < 0) {
        munmap(region->ptr, region->size);
        free_buffers(v, b);
        return r;
    }
    region->priv = (uintptr_t)b;
    return 0;
}

static void virtio_region_destroy(struct svga_carrier *c, struct svga_region *region) {
    struct virtio_carrier *v = virtio_of(c);
    struct buffers *b = (struct buffers *)(uintptr_t)region->priv;
    munmap(region->ptr, region->size);
    if (v->owner != getpid()) {
        free(b);
        return;
    }
    link_and_wait(v, (struct svga_payload){.op = SVGA_PAYLOAD_GMR_DELETE, .id = region->id}, NULL);
    free_buffers(v, b);
}

static void virtio_close(struct svga_carrier *c) {
    struct virtio_carrier *v = virtio_of(c);
    close_wait(&v->left);
    if (c->bar)
        munmap(c->bar, c->bar_size);
    svga_own_fd_close(
        &v->node); /* the last descriptor's end is the end of the session: kernel and front clean up */
    pthread_mutex_destroy(&v->lock);
    free(v->bar);
    free(v);
}

static const struct svga_carrier_ops virtio_ops = {
    .name = "virtio-gpu",
    .region_create = virtio_region_create,
    .region_destroy = virtio_region_destroy,
    .reg_write = virtio_reg_write,
    .doorbell = virtio_doorbell,
    .wait_irq = virtio_wait_irq,
    .same_cpus = false, /* virtual CPUs here, the host's there */
    .close = virtio_close,
};

/* ---- finding the device ---- */

static int get_param(int fd, uint64_t param) {
    int value = 0;
    struct drm_virtgpu_getparam get = {.param = param, .value = (uintptr_t)&value};
    return drmIoctl(fd, DRM_IOCTL_VIRTGPU_GETPARAM, &get) < 0 ? -1 : value;
}

/* How near a render node comes to Trillium's; the reason of the nearest is told. */
enum nearness { NO_NODE, OTHER_DRIVER, NO_PERMISSION, OTHER_VIRTIO, NO_CAPSET, OTHER_VERSION, OURS };

/* Does sysfs say that a node is driven by something else than virtio-gpu? It does even where the node cannot
 * be opened. */
static bool other_driver(const char *node, char *driver, size_t size) {
    char link[96], target[256];
    snprintf(link, sizeof link, "/sys/class/drm/%.16s/device/driver", node);
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length < 0)
        return false;
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(driver, size, "%.63s", slash ? slash + 1 : target);
    return strncmp(driver, "virtio", 6) != 0; /* virtio_gpu, or virtio-pci where `device` is the bus's */
}

/* Looks at one render node. *fd is open only if it is ours. */
static enum nearness look_at(const char *node, int *fd, char why[SVGA_WHY_SIZE]) {
    char path[64], driver[64];
    snprintf(path, sizeof path, "/dev/dri/%.16s", node);
    *fd = open(path, O_RDWR | O_CLOEXEC);
    if (*fd < 0 && other_driver(node, driver, sizeof driver)) {
        snprintf(why, SVGA_WHY_SIZE,
                 "the render node %s belongs to another GPU (driver %s), not to Trillium's", path, driver);
        return OTHER_DRIVER;
    }
    if (*fd < 0) {
        snprintf(why, SVGA_WHY_SIZE, "cannot open the render node %s: %s%s", path, strerror(errno),
                 errno == EACCES ? " (add the user to the group render)" : "");
        return NO_PERMISSION;
    }
    enum nearness near = OTHER_DRIVER;
    drmVersionPtr version = drmGetVersion(*fd);
    struct svga_capset capset = {0};
    struct drm_virtgpu_get_caps get = {
        .cap_set_id = SVGA_CAPSET_ID, .addr = (uintptr_t)&capset, .size = sizeof capset};

    if (!version || strcmp(version->name, "virtio_gpu") != 0) {
        snprintf(why, SVGA_WHY_SIZE,
                 "the render node %s belongs to another GPU (driver %s), not to Trillium's", path,
                 version ? version->name : "unknown");
    } else if (drmIoctl(*fd, DRM_IOCTL_VIRTGPU_GET_CAPS, &get) == 0) {
        near = OTHER_VERSION;
        if (capset.magic == SVGA_CAPSET_MAGIC && capset.version == SVGA_CAPSET_VERSION)
            near = OURS;
        else
            snprintf(
                why, SVGA_WHY_SIZE,
                "the virtual GPU at %s speaks version %u of Trillium's payloads, and this driver speaks %u: "
                "install the same Trillium in the VM and on its host",
                path, capset.version, SVGA_CAPSET_VERSION);
    } else if (get_param(*fd, VIRTGPU_PARAM_3D_FEATURES) == 1 &&
               get_param(*fd, VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs) == 0) {
        near = NO_CAPSET;
        snprintf(why, SVGA_WHY_SIZE,
                 "the virtual GPU at %s does not answer: its daemon on the host is gone, or the VM's memory "
                 "is not "
                 "shared with it (QEMU: -object memory-backend-memfd,share=on)",
                 path);
    } else {
        near = OTHER_VIRTIO;
        snprintf(why, SVGA_WHY_SIZE,
                 "the render node %s is a virtio-gpu for graphics, not Trillium's: the VM needs a "
                 "vhost-user-gpu-pci "
                 "device that trillium serves",
                 path);
    }
    if (version)
        drmFreeVersion(version);
    if (near != OURS) {
        close(*fd);
        *fd = -1;
    }
    return near;
}

/* The render node of Trillium's virtual GPU, open; or -1 with the reason, and errno as for
 * svga_carrier_virtio_open. */
static int find_node(char why[SVGA_WHY_SIZE]) {
    enum nearness nearest = NO_NODE;
    int found = -1;
    DIR *dir = opendir("/dev/dri");
    struct dirent *entry;

    snprintf(why, SVGA_WHY_SIZE,
             "there is no render node (/dev/dri/renderD*) here: a VM needs a vhost-user-gpu-pci device that "
             "trillium "
             "serves and the kernel's virtio-gpu driver; on the host itself use \"trillium run\"");
    while (dir && found < 0 && (entry = readdir(dir))) {
        char reason[SVGA_WHY_SIZE];
        if (strncmp(entry->d_name, "renderD", 7) != 0 || strlen(entry->d_name) > 16)
            continue;
        enum nearness near = look_at(entry->d_name, &found, reason);
        if (near > nearest) {
            nearest = near;
            memcpy(why, reason, SVGA_WHY_SIZE);
        }
    }
    if (dir)
        closedir(dir);
    errno = nearest == NO_NODE || nearest == OTHER_DRIVER || nearest == OTHER_VIRTIO ? ENOENT : ENODEV;
    return found;
}

struct svga_carrier *svga_carrier_virtio_open(const char *variables, size_t size, char why[SVGA_WHY_SIZE]) {
    struct virtio_carrier *v = calloc(1, sizeof *v);
    if (!v) {
        snprintf(why, SVGA_WHY_SIZE, "out of memory");
        return NULL;
    }
    v->base.ops = &virtio_ops;
    v->owner = getpid();
    v->left.fence = -1;
    pthread_mutex_init(&v->lock, NULL);
    int fd = find_node(why);
    if (fd < 0) {
        free(v); /* leaves errno alone */
        return NULL;
    }
    v->node = svga_own_fd_take(fd);
    int r = make_memory(v, SVGA_BAR_SIZE, 0, &v->base.bar, &v->bar);
    if (r < 0) {
        v->base.bar = NULL;
        snprintf(why, SVGA_WHY_SIZE, "the virtual GPU gives no memory: %s", strerror(-r));
        virtio_close(&v->base);
        errno = -r;
        return NULL;
    }
    v->base.bar_size = SVGA_BAR_SIZE;
    if (size > SVGA_BAR_VARIABLES_SIZE)
        size = 0;
    if (size > 0)
        memcpy((char *)v->base.bar + SVGA_BAR_VARIABLES, variables, size);
    struct svga_payload payload = {.op = SVGA_PAYLOAD_GMR_DEFINE,
                                   .id = SVGA_GMR_BAR,
                                   .arg = SVGA_BAR_SIZE,
                                   .count = v->bar->count,
                                   .variables = (uint32_t)size};
    r = link_and_wait(v, payload, v->bar->resources);
    if (r < 0) {
        const char *text = (const char *)v->base.bar + SVGA_BAR_ERROR_TEXT;
        if (*text)
            snprintf(why, SVGA_WHY_SIZE, "%.*s", SVGA_WHY_SIZE - 1, text);
        else
            snprintf(why, SVGA_WHY_SIZE, "the host gave no session: %s",
                     r == -ENODEV ? "its daemon does not answer" : strerror(-r));
        virtio_close(&v->base);
        errno = ENODEV;
        return NULL;
    }
    return &v->base;
}
