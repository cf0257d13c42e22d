// Help, made from the tables of commands, settings and sources; so are the manual pages and the shell completion.

#include "cli.h"

#include <hark/source.h>

#include <ctype.h>
#include <stdio.h>

// Prints text filled to 80 columns, every line behind the first indented.
static void fill(const char *text, size_t indent, size_t column)
{
    while (*text) {
        size_t n = strcspn(text, " "), width = 0;
        for (size_t i = 0; i < n; i++) width += (text[i] & 0xC0) != 0x80;
        if (column + width > 80) {
            printf("\n%*s", (int)indent, "");
            column = indent;
        }
        printf("%.*s%s", (int)n, text, text[n] ? " " : "");
        column += width + 1;
        text += n + (text[n] != 0);
    }
    putchar('\n');
}

static void env_of(const struct hark_setting *setting, char *out, size_t size)
{
    snprintf(out, size, "HARK_%s", setting->name);
    for (char *c = out; *c; c++) *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++) width += (*text & 0xC0) != 0x80;
    return width;
}

static void describe(const struct hark_setting *setting, struct hark_buf *text)
{
    char env[64];
    hark_buf_printf(text, "%s", setting->help);
    if (setting->choices) hark_buf_printf(text, ": %s", setting->choices);
    if (setting->fallback) hark_buf_printf(text, " (default %s)", setting->fallback);
    env_of(setting, env, sizeof env);
    if (setting->secret) hark_buf_printf(text, "; or in the file that %s_FILE names", env);
}

static void print_setting(const struct hark_setting *setting)
{
    enum { INDENT = 26 };
    struct hark_buf left = {0}, text = {0};
    char env[64];
    env_of(setting, env, sizeof env);
    if (setting->secret)
        hark_buf_printf(&left, "  %s", env);
    else
        hark_buf_printf(&left, "  --%s%s%s", setting->name, setting->argument ? " " : "",
                        setting->argument ? setting->argument : "");
    describe(setting, &text);
    size_t width = width_of(hark_buf_cstr(&left));
    if (width + 2 > INDENT)
        printf("%s\n%*s", left.ptr, INDENT, "");
    else
        printf("%s%*s", left.ptr, (int)(INDENT - width), "");
    fill(hark_buf_cstr(&text), INDENT, INDENT);
    hark_buf_done(&left);
    hark_buf_done(&text);
}

static void print_sources(void)
{
    printf("\nSources are written name:argument\n");
    for (const struct hark_source_kind *const *kind = hark_source_kinds; *kind; kind++)
        printf("  %s:%-*s %s\n", (*kind)->name, (int)(22 - strlen((*kind)->name)), (*kind)->argument, (*kind)->about);
}

void hark_help_command(const struct hark_command *command)
{
    printf("hark %s [OPTIONS]%s%s\n\n", command->name, *command->arguments ? " " : "", command->arguments);
    fill(command->about, 0, 0);
    if (command->more) {
        putchar('\n');
        fill(command->more, 0, 0);
    }
    printf("\nOptions\n");
    for (const struct hark_setting *setting = hark_settings; setting->name; setting++)
        if (hark_setting_of(setting, command->name)) print_setting(setting);
    if (strstr(command->arguments, "SOURCE")) print_sources();
}

void hark_help_all(void)
{
    printf("hark listens to what people post about brands.\n\nCommands\n");
    for (const struct hark_command *const *command = hark_commands; *command; command++)
        printf("  %-9s %s\n", (*command)->name, (*command)->about);
    printf("\n`hark help COMMAND` says more. Settings come from hark.yaml, the environment (HARK_…) and\noptions, the "
           "later over the earlier: "
           "`hark help settings`.\n");
}

static void settings(void)
{
    printf("Settings: defaults < hark.yaml (--config) < environment (HARK_KAFKA=…) < --option\n"
           "kafka.NAME keys in hark.yaml go to librdkafka.\n\n");
    for (const struct hark_setting *setting = hark_settings; setting->name; setting++)
        if (!setting->flag_only) print_setting(setting);
}

// --- manual pages (roff, man(7)) and completion ---

static void roff(const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '-') putchar('\\');
        putchar(*text);
    }
    putchar('\n');
}

static void roff_setting(const struct hark_setting *setting, const char *before)
{
    printf(".TP\n\\fB%s", before);
    for (const char *c = setting->name; *c; c++) printf("%s%c", *c == '-' ? "\\" : "", *c);
    printf("\\fR%s%s\n", setting->argument ? " " : "", setting->argument ? setting->argument : "");
    struct hark_buf text = {0};
    hark_buf_printf(&text, "%s.", setting->help);
    if (setting->choices) hark_buf_printf(&text, " One of %s.", setting->choices);
    if (setting->fallback) hark_buf_printf(&text, " Default: %s.", setting->fallback);
    roff(hark_buf_cstr(&text));
    hark_buf_done(&text);
}

static void man_commands(void)
{
    printf(".TH HARK 1 \"\" \"hark " HARK_VERSION
           "\" \"User Commands\"\n.SH NAME\nhark \\- listen to what people post about brands\n"
           ".SH SYNOPSIS\n.B hark\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n");
    for (const struct hark_command *const *command = hark_commands; *command; command++) {
        printf(".SH hark %s\n", (*command)->name);
        printf("\\fBhark %s\\fR %s\n.PP\n", (*command)->name, (*command)->arguments);
        roff((*command)->about);
        if ((*command)->more) {
            printf(".PP\n");
            roff((*command)->more);
        }
        for (const struct hark_setting *setting = hark_settings; setting->name; setting++)
            if (!setting->secret && hark_setting_of(setting, (*command)->name) && strcmp(setting->commands, "*"))
                roff_setting(setting, "\\-\\-");
    }
    printf(".SH EXIT STATUS\n0 done, 1 the input is wrong, 2 a service is out of reach, 3 a defect in hark.\n.SH SEE "
           "ALSO\nhark.yaml(5)\n");
}

static void man_settings(void)
{
    printf(".TH HARK.YAML 5 \"\" \"hark " HARK_VERSION
           "\" \"File Formats\"\n.SH NAME\nhark.yaml \\- settings of hark\n.SH DESCRIPTION\n"
           "A YAML mapping, one setting a line, read from the working folder, from /etc/hark or from where "
           "\\-\\-config says. The environment "
           "(HARK_KAFKA for kafka) comes before it, options before both. Keys that begin with kafka. go to "
           "librdkafka.\n.SH SETTINGS\n");
    for (const struct hark_setting *setting = hark_settings; setting->name; setting++)
        if (!setting->flag_only && !setting->secret) roff_setting(setting, "");
}

static void completion(void)
{
    printf("_hark() {\n  local cur=${COMP_WORDS[COMP_CWORD]} words=\n  if [ \"$COMP_CWORD\" = 1 ]; then words='");
    for (const struct hark_command *const *command = hark_commands; *command; command++)
        printf("%s ", (*command)->name);
    printf("'\n  else case ${COMP_WORDS[1]} in\n");
    for (const struct hark_command *const *command = hark_commands; *command; command++) {
        printf("  %s) words='", (*command)->name);
        for (const struct hark_setting *setting = hark_settings; setting->name; setting++)
            if (!setting->secret && hark_setting_of(setting, (*command)->name)) printf("--%s ", setting->name);
        printf("';;\n");
    }
    printf("  esac; fi\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -o default -F _hark "
           "hark\n");
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } topics[] = {
        {"settings", settings}, {"man", man_commands}, {"man-settings", man_settings}, {"completion", completion}};
    (void)cfg;
    if (args->n == 0) {
        hark_help_all();
        return 0;
    }
    const struct hark_command *command = hark_command_find(hark_str(args->v[0]));
    if (command) {
        hark_help_command(command);
        return 0;
    }
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        if (strcmp(args->v[0], topics[i].name)) continue;
        topics[i].print();
        return 0;
    }
    return hark_err_set(err, HARK_EINPUT,
                        "no help on '%s'; there is help on each command, settings, man, man-settings and completion",
                        args->v[0]);
}

const struct hark_command hark_command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .about = "explains a command; also: settings, man, man-settings, completion (for bash)",
    .most = 1,
    .run = run,
};
