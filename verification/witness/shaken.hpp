#pragma once

#include "verification/witness/plain_replay.hpp"
#include "verification/witness/random_signs.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace retrace::witness {

/// Rounding errors as random numbers, so that their effect can be measured: Monte Carlo arithmetic in the manner of
/// Parker (1997), at each evaluation of f. The argument is off by a unit round-off u of its own rounding, the result by
/// u times the root of the number of operations that a component takes, with random signs.
struct Shaking {
  double round_off = 0.0;  ///< u; 0: nothing is shaken
  double operations_per_component = 0.0;
  std::uint64_t seed = 0;
  std::int64_t first_entry = 0;

  [[nodiscard]] double of_argument(std::uint64_t call, std::int64_t entry) const {
    return 1.0 + round_off * random_sign(seed + 2 * call, first_entry + entry);
  }
  [[nodiscard]] double of_result(std::uint64_t call, std::int64_t entry) const {
    return 1.0 + round_off * std::sqrt(1.0 + operations_per_component) *
                     random_sign(seed + 2 * call + 1, first_entry + entry);
  }
};

/// A system whose f is shaken; for `plain_step`.
template <class System>
class ShakenSystem {
 public:
  ShakenSystem(System const& system, Shaking const& shaking) : system_(&system), shaking_(shaking) {}

  template <class T>
  void rhs(T const& t, Numbers<T> const& y, Numbers<T> const& p, Numbers<T>& dydt) const {
    Numbers<T> argument = y;
    for (std::size_t d = 0; d < y.size(); ++d)
      argument[d] *= T(shaking_.of_argument(calls_, static_cast<std::int64_t>(d)));
    system_->rhs(t, argument, p, dydt);
    for (std::size_t d = 0; d < y.size(); ++d) dydt[d] *= T(shaking_.of_result(calls_, static_cast<std::int64_t>(d)));
    ++calls_;
  }

 private:
  System const* system_;
  Shaking shaking_;
  mutable std::uint64_t calls_ = 0;
};

/// A model whose f is shaken; for the solver itself.
template <class Base>
class ShakenModel : public Base {
 public:
  using typename Base::State;
  using S = typename Base::Time;
  using T = typename Base::Scalar;

  ShakenModel(Base base, Shaking const& shaking) : Base(std::move(base)), shaking_(shaking) {}

  void rhs(S const& t, State const& y, State& dydt) const {
    if (shaking_.round_off == 0.0) return Base::rhs(t, y, dydt);
    State argument = Base::make_state("retrace::witness::argument");
    auto const size = size_of(y);
    for (std::int64_t d = 0; d < size; ++d) at(argument, d) = at(y, d) * T(shaking_.of_argument(calls_, d));
    Base::rhs(t, argument, dydt);
    for (std::int64_t d = 0; d < size; ++d) at(dydt, d) *= T(shaking_.of_result(calls_, d));
    ++calls_;
  }

 private:
  template <class Number, int N>
  [[nodiscard]] static std::int64_t size_of(Vec<Number, N> const&) {
    return N;
  }
  template <class View>
  [[nodiscard]] static std::int64_t size_of(View const& y) {
    return static_cast<std::int64_t>(y.size());
  }
  template <class Number, int N>
  [[nodiscard]] static Number& at(Vec<Number, N>& y, std::int64_t d) {
    return y[static_cast<int>(d)];
  }
  template <class Number, int N>
  [[nodiscard]] static Number const& at(Vec<Number, N> const& y, std::int64_t d) {
    return y[static_cast<int>(d)];
  }
  template <class View>
  [[nodiscard]] static auto& at(View const& y, std::int64_t d) {
    return y(static_cast<std::size_t>(d));
  }

  Shaking shaking_;
  mutable std::uint64_t calls_ = 0;
};

}  // namespace retrace::witness
