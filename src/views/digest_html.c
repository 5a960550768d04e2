// SPDX-License-Identifier: Apache-2.0
// digest_html.c - the digest as a mail: tables and styles at the elements, because mail programs drop the rest.
//
// The colours stand at each element for programs that know no style sheet; the few rules in the head turn them for a dark reader. Bars are cells with a
// width and a colour: nothing is loaded, and nothing can be blocked. Everything from outside goes through view_html_text(). The longest digest stays far below
// the 102 KB at which mail is cut off: lists are short, and long names are cut.
#include <inttypes.h>

#include "base/money.h"
#include "views/digest.h"
#include "views/html.h"

enum { NAME_BYTES = 120, SENTENCE_BYTES = 600, BAR_PERCENT = 100, ROWS_MOST = 80 };

#define INK    "color:#1b1a17;"
#define QUIET  "color:#57534b;"
#define BORDER "border-top:1px solid #dfdbd1;"
#define FONT   "font-family:Helvetica,Arial,sans-serif;"

struct mail {
    struct buf *out;
    const struct view_style *style;
    const struct digest *digest;
    size_t row_count; // of lines
    bool has_left_out;
};

static void put(const struct mail *mail, const char *text)
{
    buf_text(mail->out, text);
}

// Text from outside, cut at a character.
static void put_text(const struct mail *mail, struct sv text, size_t limit_bytes)
{
    size_t len = sv_utf8_cut(text, limit_bytes);
    view_html_text(mail->out, (struct sv){text.ptr, len});
    if (len < text.len)
        put(mail, "\u2026");
}

static void put_buf(const struct mail *mail, const struct buf *text, size_t limit_bytes)
{
    put_text(mail, (struct sv){text->data ? text->data : "", text->len}, limit_bytes);
    if (text->failure && !mail->out->failure)
        mail->out->failure = text->failure;
}

static void put_heading(const struct mail *mail, const char *title)
{
    put(mail, "<tr><td colspan=\"3\" class=\"i\" style=\"" INK FONT
              "font-size:12px;font-weight:700;letter-spacing:.05em;text-transform:uppercase;"
              "padding:24px 0 6px\">");
    put(mail, title);
    put(mail, "</td></tr>\n");
}

static void put_note(const struct mail *mail, const struct buf *text)
{
    put(mail, "<tr><td colspan=\"3\" class=\"q\" style=\"" QUIET FONT
              "font-size:13px;line-height:18px;padding:0 0 6px\">");
    put_buf(mail, text, SENTENCE_BYTES);
    put(mail, "</td></tr>\n");
}

// ---- lines ----

static void put_change(const struct mail *mail, const struct digest_line *line,
                       enum digest_window window)
{
    AUTO_BUF text;
    buf_init(&text, VIEW_DIGEST_BYTES);
    view_digest_change(&text, mail->style, line, window);
    if (view_digest_beside(line, window)[0])
        buf_format(&text, " %s", view_digest_beside(line, window));
    if (line->id == DIGEST_customers_at_risk)
        buf_text(&text, "now");
    if (line->has_own_date) {
        buf_text(&text, window == DIGEST_DAY ? " (of " : " (up to ");
        digest_date_words(&text, line->last);
        buf_char(&text, ')');
    }
    put_buf(mail, &text, NAME_BYTES);
}

static void put_lines(struct mail *mail, enum digest_window window, bool is_large)
{
    for (size_t i = 0; i < mail->digest->line_count; i++) {
        const struct digest_line *line = &mail->digest->lines[i];
        bool is_other_currency = line->currency != 0 && line->currency != mail->digest->main;
        if (!digest_is_shown(mail->digest, line, window))
            continue;
        // With very many currencies the mail would be cut off: those after the first make room.
        if (is_other_currency && mail->row_count >= ROWS_MOST) {
            mail->has_left_out = true;
            continue;
        }
        mail->row_count++;
        AUTO_BUF value;
        buf_init(&value, VIEW_DIGEST_BYTES);
        view_digest_value(&value, mail->style, line, &line->cells[window].now);
        put(mail, "<tr><td class=\"i h\" style=\"" INK BORDER FONT
                  "font-size:14px;padding:6px 8px 6px 0\">");
        put(mail, digest_lines[line->id].label);
        buf_format(mail->out,
                   "</td><td align=\"right\" class=\"i h\" style=\"" INK BORDER FONT
                   "font-size:%s;font-weight:600;white-space:nowrap;padding:6px 8px\">",
                   is_large ? "16px" : "14px");
        put_buf(mail, &value, NAME_BYTES);
        put(mail, "</td><td class=\"q h\" style=\"" QUIET BORDER FONT
                  "font-size:13px;white-space:nowrap;padding:6px 0 6px 8px\">");
        put_change(mail, line, window);
        put(mail, "</td></tr>\n");
    }
}

static void put_left_out(const struct mail *mail)
{
    AUTO_BUF text;
    buf_init(&text, VIEW_DIGEST_BYTES);
    buf_text(&text, "Not all currencies fit into a mail: `till digest` has them.");
    if (mail->has_left_out)
        put_note(mail, &text);
}

// ---- bars ----

static int64_t most_of(const int64_t *bars)
{
    int64_t most = 0;
    for (size_t i = 0; i < DIGEST_BARS; i++)
        most = bars[i] > most ? bars[i] : most;
    return most;
}

static void put_bar(const struct mail *mail, size_t day, int64_t most)
{
    const struct digest *digest = mail->digest;
    struct civil_date date = civil_date_add_days(digest->date, (int32_t)day + 1 - DIGEST_BARS);
    int64_t value = digest->bars[day];
    // At least a line where something was sold.
    int width = value <= 0 ? 0 : (int)((double)value / (double)most * (BAR_PERCENT - 1)) + 1;
    AUTO_BUF amount;
    buf_init(&amount, VIEW_DIGEST_BYTES);
    digest_money_words(&amount, value, digest->main, mail->style->locale);
    put(mail, "<tr><td class=\"q\" style=\"" QUIET FONT
              "font-size:12px;white-space:nowrap;padding:1px 8px 1px 0\">");
    buf_format(mail->out, "%.3s ", digest_weekday(date));
    digest_date_words(mail->out, date);
    put(mail, "</td><td width=\"60%\" style=\"padding:1px 0\"><table role=\"presentation\" "
              "width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>");
    if (width > 0)
        buf_format(mail->out,
                   "<td class=\"b\" width=\"%d%%\" bgcolor=\"#0072b2\" style=\"background:#0072b2;"
                   "font-size:10px;line-height:12px\">&#160;</td>",
                   width);
    if (width < BAR_PERCENT)
        buf_format(mail->out,
                   "<td width=\"%d%%\" style=\"font-size:10px;line-height:12px\">&#160;</td>",
                   BAR_PERCENT - width);
    put(mail, "</tr></table></td><td align=\"right\" class=\"i\" style=\"" INK FONT
              "font-size:12px;white-space:nowrap;padding:1px 0 1px 8px\">");
    put_buf(mail, &amount, NAME_BYTES);
    put(mail, "</td></tr>\n");
}

static void put_bars(const struct mail *mail)
{
    int64_t most = most_of(mail->digest->bars);
    if (most <= 0)
        return;
    put_heading(mail, "Revenue by day");
    put(mail, "<tr><td colspan=\"3\"><table role=\"presentation\" width=\"100%\" "
              "cellpadding=\"0\" cellspacing=\"0\">\n");
    for (size_t day = 0; day < DIGEST_BARS; day++)
        put_bar(mail, day, most);
    put(mail, "</table></td></tr>\n");
}

// ---- lists ----

static void begin_item(const struct mail *mail)
{
    put(mail, "<tr><td colspan=\"3\" class=\"i h\" style=\"" INK BORDER FONT
              "font-size:14px;line-height:20px;padding:6px 0\">");
}

static void put_standouts(const struct mail *mail)
{
    const struct digest *digest = mail->digest;
    if (digest->hides_standouts)
        return;
    put_heading(mail, "What stands out");
    if (digest->standout_count == 0) {
        begin_item(mail);
        put(mail, view_digest_nothing(mail->digest));
        put(mail, "</td></tr>\n");
    }
    for (size_t i = 0; i < digest->standout_count; i++) {
        begin_item(mail);
        put_text(mail, digest->standouts[i].text, SENTENCE_BYTES);
        if (digest->standouts[i].look.ptr) {
            put(mail, "<br/><span class=\"q\" style=\"" QUIET "font-size:12px\">Worth a look: ");
            put_text(mail, digest->standouts[i].look, NAME_BYTES);
            put(mail, "</span>");
        }
        put(mail, "</td></tr>\n");
    }
}

static void put_tops(const struct mail *mail, const char *title, const struct digest_top *tops,
                     size_t count)
{
    if (count == 0)
        return;
    put_heading(mail, title);
    for (size_t i = 0; i < count; i++) {
        AUTO_BUF amount;
        buf_init(&amount, VIEW_DIGEST_BYTES);
        digest_money_words(&amount, tops[i].revenue_minor, tops[i].currency, mail->style->locale);
        put(mail, "<tr><td class=\"i h\" style=\"" INK BORDER FONT
                  "font-size:14px;padding:6px 8px 6px 0\">");
        put_text(mail, tops[i].name, NAME_BYTES);
        put(mail, "</td><td align=\"right\" class=\"i h\" style=\"" INK BORDER FONT
                  "font-size:14px;font-weight:600;white-space:nowrap;padding:6px 8px\">");
        put_buf(mail, &amount, NAME_BYTES);
        buf_format(mail->out,
                   "</td><td class=\"q h\" style=\"" QUIET BORDER FONT
                   "font-size:13px;padding:6px 0 6px 8px\">%" PRId64 " %s",
                   tops[i].orders, tops[i].orders == 1 ? "order" : "orders");
        if (tops[i].visitors >= 0) {
            put(mail, ", ");
            digest_count_words(mail->out, tops[i].visitors);
            put(mail, " visitors");
        }
        put(mail, "</td></tr>\n");
    }
}

static void put_data(const struct mail *mail)
{
    if (mail->digest->data_count > 0)
        put_heading(mail, "Data");
    for (size_t i = 0; i < mail->digest->data_count; i++) {
        const struct digest_source *source = &mail->digest->data[i];
        AUTO_BUF text;
        buf_init(&text, VIEW_DIGEST_BYTES);
        buf_sv(&text, source->name);
        if (source->shown.len > 0)
            buf_format(&text, " (" SV_FORMAT ")", SV_ARGS(source->shown));
        buf_text(&text, ": ");
        view_digest_source(&text, source);
        put_note(mail, &text);
    }
}

// ---- the document ----

static void put_head(const struct mail *mail, const struct buf *title)
{
    put(mail, "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\"><head>"
              "<meta charset=\"utf-8\"/>"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
              "<meta name=\"color-scheme\" content=\"light dark\"/>"
              "<meta name=\"supported-color-schemes\" content=\"light dark\"/>"
              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
              "style-src 'unsafe-inline'\"/>\n<title>");
    put_buf(mail, title, NAME_BYTES);
    put(mail, "</title>\n<style>:root{color-scheme:light dark}"
              "@media (prefers-color-scheme:dark){.p{background:#151514!important}"
              ".i{color:#ebe8e1!important}.q{color:#b5b0a5!important}"
              ".h{border-color:#33322e!important}.b{background:#56b4e9!important}}</style>"
              "</head>\n<body class=\"p\" style=\"margin:0;padding:0;background:#fbfaf7\">"
              "<table role=\"presentation\" class=\"p\" width=\"100%\" cellpadding=\"0\" "
              "cellspacing=\"0\" bgcolor=\"#fbfaf7\" style=\"background:#fbfaf7\"><tr>"
              "<td align=\"center\" style=\"padding:24px 16px\">"
              "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" "
              "style=\"max-width:600px\">\n"
              "<tr><td colspan=\"3\" class=\"i\" style=\"" INK
              "font-family:Georgia,'Times New Roman',serif;font-size:22px;line-height:28px;"
              "font-weight:600;padding:0 0 4px\">");
    put_buf(mail, title, NAME_BYTES);
    put(mail, "</td></tr>\n");
}

static void put_span(const struct mail *mail, enum digest_window window, bool names_zone)
{
    AUTO_BUF text;
    buf_init(&text, VIEW_DIGEST_BYTES);
    view_digest_span(&text, mail->digest, window);
    if (names_zone) {
        buf_text(&text, "; days of ");
        buf_sv(&text, mail->digest->zone);
        buf_format(&text, ". %s", view_digest_remark(mail->digest));
    }
    put_note(mail, &text);
}

void view_digest_html(struct buf *out, const struct view_style *style, const struct digest *digest)
{
    struct mail mail = {.out = out, .style = style, .digest = digest};
    enum digest_window windows[DIGEST_WINDOW__COUNT];
    size_t count = digest_windows(digest, windows);
    AUTO_BUF title;
    buf_init(&title, VIEW_DIGEST_BYTES);
    view_digest_title(&title, digest);
    put_head(&mail, &title);
    put_span(&mail, windows[0], true);
    put_lines(&mail, windows[0], true);
    put_standouts(&mail);
    put_bars(&mail);
    for (size_t i = 1; i < count; i++) {
        put_heading(&mail, view_digest_window_title(windows[i]));
        put_span(&mail, windows[i], false);
        put_lines(&mail, windows[i], false);
    }
    put_left_out(&mail);
    put_tops(&mail, "Top products", digest->products, digest->product_count);
    put_tops(&mail, "Top sources", digest->sources, digest->source_count);
    put_data(&mail);
    put(&mail, "</table></td></tr></table></body></html>\n");
}
