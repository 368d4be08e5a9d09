#pragma once

#include <Kokkos_Core.hpp>

#include <concepts>
#include <cstddef>
#include <string>

namespace retrace {

/// A View of the given extents that owns no block where one of them is 0: Kokkos takes a block for an empty View too,
/// and formulas of bytes should not have to know. Zeroed.
template <class View, std::same_as<std::size_t>... Extents>
[[nodiscard]] View view_of(std::string const& label, Extents... extents) {
  bool const empty = ((extents == 0) || ...);
  return empty ? View(static_cast<typename View::pointer_type>(nullptr), extents...) : View(label, extents...);
}

/// The same, of numbers that nobody has written yet.
template <class View, std::same_as<std::size_t>... Extents>
[[nodiscard]] View unwritten_view_of(std::string const& label, Extents... extents) {
  bool const empty = ((extents == 0) || ...);
  return empty ? View(static_cast<typename View::pointer_type>(nullptr), extents...)
               : View(Kokkos::view_alloc(label, Kokkos::WithoutInitializing), extents...);
}

}  // namespace retrace
