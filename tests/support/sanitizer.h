/* Which sanitizer checks this program: gcc and clang say it in different ways. */
#ifndef HONE_TESTS_SANITIZER_H
#define HONE_TESTS_SANITIZER_H

#if defined(__SANITIZE_THREAD__)
#define TEST_TSAN 1
#elif defined(__SANITIZE_ADDRESS__)
#define TEST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEST_TSAN 1
#elif __has_feature(address_sanitizer)
#define TEST_ASAN 1
#endif
#endif

#ifndef TEST_TSAN
#define TEST_TSAN 0
#endif
#ifndef TEST_ASAN
#define TEST_ASAN 0
#endif
/* Each access is checked: times and resident memory say nothing. */
#define TEST_SANITIZED (TEST_TSAN || TEST_ASAN)

#endif
