#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// A list of types that a registry iterates over. Each type has `static constexpr std::string_view name`.
template <class... Types>
struct TypeList {
  static constexpr std::size_t size = sizeof...(Types);
};

/// Calls `visit.template operator()<Type>()` for each type, in order.
template <class... Types, class Visitor>
void for_each_type(TypeList<Types...>, Visitor&& visit) {
  (visit.template operator()<Types>(), ...);
}

/// Calls `visit.template operator()<Type>()` for the type of that name; returns whether there was one.
template <class... Types, class Visitor>
[[nodiscard]] bool visit_named(TypeList<Types...>, std::string_view name, Visitor&& visit) {
  return ((Types::name == name ? (visit.template operator()<Types>(), true) : false) || ...);
}

template <class... Types>
[[nodiscard]] std::vector<std::string> names_of(TypeList<Types...>) {
  return {std::string(Types::name)...};
}

}  // namespace retrace
