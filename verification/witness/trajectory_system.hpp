#pragma once

#include "problems/ensemble_problem.hpp"
#include "solvers/ensemble_model.hpp"
#include "verification/witness/plain_replay.hpp"
#include "verification/work_model.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace retrace::witness {

/// One trajectory of an ensemble as the witnesses see it: flat numbers in, flat numbers out. FieldSystem has the same
/// members for a field.
template <EnsembleProblem Problem>
class TrajectorySystem {
 public:
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  template <class T, class S>
  using Model = EnsembleModel<Problem, T, S>;

  TrajectorySystem(Problem const& problem, std::int64_t trajectory)
      : y0(numbers(problem.initial_state(trajectory))),
        p(numbers(problem.parameter_values(trajectory))),
        t0(problem.t0),
        t1(problem.t1),
        operations(operations_of(problem)),
        trajectory_(trajectory) {}

  std::vector<double> y0, p;     ///< of this trajectory
  double t0, t1;                 ///< the time span
  ProblemOperations operations;  ///< of one evaluation

  [[nodiscard]] std::string name() const { return "trajectory " + std::to_string(trajectory_); }
  [[nodiscard]] double operations_per_component() const { return operations.rhs / N; }
  /// Where this rank's numbers lie among those of the whole problem, for random numbers that do not depend on ranks.
  [[nodiscard]] std::int64_t first_entry() const { return trajectory_ * N; }
  [[nodiscard]] std::int64_t first_parameter() const { return trajectory_ * P; }
  /// Entries of a sample, which a trajectory is.
  [[nodiscard]] std::size_t sample_size() const { return static_cast<std::size_t>(N); }
  /// Sum over the ranks that share the system.
  [[nodiscard]] double sum(double local) const { return local; }
  [[nodiscard]] double largest(double local) const { return local; }

  template <class T>
  void rhs(T const& t, Numbers<T> const& y, Numbers<T> const& q, Numbers<T>& dydt) const {
    Vec<T, N> f;
    Problem::rhs(t, vec<N>(y), vec<P>(q), f);
    dydt.assign(f.data, f.data + N);
  }
  /// y_bar := f_y^T w, p_bar += f_p^T w, t_bar += f_t . w
  template <class T>
  void vjp(T const& t, Numbers<T> const& y, Numbers<T> const& q, Numbers<T> const& w, Numbers<T>& y_bar,
           Numbers<T>& p_bar, T& t_bar) const {
    Vec<T, N> state_bar = vec<N>(y_bar);
    Vec<T, P> parameters_bar = vec<P>(p_bar);
    Problem::vjp(t, vec<N>(y), vec<P>(q), vec<N>(w), state_bar, parameters_bar, t_bar);
    y_bar.assign(state_bar.data, state_bar.data + N);
    p_bar.assign(parameters_bar.data, parameters_bar.data + P);
  }
  template <class T>
  [[nodiscard]] T loss(Numbers<T> const& y) const {
    return Problem::loss(vec<N>(y));
  }
  template <class T>
  void loss_gradient(Numbers<T> const& y, Numbers<T>& gradient) const {
    Vec<T, N> const g = Problem::loss_gradient(vec<N>(y));
    gradient.assign(g.data, g.data + N);
  }

  template <class T, class S>
  [[nodiscard]] Model<T, S> model(Numbers<T> const& q) const {
    Model<T, S> made{};
    made.p = vec<P>(q);
    return made;
  }
  template <class AnyModel>
  void set_state(AnyModel const&, Numbers<typename AnyModel::Scalar> const& from, typename AnyModel::State& to) const {
    to = vec<N>(from);
  }
  template <class AnyModel>
  [[nodiscard]] std::vector<double> state_values(AnyModel const&, typename AnyModel::State const& y) const {
    return numbers(y);
  }
  template <class AnyModel>
  void clear(AnyModel const&, typename AnyModel::Parameters& p_bar) const {
    p_bar = AnyModel::Parameters::filled(typename AnyModel::Scalar(0.0));
  }
  /// This rank's share.
  template <class AnyModel>
  [[nodiscard]] std::vector<double> parameter_values(AnyModel const&,
                                                     typename AnyModel::Parameters const& p_bar) const {
    return numbers(p_bar);
  }

 private:
  template <int Size, class T>
  [[nodiscard]] static Vec<T, Size> vec(Numbers<T> const& x) {
    Vec<T, Size> v{};
    for (int i = 0; i < Size; ++i) v[i] = x[static_cast<std::size_t>(i)];
    return v;
  }
  template <class T, int Size>
  [[nodiscard]] static std::vector<double> numbers(Vec<T, Size> const& v) {
    std::vector<double> x;
    for (int i = 0; i < Size; ++i) x.push_back(static_cast<double>(v[i]));
    return x;
  }

  std::int64_t trajectory_;
};

}  // namespace retrace::witness
