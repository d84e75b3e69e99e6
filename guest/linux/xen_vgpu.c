// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A small driver of the native vGPU, as a start for a real one: it takes the
 * interrupts and hands them to user space. See xen_vgpu.h.
 */
#include <linux/bitops.h>
#include <linux/dma-mapping.h>
#include <linux/eventfd.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

#include "xen-vgpu/csr.h"
#include "xen-vgpu/pci.h"
#include "xen_vgpu.h"

#define ALLOC_MAX (16u << 20)

struct xen_vgpu;

struct vector {
    struct xen_vgpu *v;
    u32 mask; /* of INTR_STATUS */
};

struct xen_vgpu {
    struct pci_dev *pdev;
    void __iomem *csr;
    struct miscdevice misc;
    char name[16];
    int id;
    unsigned long opened;
    struct mutex lock; /* of ioctl and mmap */
    spinlock_t events_lock;
    struct eventfd_ctx *events[XVGPU_NR_ENGINES];
    struct vector vectors[XVGPU_NR_ENGINES];
    unsigned int nr_vectors;
    u32 engines; /* bit mask */
    void *mem;
    dma_addr_t bus;
    size_t size;
};

static DEFINE_IDA(ids);

/* What INTR_STATUS holds and INTR_ENABLE allows keeps INTx up, and lets no
 * second message come: clearing what was read serves all three. */
static irqreturn_t on_irq(int irq, void *arg)
{
    const struct vector *vec = arg;
    struct xen_vgpu *v = vec->v;
    unsigned long flags;
    u32 status, e;

    status = ioread32(v->csr + XVGPU_INTR_STATUS) & vec->mask;
    if (!status || status == ~0u)
        return IRQ_NONE;
    iowrite32(status, v->csr + XVGPU_INTR_STATUS);
    spin_lock_irqsave(&v->events_lock, flags);
    for (e = 0; e < XVGPU_NR_ENGINES; e++) {
        if (v->events[e] && status & (XVGPU_INTR_DONE(e) | XVGPU_INTR_FAULT(e)))
            eventfd_signal(v->events[e], 1);
    }
    spin_unlock_irqrestore(&v->events_lock, flags);
    return IRQ_HANDLED;
}

static void irqs_off(struct xen_vgpu *v)
{
    iowrite32(0, v->csr + XVGPU_INTR_ENABLE);
    while (v->nr_vectors) {
        v->nr_vectors--;
        free_irq(pci_irq_vector(v->pdev, v->nr_vectors),
                 &v->vectors[v->nr_vectors]);
    }
    pci_free_irq_vectors(v->pdev);
}

static int irqs_on(struct xen_vgpu *v, unsigned long kind)
{
    static const unsigned int flags[] = {
        [XEN_VGPU_IRQ_INTX] = PCI_IRQ_LEGACY,
        [XEN_VGPU_IRQ_MSI] = PCI_IRQ_MSI,
        [XEN_VGPU_IRQ_MSIX] = PCI_IRQ_MSIX,
    };
    unsigned int n = kind == XEN_VGPU_IRQ_MSIX ? XVGPU_NR_ENGINES : 1, i;
    int rc;

    if (kind > XEN_VGPU_IRQ_MSIX)
        return -EINVAL;
    irqs_off(v);
    if (kind == XEN_VGPU_IRQ_NONE)
        return 0;
    rc = pci_alloc_irq_vectors(v->pdev, n, n, flags[kind]);
    if (rc < 0)
        return rc;
    for (i = 0; i < n; i++) {
        v->vectors[i].v = v;
        v->vectors[i].mask =
            n == 1 ? ~0u : XVGPU_INTR_DONE(i) | XVGPU_INTR_FAULT(i);
        rc = request_irq(pci_irq_vector(v->pdev, i), on_irq,
                         kind == XEN_VGPU_IRQ_INTX ? IRQF_SHARED : 0, v->name,
                         &v->vectors[i]);
        if (rc) {
            irqs_off(v);
            return rc;
        }
        v->nr_vectors = i + 1;
        if (n > 1 && v->engines & 1u << i)
            iowrite32(i, v->csr + XVGPU_ENGINE_BASE(i) + XVGPU_VECTOR);
    }
    return 0;
}

static int set_event(struct xen_vgpu *v, const struct xen_vgpu_event *ev)
{
    struct eventfd_ctx *ctx = NULL, *old;
    unsigned long flags;

    if (ev->engine >= XVGPU_NR_ENGINES)
        return -EINVAL;
    if (ev->fd >= 0) {
        ctx = eventfd_ctx_fdget(ev->fd);
        if (IS_ERR(ctx))
            return PTR_ERR(ctx);
    }
    spin_lock_irqsave(&v->events_lock, flags);
    old = v->events[ev->engine];
    v->events[ev->engine] = ctx;
    spin_unlock_irqrestore(&v->events_lock, flags);
    if (old)
        eventfd_ctx_put(old);
    return 0;
}

static int make_memory(struct xen_vgpu *v, struct xen_vgpu_alloc *a)
{
    if (v->mem)
        return -EEXIST;
    if (!a->size || a->size > ALLOC_MAX)
        return -EINVAL;
    v->size = PAGE_ALIGN(a->size);
    v->mem = dma_alloc_coherent(&v->pdev->dev, v->size, &v->bus, GFP_KERNEL);
    if (!v->mem)
        return -ENOMEM;
    a->bus = v->bus;
    return 0;
}

static long vgpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
    struct xen_vgpu *v =
        container_of(file->private_data, struct xen_vgpu, misc);
    void __user *user = (void __user *)arg;
    struct xen_vgpu_alloc alloc;
    struct xen_vgpu_event event;
    long rc = -EFAULT;

    mutex_lock(&v->lock);
    switch (cmd) {
    case XEN_VGPU_ALLOC:
        if (copy_from_user(&alloc, user, sizeof(alloc)))
            break;
        rc = make_memory(v, &alloc);
        if (!rc && copy_to_user(user, &alloc, sizeof(alloc)))
            rc = -EFAULT; /* the memory goes with the file */
        break;
    case XEN_VGPU_EVENT:
        if (!copy_from_user(&event, user, sizeof(event)))
            rc = set_event(v, &event);
        break;
    case XEN_VGPU_IRQ:
        rc = irqs_on(v, arg);
        break;
    default:
        rc = -ENOTTY;
        break;
    }
    mutex_unlock(&v->lock);
    return rc;
}

static int vgpu_mmap(struct file *file, struct vm_area_struct *vma)
{
    struct xen_vgpu *v =
        container_of(file->private_data, struct xen_vgpu, misc);
    int rc = -ENXIO;

    mutex_lock(&v->lock);
    if (v->mem) /* checks offset and length against the size */
        rc = dma_mmap_coherent(&v->pdev->dev, vma, v->mem, v->bus, v->size);
    mutex_unlock(&v->lock);
    return rc;
}

static int vgpu_open(struct inode *inode, struct file *file)
{
    struct xen_vgpu *v =
        container_of(file->private_data, struct xen_vgpu, misc);

    return test_and_set_bit(0, &v->opened) ? -EBUSY : 0;
}

static int vgpu_release(struct inode *inode, struct file *file)
{
    struct xen_vgpu *v =
        container_of(file->private_data, struct xen_vgpu, misc);
    struct xen_vgpu_event none = {.fd = -1};

    irqs_off(v);
    for (none.engine = 0; none.engine < XVGPU_NR_ENGINES; none.engine++)
        set_event(v, &none);
    /* Done when the write is: no engine reaches the memory any more. */
    iowrite32(1, v->csr + XVGPU_RESET);
    if (v->mem)
        dma_free_coherent(&v->pdev->dev, v->size, v->mem, v->bus);
    v->mem = NULL;
    clear_bit_unlock(0, &v->opened);
    return 0;
}

static const struct file_operations fops = {
    .owner = THIS_MODULE,
    .open = vgpu_open,
    .release = vgpu_release,
    .unlocked_ioctl = vgpu_ioctl,
    .mmap = vgpu_mmap,
};

static int vgpu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
    struct xen_vgpu *v;
    int rc;

    v = devm_kzalloc(&pdev->dev, sizeof(*v), GFP_KERNEL);
    if (!v)
        return -ENOMEM;
    v->pdev = pdev;
    mutex_init(&v->lock);
    spin_lock_init(&v->events_lock);
    rc = pcim_enable_device(pdev);
    if (rc)
        return rc;
    /* Not claimed: a kernel with strict I/O memory would then let nobody map
     * it by sysfs, and all that drives the rings is in user space. */
    v->csr = pcim_iomap(pdev, XVGPU_BAR_CSR, 0);
    if (!v->csr)
        return -ENOMEM;
    if (ioread32(v->csr + XVGPU_MAGIC) != XVGPU_MAGIC_VALUE ||
        ioread32(v->csr + XVGPU_ABI_VERSION) >> 16 != XVGPU_ABI_MAJOR)
        return dev_err_probe(&pdev->dev, -ENODEV, "not our ABI\n");
    v->engines = ioread32(v->csr + XVGPU_ENGINES);
    rc = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
    if (rc)
        return rc;
    pci_set_master(pdev);
    v->id = ida_alloc(&ids, GFP_KERNEL);
    if (v->id < 0)
        return v->id;
    snprintf(v->name, sizeof(v->name), "xen-vgpu%d", v->id);
    v->misc.minor = MISC_DYNAMIC_MINOR;
    v->misc.name = v->name;
    v->misc.fops = &fops;
    v->misc.parent = &pdev->dev;
    pci_set_drvdata(pdev, v);
    rc = misc_register(&v->misc);
    if (rc)
        ida_free(&ids, v->id);
    else
        dev_info(&pdev->dev, "%s\n", v->name);
    return rc;
}

/* A program that has the device open holds the module, and nobody can unbind:
 * only a removal by sysfs finds users, and is not provided for.
 */
static void vgpu_remove(struct pci_dev *pdev)
{
    struct xen_vgpu *v = pci_get_drvdata(pdev);

    misc_deregister(&v->misc);
    ida_free(&ids, v->id);
}

static const struct pci_device_id table[] = {
    {PCI_DEVICE(XVGPU_PCI_VENDOR, XVGPU_PCI_DEVICE)},
    {},
};
MODULE_DEVICE_TABLE(pci, table);

static struct pci_driver xen_vgpu_driver = {
    .name = "xen_vgpu",
    .id_table = table,
    .probe = vgpu_probe,
    .remove = vgpu_remove,
    .driver.suppress_bind_attrs = true,
};
module_pci_driver(xen_vgpu_driver);

MODULE_DESCRIPTION("Native vGPU of xen-vgpu: interrupts for user space");
MODULE_LICENSE("Dual MIT/GPL");
