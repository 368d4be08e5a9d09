#pragma once

#include "core/type_list.hpp"
#include "solvers/tableaus/bogacki_shampine32.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"
#include "solvers/tableaus/euler.hpp"
#include "solvers/tableaus/heun_euler21.hpp"
#include "solvers/tableaus/midpoint.hpp"
#include "solvers/tableaus/rk4.hpp"

namespace retrace {

/// Every Runge–Kutta scheme. A new one: its header, its line here, its line in solvers/CMakeLists.txt.
using AllTableaus = TypeList<Euler, Midpoint, Rk4, HeunEuler21, BogackiShampine32, DormandPrince54>;

}  // namespace retrace
