// hark new: a first brand file, whose comments say what each part is for.

#include "cli.h"

#include <hark/rules.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_name(const char *name, const char *what, struct hark_err *err)
{
    size_t len = strlen(name);
    bool fine = len > 0 && len <= HARK_RULES_MAX_NAME_BYTES &&
                strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len && strspn(name, "-") < len;
    if (fine) return 0;
    return hark_err_set(err, HARK_EINPUT, "%s \"%s\": a name is small letters, digits and -, at most %d: acorn-coats",
                        what, name, HARK_RULES_MAX_NAME_BYTES);
}

// acorn-coats as `acorn coats` or, with capitals, as `AcornCoats`.
static void add_name(struct hark_buf *buf, const char *name, bool capitals)
{
    bool start = true, any = false;
    for (; *name; name++) {
        if (*name == '-') {
            start = true;
            continue;
        }
        if (start && any && !capitals) hark_buf_char(buf, ' ');
        hark_buf_char(buf, start && capitals ? (char)toupper((unsigned char)*name) : *name);
        any = true;
        start = false;
    }
}

// Which of the shipped intents stand beside the file, so that it may name them.
static bool has_intent(const char *dir, const char *name)
{
    struct hark_buf path = {0};
    hark_buf_printf(&path, "%s/intents/%s.yaml", dir, name);
    bool found = access(hark_buf_cstr(&path), R_OK) == 0;
    hark_buf_done(&path);
    return found;
}

static void add_listen(struct hark_buf *buf, const char *brand, const char *team, const char *tag, const char *words)
{
    hark_buf_printf(buf,
                    "# %s: what names the brand, what people say of it that counts, and who is told.\n"
                    "# `hark check` finds mistakes in this file, `hark test` tries the posts at its end, `hark explain "
                    "--text '…'`\n"
                    "# says why a post hits or does not.\n\n"
                    "brand: %s      # the name in reports and of the counters\n"
                    "team: %s       # alerts go to hark.alerts.%s\n\n"
                    "# Any one of these names the brand. Case does not matter.\n"
                    "listen:\n"
                    "  hashtags: [%s]\n"
                    "  # Words in the text. A star leaves an end open: coat* also finds coats.\n"
                    "  keywords: [\"%s\"]\n"
                    "  # Accounts and web sites of the brand: take the # away and put yours in.\n"
                    "  # handles: [your_account, your-account.bsky.social]\n"
                    "  # domains: [your-shop.example]\n\n"
                    "# What only looks like the brand: such a post does not count.\n"
                    "# ignore:\n"
                    "#   phrases: [\"%s street\"]\n"
                    "#   handles: [your_jobs_account]\n\n",
                    words, brand, team, team, tag, words, words);
}

static void add_intents(struct hark_buf *buf, bool shipped)
{
    hark_buf_printf(
        buf,
        "# What people say of the brand. Names of files in intents/, or an intent of your own, written here: its\n"
        "# phrases, in as many languages as you like, and with `not` what looks like one and is none.\n"
        "intents:\n%s"
        "  - name: in-stock\n"
        "    phrases:\n"
        "      en: [sold out, out of stock, back in stock, restock*]\n"
        "    not:\n"
        "      en: [never sold out]\n\n"
        "# Each post that hits one of these becomes a message for the team.\n"
        "alerts:\n"
        "  - on: %s\n\n",
        shipped ? "  - want\n  - complaint\n" : "", shipped ? "complaint" : "in-stock");
}

static void add_tests(struct hark_buf *buf, const char *tag, const char *words, bool shipped)
{
    hark_buf_printf(
        buf,
        "# Posts and what they should hit. Add each post that goes wrong: the cheapest way to rules that stay good.\n"
        "tests:\n"
        "  - post: \"Is the green one from %s back in stock?\"\n"
        "    hits: [in-stock]\n"
        "  - post: \"#%s today\"                 # names the brand and says nothing else of it\n"
        "    hits: []\n"
        "  - post: \"Good morning\"               # does not name the brand at all\n"
        "    hits: none\n",
        words, tag);
    if (shipped)
        hark_buf_printf(buf,
                        "  - post: \"I really want this #%s thing\"\n"
                        "    hits: [want]\n"
                        "  - post: \"Still waiting for my %s order, never again\"\n"
                        "    hits: [complaint]\n",
                        tag, words);
}

static int make_folder(const char *dir, struct hark_err *err)
{
    if (mkdir(dir, 0777) == 0 || errno == EEXIST) return 0;
    return hark_err_set(err, HARK_EINPUT, "--dir %s: %s", dir, strerror(errno));
}

static int write_file(const char *path, struct hark_str text, struct hark_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno == EEXIST ? hark_err_set(err, HARK_EINPUT, "%s is there already: nothing was changed", path)
                               : hark_err_set(err, HARK_EINPUT, "%s: %s", path, strerror(errno));
    ssize_t n = write(fd, text.ptr, text.len);
    if (close(fd) == 0 && n == (ssize_t)text.len) return 0;
    unlink(path);
    return hark_err_set(err, HARK_EINPUT, "%s cannot be written", path);
}

static int make(const struct hark_config *cfg, const char *brand, struct hark_buf text[4], struct hark_err *err)
{
    bool shipped = has_intent(cfg->dir, "want") && has_intent(cfg->dir, "complaint");
    struct hark_buf *path = &text[0], *body = &text[1];
    add_name(&text[2], brand, true);
    add_name(&text[3], brand, false);
    const char *tag = hark_buf_cstr(&text[2]), *words = hark_buf_cstr(&text[3]);
    hark_buf_printf(path, "%s/%s.yaml", cfg->dir, brand);
    add_listen(body, brand, cfg->team ? cfg->team : brand, tag, words);
    add_intents(body, shipped);
    add_tests(body, tag, words, shipped);
    if (make_folder(cfg->dir, err) < 0 || write_file(hark_buf_cstr(path), hark_buf_str(body), err) < 0)
        return err->code;
    printf("%s is written. Open it, then:\n  hark check %s\n  hark test %s\n  hark explain --rules %s --text 'what "
           "people post'\n",
           path->ptr, cfg->dir, cfg->dir, cfg->dir);
    return 0;
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    struct hark_buf text[4] = {{0}};
    if (check_name(args->v[0], "brand", err) < 0 || (cfg->team && check_name(cfg->team, "--team", err) < 0))
        return err->code;
    (void)make(cfg, args->v[0], text, err);
    for (int i = 0; i < 4; i++) hark_buf_done(&text[i]);
    return err->code;
}

const struct hark_command hark_command_new = {
    .name = "new",
    .arguments = "BRAND",
    .about = "writes a first brand file, with comments that say what each part is for",
    .least = 1,
    .most = 1,
    .run = run,
};
