#include <stdio.h>

#include "base/arena.h"
#include "resolver/cache.h"
#include "support/test.h"

#define SECOND UINT64_C(1000000)

static struct arena *arena;
static struct cache cache;

static void start(const char *policy)
{
	arena = arena_new();
	cache_init(&cache, arena, resolver_policy(policy));
}

static struct entry *put(const char *name, enum entry_kind kind, uint16_t type,
	uint32_t ttl, uint64_t now)
{
	return cache_put(&cache, name_literal(arena, name), kind, type, ttl, now);
}

static struct entry *get(const char *name, uint16_t type, uint64_t now)
{
	return node_answer(cache_node(&cache, name_literal(arena, name)), type, now);
}

static void test_lifetime(void **state)
{
	(void)state;
	start("ideal");
	assert_null(get("a.example", TYPE_A, 0));
	put("a.example", ENTRY_DATA, TYPE_A, 10, 500);
	assert_non_null(get("A.EXAMPLE", TYPE_A, 500));
	assert_non_null(get("a.example", TYPE_A, 10 * SECOND + 499));
	assert_null(get("a.example", TYPE_A, 10 * SECOND + 500));
	assert_null(get("a.example", TYPE_MX, 500));
	assert_null(get("b.example", TYPE_A, 500));
	arena_free(arena);
}

static void test_whole_seconds(void **state)
{
	(void)state;
	start("bind-9.18");
	put("a.example", ENTRY_DATA, TYPE_A, 10, SECOND - 1);
	assert_non_null(get("a.example", TYPE_A, 10 * SECOND - 1));
	assert_null(get("a.example", TYPE_A, 10 * SECOND));
	arena_free(arena);
}

static void test_zero_is_not_kept(void **state)
{
	(void)state;
	start("ideal");
	assert_non_null(put("a.example", ENTRY_DATA, TYPE_A, 0, 0));
	assert_null(get("a.example", TYPE_A, 0));
	arena_free(arena);
}

static void test_replacing(void **state)
{
	struct entry *e;

	(void)state;
	start("ideal");
	put("a.example", ENTRY_DATA, TYPE_A, 10, 0);
	put("a.example", ENTRY_CUT, TYPE_NS, 10, 0);
	e = put("a.example", ENTRY_NODATA, TYPE_A, 10, 0);
	assert_ptr_equal(get("a.example", TYPE_A, 0), e);
	/* A delegation is no answer to NS. */
	assert_null(get("a.example", TYPE_NS, 0));
	arena_free(arena);
}

static void test_growing(void **state)
{
	char name[32];

	(void)state;
	start("ideal");
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		put(name, ENTRY_DATA, (uint16_t)(i + 1), 10, 0);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		assert_non_null(get(name, (uint16_t)(i + 1), 0));
	}
	arena_free(arena);
}

static void test_ttl_bounds(void **state)
{
	(void)state;
	start("knot-resolver-5.6");
	assert_int_equal(cache_ttl(&cache, 4), 5);
	assert_int_equal(cache_ttl(&cache, 5), 5);
	assert_int_equal(cache_ttl(&cache, 6), 6);
	assert_int_equal(cache_ttl(&cache, 86400), 86400);
	assert_int_equal(cache_ttl(&cache, 86401), 86400);
	arena_free(arena);
	start("ideal");
	/* RFC 2181 8. */
	assert_int_equal(cache_ttl(&cache, 0x80000000u), 0);
	arena_free(arena);
}

int main(void)
{
	TESTS_ADD(test_lifetime);
	TESTS_ADD(test_whole_seconds);
	TESTS_ADD(test_zero_is_not_kept);
	TESTS_ADD(test_replacing);
	TESTS_ADD(test_growing);
	TESTS_ADD(test_ttl_bounds);
	return tests_run("resolver-cache");
}
