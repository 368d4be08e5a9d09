#pragma once

#include "core/complex_number.hpp"
#include "core/dual.hpp"
#include "solvers/integrate.hpp"
#include "verification/problem_witness.hpp"
#include "verification/recorded_steps.hpp"
#include "verification/vector_error.hpp"
#include "verification/witness/dot_products.hpp"
#include "verification/witness/plain_reversible.hpp"
#include "verification/witness/shaken.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace retrace::witness {

/// A gradient's blocks for one system: this rank's part of dL/dy0, and of dL/dp what belongs to the system.
struct GradientBlocks {
  std::span<double const> y0, p;
};

/// Along random signs in y0 (0) and in p (1): the derivative of the loss.
using TwoDerivatives = std::array<double, 2>;

/// The signs, and what a gradient says of them.
template <class System>
struct Signs {
  std::vector<double> y0, p;
  explicit Signs(System const& system)
      : y0(random_signs(101, system.first_entry(), system.y0.size())),
        p(random_signs(102, system.first_parameter(), system.p.size())) {}
};
template <class System>
[[nodiscard]] TwoDerivatives slopes(System const& system, GradientBlocks const& g, Signs<System> const& signs) {
  double p = 0.0;  // every rank has all of dL/dp
  for (std::size_t j = 0; j < signs.p.size(); ++j) p += g.p[j] * signs.p[j];
  return {product(system, g.y0, signs.y0).value, p};
}
/// Euclidean norms of the blocks: the expected size of the slopes.
template <class System>
[[nodiscard]] TwoDerivatives norms(System const& system, GradientBlocks const& g) {
  double p = 0.0;
  for (double const x : g.p) p += x * x;
  return {std::sqrt(product(system, g.y0, g.y0).value), std::sqrt(p)};
}
/// The larger of |a - b| / norm over the two; |a - b| where the norm is zero.
[[nodiscard]] inline double relative_distance(TwoDerivatives const& a, TwoDerivatives const& b,
                                              TwoDerivatives const& norm) {
  double worst = 0.0;
  for (std::size_t k = 0; k < 2; ++k) {
    double const distance = std::abs(a[k] - b[k]), relative = norm[k] > 0.0 ? distance / norm[k] : distance;
    if (!(relative <= worst)) worst = relative;
  }
  return worst;
}

namespace detail {
using TwoTangents = Dual<double, 2>;
template <class System>
void seed(System const& system, Signs<System> const& signs, Numbers<TwoTangents>& y, Numbers<TwoTangents>& p) {
  y = converted<TwoTangents>(system.y0);
  p = converted<TwoTangents>(system.p);
  for (std::size_t d = 0; d < y.size(); ++d) y[d].tangent[0] = signs.y0[d];
  for (std::size_t j = 0; j < p.size(); ++j) p[j].tangent[1] = signs.p[j];
}
template <class System>
[[nodiscard]] TwoDerivatives tangents_of_loss(System const& system, Numbers<TwoTangents> const& y) {
  TwoTangents const loss = system.loss(y);
  return {system.sum(loss.tangent[0]), system.sum(loss.tangent[1])};
}
}  // namespace detail

/// By duals through the recorded steps in plain loops.
template <class System>
[[nodiscard]] TwoDerivatives frozen_derivatives(System const& system, Tableau const& tab,
                                                std::vector<StepSpan<double>> const& steps, Signs<System> const& signs,
                                                Shaking const& shaking) {
  Numbers<detail::TwoTangents> y, p;
  detail::seed(system, signs, y, p);
  plain_replay(tab, ShakenSystem<System>(system, shaking), steps, p, y);
  return detail::tangents_of_loss(system, y);
}

/// By complex steps through the recorded steps in plain loops.
template <class System>
[[nodiscard]] TwoDerivatives complex_derivatives(System const& system, PlainScheme const& scheme,
                                                 std::vector<StepSpan<double>> const& steps,
                                                 Signs<System> const& signs) {
  constexpr double step = 1e-30;  // its square is nothing beside 1
  TwoDerivatives derivatives{};
  for (std::size_t block = 0; block < 2; ++block) {
    auto y = converted<ComplexNumber>(system.y0), p = converted<ComplexNumber>(system.p);
    Numbers<ComplexNumber>& moved = block == 0 ? y : p;
    std::vector<double> const& along = block == 0 ? signs.y0 : signs.p;
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i].z += std::complex<double>(0.0, step * along[i]);
    plain_replay(scheme, system, steps, p, y);
    derivatives[block] = system.sum(system.loss(y).z.imag()) / step;
  }
  return derivatives;
}

/// By duals of the solver through the whole adaptive program, and the branches that it took.
struct ProgramDerivatives {
  TwoDerivatives values{};
  std::vector<std::uint64_t> pattern;
};
template <class System>
[[nodiscard]] std::optional<ProgramDerivatives> program_derivatives(System const& system, Tableau const& tab,
                                                                    StepControl const& control,
                                                                    Signs<System> const& signs,
                                                                    Shaking const& shaking) {
  using T = detail::TwoTangents;
  using Model = ShakenModel<typename System::template Model<T, T>>;
  Numbers<T> y0, p;
  detail::seed(system, signs, y0, p);
  Model const model(system.template model<T, T>(p), shaking);
  auto y = model.make_state("retrace::witness::y");
  system.set_state(model, y0, y);
  StepWorkspace<Model> work(tab, model);
  RecordedStepsOf<T> recorded;
  IntegrationCounts<CountOf<T>> counts;
  SolveStatus const status = integrate(tab, model, control, T(system.t0), T(system.t1), y, work, recorded, counts);
  if (status != SolveStatus::success) return std::nullopt;
  for (std::size_t d = 0; d < y0.size(); ++d) y0[d] = y[static_cast<int>(d)];
  return ProgramDerivatives{detail::tangents_of_loss(system, y0), std::move(recorded.pattern)};
}

/// A solve by the solver in a precision.
struct SolverRun {
  std::vector<StepSpan<double>> steps;  ///< accepted
  std::vector<std::uint64_t> pattern;
  std::vector<double> final_state;
  double loss = 0.0;
};
/// Nothing if it fails.
template <class Precision, class System>
[[nodiscard]] std::optional<SolverRun> run_solver(System const& system, Tableau const& tab, StepControl const& control,
                                                  Numbers<double> const& y0, Numbers<double> const& p) {
  using T = typename Precision::State;
  using S = typename Precision::Time;
  auto const model = system.template model<T, S>(converted<T>(p));
  auto y = model.make_state("retrace::witness::y");
  system.set_state(model, converted<T>(y0), y);
  StepWorkspace<std::remove_const_t<decltype(model)>> work(tab, model);
  RecordedStepsOf<S> recorded;
  IntegrationCounts<CountOf<S>> counts;
  SolveStatus const status =
      integrate(tab, model, control, static_cast<S>(system.t0), static_cast<S>(system.t1), y, work, recorded, counts);
  if (status != SolveStatus::success) return std::nullopt;
  SolverRun run{.steps = {},
                .pattern = std::move(recorded.pattern),
                .final_state = system.state_values(model, y),
                .loss = static_cast<double>(model.loss(y))};
  for (auto const& step : recorded.steps)
    run.steps.push_back({static_cast<double>(step.t), static_cast<double>(step.h), static_cast<double>(step.t_next)});
  return run;
}

/// Rounding errors of a derivative, measured by shaking: over the runs that keep the branches, relative to `norm`, or
/// where the gradient is of another loss than the terminal one, to the derivative itself.
template <class System>
[[nodiscard]] MeasuredRounding measure_rounding(System const& system, Tableau const& tab, StepControl const& control,
                                                std::vector<StepSpan<double>> const& steps, bool program,
                                                double unit_round_off, TwoDerivatives const& norm) {
  constexpr std::uint64_t random_runs = 4, drifting_runs = 2;
  Signs<System> const signs(system);
  Shaking shaking{.round_off = 0.0,
                  .operations_per_component = system.operations_per_component(),
                  .seed = 0,
                  .first_entry = system.first_entry()};
  auto const derivatives = [&]() -> std::optional<ProgramDerivatives> {
    if (program) return program_derivatives(system, tab, control, signs, shaking);
    return ProgramDerivatives{frozen_derivatives(system, tab, steps, signs, shaking), {}};
  };
  MeasuredRounding measured;
  auto const exact = derivatives();
  if (!exact) return measured;
  shaking.round_off = unit_round_off;
  double squares = 0.0, random = 0.0;
  for (std::uint64_t run = 0; run < random_runs + drifting_runs; ++run) {
    shaking.seed = (run + 1) << 40U;
    shaking.drift = run >= random_runs;
    ++measured.tried;
    auto const shaken = derivatives();
    double const differs = shaken && shaken->pattern == exact->pattern ? 0.0 : 1.0;
    if (system.sum(differs) > 0.0) continue;
    bool const terminal = control.objective.kind == LossKind::terminal;
    TwoDerivatives const own{std::abs(exact->values[0]), std::abs(exact->values[1])};
    double const distance = relative_distance(shaken->values, exact->values, terminal ? norm : own);
    ++measured.runs;
    if (shaking.drift) {
      measured.drift = larger_or_nan(measured.drift, distance);
    } else {
      squares += distance * distance;
      random += 1.0;
    }
  }
  if (random > 0.0) measured.relative = std::sqrt(squares / random);
  return measured;
}

}  // namespace retrace::witness
