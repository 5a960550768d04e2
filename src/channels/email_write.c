// SPDX-License-Identifier: Apache-2.0
// email_write.c - a message as a mail: headers, then its text and its HTML, each quoted-printable (RFC 2045) in one multipart/alternative.
//
// Written here and not by libcurl, which makes MIME too, but for its own eyes: a preview shows what is sent to the byte, and a mail that is tried again is the
// same one, with the same Message-ID, by which mail programs know a copy. Quoted-printable keeps text readable in between and leaves nothing to chance:
// no byte above 126, no line above 76, no line that begins with a dot, no "=_" but in the boundary. A title becomes encoded words (RFC 2047) as soon as it
// holds anything but plain text, so that nothing in it can begin another header.
#include <string.h>

#include "base/civil.h"
#include "base/text.h"
#include "channels/email.h"

enum {
    LINE_CHARACTERS = 76, // of a body, the "=" at the end of one that goes on included
    WORD_CHARACTERS = 75, // of one encoded word
    PLAIN_TITLE_BYTES = 66,
    QUOTED_BYTES = 3,
    HOUR_S = 3600,
    MINUTE_S = 60,
    DAY_S = 86400,
    US_PER_S = 1000000,
};
#define LINE_END "\r\n"
#define BOUNDARY "=_digest_of_till"

static void put_hex(struct buf *out, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    buf_char(out, '=');
    buf_char(out, digits[byte >> 4]);
    buf_char(out, digits[byte & 15]);
}

// ---- headers ----

static bool is_plain_title(struct sv title)
{
    for (size_t i = 0; i < title.len; i++)
        if (title.ptr[i] < ' ' || title.ptr[i] > '~' || title.ptr[i] == '=')
            return false;
    return title.len <= PLAIN_TITLE_BYTES;
}

static bool is_plain_in_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           memchr("!*+-/,.:", c, 8) != NULL;
}

// Characters are not cut: each word stands for itself. before: characters of the line that stand there already.
static void put_encoded_words(struct buf *out, struct sv text, size_t before)
{
    static const char begin[] = "=?UTF-8?Q?";
    enum { ENDS = sizeof begin - 1 + 2 };
    size_t used = WORD_CHARACTERS;
    for (size_t at = 0; at < text.len;) {
        bool is_valid = true;
        size_t step = sv_utf8_step((struct sv){text.ptr + at, text.len - at}, &is_valid);
        bool is_plain =
            step == 1 && (text.ptr[at] == ' ' || is_plain_in_word((unsigned char)text.ptr[at]));
        size_t width = is_plain ? 1 : step * QUOTED_BYTES;
        if (used + width > WORD_CHARACTERS) {
            buf_format(out, "%s%s", at > 0 ? "?=" LINE_END " " : "", begin);
            used = ENDS + (at > 0 ? 0 : before);
        }
        used += width;
        for (size_t i = 0; i < step; i++, at++) {
            if (is_plain)
                buf_char(out, text.ptr[at] == ' ' ? '_' : text.ptr[at]);
            else
                put_hex(out, (unsigned char)text.ptr[at]);
        }
    }
    buf_text(out, "?=");
}

static void put_subject(struct buf *out, struct sv title)
{
    AUTO_BUF shown;
    buf_init(&shown, out->limit_bytes);
    (void)text_show(&shown, title, 0);
    struct sv text = {shown.data ? shown.data : "", shown.len};
    static const char name[] = "Subject: ";
    buf_text(out, name);
    if (is_plain_title(text))
        buf_sv(out, text);
    else
        put_encoded_words(out, text, sizeof name - 1);
    buf_text(out, LINE_END);
    if (shown.failure && !out->failure)
        out->failure = shown.failure;
}

// "Tue, 17 Nov 2026 07:00:12 +0000"
static void put_date(struct buf *out, int64_t at_us)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t at_s = at_us > 0 ? at_us / US_PER_S : 0;
    int second = (int)(at_s % DAY_S);
    struct civil_date date = civil_date_from_days(at_s / DAY_S);
    buf_format(out, "Date: %s, %d %s %04d %02d:%02d:%02d +0000" LINE_END,
               days[at_s / DAY_S % (int64_t)TILL_COUNT(days)], date.day, months[date.month - 1],
               date.year, second / HOUR_S, second % HOUR_S / MINUTE_S, second % MINUTE_S);
}

static void put_id(struct buf *out, struct sv id, const char *sender)
{
    const char *host = strchr(sender, '@');
    buf_text(out, "Message-ID: <");
    for (size_t i = 0; i < id.len; i++)
        buf_char(out, is_plain_in_word((unsigned char)id.ptr[i]) && !strchr("!*,:", id.ptr[i])
                          ? id.ptr[i]
                          : '-');
    buf_format(out, "%s>" LINE_END, host ? host : "@localhost");
}

static void put_headers(struct buf *out, const struct email_envelope *envelope,
                        const struct channel_message *message)
{
    put_date(out, message->at_us);
    buf_format(out, "From: till <%s>" LINE_END "To: ", envelope->sender);
    for (size_t i = 0; i < envelope->recipient_count; i++)
        buf_format(out, "%s%s", i > 0 ? "," LINE_END " " : "", envelope->recipients[i]);
    buf_text(out, LINE_END);
    put_subject(out, message->title);
    put_id(out, message->id, envelope->sender);
    buf_text(out,
             "Auto-Submitted: auto-generated" LINE_END "X-Auto-Response-Suppress: All" LINE_END);
    if (envelope->user_agent)
        buf_format(out, "User-Agent: %s" LINE_END, envelope->user_agent);
    buf_text(out, "MIME-Version: 1.0" LINE_END);
}

// ---- bodies ----

// How a byte stands in a line: itself, or "=2E". White space at the end of a line would be lost, and a dot alone would end the mail.
static bool is_plain_in_body(unsigned char c, size_t column, bool is_last)
{
    if (c == ' ' || c == '\t')
        return !is_last;
    if (c == '.')
        return column > 0;
    return c > ' ' && c <= '~' && c != '=';
}

static void put_quoted(struct buf *out, struct sv text)
{
    size_t column = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_return = c == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n';
        bool is_last = i + 1 == text.len || text.ptr[i + 1] == '\n' || text.ptr[i + 1] == '\r';
        if (is_return)
            continue;
        if (c == '\n') {
            buf_text(out, LINE_END);
            column = 0;
            continue;
        }
        size_t width = is_plain_in_body(c, column, is_last) ? 1 : QUOTED_BYTES;
        if (column + width > LINE_CHARACTERS - 1) {
            buf_text(out, "=" LINE_END);
            column = 0;
            width = is_plain_in_body(c, column, is_last) ? 1 : QUOTED_BYTES;
        }
        if (width == 1)
            buf_char(out, (char)c);
        else
            put_hex(out, c);
        column += width;
    }
    if (column > 0)
        buf_text(out, LINE_END);
}

static void put_part(struct buf *out, const char *type, struct sv text)
{
    buf_format(out,
               "Content-Type: %s; charset=utf-8" LINE_END
               "Content-Transfer-Encoding: quoted-printable" LINE_END LINE_END,
               type);
    put_quoted(out, text);
}

void email_write(struct buf *out, const struct email_envelope *envelope,
                 const struct channel_message *message)
{
    put_headers(out, envelope, message);
    if (message->html.len == 0) {
        put_part(out, "text/plain", message->text);
        return;
    }
    buf_text(out, "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"" LINE_END LINE_END
                  "--" BOUNDARY LINE_END);
    put_part(out, "text/plain", message->text);
    buf_text(out, LINE_END "--" BOUNDARY LINE_END);
    put_part(out, "text/html", message->html);
    buf_text(out, LINE_END "--" BOUNDARY "--" LINE_END);
}
