// SPDX-License-Identifier: MIT
#include <hob/core/node.hpp>

#include <doctest/doctest.h>

#include <string>

using hob::detail::Link;
using hob::detail::LinkList;

namespace node_test {
namespace {

struct Item : Link {
  explicit Item(char n) : name(n) {}
  char name;
};

std::string names(const LinkList& list) {
  std::string text;
  for (const Link* link = list.front(); link != list.end(); link = link->next) {
    text += static_cast<const Item*>(link)->name;
  }
  std::string backwards;
  for (const Link* link = list.back(); link != list.end(); link = link->prev) {
    backwards.insert(backwards.begin(), static_cast<const Item*>(link)->name);
  }
  CHECK(text == backwards);
  return text;
}

}  // namespace

TEST_CASE("a list keeps its links in order at both ends") {
  LinkList list;
  CHECK(list.empty());
  Item a('a'), b('b'), c('c');
  list.push_back(b);
  list.push_back(c);
  list.push_front(a);
  CHECK(names(list) == "abc");
  CHECK(&list.pop_front() == &a);
  CHECK_FALSE(a.linked());
  CHECK(names(list) == "bc");
}

TEST_CASE("a link leaves whichever list it is in") {
  LinkList list;
  Item a('a'), b('b'), c('c');
  for (Item* item : {&a, &b, &c}) list.push_back(*item);
  b.unlink();
  CHECK(names(list) == "ac");
  list.push_front(b);
  CHECK(names(list) == "bac");
  c.unlink();
  b.unlink();
  a.unlink();
  CHECK(list.empty());
}

TEST_CASE("a list takes all of another at its end") {
  LinkList one, two;
  Item a('a'), b('b'), c('c');
  one.take_all(two);
  CHECK(one.empty());
  two.push_back(b);
  two.push_back(c);
  one.push_back(a);
  one.take_all(two);
  CHECK(two.empty());
  CHECK(names(one) == "abc");
  two.take_all(one);
  CHECK(names(two) == "abc");
  CHECK(names(one).empty());
  two.push_back(static_cast<Item&>(two.pop_front()));
  CHECK(names(two) == "bca");
}

}  // namespace node_test
