// SPDX-License-Identifier: MIT
// The one intrusive list of Hob: the ready queue, the timer wheel's slots, the waiters of a future
// or a lock are all lists of nodes that live inside the things that wait. A node is in one list at
// a time and can leave whichever it is in, in O(1), without knowing which it is.
#pragma once

#include <cassert>

namespace hob::detail {

/// A place in a circular list; `next == nullptr` when in none.
struct Link {
  Link* next = nullptr;
  Link* prev = nullptr;

  bool linked() const noexcept { return next != nullptr; }
  void unlink() noexcept {
    assert(linked());
    next->prev = prev;
    prev->next = next;
    next = prev = nullptr;
  }
};

/// Something that the loop can run. `run` may destroy the node; it is called with the node in no
/// list.
struct Node : Link {
  void (*run)(Node*) = nullptr;
};

/// A list of links with its sentinel inside; it owns nothing and does not move.
class LinkList {
 public:
  LinkList() noexcept { head_.next = head_.prev = &head_; }
  LinkList(const LinkList&) = delete;
  LinkList& operator=(const LinkList&) = delete;

  bool empty() const noexcept { return head_.next == &head_; }
  bool has_one() const noexcept { return head_.next == head_.prev && !empty(); }
  Link* front() const noexcept { return head_.next; }
  Link* back() const noexcept { return head_.prev; }
  const Link* end() const noexcept { return &head_; }

  void push_back(Link& link) noexcept { insert_before(head_, link); }
  void push_front(Link& link) noexcept { insert_before(*head_.next, link); }
  Link& pop_front() noexcept {
    Link& first = *head_.next;
    assert(&first != &head_);
    head_.next = first.next;
    first.next->prev = &head_;
    first.next = first.prev = nullptr;
    return first;
  }
  /// The same for a list that `has_one`. It writes only what is known before the link's memory
  /// arrives, so that a queue of one, turn after turn, is not a chain of loads.
  Link& pop_only() noexcept {
    assert(has_one());
    Link& only = *head_.next;
    head_.next = head_.prev = &head_;
    only.next = only.prev = nullptr;
    return only;
  }
  /// Puts its `count` links into the order of `items`.
  template <class Item, class ToLink>
  void relink(const Item* items, int count, ToLink to_link) noexcept {
    Link* last = &head_;
    for (int i = 0; i < count; ++i) {
      Link* link = to_link(items[i]);
      last->next = link;
      link->prev = last;
      last = link;
    }
    last->next = &head_;
    head_.prev = last;
  }
  /// Moves everything from `other` to the end of this list, in order.
  void take_all(LinkList& other) noexcept {
    if (other.empty()) return;
    Link* first = other.head_.next;
    Link* last = other.head_.prev;
    other.head_.next = other.head_.prev = &other.head_;
    first->prev = head_.prev;
    head_.prev->next = first;
    last->next = &head_;
    head_.prev = last;
  }

 private:
  static void insert_before(Link& at, Link& link) noexcept {
    assert(!link.linked());
    link.prev = at.prev;
    link.next = &at;
    at.prev->next = &link;
    at.prev = &link;
  }

  Link head_;
};

/// A LinkList whose links are all nodes.
class NodeList : public LinkList {
 public:
  Node* front() const noexcept { return static_cast<Node*>(LinkList::front()); }
  Node& pop_front() noexcept { return static_cast<Node&>(LinkList::pop_front()); }
  Node& pop_only() noexcept { return static_cast<Node&>(LinkList::pop_only()); }
};

}  // namespace hob::detail
