// The smallest program that needs the library's headers and its compiled part.

#include <hob/hob.hpp>

namespace {
hob::Coro<int> add_one(int n) { co_return n + 1; }
hob::Coro<int> add_two(int n) { co_return co_await add_one(co_await add_one(n)); }
}  // namespace

int main() { return hob::run(add_two(40)) == 42 ? 0 : 1; }
