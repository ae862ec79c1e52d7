// SPDX-License-Identifier: MIT
#include <hob/core/memory.hpp>
#include <hob/core/message.hpp>

#include <cstring>
#include <new>

namespace hob::detail {

Ref<Message> Message::make(Text text) {
  void* place = allocate(sizeof(Message) + text.size() + 1);
  auto* message = ::new (place) Message(text.size());
  char* chars = reinterpret_cast<char*>(message + 1);
  if (!text.empty()) std::memcpy(chars, text.data(), text.size());
  chars[text.size()] = '\0';
  return Ref<Message>::adopt(message);
}

void Message::destroy() noexcept { deallocate(this, sizeof(Message) + size_ + 1); }

}  // namespace hob::detail
