// SPDX-License-Identifier: Apache-2.0
// ask.c - asks the API from a script: ask DATABASE ZONE [NOW], questions on stdin, answers on stdout.
//
// A question is one line, METHOD<tab>PATH<tab>PARAMETERS<tab>BODY, the body urlencoded. An answer is a line "STATUS BYTES CPU_US" and that many bytes.
// NOW: the moment that it is, in microseconds since 1970.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "base/limits.h"

static int64_t fixed_now_us;

static int64_t fixed_now(const struct clock *clock TILL_UNUSED)
{
    return fixed_now_us;
}

static int64_t processor_us(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static enum till_code answer(struct store *store, struct api_question *question, char *line,
                             struct arena *arena, struct buf *out, struct till_error *e)
{
    const struct api_parameter *body = NULL;
    size_t body_count = 0;
    bool is_known = false;
    struct sv rest = sv_of(line), parts[4] = {{NULL, 0}};
    for (size_t i = 0; i < 4 && sv_split(&rest, '\t', &parts[i]); i++)
        ;
    if (!api_route_find(parts[0], parts[1], &question->route, &is_known))
        return TILL_FAIL(e, TILL_USAGE, 0, "no such address");
    enum till_code code =
        api_parameters(parts[2], arena, &question->parameters, &question->parameter_count, e);
    if (code == TILL_OK && parts[3].len > 0)
        code = api_parameters(parts[3], arena, &body, &body_count, e);
    if (code == TILL_OK && body_count > 0)
        question->body = body[0].name;
    return code ? code : api_answer(store, question, out, e);
}

int main(int argc, char **argv)
{
    struct store *store = NULL;
    struct zone *zone = NULL;
    struct till_error e = {0};
    char *line = NULL;
    size_t capacity = 0;
    struct clock clock = clock_system;
    if (argc < 3)
        return 2;
    if (argc > 3) {
        fixed_now_us = strtoll(argv[3], NULL, 10);
        clock.now_us = fixed_now;
    }
    enum till_code code = store_open(argv[1], STORE_READ_ONLY, &store, &e);
    if (code == TILL_OK)
        code = zone_open(argv[2], &zone, &e);
    if (code)
        (void)fprintf(stderr, "%s\n", e.text);
    while (code == TILL_OK && getline(&line, &capacity, stdin) > 0) {
        AUTO_ARENA arena;
        arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
        AUTO_BUF out;
        buf_init(&out, TILL_LIMIT_BUFFER_BYTES);
        struct api_question question = {.clock = &clock, .zone = zone, .default_every_ms = 900000};
        line[strcspn(line, "\n")] = '\0';
        int64_t begun_us = processor_us();
        till_error_clear(&e);
        enum till_code failed = answer(store, &question, line, &arena, &out, &e);
        if (failed)
            api_error_json(&out, &e);
        (void)printf("%d %zu %lld\n", api_http_status(failed), out.len,
                     (long long)(processor_us() - begun_us));
        (void)fwrite(out.data, 1, out.len, stdout);
        (void)fflush(stdout);
    }
    free(line);
    zone_close(zone);
    store_close(store);
    return code ? 1 : 0;
}
