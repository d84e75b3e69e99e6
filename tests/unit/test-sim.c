/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/sim-record.h"
#include "tools/sim.h"

#define SEEDS 4u

static struct sim_config config_of(uint64_t seed)
{
    return (struct sim_config){
        .seed = seed,
        .time_ns = 10 * SIM_S,
        .gpus = 1,
        .params = sched_params_default,
        .chunk_ns = 500 * SIM_US,
        .save_ns = 50 * SIM_US,
        .load_ns = 50 * SIM_US,
        .restart_ns = 50 * SIM_MS,
    };
}

static const struct sim_policy *policy_of(const char *name)
{
    const struct sim_policy *p = sim_policies;

    while (p->name && strcmp(p->name, name))
        p++;
    assert_non_null(p->name);
    return p;
}

static struct sim_result run(const struct sim_config *config,
                             const struct sim_load *load, const char *policy)
{
    struct sim_result r;

    assert_int_equal(sim_run(config, load, policy_of(policy), &r), 0);
    return r;
}

/* All time is accounted for, and the same seed gives the same figures. */
static void test_adds_up(void **state)
{
    static const char *const loads[] = {"mixed", "desktop", "batch", "hostile",
                                        "hangs"};
    const struct sim_policy *p;
    struct sim_result r, again;
    struct sim_config config;
    struct sim_load load;
    uint64_t served;
    size_t i, j;

    (void)state;
    for (i = 0; i < 5; i++) {
        config = config_of(i);
        config.gpus = 1 + (unsigned int)i;
        assert_int_equal(sim_load_generate(&load, &config, loads[i], 40), 0);
        for (p = sim_policies; p->name; p++) {
            r = run(&config, &load, p->name);
            again = run(&config, &load, p->name);
            assert_int_equal(r.engine_ns, config.time_ns * config.gpus);
            for (served = 0, j = 0; j < load.count; j++) {
                served += r.served_ns[j];
                assert_int_equal(r.served_ns[j], again.served_ns[j]);
            }
            assert_int_equal(served, r.done_ns + r.overhead_ns);
            assert_true(served + r.lost_ns <= r.engine_ns);
            assert_true(r.missed <= r.frames);
            assert_true(r.switches > 0);
            sim_result_free(&r);
            sim_result_free(&again);
        }
        sim_load_free(&load);
    }
}

/* Nobody waits longer than the policy says, whatever the others do. */
static void test_stalls(void **state)
{
    static const char *const policies[] = {"fair", "rr", "fixed", "ondemand"};
    struct sim_config config;
    struct sim_load load;
    struct sim_result r;
    uint64_t turn, weights, bound;
    size_t i, j, k;

    (void)state;
    for (i = 0; i < SEEDS; i++) {
        config = config_of(i);
        assert_int_equal(sim_load_generate(&load, &config,
                                           "light=2,heavy=2,bursty=1,"
                                           "malicious=2,hangs=1",
                                           0),
                         0);
        turn = config.params.slice_ns + config.params.deadline_ns +
               config.save_ns + config.load_ns;
        for (weights = 0, k = 0; k < load.count; k++)
            weights += load.clients[k].weight;
        for (j = 0; j < 4; j++) {
            r = run(&config, &load, policies[j]);
            for (k = 0; k < load.count; k++) {
                bound = turn * load.count;
                if (!j)
                    bound += turn * weights / load.clients[k].weight;
                if (j == 3)
                    bound *= config.params.skip_limit + SCHED_CLASSES;
                assert_in_range(r.longest_ns[k], 1, bound);
            }
            sim_result_free(&r);
        }
        sim_load_free(&load);
    }
}

static uint64_t off(const struct sim_result *r)
{
    return r->overhead_ns + r->lost_ns;
}

/* What docs/BENCHMARKS.md claims. */
static void test_fair_is_ahead(void **state)
{
    static const char *const loads[] = {"mixed", "desktop", "hostile"};
    static const char *const models[] = {"gim-solid", "gim-liquid",
                                         "gvt-balance"};
    struct sim_config config;
    struct sim_result fair, r;
    struct sim_load load;
    size_t i, j, k;

    (void)state;
    for (i = 0; i < SEEDS; i++) {
        for (j = 0; j < 3; j++) {
            config = config_of(i);
            assert_int_equal(sim_load_generate(&load, &config, loads[j], 0), 0);
            fair = run(&config, &load, "fair");
            for (k = 0; k < 3; k++) {
                r = run(&config, &load, models[k]);
                if (j != 1) /* few are always busy there */
                    assert_true(fair.share_error < r.share_error);
                assert_true(sim_hist_at(&fair.frame, 0.99) <
                            sim_hist_at(&r.frame, 0.99));
                assert_true(fair.missed <= r.missed);
                assert_true(off(&fair) < off(&r));
                sim_result_free(&r);
            }
            sim_result_free(&fair);
            sim_load_free(&load);
        }
    }
}

/* What is slow to stop pays for it: it does not get more than its share. */
static void test_late_ones_pay(void **state)
{
    struct sim_config config = config_of(7);
    struct sim_load load;
    struct sim_result r;

    (void)state;
    config.time_ns = 60 * SIM_S;
    assert_int_equal(
        sim_load_generate(&load, &config, "heavy=1,malicious=1", 0), 0);
    load.clients[0].weight = load.clients[1].weight = 100;
    r = run(&config, &load, "fair");
    assert_true(r.served_ns[1] < r.served_ns[0] + 210 * SIM_MS);
    sim_result_free(&r);
    r = run(&config, &load, "rr");
    assert_true(r.served_ns[1] > 5 * r.served_ns[0]);
    sim_result_free(&r);
    sim_load_free(&load);
}

static int parse(const char *text, struct sim_load *load)
{
    struct sim_config config = config_of(1);
    char *copy = strdup(text);
    int rc;

    assert_non_null(copy);
    rc = sim_trace_parse(load, &config, "trace", copy);
    free(copy);
    return rc;
}

static void test_traces(void **state)
{
    static const char *const bad[] = {
        "",
        "vgpu,0,100\n",
        "0,0\n",
        "0,0,0\n",
        "0,1024,5\n",
        "0,0,5,0\n",
        "0,0,5x\n",
        "-1,0,5\n",
        "nan,0,5\n",
        "1e30,0,5\n",
        "5,0,5\n4,0,5\n",
        "0,0,5,5,5,5\n",
        "vgpu,0,0\n0,0,5\n",
        "vgpu,0,100,fast\n0,0,5\n",
        "vgpu,0,100,low,1001\n0,0,5\n",
    };
    struct sim_config config = config_of(1);
    struct sim_load load;
    struct sim_result r;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_true(parse(bad[i], &load) < 0);
    assert_int_equal(parse("# comment\r\n"
                           "vgpu,1,400,low,500\r\n"
                           "\n"
                           "0,0,20000\n"
                           "1000,1,1500.5,250,16667\n"
                           "2000,1,1500,250,100\n",
                           &load),
                     0);
    assert_int_equal(load.count, 2);
    assert_int_equal(load.clients[1].weight, 400);
    assert_int_equal(load.clients[1].cap, 500);
    assert_int_equal(load.clients[1].latency, PROTO_LATENCY_LOW);
    assert_int_equal(load.clients[1].job_count, 2);
    assert_int_equal(load.clients[1].jobs[0].work_ns, 1500500);
    r = run(&config, &load, "fair");
    assert_int_equal(r.done_ns, 23000500);
    assert_int_equal(r.frames, 2);
    assert_int_equal(r.missed, 1);
    sim_result_free(&r);
    sim_load_free(&load);
}

/* What xen-vgpud remembers becomes a load that takes as long. */
static void test_records(void **state)
{
    static const struct sched_record records[] = {
        {1000000000, 3, 0, 0xff, SCHED_EVENT_JOIN, 0},
        {1001000000, 3, 0, 0, SCHED_EVENT_READY, 0},
        {1001000000, 3, 0, 0, SCHED_EVENT_GRANT, 0},
        {1002000000, 4, 1, 0, SCHED_EVENT_READY, 0},
        {1003000000, 3, 0, 0, SCHED_EVENT_STOP, 0},
        {1004000000, 3, 0, 0, SCHED_EVENT_ACK, 1000000},
        {1004000000, 4, 1, 0, SCHED_EVENT_GRANT, 2000000},
        {1004000000, 4, 1, 1, SCHED_EVENT_GRANT, 0}, /* another queue */
        {1006000000, 4, 1, 0, SCHED_EVENT_IDLE, 0},
        {1006500000, 4, 1, 0, SCHED_EVENT_ACK, 0},
        {1006500000, 3, 0, 0, SCHED_EVENT_GRANT, 0},
        {1008500000, 3, 0, 0, SCHED_EVENT_IDLE, 0},
        {1008500000, 3, 0, 0, SCHED_EVENT_ACK, 0},
        {1009000000, 4, 1, 0, SCHED_EVENT_READY, 0},
        {1009000000, 4, 1, 0, SCHED_EVENT_GRANT, 0},
        {1010000000, 4, 1, 0xff, SCHED_EVENT_LEAVE, 0},
    };
    json_t *status =
        json_pack("{s:[{s:[{s:s,s:i,s:i,s:s}]}]}", "queues", "vgpus", "vgpu",
                  "4.1", "weight", 300, "cap", 250, "latency", "low");
    struct sim_record *record;
    struct sim_load load;
    char *text = NULL;
    size_t len, jobs;
    FILE *f;

    (void)state;
    f = open_memstream(&text, &len);
    assert_non_null(f);
    record = sim_record_begin(f, status);
    assert_non_null(record);
    /* In two parts, as they come. */
    assert_int_equal(sim_record_put(record, records, 7), 0);
    assert_int_equal(sim_record_put(record, records + 7, 9), 0);
    assert_int_equal(sim_record_end(record, &jobs), 0);
    assert_int_equal(jobs, 3);
    fclose(f);
    json_decref(status);
    assert_int_equal(parse(text, &load), 0);
    free(text);
    assert_int_equal(load.count, 2);
    assert_int_equal(load.clients[0].job_count, 1);
    assert_int_equal(load.clients[0].jobs[0].at_ns, SIM_MS);
    assert_int_equal(load.clients[0].jobs[0].work_ns, 5 * SIM_MS);
    assert_int_equal(load.clients[1].job_count, 2);
    assert_int_equal(load.clients[1].weight, 300);
    assert_int_equal(load.clients[1].cap, 250);
    assert_int_equal(load.clients[1].latency, PROTO_LATENCY_LOW);
    assert_int_equal(load.clients[1].jobs[0].at_ns, 2 * SIM_MS);
    assert_int_equal(load.clients[1].jobs[0].work_ns, 2 * SIM_MS);
    assert_int_equal(load.clients[1].jobs[1].at_ns, 9 * SIM_MS);
    assert_int_equal(load.clients[1].jobs[1].work_ns, SIM_MS);
    sim_load_free(&load);
}

/* The command, its output in a file. */
static int command(const char *file, char *const *argv)
{
    int argc = 0, out, rc;

    while (argv[argc])
        argc++;
    fflush(stdout);
    out = dup(STDOUT_FILENO);
    assert_true(out >= 0);
    assert_non_null(freopen(file, "w", stdout));
    rc = command_sim(argc, (char **)argv, false);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    return rc;
}

static void test_command(void **state)
{
    char folder[] = "/tmp/xvgpu-sim-XXXXXX", out[64], svg[96], text[8] = "";
    char option[96];
    char *good[] = {"sim",
                    "--json",
                    "--load=light=1,heavy=2",
                    "--time=2s",
                    "--policy=fair,gvt-balance",
                    option,
                    NULL};
    char *wrong[][3] = {
        {"sim", "--load=nothing", NULL}, {"sim", "--policy=best", NULL},
        {"sim", "--vgpus=1025", NULL},   {"sim", "--time=5", NULL},
        {"sim", "--slice=1us", NULL},    {"sim", "more", NULL},
    };
    json_t *json, *policies;
    size_t i;
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(out, sizeof(out), "%s/out", folder);
    snprintf(option, sizeof(option), "--svg=%s", folder);
    assert_int_equal(command(out, good), 0);
    json = json_load_file(out, 0, NULL);
    policies = json_object_get(json, "policies");
    assert_int_equal(json_array_size(policies), 2);
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(policies, 1), "policy")),
                        "gvt-balance");
    json_decref(json);
    for (i = 0; i < 2; i++) {
        snprintf(svg, sizeof(svg), "%s/%s.svg", folder,
                 i ? "gvt-balance" : "fair");
        f = fopen(svg, "r");
        assert_non_null(f);
        assert_int_equal(fread(text, 1, 4, f), 4);
        assert_string_equal(text, "<svg");
        fclose(f);
        unlink(svg);
    }
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(command(out, wrong[i]), EXIT_USAGE);
    good[5] = "--svg=/nonexistent";
    assert_int_equal(command(out, good), EXIT_FAILED);
    unlink(out);
    rmdir(folder);
}

/* Each option, and the table. */
static void test_options(void **state)
{
    char folder[] = "/tmp/xvgpu-sim-XXXXXX", out[64], csv[64], option[96];
    char *argv[] = {"sim",
                    option,
                    "--gpus=2",
                    "--time=500ms",
                    "--seed=5",
                    "--slice=2ms",
                    "--residency=0",
                    "--deadline=9ms",
                    "--chunk=100us",
                    "--save=10us",
                    "--load-context=20us",
                    NULL};
    char *usage[] = {"sim", "--help", NULL};
    const struct sim_policy *p;
    char text[4096];
    size_t len;
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(out, sizeof(out), "%s/out", folder);
    snprintf(csv, sizeof(csv), "%s/csv", folder);
    snprintf(option, sizeof(option), "--trace=%s", csv);
    assert_int_equal(command(out, argv), EXIT_FAILED);
    f = fopen(csv, "w");
    assert_non_null(f);
    /* A job that does not stop in time, and one that comes too late to end. */
    fputs("0,0,90000\n0,1,400000,400000\n100,1,1000,,\n", f);
    fclose(f);
    assert_int_equal(command(out, argv), EXIT_FAILED);
    f = fopen(csv, "w");
    assert_non_null(f);
    fputs("0,0,90000\n0,1,400000,400000\n100,1,1000\n"
          "499900,0,50000,100,50\n499950,0,50,100,10\n",
          f);
    fclose(f);
    assert_int_equal(command(out, argv), 0);
    f = fopen(out, "r");
    assert_non_null(f);
    len = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[len] = '\0';
    for (p = sim_policies; p->name; p++)
        assert_non_null(strstr(text, p->name));
    assert_non_null(strstr(text, "2 trace; 2 GPUs, 500ms, slice 2ms"));
    assert_int_equal(command(out, usage), 0);
    unlink(csv);
    unlink(out);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adds_up),
        cmocka_unit_test(test_stalls),
        cmocka_unit_test(test_fair_is_ahead),
        cmocka_unit_test(test_late_ones_pay),
        cmocka_unit_test(test_traces),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
