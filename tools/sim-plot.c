/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture of one policy: who had the first GPU in a quarter of a second, and
 * how long frames took and turns were waited for.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sim.h"

#define LANES_MAX 24u
#define WIDTH 1000
#define LEFT 130
#define TOP 70
#define LANE 18
#define PLOT_W (WIDTH - LEFT - 30)
#define CURVE_H 220

static const char *const colours[SIM_KINDS] = {
    [SIM_LIGHT] = "#1b9e77",  [SIM_HEAVY] = "#7570b3",
    [SIM_BURSTY] = "#e6ab02", [SIM_MALICIOUS] = "#d95f02",
    [SIM_HANGS] = "#e7298a",  [SIM_TRACE] = "#66a61e",
};

static void text(FILE *f, double x, double y, const char *anchor, const char *s)
{
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    for (; *s; s++) {
        if (*s >= ' ' && *s <= '~' && *s != '<' && *s != '&' && *s != '>')
            fputc(*s, f);
    }
    fputs("</text>\n", f);
}

static void line(FILE *f, double x1, double y1, double x2, double y2,
                 const char *colour)
{
    fprintf(f,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
            "stroke=\"%s\"/>\n",
            x1, y1, x2, y2, colour);
}

static void turns(FILE *f, const struct sim_load *load,
                  const struct sim_result *r, size_t lanes)
{
    double scale = PLOT_W / (double)(r->plot_to_ns - r->plot_from_ns), x;
    char s[96];
    size_t i;
    int lane;

    for (i = 0; i < lanes; i++) {
        const struct sim_spec *c = &load->clients[i];
        double y = TOP + (double)i * LANE;

        snprintf(s, sizeof(s), "%zu %s, %u", i, sim_kind_name(c->kind),
                 c->weight);
        text(f, LEFT - 6, y + 12, "end", s);
        line(f, LEFT, y + LANE - 0.5, LEFT + PLOT_W, y + LANE - 0.5, "#ddd");
    }
    for (i = 0; i < r->span_count; i++) {
        lane = (int)r->spans[i].client;
        if (lane >= (int)lanes)
            continue;
        x = (double)(r->spans[i].from_ns - r->plot_from_ns) * scale;
        fprintf(f,
                "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" "
                "fill=\"%s\"/>\n",
                LEFT + x, TOP + lane * LANE + 2,
                (double)(r->spans[i].to_ns - r->spans[i].from_ns) * scale,
                LANE - 4, colours[load->clients[r->spans[i].client].kind]);
    }
    for (i = 0; i <= 5; i++) {
        x = LEFT + PLOT_W * (double)i / 5;
        snprintf(s, sizeof(s), "%.0f ms",
                 (double)(r->plot_to_ns - r->plot_from_ns) / 1e6 * (double)i /
                     5);
        text(f, x, TOP + (double)lanes * LANE + 16, "middle", s);
    }
}

/* 0.01 ms to 10 s, six decades. */
static double x_of(uint64_t ns)
{
    double x = ns > 10000 ? (log10((double)ns) - 4) / 6 : 0;

    return LEFT + PLOT_W * (x < 1 ? x : 1);
}

static void curve(FILE *f, const struct sim_hist *h, double top,
                  const char *colour)
{
    int i;

    if (!h->count)
        return;
    fputs("<polyline fill=\"none\" stroke-width=\"2\" points=\"", f);
    for (i = 0; i <= 200; i++)
        fprintf(f, "%.1f,%.1f ", x_of(sim_hist_at(h, i / 200.0)),
                top + CURVE_H * (1 - i / 200.0));
    fprintf(f, "\" stroke=\"%s\"/>\n", colour);
}

static void curves(FILE *f, const struct sim_result *r, double top)
{
    static const char *const decades[] = {"10 us",  "100 us", "1 ms", "10 ms",
                                          "100 ms", "1 s",    "10 s"};
    char s[32];
    int i;

    for (i = 0; i <= 6; i++) {
        line(f, LEFT + PLOT_W * i / 6.0, top, LEFT + PLOT_W * i / 6.0,
             top + CURVE_H, "#ddd");
        text(f, LEFT + PLOT_W * i / 6.0, top + CURVE_H + 16, "middle",
             decades[i]);
    }
    for (i = 0; i <= 4; i++) {
        line(f, LEFT, top + CURVE_H * i / 4.0, LEFT + PLOT_W,
             top + CURVE_H * i / 4.0, "#ddd");
        snprintf(s, sizeof(s), "%d %%", 100 - 25 * i);
        text(f, LEFT - 6, top + CURVE_H * i / 4.0 + 4, "end", s);
    }
    curve(f, &r->wait, top, "#888");
    curve(f, &r->frame, top, colours[SIM_LIGHT]);
    line(f, x_of(SIM_FRAME_NS), top, x_of(SIM_FRAME_NS), top + CURVE_H, "#000");
    text(f, x_of(SIM_FRAME_NS) + 4, top + 12, "start", "1/60 s");
    text(f, LEFT, top - 8, "start",
         "not longer than: green frames, grey waits for a turn");
}

static void picture(FILE *f, const struct sim_load *load,
                    const struct sim_result *r, unsigned int gpus)
{
    size_t lanes = sim_load_first(load, gpus, 1);
    double height, top;
    char s[160];

    if (lanes > LANES_MAX)
        lanes = LANES_MAX;
    top = TOP + (double)lanes * LANE + 60;
    height = top + CURVE_H + 40;
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
            "height=\"%.0f\" font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            WIDTH, height);
    snprintf(s, sizeof(s), "%s: %s; load: %.63s", r->policy->name,
             r->policy->what, load->name);
    text(f, 20, 24, "start", s);
    snprintf(s, sizeof(s),
             "share error %.2f %%, frame p99 %.1f ms, missed %.1f %%, switches "
             "%.0f a s, overhead %.2f %%, lost %.2f %%",
             100 * r->share_error, (double)sim_hist_at(&r->frame, 0.99) / 1e6,
             r->frames ? 100.0 * (double)r->missed / (double)r->frames : 0,
             (double)r->switches * 1e9 / (double)r->engine_ns,
             100.0 * (double)r->overhead_ns / (double)r->engine_ns,
             100.0 * (double)r->lost_ns / (double)r->engine_ns);
    text(f, 20, 44, "start", s);
    turns(f, load, r, lanes);
    curves(f, r, top);
    fputs("</svg>\n", f);
}

int sim_plot(const char *folder, const struct sim_load *load,
             const struct sim_result *r, unsigned int gpus)
{
    char name[4096];
    FILE *f;
    int rc = 0;

    if ((size_t)snprintf(name, sizeof(name), "%s/%s.svg", folder,
                         r->policy->name) >= sizeof(name))
        return -ENAMETOOLONG;
    f = fopen(name, "w");
    if (!f)
        return -errno;
    picture(f, load, r, gpus);
    if (ferror(f))
        rc = -EIO;
    if (fclose(f) && !rc)
        rc = -errno;
    return rc;
}
