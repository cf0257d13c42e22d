// Between view.c, which folds, and edges.c, which tells where words start and end.
#pragma once

#include <hark/text.h>

void edges_make(const char *text, size_t len, uint8_t *edge);

// Bytes of the link that starts at i (at "http", "https" or "www."), 0 where there is none.
size_t link_bytes(struct hark_str s, size_t i);
// Bytes of the @handle whose sign ends before i: those behind the sign, 0 where there is none.
size_t handle_bytes(struct hark_str s, size_t i);
