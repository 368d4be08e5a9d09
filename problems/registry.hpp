#pragma once

#include "core/type_list.hpp"
#include "problems/brusselator.hpp"
#include "problems/linear.hpp"
#include "problems/lorenz63.hpp"
#include "problems/neural_mlp.hpp"
#include "problems/three_body.hpp"
#include "problems/van_der_pol.hpp"
#include "problems/van_der_pol_forced.hpp"
#include "problems/van_der_pol_paper.hpp"

namespace retrace {

/// Every ensemble problem. A new one: its header, its line here, its line in problems/CMakeLists.txt.
using AllEnsembleProblems = TypeList<Linear, VanDerPol, VanDerPolPaper, VanDerPolForced, Lorenz63, ThreeBody>;

/// Every field problem.
using AllFieldProblems = TypeList<Brusselator, NeuralMlp>;

}  // namespace retrace
