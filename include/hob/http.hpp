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

// What messages carry.
#include <hob/http/auth.hpp>           // Challenge, DigestAuth, basic_authorization
#include <hob/http/charset.hpp>        // decode_text
#include <hob/http/coding.hpp>         // Decoder, Encoder
#include <hob/http/cookies.hpp>        // Cookie, CookieJar
#include <hob/http/header_values.hpp>  // ContentType, ContentDisposition, Link
#include <hob/http/multipart.hpp>      // FormData, MultipartParser
#include <hob/http/params.hpp>         // Params
#include <hob/http/url.hpp>            // Url

// The client.
#include <hob/http/client_error.hpp>       // ClientError and its kin
#include <hob/http/client_options.hpp>     // ClientOptions, ClientTimeout, TraceEvent
#include <hob/http/client_session.hpp>     // ClientSession, fetch
#include <hob/http/connector.hpp>          // Connector
#include <hob/http/event_source.hpp>       // EventSource, EventParser
#include <hob/http/netrc.hpp>              // Netrc
#include <hob/http/proxy_environment.hpp>  // ProxyEnvironment
#include <hob/http/request_builder.hpp>    // RequestBuilder
#include <hob/http/resolver.hpp>           // Resolver
#include <hob/http/response.hpp>           // Response, Content

// The server.
#include <hob/http/byte_range.hpp>        // RangeRequest
#include <hob/http/event_stream.hpp>      // EventStream, event_stream
#include <hob/http/http_exception.hpp>    // HTTPException, HTTPNotFound and its kin
#include <hob/http/json.hpp>              // parse_json, dump_json, json_traits
#include <hob/http/multipart_reader.hpp>  // MultipartReader, Form
#include <hob/http/preconditions.hpp>     // check_preconditions, EntityTag
#include <hob/http/serve.hpp>             // serve, create_server_context
#include <hob/http/server.hpp>            // Server
#include <hob/http/server_request.hpp>    // ServerRequest
#include <hob/http/server_response.hpp>   // ServerResponse, text_response, json_response
#include <hob/http/set_cookie.hpp>        // CookieOptions, parse_cookies
#include <hob/http/static_files.hpp>      // StaticFiles, file_response
