#pragma once

#include "core/precision.hpp"
#include "solvers/registry.hpp"
#include "verification/problem_witness.hpp"
#include "verification/vector_error.hpp"
#include "verification/witness/field_system.hpp"
#include "verification/witness/invariants.hpp"
#include "verification/witness/over_ranks.hpp"
#include "verification/witness/program_complex_step.hpp"
#include "verification/witness/solver_replay.hpp"
#include "verification/witness/step_identity.hpp"
#include "verification/witness/system_taylor.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace retrace {

/// Witnesses of a field, its samples spread over the ranks.
template <FieldProblem Problem>
class FieldWitness final : public ProblemWitness {
 public:
  using System = witness::FieldSystem<Problem>;
  /// Steps whose reverse is looked at, and states at which f is.
  static constexpr std::int64_t steps_looked_at = 8, states_looked_at = 3;

  FieldWitness(Arguments const& arguments, Communicator const& comm)
      : problem_(arguments),
        comm_(&comm),
        system_(problem_, BlockPartition(problem_.samples(), problem_.block_size(), comm.rank(), comm.size()), comm) {}

  [[nodiscard]] IdentityDefect replay(GradientChoice const& choice, StepControl const& control) const override {
    Tableau const& tab = tableau_named(choice.solver);
    IdentityDefect worst;
    with_run(choice, control,
             [&]<class Precision>(auto const& run) { worst = witness::replay_defect<Precision>(system_, tab, run); });
    return worst;
  }

  [[nodiscard]] IdentityDefect error_control(GradientChoice const& choice, StepControl const& control) const override {
    Tableau const& tab = tableau_named(choice.solver);
    IdentityDefect worst;
    if (!control.adaptive()) return worst;
    with_steps(choice, control, [&](auto const& steps) {
      worst = witness::error_norm_defect(system_, tab, control, steps, limits::round_off(choice.precision));
    });
    return worst;
  }

  [[nodiscard]] IdentityDefect right_hand_side(GradientChoice const& choice,
                                               StepControl const& control) const override {
    Tableau const& tab = tableau_named(choice.solver);
    IdentityDefect worst;
    with_steps(choice, control, [&](auto const& steps) {
      witness::visit_points(system_, tab, steps, states_looked_at, [&](witness::Point const& point, bool last) {
        if (choice.precision == F64::name) {
          worst.keep_worse(witness::right_hand_side_defect<double>(system_, point));
          if (last) worst.keep_worse(witness::loss_gradient_defect<double>(system_, point));
        } else {
          worst.keep_worse(witness::right_hand_side_defect<float>(system_, point));
          if (last) worst.keep_worse(witness::loss_gradient_defect<float>(system_, point));
        }
      });
    });
    return worst;  // formed from sums that every rank has
  }

  [[nodiscard]] IdentityDefect step_reverse(GradientChoice const& choice, StepControl const& control) const override {
    Tableau const& tab = tableau_named(choice.solver);
    IdentityDefect worst;
    with_steps(choice, control, [&](auto const& steps) {
      (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
        worst = witness::step_defect<Precision>(system_, tab, steps, steps_looked_at);
      });
    });
    return worst;
  }

  [[nodiscard]] WitnessError complex_step(GradientChoice const& choice, StepControl const& control,
                                          GradientResult const& gradient) const override {
    witness::PlainScheme const scheme(tableau_named(choice.solver), choice.method, control);
    WitnessError error;
    with_method_steps(choice, control, scheme, [&](auto const& steps) {
      witness::GradientBlocks const g{gradient.dloss_dy0, gradient.dloss_dp};
      witness::Signs<System> const signs(system_);
      error = {.relative_error = witness::relative_distance(slopes(system_, g, signs),
                                                            witness::complex_derivatives(system_, scheme, steps, signs),
                                                            norms(system_, g)),
               .steps = static_cast<std::int64_t>(steps.size()),
               .compared = 2};
    });
    return error;
  }

  [[nodiscard]] ProgramWitnessError program_complex_step(GradientChoice const& choice, StepControl const& control,
                                                         GradientResult const& gradient) const override {
    Tableau const& tab = tableau_named(choice.solver);
    ProgramWitnessError error;
    with_run(choice, control, [&]<class>(auto const& run) {
      error = witness::program_complex_step(
          system_, tab, control, witness::GradientBlocks{gradient.dloss_dy0, gradient.dloss_dp}, run.pattern);
    });
    return error;  // formed from sums that every rank has
  }

  [[nodiscard]] std::vector<InvariantDefect> invariants(StepControl const& control,
                                                        GradientResult const& gradient) const override {
    witness::InvariantSums sums(true, problem_.t0, problem_.t1);
    sums.add(witness::slopes_at_ends(system_, control, gradient.dloss_dy0, gradient.final_state));
    return sums.defects(*comm_, false, control, gradient, {});
  }

  [[nodiscard]] std::vector<TaylorTest> taylor(GradientChoice const& choice, StepControl const& control, bool program,
                                               GradientResult const& gradient,
                                               double gradient_rounding) const override {
    witness::PlainScheme const scheme(tableau_named(choice.solver), choice.method, control);
    std::vector<TaylorTest> tests;
    with_method_steps(choice, control, scheme, [&](auto const& steps) {
      if (auto test =
              witness::taylor_of(system_, scheme, control, steps, program,
                                 witness::GradientBlocks{gradient.dloss_dy0, gradient.dloss_dp}, gradient_rounding, 0))
        tests.push_back(std::move(*test));
    });
    return tests;
  }

  [[nodiscard]] MeasuredRounding rounding(GradientChoice const& choice, StepControl const& control, bool program,
                                          GradientResult const& gradient) const override {
    Tableau const& tab = tableau_named(choice.solver);
    MeasuredRounding measured;
    with_steps(choice, control, [&](auto const& steps) {
      measured =
          witness::measure_rounding(system_, tab, control, steps, program, limits::round_off(choice.precision),
                                    norms(system_, witness::GradientBlocks{gradient.dloss_dy0, gradient.dloss_dp}));
    });
    return measured;
  }

 private:
  template <class Body>
  void with_run(GradientChoice const& choice, StepControl const& control, Body const& body) const {
    (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
      auto const run =
          witness::run_solver<Precision>(system_, tableau_named(choice.solver), control, system_.y0, system_.p);
      if (run) body.template operator()<Precision>(*run);
    });
  }
  template <class Body>
  void with_steps(GradientChoice const& choice, StepControl const& control, Body const& body) const {
    with_run(choice, control, [&]<class>(auto const& run) { body(run.steps); });
  }
  /// The same with the steps of the method's own scheme, if it has one.
  template <class Body>
  void with_method_steps(GradientChoice const& choice, StepControl const& control, witness::PlainScheme const& scheme,
                         Body const& body) const {
    if (scheme.kind == witness::PlainScheme::Kind::solver) return with_steps(choice, control, body);
    if (auto const steps = witness::own_steps(system_, *scheme.tab, choice.method, control)) body(*steps);
  }

  Problem problem_;
  Communicator const* comm_;
  System system_;
};

}  // namespace retrace
