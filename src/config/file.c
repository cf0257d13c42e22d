// hark.yaml: a mapping of settings. kafka.* keys go through to librdkafka, as `kafka.linger.ms: 5` or nested under
// `kafka.`.

#include "load.h"

#include <hark/versions.h>

#include <errno.h>
#include <stdio.h>
#include <yaml.h>

struct reader {
    struct hark_config *cfg;
    const char *path;
    struct hark_arena *arena;
    struct hark_err *err;
    const char **kafka; // key, value, …
    size_t nkafka, kafka_cap;
};

static int at(struct reader *reader, yaml_mark_t mark, const char *text, struct hark_str name, const char *more)
{
    return hark_err_at(reader->err, HARK_EINPUT, reader->path, (unsigned)mark.line + 1, (unsigned)mark.column + 1,
                       "%s" HARK_STR_FMT "%s", text, HARK_STR_ARG(name), more);
}

static struct hark_str scalar(const yaml_node_t *node)
{
    return hark_strn((const char *)node->data.scalar.value, node->data.scalar.length);
}

static int unknown(struct reader *reader, const yaml_node_t *key)
{
    struct hark_buf words = {0};
    char near[64], more[128] = "";
    for (const struct hark_setting *setting = hark_settings; setting->name; setting++)
        if (!setting->flag_only && !setting->secret) hark_buf_printf(&words, "%s ", setting->name);
    if (hark_nearest(scalar(key), hark_buf_cstr(&words), near, sizeof near))
        snprintf(more, sizeof more, "'; did you mean '%s'?", near);
    hark_buf_done(&words);
    return at(reader, key->start_mark, "unknown setting '", scalar(key),
              *more ? more : "'; `hark help settings` lists them");
}

static int pair(struct reader *reader, const yaml_node_t *key, const yaml_node_t *value)
{
    if (key->type != YAML_SCALAR_NODE || value->type != YAML_SCALAR_NODE)
        return at(reader, value->start_mark, "a setting is one line, name: value", HARK_STR(""), "");
    struct hark_str name = scalar(key);
    if (hark_str_starts(name, HARK_STR("kafka.")) && name.len > 6) {
        reader->kafka = hark_grow(reader->kafka, reader->nkafka + 3, &reader->kafka_cap, sizeof *reader->kafka);
        reader->kafka[reader->nkafka++] = hark_arena_str(reader->arena, hark_strn(name.ptr + 6, name.len - 6)).ptr;
        reader->kafka[reader->nkafka++] = hark_arena_str(reader->arena, scalar(value)).ptr;
        return 0;
    }
    for (const struct hark_setting *setting = hark_settings; setting->name; setting++) {
        if (!hark_str_is(name, setting->name) || setting->flag_only) continue;
        if (setting->secret)
            return at(reader, key->start_mark, "secrets do not stand in the settings file: ", name,
                      " comes from the environment");
        struct hark_err wrong = {0};
        if (config_set(reader->cfg, setting, scalar(value), setting->name, reader->arena, &wrong))
            return at(reader, value->start_mark, "", hark_str(wrong.text), "");
        return 0;
    }
    return unknown(reader, key);
}

static int document(struct reader *reader, yaml_document_t *doc)
{
    yaml_node_t *root = yaml_document_get_root_node(doc);
    if (!root) return 0;
    if (root->type != YAML_MAPPING_NODE)
        return at(reader, root->start_mark, "settings are written name: value, one a line", HARK_STR(""), "");
    for (yaml_node_pair_t *p = root->data.mapping.pairs.start; p < root->data.mapping.pairs.top; p++)
        if (pair(reader, yaml_document_get_node(doc, p->key), yaml_document_get_node(doc, p->value)))
            return reader->err->code;
    return 0;
}

static void keep_kafka(struct reader *reader)
{
    if (!reader->kafka) return;
    reader->kafka[reader->nkafka] = NULL;
    reader->cfg->kafka_settings =
        hark_arena_copy(reader->arena, reader->kafka, reader->nkafka + 1, sizeof *reader->kafka);
    free(reader->kafka);
}

int config_file(struct hark_config *cfg, const char *path, bool must_exist, struct hark_arena *arena,
                struct hark_err *err)
{
    struct reader reader = {.cfg = cfg, .path = path, .arena = arena, .err = err};
    yaml_parser_t parser;
    yaml_document_t doc;
    FILE *file = fopen(path, "re");
    if (!file)
        return !must_exist && errno == ENOENT ? 0 : hark_err_set(err, HARK_EINPUT, "%s: %s", path, strerror(errno));
    if (!yaml_parser_initialize(&parser)) {
        fclose(file);
        return hark_err_set(err, HARK_EBUG, "%s: no YAML parser", path);
    }
    yaml_parser_set_input_file(&parser, file);
    if (yaml_parser_load(&parser, &doc)) {
        document(&reader, &doc);
        yaml_document_delete(&doc);
    } else {
        at(&reader, parser.problem_mark, parser.problem ? parser.problem : "cannot be read", HARK_STR(""), "");
    }
    keep_kafka(&reader);
    yaml_parser_delete(&parser);
    fclose(file);
    return err->code;
}

void hark_config_yaml(char *out, size_t size)
{
    snprintf(out, size, "%s", yaml_get_version_string());
}
