// SPDX-License-Identifier: MIT
// How each form of value is written and read again. `put` and `get` are chosen by `kForm`; archives
// call them, and they call each other for what a value holds.
#pragma once

#include <hob/executor/detail/bytes.hpp>
#include <hob/executor/detail/form.hpp>

#include <cstddef>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace hob::detail {

template <class T>
void put(OutArchive& archive, const T& value);
template <class T>
void get(InArchive& archive, T& value);
template <class T>
T take(InArchive& archive);

// What stands before values that may take no byte, so that a count never exceeds the bytes.
inline constexpr std::uint8_t kMark = 0xA5;
inline void read_mark(ByteSource& source) {
  if (source.read_byte() != kMark) raise_unpickling("the bytes are not those of this type");
}

/// Copied as a block when a vector holds them.
template <class T>
inline constexpr bool kBlock = kForm<T> == Form::raw && alignof(T) <= kMaxAlignment;

template <class T>
consteval bool has_bools();
template <class... Ts>
consteval bool any_has_bools(Types<Ts...>) {
  return (has_bools<Ts>() || ...);
}
template <class T>
consteval bool has_bools() {
  if constexpr (std::is_array_v<T>) {
    return has_bools<std::remove_all_extents_t<T>>();
  } else if constexpr (TupleLike<T> && requires { typename T::value_type; }) {
    return has_bools<typename T::value_type>();
  } else if constexpr (PlainAggregate<T>) {
    if constexpr (kFieldCount<T> <= kMaxFields) return any_has_bools(FieldTypes<T>());
    return false;
  } else {
    return std::is_same_v<T, bool>;
  }
}
/// Throws when a bool in raw memory is neither true nor false: to read it would be undefined.
template <class T>
void check_bools(const T& value) {
  if constexpr (!has_bools<T>()) {
  } else if constexpr (std::is_same_v<T, bool>) {
    unsigned char byte;
    __builtin_memcpy(&byte, &value, 1);
    if (byte > 1) raise_unpickling("the bytes are not those of this type");
  } else if constexpr (std::is_array_v<T> || TupleLike<T>) {
    for (const auto& item : value) check_bools(item);
  } else {
    with_fields(value, [](const auto&... fields) { (check_bools(fields), ...); });
  }
}

// ---- The user's serialize, save and load, and the wrappers that cereal's macros make.

template <class Archive, class T, class Access = cereal::access>
void call_serialize(Archive& archive, T& value) {
  if constexpr (requires { value.serialize(archive); }) {
    value.serialize(archive);
  } else if constexpr (requires { serialize(archive, value); }) {
    serialize(archive, value);
  } else {
    Access::member_serialize(archive, value);
  }
}
template <class Archive, class T, class Access = cereal::access>
void call_save_load(Archive& archive, T& value) {
  if constexpr (Archive::is_saving::value) {
    if constexpr (requires { std::as_const(value).save(archive); }) {
      std::as_const(value).save(archive);
    } else {
      Access::member_save(archive, value);
    }
  } else {
    if constexpr (requires { value.load(archive); }) {
      value.load(archive);
    } else {
      Access::member_load(archive, value);
    }
  }
}

template <class T>
concept NameValuePair = requires(T& t) {
  { t.name } -> std::convertible_to<const char*>;
  requires std::is_reference_v<decltype(t.value)>;
};
template <class T>
concept BaseClass = requires(T& t) {
  t.base_ptr;
  *t.base_ptr;
};

/// What an archive is called with: a value, or one in a wrapper of cereal.
template <class T>
void put_named(OutArchive& archive, const T& value) {
  if constexpr (NameValuePair<T>) {
    put(archive, std::as_const(value.value));
  } else if constexpr (BaseClass<T>) {
    put(archive, std::as_const(*value.base_ptr));
  } else {
    require_sendable<T, T>();
    if constexpr (Sendable<T>) put(archive, value);
  }
}
template <class T>
void get_named(InArchive& archive, T&& value) {
  using Plain = std::remove_cvref_t<T>;
  if constexpr (NameValuePair<Plain>) {
    get(archive, value.value);
  } else if constexpr (BaseClass<Plain>) {
    get(archive, *value.base_ptr);
  } else {
    static_assert(std::is_lvalue_reference_v<T>, "hob: read into a variable, not a temporary");
    require_sendable<Plain, Plain>();
    if constexpr (Sendable<Plain>) get(archive, value);
  }
}

// ---- Parts, each of which may be refused by name.

template <class Owner, std::size_t Index = 0, class First, class... Rest>
constexpr void require_fields(Types<First, Rest...>) {
  require_field<Owner, Index, std::remove_cv_t<First>>();
  if constexpr (sizeof...(Rest) > 0) require_fields<Owner, Index + 1>(Types<Rest...>());
}
template <class Owner>
constexpr void require_fields(Types<>) {}

template <class Owner, class T>
void put_part(OutArchive& archive, const T& part) {
  require_sendable<T, Element<Owner>>();
  if constexpr (Sendable<T>) put(archive, part);
}
template <class Owner, class T>
void get_part(InArchive& archive, T& part) {
  require_sendable<T, Element<Owner>>();
  if constexpr (Sendable<T>) get(archive, part);
}
template <class Owner, class T>
T take_part(InArchive& archive) {
  require_sendable<T, Element<Owner>>();
  return take<T>(archive);
}

// ---- Containers.

template <class T>
void put_items(OutArchive& archive, const T& container) {
  std::size_t count = 0;
  if constexpr (requires { container.size(); }) {
    count = container.size();
  } else {
    for (auto at = container.begin(); at != container.end(); ++at) ++count;
  }
  archive.sink().write_size(count);
  using Item = typename T::value_type;
  if constexpr (Contiguous<T> && kBlock<Item>) {
    archive.sink().write_block(container.data(), count * sizeof(Item), alignof(Item));
  } else if constexpr (requires { typename T::mapped_type; }) {
    for (const auto& [key, mapped] : container) {
      put_part<T>(archive, key);
      put_part<T>(archive, mapped);
    }
  } else {
    for (const auto& item : container) put_part<T, Item>(archive, item);
  }
}

template <class T>
void get_items(InArchive& archive, T& container) {
  using Item = typename T::value_type;
  ByteSource& source = archive.source();
  if constexpr (Contiguous<T> && kBlock<Item>) {
    const std::size_t count = source.read_count(sizeof(Item));
    const auto* items =
        static_cast<const Item*>(source.read_block(count * sizeof(Item), alignof(Item)));
    if constexpr (has_bools<Item>()) {
      for (std::size_t i = 0; i < count; ++i) check_bools(items[i]);
    }
    if constexpr (requires { container.reserve(count); }) {
      if (count * sizeof(Item) >= kHugePages) {  // a page fault costs as much as copying the page
        container.reserve(count);
        prefer_huge_pages(container.data(), count * sizeof(Item));
      }
    }
    container.assign(items, items + count);
  } else {
    const std::size_t count = source.read_count(1);
    container.clear();
    if constexpr (Associative<T>) {
      for (std::size_t i = 0; i < count; ++i) {
        if constexpr (requires { typename T::mapped_type; }) {
          auto key = take_part<T, std::remove_cv_t<typename T::key_type>>(archive);
          auto mapped = take_part<T, typename T::mapped_type>(archive);
          container.emplace(std::move(key), std::move(mapped));
        } else {
          container.emplace(take_part<T, Item>(archive));
        }
      }
    } else if constexpr (ForwardList<T>) {
      auto last = container.before_begin();
      for (std::size_t i = 0; i < count; ++i)
        last = container.insert_after(last, take_part<T, Item>(archive));
    } else {
      for (std::size_t i = 0; i < count; ++i) container.push_back(take_part<T, Item>(archive));
    }
  }
}

template <class T, std::size_t... I>
void put_elements(OutArchive& archive, const T& tuple, std::index_sequence<I...>) {
  using std::get;
  (put_part<T>(archive, get<I>(tuple)), ...);
}
template <class T, std::size_t... I>
void get_elements(InArchive& archive, T& tuple, std::index_sequence<I...>) {
  using std::get;
  (get_part<T>(archive, get<I>(tuple)), ...);
}

template <class T, std::size_t I = 0>
void get_variant(InArchive& archive, T& variant, std::size_t index) {
  if constexpr (I >= std::variant_size_v<T>) {
    raise_unpickling("the bytes are not those of this variant");
  } else if (index == I) {
    variant.template emplace<I>(take_part<T, std::variant_alternative_t<I, T>>(archive));
  } else {
    get_variant<T, I + 1>(archive, variant, index);
  }
}

// ---- The forms.

template <class T>
void put(OutArchive& archive, const T& value) {
  constexpr Form kIs = kForm<T>;
  ByteSink& sink = archive.sink();
  if constexpr (kIs == Form::raw || kIs == Form::boolean) {
    sink.write(&value, sizeof value);
  } else {
    const Depth level(sink.depth);
    if constexpr (kIs == Form::serialize || kIs == Form::save_load) {
      sink.write_byte(kMark);
      ++sink.copies;
      if constexpr (kIs == Form::serialize) {
        call_serialize(archive,
                       const_cast<T&>(value));  // cereal's contract: saving changes nothing
      } else {
        call_save_load(archive, value);
      }
      --sink.copies;
    } else if constexpr (kIs == Form::optional) {
      sink.write_byte(value.has_value() ? 1 : 0);
      if (value.has_value()) put_part<T>(archive, *value);
    } else if constexpr (kIs == Form::unique) {
      sink.write_byte(value.get() ? 1 : 0);
      if (value.get()) put_part<T>(archive, *value);
    } else if constexpr (kIs == Form::variant) {
      sink.write_size(value.index());
      std::visit([&archive](const auto& held) { put_part<T>(archive, held); }, value);
    } else if constexpr (kIs == Form::path) {
      put(archive, value.native());
    } else if constexpr (kIs == Form::tuple) {
      sink.write_byte(kMark);
      put_elements(archive, value, std::make_index_sequence<std::tuple_size<T>::value>());
    } else if constexpr (kIs == Form::array) {
      for (const auto& item : value) put_part<T>(archive, item);
    } else if constexpr (kIs == Form::fields) {
      require_fields<T>(FieldTypes<T>());
      sink.write_byte(kMark);
      with_fields(value, [&archive](const auto&... fields) { (put(archive, fields), ...); });
    } else if constexpr (Sendable<T>) {
      put_items(archive, value);
    }
  }
}

template <class T>
void get(InArchive& archive, T& value) {
  constexpr Form kIs = kForm<T>;
  ByteSource& source = archive.source();
  if constexpr (kIs == Form::raw) {
    source.read(const_cast<void*>(static_cast<const volatile void*>(&value)), sizeof value);
    check_bools(value);
  } else if constexpr (kIs == Form::boolean) {
    const std::uint8_t byte = source.read_byte();
    if (byte > 1) raise_unpickling("the bytes are not those of a bool");
    value = byte == 1;
  } else {
    const Depth level(source.depth);
    if constexpr (kIs == Form::serialize) {
      read_mark(source);
      call_serialize(archive, value);
    } else if constexpr (kIs == Form::save_load) {
      read_mark(source);
      call_save_load(archive, value);
    } else if constexpr (kIs == Form::optional) {
      value.reset();
      bool has;
      get(archive, has);
      if (has) value.emplace(take_part<T, std::remove_cvref_t<decltype(*value)>>(archive));
    } else if constexpr (kIs == Form::unique) {
      value.reset();
      bool has;
      get(archive, has);
      if (has) {
        using Item = typename T::element_type;
        static_assert(!std::is_array_v<Item>, "hob: send a std::vector instead of unique_ptr<T[]>");
        value.reset(new Item(take_part<T, Item>(archive)));
      }
    } else if constexpr (kIs == Form::variant) {
      std::uint64_t index;
      get(archive, index);
      get_variant(archive, value, static_cast<std::size_t>(index));
    } else if constexpr (kIs == Form::path) {
      value = take<std::remove_cvref_t<decltype(value.native())>>(archive);
    } else if constexpr (kIs == Form::tuple) {
      read_mark(source);
      get_elements(archive, value, std::make_index_sequence<std::tuple_size<T>::value>());
    } else if constexpr (kIs == Form::array) {
      for (auto& item : value) get_part<T>(archive, item);
    } else if constexpr (kIs == Form::fields) {
      require_fields<T>(FieldTypes<T>());
      read_mark(source);
      with_fields(value, [&archive](auto&... fields) { (get(archive, fields), ...); });
    } else if constexpr (Sendable<T>) {
      get_items(archive, value);
    }
  }
}

/// Reads a new value.
template <class T>
T take(InArchive& archive) {
  if constexpr (kForm<T> == Form::raw) {
    alignas(T) unsigned char memory[sizeof(T)];
    archive.source().read(memory, sizeof memory);
    const T& value = *std::launder(reinterpret_cast<T*>(memory));
    check_bools(value);
    return value;
  } else {
    static_assert(
        requires { T{}; } || !Sendable<T>,
        "hob: a type that is sent to another process needs a default constructor there");
    T value{};
    get(archive, value);
    return value;
  }
}

}  // namespace hob::detail
