#pragma once

#include "core/type_list.hpp"
#include "solvers/tableau.hpp"
#include "solvers/tableaus/bogacki_shampine32.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"
#include "solvers/tableaus/dormand_prince853.hpp"
#include "solvers/tableaus/euler.hpp"
#include "solvers/tableaus/heun_euler21.hpp"
#include "solvers/tableaus/midpoint.hpp"
#include "solvers/tableaus/midpoint_euler21.hpp"
#include "solvers/tableaus/ralston21.hpp"
#include "solvers/tableaus/rk4.hpp"
#include "solvers/tableaus/tsitouras54.hpp"

#include <string_view>
#include <vector>

namespace retrace {

/// Every Runge–Kutta scheme of the suite. A new one: its header, its line here, its line in solvers/CMakeLists.txt.
using AllTableaus = TypeList<Euler, Midpoint, Rk4, HeunEuler21, MidpointEuler21, Ralston21, BogackiShampine32,
                             DormandPrince54, Tsitouras54, DormandPrince853>;

/// A scheme that a case can name.
struct NamedTableau {
  std::string_view name;
  Tableau tableau;
};

/// Those of the suite and those that a user's program has added, in this order.
[[nodiscard]] std::vector<NamedTableau> const& tableau_catalogue();
/// Throws std::out_of_range for a name that is not there.
[[nodiscard]] Tableau const& tableau_named(std::string_view name);
/// Adds a scheme of a user's program, before anything is run. Throws std::invalid_argument if the name is taken.
void add_tableau(NamedTableau const& scheme);
template <TableauDefinition S>
void add_tableau() {
  static_assert(is_consistent<S>());
  add_tableau({S::name, tableau_of<S>});
}

}  // namespace retrace
