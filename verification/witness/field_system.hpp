#pragma once

#include "core/blocks.hpp"
#include "core/communicator.hpp"
#include "problems/field_problem.hpp"
#include "solvers/field_model.hpp"
#include "verification/witness/plain_replay.hpp"
#include "verification/work_model.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace retrace::witness {

/// A field as the witnesses see it, with the members of TrajectorySystem: this rank's samples, all parameters. Calls of
/// `sum` are collective.
template <FieldProblem Problem>
class FieldSystem {
 public:
  template <class T, class S>
  using Model = FieldModel<Problem, T, S, Kokkos::DefaultHostExecutionSpace>;

  FieldSystem(Problem const& problem, BlockPartition const& partition, Communicator const& comm)
      : p(static_cast<std::size_t>(problem.parameters())),
        t0(problem.t0),
        t1(problem.t1),
        operations(operations_of_one_sample(problem)),
        problem_(&problem),
        partition_(partition),
        comm_(&comm) {
    problem.parameter_values(p);
    std::vector<double> sample(static_cast<std::size_t>(problem.sample_size()));
    for (std::int64_t i = 0; i < partition.local_items(); ++i) {
      problem.initial_state(partition.first_item() + i, sample);
      y0.insert(y0.end(), sample.begin(), sample.end());
    }
  }

  std::vector<double> y0, p;
  double t0, t1;
  ProblemOperations operations;  ///< of one sample: samples do not add to each other's roundings

  [[nodiscard]] std::string name() const { return "the field"; }
  [[nodiscard]] double operations_per_component() const {
    return operations.rhs / static_cast<double>(problem_->sample_size());
  }
  [[nodiscard]] std::int64_t first_entry() const { return partition_.first_item() * problem_->sample_size(); }
  [[nodiscard]] std::int64_t first_parameter() const { return 0; }
  /// Entries of a sample.
  [[nodiscard]] std::size_t sample_size() const { return static_cast<std::size_t>(problem_->sample_size()); }
  [[nodiscard]] double sum(double local) const {
    double total = 0.0;
    for (double const part : comm_->all_gather({&local, 1})) total += part;
    return total;
  }

  [[nodiscard]] double largest(double local) const { return comm_->all_max(local); }

  template <class T>
  void rhs(T const&, Numbers<T> const& y, Numbers<T> const& q, Numbers<T>& dydt) const {
    dydt.resize(y.size());
    each_block([&](std::int64_t samples, std::size_t first) {
      Numbers<T> kept = rows<T>(problem_->kept_size(samples)), scratch = rows<T>(problem_->scratch_size(samples));
      problem_->rhs(samples, y.data() + first, q.data(), dydt.data() + first, kept.data(), scratch.data());
    });
  }
  /// p_bar: this rank's share.
  template <class T>
  void vjp(T const&, Numbers<T> const& y, Numbers<T> const& q, Numbers<T> const& w, Numbers<T>& y_bar,
           Numbers<T>& p_bar, T&) const {
    y_bar.resize(y.size());
    each_block([&](std::int64_t samples, std::size_t first) {
      Numbers<T> kept = rows<T>(problem_->kept_size(samples)), scratch = rows<T>(problem_->scratch_size(samples));
      problem_->keep(samples, y.data() + first, q.data(), kept.data());
      problem_->vjp(samples, q.data(), w.data() + first, y_bar.data() + first, p_bar.data(), kept.data(),
                    scratch.data());
    });
  }
  /// This rank's share.
  template <class T>
  [[nodiscard]] auto loss(Numbers<T> const& y) const {
    decltype(problem_->loss(std::int64_t{}, y.data())) total(0.0);
    each_block([&](std::int64_t samples, std::size_t first) { total += problem_->loss(samples, y.data() + first); });
    return total;
  }
  template <class T>
  void loss_gradient(Numbers<T> const& y, Numbers<T>& gradient) const {
    gradient.resize(y.size());
    each_block([&](std::int64_t samples, std::size_t first) {
      problem_->loss_gradient(samples, y.data() + first, gradient.data() + first);
    });
  }

  template <class T, class S>
  [[nodiscard]] Model<T, S> model(Numbers<T> const& q) const {
    return Model<T, S>(*problem_, partition_, *comm_, q);
  }
  template <class AnyModel>
  void set_state(AnyModel const&, Numbers<typename AnyModel::Scalar> const& from, typename AnyModel::State& to) const {
    std::copy(from.begin(), from.end(), to.data());
  }
  template <class AnyModel>
  [[nodiscard]] std::vector<double> state_values(AnyModel const&, typename AnyModel::State const& y) const {
    return {y.data(), y.data() + y.size()};
  }
  template <class AnyModel>
  void clear(AnyModel const& model, typename AnyModel::Parameters& p_bar) const {
    model.clear(p_bar);
  }
  template <class AnyModel>
  [[nodiscard]] std::vector<double> parameter_values(AnyModel const&,
                                                     typename AnyModel::Parameters const& p_bar) const {
    std::vector<double> sums(p.size(), 0.0);
    for (std::int64_t b = 0; b < partition_.local_blocks(); ++b)
      for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += p_bar.value(b, static_cast<std::int64_t>(j));
    return sums;
  }

 private:
  [[nodiscard]] static ProblemOperations operations_of_one_sample(Problem const& problem) {
    if constexpr (requires { problem.vjp_operations(); }) {
      auto const samples = static_cast<double>(problem.samples());
      return {problem.rhs_operations() / samples, problem.vjp_operations() / samples};
    } else {
      auto const numbers = static_cast<double>(problem.sample_size());  // at least one each
      return {numbers, numbers};
    }
  }
  template <class T>
  [[nodiscard]] static Numbers<T> rows(std::int64_t size) {
    return Numbers<T>(static_cast<std::size_t>(size));
  }
  template <class Body>
  void each_block(Body const& body) const {
    for (std::int64_t b = 0; b < partition_.local_blocks(); ++b)
      body(partition_.block_items(b), static_cast<std::size_t>(partition_.block_offset(b) * problem_->sample_size()));
  }

  Problem const* problem_;
  BlockPartition partition_;
  Communicator const* comm_;
};

}  // namespace retrace::witness
