// Whether this is built with the thread sanitizer. It does not see the threads that librdkafka starts (C11's
// thrd_create) and ends with a crash at the first of them, so tests that talk to Kafka skip there.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define HARK_TEST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HARK_TEST_TSAN 1
#endif
#endif
#ifndef HARK_TEST_TSAN
#define HARK_TEST_TSAN 0
#endif
