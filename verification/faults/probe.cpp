// The checks of one case in a program with one planted fault. Prints a line per check, tab by tab: name, verdict,
// value, threshold, message. Ends with 0 if the fault's check failed, 1 if it did not, 2 if the case could not be run.
#include "core/error.hpp"
#include "verification/checks.hpp"
#include "verification/faults/fault_case.hpp"
#include "verification/vector_error.hpp"

#include RETRACE_FAULT_HEADERS

#include <Kokkos_Core.hpp>

#include <mpi.h>

#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace {

using namespace retrace;

constexpr faults::FaultCase fault = RETRACE_FAULT_CASE;

/// Where no gradient is formed.
class NoGradients final : public ProblemInstance {
 public:
  [[nodiscard]] std::int64_t state_dimension() const override { return 1; }
  [[nodiscard]] std::int64_t parameter_count() const override { return 1; }
  [[nodiscard]] std::int64_t batch() const override { return 1; }
  [[nodiscard]] double initial_time() const override { return 0.0; }
  [[nodiscard]] double final_time() const override { return 1.0; }
  [[nodiscard]] ProblemOperations operations() const override { return {}; }
  [[nodiscard]] std::unique_ptr<GradientDriver> make_gradient(GradientChoice const&,
                                                              StepControl const&) const override {
    throw std::logic_error("no gradient");
  }
  [[nodiscard]] Reference make_reference(Objective const&) const override { return {}; }
  [[nodiscard]] WitnessError frozen_dual(GradientChoice const&, StepControl const&,
                                         GradientResult const&) const override {
    return {};
  }
  [[nodiscard]] WitnessError program_dual(GradientChoice const&, StepControl const&,
                                          GradientResult const&) const override {
    return {};
  }
  [[nodiscard]] DifferenceError finite_difference(GradientChoice const&, StepControl const&, bool,
                                                  GradientResult const&) const override {
    return {};
  }
};

std::unique_ptr<ProblemInstance> make_problem(Communicator const& comm) {
#ifdef RETRACE_FAULT_METHOD
  return std::make_unique<EnsembleInstance<RETRACE_FAULT_PROBLEM, TypeList<RETRACE_FAULT_METHOD>>>(
      faults::arguments_of(fault, RETRACE_FAULT_PROBLEM::arguments()), comm);
#else
  (void)comm;
  return std::make_unique<NoGradients>();
#endif
}

int examine(Communicator const& comm) {
  auto const problem = make_problem(comm);
  RETRACE_FAULT_WITNESS<RETRACE_FAULT_PROBLEM> const witness(
      faults::arguments_of(fault, RETRACE_FAULT_PROBLEM::arguments()), comm);
  GradientChoice choice{.method = std::string(fault.method), .solver = std::string(fault.solver), .backend = "serial"};
  StepControl const control = faults::control_of(fault);
  Promise promise = Promise::exact_frozen;
  GradientResult result;
  Reference reference;
  GradientError error{};
#ifdef RETRACE_FAULT_METHOD
  promise = RETRACE_FAULT_METHOD::promise;
  auto const driver = problem->make_gradient(choice, control);
  driver->run();
  result = driver->result();
  if (promise == Promise::consistent) {
    reference = problem->make_reference();
    error = gradient_error(comm, result.dloss_dy0, result.dloss_dp, reference);
  }
#endif
  CheckedGradient const checked{
      *problem, witness, comm,      choice, control,
      promise,  result,  reference, error,  [](Communicator const& others) { return make_problem(others); }};
  bool killed = false;
  for (CheckResult const& check : run_checks(checked, [](std::string_view name) { return name == fault.check; })) {
    killed = killed || check.verdict == CheckVerdict::fail;
    if (comm.rank() == 0)
      std::cout << check.check << '\t' << name_of(check.verdict) << '\t' << check.value << '\t' << check.threshold
                << '\t' << check.message << '\n';
  }
  return killed ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int code = 2;
  {
    Kokkos::ScopeGuard const kokkos(argc, argv);
    try {
      code = examine(Communicator::duplicate_of(MPI_COMM_WORLD));
    } catch (std::exception const& error) {
      std::cout << "error\t" << error.what() << '\n';
    }
  }
  MPI_Finalize();
  return code;
}
