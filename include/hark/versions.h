// The libraries that hark is linked with, each asked by the one room that includes its header.
#pragma once

#include <stddef.h>

struct hark_library {
    const char *name;
    void (*version)(char *out, size_t size); // the version that is loaded, not the one that was compiled against
};
extern const struct hark_library hark_libraries[]; // ends with name NULL

void hark_text_utf8proc(char *out, size_t size);
void hark_source_jansson(char *out, size_t size);
void hark_source_zlib(char *out, size_t size);
void hark_source_xml(char *out, size_t size);
void hark_source_curl(char *out, size_t size);
void hark_config_yaml(char *out, size_t size);
void hark_match_pcre2(char *out, size_t size);
void hark_match_hs(char *out, size_t size);
void hark_count_hiredis(char *out, size_t size);
void hark_stream_rdkafka(char *out, size_t size);
void hark_listen_microhttpd(char *out, size_t size);
