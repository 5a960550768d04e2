// SPDX-License-Identifier: Apache-2.0
// ledger.c - what all processes of one data folder spend, in a file that they share.
//
// The file is one page: a table of what counts now (spending.h) and those who wait for a place. Every change is made under flock(2), which dies with its
// process: read the page, give back what is due, change it, write it with one call. The clock is the machine's monotonic one, which all
// processes see alike; the page names the boot that it belongs to. A page that is short, foreign, damaged or of another boot is replaced by an empty
// one of a new generation, and each client that meets a generation for the first time adds what it has spent itself: so nothing that a living
// process knows is lost, and the same rule brings in what a client spent before it knew its organization.
//
// Among those who wait, a place is for the one that has spent least; otherwise a long sync would keep a short command out. A mark older than
// LEDGER_STALE_MS is of somebody who has gone. Whoever has no budget takes its places without asking, but they count.
//
// Sharing is a courtesy, not a condition: a file that cannot be opened, read, locked or written is left for a minute, with one warning,
// and each process then keeps to its budget alone. Machines that share a folder by network see each other's boot as foreign: each counts for itself.
#include "http/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"

enum { LEDGER_BYTES = TILL_LIMIT_RATE_LEDGER_BYTES, LEDGER_TRIES = 25, LEDGER_TRY_US = 200 };
static const char ledger_magic[8] = {'t', 'i', 'l', 'l', 'r', 'a', 't', '1'};

struct ledger_waiter {
    uint64_t id; // 0: free
    int64_t at_ms;
    uint32_t spent, budget;
};

struct ledger_table {
    char magic[sizeof ledger_magic];
    uint64_t checksum; // of all words of the page, itself as 0
    uint64_t generation;
    char boot_id[LEDGER_BOOT_BYTES];
    struct spending spending;
    struct ledger_waiter waiters[TILL_LIMIT_RATE_WAITERS];
};

union ledger_page {
    struct ledger_table table;
    uint64_t words[LEDGER_BYTES / sizeof(uint64_t)];
};
_Static_assert(sizeof(union ledger_page) == LEDGER_BYTES,
               "the table fits in one page, which is written at once");

// Against accidents: FNV-1a by words.
static uint64_t ledger_checksum(const union ledger_page *page)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < sizeof page->words / sizeof page->words[0]; i++) {
        bool is_itself = i == offsetof(struct ledger_table, checksum) / sizeof page->words[0];
        sum = (sum ^ (is_itself ? 0 : page->words[i])) * UINT64_C(1099511628211);
        sum ^= sum >> 32;
    }
    return sum;
}

static void ledger_read_boot_id(char ret_boot_id[static LEDGER_BOOT_BYTES])
{
    struct till_error e = {0};
    AUTO_BUF text;
    buf_init(&text, LEDGER_BOOT_BYTES - 1);
    if (fs_read("/proc/sys/kernel/random/boot_id", &text, &e) == TILL_OK && text.len > 0)
        memcpy(ret_boot_id, text.data,
               text.len); // otherwise a table of the future shows a new boot
}

enum till_code ledger_init(struct ledger *ledger, const char *path, const struct clock *clock,
                           struct till_error *e)
{
    struct ledger new = {.fd = -1, .clock = clock, .busy_since_ms = -1};
    new.path = till_strdup(path);
    if (!new.path)
        return TILL_FAIL_MEMORY(e);
    while (new.id == 0)
        arc4random_buf(&new.id, sizeof new.id);
    ledger_read_boot_id(new.boot_id);
    *ledger = new;
    return TILL_OK;
}

static void ledger_close(struct ledger *ledger)
{
    if (ledger->fd >= 0)
        close(ledger->fd); // gives up the lock too
    ledger->fd = -1;
}

void ledger_release(struct ledger *ledger)
{
    if (ledger->path)
        ledger_close(ledger);
    till_free(ledger->path);
    *ledger = (struct ledger){.fd = -1};
}

// Runs `call` unless the fault point fails it with `error`.
#define LEDGER_TRY(point, error, call) (fault_point(point) ? (errno = (error), -1) : (call))

static int64_t ledger_give_up(struct ledger *ledger, const char *verb, int error, int64_t now_ms)
{
    log_event(ledger->is_warned ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
              "http.rate_not_shared file=%s could_not=%s cause=%s", ledger->path, verb,
              strerror(error));
    ledger->is_warned = true;
    ledger->rest_until_ms = now_ms + LEDGER_REST_MS;
    ledger->busy_since_ms = -1;
    ledger->generation = 0; // what is spent meanwhile is brought in afterwards
    ledger_close(ledger);
    return LEDGER_ALONE;
}

static bool ledger_open(struct ledger *ledger)
{
    struct stat status;
    if (ledger->fd >= 0 && fstat(ledger->fd, &status) == 0 && status.st_nlink > 0)
        return true;
    ledger_close(ledger); // removed meanwhile: the others use a new one
    ledger->fd =
        LEDGER_TRY("ledger.open", EACCES,
                   open(ledger->path,
                        O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (ledger->fd < 0)
        return false;
    if (fstat(ledger->fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1)
        return true;
    ledger_close(ledger);
    errno = EINVAL;
    return false;
}

// A holder needs microseconds. One that was stopped in just that moment must not stop everybody.
static bool ledger_lock(const struct ledger *ledger)
{
    for (int i = 0; i < LEDGER_TRIES; i++) {
        if (LEDGER_TRY("ledger.lock", EWOULDBLOCK, flock(ledger->fd, LOCK_EX | LOCK_NB)) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        (void)nanosleep(&(struct timespec){.tv_nsec = LEDGER_TRY_US * 1000L}, NULL);
    }
    errno = EWOULDBLOCK;
    return false;
}

static bool ledger_is_ours(const struct ledger *ledger, const union ledger_page *page,
                           int64_t now_ms)
{
    const struct ledger_table *table = &page->table;
    if (memcmp(table->magic, ledger_magic, sizeof table->magic) != 0 ||
        table->checksum != ledger_checksum(page) || table->generation == 0 ||
        memcmp(table->boot_id, ledger->boot_id, sizeof table->boot_id) != 0)
        return false;
    int64_t ahead_ms = table->spending.step * SPENDING_STEP_MS - now_ms;
    return ahead_ms <= 0 || // our own reading may be from before a pause
           table->spending.step * SPENDING_STEP_MS <= clock_monotonic_ms(ledger->clock);
}

static void ledger_begin_table(const struct ledger *ledger, union ledger_page *page)
{
    memset(page, 0, sizeof *page);
    struct ledger_table *table = &page->table;
    memcpy(table->magic, ledger_magic, sizeof table->magic);
    memcpy(table->boot_id, ledger->boot_id, sizeof table->boot_id);
    while (table->generation == 0)
        arc4random_buf(&table->generation, sizeof table->generation);
    log_event(LOG_LEVEL_DEBUG, "http.rate_ledger_new file=%s", ledger->path);
}

// 0: the lock is held and the page is ready to be changed. Otherwise what ledger_take() returns.
static int64_t ledger_enter(struct ledger *ledger, const struct spending *own,
                            union ledger_page *page, int64_t now_ms)
{
    if (now_ms < ledger->rest_until_ms)
        return LEDGER_ALONE;
    if (!ledger_open(ledger))
        return ledger_give_up(ledger, "open", errno, now_ms);
    if (!ledger_lock(ledger)) {
        if (errno != EWOULDBLOCK)
            return ledger_give_up(ledger, "lock", errno, now_ms);
        if (ledger->busy_since_ms < 0)
            ledger->busy_since_ms = now_ms;
        if (now_ms - ledger->busy_since_ms > TILL_LIMIT_RATE_LEDGER_LOCK_MS)
            return ledger_give_up(ledger, "lock", EWOULDBLOCK, now_ms);
        return LEDGER_AGAIN_MS;
    }
    ledger->busy_since_ms = -1;
    ssize_t got = LEDGER_TRY("ledger.read", EIO, pread(ledger->fd, page, sizeof *page, 0));
    if (got < 0)
        return ledger_give_up(ledger, "read", errno, now_ms);
    if ((size_t)got != sizeof *page || !ledger_is_ours(ledger, page, now_ms))
        ledger_begin_table(ledger, page);
    spending_advance(&page->table.spending, now_ms);
    if (page->table.generation != ledger->generation)
        spending_add(&page->table.spending, own);
    return 0;
}

static bool ledger_leave(struct ledger *ledger, union ledger_page *page, int64_t now_ms)
{
    page->table.checksum = ledger_checksum(page);
    ssize_t put = LEDGER_TRY("ledger.write", ENOSPC, pwrite(ledger->fd, page, sizeof *page, 0));
    if (put != (ssize_t)sizeof *page) {
        (void)ledger_give_up(ledger, "write", put < 0 ? errno : ENOSPC, now_ms);
        return false;
    }
    ledger->generation = page->table.generation;
    (void)flock(ledger->fd, LOCK_UN);
    return true;
}

static bool ledger_waits(const struct ledger_waiter *waiter, int64_t now_ms)
{
    int64_t age_ms = now_ms - waiter->at_ms;
    return waiter->id != 0 && age_ms <= LEDGER_STALE_MS && age_ms >= -LEDGER_STALE_MS;
}

// Whether somebody waits who has spent less and could use the place.
static bool ledger_must_yield(const struct ledger *ledger, const struct ledger_table *table,
                              uint32_t own, int64_t now_ms)
{
    for (size_t i = 0; i < TILL_LIMIT_RATE_WAITERS; i++) {
        const struct ledger_waiter *waiter = &table->waiters[i];
        if (waiter->id != ledger->id && ledger_waits(waiter, now_ms) && waiter->spent < own &&
            table->spending.total < waiter->budget)
            return true;
    }
    return false;
}

// Marks this client as waiting, or (budget 0) as not waiting any more. A list that is full leaves the newcomer to its luck.
static void ledger_mark(const struct ledger *ledger, struct ledger_table *table, uint32_t own,
                        uint32_t budget, int64_t now_ms)
{
    struct ledger_waiter *mine = NULL;
    for (size_t i = 0; i < TILL_LIMIT_RATE_WAITERS; i++) {
        struct ledger_waiter *waiter = &table->waiters[i];
        if (waiter->id == ledger->id || !ledger_waits(waiter, now_ms)) {
            *waiter = (struct ledger_waiter){0};
            mine = mine ? mine : waiter;
        }
    }
    if (mine && budget > 0)
        *mine = (struct ledger_waiter){ledger->id, now_ms, own, budget};
}

void ledger_join(struct ledger *ledger, const struct spending *own, int64_t now_ms)
{
    union ledger_page page;
    if (ledger_enter(ledger, own, &page, now_ms) == 0)
        (void)ledger_leave(ledger, &page, now_ms);
}

int64_t ledger_take(struct ledger *ledger, const struct spending *own, uint32_t budget,
                    int64_t now_ms, int64_t *ret_place)
{
    union ledger_page page;
    int64_t wait_ms = ledger_enter(ledger, own, &page, now_ms), place = 0;
    if (wait_ms != 0)
        return wait_ms;
    struct ledger_table *table = &page.table;
    if (budget > 0)
        wait_ms = spending_wait_ms(&table->spending, budget, now_ms);
    if (wait_ms == 0 && budget > 0 && ledger_must_yield(ledger, table, own->total, now_ms))
        wait_ms = LEDGER_AGAIN_MS;
    ledger_mark(ledger, table, own->total, wait_ms > 0 ? budget : 0, now_ms);
    if (wait_ms == 0)
        place = spending_begin(&table->spending, now_ms);
    if (!ledger_leave(ledger, &page, now_ms))
        return LEDGER_ALONE;
    if (wait_ms == 0)
        *ret_place = place;
    return wait_ms < LEDGER_AGAIN_MS ? wait_ms : LEDGER_AGAIN_MS;
}

void ledger_end(struct ledger *ledger, const struct spending *own, int64_t place, int64_t now_ms)
{
    union ledger_page page;
    if (ledger_enter(ledger, own, &page, now_ms) != 0)
        return;
    spending_end(&page.table.spending, place, now_ms);
    (void)ledger_leave(ledger, &page, now_ms);
}
