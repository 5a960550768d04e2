// SPDX-License-Identifier: Apache-2.0
// entries.c - names and secrets as bytes: name length (1 byte), secret length (2 bytes, little-endian), name, secret; again and again.
//
// So small that a search from the front is the whole data structure. The bytes were authenticated before they come here, yet every length
// is checked: a bug in an older writer must not become a read out of bounds.
#include "vault/entries.h"

#include "base/limits.h"

enum { ENTRY_HEAD_BYTES = 3 };
_Static_assert(TILL_LIMIT_SECRET_NAME_BYTES <= 0xff && TILL_LIMIT_TOKEN_BYTES <= 0xffff, "lengths");

struct entry {
    struct sv name, secret, whole;
};

// Takes the first entry off *rest; false when *rest is empty or does not begin with a whole entry.
static bool entries_next(struct sv *rest, struct entry *ret)
{
    if (rest->len < ENTRY_HEAD_BYTES)
        return false;
    const unsigned char *head = (const unsigned char *)rest->ptr;
    size_t name_len = head[0];
    size_t secret_len = (size_t)head[1] | (size_t)head[2] << 8;
    size_t whole_len = ENTRY_HEAD_BYTES + name_len + secret_len;
    if (name_len == 0 || rest->len < whole_len)
        return false;
    ret->whole = (struct sv){rest->ptr, whole_len};
    ret->name = (struct sv){rest->ptr + ENTRY_HEAD_BYTES, name_len};
    ret->secret = (struct sv){rest->ptr + ENTRY_HEAD_BYTES + name_len, secret_len};
    rest->ptr += whole_len;
    rest->len -= whole_len;
    return true;
}

bool entries_are_sound(struct sv entries)
{
    struct entry entry;
    while (entries_next(&entries, &entry))
        continue;
    return entries.len == 0;
}

bool entries_find(struct sv entries, struct sv name, struct sv *ret_secret)
{
    struct entry entry;
    while (entries_next(&entries, &entry)) {
        if (sv_equal(entry.name, name)) {
            *ret_secret = entry.secret;
            return true;
        }
    }
    return false;
}

static void entries_append(struct guarded *to, struct sv bytes)
{
    memcpy(to->data + to->len, bytes.ptr, bytes.len);
    to->len += bytes.len;
}

enum till_code entries_replace(struct sv entries, struct sv name, struct sv secret,
                               struct guarded *ret, struct till_error *e)
{
    AUTO_GUARDED changed = {0};
    enum till_code code =
        guarded_new(entries.len + ENTRY_HEAD_BYTES + name.len + secret.len, &changed, e);
    if (code)
        return code;
    struct entry entry;
    size_t count = 0;
    while (entries_next(&entries, &entry)) {
        if (!sv_equal(entry.name, name)) {
            entries_append(&changed, entry.whole);
            count++;
        }
    }
    if (secret.ptr) {
        if (count >= TILL_LIMIT_SECRETS)
            return TILL_FAIL(e, TILL_LIMIT, 0, "a sealed file keeps at most %d secrets",
                             TILL_LIMIT_SECRETS);
        const unsigned char head[ENTRY_HEAD_BYTES] = {(unsigned char)name.len,
                                                      (unsigned char)(secret.len & 0xff),
                                                      (unsigned char)(secret.len >> 8)};
        entries_append(&changed, (struct sv){(const char *)head, sizeof(head)});
        entries_append(&changed, name);
        entries_append(&changed, secret);
    }
    guarded_move(ret, &changed);
    return TILL_OK;
}
