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

enum { NAME_BYTES = 120, SENTENCE_BYTES = 600, BAR_PERCENT = 100, ROWS_MOST = 80, WEEK_DAYS = 7 };

// Colours of a light reader; the style sheet in the head has those of a dark one, by class: p(age), c(ard), i(nk), q(uiet), h(airline), e(dge), b(ar), d(ay).
#define INK     "color:#1b1a17;"
#define QUIET   "color:#57534b;"
#define BORDER  "border-top:1px solid #e4e0d6;"
#define EDGE    "border-top:1px solid #8a857a;"
#define FONT    "font-family:Helvetica,Arial,sans-serif;"
#define BAR     "#8a857a" // of days before
#define BAR_NOW "#0072b2" // of what the digest is about

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
    put(mail,
        "<tr><td colspan=\"3\" style=\"padding:28px 0 8px\"><h2 class=\"i\" style=\"margin:0;" INK
            FONT "font-size:17px;line-height:22px;font-weight:700\">");
    put(mail, title);
    put(mail, "</h2></td></tr>\n");
}

static void put_note(const struct mail *mail, const struct buf *text, bool is_loud)
{
    put(mail, is_loud ? "<tr><td colspan=\"3\" class=\"i\" style=\"" INK FONT "font-weight:600;"
                      : "<tr><td colspan=\"3\" class=\"q\" style=\"" QUIET FONT);
    put(mail, "font-size:13px;line-height:18px;padding:0 0 8px\">");
    put_buf(mail, text, SENTENCE_BYTES);
    put(mail, "</td></tr>\n");
}

// ---- lines ----

static void say_change(struct buf *text, const struct mail *mail, const struct digest_line *line,
                       enum digest_window window)
{
    view_digest_change(text, mail->style, line, window);
    if (view_digest_beside(line, window)[0])
        buf_format(text, " %s", view_digest_beside(line, window));
    if (line->id == DIGEST_customers_at_risk)
        buf_text(text, "now");
}

static bool is_news(const struct digest_line *line, enum digest_window window)
{
    enum digest_change_kind kind = line->cells[window].change.kind;
    return kind == DIGEST_UP || kind == DIGEST_DOWN;
}

// What opens the mail, in large: the rest of the lines follows below.
static bool is_headline(const struct mail *mail, const struct digest_line *line)
{
    return line->id == DIGEST_orders || ((line->id == DIGEST_mrr || line->id == DIGEST_revenue) &&
                                         line->currency == mail->digest->main);
}

static void put_headline(const struct mail *mail, const struct digest_line *line,
                         enum digest_window window)
{
    AUTO_BUF value, change;
    buf_init(&value, VIEW_DIGEST_BYTES);
    buf_init(&change, VIEW_DIGEST_BYTES);
    view_digest_value(&value, mail->style, line, &line->cells[window].now);
    say_change(&change, mail, line, window);
    buf_format(mail->out,
               "<div style=\"display:inline-block;min-width:26%%;vertical-align:top;padding:0 6px "
               "14px 0\">"
               "<div class=\"q\" style=\"" QUIET FONT
               "font-size:13px;line-height:18px\">%s</div><div class=\"i\" style=\"" INK FONT
               "font-size:25px;line-height:32px;font-weight:700;white-space:nowrap\">",
               digest_lines[line->id].label);
    put_buf(mail, &value, NAME_BYTES);
    put(mail, is_news(line, window) ? "</div><div class=\"i\" style=\"" INK FONT
                                    : "</div><div class=\"q\" style=\"" QUIET FONT);
    put(mail, "font-size:13px;line-height:18px;white-space:nowrap\">");
    put_buf(mail, &change, NAME_BYTES);
    put(mail, "</div></div>\n");
}

static void put_headlines(const struct mail *mail, enum digest_window window)
{
    bool has_begun = false;
    for (size_t i = 0; i < mail->digest->line_count; i++) {
        const struct digest_line *line = &mail->digest->lines[i];
        if (!is_headline(mail, line) || !digest_is_shown(mail->digest, line, window))
            continue;
        if (!has_begun)
            put(mail, "<tr><td colspan=\"3\" style=\"padding:14px 0 2px\">");
        has_begun = true;
        put_headline(mail, line, window);
    }
    if (has_begun)
        put(mail, "</td></tr>\n");
}

// Lines of a section stand together, and the same number in several currencies closer still.
static void put_line(const struct mail *mail, const struct digest_line *line,
                     const struct digest_line *before, enum digest_window window)
{
    bool is_same = before && before->id == line->id;
    bool is_edge = !before || digest_lines[before->id].section != digest_lines[line->id].section;
    const char *border = is_same ? "" : is_edge ? EDGE : BORDER;
    const char *class = is_same ? "" : is_edge ? " e" : " h";
    const char *top = is_same ? "0" : "7px";
    AUTO_BUF value, change;
    buf_init(&value, VIEW_DIGEST_BYTES);
    buf_init(&change, VIEW_DIGEST_BYTES);
    view_digest_value(&value, mail->style, line, &line->cells[window].now);
    say_change(&change, mail, line, window);
    buf_format(mail->out,
               "<tr><td width=\"44%%\" class=\"%s%s\" style=\"%s%s" FONT
               "font-size:14px;line-height:20px;padding:%s 8px 7px 0\">%s",
               is_same ? "q" : "i", class, is_same ? QUIET : INK, border, top,
               digest_lines[line->id].label);
    if (line->has_own_date) {
        put(mail, window == DIGEST_DAY ? " <span class=\"q\" style=\"" QUIET
                                         "font-size:12px;white-space:nowrap\">of "
                                       : " <span class=\"q\" style=\"" QUIET
                                         "font-size:12px;white-space:nowrap\">up to ");
        digest_date_words(mail->out, line->last);
        put(mail, "</span>");
    }
    buf_format(
        mail->out,
        "</td><td align=\"right\" class=\"i%s\" style=\"" INK "%s" FONT
        "font-size:14px;line-height:20px;font-weight:600;white-space:nowrap;padding:%s 8px 7px\">",
        class, border, top);
    put_buf(mail, &value, NAME_BYTES);
    bool has_news = is_news(line, window);
    buf_format(mail->out,
               "</td><td width=\"30%%\" class=\"%s%s\" style=\"%s%s" FONT
               "font-size:13px;line-height:20px;white-space:nowrap;padding:%s 0 7px 8px\">",
               has_news ? "i" : "q", class, has_news ? INK : QUIET, border, top);
    put_buf(mail, &change, NAME_BYTES);
    put(mail, "</td></tr>\n");
}

static void put_lines(struct mail *mail, enum digest_window window, bool has_headlines)
{
    const struct digest_line *before = NULL;
    for (size_t i = 0; i < mail->digest->line_count; i++) {
        const struct digest_line *line = &mail->digest->lines[i];
        bool is_other_currency = line->currency != 0 && line->currency != mail->digest->main;
        if (!digest_is_shown(mail->digest, line, window) ||
            (has_headlines && is_headline(mail, line)))
            continue;
        // With very many currencies the mail would be cut off: those after the first make room.
        if (is_other_currency && mail->row_count >= ROWS_MOST) {
            mail->has_left_out = true;
            continue;
        }
        mail->row_count++;
        put_line(mail, line, before, window);
        before = line;
    }
}

static void put_left_out(const struct mail *mail)
{
    AUTO_BUF text;
    buf_init(&text, VIEW_DIGEST_BYTES);
    buf_text(&text, "Not all currencies fit into a mail: `till digest` has them.");
    if (mail->has_left_out)
        put_note(mail, &text, true);
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
    bool is_now = day + (digest->is_weekly ? WEEK_DAYS : 1) >= DIGEST_BARS;
    buf_format(mail->out,
               "<tr><td class=\"%s\" style=\"%s" FONT
               "font-size:12px;line-height:16px;white-space:nowrap;padding:1px 8px 1px 0%s\">",
               is_now ? "i" : "q", is_now ? INK : QUIET, is_now ? ";font-weight:600" : "");
    buf_format(mail->out, "%.3s ", digest_weekday(date));
    digest_date_words(mail->out, date);
    put(mail, "</td><td width=\"60%\" style=\"padding:1px 0\"><table role=\"presentation\" "
              "width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>");
    if (width > 0)
        buf_format(mail->out,
                   "<td class=\"%s\" width=\"%d%%\" bgcolor=\"%s\" style=\"background:%s;"
                   "font-size:10px;line-height:14px;border-radius:0 2px 2px 0\">&#160;</td>",
                   is_now ? "d" : "b", width, is_now ? BAR_NOW : BAR, is_now ? BAR_NOW : BAR);
    if (width < BAR_PERCENT)
        buf_format(mail->out,
                   "<td width=\"%d%%\" style=\"font-size:10px;line-height:14px\">&#160;</td>",
                   BAR_PERCENT - width);
    buf_format(mail->out,
               "</tr></table></td><td align=\"right\" class=\"i\" style=\"" INK FONT
               "font-size:12px;line-height:16px;white-space:nowrap;padding:1px 0 1px 8px%s\">",
               is_now ? ";font-weight:600" : "");
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
    put(mail,
        "<tr><td colspan=\"3\" style=\"padding:0 0 10px\"><div class=\"i a\" style=\"" INK FONT
        "font-size:14px;line-height:20px;border-left:3px solid " BAR_NOW
        ";padding:1px 0 1px 12px\">");
}

static void put_standouts(const struct mail *mail)
{
    const struct digest *digest = mail->digest;
    if (digest->hides_standouts)
        return;
    put_heading(mail, "What stands out");
    if (digest->standout_count == 0) {
        AUTO_BUF text;
        buf_init(&text, VIEW_DIGEST_BYTES);
        buf_text(&text, view_digest_nothing(digest));
        put_note(mail, &text, false);
    }
    for (size_t i = 0; i < digest->standout_count; i++) {
        begin_item(mail);
        put_text(mail, digest->standouts[i].text, SENTENCE_BYTES);
        if (digest->standouts[i].look.ptr) {
            put(mail, "<div class=\"q\" style=\"" QUIET "font-size:12px;line-height:18px\">"
                      "Worth a look: <code>");
            put_text(mail, digest->standouts[i].look, NAME_BYTES);
            put(mail, "</code></div>");
        }
        put(mail, "</div></td></tr>\n");
    }
}

static void put_tops(const struct mail *mail, const char *title, const struct digest_top *tops,
                     size_t count)
{
    if (count == 0)
        return;
    put_heading(mail, title);
    for (size_t i = 0; i < count; i++) {
        const char *border = i == 0 ? EDGE : BORDER;
        const char *class = i == 0 ? "e" : "h";
        AUTO_BUF amount;
        buf_init(&amount, VIEW_DIGEST_BYTES);
        digest_money_words(&amount, tops[i].revenue_minor, tops[i].currency, mail->style->locale);
        buf_format(mail->out,
                   "<tr><td width=\"44%%\" class=\"i %s\" style=\"" INK "%s" FONT
                   "font-size:14px;line-height:20px;word-break:break-word;padding:7px 8px 7px 0\">",
                   class, border);
        put_text(mail, tops[i].name, NAME_BYTES);
        buf_format(mail->out,
                   "</td><td align=\"right\" valign=\"top\" class=\"i %s\" style=\"" INK "%s" FONT
                   "font-size:14px;line-height:20px;font-weight:600;white-space:nowrap;"
                   "padding:7px 8px\">",
                   class, border);
        put_buf(mail, &amount, NAME_BYTES);
        buf_format(mail->out,
                   "</td><td width=\"30%%\" valign=\"top\" class=\"q %s\" style=\"" QUIET "%s" FONT
                   "font-size:13px;line-height:20px;padding:7px 0 7px 8px\">%" PRId64 " %s",
                   class, border, tops[i].orders, tops[i].orders == 1 ? "order" : "orders");
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
        put_note(mail, &text, source->error.ptr || source->is_stale);
    }
}

// ---- the document ----

// What lists of mails show beside the subject.
static void put_preheader(const struct mail *mail, enum digest_window window)
{
    put(mail, "<div style=\"display:none;max-height:0;overflow:hidden;opacity:0\">");
    for (size_t i = 0; i < mail->digest->line_count; i++) {
        const struct digest_line *line = &mail->digest->lines[i];
        AUTO_BUF text;
        buf_init(&text, VIEW_DIGEST_BYTES);
        if (!is_headline(mail, line) || !digest_is_shown(mail->digest, line, window))
            continue;
        buf_format(&text, "%s ", digest_lines[line->id].label);
        view_digest_value(&text, mail->style, line, &line->cells[window].now);
        buf_char(&text, ' ');
        say_change(&text, mail, line, window);
        buf_text(&text, ". ");
        put_buf(mail, &text, NAME_BYTES);
    }
    put(mail, "</div>\n");
}

static void put_head(const struct mail *mail)
{
    AUTO_BUF title;
    buf_init(&title, VIEW_DIGEST_BYTES);
    view_digest_title(&title, mail->digest);
    put(mail, "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\"><head>"
              "<meta charset=\"utf-8\"/>"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
              "<meta name=\"color-scheme\" content=\"light dark\"/>"
              "<meta name=\"supported-color-schemes\" content=\"light dark\"/>"
              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
              "style-src 'unsafe-inline'\"/>\n<title>");
    put_buf(mail, &title, NAME_BYTES);
    put(mail, "</title>\n<style>:root{color-scheme:light dark}"
              "@media (prefers-color-scheme:dark){.p{background:#131312!important}"
              ".c{background:#1d1c1a!important;border-color:#33322e!important}"
              ".i{color:#ebe8e1!important}.q{color:#b5b0a5!important}"
              ".h{border-color:#33322e!important}.e{border-color:#6b675f!important}"
              ".a{border-color:#56b4e9!important}"
              ".b{background:#7d786e!important}.d{background:#56b4e9!important}}</style>"
              "</head>\n");
}

// Some programs know no max-width: for them alone stands a table that is as wide.
static void begin_card(const struct mail *mail, enum digest_window window)
{
    put(mail, "<div role=\"main\" class=\"p\" style=\"background:#f4f2ec\">");
    put_preheader(mail, window);
    put(mail, "<table role=\"presentation\" class=\"p\" width=\"100%\" cellpadding=\"0\" "
              "cellspacing=\"0\" bgcolor=\"#f4f2ec\" style=\"background:#f4f2ec\"><tr>"
              "<td align=\"center\" style=\"padding:16px 8px\">\n"
              "<!--[if mso]><table width=\"640\"><tr><td><![endif]-->\n"
              "<table role=\"presentation\" class=\"c\" width=\"100%\" cellpadding=\"0\" "
              "cellspacing=\"0\" bgcolor=\"#ffffff\" style=\"max-width:640px;background:#ffffff;"
              "border:1px solid #e4e0d6;border-radius:8px;text-align:left\"><tr>"
              "<td style=\"padding:24px 20px\"><table role=\"presentation\" width=\"100%\" "
              "cellpadding=\"0\" cellspacing=\"0\">\n");
}

static void end_card(const struct mail *mail)
{
    put(mail, "</table></td></tr></table>\n"
              "<!--[if mso]></td></tr></table><![endif]-->\n"
              "</td></tr></table></div></body></html>\n");
}

static void put_title(const struct mail *mail)
{
    const struct digest *digest = mail->digest;
    put(mail, "<tr><td colspan=\"3\"><h1 class=\"i\" style=\"margin:0;" INK
              "font-family:Georgia,'Times New Roman',serif;font-size:24px;line-height:30px;"
              "font-weight:600\">");
    put_text(mail, digest->organization.len > 0 ? digest->organization : digest->connection,
             NAME_BYTES);
    put(mail, "</h1></td></tr>\n<tr><td colspan=\"3\" class=\"i\" style=\"" INK FONT
              "font-size:15px;line-height:22px;padding:0 0 2px\">");
    put(mail, digest->is_weekly ? "Weekly digest, 7 days to " : "Daily digest, ");
    put(mail, digest_weekday(digest->date));
    put(mail, " ");
    digest_date_words(mail->out, digest->date);
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
    }
    put_note(mail, &text, false);
}

static void put_remark(const struct mail *mail)
{
    AUTO_BUF text;
    buf_init(&text, VIEW_DIGEST_BYTES);
    buf_text(&text, view_digest_remark(mail->digest));
    if (text.len > 0)
        put_note(mail, &text, true);
}

void view_digest_html(struct buf *out, const struct view_style *style, const struct digest *digest)
{
    struct mail mail = {.out = out, .style = style, .digest = digest};
    enum digest_window windows[DIGEST_WINDOW__COUNT];
    size_t count = digest_windows(digest, windows);
    put_head(&mail);
    put(&mail, "<body class=\"p\" style=\"margin:0;padding:0;background:#f4f2ec\">\n");
    begin_card(&mail, windows[0]);
    put_title(&mail);
    put_span(&mail, windows[0], true);
    put_remark(&mail);
    put_headlines(&mail, windows[0]);
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
    end_card(&mail);
}
