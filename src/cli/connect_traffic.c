// SPDX-License-Identifier: Apache-2.0
// connect_traffic.c - `till connect posthog` and the other services that count visits: what to read is said by options, the key comes like Polar's token,
// and one query shows that both are good before anything is saved.
//
// The order is connect.c's: shape, network, then the secret, then the row that says it is connected. The same name stays the same property.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/connect_google.h"
#include "cli/sources.h"

struct connecting {
    enum traffic_service service;
    const char *name;
    const char *url, *other_url, *other_word;
    const char *property;
    char picked[TRAFFIC_TEXT_BYTES]; // by a person, of a list
    struct secret secret;
    struct traffic_identity identity;
    int64_t requests;
    struct store_source source;
    struct buf place; // the vault's own words
};

// ---- what the options say ----

static enum till_code choose_posthog(const struct cli *cli, struct connecting *connecting,
                                     struct till_error *e)
{
    const char *host = cli->options[OPTION_host] ? cli->options[OPTION_host] : "us";
    bool is_eu = strcmp(host, "eu") == 0;
    const char *us = config_text(cli->config, "posthog_us_url");
    const char *eu = config_text(cli->config, "posthog_eu_url");
    connecting->property = cli->options[OPTION_project_id];
    connecting->url = host;
    if (cli->options[OPTION_api_url]) {
        connecting->url = cli->options[OPTION_api_url];
    } else if (is_eu || strcmp(host, "us") == 0) {
        connecting->url = is_eu ? eu : us;
        connecting->other_url = is_eu ? us : eu;
        connecting->other_word = is_eu ? "us" : "eu";
    }
    if (connecting->property)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "which project?");
    return till_error_hint(
        e, "say --project-id with the number in PostHog's address bar: /project/12345");
}

static enum till_code choose(const struct cli *cli, struct connecting *connecting,
                             struct till_error *e)
{
    connecting->url = cli->options[OPTION_api_url];
    switch (connecting->service) {
    case TRAFFIC_POSTHOG:
        return choose_posthog(cli, connecting, e);
    case TRAFFIC_SEARCH_CONSOLE:
        connecting->property = cli->options[OPTION_site] ? cli->options[OPTION_site] : "";
        return TILL_OK;
    case TRAFFIC_PLAUSIBLE:
        connecting->property = cli->options[OPTION_site_id];
        if (connecting->property)
            return TILL_OK;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "which site?");
        return till_error_hint(e, "say --site-id with the site's name in Plausible, such as "
                                  "example.com");
    case TRAFFIC_UMAMI: // asked which when there are several
        connecting->property =
            cli->options[OPTION_website_id] ? cli->options[OPTION_website_id] : "";
        return TILL_OK;
    case TRAFFIC__COUNT:
        break;
    }
    return TILL_FAIL(e, TILL_USAGE, 0, "no such service");
}

// A name and a password are kept as one secret: {"username":...,"password":...}.
static enum till_code join_password(const struct cli *cli, struct secret *secret,
                                    struct till_error *e)
{
    struct buf text;
    buf_init(&text, TILL_LIMIT_TOKEN_BYTES);
    enum till_code code = buf_reserve(&text, TILL_LIMIT_TOKEN_BYTES / 2);
    buf_text(&text, "{\"username\":");
    buf_json_string(&text, sv_of(cli->options[OPTION_username]));
    buf_text(&text, ",\"password\":");
    buf_json_string(&text, secret_bytes(secret));
    buf_char(&text, '}');
    code = code ? TILL_FAIL_MEMORY(e) : buf_fail(&text, "the password", e);
    secret_release(secret);
    if (code == TILL_OK)
        code = secret_set(secret, (struct sv){text.data, text.len}, e);
    buf_wipe(&text);
    return code;
}

static enum till_code read_secret(const struct cli *cli, struct connecting *connecting,
                                  struct till_error *e)
{
    static const struct {
        const char *question, *hint;
    } words[] = {
        [TRAFFIC_POSTHOG] = {"PostHog personal API key (it is not shown): ",
                             "make one in PostHog: Settings, Personal API keys, with the scope "
                             "query:read"},
        [TRAFFIC_SEARCH_CONSOLE] = {"", ""},
        [TRAFFIC_PLAUSIBLE] = {"Plausible API key (it is not shown): ",
                               "make one in Plausible: account settings, API keys, type Stats API"},
        [TRAFFIC_UMAMI] = {"Umami API key (it is not shown): ",
                           "make one in Umami: Settings, API keys; or say --username"},
    };
    if (connecting->service == TRAFFIC_SEARCH_CONSOLE)
        return cli_google_secret(cli, &connecting->secret, e);
    bool has_password = connecting->service == TRAFFIC_UMAMI && cli->options[OPTION_username];
    enum till_code code = cli_read_key(cli,
                                       has_password ? "Umami password (it is not shown): "
                                                    : words[connecting->service].question,
                                       words[connecting->service].hint, &connecting->secret, e);
    if (code == TILL_OK && has_password)
        code = join_password(cli, &connecting->secret, e);
    return code;
}

// ---- the service ----

static enum till_code open_service(const struct cli *cli, const struct connecting *connecting,
                                   struct traffic **ret_traffic, struct till_error *e)
{
    struct traffic_options options = {
        .service = connecting->service,
        .url = connecting->url,
        .property = connecting->property,
        .secret = &connecting->secret,
        .timezone = connecting->service == TRAFFIC_UMAMI ? config_text(cli->config, "timezone")
                                                         : cli->options[OPTION_timezone],
        .other_url = connecting->other_url,
        .other_word = connecting->other_word,
        .http = {.user_agent = "till/" TILL_VERSION, .clock = cli->clock, .stop = &cli_stop},
    };
    return traffic_open(&options, ret_traffic, e);
}

// Takes the number of a property, or nothing when it is none.
static enum till_code ask_which(struct connecting *connecting, const struct traffic_properties *all,
                                struct till_error *e)
{
    char line[16] = "";
    int64_t number = 0, place = 0;
    AUTO_BUF question;
    buf_init(&question, TILL_LIMIT_BUFFER_BYTES);
    buf_text(&question, "Properties that may be read:\n");
    for (size_t i = 0; i < all->count; i++) {
        if (!all->list[i].is_readable)
            continue;
        buf_format(&question, "%4lld  ", (long long)++number);
        (void)text_show(&question, all->list[i].property, 0);
        buf_char(&question, '\n');
    }
    if (number < 2)
        return TILL_OK;
    buf_format(&question, "Which one (1 to %lld)? ", (long long)number);
    enum till_code code = buf_fail(&question, "a question", e);
    if (code == TILL_OK)
        code = cli_ask_line(question.data, line, sizeof line, e);
    if (code || !sv_to_int64(sv_of(line), &number))
        return code;
    for (size_t i = 0; i < all->count; i++) {
        struct sv property = all->list[i].property;
        place += all->list[i].is_readable;
        if (all->list[i].is_readable && place == number && property.len < sizeof connecting->picked)
            memcpy(connecting->picked, property.ptr, property.len);
    }
    return TILL_OK;
}

// Several properties, none named, and somebody is there: they are listed, and one is picked. Without a terminal the error lists them.
static enum till_code pick(const struct cli *cli, struct connecting *connecting,
                           struct till_error *e)
{
    struct traffic *traffic = NULL;
    struct traffic_properties all = {0};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    if (connecting->service != TRAFFIC_SEARCH_CONSOLE || connecting->property[0] ||
        !cli->talk_is_terminal || cli->is_json)
        return TILL_OK;
    enum till_code code = open_service(cli, connecting, &traffic, e);
    if (code == TILL_OK)
        code = traffic_properties(traffic, &arena, &all, e);
    if (code == TILL_OK)
        code = ask_which(connecting, &all, e);
    if (traffic)
        connecting->requests += traffic_requests(traffic);
    traffic_close(traffic);
    connecting->property = connecting->picked;
    return code;
}

static enum till_code identify(const struct cli *cli, struct connecting *connecting,
                               struct till_error *e)
{
    struct traffic *traffic = NULL;
    enum till_code code = pick(cli, connecting, e);
    if (code == TILL_OK)
        code = open_service(cli, connecting, &traffic, e);
    if (code == TILL_OK)
        code = traffic_validate(traffic, &connecting->identity, e);
    if (traffic)
        connecting->requests += traffic_requests(traffic);
    traffic_close(traffic);
    return code;
}

static void fill(const struct cli *cli, struct connecting *connecting)
{
    struct store_source *source = &connecting->source;
    const struct traffic_identity *identity = &connecting->identity;
    const struct traffic_terms *terms = traffic_terms(connecting->service);
    memset(source, 0, sizeof *source);
    source->service = connecting->service;
    (void)snprintf(source->name, sizeof source->name, "%s", connecting->name);
    (void)snprintf(source->api_url, sizeof source->api_url, "%s",
                   connecting->url ? connecting->url : terms->default_url);
    (void)snprintf(source->property, sizeof source->property, "%s", identity->property);
    (void)snprintf(source->property_name, sizeof source->property_name, "%s",
                   identity->property_name);
    (void)snprintf(source->account, sizeof source->account, "%s", identity->account);
    (void)snprintf(source->timezone, sizeof source->timezone, "%s", identity->timezone);
    source->connected_at_us = clock_now_us(cli->clock);
}

// ---- keeping ----

static enum till_code check_previous(const struct connecting *connecting, struct store *store,
                                     struct store_source *ret_previous, bool *ret_found,
                                     struct till_error *e)
{
    const struct store_source *source = &connecting->source;
    struct store_connection polar = {0};
    bool is_polar = false;
    enum till_code code = store_connection_get(store, source->name, &polar, &is_polar, e);
    if (code == TILL_OK && is_polar) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s is already an organization of Polar here",
                        source->name);
        return till_error_hint(e, "choose another name with --name");
    }
    if (code == TILL_OK)
        code = store_source_get(store, source->name, ret_previous, ret_found, e);
    if (code || !*ret_found)
        return code;
    if (ret_previous->service == source->service &&
        strcmp(ret_previous->property, source->property) == 0)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s is already %s %.200s here, not %.200s", source->name,
                    traffic_service_title(ret_previous->service), ret_previous->property,
                    source->property);
    return till_error_hint(e, "keep both with --name OTHER; or `till disconnect %s --purge` first",
                           source->name);
}

static enum till_code store_secret(const struct cli *cli, struct connecting *connecting,
                                   struct till_error *e)
{
    struct vault *vault = NULL;
    struct store_source *source = &connecting->source;
    enum till_code code = cli_open_vault(cli, NULL, &vault, e);
    if (code == TILL_OK)
        code = vault_put(vault, source->name, &connecting->secret, e);
    if (code == TILL_OK) {
        (void)snprintf(source->secret_place, sizeof source->secret_place, "%s",
                       vault_place_word(vault_place(vault)));
        vault_describe(vault, &connecting->place);
    }
    vault_close(vault);
    return code ? till_error_context(e, "could not store the key (nothing was saved)") : TILL_OK;
}

static void remove_secret(const struct cli *cli, const char *place, const char *name)
{
    struct vault *vault = NULL;
    struct till_error e = {0};
    bool is_found = false;
    enum till_code code = cli_open_vault(cli, place, &vault, &e);
    if (code == TILL_OK)
        code = vault_remove(vault, name, &is_found, &e);
    vault_close(vault);
    if (code)
        cli_say(cli, "till: warning: a key may still be in %s: %s", place, e.text);
}

// Days of another zone are of no use. Umami's zone is ours to choose: it stays unless another one is said.
static enum till_code keep_days(const struct cli *cli, const struct connecting *connecting,
                                struct store *store, const struct store_source *previous,
                                struct till_error *e)
{
    const struct store_source *source = &connecting->source;
    bool is_said = cli->options[OPTION_timezone] || source->service == TRAFFIC_PLAUSIBLE;
    if (!is_said || !source->timezone[0] || strcmp(previous->timezone, source->timezone) == 0)
        return TILL_OK;
    return store_source_rezone(store, source->name, source->timezone, e);
}

static enum till_code save(const struct cli *cli, struct connecting *connecting,
                           struct till_error *e)
{
    struct store *store = NULL;
    struct store_source previous = {0};
    const struct store_source *source = &connecting->source;
    bool is_known = false;
    enum till_code code = cli_open_store(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = check_previous(connecting, store, &previous, &is_known, e);
    if (code == TILL_OK)
        code = store_secret(cli, connecting, e);
    if (code == TILL_OK) {
        code = store_source_put(store, source, e);
        if (code && !is_known) // a key must not stay behind alone
            remove_secret(cli, source->secret_place, source->name);
    }
    if (code == TILL_OK && is_known)
        code = keep_days(cli, connecting, store, &previous, e);
    if (code == TILL_OK && is_known && previous.secret_place[0] &&
        strcmp(previous.secret_place, source->secret_place) != 0)
        remove_secret(cli, previous.secret_place, source->name);
    store_close(store);
    return code;
}

// ---- telling ----

static void print_text(struct cli *cli, const struct connecting *connecting)
{
    struct buf *out = &cli->out;
    const struct store_source *source = &connecting->source;
    AUTO_BUF words;
    buf_init(&words, TILL_LIMIT_BUFFER_BYTES);
    buf_format(out, "Connected to %s: %s ", traffic_service_title(source->service),
               traffic_service_property(source->service));
    (void)text_show(out, sv_of(source->property_name), 0);
    if (source->timezone[0])
        buf_format(out, " (days in %s)", source->timezone);
    buf_text(out, "\n\n");
    if (connecting->identity.remark[0]) {
        view_wrap(out, sv_of(connecting->identity.remark), 0, 0);
        buf_char(out, '\n');
    }
    buf_text(&words, "The key is ");
    buf_sv(&words, (struct sv){connecting->place.data ? connecting->place.data : "",
                               connecting->place.len});
    view_wrap(out, (struct sv){words.data ? words.data : "", words.len}, 0, 0);
    buf_format(out, "\nNext: till sync --name %s\n", source->name);
}

static void print_json(struct cli *cli, const struct connecting *connecting)
{
    struct buf *out = &cli->out;
    const struct store_source *source = &connecting->source;
    buf_char(out, '{');
    view_json_text(out, "name", source->name);
    view_json_text(out, "service", traffic_service_word(source->service));
    view_json_text(out, "api_url", source->api_url);
    view_json_text(out, "property", source->property);
    view_json_text(out, "property_name", source->property_name);
    view_json_text(out, "account", source->account);
    view_json_text(out, "timezone", source->timezone);
    view_json_text(out, "token_place", source->secret_place);
    view_json_text(out, "remark", connecting->identity.remark);
    view_json_int(out, "requests", connecting->requests);
    buf_text(out, "}\n");
}

enum till_code cli_connect_traffic(struct cli *cli, enum traffic_service service,
                                   struct till_error *e)
{
    struct connecting *connecting = &(struct connecting){.service = service};
    buf_init(&connecting->place, TILL_LIMIT_BUFFER_BYTES);
    connecting->name =
        cli->options[OPTION_name] ? cli->options[OPTION_name] : traffic_service_word(service);
    enum till_code code = cli_check_name(connecting->name, e);
    if (code == TILL_OK)
        code = choose(cli, connecting, e);
    if (code == TILL_OK)
        code = read_secret(cli, connecting, e);
    if (code == TILL_OK)
        code = identify(cli, connecting, e);
    if (code == TILL_OK) {
        fill(cli, connecting);
        code = save(cli, connecting, e);
    }
    if (code == TILL_OK && cli->is_json)
        print_json(cli, connecting);
    else if (code == TILL_OK)
        print_text(cli, connecting);
    secret_release(&connecting->secret);
    buf_release(&connecting->place);
    return code;
}
