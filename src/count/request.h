// One command to Redis as it goes over the wire, written straight into a buffer: a commit has ten thousands of
// arguments.
//
// Init by zeroing. A number that is known only later gets a slot of fixed width, with zeros in front.
#pragma once

#include <hark/str.h>

struct hark_request {
    struct hark_buf text; // all but the head: "*<n>\r\n" and the arguments that the sender puts first
    size_t nargs;
};

void hark_request_clear(struct hark_request *request);
void hark_request_done(struct hark_request *request);
void hark_request_arg(struct hark_request *request, struct hark_str arg);
// One argument of two texts.
void hark_request_arg2(struct hark_request *request, struct hark_str a, struct hark_str b);
void hark_request_int(struct hark_request *request, int64_t number);
size_t hark_request_slot(struct hark_request *request); // where hark_request_fill() puts its number
void hark_request_fill(struct hark_request *request, size_t slot, size_t number); // below 100 million
