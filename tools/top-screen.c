/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen of `xen-vgpu top`: the same lines as without one, cut to its size,
 * below each other; the last line is for keys.
 */
#include "tools/top.h"

#include <ctype.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "tools/print.h"

#define KEYS                                                                   \
    "q quit  space pause  s share  v vgpu  w wait  p preempt  x switches  "    \
    "f failures  r reverse  +/- interval  arrows scroll"

/* The first column stays where it is when the others are moved. */
#define VGPU_WIDTH 9
#define SHIFT 16u

/* Keys wait for answers: not for long. */
#define PATIENCE_NS (2 * UINT64_C(1000000000))

struct screen {
    struct top *top;
    bool paused, ended;
    uint64_t next_ns;   /* when the interval ends */
    unsigned int first; /* of the rows that is shown */
    unsigned int rows;  /* that there are */
    unsigned int left;  /* columns behind the vGPU's that are passed over */
    int y;              /* the line that comes next */
};

static void put_line(struct screen *s, const char *text, attr_t attr)
{
    if (s->y >= LINES - 1)
        return;
    attrset(attr);
    mvaddnstr(s->y++, 0, text, COLS);
    if (attr & A_REVERSE)
        hline(' ', COLS); /* the title's bar goes to the edge */
    attrset(A_NORMAL);
}

static void on_line(void *arg, enum top_part part, const char *text)
{
    struct screen *s = arg;
    const size_t over = VGPU_WIDTH + s->left;
    char shifted[256];

    if (part == TOP_ROW && s->rows++ < s->first)
        return;
    if ((part == TOP_ROW || part == TOP_TITLE) && s->left) {
        snprintf(shifted, sizeof(shifted), "%-*.*s%s", VGPU_WIDTH, VGPU_WIDTH,
                 text, over < strlen(text) ? text + over : "");
        text = shifted;
    }
    put_line(s, text,
             part == TOP_HEAD    ? A_BOLD
             : part == TOP_TITLE ? A_REVERSE
                                 : A_NORMAL);
}

static void draw(struct screen *s)
{
    char text[CLIENT_WHY + 64];

    erase();
    s->y = 0;
    s->rows = 0;
    if (s->top->interval)
        top_text(s->top->interval, s->top->sort, s->top->reverse, on_line, s);
    if (s->top->why[0]) {
        /* What stands below is old then. */
        print_clean(text, CLIENT_WHY, s->top->why);
        s->y = 0;
        move(0, 0);
        clrtoeol();
        put_line(s, text, A_BOLD);
    }
    snprintf(text, sizeof(text), "%s%s by %s, %g s | " KEYS,
             s->paused ? "PAUSED " : "",
             s->top->reverse ? "reversed" : "sorted",
             top_sort_names[s->top->sort], s->top->delay);
    attrset(A_DIM);
    mvaddnstr(LINES - 1, 0, text, COLS);
    attrset(A_NORMAL);
    refresh();
}

static void scroll_rows(struct screen *s, int by)
{
    int64_t first = (int64_t)s->first + by;

    if (first >= s->rows)
        first = s->rows ? s->rows - 1 : 0;
    s->first = first < 0 ? 0 : (unsigned int)first;
}

static void change_delay(struct screen *s, double delay)
{
    if (delay < 0.1 || delay > 3600)
        return;
    s->top->delay = delay;
    s->next_ns = clock_ns() + (uint64_t)(delay * 1e9);
}

static void on_key(struct screen *s, int key)
{
    static const char sorts[TOP_NR_SORTS] = {
        [TOP_BY_SHARE] = 's',    [TOP_BY_VGPU] = 'v',
        [TOP_BY_WAIT] = 'w',     [TOP_BY_PREEMPT] = 'p',
        [TOP_BY_SWITCHES] = 'x', [TOP_BY_FAILURES] = 'f',
    };
    const char *sort =
        key > 0 && key < 128 ? memchr(sorts, key, sizeof(sorts)) : NULL;

    if (sort)
        s->top->sort = (enum top_sort)(sort - sorts);
    switch (key) {
    case 'q':
        s->ended = true;
        break;
    case ' ':
        s->paused = !s->paused;
        break;
    case 'r':
        s->top->reverse = !s->top->reverse;
        break;
    case '+':
        change_delay(s, s->top->delay * 2);
        break;
    case '-':
        change_delay(s, s->top->delay / 2);
        break;
    case '\f':
        clearok(curscr, TRUE);
        break;
    case KEY_UP:
        scroll_rows(s, -1);
        break;
    case KEY_DOWN:
        scroll_rows(s, 1);
        break;
    case KEY_LEFT:
        s->left -= s->left ? SHIFT : 0;
        break;
    case KEY_RIGHT:
        s->left += s->left < 7 * SHIFT ? SHIFT : 0;
        break;
    case KEY_PPAGE:
        scroll_rows(s, -LINES);
        break;
    case KEY_NPAGE:
        scroll_rows(s, LINES);
        break;
    case KEY_HOME:
        s->first = 0;
        break;
    default: /* KEY_RESIZE, too: drawn anew */
        break;
    }
}

/* One interval: a sample, then keys until it ends. */
static void interval(struct screen *s)
{
    uint64_t now = clock_ns();
    int key;

    s->next_ns = now + (uint64_t)(s->top->delay * 1e9);
    do {
        draw(s);
        now = clock_ns();
        timeout(s->paused          ? 1000
                : now < s->next_ns ? (int)((s->next_ns - now) / 1000000) + 1
                                   : 0);
        key = getch();
        if (key != ERR)
            on_key(s, key);
        now = clock_ns();
    } while (!s->ended && (s->paused || now < s->next_ns));
}

int top_screen(struct top *top)
{
    struct screen s = {.top = top};
    SCREEN *term;
    int rc;

    rc = top_sample(top);
    if (rc) {
        tool_error("top: %s", top->why);
        return rc;
    }
    term = newterm(NULL, stdout, stdin);
    if (!term) {
        tool_error("top: the terminal TERM=%s is not known; -b does without",
                   getenv("TERM") ? getenv("TERM") : "");
        return EXIT_FAILED;
    }
    top->patience_ns = PATIENCE_NS;
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    while (!s.ended) {
        interval(&s);
        if (s.ended || !top->left)
            break;
        if (top->left != UINT64_MAX)
            top->left--;
        top_sample(top); /* why not is shown */
    }
    endwin();
    delscreen(term);
    return EXIT_OK;
}
