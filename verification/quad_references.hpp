#pragma once

#include "core/dual.hpp"
#include "core/quad.hpp"
#include "core/vec.hpp"
#include "problems/ensemble_problem.hpp"
#include "problems/field_problem.hpp"
#include "verification/extrapolation.hpp"
#include "verification/problem_instance.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace retrace {

/// Problems that have a reference in quadruple precision in this build: every problem of the suite and those that a
/// user's program has added; none where the compiler has no quadruple precision. Fields have one if they are small
/// (QuadFieldVariations::most_unknowns).
[[nodiscard]] std::vector<std::string> quad_reference_problems();

/// Gradient of the flow by the variational equations in quadruple precision, integrated by extrapolation of order 20
/// with tolerance 1e-26 (verification/extrapolation.hpp). Its uncertainty is the distance to a second solve with
/// tolerance 1e-22, the worst of all trajectories (samples of a field), and the rounding to doubles. Collective;
/// trajectories are dealt to ranks and host threads. Throws UsageError for a problem that has none, std::runtime_error
/// if a trajectory fails.
[[nodiscard]] Reference make_quad_reference(std::string_view problem, Arguments const& arguments,
                                            Communicator const& comm);
/// Trajectories (samples) of a block that such a reference is dealt to ranks by, as the problem's own are.
[[nodiscard]] std::int64_t quad_reference_block(std::string_view problem, Arguments const& arguments);

#ifdef RETRACE_HAS_QUAD

/// Gradient of one trajectory's loss, in all digits.
struct QuadGradient {
  Quad loss;
  std::vector<Quad> dloss_dy0, dloss_dp, final_state;
  Quad dloss_dt0, dloss_dt1;  ///< of the flow, both ends of the time span
  std::int64_t steps = 0;
  bool success = false;
};

/// The trajectories of a problem, or the samples of a field, whose type is forgotten.
class QuadTrajectories {
 public:
  QuadTrajectories() = default;
  QuadTrajectories(QuadTrajectories const&) = delete;
  QuadTrajectories& operator=(QuadTrajectories const&) = delete;
  virtual ~QuadTrajectories() = default;

  [[nodiscard]] virtual std::int64_t trajectories() const = 0;
  /// How many of them belong together on a rank.
  [[nodiscard]] virtual std::int64_t block() const {
    constexpr std::int64_t of_ensembles = 16;  // as EnsembleInstance deals trajectories
    return of_ensembles;
  }
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

/// The same for the samples of a field, whose rhs and loss do not mix them: y and its tangents in some of (y0, p), as
/// [component][1 + directions] numbers, from the beginning again for the next ones.
template <FieldProblem Problem>
class QuadFieldVariations final : public QuadTrajectories {
 public:
  static constexpr int directions = 8;
  /// Of a sample and the parameters. 256 take some ten seconds a sample; larger fields would take hours.
  static constexpr std::int64_t most_unknowns = 256;

  explicit QuadFieldVariations(Arguments const& arguments)
      : problem_(arguments),
        size_(static_cast<std::size_t>(problem_.sample_size())),
        parameters_(static_cast<std::size_t>(problem_.parameters())) {
    if (problem_.sample_size() + problem_.parameters() > most_unknowns)
      throw UsageError("problem '" + std::string(Problem::name) + "' with " + std::to_string(size_) +
                       " components of a sample and " + std::to_string(parameters_) +
                       " parameters is too large for a reference in quadruple precision, which takes " +
                       std::to_string(most_unknowns) + " of both; use reference = \"auto\"");
  }

  [[nodiscard]] std::int64_t trajectories() const override { return problem_.samples(); }
  [[nodiscard]] std::int64_t block() const override { return problem_.block_size(); }
  [[nodiscard]] QuadGradient gradient(std::int64_t sample, double tolerance) const override {
    QuadGradient g;
    g.success = true;
    for (std::size_t first = 0; first < size_ + parameters_ && g.success; first += directions)
      add_directions(sample, tolerance, first, g);
    return g;
  }

 private:
  using Number = Dual<Quad, directions>;
  using Numbers = std::vector<Number>;
  static_assert(std::is_trivially_copyable_v<Number> && sizeof(Number) == (1 + directions) * sizeof(Quad));

  [[nodiscard]] Numbers rhs(Numbers const& y, Numbers const& p) const {
    Numbers dydt(size_), kept(static_cast<std::size_t>(problem_.kept_size(1))),
        scratch(static_cast<std::size_t>(problem_.scratch_size(1)));
    problem_.rhs(1, y.data(), p.data(), dydt.data(), kept.data(), scratch.data());
    return dydt;
  }
  /// Entries `first` … of the gradient in (y0, p); with the first ones all that there is one of.
  void add_directions(std::int64_t sample, double tolerance, std::size_t first, QuadGradient& g) const {
    std::size_t const last = std::min(first + directions, size_ + parameters_);
    std::vector<double> y0(size_), values(parameters_);
    problem_.initial_state(sample, y0);
    problem_.parameter_values(values);
    Numbers y, p;
    for (double const x : y0) y.emplace_back(Quad(x));
    for (double const x : values) p.emplace_back(Quad(x));
    for (std::size_t i = first; i < last; ++i) (i < size_ ? y[i] : p[i - size_]).tangent[i - first] = Quad(1.0);

    Numbers at(size_);
    QuadRhs const variations = [&](Quad const&, Quad const* x, Quad* dxdt) {
      std::memcpy(static_cast<void*>(at.data()), x, size_ * sizeof(Number));
      Numbers const dydt = rhs(at, p);
      std::memcpy(static_cast<void*>(dxdt), dydt.data(), size_ * sizeof(Number));
    };
    std::vector<Quad> x(size_ * (1 + directions));
    std::memcpy(static_cast<void*>(x.data()), y.data(), size_ * sizeof(Number));
    Extrapolated const solved =
        extrapolate(variations, Quad(problem_.t0), Quad(problem_.t1), x, 1 + directions, tolerance);
    g.success = g.success && solved.success;
    if (!g.success) return;
    Numbers end(size_);
    std::memcpy(static_cast<void*>(end.data()), solved.x.data(), size_ * sizeof(Number));
    Number const loss = problem_.loss(1, end.data());
    for (std::size_t i = first; i < last; ++i)
      (i < size_ ? g.dloss_dy0 : g.dloss_dp).push_back(loss.tangent[i - first]);
    Numbers const slope0 = rhs(y, p);
    for (std::size_t i = first; i < std::min(last, size_); ++i)
      g.dloss_dt0 -= loss.tangent[i - first] * slope0[i].value;  // -lambda(t0) . f(y0)
    if (first > 0) return;
    g.loss = loss.value;
    g.steps = solved.steps;
    Numbers const slope1 = rhs(end, p);
    std::vector<Quad> final_state, at_end(size_);
    for (Number const& component : end) final_state.push_back(component.value);
    problem_.loss_gradient(1, final_state.data(), at_end.data());
    for (std::size_t d = 0; d < size_; ++d) g.dloss_dt1 += at_end[d] * slope1[d].value;
    g.final_state = std::move(final_state);
  }

  Problem problem_;
  std::size_t size_, parameters_;
};

}  // namespace detail

/// Lets cases of a user's problem ask for a reference in quadruple precision, beside add_problem<Problem>().
template <EnsembleProblem Problem>
void add_quad_reference() {
  add_quad_trajectories(Problem::name, [](Arguments const& arguments) -> std::unique_ptr<QuadTrajectories> {
    return std::make_unique<detail::QuadVariations<Problem>>(arguments);
  });
}
template <FieldProblem Problem>
void add_quad_reference() {
  add_quad_trajectories(Problem::name, [](Arguments const& arguments) -> std::unique_ptr<QuadTrajectories> {
    return std::make_unique<detail::QuadFieldVariations<Problem>>(arguments);
  });
}

#endif

}  // namespace retrace
