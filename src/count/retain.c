// How long what a post said is kept, where its platform's terms allow less than the setting post-days.

#include <hark/count.h>

#include <stdio.h>

static void set(struct hark_retain *retain, struct hark_str source, int days)
{
    size_t at = 0;
    while (at < retain->n && !hark_str_is(source, retain->v[at].source)) at++;
    if (at == retain->n) retain->n++;
    snprintf(retain->v[at].source, sizeof retain->v[at].source, HARK_STR_FMT, HARK_STR_ARG(source));
    retain->v[at].days = days;
}

static int bad(struct hark_str one, struct hark_err *err)
{
    return hark_err_set(err, HARK_EINPUT,
                        "retain: \"" HARK_STR_FMT
                        "\" is not SOURCE=DAYS, such as youtube=30 (at most %d of them, days from "
                        "1 to 400, or 0 for as long as post-days)",
                        HARK_STR_ARG(one), HARK_RETAIN_SOURCES);
}

int hark_retain_parse(const char *text, struct hark_retain *ret, struct hark_err *err)
{
    enum { MOST_DAYS = 400 };
    struct hark_retain retain = {0};
    struct hark_str rest = hark_str(text), days;
    set(&retain, HARK_STR("reddit"), 2);
    set(&retain, HARK_STR("youtube"), 30);
    while (rest.ptr && text[0]) {
        struct hark_str one = hark_str_trim(hark_str_cut(rest, ',', &rest)), name = hark_str_cut(one, '=', &days);
        int64_t number;
        if (!name.len || name.len >= sizeof retain.v[0].source || !days.ptr || hark_str_int(days, &number) ||
            number < 0 || number > MOST_DAYS || retain.n == HARK_RETAIN_SOURCES)
            return bad(one, err);
        set(&retain, name, (int)number);
    }
    *ret = retain;
    return 0;
}

int hark_retain_days(const struct hark_retain *retain, struct hark_str source, int post_days)
{
    for (size_t i = 0; i < retain->n; i++)
        if (hark_str_is(source, retain->v[i].source) && retain->v[i].days && retain->v[i].days < post_days)
            return retain->v[i].days;
    return post_days;
}
