// hark version: what this build is made of and what it can reach.

#include "cli.h"

#include <hark/source.h>
#include <hark/versions.h>

#include <stdio.h>

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    char text[128];
    (void)cfg;
    (void)args;
    (void)err;
    printf("hark %s\ncompiler %s\n", HARK_VERSION, __VERSION__);
    for (const struct hark_library *library = hark_libraries; library->name; library++) {
        library->version(text, sizeof text);
        printf("%s %s\n", library->name, text);
    }
    printf("sources");
    for (const struct hark_source_kind *const *kind = hark_source_kinds; *kind; kind++)
        if (hark_source_kind_reachable(*kind)) printf(" %s", (*kind)->name);
    putchar('\n');
    for (const struct hark_source_kind *const *kind = hark_source_kinds; *kind; kind++)
        if (!hark_source_kind_reachable(*kind))
            printf("out of reach: %s needs a libcurl that speaks %s\n", (*kind)->name, (*kind)->needs);
    return 0;
}

const struct hark_command hark_command_version = {
    .name = "version",
    .arguments = "",
    .about = "prints version, compiler, libraries and the sources that this build can reach",
    .run = run,
};
