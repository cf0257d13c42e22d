// The day that YouTube's quota is counted in.
#pragma once

#include <stdint.h>

// The latest midnight in California that is not after `ms`.
int64_t hark_youtube_midnight_ms(int64_t ms);
