// SPDX-License-Identifier: MIT
// dumps and loads: every form of value comes back, and no bytes do harm.
#include <hob/core/error.hpp>
#include <hob/executor/serialize.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <complex>
#include <cstring>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

namespace serialize_test {
namespace {

template <class T>
T there_and_back(const T& value) {
  return hob::loads<T>(hob::dumps(value));
}

enum class Colour : std::uint8_t { red, green };

struct Point {
  int x;
  int y;
  friend bool operator==(const Point&, const Point&) = default;
};
struct Empty {
  friend bool operator==(const Empty&, const Empty&) = default;
};
struct Order {
  std::string name;
  Point at{};
  std::vector<Point> path;
  std::optional<std::string> note;
  std::map<std::string, std::vector<int>> stock;
  std::variant<int, std::string> id;
  std::array<std::string, 2> pair;
  std::string both[2];
  char code[5] = "abcd";
  bool urgent = false;
  Colour colour = Colour::red;
  double grid[2][3] = {{1, 2, 3}, {4, 5, 6}};
  friend bool operator==(const Order&, const Order&) = default;
};
struct Tree {
  int value = 0;
  std::vector<Tree> children;
  std::unique_ptr<Tree> extra;
};
struct Flags {
  bool first;
  int number;
  bool last[2];
  friend bool operator==(const Flags&, const Flags&) = default;
};
struct Bits {
  unsigned a : 3;
  bool b : 1;
  int c;
  friend bool operator==(const Bits&, const Bits&) = default;
};
struct Fixed {  // trivially copyable, no default constructor
  explicit Fixed(int n) : number(n) {}
  int number;
  friend bool operator==(const Fixed&, const Fixed&) = default;
};

class Account {
 public:
  Account() = default;
  Account(std::string owner, long cents) : owner_(std::move(owner)), cents_(cents) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(owner_, cents_);
  }
  friend bool operator==(const Account&, const Account&) = default;

 private:
  std::string owner_;
  long cents_ = 0;
};
struct Outside {
  std::vector<std::string> lines;
  int n = 0;
  Outside() = default;
  explicit Outside(int count) : lines(static_cast<std::size_t>(count), "line"), n(count) {}
};
template <class Archive>
void serialize(Archive& archive, Outside& value) {
  archive & value.lines & value.n;
}
class Upper {
 public:
  Upper() = default;
  explicit Upper(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }
  template <class Archive>
  void save(Archive& archive) const {
    archive(std::string(text_ + "!"));  // a temporary
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(text_);
  }

 private:
  std::string text_;
};
struct HoldsUserTypes {
  Account account;
  std::vector<Outside> outside;
};

Order order() {
  Order o;
  o.name = "a long name that does not fit into the string itself";
  o.at = {1, -2};
  o.path = {{1, 2}, {3, 4}, {5, 6}};
  o.note = "now";
  o.stock = {{"x", {1, 2, 3}}, {"y", {}}};
  o.id = "seven";
  o.pair = {"one", "two"};
  o.both[1] = "second";
  o.urgent = true;
  o.colour = Colour::green;
  return o;
}
Tree tree(int depth) {
  Tree t;
  t.value = depth;
  if (depth > 0) {
    t.children.push_back(tree(depth - 1));
    t.children.push_back(tree(depth - 1));
    t.extra = std::make_unique<Tree>();
    t.extra->value = -depth;
  }
  return t;
}
int sum(const Tree& t) {
  int all = t.value + (t.extra ? sum(*t.extra) : 0);
  for (const Tree& child : t.children) all += sum(child);
  return all;
}

}  // namespace

TEST_CASE("numbers, strings and standard containers come back") {
  CHECK(there_and_back(42) == 42);
  CHECK(there_and_back(true));
  CHECK(there_and_back(Colour::green) == Colour::green);
  CHECK(there_and_back(std::string("abc")) == "abc");
  CHECK(there_and_back(std::string()).empty());
  CHECK(there_and_back(std::u32string(U"äß")) == U"äß");
  CHECK(there_and_back(std::vector<double>{1.5, 2.5}) == std::vector<double>{1.5, 2.5});
  CHECK(there_and_back(std::vector<bool>{true, false, true}) ==
        std::vector<bool>{true, false, true});
  CHECK(there_and_back(std::vector<std::string>{"a", "", "c"}).at(2) == "c");
  CHECK(there_and_back(std::deque<int>{1, 2}) == std::deque<int>{1, 2});
  CHECK(there_and_back(std::list<std::string>{"x"}) == std::list<std::string>{"x"});
  CHECK(there_and_back(std::forward_list<int>{3, 2, 1}) == std::forward_list<int>{3, 2, 1});
  CHECK(there_and_back(std::set<std::string>{"b", "a"}) == std::set<std::string>{"b", "a"});
  CHECK(there_and_back(std::multimap<int, int>{{1, 2}, {1, 3}}).count(1) == 2);
  const std::unordered_map<std::string, int> counts{{"a", 1}, {"b", 2}};
  CHECK(there_and_back(counts) == counts);
  const std::tuple<int, std::string, std::pair<char, float>> nested{1, "t", {'c', 2.5f}};
  CHECK(there_and_back(nested) == nested);
  CHECK(there_and_back(std::optional<std::string>()) == std::nullopt);
  CHECK(there_and_back(std::optional<int>(7)) == 7);
  CHECK(there_and_back(std::variant<int, std::string>("v")) == std::variant<int, std::string>("v"));
  CHECK(there_and_back(std::array<int, 3>{1, 2, 3}) == std::array<int, 3>{1, 2, 3});
  CHECK(there_and_back(std::chrono::milliseconds(5)) == std::chrono::milliseconds(5));
  CHECK(there_and_back(std::complex<double>(1, 2)) == std::complex<double>(1, 2));
  CHECK(there_and_back(std::filesystem::path("/a/b")) == "/a/b");
  CHECK(*hob::loads<std::unique_ptr<int>>(hob::dumps(std::make_unique<int>(9))) == 9);
  CHECK(hob::loads<std::unique_ptr<int>>(hob::dumps(std::unique_ptr<int>())) == nullptr);
}

TEST_CASE("aggregates come back without a line of code") {
  CHECK(there_and_back(Point{3, 4}) == Point{3, 4});
  CHECK(there_and_back(Empty()) == Empty());
  CHECK(there_and_back(std::vector<Empty>(3)).size() == 3);
  CHECK(there_and_back(order()) == order());
  CHECK(there_and_back(std::vector<Order>{order(), {}, order()}).at(2) == order());
  CHECK(there_and_back(Flags{true, 5, {false, true}}) == Flags{true, 5, {false, true}});
  CHECK(there_and_back(Bits{5, true, -1}) == Bits{5, true, -1});
  CHECK(there_and_back(Fixed(8)) == Fixed(8));
  CHECK(there_and_back(std::vector<Fixed>(2, Fixed(3))).back() == Fixed(3));
  const Tree big = tree(6);
  CHECK(sum(hob::loads<Tree>(hob::dumps(big))) == sum(big));
}

TEST_CASE("types with a serialize of their own come back") {
  CHECK(there_and_back(Account("me", 100)) == Account("me", 100));
  CHECK(there_and_back(std::vector<Account>{{"a", 1}, {"b", 2}}).at(1) == Account("b", 2));
  CHECK(there_and_back(Outside(3)).lines.size() == 3);
  CHECK(there_and_back(Upper("hey")).text() == "hey!");
  const HoldsUserTypes held{{"z", 1}, std::vector<Outside>(2, Outside(2))};
  CHECK(there_and_back(held).outside.at(1).n == 2);
}

TEST_CASE("a temporary in a user's save is copied even when it is large") {
  const Upper loud(std::string(300'000, 'x'));
  CHECK(there_and_back(loud).text() == loud.text() + "!");
}

TEST_CASE("large blocks are referred to, in order among small values") {
  std::vector<std::vector<int>> blocks;
  for (int i = 0; i < 9; ++i) blocks.push_back(std::vector<int>(i % 2 == 0 ? 40'000u : 3u, i));
  CHECK(there_and_back(blocks) == blocks);
  hob::OutArchive archive;
  archive(blocks);
  CHECK(archive.sink().piece_count() == 11);
  const std::string before = archive.sink().text();
  archive.sink().own();
  CHECK(archive.sink().piece_count() == 1);
  CHECK(archive.sink().text() == before);
}

TEST_CASE("what is nested too deeply is refused when it is written") {
  Tree root;
  Tree* last = &root;
  for (int i = 0; i < 6000; ++i) {
    last->extra = std::make_unique<Tree>();
    last = last->extra.get();
  }
  CHECK_THROWS_AS(hob::dumps(root), hob::ValueError);
  // Taken apart from the top: to destroy it recursively would be as deep.
  while (root.extra) root.extra = std::move(root.extra->extra);
}

TEST_CASE("bytes that are cut off anywhere give an error") {
  const std::string whole = hob::dumps(order());
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_THROWS_AS(hob::loads<Order>(hob::Text(whole.data(), size)), hob::UnpicklingError);
  CHECK_THROWS_AS(hob::loads<Order>(whole + "x"), hob::UnpicklingError);
}

TEST_CASE("bytes that are changed anywhere give an error or another value") {
  std::mt19937 random(3);
  const std::string orders = hob::dumps(std::vector<Order>{order(), order()});
  const std::string trees = hob::dumps(tree(4));
  const std::string flags = hob::dumps(std::vector<Flags>(20, Flags{true, 1, {true, false}}));
  int errors = 0;
  const auto attack = [&]<class T>(std::string bytes, T*) {
    for (int change = 0; change < 1 + static_cast<int>(random() % 4); ++change)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    try {
      const std::string again = hob::dumps(hob::loads<T>(bytes));
      CHECK(again.size() <= bytes.size());
    } catch (const hob::UnpicklingError&) {
      ++errors;
    } catch (const hob::ValueError&) {
      ++errors;
    }
  };
  for (int round = 0; round < 3000; ++round) {
    attack(orders, static_cast<std::vector<Order>*>(nullptr));
    attack(trees, static_cast<Tree*>(nullptr));
    attack(flags, static_cast<std::vector<Flags>*>(nullptr));
  }
  CHECK(errors > 1000);
}

TEST_CASE("a length that no memory could hold is an error, not an allocation") {
  std::string bytes = hob::dumps(std::vector<int>{1, 2, 3});
  const std::uint64_t huge = std::uint64_t(1) << 61;
  std::memcpy(bytes.data(), &huge, sizeof huge);
  CHECK_THROWS_AS(hob::loads<std::vector<int>>(bytes), hob::UnpicklingError);
  CHECK_THROWS_AS(hob::loads<std::vector<std::string>>(bytes), hob::UnpicklingError);
  CHECK_THROWS_AS(hob::loads<std::vector<Empty>>(bytes), hob::UnpicklingError);
}

}  // namespace serialize_test
