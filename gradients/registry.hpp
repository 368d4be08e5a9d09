#pragma once

#include "core/type_list.hpp"
#include "gradients/aca.hpp"
#include "gradients/adjoint.hpp"
#include "gradients/naive.hpp"

namespace retrace {

/// Every gradient method. A new one: its header, its line here, its line in gradients/CMakeLists.txt.
using AllGradientMethods = TypeList<Naive, Adjoint, Aca>;

}  // namespace retrace
