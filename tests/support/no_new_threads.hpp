// SPDX-License-Identifier: MIT
// Test support: while it exists, no thread can be started in this process: each would need a stack
// larger than any memory, so that pthread_create(3) gives EAGAIN, as at a system's limit.
#pragma once

#include <pthread.h>
#include <cstddef>

namespace support {

class NoNewThreads {
 public:
  NoNewThreads() {
    ::pthread_getattr_default_np(&usual_);
    pthread_attr_t huge;
    ::pthread_attr_init(&huge);
    ::pthread_attr_setstacksize(&huge, std::size_t(1) << 50);
    ::pthread_setattr_default_np(&huge);
    ::pthread_attr_destroy(&huge);
  }
  NoNewThreads(const NoNewThreads&) = delete;
  NoNewThreads& operator=(const NoNewThreads&) = delete;
  ~NoNewThreads() {
    ::pthread_setattr_default_np(&usual_);
    ::pthread_attr_destroy(&usual_);
  }

 private:
  pthread_attr_t usual_;
};

}  // namespace support
