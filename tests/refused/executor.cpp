// SPDX-License-Identifier: MIT
// What may not compile, and what the compiler has to say about it: run.py compiles this file once,
// and looks for an error on behalf of each line with the text behind its `refused:`. The lines
// without one must compile. Where a field of a field is refused, the error names it, but compilers
// do not tell the line that led there: `refused somewhere:`.
#include <hob/executor/pool.hpp>
#include <hob/executor/process_engine.hpp>
#include <hob/executor/process_pool.hpp>

#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

struct Thing {
  int work() const { return 1; }
};
struct Inner {
  int number;
  int* next;
};
struct Outer {
  std::string name;
  std::vector<Inner> inners;
};
struct Viewing {
  int id;
  std::string_view text;
};
class Closed {
 public:
  explicit Closed(std::string text) : text_(std::move(text)) {}

 private:
  std::string text_;
};
struct Animal {
  virtual ~Animal() = default;
  std::string name;
};

int plain(int n) { return n; }
int pointed(int* n) { return *n; }
int changes(int& n) { return ++n; }
int* pointing() { return nullptr; }
int outer(const Outer& outer) { return outer.inners.empty() ? 0 : 1; }
int viewing(Viewing v) { return v.id; }
int closed(const Closed&) { return 0; }
int animal(const Animal&) { return 0; }
int shared(std::shared_ptr<int> n) { return *n; }
int spanning(std::span<int> all) { return all[0]; }
int thread_of(const std::thread&) { return 0; }

}  // namespace

void submit(hob::ProcessPoolExecutor& pool, hob::Pool& processes,
            hob::ThreadPoolExecutor& threads) {
  int n = 1;
  Thing thing;
  const std::vector<int> numbers{1, 2};
  const std::vector<int*> pointers{&n};
  pool.submit(plain, 1);
  pool.submit([](int i) { return i; }, 1);
  threads.submit([&n](int* i) { return n + *i; }, &n);
  pool.submit([n] { return n; });                   // refused: lambdas without captures
  pool.submit([&n](int i) { return n + i; }, 1);    // refused: Pass it as arguments instead
  processes.apply([n] { return n; });               // refused: lambdas without captures
  pool.map([n](int i) { return n + i; }, numbers);  // refused: lambdas without captures
  pool.submit(&Thing::work, thing);                 // refused: cannot call a member of an object
  pool.submit(pointed, &n);  // refused: a pointer means nothing in another process
  pool.map([](int* p) { return *p; }, pointers);  // refused: a pointer means nothing in another
  pool.submit(pointing);             // refused: a pointer means nothing in another process
  pool.submit(changes, n);           // refused: would change a copy. Return the new value
  pool.submit(outer, Outer());       // refused somewhere: ::Inner, 1, Name<5>{"next"}>
  pool.submit(viewing, Viewing());   // refused somewhere: ::Viewing, 1, Name<5>{"text"}>
  pool.submit(closed, Closed("x"));  // refused: Make it an aggregate of at most 32 fields
  pool.submit(animal, Animal());     // refused: whose type is known at run time only
  pool.submit(shared, std::make_shared<int>(1));  // refused: Send the object, or a std::unique_ptr
  pool.submit(spanning, std::span<int>(&n, 1));   // refused: Send a std::string or std::vector
  pool.submit(thread_of, std::thread());  // refused: this type cannot be sent to another process
  pool.submit(plain);                     // refused: the number of arguments is not that of
}
