/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile drivers against the production processes of a virtio-gpu: monitor,
 * device, engine with the real renderer, each in its sandbox, on the fake Xen.
 * An input is a number: with the seed it says all that the driver does.
 */
#ifndef TESTS_FUZZ_STORM_H
#define TESTS_FUZZ_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakexen.h"

/* ---- Chance (storm-card.c) ----------------------------------------------- */

struct chance {
    uint64_t state;
};

uint64_t chance(struct chance *c);
/* An input's: neighbours have nothing in common. */
struct chance storm_chance(uint64_t seed, uint64_t salt, uint64_t input);
/* 0..n - 1 */
uint32_t below(struct chance *c, uint32_t n);
/* What programs are wrong about: limits, powers of two, or anything. */
uint32_t odd_number(struct chance *c);

/* ---- A card and its driver (storm-card.c) ----------------------------------
 */

#define CARD_RAM (16u << 20)
#define CARD_QUEUE 256u
#define CARD_DESC(q) (0x100000u + (q)*0x10000u)
#define CARD_AVAIL(q) (CARD_DESC(q) + 0x4000u)
#define CARD_USED(q) (CARD_DESC(q) + 0x8000u)
#define CARD_TABLE 0x140000u
#define CARD_REQUEST 0x200000u /* 1 MiB */
#define CARD_RESPONSE 0x300000u
#define CARD_RESPONSE_SIZE 2048u
#define CARD_DATA 0x400000u /* the rest */

#define CARD_NEEDS_RESET 0x40u

struct card {
    domid_t domid;
    uint16_t offered[2]; /* chains, by queue */
    uint32_t request;    /* bytes of CARD_REQUEST used in this batch */
    uint32_t chains;     /* of this batch */
    uint64_t features;   /* offered by the device */
    bool mute;           /* an access was not answered */
};

void card_write(struct card *c, uint32_t reg, unsigned int size,
                uint64_t value);
uint32_t card_read(struct card *c, uint32_t reg, unsigned int size);
void card_config(struct card *c, unsigned int reg, uint32_t value);
void *card_ptr(struct card *c, uint32_t gpa);

void card_new(struct card *c, domid_t domid);
/* Reset, and up to DRIVER_OK with all that is offered but for `without`. True
 * if the device runs then. */
bool card_drive(struct card *c, uint64_t without);
/* The same until it runs: a device may have to wait to start an engine. */
bool card_revive(struct card *c);

/* Add a command to the control queue; what it needs is there up to
 * card_go(), which notifies, and waits until all is answered. False: the
 * device says that it needs a reset, or it takes longer than `ms`. */
void card_put(struct card *c, const void *request, uint32_t len);
bool card_go(struct card *c, unsigned int ms);
/* One command: the answer's type. */
uint32_t card_command(struct card *c, const void *request, uint32_t len);

/* The parts that make a 3D resource usable in context 1, as a batch. */
void card_backing(struct card *c, uint32_t id, uint32_t addr, uint32_t len);
void card_context(struct card *c);
void card_in_context(struct card *c, uint32_t id);
void card_stream(struct card *c, const uint32_t *dw, uint32_t n);

/* ---- The kinds -------------------------------------------------------------
 */

/* storm-queues.c, storm-streams.c: one input on a card that runs. */
void storm_queues(struct card *c, struct chance *r);
void storm_streams(struct card *c, struct chance *r);
/* 0 or -1: the recorded streams of a folder. */
int storm_load(const char *folder);

/* storm-picture.c: a right one in 2D and, if it has that, in 3D; NULL, or what
 * is wrong with it. The card has just been started. */
const char *storm_picture(struct card *c, bool gl);

/* storm-mutate.c: change a stream of commands; returns its new length, up to
 * `room` dwords. `other` is one to take commands from. */
uint32_t storm_mutate(struct chance *r, uint32_t *dw, uint32_t n, uint32_t room,
                      const uint32_t *other, uint32_t other_n);

#endif
