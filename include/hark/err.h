// Why something failed, on the caller's stack.
//
// Functions that can fail return 0 or a negative HARK_E…, or a pointer or NULL, and take a `struct hark_err *` last
// (never NULL). Init by zeroing. The first error that is set stays; later ones are ignored, so that a cleanup cannot
// hide the cause.
#pragma once

#include <hark/str.h>

enum hark_code {
    HARK_OK = 0,
    HARK_EINPUT = -1,   // the user's input is wrong: exit status 1
    HARK_ESERVICE = -2, // a service is out of reach: exit status 2
    HARK_EBUG = -3,     // a defect in hark: exit status 3
    HARK_ESTOP = -4,    // the caller asked to stop
};

struct hark_err {
    int code;              // enum hark_code
    bool retriable;        // trying again may help
    unsigned line, column; // from 1; 0 where there is none
    char file[512];
    char text[1024];
};

#define HARK_CHECKED __attribute__((warn_unused_result))

// Sets the error unless one is set; returns `code`. The text is cut at a character's border where it is too long.
int hark_err_set(struct hark_err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
// As hark_err_set, and says that trying again may help.
int hark_err_retry(struct hark_err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
// As hark_err_set, with a place in a file (file may be "", line and column 0).
int hark_err_at(struct hark_err *err, int code, const char *file, unsigned line, unsigned column, const char *format,
                ...) __attribute__((format(printf, 6, 7)));
// "file:line:column: error: text" or what of that is known; never NULL, ends in NUL, valid until the next call in the
// thread.
const char *hark_err_str(const struct hark_err *err);
// 0 done, 1 input, 2 service, 3 bug.
int hark_err_exit(const struct hark_err *err);
