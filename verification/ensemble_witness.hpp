#pragma once

#include "core/precision.hpp"
#include "solvers/registry.hpp"
#include "verification/problem_witness.hpp"
#include "verification/vector_error.hpp"
#include "verification/witness/invariants.hpp"
#include "verification/witness/over_ranks.hpp"
#include "verification/witness/program_complex_step.hpp"
#include "verification/witness/solver_replay.hpp"
#include "verification/witness/step_identity.hpp"
#include "verification/witness/system_taylor.hpp"
#include "verification/witness/trajectory_system.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace retrace {

/// Witnesses of an ensemble: they look at a few trajectories, spread over the whole of it.
template <EnsembleProblem Problem>
class EnsembleWitness final : public ProblemWitness {
 public:
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  using System = witness::TrajectorySystem<Problem>;
  /// Trajectories that are looked at, of all ranks; the same ones however many ranks there are.
  static constexpr std::int64_t witnessed = 3;
  /// Steps of each, and states at which f is looked at.
  static constexpr std::int64_t steps_looked_at = 64, states_looked_at = 6;

  EnsembleWitness(Arguments const& arguments, Communicator const& comm)
      : problem_(arguments), comm_(&comm), partition_(problem_.trajectories, block_size, comm.rank(), comm.size()) {}

  [[nodiscard]] IdentityDefect replay(GradientChoice const& choice, StepControl const& control) const override {
    Tableau const& tab = tableau_named(choice.solver);
    IdentityDefect worst;
    for_witnessed_runs(choice, control, [&]<class Precision>(System const& system, std::int64_t, auto const& run) {
      worst.keep_worse(witness::replay_defect<Precision>(system, tab, run));
    });
    return witness::worst_over_ranks(*comm_, worst);
  }

  [[nodiscard]] IdentityDefect error_control(GradientChoice const& choice, StepControl const& control) const override {
    Tableau const& tab = tableau_named(choice.solver);
    IdentityDefect worst;
    if (!control.adaptive()) return worst;
    for_witnessed(choice, control, [&](System const& system, std::int64_t, auto const& steps) {
      worst.keep_worse(witness::error_norm_defect(system, tab, control, steps, limits::round_off(choice.precision)));
    });
    return witness::worst_over_ranks(*comm_, worst);
  }

  [[nodiscard]] IdentityDefect right_hand_side(GradientChoice const& choice,
                                               StepControl const& control) const override {
    Tableau const& tab = tableau_named(choice.solver);
    IdentityDefect worst;
    for_witnessed(choice, control, [&](System const& system, std::int64_t, auto const& steps) {
      visit_points(system, tab, steps, [&](witness::Point const& point, bool last) {
        if (choice.precision == F64::name) {
          worst.keep_worse(witness::right_hand_side_defect<double>(system, point));
          if (last) worst.keep_worse(witness::loss_gradient_defect<double>(system, point));
        } else {
          worst.keep_worse(witness::right_hand_side_defect<float>(system, point));
          if (last) worst.keep_worse(witness::loss_gradient_defect<float>(system, point));
        }
      });
    });
    return witness::worst_over_ranks(*comm_, worst);
  }

  [[nodiscard]] IdentityDefect step_reverse(GradientChoice const& choice, StepControl const& control) const override {
    Tableau const& tab = tableau_named(choice.solver);
    IdentityDefect worst;
    for_witnessed(choice, control, [&](System const& system, std::int64_t, auto const& steps) {
      (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
        worst.keep_worse(witness::step_defect<Precision>(system, tab, steps, steps_looked_at));
      });
    });
    return witness::worst_over_ranks(*comm_, worst);
  }

  [[nodiscard]] WitnessError complex_step(GradientChoice const& choice, StepControl const& control,
                                          GradientResult const& gradient) const override {
    witness::PlainScheme const scheme(tableau_named(choice.solver), choice.method, control);
    WitnessError error;
    for_witnessed_method(choice, control, scheme, [&](System const& system, std::int64_t local, auto const& steps) {
      witness::GradientBlocks const g = blocks(gradient, local);
      witness::Signs<System> const signs(system);
      error.relative_error = larger_or_nan(
          error.relative_error,
          witness::relative_distance(slopes(system, g, signs),
                                     witness::complex_derivatives(system, scheme, steps, signs), norms(system, g)));
      error.steps = std::max(error.steps, static_cast<std::int64_t>(steps.size()));
      error.compared += 2;
    });
    return worst_over_ranks(*comm_, error);
  }

  [[nodiscard]] ProgramWitnessError program_complex_step(GradientChoice const& choice, StepControl const& control,
                                                         GradientResult const& gradient) const override {
    Tableau const& tab = tableau_named(choice.solver);
    ProgramWitnessError worst;
    for_witnessed_runs(choice, control, [&]<class>(System const& system, std::int64_t local, auto const& run) {
      worst.keep_worse(witness::program_complex_step(system, tab, control, blocks(gradient, local), run.pattern));
    });
    return witness::worst_over_ranks(*comm_, worst);
  }

  [[nodiscard]] std::vector<InvariantDefect> invariants(StepControl const& control,
                                                        GradientResult const& gradient) const override {
    witness::InvariantSums sums(Problem::autonomous, problem_.t0, problem_.t1);
    for (std::int64_t local = 0; local < partition_.local_items(); ++local) {
      std::int64_t const trajectory = local + partition_.first_item();
      auto const final_state = std::span(gradient.final_state).subspan(static_cast<std::size_t>(local) * N, N);
      System const system(problem_, trajectory);
      sums.add(witness::slopes_at_ends(system, control, blocks(gradient, local).y0, final_state));
      if constexpr (HasConserved<Problem>) {
        Vec<double, P> const p = problem_.parameter_values(trajectory);
        auto const at = [&](auto const& state) {
          Vec<double, N> y{};
          std::ranges::copy(state, y.data);
          return Problem::conserved(y, p);
        };
        sums.add_conserved(at(system.y0), at(final_state),
                           at(witness::off_by_tolerance(control, final_state, system.first_entry())));
      }
    }
    std::string_view name;
    if constexpr (HasConserved<Problem>) name = Problem::conserved_name;
    return sums.defects(*comm_, true, control, gradient, name);
  }

  [[nodiscard]] std::vector<TaylorTest> taylor(GradientChoice const& choice, StepControl const& control, bool program,
                                               GradientResult const& gradient,
                                               double gradient_rounding) const override {
    witness::PlainScheme const scheme(tableau_named(choice.solver), choice.method, control);
    std::vector<TaylorTest> tests;
    for_witnessed_method(choice, control, scheme, [&](System const& system, std::int64_t local, auto const& steps) {
      if (auto test = witness::taylor_of(system, scheme, control, steps, program, blocks(gradient, local),
                                         gradient_rounding, static_cast<int>(partition_.first_item() + local)))
        tests.push_back(std::move(*test));
    });
    return witness::gathered(*comm_, tests);
  }

  [[nodiscard]] MeasuredRounding rounding(GradientChoice const& choice, StepControl const& control, bool program,
                                          GradientResult const& gradient) const override {
    Tableau const& tab = tableau_named(choice.solver);
    MeasuredRounding worst;
    bool all = true;
    for_witnessed(choice, control, [&](System const& system, std::int64_t local, auto const& steps) {
      MeasuredRounding const one =
          witness::measure_rounding(system, tab, control, steps, program, limits::round_off(choice.precision),
                                    norms(system, blocks(gradient, local)));
      all = all && one.runs > 0;
      worst.relative = larger_or_nan(worst.relative, one.relative);
      worst.drift = larger_or_nan(worst.drift, one.drift);
      worst.runs += one.runs;
      worst.tried += one.tried;
    });
    return witness::worst_over_ranks(*comm_, worst, all);
  }

 private:
  static constexpr std::int64_t block_size = 16;  // as in EnsembleInstance

  /// body.template operator()<Precision>(system, local trajectory, run) for those of the trajectories looked at that
  /// this rank has.
  template <class Body>
  void for_witnessed_runs(GradientChoice const& choice, StepControl const& control, Body const& body) const {
    for_witnessed_systems([&](System const& system, std::int64_t local) {
      (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
        auto const run =
            witness::run_solver<Precision>(system, tableau_named(choice.solver), control, system.y0, system.p);
        if (run) body.template operator()<Precision>(system, local, *run);
      });
    });
  }
  /// body(system, local trajectory)
  template <class Body>
  void for_witnessed_systems(Body const& body) const {
    std::int64_t const n = problem_.trajectories, count = std::min(n, witnessed);
    for (std::int64_t k = 0; k < count; ++k) {
      std::int64_t const local = k * n / count - partition_.first_item();
      if (local >= 0 && local < partition_.local_items())
        body(System(problem_, local + partition_.first_item()), local);
    }
  }
  /// The same for a body(system, local trajectory, steps).
  template <class Body>
  void for_witnessed(GradientChoice const& choice, StepControl const& control, Body const& body) const {
    for_witnessed_runs(choice, control, [&]<class>(System const& system, std::int64_t local, auto const& run) {
      body(system, local, run.steps);
    });
  }
  /// The same with the steps of the method's own scheme, if it has one.
  template <class Body>
  void for_witnessed_method(GradientChoice const& choice, StepControl const& control,
                            witness::PlainScheme const& scheme, Body const& body) const {
    if (scheme.kind == witness::PlainScheme::Kind::solver) return for_witnessed(choice, control, body);
    for_witnessed_systems([&](System const& system, std::int64_t local) {
      if (auto const steps = witness::own_steps(system, *scheme.tab, choice.method, control))
        body(system, local, *steps);
    });
  }
  template <class Visit>
  static void visit_points(System const& system, Tableau const& tab, std::vector<StepSpan<double>> const& steps,
                           Visit const& visit) {
    witness::visit_points(system, tab, steps, states_looked_at, visit);
  }
  [[nodiscard]] witness::GradientBlocks blocks(GradientResult const& g, std::int64_t local) const {
    auto const i = static_cast<std::size_t>(local);
    return {std::span(g.dloss_dy0).subspan(i * N, N), std::span(g.dloss_dp_each).subspan(i * P, P)};
  }

  Problem problem_;
  Communicator const* comm_;
  BlockPartition partition_;
};

}  // namespace retrace
