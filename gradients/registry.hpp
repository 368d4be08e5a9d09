#pragma once

#include "core/type_list.hpp"
#include "gradients/aca.hpp"
#include "gradients/aca_budget.hpp"
#include "gradients/aca_stages.hpp"
#include "gradients/adjoint.hpp"
#include "gradients/adjoint_interpolated.hpp"
#include "gradients/forward.hpp"
#include "gradients/mali.hpp"
#include "gradients/naive.hpp"
#include "gradients/reversible_rk.hpp"
#include "gradients/symplectic_adjoint.hpp"

namespace retrace {

/// Every gradient method. A new one: its header, its line here, its line in gradients/CMakeLists.txt.
using AllGradientMethods =
    TypeList<Naive, NaiveHalf, NaiveDetached, Adjoint, AdjointSeminorm, AdjointBlocks, AdjointReset,
             AdjointInterpolated, Aca, AcaStages, AcaBudget, SymplecticAdjoint, Forward, Mali, ReversibleRk>;

}  // namespace retrace
