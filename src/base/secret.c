// SPDX-License-Identifier: Apache-2.0
// secret.c - a secret in pages of its own: locked against swapping, left out of core dumps, wiped before they go back.
//
// mlock() and madvise() work on whole pages, which is why each secret has its own mapping and never shares one with the heap. A limit on
// locked memory is not a reason to fail: the secret is then less protected, and is_locked says so.
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/limits.h"

void memory_wipe(void *memory, size_t bytes)
{
    explicit_bzero(memory, bytes);
}

enum till_code secret_set(struct secret *secret, struct sv bytes, struct till_error *e)
{
    if (bytes.len > TILL_LIMIT_TOKEN_BYTES)
        return TILL_FAIL(e, TILL_LIMIT, bytes.len, "the secret is longer than %d bytes",
                         TILL_LIMIT_TOKEN_BYTES);
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t map_bytes = (bytes.len + page_bytes) / page_bytes * page_bytes; // the NUL included
    void *pages = fault_point("secret.map") ? MAP_FAILED
                                            : mmap(NULL, map_bytes, PROT_READ | PROT_WRITE,
                                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return TILL_FAIL(e, TILL_MEMORY, errno, "out of memory for a secret");
    bool is_locked = mlock(pages, map_bytes) == 0;
    (void)madvise(pages, map_bytes, MADV_DONTDUMP);
    if (bytes.len > 0)
        memcpy(pages, bytes.ptr, bytes.len);
    secret_release(secret);
    *secret = (struct secret){pages, map_bytes, bytes.len, is_locked};
    return TILL_OK;
}

void secret_release(struct secret *secret)
{
    if (secret->pages != NULL) {
        memory_wipe(secret->pages, secret->map_bytes);
        munmap(secret->pages, secret->map_bytes);
    }
    *secret = (struct secret){.pages = NULL};
}

struct sv secret_bytes(const struct secret *secret)
{
    return (struct sv){secret->pages != NULL ? secret->pages : "", secret->len};
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    if (a->len != b->len)
        return false;
    const volatile unsigned char *x = (const volatile unsigned char *)secret_bytes(a).ptr;
    const volatile unsigned char *y = (const volatile unsigned char *)secret_bytes(b).ptr;
    unsigned char difference = 0;
    for (size_t i = 0; i < a->len; i++)
        difference = (unsigned char)(difference | (x[i] ^ y[i]));
    return difference == 0;
}
