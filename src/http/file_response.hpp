// SPDX-License-Identifier: MIT
// From a file that was found to the answer that it is.
#pragma once

#include <hob/http/server_request.hpp>
#include <hob/http/server_response.hpp>
#include <hob/http/static_files.hpp>

#include "http/file_lookup.hpp"

namespace hob::http::detail {

/// Fills in the codings and the size to read at once: what the request and `options` say.
void prepare_query(FileQuery& query, const ServerRequest& request, const FileOptions& options);

/// Throws HTTPException for what the request makes of it.
ServerResponse answer_with(const ServerRequest& request, FileLookup file,
                           const FileOptions& options);

}  // namespace hob::http::detail
