// Defaults, then the file, then the environment, then the flags.

#include "load.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool in_words(const char *words, struct hark_str word, const char *separators)
{
    while (*words) {
        size_t n = strcspn(words, separators);
        if (hark_str_eq(hark_strn(words, n), word)) return true;
        words += n + (words[n] != 0);
    }
    return false;
}

bool hark_setting_of(const struct hark_setting *setting, const char *command)
{
    return strcmp(setting->commands, "*") == 0 || in_words(setting->commands, hark_str(command), " ");
}

static int set_int(int64_t *at, const struct hark_setting *setting, struct hark_str value, const char *where,
                   struct hark_err *err)
{
    int64_t number;
    if (hark_str_int(value, &number) || number < setting->min || number > setting->max)
        return hark_err_set(err, HARK_EINPUT, "%s: '" HARK_STR_FMT "' is no whole number from %lld to %lld", where,
                            HARK_STR_ARG(value), (long long)setting->min, (long long)setting->max);
    *at = number;
    return 0;
}

// "1x", "60x", "0.5x"
static int set_speed(double *at, struct hark_str value, const char *where, struct hark_err *err)
{
    char text[32], *end = text;
    if (value.len > 1 && value.len < sizeof text && value.ptr[value.len - 1] == 'x' &&
        isdigit((unsigned char)value.ptr[0])) {
        memcpy(text, value.ptr, value.len - 1);
        text[value.len - 1] = 0;
        double speed = strtod(text, &end);
        if (*end == 0 && speed > 0 && speed <= 1e6) {
            *at = speed;
            return 0;
        }
    }
    return hark_err_set(err, HARK_EINPUT, "%s: '" HARK_STR_FMT "' is no speed such as 1x, 0.5x or 60x", where,
                        HARK_STR_ARG(value));
}

// "30s", "10m", "2h", "500ms" into milliseconds
static int set_duration(int64_t *at, struct hark_str value, const char *where, struct hark_err *err)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t number;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct hark_str unit = hark_str(units[i].unit);
        if (!hark_str_ends(value, unit)) continue;
        if (hark_str_int(hark_strn(value.ptr, value.len - unit.len), &number) || number < 1 || number > 1000000)
            continue;
        *at = number * units[i].ms;
        return 0;
    }
    return hark_err_set(err, HARK_EINPUT, "%s: '" HARK_STR_FMT "' is no time such as 30s, 10m or 2h", where,
                        HARK_STR_ARG(value));
}

static int set_flag(bool *at, struct hark_str value, const char *where, struct hark_err *err)
{
    bool on = hark_str_is(value, "true") || hark_str_is(value, "1");
    if (!on && !hark_str_is(value, "false") && !hark_str_is(value, "0"))
        return hark_err_set(err, HARK_EINPUT, "%s: '" HARK_STR_FMT "' is neither true nor false", where,
                            HARK_STR_ARG(value));
    *at = on;
    return 0;
}

int config_set(struct hark_config *cfg, const struct hark_setting *setting, struct hark_str value, const char *where,
               struct hark_arena *arena, struct hark_err *err)
{
    void *at = (char *)cfg + setting->offset;
    if (setting->choices && !in_words(setting->choices, value, "|"))
        return hark_err_set(err, HARK_EINPUT, "%s: '" HARK_STR_FMT "' is none of %s", where, HARK_STR_ARG(value),
                            setting->choices);
    switch (setting->type) {
    case HARK_SETTING_INT: return set_int(at, setting, value, where, err);
    case HARK_SETTING_SPEED: return set_speed(at, value, where, err);
    case HARK_SETTING_DURATION: return set_duration(at, value, where, err);
    case HARK_SETTING_FLAG: return set_flag(at, value, where, err);
    case HARK_SETTING_TEXT: break;
    }
    if (value.len == 0 || memchr(value.ptr, 0, value.len))
        return hark_err_set(err, HARK_EINPUT, "%s: a value is missing", where);
    *(const char **)at = hark_arena_str(arena, value).ptr;
    return 0;
}

static int defaults(struct hark_config *cfg, struct hark_arena *arena, struct hark_err *err)
{
    for (const struct hark_setting *setting = hark_settings; setting->name; setting++)
        if (setting->fallback && config_set(cfg, setting, hark_str(setting->fallback), setting->name, arena, err))
            return err->code;
    return 0;
}

static void env_name(const struct hark_setting *setting, const char *suffix, char *out, size_t size)
{
    snprintf(out, size, "HARK_%s%s", setting->name, suffix);
    for (char *c = out; *c; c++) *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

static int secret_from_file(struct hark_config *cfg, const struct hark_setting *setting, struct hark_arena *arena,
                            struct hark_err *err)
{
    enum { LONGEST = 4096 };
    char name[64], secret[LONGEST];
    env_name(setting, "_FILE", name, sizeof name);
    const char *path = getenv(name);
    if (!path || !*path) return 0;
    FILE *file = fopen(path, "re");
    if (!file) return hark_err_set(err, HARK_EINPUT, "%s: %s: %s", name, path, strerror(errno));
    size_t n = fread(secret, 1, sizeof secret, file);
    fclose(file);
    return config_set(cfg, setting, hark_str_trim(hark_strn(secret, n)), name, arena, err);
}

static int environment(struct hark_config *cfg, struct hark_arena *arena, struct hark_err *err)
{
    for (const struct hark_setting *setting = hark_settings; setting->name; setting++) {
        char name[64];
        if (setting->flag_only) continue;
        if (setting->secret && secret_from_file(cfg, setting, arena, err)) return err->code;
        env_name(setting, "", name, sizeof name);
        const char *value = getenv(name);
        if (value && *value && config_set(cfg, setting, hark_str(value), name, arena, err)) return err->code;
    }
    return 0;
}

static int unknown_flag(const char *command, struct hark_str name, struct hark_err *err)
{
    struct hark_buf words = {0};
    char near[64];
    for (const struct hark_setting *setting = hark_settings; setting->name; setting++) {
        if (setting->secret && hark_str_is(name, setting->name)) {
            char env[64];
            env_name(setting, "", env, sizeof env);
            return hark_err_set(err, HARK_EINPUT,
                                "--%s: secrets come from the environment (%s) or a file (%s_FILE), never from a flag",
                                setting->name, env, env);
        }
        if (!setting->secret && hark_setting_of(setting, command)) hark_buf_printf(&words, "%s ", setting->name);
    }
    if (hark_nearest(name, hark_buf_cstr(&words), near, sizeof near))
        hark_err_set(err, HARK_EINPUT, "unknown option --" HARK_STR_FMT "; did you mean --%s?", HARK_STR_ARG(name),
                     near);
    else
        hark_err_set(err, HARK_EINPUT, "unknown option --" HARK_STR_FMT "; `hark %s --help` lists them",
                     HARK_STR_ARG(name), command);
    hark_buf_done(&words);
    return err->code;
}

static const struct hark_setting *find(const char *command, struct hark_str name)
{
    for (const struct hark_setting *setting = hark_settings; setting->name; setting++)
        if (!setting->secret && hark_str_is(name, setting->name) && hark_setting_of(setting, command)) return setting;
    return NULL;
}

// One flag at argv[*i]; moves *i to its value where that stands apart.
static int flag(struct hark_config *cfg, const char *command, int argc, char **argv, int *i, struct hark_arena *arena,
                struct hark_err *err)
{
    struct hark_str value, name = hark_str_cut(hark_str(argv[*i] + 2), '=', &value);
    const struct hark_setting *setting = find(command, name);
    if (!setting) return unknown_flag(command, name, err);
    char where[80];
    snprintf(where, sizeof where, "--%s", setting->name);
    if (setting->type == HARK_SETTING_FLAG && !value.ptr) value = HARK_STR("true");
    if (!value.ptr) {
        if (*i + 1 >= argc)
            return hark_err_set(err, HARK_EINPUT, "%s: a value is missing: %s %s", where, where, setting->argument);
        value = hark_str(argv[++*i]);
    }
    return config_set(cfg, setting, value, where, arena, err);
}

// `config` only looks for --config, which must be known before the rest.
static int flags(struct hark_config *cfg, const char *command, int argc, char **argv, bool only_config,
                 struct hark_arena *arena, struct hark_args *args, struct hark_err *err)
{
    args->n = 0;
    for (int i = 0; i < argc; i++) {
        bool plain = strncmp(argv[i], "--", 2) != 0 && strcmp(argv[i], "-h") != 0;
        if (strcmp(argv[i], "--") == 0) {
            while (++i < argc) args->v[args->n++] = argv[i];
        } else if (plain) {
            if (argv[i][0] == '-' && argv[i][1])
                return hark_err_set(err, HARK_EINPUT, "unknown option %s; options are written --name", argv[i]);
            args->v[args->n++] = argv[i];
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            args->help = true;
        } else if (!only_config || strcmp(argv[i], "--config") == 0 || strncmp(argv[i], "--config=", 9) == 0) {
            if (flag(cfg, command, argc, argv, &i, arena, err)) return err->code;
        }
    }
    return 0;
}

static void default_state(struct hark_config *cfg, struct hark_arena *arena)
{
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (cfg->state) return;
    if (base && *base == '/')
        cfg->state = hark_arena_printf(arena, "%s/hark", base).ptr;
    else
        cfg->state = hark_arena_printf(arena, "%s/.local/state/hark", home && *home ? home : "/var/lib/hark").ptr;
}

int hark_config_load(struct hark_config *cfg, const char *command, int argc, char **argv, struct hark_arena *arena,
                     struct hark_args *args, struct hark_err *err)
{
    args->v = hark_arena_alloc(arena, sizeof *args->v * (size_t)(argc + 1));
    if (defaults(cfg, arena, err) || flags(cfg, command, argc, argv, true, arena, args, err)) return err->code;
    const char *path = cfg->config ? cfg->config : access("hark.yaml", F_OK) == 0 ? "hark.yaml" : "/etc/hark/hark.yaml";
    if (config_file(cfg, path, cfg->config != NULL, arena, err) || environment(cfg, arena, err)) return err->code;
    if (flags(cfg, command, argc, argv, false, arena, args, err)) return err->code;
    default_state(cfg, arena);
    return 0;
}
