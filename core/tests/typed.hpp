#pragma once

#include "core/type_list.hpp"

#include <gtest/gtest.h>

#include <string>

namespace retrace::tests {

namespace detail {
template <class List>
struct ToGoogle;
template <class... Types>
struct ToGoogle<TypeList<Types...>> {
  using type = ::testing::Types<Types...>;
};
}  // namespace detail

/// A registry as the list of types of a typed test suite.
template <class List>
using Typed = typename detail::ToGoogle<List>::type;

/// Names the tests of a typed suite by the registered names.
struct ByName {
  template <class T>
  static std::string GetName(int) {
    return std::string(T::name);
  }
};

}  // namespace retrace::tests
