// SPDX-License-Identifier: MIT
// HTTP, as a table of contents: the component hob::http. Nothing inside the library includes this
// file.
#pragma once

// What both sides speak of.
#include <hob/http/headers.hpp>  // Headers
#include <hob/http/method.hpp>   // Method
#include <hob/http/status.hpp>   // Status, reason_phrase

// HTTP/1 as bytes, without I/O.
#include <hob/http/date.hpp>             // format_http_date, parse_http_date
#include <hob/http/parsing.hpp>          // ParserLimits, ParseStep
#include <hob/http/request_parser.hpp>   // RequestParser
#include <hob/http/response_parser.hpp>  // ResponseParser
#include <hob/http/serializer.hpp>       // write_request_line, write_status_line, write_chunk
