// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/executor/run_in_executor.hpp>
#include <hob/http/http_exception.hpp>
#include <hob/http/static_files.hpp>
#include <hob/http/url.hpp>

#include <cerrno>
#include <utility>

#include "http/file_lookup.hpp"
#include "http/file_response.hpp"

namespace hob::http {

namespace {

using Kind = detail::FileLookup::Kind;

void append_html(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
}

/// A page of links. `./` in front: `a:b` would be a URL of a scheme of its own.
ServerResponse listing(const ServerRequest& request, const std::vector<std::string>& names) {
  std::string title = "Index of ";
  append_html(title, request.path());
  std::string html = "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>" + title +
                     "</title></head>\n<body><h1>" + title + "</h1>\n<ul>\n";
  for (const std::string& name : names) {
    const bool directory = name.ends_with('/');
    const std::string plain = name.substr(0, name.size() - (directory ? 1 : 0));
    html += "<li><a href=\"./" + percent_encode(plain) + (directory ? "/" : "") + "\">";
    append_html(html, name);
    html += "</a></li>\n";
  }
  return html_response(html + "</ul>\n</body></html>\n");
}

/// Where the same path with a slash is, from here: absolute, `//host/..` would lead elsewhere.
std::string slashed(const ServerRequest& request) {
  const std::string_view path = request.raw_path();
  std::string to = "./" + std::string(path.substr(path.rfind('/') + 1)) + "/";
  if (!request.query_string().empty()) to.append("?").append(request.query_string());
  return to;
}

}  // namespace

StaticFiles::StaticFiles(Text directory, StaticOptions options)
    : directory_(directory.data(), directory.size()), options_(std::move(options)) {
  sys::FileStatus status;
  const int result = sys::status_of(directory_.c_str(), true, status);
  if (result < 0 && result != -ENOENT && result != -ENOTDIR) throw OSError(-result, "stat");
  if (result < 0 || !sys::is_directory(status.mode))
    throw ValueError("\"" + directory_ + "\" is no directory to serve files from");
}

Coro<ServerResponse> StaticFiles::operator()(ServerRequest& request) const {
  detail::FileQuery query;
  if (!detail::safe_path(request.match_info("path"), options_.hidden, query.path, query.slash))
    throw HTTPNotFound();
  query.root = directory_;
  query.index = options_.index;
  query.list = options_.show_index;
  query.hidden = options_.hidden;
  query.symlinks = options_.symlinks;
  detail::prepare_query(query, request, options_);
  detail::FileLookup file = co_await to_thread(detail::look_up, std::move(query));
  if (file.kind == Kind::unslashed) throw HTTPMovedPermanently(slashed(request));
  if (file.kind == Kind::directory) throw HTTPForbidden();
  if (file.kind == Kind::listing) co_return listing(request, file.names);
  co_return detail::answer_with(request, std::move(file), options_);
}

}  // namespace hob::http
