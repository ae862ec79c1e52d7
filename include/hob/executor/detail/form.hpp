// SPDX-License-Identifier: MIT
// By which rule a type is serialized, decided by its shape, so that no container's header is needed
// here; and the compile errors for types that no rule fits.
#pragma once

#include <hob/executor/archive.hpp>
#include <hob/executor/detail/fields.hpp>

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace cereal {
class access;  // cereal's door to private members, where the user includes cereal
}

namespace hob::detail {

enum class Form {
  raw,          // its memory
  boolean,      // one byte, checked
  serialize,    // the user's serialize
  save_load,    // the user's save and load
  optional,     // std::optional
  variant,      // std::variant
  unique,       // std::unique_ptr
  path,         // std::filesystem::path
  tuple,        // std::array, pair, tuple
  array,        // T[n]
  contiguous,   // std::vector, std::string
  sequence,     // other containers with push_back
  forward,      // std::forward_list
  associative,  // sets and maps
  fields,       // an aggregate
  // Refused:
  pointer,
  view,
  shared,
  polymorphic,
  unknown,
};

template <class A, class T, class Access = cereal::access>
concept HasMemberSerialize = requires(A& archive, T& value) {
  value.serialize(archive);
} || requires(A& archive, T& value) { Access::member_serialize(archive, value); };
template <class A, class T>
concept HasFreeSerialize = requires(A& archive, T& value) { serialize(archive, value); };
template <class T, class Access = cereal::access>
concept HasSaveLoad = (requires(const T& value, OutArchive& out) { value.save(out); } &&
                       requires(T& value, InArchive& in) { value.load(in); }) ||
                      (requires(const T& value, OutArchive& out) {
                        Access::member_save(out, value);
                      } && requires(T& value, InArchive& in) { Access::member_load(in, value); });

template <class T>
concept OptionalLike = requires(T& t) {
  t.has_value();
  t.emplace();
  t.reset();
  *t;
};
template <class T>
inline constexpr bool kIsVariant = false;
template <class... Ts>
inline constexpr bool kIsVariant<std::variant<Ts...>> = true;
template <class T>
concept UniqueLike = requires(T& t) {
  typename T::element_type;
  typename T::deleter_type;
  t.release();
};
template <class T>
concept SharedLike = requires(T& t) {
  typename T::element_type;
  t.use_count();
};
template <class T>
concept PathLike = requires(T& t) {
  t.native();
  t.lexically_normal();
};
template <class T>
concept TupleLike = requires { std::tuple_size<T>::value; };
template <class T>
concept Container = requires(T& t) {
  typename T::value_type;
  t.begin();
  t.end();
  t.clear();
};
template <class T>
concept Contiguous = Container<T> && requires(T& t, const typename T::value_type* p) {
  { t.data() } -> std::convertible_to<const typename T::value_type*>;
  t.size();
  t.assign(p, p);
};
template <class T>
concept Sequence = Container<T> && requires(T& t) { t.push_back(*t.begin()); };
template <class T>
concept ForwardList = Container<T> && requires(T& t) { t.before_begin(); };
template <class T>
concept Associative = Container<T> && requires { typename T::key_type; };
/// Looks at somebody else's memory: string_view, span, reference_wrapper, initializer_list.
template <class T>
concept View = (std::is_trivially_copyable_v<T> && !TupleLike<T> && requires(const T& t) {
                 t.begin();
                 t.size();
               }) || (std::is_trivially_copyable_v<T> && requires(const T& t) {
                 typename T::type;
                 { t.get() } -> std::same_as<typename T::type&>;
               });

template <class T>
consteval bool pointer_free();
template <class... Ts>
consteval bool all_pointer_free(Types<Ts...>) {
  return (pointer_free<Ts>() && ...);
}
/// Whether the memory of this trivially copyable type makes sense elsewhere, as far as one can see:
/// what is private is trusted.
template <class T>
consteval bool pointer_free() {
  if constexpr (std::is_scalar_v<T>) {
    return std::is_arithmetic_v<T> || std::is_enum_v<T>;
  } else if constexpr (std::is_array_v<T>) {
    return pointer_free<std::remove_all_extents_t<T>>();
  } else if constexpr (View<T>) {
    return false;
  } else if constexpr (TupleLike<T> && requires { typename T::value_type; }) {
    return pointer_free<typename T::value_type>();
  } else if constexpr (PlainAggregate<T>) {
    if constexpr (kFieldCount<T> <= kMaxFields) return all_pointer_free(FieldTypes<T>());
    return true;
  } else if constexpr (std::is_aggregate_v<T> && !std::is_union_v<T>) {
    return requires { T{AnyBase<T>()}; };  // else a reference among the fields
  } else {
    return true;
  }
}

template <class T>
consteval Form form_of() {
  if constexpr (std::is_same_v<T, bool>) {
    return Form::boolean;
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return Form::raw;
  } else if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T> ||
                       std::is_null_pointer_v<T> || std::is_function_v<T>) {
    return Form::pointer;
  } else if constexpr (std::is_array_v<T>) {
    using Item = std::remove_all_extents_t<T>;
    return form_of<Item>() == Form::raw ? Form::raw : Form::array;
  } else if constexpr (!std::is_class_v<T> && !std::is_union_v<T>) {
    return Form::unknown;
  } else if constexpr (HasMemberSerialize<OutArchive, T> || HasFreeSerialize<OutArchive, T>) {
    return Form::serialize;
  } else if constexpr (HasSaveLoad<T>) {
    return Form::save_load;
  } else if constexpr (kIsVariant<T>) {
    return Form::variant;
  } else if constexpr (OptionalLike<T>) {
    return Form::optional;
  } else if constexpr (View<T>) {
    return Form::view;
  } else if constexpr (std::is_trivially_copyable_v<T> && pointer_free<T>()) {
    return Form::raw;
  } else if constexpr (SharedLike<T>) {
    return Form::shared;
  } else if constexpr (UniqueLike<T>) {
    using Item = typename T::element_type;
    return std::is_polymorphic_v<Item> && !std::is_final_v<Item> ? Form::polymorphic : Form::unique;
  } else if constexpr (PathLike<T>) {
    return Form::path;
  } else if constexpr (TupleLike<T>) {
    return Form::tuple;
  } else if constexpr (Associative<T>) {
    return Form::associative;
  } else if constexpr (Contiguous<T>) {
    return Form::contiguous;
  } else if constexpr (Sequence<T>) {
    return Form::sequence;
  } else if constexpr (ForwardList<T>) {
    return Form::forward;
  } else if constexpr (std::is_polymorphic_v<T>) {
    return Form::polymorphic;
  } else if constexpr (PlainAggregate<T>) {
    if constexpr (kFieldCount<T> <= kMaxFields) return Form::fields;
    return Form::unknown;
  } else {
    return Form::unknown;
  }
}

template <class T>
inline constexpr Form kForm = form_of<std::remove_cv_t<T>>();
/// Looks one level deep: what a type holds is checked where it is written.
template <class T>
concept Sendable = (kForm<T> < Form::pointer);

/// A name inside a type: what the compiler prints for `Member<Job, "next">`.
template <std::size_t N>
struct Name {
  char text[N];
};
template <class Owner, std::size_t Index, Name Called>
struct Member;
template <class Owner>
struct Element;
template <std::size_t Index>
struct Argument;
template <class F>
struct ResultOf;

/// Refuses to compile when no rule fits a `T`. `Where` is for the compiler to print.
template <class T, class Where>
constexpr void require_sendable() {
  constexpr Form kIs = kForm<T>;
  static_assert(kIs != Form::pointer,
                "hob: a pointer means nothing in another process. Send what it points to: a "
                "std::string, std::vector, std::optional or std::unique_ptr");
  static_assert(kIs != Form::view,
                "hob: a view or reference looks at memory of this process. Send a std::string or "
                "std::vector");
  static_assert(kIs != Form::shared,
                "hob: a shared_ptr cannot be shared with another process. Send the object, or a "
                "std::unique_ptr");
  static_assert(kIs != Form::polymorphic,
                "hob: an object whose type is known at run time only cannot be sent to another "
                "process. Give it `template <class Archive> void serialize(Archive& archive)`, or "
                "mark its class final");
  static_assert(kIs != Form::unknown,
                "hob: this type cannot be sent to another process. Make it an aggregate of at most "
                "32 fields without base classes, or give it "
                "`template <class Archive> void serialize(Archive& archive)`");
}

// The name of a field, read from how the compiler prints a pointer to it. Only for errors.
template <class T>
struct Unmade {
  T object;
};
template <class T>
extern const Unmade<T> unmade;
template <std::size_t Index>
struct FieldAddress {
  template <class First, class... Rest>
  constexpr auto operator()(First& first, Rest&... rest) const {
    if constexpr (Index == 0) {
      return &first;
    } else {
      return FieldAddress<Index - 1>()(rest...);
    }
  }
};
template <auto Field>
consteval auto printed_field() {
  struct Range {
    const char* text;
    std::size_t begin, end;
  };
  const char* printed = __PRETTY_FUNCTION__;  // ...Field = &unmade.object.next] or ...Job::next)]
  std::size_t end = sizeof(__PRETTY_FUNCTION__) - 1;
  while (printed[end - 1] == ']' || printed[end - 1] == ')') --end;
  std::size_t begin = end;
  while (printed[begin - 1] != '.' && printed[begin - 1] != ':') --begin;
  return Range{printed, begin, end};
}
template <auto Field>
consteval auto field_name() {
  constexpr auto kPrinted = printed_field<Field>();
  Name<kPrinted.end - kPrinted.begin + 1> name{};
  for (std::size_t i = kPrinted.begin; i < kPrinted.end; ++i)
    name.text[i - kPrinted.begin] = kPrinted.text[i];
  return name;
}
/// Refuses when the field cannot be sent; the error names it.
template <class Owner, std::size_t Index, class T>
constexpr void require_field() {
  if constexpr (!Sendable<T>) {
    constexpr auto* kField = with_fields(unmade<Owner>.object, FieldAddress<Index>());
    require_sendable<T, Member<Owner, Index, field_name<kField>()>>();
  }
}

}  // namespace hob::detail
