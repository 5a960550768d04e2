// SPDX-License-Identifier: Apache-2.0
// tzfile_test.c - the system's zones against the C library, hand-made rules, and damaged files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/tzfile.h"

static char folder[64];

static int enter(void **state TILL_UNUSED)
{
    memcpy(folder, "/tmp/till-tz-XXXXXX", sizeof "/tmp/till-tz-XXXXXX");
    return mkdtemp(folder) == NULL || chdir(folder) != 0 || setenv("TZDIR", folder, 1) != 0;
}

static int leave(void **state TILL_UNUSED)
{
    unsetenv("TZDIR");
    remove("Zone");
    return chdir("/") != 0 || rmdir(folder) != 0;
}

static struct tzfile *open_file(const char *name)
{
    struct tzfile *file = NULL;
    struct till_error e = {0};
    assert_int_equal(tzfile_open(name, &file, &e), TILL_OK);
    return file;
}

// Offsets at moments from 1800 to 2400, and just before and after every change, as the C library has them.
static void agrees_with_the_c_library(void **state TILL_UNUSED)
{
    static const char *const zones[] = {
        "UTC",           "America/New_York",  "America/Sao_Paulo",   "America/Santiago",
        "Africa/Cairo",  "Africa/Casablanca", "Asia/Gaza",           "Asia/Tehran",
        "Europe/Dublin", "Europe/Berlin",     "Australia/Lord_Howe", "Pacific/Apia",
        "America/Nuuk",  "Antarctica/Troll",  "Asia/Kathmandu",      "America/Mexico_City",
        "Europe/Lisbon", "Pacific/Chatham"};
    for (size_t z = 0; z < TILL_COUNT(zones); z++) {
        struct tzfile *file = open_file(zones[z]);
        assert_non_null(file);
        setenv("TZ", zones[z], 1);
        tzset();
        int64_t end_s = INT64_MIN;
        for (int64_t at_s = -5364662400; at_s < 13569465600; at_s += 3 * 86400 * 7 + 3607) {
            struct tzfile_segment segment = tzfile_segment(file, at_s);
            int64_t moments[] = {at_s, segment.end_s - 1, segment.end_s};
            size_t count = segment.end_s == INT64_MAX || segment.end_s == end_s ? 1 : 3;
            end_s = segment.end_s;
            for (size_t i = 0; i < count; i++) {
                time_t moment = (time_t)moments[i];
                struct tm parts;
                localtime_r(&moment, &parts);
                int64_t offset_s = tzfile_segment(file, moments[i]).offset_s;
                if (offset_s != parts.tm_gmtoff)
                    fail_msg("%s at %lld: %lld, not %ld", zones[z], (long long)moments[i],
                             (long long)offset_s, parts.tm_gmtoff);
            }
        }
        tzfile_close(file);
    }
    unsetenv("TZ");
    tzset();
}

static void put_number(struct buf *buf, int64_t value, size_t bytes)
{
    for (size_t i = bytes; i > 0; i--)
        buf_char(buf, (char)(value >> (8 * (i - 1)) & 0xFF));
}

static void put_header(struct buf *buf, int64_t leap, int64_t time, int64_t type)
{
    buf_text(buf, "TZif2");
    buf_repeat(buf, '\0', 15);
    const int64_t counts[] = {0, 0, leap, time, type, 4};
    for (size_t i = 0; i < TILL_COUNT(counts); i++)
        put_number(buf, counts[i], 4);
}

// A file with two types (offset 0 and 3600 s), one change at 1000 s, and this rule.
static void make_file(const char *rule, struct buf *buf)
{
    buf_reset(buf);
    put_header(buf, 0, 0, 1);
    buf_repeat(buf, '\0', 6);
    buf_append(buf, "UTC", 4);
    put_header(buf, 0, 1, 2);
    put_number(buf, 1000, 8);
    put_number(buf, 1, 1);
    put_number(buf, 0, 4);
    put_number(buf, 0, 2);
    put_number(buf, 3600, 4);
    put_number(buf, 0, 2);
    buf_append(buf, "UTC", 4);
    buf_char(buf, '\n');
    buf_text(buf, rule);
    buf_char(buf, '\n');
    assert_int_equal(buf->failure, TILL_OK);
}

static struct tzfile *open_bytes(struct sv bytes)
{
    FILE *out = fopen("Zone", "w"); // thousands of them: not forced to disk
    assert_non_null(out);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, out), bytes.len);
    assert_int_equal(fclose(out), 0);
    return open_file("Zone");
}

static void rules(void **state TILL_UNUSED)
{
    static const struct {
        const char *rule;
        int64_t at_s, offset_s;
    } cases[] = {
        {"", 999, 0},
        {"", 1000, 3600},
        {"", INT64_C(100000000000), 3600}, // no rule: the last offset stays
        {"<+0530>-5:30", 2000, 19800},
        {"EST5", 2000, -18000},
        {"X-1:02:03", 2000, 3723},
        {"AAA0BBB,J60/0,J61/0", 951782399,
         0}, // 2000-02-28T23:59:59: J60 is March 1st, leap years too
        {"AAA0BBB,J60/0,J61/0", 951868800, 3600},          // 2000-03-01
        {"AAA0BBB,59/0,60/0", 951782400, 3600},            // 2000-02-29: day 59 counts leap days
        {"AAA0BBB-2,M1.1.0/0,M12.5.0/0", 947000000, 7200}, // 2000-01-04, two hours of summer time
        {"AAA0BBB,M10.1.0,M3.1.0", 946684800, 3600},       // southern: summer over New Year
        {"AAA0BBB,M10.1.0,M3.1.0", 962409600, 0},
        {"AAA0BBB,M3.5.0/-1,M10.5.0/167", 954025199, 0}, // 2000-03-25T22:59:59
        {"AAA0BBB,M3.5.0/-1,M10.5.0/167", 954025200, 3600},
    };
    AUTO_BUF buf;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        make_file(cases[i].rule, &buf);
        struct tzfile *file = open_bytes((struct sv){buf.data, buf.len});
        if (file == NULL)
            fail_msg("refused: %s", cases[i].rule);
        if (tzfile_segment(file, cases[i].at_s).offset_s != cases[i].offset_s)
            fail_msg("%s at %lld: %lld", cases[i].rule, (long long)cases[i].at_s,
                     (long long)tzfile_segment(file, cases[i].at_s).offset_s);
        tzfile_close(file);
    }
}

static void bad_rules(void **state TILL_UNUSED)
{
    static const char *const bad[] = {"5",
                                      "EST",
                                      "<EST",
                                      "EST5EDT",
                                      "EST5EDT,M3.2.0",
                                      "EST5EDT,M13.2.0,M11.1.0",
                                      "EST5EDT,M0.2.0,M11.1.0",
                                      "EST5EDT,M3.6.0,M11.1.0",
                                      "EST5EDT,M3.2.7,M11.1.0",
                                      "EST5EDT,J0,J300",
                                      "EST5EDT,J366,J300",
                                      "EST5EDT,366,300",
                                      "EST5EDT,M3.2.0,M11.1.0x",
                                      "EST5EDT,M3.2.0/,M11.1.0",
                                      "EST168",
                                      "EST5:60",
                                      "EST5:00:60",
                                      "EST5EDT;M3.2.0,M11.1.0",
                                      "EST99999999999999999999"};
    AUTO_BUF buf;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        make_file(bad[i], &buf);
        if (open_bytes((struct sv){buf.data, buf.len}) != NULL)
            fail_msg("accepted: %s", bad[i]);
    }
}

// Every prefix is refused; no change of one byte makes it read beyond the file (AddressSanitizer watches).
static void damaged_files(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    buf_init(&buf, 1000);
    make_file("EST5EDT,M3.2.0,M11.1.0", &buf);
    for (size_t len = 0; len < buf.len; len++)
        assert_null(open_bytes((struct sv){buf.data, len}));
    for (size_t i = 0; i < buf.len; i++) {
        char saved = buf.data[i];
        static const char bytes[] = {0, 1, '2', 0x7F, (char)0x80, (char)0xFF};
        for (size_t b = 0; b < sizeof bytes; b++) {
            buf.data[i] = bytes[b];
            struct tzfile *file = open_bytes((struct sv){buf.data, buf.len});
            if (file != NULL)
                (void)tzfile_segment(file, 1700000000);
            tzfile_close(file);
        }
        buf.data[i] = saved;
    }
    buf_reset(&buf);
    put_header(&buf, 0, 0, 1);
    buf_repeat(&buf, '\0', 6);
    buf_append(&buf, "UTC", 4);
    put_header(&buf, 1, 0, 1); // leap seconds
    buf_repeat(&buf, '\0', 6);
    buf_append(&buf, "UTC", 4);
    buf_repeat(&buf, '\0', 12);
    buf_text(&buf, "\nUTC0\n");
    assert_null(open_bytes((struct sv){buf.data, buf.len}));
}

static void unsafe_names(void **state TILL_UNUSED)
{
    static const char *const bad[] = {"",      "/etc/localtime", "../Zone", "a.b",
                                      "Zone ", "Missing",        "x\n",     "."};
    AUTO_BUF buf;
    buf_init(&buf, 1000);
    make_file("UTC0", &buf);
    struct tzfile *file = open_bytes((struct sv){buf.data, buf.len});
    assert_non_null(file);
    tzfile_close(file);
    for (size_t i = 0; i < TILL_COUNT(bad); i++)
        assert_null(open_file(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test_setup_teardown(rules, enter, leave),
        cmocka_unit_test_setup_teardown(bad_rules, enter, leave),
        cmocka_unit_test_setup_teardown(damaged_files, enter, leave),
        cmocka_unit_test_setup_teardown(unsafe_names, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
