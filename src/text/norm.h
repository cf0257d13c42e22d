// Sequences of code points: decompose, put into canonical order, fold, compose. Every step is linear in the length,
// whatever a hostile text piles up, which utf8proc's own ordering is not.
#pragma once

#include <hark/str.h>

struct cps {
    int32_t *v;
    size_t n, cap;
};

void cps_add(struct cps *cps, uint32_t c);
void cps_done(struct cps *cps);
// An empty sequence in the memory of a buffer, so that a caller who keeps the buffer allocates once; the buffer is the
// sequence's until it is given back, then empty.
struct cps cps_borrow(struct hark_buf *buf);
void cps_return(struct cps *cps, struct hark_buf *buf);

// Each adds the decomposition of c (not ordered).
void norm_add_canonical(struct cps *cps, uint32_t c);
void norm_add_compat(struct cps *cps, uint32_t c);
void norm_add_folded(struct cps *cps, uint32_t c);
// The small letter of c, or c.
int32_t norm_lower(int32_t c);
// Canonical ordering and canonical composition in place.
void norm_order(struct cps *cps);
void norm_compose(struct cps *cps);
// Adds the code points to the buffer as UTF-8.
void norm_encode(const struct cps *cps, struct hark_buf *buf);
