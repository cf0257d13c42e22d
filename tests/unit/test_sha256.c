// SHA-256 against the examples that NIST publishes for FIPS 180-4.
#include <hark/sha256.h>

#include <setjmp.h>

#include <cmocka.h>

static void assert_digest(const char *text, size_t times, const char *expected)
{
    struct hark_sha256 sha;
    char hex[65];
    hark_sha256_init(&sha);
    for (size_t i = 0; i < times; i++) hark_sha256_add(&sha, text, strlen(text));
    hark_sha256_hex(&sha, hex);
    assert_string_equal(hex, expected);
}

static void test_vectors(void **state)
{
    (void)state;
    assert_digest("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_digest("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnop"
                  "qrstnopqrstu",
                  1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    assert_digest("a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// The same bytes in pieces of every size around a block.
static void test_pieces(void **state)
{
    (void)state;
    char text[300], whole[65], pieces[65];
    struct hark_sha256 sha;
    memset(text, 'x', sizeof text);
    hark_sha256_init(&sha);
    hark_sha256_add(&sha, text, sizeof text);
    hark_sha256_hex(&sha, whole);
    for (size_t size = 1; size < 130; size++) {
        hark_sha256_init(&sha);
        for (size_t at = 0; at < sizeof text; at += size)
            hark_sha256_add(&sha, text + at, sizeof text - at < size ? sizeof text - at : size);
        hark_sha256_hex(&sha, pieces);
        assert_string_equal(pieces, whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_pieces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
