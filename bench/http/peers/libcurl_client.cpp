// SPDX-License-Identifier: MIT
// The client of the HTTP benchmark on libcurl's multi interface, with curl_multi_poll: 64 handles
// that are used again, so that connections are kept.
#include <curl/curl.h>

#include <string>
#include <vector>

#include "bare.hpp"

namespace {

std::size_t collect(char* data, std::size_t, std::size_t size, void* body) {
  static_cast<std::string*>(body)->append(data, size);
  return size;
}

struct Transfer {
  CURL* handle = curl_easy_init();
  std::string body;
};

class Client {
 public:
  explicit Client(const std::string& url) {
    for (Transfer& transfer : transfers_) {
      curl_easy_setopt(transfer.handle, CURLOPT_URL, url.c_str());
      curl_easy_setopt(transfer.handle, CURLOPT_WRITEFUNCTION, collect);
      curl_easy_setopt(transfer.handle, CURLOPT_WRITEDATA, &transfer.body);
      curl_easy_setopt(transfer.handle, CURLOPT_PRIVATE, &transfer);
      curl_easy_setopt(transfer.handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
      curl_easy_setopt(transfer.handle, CURLOPT_NOSIGNAL, 1L);
    }
  }

  void get(unsigned count) {
    unsigned left = count;
    for (Transfer& transfer : transfers_) begin(transfer, left);
    for (int running = 1; running > 0;) {
      curl_multi_perform(multi_, &running);
      int in_queue = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi_, &in_queue)) {
        if (message->msg != CURLMSG_DONE) continue;
        Transfer* transfer = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        if (message->data.result != CURLE_OK || transfer->body.size() != bare::kBodySize)
          bare::fail("another body");
        curl_multi_remove_handle(multi_, transfer->handle);
        if (begin(*transfer, left)) running = 1;
      }
      if (running > 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

 private:
  bool begin(Transfer& transfer, unsigned& left) {
    if (left == 0) return false;
    --left;
    transfer.body.clear();
    curl_multi_add_handle(multi_, transfer.handle);
    return true;
  }

  CURLM* multi_ = curl_multi_init();
  std::vector<Transfer> transfers_ = std::vector<Transfer>(bare::kConcurrency);
};

}  // namespace

int main(int argc, char** argv) {
  const bare::ClientArguments arguments(argc, argv);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Client client("http://127.0.0.1:" + std::to_string(arguments.port) + "/user");
  for (unsigned run = 0; run < arguments.runs; ++run) {
    const std::uint64_t started = bare::cpu_ns();
    client.get(arguments.count);
    bare::print_run(started, arguments.count);
  }
}
