#pragma once

#include "core/dual.hpp"
#include "core/quad.hpp"
#include "core/vec.hpp"
#include "problems/ensemble_problem.hpp"
#include "verification/extrapolation.hpp"
#include "verification/problem_instance.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace retrace {

/// Problems that have a reference in quadruple precision in this build: every ensemble problem of the suite and those
/// that a user's program has added; none where the compiler has no quadruple precision.
[[nodiscard]] std::vector<std::string> quad_reference_problems();

/// Gradient of the flow by the variational equations in quadruple precision, integrated by extrapolation of order 20
/// with tolerance 1e-26 (verification/extrapolation.hpp). Its uncertainty is the distance to a second solve with
/// tolerance 1e-22, the worst of all trajectories, and the rounding to doubles. Collective; trajectories are dealt to
/// ranks and host threads. Throws UsageError for a problem that has none, std::runtime_error if a trajectory fails.
[[nodiscard]] Reference make_quad_reference(std::string_view problem, Arguments const& arguments,
                                            Communicator const& comm);

#ifdef RETRACE_HAS_QUAD

/// Gradient of one trajectory's loss, in all digits.
struct QuadGradient {
  Quad loss;
  std::vector<Quad> dloss_dy0, dloss_dp, final_state;
  Quad dloss_dt0, dloss_dt1;  ///< of the flow, both ends of the time span
  std::int64_t steps = 0;
  bool success = false;
};

/// The trajectories of a problem whose type is forgotten.
class QuadTrajectories {
 public:
  QuadTrajectories() = default;
  QuadTrajectories(QuadTrajectories const&) = delete;
  QuadTrajectories& operator=(QuadTrajectories const&) = delete;
  virtual ~QuadTrajectories() = default;

  [[nodiscard]] virtual std::int64_t trajectories() const = 0;
  [[nodiscard]] virtual QuadGradient gradient(std::int64_t trajectory, double tolerance) const = 0;
};
using QuadTrajectoriesMaker = std::unique_ptr<QuadTrajectories> (*)(Arguments const&);

/// Throws UsageError for a problem that has none.
[[nodiscard]] std::unique_ptr<QuadTrajectories> make_quad_trajectories(std::string_view problem,
                                                                       Arguments const& arguments);
/// Throws UsageError if the name has one already.
void add_quad_trajectories(std::string_view problem, QuadTrajectoriesMaker maker);

namespace detail {

/// The variational equations of a problem: y and its tangents in all of (y0, p), as [component][1 + N + P] numbers. The
/// same rhs and loss as everywhere, in duals.
template <EnsembleProblem Problem>
class QuadVariations final : public QuadTrajectories {
 public:
  static constexpr int N = Problem::dimension, P = Problem::parameters;

  explicit QuadVariations(Arguments const& arguments) : problem_(arguments) {}

  [[nodiscard]] std::int64_t trajectories() const override { return problem_.trajectories; }
  [[nodiscard]] QuadGradient gradient(std::int64_t trajectory, double tolerance) const override {
    Vec<double, N> const y0 = problem_.initial_state(trajectory);
    Vec<double, P> const values = problem_.parameter_values(trajectory);
    Vec<Number, P> p;
    State y;
    for (int d = 0; d < N; ++d) y[d] = Number::variable(Quad(y0[d]), d);
    for (int j = 0; j < P; ++j) p[j] = Number::variable(Quad(values[j]), N + j);
    QuadRhs const rhs = [&p](Quad const& t, Quad const* x, Quad* dxdt) {
      State dydt;
      Problem::rhs(Number(t), state_of(x), p, dydt);
      std::memcpy(static_cast<void*>(dxdt), &dydt, sizeof dydt);
    };
    std::vector<Quad> x(numbers), slope(numbers);
    std::memcpy(static_cast<void*>(x.data()), &y, sizeof y);
    rhs(Quad(problem_.t0), x.data(), slope.data());
    State const slope0 = state_of(slope.data());
    Extrapolated const solved = extrapolate(rhs, Quad(problem_.t0), Quad(problem_.t1), x, 1 + N + P, tolerance);

    QuadGradient g;
    g.success = solved.success;
    g.steps = solved.steps;
    if (!g.success) return g;
    y = state_of(solved.x.data());
    Number const loss = Problem::loss(y);
    g.loss = loss.value;
    g.dloss_dy0.assign(loss.tangent, loss.tangent + N);
    g.dloss_dp.assign(loss.tangent + N, loss.tangent + N + P);
    rhs(Quad(problem_.t1), solved.x.data(), slope.data());
    State const slope1 = state_of(slope.data());
    Vec<Quad, N> end;
    for (int d = 0; d < N; ++d) {
      end[d] = y[d].value;
      g.final_state.push_back(y[d].value);
      g.dloss_dt0 -= loss.tangent[d] * slope0[d].value;  // -lambda(t0) . f(t0, y0)
    }
    Vec<Quad, N> const at_end = Problem::loss_gradient(end);
    for (int d = 0; d < N; ++d) g.dloss_dt1 += at_end[d] * slope1[d].value;
    return g;
  }

 private:
  using Number = Dual<Quad, N + P>;
  using State = Vec<Number, N>;
  static constexpr std::size_t numbers = static_cast<std::size_t>(N) * (1 + N + P);
  static_assert(std::is_trivially_copyable_v<State> && sizeof(State) == numbers * sizeof(Quad));

  [[nodiscard]] static State state_of(Quad const* x) {
    State y;
    std::memcpy(static_cast<void*>(&y), x, sizeof y);
    return y;
  }

  Problem problem_;
};

}  // namespace detail

/// Lets cases of a user's problem ask for a reference in quadruple precision, beside add_problem<Problem>().
template <EnsembleProblem Problem>
void add_quad_reference() {
  add_quad_trajectories(Problem::name, [](Arguments const& arguments) -> std::unique_ptr<QuadTrajectories> {
    return std::make_unique<detail::QuadVariations<Problem>>(arguments);
  });
}

#endif

}  // namespace retrace
