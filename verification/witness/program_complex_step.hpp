#pragma once

#include "verification/witness/derivatives.hpp"
#include "verification/witness/plain_program.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace retrace::witness {

/// The derivative of the whole adaptive program in plain loops by complex steps, step sizes included, and the branches
/// that these loops took.
struct PlainProgramDerivatives {
  TwoDerivatives values{};
  std::vector<std::uint64_t> pattern;
  std::int64_t steps = 0;
};

/// Nothing if the solve fails. `shift`: relative, of all numbers in y0 and p beforehand.
template <class System>
[[nodiscard]] std::optional<PlainProgramDerivatives> complex_derivatives_of_program(System const& system,
                                                                                    Tableau const& tab,
                                                                                    StepControl const& control,
                                                                                    Signs<System> const& signs,
                                                                                    double shift = 0.0) {
  constexpr double step = 1e-30;  // its square is nothing beside 1
  PlainProgramDerivatives derivatives;
  for (std::size_t block = 0; block < 2; ++block) {
    auto y = converted<ComplexNumber>(system.y0), p = converted<ComplexNumber>(system.p);
    for (ComplexNumber& x : y) x *= ComplexNumber(1.0 + shift);
    for (ComplexNumber& x : p) x *= ComplexNumber(1.0 + shift);
    Numbers<ComplexNumber>& moved = block == 0 ? y : p;
    std::vector<double> const& along = block == 0 ? signs.y0 : signs.p;
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i].z += std::complex<double>(0.0, step * along[i]);
    PlainProgram<ComplexNumber, System> program(tab, system, control, p);
    RecordedStepsOf<ComplexNumber> recorded;
    if (!program.solve(y, recorded)) return std::nullopt;
    derivatives.values[block] = system.sum(system.loss(y).z.imag()) / step;
    derivatives.steps = static_cast<std::int64_t>(recorded.steps.size());
    derivatives.pattern = std::move(recorded.pattern);
  }
  return derivatives;
}

/// A gradient against that derivative, for one system. `pattern`: the branches of the solver's own run.
template <class System>
[[nodiscard]] ProgramWitnessError program_complex_step(System const& system, Tableau const& tab,
                                                       StepControl const& control, GradientBlocks const& gradient,
                                                       std::vector<std::uint64_t> const& pattern) {
  Signs<System> const signs(system);
  TwoDerivatives const norm = norms(system, gradient);
  ProgramWitnessError result{.error = {.compared = 2}};
  auto const derivatives = complex_derivatives_of_program(system, tab, control, signs);
  if (!derivatives) {
    result.error.relative_error = std::numeric_limits<double>::quiet_NaN();
    result.other_branches = 1;
    return result;
  }
  result.error.relative_error = relative_distance(slopes(system, gradient, signs), derivatives->values, norm);
  result.error.steps = derivatives->steps;
  // A rank sees the branches of its own entries only.
  result.other_branches = system.sum(derivatives->pattern == pattern ? 0.0 : 1.0) > 0.0 ? 1 : 0;
  if (!(result.error.relative_error > WitnessError::clear)) return result;
  for (double const bits : {-4.0, -2.0, 2.0, 4.0}) {
    auto const there = complex_derivatives_of_program(system, tab, control, signs, bits * limits::double_round_off);
    if (there)
      result.error.sensitivity =
          std::max(result.error.sensitivity, relative_distance(there->values, derivatives->values, norm));
  }
  return result;
}

}  // namespace retrace::witness
