#pragma once

#include "gradients/external/external_method.hpp"
#include "gradients/external/plain_ensemble.hpp"
#include "gradients/external/plain_field.hpp"
#include "verification/problem_instance.hpp"
#include "verification/step_witness.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace retrace {

/// An instance of a problem that is also differentiated by other libraries, and that has witnesses along any steps.
/// Everything else is asked of the instance that it is made from.
class ExtendedInstance final : public ProblemInstance, public StepWitness {
 public:
  using MakeSystem = std::function<std::unique_ptr<PlainSystem>()>;

  ExtendedInstance(std::string_view problem, std::unique_ptr<ProblemInstance> own, MakeSystem make_system,
                   Communicator const& comm)
      : problem_(problem), own_(std::move(own)), make_system_(std::move(make_system)), comm_(&comm) {}

  [[nodiscard]] std::int64_t state_dimension() const override { return own_->state_dimension(); }
  [[nodiscard]] std::int64_t parameter_count() const override { return own_->parameter_count(); }
  [[nodiscard]] std::int64_t batch() const override { return own_->batch(); }
  [[nodiscard]] std::int64_t solves() const override { return own_->solves(); }
  [[nodiscard]] double initial_time() const override { return own_->initial_time(); }
  [[nodiscard]] double final_time() const override { return own_->final_time(); }
  [[nodiscard]] ProblemOperations operations() const override { return own_->operations(); }
  [[nodiscard]] Reference make_reference(Objective const& objective = {}) const override {
    return own_->make_reference(objective);
  }

  [[nodiscard]] std::unique_ptr<GradientDriver> make_gradient(GradientChoice const& choice,
                                                              StepControl const& control) const override;
  [[nodiscard]] WitnessError frozen_dual(GradientChoice const& choice, StepControl const& control,
                                         GradientResult const& gradient) const override;
  [[nodiscard]] WitnessError program_dual(GradientChoice const& choice, StepControl const& control,
                                          GradientResult const& gradient) const override {
    return own_->program_dual(choice, control, gradient);
  }
  [[nodiscard]] DifferenceError finite_difference(GradientChoice const& choice, StepControl const& control, bool frozen,
                                                  GradientResult const& gradient) const override {
    return own_->finite_difference(choice, control, frozen, gradient);
  }
  [[nodiscard]] DifferenceError time_difference(GradientChoice const& choice, StepControl const& control, bool frozen,
                                                GradientResult const& gradient) const override {
    return own_->time_difference(choice, control, frozen, gradient);
  }

  [[nodiscard]] BlockErrors block_errors(GradientChoice const& choice, StepControl const& control,
                                         GradientResult const& gradient) const override;
  [[nodiscard]] AdjointGrowth adjoint_growth(GradientChoice const& choice, StepControl const& control,
                                             GradientResult const& gradient) const override;
  [[nodiscard]] MeasuredRounding rounding(GradientChoice const& choice, StepControl const& control,
                                          GradientResult const& gradient) const override;

 private:
  /// The scheme and the steps of every system of `choice`; false where the solve fails on any rank.
  [[nodiscard]] bool find_steps(GradientChoice const& choice, StepControl const& control, PlainSystem& system,
                                ForeignSteps& found) const;

  std::string problem_;
  std::unique_ptr<ProblemInstance> own_;
  MakeSystem make_system_;
  Communicator const* comm_;
};

template <EnsembleProblem Problem>
[[nodiscard]] std::unique_ptr<ProblemInstance> extend(std::unique_ptr<ProblemInstance> own, Arguments const& arguments,
                                                      Communicator const& comm) {
  Problem const problem(arguments);
  constexpr std::int64_t block_trajectories = 16;  // as in EnsembleInstance
  BlockPartition const partition(problem.trajectories, block_trajectories, comm.rank(), comm.size());
  return std::make_unique<ExtendedInstance>(
      Problem::name, std::move(own),
      [problem, partition] { return std::make_unique<PlainEnsemble<Problem>>(problem, partition); }, comm);
}
template <FieldProblem Problem>
[[nodiscard]] std::unique_ptr<ProblemInstance> extend(std::unique_ptr<ProblemInstance> own, Arguments const& arguments,
                                                      Communicator const& comm) {
  Problem const problem(arguments);
  BlockPartition const partition(problem.samples(), problem.block_size(), comm.rank(), comm.size());
  return std::make_unique<ExtendedInstance>(
      Problem::name, std::move(own),
      [problem, partition, &comm] {
        return std::make_unique<PlainField<Problem, Kokkos::DefaultHostExecutionSpace>>(problem, partition, comm);
      },
      comm);
}

}  // namespace retrace
