// Time and its text forms. The calendar arithmetic counts days in eras of 400 years, which begin on 1 March.

#include <hark/clock.h>

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

int64_t hark_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t hark_clock_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t hark_clock_cpu_us(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * (int64_t)1000000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

struct timespec hark_clock_deadline(clockid_t clock, int64_t ms)
{
    struct timespec until;
    clock_gettime(clock, &until);
    int64_t ns = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    return until;
}

static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct hark_date hark_time_date(int64_t ms)
{
    int64_t days = ms / DAY_MS, rest = ms % DAY_MS;
    if (rest < 0) {
        rest += DAY_MS;
        days--;
    }
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (struct hark_date){
        .year = (int)(yoe + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int)(rest / 3600000),
        .minute = (int)(rest / 60000 % 60),
        .second = (int)(rest / 1000 % 60),
        .ms = (int)(rest % 1000),
    };
}

int64_t hark_date_ms(struct hark_date d)
{
    return days_from_civil(d.year, d.month, d.day) * DAY_MS +
           ((d.hour * 60 + d.minute) * 60 + d.second) * (int64_t)1000 + d.ms;
}

void hark_time_str(int64_t ms, char out[HARK_TIME_STR_BYTES])
{
    struct hark_date d = hark_time_date(ms);
    unsigned year = (unsigned)d.year % 10000;
    snprintf(out, HARK_TIME_STR_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year, (unsigned)d.month % 100u,
             (unsigned)d.day % 100u, (unsigned)d.hour % 100u, (unsigned)d.minute % 100u, (unsigned)d.second % 100u,
             (unsigned)d.ms % 1000u);
}

// Takes `digits` digits off the front; false where there are fewer.
static bool take(struct hark_str *s, int digits, int *ret)
{
    *ret = 0;
    if (s->len < (size_t)digits) return false;
    for (int i = 0; i < digits; i++) {
        unsigned digit = (unsigned char)s->ptr[i] - '0';
        if (digit > 9) return false;
        *ret = *ret * 10 + (int)digit;
    }
    *s = hark_strn(s->ptr + digits, s->len - (size_t)digits);
    return true;
}

static bool take_char(struct hark_str *s, const char *any)
{
    if (s->len == 0 || !strchr(any, s->ptr[0]) || s->ptr[0] == 0) return false;
    *s = hark_strn(s->ptr + 1, s->len - 1);
    return true;
}

static bool valid_date(const struct hark_date *d)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (d->year < 1970 || d->month < 1 || d->month > 12 || d->hour > 23 || d->minute > 59 || d->second > 60)
        return false;
    bool leap = d->month == 2 && d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0);
    return d->day >= 1 && d->day <= days[d->month - 1] + leap;
}

// Z, +09:00, -0330 or +00; minutes east of Greenwich.
static bool take_zone(struct hark_str *s, int *ret_minutes)
{
    *ret_minutes = 0;
    if (take_char(s, "Zz")) return true;
    bool west = s->len > 0 && s->ptr[0] == '-';
    int hours, minutes = 0;
    if (!take_char(s, "+-") || !take(s, 2, &hours)) return false;
    if (s->len > 0) {
        take_char(s, ":");
        if (!take(s, 2, &minutes)) return false;
    }
    *ret_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
    return hours <= 23 && minutes <= 59;
}

// Fractions of a second, of which the first three digits count.
static bool take_fraction(struct hark_str *s, int *ret_ms)
{
    int digit, n = 0;
    for (*ret_ms = 0; take(s, 1, &digit); n++)
        if (n < 3) *ret_ms = *ret_ms * 10 + digit;
    for (int i = n; i < 3; i++) *ret_ms *= 10;
    return n > 0;
}

// `n` digits, or a large negative number.
static int digits(const char *p, int n)
{
    int number = 0;
    for (int i = 0; i < n; i++) {
        unsigned digit = (unsigned char)p[i] - '0';
        number = digit > 9 ? -100000 : number * 10 + (int)digit;
    }
    return number;
}

// The form that hark writes, 2026-11-21T10:00:00.123Z, at a fifth of the cost.
static bool parse_own(const char *p, struct hark_date *d)
{
    if (p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':' || p[19] != '.' || p[23] != 'Z')
        return false;
    *d = (struct hark_date){.year = digits(p, 4),
                            .month = digits(p + 5, 2),
                            .day = digits(p + 8, 2),
                            .hour = digits(p + 11, 2),
                            .minute = digits(p + 14, 2),
                            .second = digits(p + 17, 2),
                            .ms = digits(p + 20, 3)};
    return d->hour >= 0 && d->minute >= 0 && d->second >= 0 && d->ms >= 0 && valid_date(d);
}

int hark_time_parse(struct hark_str s, int64_t *ret_ms)
{
    struct hark_date d = {0};
    int zone;
    if (s.len == HARK_TIME_STR_BYTES - 1 && parse_own(s.ptr, &d)) {
        *ret_ms = hark_date_ms(d);
        return 0;
    }
    d = (struct hark_date){0};
    if (!take(&s, 4, &d.year) || !take_char(&s, "-") || !take(&s, 2, &d.month) || !take_char(&s, "-") ||
        !take(&s, 2, &d.day))
        return -1;
    if (!take_char(&s, "Tt ") || !take(&s, 2, &d.hour) || !take_char(&s, ":") || !take(&s, 2, &d.minute)) return -1;
    if (!take_char(&s, ":") || !take(&s, 2, &d.second)) return -1;
    if (take_char(&s, ".") && !take_fraction(&s, &d.ms)) return -1;
    if (!take_zone(&s, &zone) || s.len > 0 || !valid_date(&d)) return -1;
    *ret_ms = hark_date_ms(d) - (int64_t)zone * 60000;
    return 0;
}

int hark_time_parse_ctime(struct hark_str s, int64_t *ret_ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct hark_date d = {0};
    int zone;
    if (s.len != 30 || s.ptr[3] != ' ' || s.ptr[7] != ' ') return -1;
    char month[4] = {s.ptr[4], s.ptr[5], s.ptr[6], 0};
    const char *at = strstr(months, month);
    if (!at || (at - months) % 3) return -1;
    d.month = (int)(at - months) / 3 + 1;
    s = hark_strn(s.ptr + 8, s.len - 8);
    if (!take(&s, 2, &d.day) || !take_char(&s, " ") || !take(&s, 2, &d.hour) || !take_char(&s, ":")) return -1;
    if (!take(&s, 2, &d.minute) || !take_char(&s, ":") || !take(&s, 2, &d.second) || !take_char(&s, " ")) return -1;
    if (!take_zone(&s, &zone)) return -1;
    if (!take_char(&s, " ") || !take(&s, 4, &d.year) || s.len > 0 || !valid_date(&d)) return -1;
    *ret_ms = hark_date_ms(d) - (int64_t)zone * 60000;
    return 0;
}
