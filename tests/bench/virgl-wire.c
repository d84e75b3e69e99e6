/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virgl-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_gpu.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "virgl-guest.h"

/* Its numbers (virglrenderer, vtest/vtest_protocol.h): a header of two dwords,
 * length (dwords) and command, then so much. */
enum {
    GET_CAPS = 1,
    RESOURCE_UNREF = 3,
    SUBMIT_CMD = 6,
    BUSY_WAIT = 7,
    CREATE_RENDERER = 8, /* its length is in bytes */
    GET_CAPS2 = 9,
    PING = 10,
    PROTOCOL_VERSION = 11,
    RESOURCE_CREATE2 = 12,
    TRANSFER_GET2 = 13,
    TRANSFER_PUT2 = 14, /* its length counts bytes that don't come */
};
#define VERSION 2u
#define TRANSFER_DWORDS 10u
#define CAPS_V1_BYTES 308u /* struct virgl_caps_v1 */

#define CTX 1u
#define RESOURCES 65536u

static struct {
    const char *server; /* or NULL */
    int fd;             /* of the connection, or -1 */
    uint32_t header[2], args[64];
    size_t got, want; /* of header and what follows */
    unsigned char *to;
    unsigned char reply[8192];
    size_t replied, read;
    uint32_t mapping; /* the resource whose memory is fetched */
    int mapping_fd;
    uint64_t fence;
} w = {.fd = -1, .mapping_fd = -1};

static struct {
    uint64_t gpa;
    uint32_t bytes;
} memory[RESOURCES];

void wire_to(const char *server_socket)
{
    w.server = server_socket;
}

/* ---- Commands -------------------------------------------------------------
 */

static void *request(uint32_t type, size_t size, bool fenced)
{
    struct virtio_gpu_ctrl_hdr *hdr = guest_request();

    memset(hdr, 0, size);
    hdr->type = type;
    hdr->ctx_id = CTX;
    if (fenced) {
        hdr->flags = VIRTIO_GPU_FLAG_FENCE;
        hdr->fence_id = ++w.fence;
    }
    return hdr;
}

static void send_it(size_t size)
{
    guest_send(size, sizeof(struct virtio_gpu_ctrl_hdr));
}

static void on_resource(uint32_t type, uint32_t id)
{
    struct virtio_gpu_ctx_resource *c = request(type, sizeof(*c), false);

    c->resource_id = id;
    send_it(sizeof(*c));
}

static void create_context(void)
{
    struct virtio_gpu_ctx_create *c =
        request(VIRTIO_GPU_CMD_CTX_CREATE, sizeof(*c), false);

    c->nlen = 5;
    strcpy(c->debug_name, "bench");
    send_it(sizeof(*c));
}

static void create_resource(const uint32_t *a)
{
    struct virtio_gpu_resource_create_3d *c =
        request(VIRTIO_GPU_CMD_RESOURCE_CREATE_3D, sizeof(*c), false);
    struct {
        struct virtio_gpu_resource_attach_backing c;
        struct virtio_gpu_mem_entry entry;
    } * b;

    c->resource_id = a[0];
    c->target = a[1];
    c->format = a[2];
    c->bind = a[3];
    c->width = a[4];
    c->height = a[5];
    c->depth = a[6];
    c->array_size = a[7];
    c->last_level = a[8];
    c->nr_samples = a[9];
    send_it(sizeof(*c));
    on_resource(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, a[0]);
    if (!a[10] || a[0] >= RESOURCES)
        return;
    memory[a[0]].bytes = a[10];
    memory[a[0]].gpa = guest_alloc(a[10]);
    w.mapping = a[0];
    b = request(VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, sizeof(*b), false);
    b->c.resource_id = a[0];
    b->c.nr_entries = 1;
    b->entry.addr = memory[a[0]].gpa;
    b->entry.length = (a[10] + 4095) & ~4095u;
    send_it(sizeof(*b));
}

static void unref_resource(uint32_t id)
{
    struct virtio_gpu_resource_unref *c;

    on_resource(VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, id);
    c = request(VIRTIO_GPU_CMD_RESOURCE_UNREF, sizeof(*c), false);
    c->resource_id = id;
    if (id < RESOURCES && memory[id].bytes) {
        guest_free(memory[id].gpa, memory[id].bytes);
        memory[id].bytes = 0;
    }
    send_it(sizeof(*c));
}

static void transfer(uint32_t type, const uint32_t *a)
{
    struct virtio_gpu_transfer_host_3d *c = request(type, sizeof(*c), true);

    c->resource_id = a[0];
    c->level = a[1];
    c->box = (struct virtio_gpu_box){a[2], a[3], a[4], a[5], a[6], a[7]};
    c->offset = a[9];
    send_it(sizeof(*c));
}

static void reply(uint32_t length, uint32_t command, const void *data,
                  size_t size)
{
    const uint32_t header[2] = {length, command};

    if (w.replied + sizeof(header) + size > sizeof(w.reply))
        bench_die("a reply is too long");
    memcpy(w.reply + w.replied, header, sizeof(header));
    memcpy(w.reply + w.replied + sizeof(header), data, size);
    w.replied += sizeof(header) + size;
}

static void get_caps(uint32_t id)
{
    struct virtio_gpu_get_capset *c =
        request(VIRTIO_GPU_CMD_GET_CAPSET, sizeof(*c), false);
    const struct virtio_gpu_resp_capset *got;
    struct virtio_gpu_resp_capset_info info;
    struct virtio_gpu_get_capset_info *i =
        (void *)c; /* the same place: asked first */

    i->hdr.type = VIRTIO_GPU_CMD_GET_CAPSET_INFO;
    i->capset_index = id - 1;
    guest_send(sizeof(*i), sizeof(info));
    guest_wait();
    memcpy(&info, guest_answer(), sizeof(info));
    c = request(VIRTIO_GPU_CMD_GET_CAPSET, sizeof(*c), false);
    c->capset_id = id;
    c->capset_version = info.capset_max_version;
    guest_send(sizeof(*c), sizeof(*got) + info.capset_max_size);
    guest_wait();
    got = guest_answer();
    reply(info.capset_max_size + 1, id, got->capset_data, info.capset_max_size);
}

static void dispatch(void)
{
    const uint32_t *a = w.args, version = VERSION;
    uint32_t busy;

    switch (w.header[1]) {
    case CREATE_RENDERER:
        create_context();
        break;
    case GET_CAPS2:
        get_caps(2);
        break;
    case GET_CAPS:
        get_caps(1);
        break;
    case PING:
        reply(0, PING, NULL, 0);
        break;
    case PROTOCOL_VERSION:
        reply(1, PROTOCOL_VERSION, &version, sizeof(version));
        break;
    case RESOURCE_CREATE2:
        create_resource(a);
        break;
    case RESOURCE_UNREF:
        unref_resource(a[0]);
        break;
    case TRANSFER_GET2:
        transfer(VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, a);
        break;
    case TRANSFER_PUT2:
        transfer(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, a);
        break;
    case SUBMIT_CMD:
        send_it(sizeof(struct virtio_gpu_cmd_submit) + w.header[0] * 4ull);
        break;
    case BUSY_WAIT:
        if (a[1] & 1)
            guest_wait();
        busy = guest_busy();
        reply(1, BUSY_WAIT, &busy, sizeof(busy));
        break;
    default:
        fprintf(stderr, "virgl-frames: command %u\n", w.header[1]);
        bench_die("unknown command of the driver");
    }
    guest_notify();
}

/* ---- The connection -------------------------------------------------------
 */

/* The header has come: how much follows, and where it goes. */
static void expect(void)
{
    struct virtio_gpu_cmd_submit *c;
    size_t bytes = w.header[0] * 4ull;

    w.to = (void *)w.args;
    if (w.header[1] == SUBMIT_CMD) {
        c = request(VIRTIO_GPU_CMD_SUBMIT_3D, sizeof(*c), true);
        if (bytes > GUEST_REQUEST_MAX - sizeof(*c))
            bench_die("a stream is too long");
        c->size = (uint32_t)bytes;
        w.to = (void *)(c + 1);
    } else {
        if (w.header[1] == CREATE_RENDERER)
            bytes = w.header[0];
        if (w.header[1] == TRANSFER_GET2 || w.header[1] == TRANSFER_PUT2)
            bytes = TRANSFER_DWORDS * 4;
        if (bytes > sizeof(w.args))
            bench_die("a command is too long");
    }
    w.want = sizeof(w.header) + bytes;
}

static ssize_t take(const void *buf, size_t len)
{
    const unsigned char *from = buf;
    size_t left = len, part;

    while (left) {
        if (w.got < sizeof(w.header)) {
            part = sizeof(w.header) - w.got;
            part = part < left ? part : left;
            memcpy((unsigned char *)w.header + w.got, from, part);
        } else {
            part = w.want - w.got;
            part = part < left ? part : left;
            memcpy(w.to + w.got - sizeof(w.header), from, part);
        }
        w.got += part;
        from += part;
        left -= part;
        if (w.got == sizeof(w.header))
            expect();
        if (w.got >= sizeof(w.header) && w.got == w.want) {
            w.got = w.want = 0;
            dispatch();
        }
    }
    return (ssize_t)len;
}

static ssize_t give(void *buf, size_t len)
{
    size_t part = w.replied - w.read;

    if (!part)
        bench_die("the driver waits for what does not come");
    part = part < len ? part : len;
    memcpy(buf, w.reply + w.read, part);
    w.read += part;
    if (w.read == w.replied)
        w.read = w.replied = 0;
    return (ssize_t)part;
}

/* A descriptor that stands for the memory of the resource made last. */
static ssize_t give_memory(struct msghdr *msg)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);

    w.mapping_fd = fcntl(w.fd, F_DUPFD_CLOEXEC, 0);
    c->cmsg_len = CMSG_LEN(sizeof(int));
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(c), &w.mapping_fd, sizeof(int));
    *(char *)msg->msg_iov[0].iov_base = 0;
    return 1;
}

/* ---- What the driver calls ------------------------------------------------
 */

static bool ours(int fd)
{
    return fd >= 0 && fd == w.fd && !w.server;
}

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    const struct sockaddr_un *un = (const void *)to;
    struct sockaddr_un server = {.sun_family = AF_UNIX};

    if (to->sa_family == AF_UNIX && !strcmp(un->sun_path, "/tmp/.virgl_test")) {
        w.fd = fd;
        if (!w.server)
            return 0;
        snprintf(server.sun_path, sizeof(server.sun_path), "%s", w.server);
        to = (const void *)&server;
        len = sizeof(server);
    }
    return (int)syscall(SYS_connect, fd, to, len);
}

ssize_t write(int fd, const void *buf, size_t len)
{
    return ours(fd) ? take(buf, len) : syscall(SYS_write, fd, buf, len);
}

ssize_t read(int fd, void *buf, size_t len)
{
    return ours(fd) ? give(buf, len) : syscall(SYS_read, fd, buf, len);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
    return ours(fd) ? give_memory(msg) : syscall(SYS_recvmsg, fd, msg, flags);
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
    if (fd < 0 || fd != w.mapping_fd)
        return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
    w.mapping_fd = -1;
    return guest_at(memory[w.mapping].gpa, len);
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
    return mmap(addr, len, prot, flags, fd, offset);
}

int munmap(void *addr, size_t len)
{
    return guest_has(addr) ? 0 : (int)syscall(SYS_munmap, addr, len);
}
