// The table of libraries.

#include <hark/versions.h>

const struct hark_library hark_libraries[] = {
    {"librdkafka", hark_stream_rdkafka},
    {"pcre2", hark_match_pcre2},
    {"libhs", hark_match_hs},
    {"jansson", hark_source_jansson},
    {"hiredis", hark_count_hiredis},
    {"libyaml", hark_config_yaml},
    {"utf8proc", hark_text_utf8proc},
    {"zlib", hark_source_zlib},
    {"libcurl", hark_source_curl},
    {"libxml2", hark_source_xml},
    {"libmicrohttpd", hark_listen_microhttpd},
    {0},
};
