// Walks through lists that have the latest first: where they end, what they leave known, and when there is a gap.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../src/source/polled.h"

#include <hark/clock.h>

static struct hark_poll *new_poll(void)
{
    const struct hark_source_options options = {0};
    struct hark_err err = {0};
    struct hark_poll *poll = hark_calloc(1, sizeof *poll);
    assert_true(hark_poll_init(poll, 1000, &options, &err));
    return poll;
}

static void free_poll(struct hark_poll *poll)
{
    hark_poll_done(poll);
    poll->live.base.ops->free(&poll->live.base);
}

static size_t gaps(const struct hark_poll *poll)
{
    size_t n = 0;
    for (size_t i = 0; i < poll->live.queued; i++) n += poll->live.queue[i].kind == HARK_ITEM_GAP;
    return n;
}

static void the_first_walk_is_a_page(void **state)
{
    (void)state;
    struct hark_poll *poll = new_poll();
    struct hark_walk walk = {.back_ms = 100};
    hark_walk_saw(&walk, 5000);
    hark_walk_saw(&walk, 4000);
    assert_false(hark_walk_goes_on(&walk, HARK_STR("2")));
    hark_walk_end(&walk, poll, "why");
    assert_int_equal(walk.known_ms, 5000);
    assert_int_equal(gaps(poll), 0);
    hark_walk_done(&walk);
    free_poll(poll);
}

static void an_empty_list_begins_now(void **state)
{
    (void)state;
    struct hark_poll *poll = new_poll();
    struct hark_walk walk = {0};
    int64_t before_ms = hark_clock_ms();
    assert_false(hark_walk_goes_on(&walk, HARK_STR("")));
    hark_walk_end(&walk, poll, "why");
    assert_true(walk.known_ms >= before_ms);
    hark_walk_done(&walk);
    free_poll(poll);
}

static void it_goes_on_to_what_is_known_and_behind_it(void **state)
{
    (void)state;
    struct hark_poll *poll = new_poll();
    struct hark_walk walk = {.known_ms = 5000, .back_ms = 100};
    hark_walk_saw(&walk, 9000);
    assert_true(hark_walk_goes_on(&walk, HARK_STR("2")));
    hark_walk_saw(&walk, 5000); // known, but there may be others that came late
    assert_true(hark_walk_goes_on(&walk, HARK_STR("3")));
    assert_true(hark_str_is(hark_buf_str(&walk.next), "3"));
    assert_int_equal(walk.known_ms, 5000);
    hark_walk_saw(&walk, 4900);
    assert_false(hark_walk_goes_on(&walk, HARK_STR("4")));
    hark_walk_end(&walk, poll, "why");
    assert_int_equal(walk.known_ms, 9000);
    assert_int_equal(walk.things + walk.pages + walk.next.len, 0);
    assert_int_equal(gaps(poll), 0);
    hark_walk_done(&walk);
    free_poll(poll);
}

static void a_list_that_ends_too_early_has_a_gap(void **state)
{
    (void)state;
    struct hark_poll *poll = new_poll();
    struct hark_walk walk = {.known_ms = 5000, .back_ms = 100};
    hark_walk_saw(&walk, 9000);
    hark_walk_saw(&walk, 7000);
    assert_false(hark_walk_goes_on(&walk, HARK_STR("")));
    hark_walk_end(&walk, poll, "why");
    assert_int_equal(gaps(poll), 1);
    assert_int_equal(poll->live.queue[0].from_ms, 5000);
    assert_int_equal(poll->live.queue[0].to_ms, 7000);
    assert_true(hark_str_is(poll->live.queue[0].reason, "why"));
    assert_int_equal(walk.known_ms, 9000);
    // What is known stands at the end of the list, and nothing behind it: all is there.
    hark_walk_saw(&walk, 9000);
    assert_false(hark_walk_goes_on(&walk, HARK_STR("")));
    hark_walk_end(&walk, poll, "why");
    assert_int_equal(gaps(poll), 1);
    hark_walk_done(&walk);
    free_poll(poll);
}

static void what_is_from_the_future_is_as_of_now(void **state)
{
    (void)state;
    struct hark_poll *poll = new_poll();
    struct hark_walk walk = {.known_ms = 5000};
    hark_walk_saw(&walk, hark_clock_ms() + 86400000);
    hark_walk_saw(&walk, 5000);
    assert_false(hark_walk_goes_on(&walk, HARK_STR("2")));
    hark_walk_end(&walk, poll, "why");
    assert_true(walk.known_ms <= hark_clock_ms());
    hark_walk_done(&walk);
    free_poll(poll);
}

static void positions(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "1", "1 2", "1 2 3 4", "2 2 3", "1 -2 3", "1 a 3", "1 2 3 ", "1  2 3"};
    int64_t numbers[2];
    struct hark_err err = {0};
    assert_true(hark_poll_numbers(HARK_STR("1 22 333"), numbers, 2, "Here", &err));
    assert_int_equal(numbers[0], 22);
    assert_int_equal(numbers[1], 333);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (struct hark_err){0};
        assert_false(hark_poll_numbers(hark_str(bad[i]), numbers, 2, "Here", &err));
        assert_non_null(strstr(err.text, "not a position on Here"));
    }
}

static void texts_in_urls(void **state)
{
    (void)state;
    struct hark_buf buf = {0};
    hark_poll_escape(&buf, HARK_STR("t3_a-Z.9~ &=#%/?\xc5\xbe"));
    assert_string_equal(hark_buf_cstr(&buf), "t3_a-Z.9~%20%26%3D%23%25%2F%3F%C5%BE");
    hark_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_walk_is_a_page),
        cmocka_unit_test(an_empty_list_begins_now),
        cmocka_unit_test(it_goes_on_to_what_is_known_and_behind_it),
        cmocka_unit_test(a_list_that_ends_too_early_has_a_gap),
        cmocka_unit_test(what_is_from_the_future_is_as_of_now),
        cmocka_unit_test(positions),
        cmocka_unit_test(texts_in_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
