// SPDX-License-Identifier: MIT
// error_page: what an error looks like to the client.
#pragma once

#include <hob/http/server.hpp>
#include <hob/http/server_request.hpp>
#include <hob/http/server_response.hpp>

#include <string_view>

namespace hob::http::detail {

/// `request` is null for what was no request. Statuses that are no errors are plain text.
ServerResponse error_page(ErrorPages kind, const ServerRequest* request, int status,
                          std::string_view text);

}  // namespace hob::http::detail
