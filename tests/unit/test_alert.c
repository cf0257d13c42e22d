// Alerts: their ids, what an edit sends, what a delete takes back.

#include <hark/alert.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct hark_intent need = {.name = {"need", 4}}, want = {.name = {"want", 4}};
static struct hark_alert_rule rules[] = {
    {.on = {"need", 4}, .severity = HARK_SEVERITY_NORMAL},
    {.on = {"want", 4}, .severity = HARK_SEVERITY_HIGH},
};
static struct hark_brand brand = {.name = {"acorn", 5}, .team = {"shop", 4}, .alerts = rules, .nalerts = 2};

struct fixture {
    struct hark_arena arena;
    struct hark_buf note;
    const struct hark_alert *now, *sent;
    size_t nnow, nsent;
};

// A post with these intents, and what that sends.
static void change(struct fixture *f, enum hark_op op, int64_t time_ms, const struct hark_hit *hits, size_t n)
{
    const struct hark_match match = {.brand = &brand, .hits = hits, .nhits = n};
    struct hark_post post;
    hark_post_init(&post);
    post.id = HARK_STR("p1");
    post.op = op;
    post.time_ms = time_ms;
    f->nnow = op == HARK_OP_DELETE ? 0 : hark_alert_of_match(&match, &post, HARK_STR("{\"m\":1}"), &f->arena, &f->now);
    f->nsent = hark_alert_change(hark_buf_str(&f->note), f->now, f->nnow, time_ms, &f->arena, &f->sent, &f->note);
}

static void done(struct fixture *f)
{
    hark_arena_done(&f->arena);
    hark_buf_done(&f->note);
}

static void has(const struct hark_alert *alert, const char *part)
{
    if (!strstr(alert->json.ptr, part)) fail_msg("no %s in %s", part, alert->json.ptr);
}

static void a_match_alerts(void **state)
{
    struct fixture f = {0};
    const struct hark_hit hits[] = {{.intent = &need}};
    (void)state;
    change(&f, HARK_OP_CREATE, 1000, hits, 1);
    assert_int_equal(f.nsent, 1);
    assert_string_equal(
        f.sent[0].json.ptr,
        "{\"schema\":\"hark.alert/"
        "1\",\"id\":\"191bc44160b166bd1a90fab3a38fbb6d\",\"team\":\"shop\",\"kind\":\"match\",\"state\":\"once\","
        "\"rule\":\"acorn/"
        "need\",\"brand\":\"acorn\",\"intent\":\"need\",\"severity\":\"normal\",\"time\":\"1970-01-01T00:00:01.000Z\","
        "\"window\":null,\"value\":1,\"baseline\":null,\"match\":{\"m\":1}}");
    done(&f);
}

static void a_repeat_has_the_same_id(void **state)
{
    struct fixture f = {0}, g = {0};
    const struct hark_hit hits[] = {{.intent = &need}, {.intent = &want}};
    (void)state;
    change(&f, HARK_OP_CREATE, 1000, hits, 2);
    change(&g, HARK_OP_CREATE, 2000, hits, 2);
    assert_int_equal(f.nsent, 2);
    assert_string_equal(f.sent[0].id, g.sent[0].id);
    assert_string_not_equal(f.sent[0].id, f.sent[1].id);
    done(&f);
    done(&g);
}

static void an_edit_sends_what_changed(void **state)
{
    struct fixture f = {0};
    const struct hark_hit first[] = {{.intent = &need}}, second[] = {{.intent = &need}, {.intent = &want}},
                          third[] = {{.intent = &want}};
    char id[33];
    (void)state;
    change(&f, HARK_OP_CREATE, 1000, first, 1);
    memcpy(id, f.sent[0].id, sizeof id);
    change(&f, HARK_OP_UPDATE, 2000, second, 2);
    assert_int_equal(f.nsent, 1); // need was told already
    has(&f.sent[0], "\"rule\":\"acorn/want\"");
    has(&f.sent[0], "\"severity\":\"high\"");
    change(&f, HARK_OP_UPDATE, 3000, third, 1);
    assert_int_equal(f.nsent, 1);
    assert_string_equal(f.sent[0].id, id); // what is taken back is named by its id
    has(&f.sent[0], "\"state\":\"close\"");
    has(&f.sent[0], "\"match\":null");
    change(&f, HARK_OP_UPDATE, 4000, second, 2);
    assert_int_equal(f.nsent, 1);
    assert_string_not_equal(f.sent[0].id, id); // told again: another alert
    done(&f);
}

static void a_delete_takes_all_back(void **state)
{
    struct fixture f = {0};
    const struct hark_hit hits[] = {{.intent = &need}, {.intent = &want}};
    (void)state;
    change(&f, HARK_OP_CREATE, 1000, hits, 2);
    change(&f, HARK_OP_DELETE, 2000, NULL, 0);
    assert_int_equal(f.nsent, 2);
    for (size_t i = 0; i < f.nsent; i++) has(&f.sent[i], "\"state\":\"close\"");
    assert_int_equal(f.note.len, 0);
    change(&f, HARK_OP_DELETE, 3000, NULL, 0);
    assert_int_equal(f.nsent, 0);
    done(&f);
}

static void mention_alerts_on_every_match(void **state)
{
    struct fixture f = {0};
    struct hark_alert_rule on_mention = {.on = {"mention", 7}};
    (void)state;
    brand.alerts = &on_mention;
    brand.nalerts = 1;
    change(&f, HARK_OP_CREATE, 1000, NULL, 0);
    brand.alerts = rules;
    brand.nalerts = 2;
    assert_int_equal(f.nsent, 1);
    has(&f.sent[0], "\"rule\":\"acorn/mention\"");
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_match_alerts),
        cmocka_unit_test(a_repeat_has_the_same_id),
        cmocka_unit_test(an_edit_sends_what_changed),
        cmocka_unit_test(a_delete_takes_all_back),
        cmocka_unit_test(mention_alerts_on_every_match),
    };
    return cmocka_run_group_tests_name("alert", tests, NULL, NULL);
}
