// Which librdkafka is loaded.

#include <hark/versions.h>

#include <stdio.h>

#include <librdkafka/rdkafka.h>

void hark_stream_rdkafka(char *out, size_t size)
{
    snprintf(out, size, "%s", rd_kafka_version_str());
}
