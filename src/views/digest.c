// SPDX-License-Identifier: Apache-2.0
// digest.c - the digest as text and as Markdown, and the pieces that all its views are made of.
//
// The text begins with its numbers, because a notification shows the first lines and no more. What is asked for in plain ASCII is written as ever and then
// brought down to it, so that nothing is forgotten: names and currency signs come from outside.
#include "views/digest.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

enum { TENTHS = 10, WHOLE_FROM_TENTHS = 10 };

// ---- pieces ----

static void put_tenths(struct buf *out, int64_t tenths, bool keeps_tenths)
{
    if (keeps_tenths)
        buf_format(out, "%" PRId64 ".%" PRId64, tenths / TENTHS, tenths % TENTHS);
    else
        digest_count_words(out, (tenths + TENTHS / 2) / TENTHS);
}

void view_digest_change(struct buf *out, const struct view_style *style,
                        const struct digest_line *line, enum digest_window window)
{
    const struct digest_change *change = &line->cells[window].change;
    const struct digest_line_info *info = &digest_lines[line->id];
    if (change->kind == DIGEST_UNKNOWN)
        return;
    if (change->kind == DIGEST_FLAT || change->kind == DIGEST_NEW) {
        buf_text(out, change->kind == DIGEST_FLAT ? "flat" : "new");
        return;
    }
    bool is_up = change->kind == DIGEST_UP;
    if (style->has_unicode)
        buf_text(out, is_up ? "\u25b2 " : "\u25bc ");
    else
        buf_char(out, is_up ? '+' : '-');
    if (change->measure == DIGEST_SHARE) {
        put_tenths(out, change->amount, change->amount < WHOLE_FROM_TENTHS);
        buf_char(out, '%');
    } else if (change->measure == DIGEST_POINTS) {
        put_tenths(out, change->amount, true);
        buf_text(out, " pp");
    } else if (info->unit == DIGEST_MONEY) {
        digest_money_words(out, change->amount, line->currency, style->locale);
    } else {
        digest_count_words(out, change->amount);
    }
}

const char *view_digest_beside(const struct digest_line *line, enum digest_window window)
{
    enum digest_change_kind kind = line->cells[window].change.kind;
    if (kind == DIGEST_UNKNOWN || kind == DIGEST_NEW)
        return "";
    return window == DIGEST_MONTH ? "MoM" : "WoW";
}

void view_digest_value(struct buf *out, const struct view_style *style,
                       const struct digest_line *line, const struct digest_number *number)
{
    digest_number_words(out, digest_lines[line->id].unit, line->currency, number, style->locale);
}

void view_digest_title(struct buf *out, const struct digest *digest)
{
    buf_text(out, digest->is_weekly ? "Weekly digest of " : "Daily digest of ");
    buf_sv(out, digest->organization.len > 0 ? digest->organization : digest->connection);
    buf_text(out, digest->is_weekly ? ", 7 days to " : ", ");
    buf_text(out, digest_weekday(digest->date));
    buf_char(out, ' ');
    digest_date_words(out, digest->date);
}

static void put_days(struct buf *out, struct civil_date from, struct civil_date to)
{
    digest_date_words(out, from);
    if (civil_date_to_days(from) == civil_date_to_days(to))
        return;
    buf_text(out, " to ");
    digest_date_words(out, to);
}

void view_digest_span(struct buf *out, const struct digest *digest, enum digest_window window)
{
    const struct digest_span *span = &digest->spans[window];
    if (window == DIGEST_DAY)
        buf_format(out, "%s ", digest_weekday(span->to));
    put_days(out, span->from, span->to);
    buf_text(out, " beside ");
    if (window == DIGEST_DAY)
        buf_format(out, "%s ", digest_weekday(span->before_to));
    put_days(out, span->before_from, span->before_to);
}

const char *view_digest_window_title(enum digest_window window)
{
    static const char *const titles[] = {"The day", "Last 7 days", "Month to date"};
    return titles[window];
}

const char *view_digest_remark(const struct digest *digest)
{
    if (digest->is_partial)
        return "NOT WHOLE: the data end before these days do, so sales may be missing (see Data).";
    return digest->is_quiet ? "No order came in, and no subscription began or ended." : "";
}

const char *view_digest_nothing(const struct digest *digest)
{
    return digest->is_partial ? "Not looked for: sales are not known to the end of these days."
                              : "Nothing does.";
}

static void put_clock(struct buf *out, const struct digest_source *source)
{
    enum { HOUR_MINUTES = 60 };
    digest_date_words(out, source->fresh_date);
    buf_format(out, " %02d:%02d", source->fresh_minute / HOUR_MINUTES,
               source->fresh_minute % HOUR_MINUTES);
}

void view_digest_source(struct buf *out, const struct digest_source *source)
{
    if (source->error.ptr)
        buf_text(out, "FAILED, ");
    if (source->is_stale)
        buf_text(out, "STALE, ");
    if (source->fresh_us == 0) {
        buf_text(out, "not read yet");
    } else {
        buf_text(out, "as of ");
        put_clock(out, source);
    }
    if (source->counts_days && source->has_complete) {
        buf_text(out, ", whole days up to ");
        digest_date_words(out, source->complete);
    }
    if (source->is_stale && !source->counts_days)
        buf_text(out, ": what is newer is not in these numbers");
    if (source->missing.ptr) {
        buf_text(out, "; not counted: ");
        buf_sv(out, source->missing);
    }
    if (source->error.ptr) {
        buf_text(out, "; ");
        buf_sv(out, source->error);
    }
}

// ---- text ----

static void text_line(struct buf *out, const struct view_style *style,
                      const struct digest_line *line, enum digest_window window)
{
    const char *beside = view_digest_beside(line, window);
    buf_format(out, "%s ", digest_lines[line->id].label);
    view_digest_value(out, style, line, &line->cells[window].now);
    if (line->cells[window].change.kind != DIGEST_UNKNOWN)
        buf_char(out, ' ');
    view_digest_change(out, style, line, window);
    buf_format(out, "%s%s", beside[0] ? " " : "", beside);
    if (line->id == DIGEST_customers_at_risk)
        buf_text(out, " now");
    if (line->has_own_date) {
        buf_text(out, window == DIGEST_DAY ? " (of " : " (up to ");
        digest_date_words(out, line->last);
        buf_char(out, ')');
    }
    buf_char(out, '\n');
}

static void text_lines(struct buf *out, const struct view_style *style, const struct digest *digest,
                       enum digest_window window)
{
    for (size_t i = 0; i < digest->line_count; i++)
        if (digest_is_shown(digest, &digest->lines[i], window))
            text_line(out, style, &digest->lines[i], window);
}

// Text from outside on one line.
static void put_shown(struct buf *out, struct sv text)
{
    (void)text_show(out, text, 0);
}

// The same of a text that was put together; what it lacks, all lacks.
static void put_part(struct buf *out, const struct buf *text,
                     void (*put)(struct buf *out, struct sv text))
{
    put(out, (struct sv){text->data ? text->data : "", text->len});
    if (text->failure && !out->failure)
        out->failure = text->failure;
}

// What text and Markdown differ in, where they say the same.
struct manner {
    void (*put)(struct buf *out, struct sv text); // text from outside
    const char *quote;                            // around a command
};

// "$9, 1 order, 13 visitors"
static void put_sales(struct buf *out, const struct view_style *style, const struct digest_top *top)
{
    digest_money_words(out, top->revenue_minor, top->currency, style->locale);
    buf_format(out, ", %" PRId64 " %s", top->orders, top->orders == 1 ? "order" : "orders");
    if (top->visitors >= 0) {
        buf_text(out, ", ");
        digest_count_words(out, top->visitors);
        buf_text(out, " visitors");
    }
    buf_char(out, '\n');
}

static void text_tops(struct buf *out, const struct view_style *style,
                      const struct digest_top *tops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_text(out, "- ");
        put_shown(out, tops[i].name);
        buf_char(out, ' ');
        put_sales(out, style, &tops[i]);
    }
}

static void put_standouts(struct buf *out, const struct digest *digest, struct manner manner)
{
    if (digest->standout_count == 0)
        buf_format(out, "- %s\n", view_digest_nothing(digest));
    for (size_t i = 0; i < digest->standout_count; i++) {
        const struct digest_standout *standout = &digest->standouts[i];
        buf_text(out, "- ");
        manner.put(out, standout->text);
        if (standout->look.ptr) {
            buf_format(out, " Worth a look: %s", manner.quote);
            buf_sv(out, standout->look);
            buf_text(out, manner.quote);
        }
        buf_char(out, '\n');
    }
}

static void put_data(struct buf *out, const struct digest *digest, struct manner manner)
{
    for (size_t i = 0; i < digest->data_count; i++) {
        const struct digest_source *source = &digest->data[i];
        AUTO_BUF text;
        buf_init(&text, VIEW_DIGEST_BYTES);
        buf_text(out, "- ");
        manner.put(out, source->name);
        if (source->shown.len > 0) {
            buf_text(out, " (");
            manner.put(out, source->shown);
            buf_char(out, ')');
        }
        buf_text(out, ": ");
        view_digest_source(&text, source);
        put_part(out, &text, manner.put);
        buf_char(out, '\n');
    }
}

static const struct manner in_text = {put_shown, ""};

// What the text is made of, in order.
enum piece {
    PIECE_NUMBERS,
    PIECE_STANDOUTS,
    PIECE_WINDOW,
    PIECE_LAST_WINDOW = PIECE_WINDOW + DIGEST_WINDOW__COUNT - 2,
    PIECE_PRODUCTS,
    PIECE_SOURCES,
    PIECE_DATA,
    PIECE__COUNT
};

static bool has_lines(const struct digest *digest, enum digest_window window)
{
    for (size_t i = 0; i < digest->line_count; i++)
        if (digest_is_shown(digest, &digest->lines[i], window))
            return true;
    return false;
}

static bool has_piece(const struct digest *digest, int piece)
{
    enum digest_window windows[DIGEST_WINDOW__COUNT];
    size_t count = digest_windows(digest, windows);
    if (piece >= PIECE_WINDOW && piece <= PIECE_LAST_WINDOW) {
        size_t number = (size_t)(piece - PIECE_WINDOW) + 1;
        return number < count && has_lines(digest, windows[number]);
    }
    return piece == PIECE_NUMBERS || (piece == PIECE_STANDOUTS && !digest->hides_standouts) ||
           (piece == PIECE_PRODUCTS && digest->product_count > 0) ||
           (piece == PIECE_SOURCES && digest->source_count > 0) ||
           (piece == PIECE_DATA && digest->data_count > 0);
}

static void piece_title(struct buf *out, const struct view_style *style,
                        const struct digest *digest, int piece)
{
    static const char *const titles[PIECE__COUNT] = {[PIECE_STANDOUTS] = "What stands out",
                                                     [PIECE_PRODUCTS] = "Top products",
                                                     [PIECE_SOURCES] = "Top sources",
                                                     [PIECE_DATA] = "Data"};
    enum digest_window windows[DIGEST_WINDOW__COUNT];
    (void)digest_windows(digest, windows);
    if (piece >= PIECE_WINDOW && piece <= PIECE_LAST_WINDOW) {
        enum digest_window window = windows[piece - PIECE_WINDOW + 1];
        view_ink(out, style, INK_BOLD, view_digest_window_title(window));
        buf_text(out, ": ");
        view_digest_span(out, digest, window);
    } else if (titles[piece]) {
        view_ink(out, style, INK_BOLD, titles[piece]);
    }
}

static void about(struct buf *out, const struct digest *digest)
{
    enum digest_window windows[DIGEST_WINDOW__COUNT];
    (void)digest_windows(digest, windows);
    view_digest_span(out, digest, windows[0]);
    buf_text(out, "; days of ");
    buf_sv(out, digest->zone);
    buf_char(out, '\n');
    buf_format(out, "%s%s", view_digest_remark(digest), view_digest_remark(digest)[0] ? "\n" : "");
}

static void piece_lines(struct buf *out, const struct view_style *style,
                        const struct digest *digest, int piece)
{
    enum digest_window windows[DIGEST_WINDOW__COUNT];
    (void)digest_windows(digest, windows);
    if (piece == PIECE_NUMBERS)
        text_lines(out, style, digest, windows[0]);
    else if (piece == PIECE_STANDOUTS)
        put_standouts(out, digest, in_text);
    else if (piece == PIECE_PRODUCTS)
        text_tops(out, style, digest->products, digest->product_count);
    else if (piece == PIECE_SOURCES)
        text_tops(out, style, digest->sources, digest->source_count);
    else if (piece == PIECE_DATA)
        put_data(out, digest, in_text);
    else
        text_lines(out, style, digest, windows[piece - PIECE_WINDOW + 1]);
}

static void write_text(struct buf *out, const struct view_style *style, const struct digest *digest)
{
    AUTO_BUF title;
    buf_init(&title, VIEW_DIGEST_BYTES);
    piece_lines(out, style, digest, PIECE_NUMBERS);
    buf_char(out, '\n');
    view_digest_title(&title, digest);
    put_part(out, &title, put_shown);
    buf_char(out, '\n');
    about(out, digest);
    for (int piece = PIECE_NUMBERS + 1; piece < PIECE__COUNT; piece++) {
        if (!has_piece(digest, piece))
            continue;
        buf_char(out, '\n');
        piece_title(out, style, digest, piece);
        buf_char(out, '\n');
        piece_lines(out, style, digest, piece);
    }
}

// What has a plain form gets it, the rest is "?".
void view_digest_ascii(struct buf *out, struct sv text)
{
    static const struct {
        const char *from, *to;
    } plain[] = {{"\u00a0", " "},    {"\u202f", " "},    {"\u20ac", "EUR "}, {"\u00a3", "GBP "},
                 {"\u00a5", "JPY "}, {"\u20b9", "INR "}, {"\u20a9", "KRW "}, {"\u20ab", "VND "},
                 {"\u20aa", "ILS "}, {"\u20b1", "PHP "}, {"\u2019", "'"},    {"\u2212", "-"}};
    for (size_t at = 0; at < text.len;) {
        struct sv rest = {text.ptr + at, text.len - at};
        bool is_valid = true;
        size_t step = sv_utf8_step(rest, &is_valid);
        const char *to = "?";
        for (size_t i = 0; i < TILL_COUNT(plain); i++)
            if (sv_starts_with(rest, sv_of(plain[i].from)))
                to = plain[i].to;
        if ((unsigned char)rest.ptr[0] < 0x80)
            buf_char(out, rest.ptr[0]);
        else
            buf_text(out, to);
        at += step > 0 ? step : 1;
    }
}

void view_digest_text(struct buf *out, const struct view_style *style, const struct digest *digest)
{
    if (style->has_unicode) {
        write_text(out, style, digest);
        return;
    }
    AUTO_BUF text;
    buf_init(&text, out->limit_bytes);
    write_text(&text, style, digest);
    put_part(out, &text, view_digest_ascii);
}

// ---- sections ----

static enum till_code section_of(const struct view_style *style, const struct digest *digest,
                                 int piece, struct arena *arena,
                                 struct view_digest_section *ret_section, struct till_error *e)
{
    AUTO_BUF wide;
    AUTO_BUF text;
    buf_init(&wide, VIEW_DIGEST_BYTES);
    buf_init(&text, VIEW_DIGEST_BYTES);
    piece_title(&wide, style, digest, piece);
    buf_char(&wide, '\n');
    piece_lines(&wide, style, digest, piece);
    if (piece == PIECE_NUMBERS)
        about(&wide, digest);
    put_part(&text, &wide, style->has_unicode ? buf_sv : view_digest_ascii);
    enum till_code code = buf_fail(&text, "the digest", e);
    if (code)
        return code;
    struct sv rest = arena_sv(arena, (struct sv){text.data, text.len});
    size_t most = 0;
    for (size_t i = 0; i < text.len; i++)
        most += text.data[i] == '\n';
    struct sv *lines = arena_calloc(arena, most + 1, sizeof *lines);
    if (!rest.ptr || !lines)
        return arena_fail(arena, "the digest", e);
    struct view_digest_section section = {.title = {rest.ptr, 0}, .lines = lines};
    for (bool is_title = true; rest.len > 0; is_title = false) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t length = end ? (size_t)(end - rest.ptr) : rest.len;
        if (is_title)
            section.title.len = length;
        else if (length > 0)
            lines[section.line_count++] = (struct sv){rest.ptr, length};
        rest.ptr += end ? length + 1 : length;
        rest.len -= end ? length + 1 : length;
    }
    *ret_section = section;
    return TILL_OK;
}

enum till_code view_digest_sections(const struct view_style *style, const struct digest *digest,
                                    struct arena *arena, struct view_digest_sections *ret_sections,
                                    struct till_error *e)
{
    struct view_style plain = *style;
    plain.has_color = false;
    struct view_digest_sections sections = {
        .list = arena_calloc(arena, PIECE__COUNT, sizeof *sections.list)};
    if (!sections.list)
        return arena_fail(arena, "the digest", e);
    enum till_code code = TILL_OK;
    for (int piece = 0; piece < PIECE__COUNT && code == TILL_OK; piece++)
        if (has_piece(digest, piece))
            code = section_of(&plain, digest, piece, arena, &sections.list[sections.count++], e);
    if (code == TILL_OK)
        *ret_sections = sections;
    return code;
}

// ---- Markdown ----

// Every sign that could begin something is made a sign.
static void put_escaped(struct buf *out, struct sv text)
{
    AUTO_BUF shown;
    buf_init(&shown, out->limit_bytes);
    (void)text_show(&shown, text, 0);
    for (size_t i = 0; i < shown.len; i++) {
        if (strchr("\\`*_{}[]()#|<>&~@!", shown.data[i]))
            buf_char(out, '\\');
        // A bare address would become a link.
        if (shown.data[i] == ':' && i + 1 < shown.len && shown.data[i + 1] == '/')
            buf_char(out, '\\');
        buf_char(out, shown.data[i]);
    }
    if (shown.failure && !out->failure)
        out->failure = shown.failure;
}

static const struct manner in_markdown = {put_escaped, "`"};

static void markdown_table(struct buf *out, const struct view_style *style,
                           const struct digest *digest, enum digest_window window)
{
    buf_text(out, "| | | |\n|---|---:|---|\n");
    for (size_t i = 0; i < digest->line_count; i++) {
        const struct digest_line *line = &digest->lines[i];
        if (!digest_is_shown(digest, line, window))
            continue;
        buf_format(out, "| %s | ", digest_lines[line->id].label);
        view_digest_value(out, style, line, &line->cells[window].now);
        buf_text(out, " | ");
        view_digest_change(out, style, line, window);
        buf_format(out, " %s", view_digest_beside(line, window));
        if (line->has_own_date) {
            buf_text(out, window == DIGEST_DAY ? " (of " : " (up to ");
            digest_date_words(out, line->last);
            buf_char(out, ')');
        }
        buf_text(out, line->id == DIGEST_customers_at_risk ? "now |\n" : " |\n");
    }
    buf_char(out, '\n');
}

static void markdown_tops(struct buf *out, const struct view_style *style, const char *title,
                          const struct digest_top *tops, size_t count)
{
    if (count == 0)
        return;
    buf_format(out, "## %s\n\n", title);
    for (size_t i = 0; i < count; i++) {
        buf_format(out, "%zu. ", i + 1);
        put_escaped(out, tops[i].name);
        buf_text(out, ": ");
        put_sales(out, style, &tops[i]);
    }
    buf_char(out, '\n');
}

static void markdown_standouts(struct buf *out, const struct digest *digest)
{
    if (digest->hides_standouts)
        return;
    buf_text(out, "## What stands out\n\n");
    put_standouts(out, digest, in_markdown);
    buf_char(out, '\n');
}

void view_digest_markdown(struct buf *out, const struct view_style *style,
                          const struct digest *digest)
{
    enum digest_window windows[DIGEST_WINDOW__COUNT];
    size_t count = digest_windows(digest, windows);
    AUTO_BUF title;
    buf_init(&title, VIEW_DIGEST_BYTES);
    view_digest_title(&title, digest);
    buf_text(out, "# ");
    put_part(out, &title, put_escaped);
    buf_text(out, "\n\n");
    view_digest_span(out, digest, windows[0]);
    buf_text(out, "; days of ");
    put_escaped(out, digest->zone);
    const char *remark = view_digest_remark(digest);
    buf_format(out, ".%s%s\n\n", remark[0] ? " " : "", remark);
    if (has_lines(digest, windows[0]))
        markdown_table(out, style, digest, windows[0]);
    markdown_standouts(out, digest);
    for (size_t i = 1; i < count; i++) {
        if (!has_lines(digest, windows[i]))
            continue;
        buf_format(out, "## %s\n\n", view_digest_window_title(windows[i]));
        view_digest_span(out, digest, windows[i]);
        buf_text(out, "\n\n");
        markdown_table(out, style, digest, windows[i]);
    }
    markdown_tops(out, style, "Top products", digest->products, digest->product_count);
    markdown_tops(out, style, "Top sources", digest->sources, digest->source_count);
    if (digest->data_count > 0)
        buf_text(out, "## Data\n\n");
    put_data(out, digest, in_markdown);
}
