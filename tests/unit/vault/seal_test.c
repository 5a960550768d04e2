// SPDX-License-Identifier: Apache-2.0
// seal_test.c - the file format: what it hides, what it notices, and how much work a header may ask for.
#include "vault/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/limits.h"

static const char plain_text[] = "the plain bytes";

static void make_key(const struct seal_header *header, const char *material, struct guarded *key)
{
    struct till_error e = {0};
    assert_int_equal(seal_key(header, sv_of(material), key, &e), TILL_OK);
}

static void seal(struct seal_header *header, struct guarded *key, struct sv plain, struct buf *file)
{
    struct till_error e = {0};
    seal_header_new(VAULT_KEY_FILE, header);
    make_key(header, "0123456789abcdef0123456789abcdef", key);
    seal_key_mark(key, header);
    buf_init(file, TILL_LIMIT_SECRET_FILE_BYTES);
    assert_int_equal(seal_close(header, key, plain, file, &e), TILL_OK);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct seal_header header, read;
    AUTO_GUARDED key = {0};
    AUTO_GUARDED plain = {0};
    AUTO_BUF file;
    seal(&header, &key, SV("the plain bytes"), &file);
    struct sv bytes = {file.data, file.len};
    assert_int_equal(file.len, SEAL_HEADER_BYTES + 512 + 16);
    assert_null(memmem(file.data, file.len, plain_text, 5));
    assert_int_equal(seal_header_read(bytes, &read, &e), TILL_OK);
    assert_int_equal(read.source, VAULT_KEY_FILE);
    assert_memory_equal(read.salt, header.salt, SEAL_SALT_BYTES);
    assert_true(seal_key_fits(&key, &read));
    assert_int_equal(seal_open(bytes, &key, &plain, &e), TILL_OK);
    assert_int_equal(plain.len, strlen(plain_text));
    assert_memory_equal(plain.data, plain_text, plain.len);
}

static void test_length_tells_little(void **state)
{
    (void)state;
    struct seal_header header;
    for (size_t len = 0; len < 512; len += 73) {
        static const char zeros[512];
        AUTO_GUARDED key = {0};
        AUTO_BUF file;
        seal(&header, &key, (struct sv){zeros, len}, &file);
        assert_int_equal(file.len, SEAL_HEADER_BYTES + 512 + 16);
    }
}

static void test_two_sealings_share_no_nonce(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct seal_header header, first, second;
    AUTO_GUARDED key = {0};
    AUTO_BUF file;
    seal(&header, &key, SV("x"), &file);
    assert_int_equal(seal_header_read((struct sv){file.data, file.len}, &first, &e), TILL_OK);
    assert_int_equal(seal_close(&header, &key, SV("x"), &file, &e), TILL_OK);
    assert_int_equal(seal_header_read((struct sv){file.data, file.len}, &second, &e), TILL_OK);
    assert_memory_not_equal(first.nonce, second.nonce, SEAL_NONCE_BYTES);
    assert_memory_equal(first.salt, second.salt, SEAL_SALT_BYTES);
}

static void test_another_key_does_not_fit(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct seal_header header;
    AUTO_GUARDED key = {0};
    AUTO_GUARDED other = {0};
    AUTO_GUARDED plain = {0};
    AUTO_BUF file;
    seal(&header, &key, SV("x"), &file);
    make_key(&header, "0123456789abcdef0123456789abcdeF", &other);
    assert_false(seal_key_fits(&other, &header));
    assert_int_equal(seal_open((struct sv){file.data, file.len}, &other, &plain, &e), TILL_CONFIG);
    assert_null(plain.data);
}

static void test_salt_changes_the_key(void **state)
{
    (void)state;
    struct seal_header header;
    AUTO_GUARDED one = {0};
    AUTO_GUARDED two = {0};
    seal_header_new(VAULT_KEY_CREDENTIAL, &header);
    make_key(&header, "0123456789abcdef0123456789abcdef", &one);
    header.salt[0] ^= 1;
    make_key(&header, "0123456789abcdef0123456789abcdef", &two);
    assert_memory_not_equal(one.data, two.data, one.len);
}

// Bytes 8.. of the header: version, source, zero, zero, passes, memory.
static enum till_code read_with(size_t at, const void *bytes, size_t len, struct till_error *e)
{
    struct seal_header header, untouched;
    AUTO_GUARDED key = {0};
    AUTO_BUF file;
    seal(&header, &key, SV("x"), &file);
    memcpy(file.data + at, bytes, len);
    return seal_header_read((struct sv){file.data, file.len}, &untouched, e);
}

static void test_refused_headers(void **state)
{
    (void)state;
    const struct {
        size_t at;
        const char *bytes;
        size_t len;
        const char *text;
    } rows[] = {
        {0, "T", 1, "not a file of sealed secrets"},
        {8, "\0", 1, "makes no sense"},
        {8, "\2", 1, "version 2"},
        {8, "\377", 1, "version 255"},
        {9, "\0", 1, "makes no sense"},
        {9, "\4", 1, "makes no sense"},
        {10, "\1", 1, "makes no sense"},
        {11, "\1", 1, "makes no sense"},
        {12, "\3", 1, "makes no sense"},                         // a key file has no cost
        {9, "\1\0\0\0\0\0\0\0\0\0\0", 11, "makes no sense"},     // a passphrase has
        {9, "\1\0\0\2\0\0\0\0\0\1\0", 11, "makes no sense"},     // passes below the floor
        {9, "\1\0\0\3\0\0\0\377\377\0\0", 11, "makes no sense"}, // memory below the floor
        {9, "\1\0\0\21\0\0\0\0\0\1\0", 11, "makes no sense"},    // passes above the ceiling
        {9, "\1\0\0\3\0\0\0\1\0\20\0", 11, "makes no sense"},    // memory above the ceiling
        {9, "\1\0\0\377\377\377\377\377\377\377\377", 11, "makes no sense"},
    };
    for (size_t i = 0; i < TILL_COUNT(rows); i++) {
        struct till_error e = {0};
        assert_int_equal(read_with(rows[i].at, rows[i].bytes, rows[i].len, &e), TILL_CONFIG);
        assert_non_null(strstr(e.text, rows[i].text));
    }
    struct till_error e = {0};
    assert_int_equal(read_with(9, "\1\0\0\3\0\0\0\0\0\1\0", 11, &e), TILL_OK);
}

static void test_short_files(void **state)
{
    (void)state;
    struct seal_header header, untouched;
    AUTO_GUARDED key = {0};
    AUTO_BUF file;
    seal(&header, &key, SV("x"), &file);
    for (size_t len = 0; len < SEAL_HEADER_BYTES + 16; len++) {
        struct till_error e = {0};
        assert_int_equal(seal_header_read((struct sv){file.data, len}, &untouched, &e),
                         TILL_CONFIG);
    }
}

// Worked out with other programs: Python's hashlib.blake2b, and the argon2 command for the passphrase.
static void test_known_answer(void **state)
{
    (void)state;
    struct seal_header header = {.source = VAULT_KEY_FILE};
    AUTO_GUARDED key = {0};
    char hex[2 * SEAL_CHECK_BYTES + 1];
    for (unsigned char i = 0; i < SEAL_SALT_BYTES; i++)
        header.salt[i] = i;
    make_key(&header, "0123456789abcdef0123456789abcdef", &key);
    seal_key_mark(&key, &header);
    (void)sodium_bin2hex(hex, sizeof(hex), header.check, sizeof(header.check));
    assert_string_equal(hex, "80e1250bcdb3fabf8eb2eed5548be069");
    memcpy(header.salt, "0123456789abcdef", SEAL_SALT_BYTES);
    header.source = VAULT_KEY_PASSPHRASE;
    header.passes = SEAL_KEY_PASSES;
    header.memory_kib = SEAL_KEY_MEMORY_KIB;
    make_key(&header, "correct horse", &key);
    seal_key_mark(&key, &header);
    (void)sodium_bin2hex(hex, sizeof(hex), header.check, sizeof(header.check));
    assert_string_equal(hex, "9694150941585910a20335288759ee18");
}

// A file of version 1, kept: what was sealed once must open for ever. Its key file is "0123456789abcdef0123456789abcdef".
static const char golden[] =
    "dGlsbHNlYWwBAwAAAAAAAAAAAACJ5xPTgQfKefCnddRm3CAbdbtJaTONt6scuXXnN4bqAr3LuVPxwA8MWv8Z44v0"
    "Ocq4XmDlgmeinOw8NafhT1sDJ+ZlBMtt6RNPaMQkzs+wJQKp5pluMJOnYIQRDCls0dlgcUJBoDUlyC3rQ6BjJ810"
    "zp6mxWmeadfgkfgJWPB6YfiZIxXDsu+XdrLjX4YIESwhb+cEL31aGlsI1w0Yz5BiLAO0OoSIa8bJM2fvUAqS9DnS"
    "cG6uDNVjXuxrf3/sAPU+cmxeOEMdrdhaXLZM+98MHNDmCQTbDuMCVNww+8HHFRj07LkwwZYdNq30Gbu/brtxT5Iw"
    "mHRQM2EOlQ4lMF1G6A8C0N5APM7HGnlAPDMpvyp3vfTryqaRmrsEqJ5hEl1uRzYXQNF8+Kv5GICkPMRwBS/xCIuc"
    "10DNfl2gMu6ewJKItsQK9v6PfZMEpyV0mOaLSKLxMF2XOu2qojsjKOuXO1wN7OXesBWBUDCKllDbD9kq0Sr4jnNs"
    "Nmpip4qKrD4x1NO6DtBta9qq5kpOwTfSRVfAo+cStMJW0FWq6CyAkyfzkpiLz4RqgqwCtcErQgubkGG5T9JpXdxC"
    "nQKhiPPICKpIkMDqJ7IQp4LlVacxUL8Ur7dvnD5VnpIUe6Xm2uELQ9M+g63ksTpl8+5DRLX2a4wm4WAQSwyxbPDd"
    "GeR0pnne+X42YCbTte3mfvxLntbl0aZRl+FuEdbtv6JbfaQNoAH6o/qRpusif65M+SL/ZYcNf+9klZU+QY6WqJsS"
    "VGGTOeFh+I1vDQ";

static void test_golden_file(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct seal_header header;
    AUTO_GUARDED key = {0};
    AUTO_GUARDED plain = {0};
    unsigned char bytes[1024];
    size_t len = 0;
    assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), golden, sizeof(golden) - 1, NULL, &len,
                                       NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING),
                     0);
    struct sv file = {(const char *)bytes, len};
    assert_int_equal(seal_header_read(file, &header, &e), TILL_OK);
    make_key(&header, "0123456789abcdef0123456789abcdef", &key);
    assert_true(seal_key_fits(&key, &header));
    assert_int_equal(seal_open(file, &key, &plain, &e), TILL_OK);
    assert_true(sv_equal(guarded_bytes(&plain), SV("\x05\x0d\x00polaran old secret")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_length_tells_little),
        cmocka_unit_test(test_two_sealings_share_no_nonce),
        cmocka_unit_test(test_another_key_does_not_fit),
        cmocka_unit_test(test_salt_changes_the_key),
        cmocka_unit_test(test_refused_headers),
        cmocka_unit_test(test_short_files),
        cmocka_unit_test(test_known_answer),
        cmocka_unit_test(test_golden_file),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
