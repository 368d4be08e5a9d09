#pragma once

#include "core/math.hpp"
#include "core/view_of.hpp"
#include "solvers/field_kernels.hpp"
#include "solvers/field_passes.hpp"
#include "solvers/step_control.hpp"
#include "solvers/vec_algebra.hpp"

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace retrace {

/// The operations of VecAlgebra on one large state, distributed as `FieldLayout` says, by the passes over memory of
/// `Passes` (HostFieldPasses, DeviceFieldPasses); each is one pass over the arrays it names, without allocation. States
/// are handles: copying one names the same memory. `T` is the scalar of the state, `S` that of time, norms and sums.
template <class Passes>
class FieldOperations : public Passes {
 public:
  using T = typename Passes::Scalar;
  using S = typename Passes::Time;
  using State = typename Passes::State;
  using Stages = Kokkos::Array<State, max_stages>;

  using Passes::Passes;

  [[nodiscard]] State make_state(char const* label) const {
    return view_of<State>(label, static_cast<std::size_t>(this->layout().local_entries()));
  }
  [[nodiscard]] Stages make_stages(char const* label, int count) const {
    Stages stages;
    for (int i = 0; i < count; ++i) stages[static_cast<std::size_t>(i)] = make_state(label);
    return stages;
  }
  void assign(State& to, State const& from) const { this->copy(from.data(), to.data()); }
  void assign_where(bool where, State& to, State const& from) const {
    if (where) assign(to, from);
  }
  void take_where(bool where, State& to, State& from) const {
    if (where) std::swap(to, from);
  }
  /// to = from and from = 0, or to = 0.
  void move_where(bool where, State& to, State& from) const {
    if (where) std::swap(to, from);
    set_zero(where ? from : to);
  }
  void refer(State& to, State const& from) const { to = from; }
  void set_zero(State& x) const { this->fill_with_zero(x.data()); }

  template <class... Extra>
  void combine(State& out, CoefficientRow const& row, S const& scale, Stages const& x, Extra const&... extra) const {
    static std::string const label("retrace::field::combine");
    this->each_entry(label, combination(out, row, scale, x, extra...));
  }
  void add_stages(State& out, int count, Stages const& x) const {
    double const one = 1.0;
    combine(out, {&one, 0, count, 0}, S(1.0), x, Plain{out});
  }
  void add(State& x, S const& factor, State const& y) const {
    static std::string const label("retrace::field::add");
    this->each_entry(label, field_kernels::AddMultiple<T>{static_cast<T>(factor), y.data(), x.data()});
  }
  /// x *= factor
  void scale(State& x, S const& factor) const {
    static std::string const label("retrace::field::scale");
    this->each_entry(label, field_kernels::Scale<T>{static_cast<T>(factor), x.data()});
  }
  void add_where(bool where, State& x, State const& y) const {
    if (where) add(x, S(1.0), y);
  }

  [[nodiscard]] bool is_finite(State const& x) const {
    static std::string const label("retrace::field::is_finite");
    return this->sum_over_entries(label, field_kernels::NotFinite<T, S>{x.data()}) == S(0.0);
  }
  [[nodiscard]] S dot(State const& a, State const& b) const {
    static std::string const label("retrace::field::dot");
    return this->sum_over_entries(label, field_kernels::Product<T, S>{a.data(), b.data()});
  }

  [[nodiscard]] S error_norm(Tableau const& tab, StepControl const& control, State const& y, State const& y_new,
                             S const& h, Stages const& k) const {
    static std::string const label("retrace::field::error_norm");
    if (control.norm == ErrorNorm::max) return largest(label, scaled_error(tab, control, y, y_new, h, k));
    if (control.norm == ErrorNorm::per_sample)
      return largest_of_samples(label, scaled_error(tab, control, y, y_new, h, k));
    return math::sqrt(sum_for_norm(label, scaled_error(tab, control, y, y_new, h, k)) / entries());
  }
  [[nodiscard]] S update_and_error_norm(Tableau const& tab, StepControl const& control, State const& y, State& y_new,
                                        S const& h, Stages const& k) const {
    static std::string const label("retrace::field::update_and_error_norm");
    auto const update = combination(y_new, tab.weight_row(), h, k, Plain{y});
    // A sum without the tail would leave it out of the update, too; a maximum is no sum.
    if (!this->layout().tail_in_norms || control.norm != ErrorNorm::rms) {
      this->each_entry(label, update);
      return error_norm(tab, control, y, y_new, h, k);
    }
    field_kernels::UpdateAndScaledError<T, S> const term{update, scaled_error(tab, control, y, y_new, h, k)};
    return math::sqrt(this->sum_over_entries(label, term) / entries());
  }
  /// As that of VecAlgebra, for a state without a replicated tail.
  void error_norm_vjp(Tableau const& tab, StepControl const& control, S const& e_norm, S const& e_norm_bar,
                      State const& y, State const& y_new, S const& h, Stages const& k, State& e_bar, State& y_bar,
                      State& y_new_bar) const {
    static std::string const label("retrace::field::error_norm_vjp");
    auto const error = scaled_error(tab, control, y, y_new, h, k);
    if (control.norm == ErrorNorm::per_sample) {
      auto const mean = sample_mean(error);
      S const entries_that_count = attained(label, mean, e_norm) * S(static_cast<double>(mean.size));
      this->each_entry_alone(label,
                             field_kernels::SampleErrorVjp<T, S>{{error, e_norm, e_norm_bar, entries_that_count, false,
                                                                  e_bar.data(), y_bar.data(), y_new_bar.data()},
                                                                 mean});
      return;
    }
    bool const is_max = control.norm == ErrorNorm::max;
    S const entries_that_count = is_max ? attained(label, error, e_norm) : entries();
    this->each_entry_alone(
        label, field_kernels::ScaledErrorVjp<T, S>{error, e_norm, e_norm_bar, entries_that_count, is_max, e_bar.data(),
                                                   y_bar.data(), y_new_bar.data()});
  }
  [[nodiscard]] S weighted_rms(StepControl const& control, State const& x, State const& y) const {
    static std::string const label("retrace::field::weighted_rms");
    return math::sqrt(sum_for_norm(label, scaled_square(control, x, y)) / entries());
  }
  void weighted_rms_vjp(StepControl const& control, S const& norm, S const& norm_bar, State const& x, State const& y,
                        State& x_bar, State& y_bar) const {
    static std::string const label("retrace::field::weighted_rms_vjp");
    this->each_entry_alone(label, field_kernels::ScaledSquareVjp<T, S>{scaled_square(control, x, y), norm, norm_bar,
                                                                       entries(), x_bar.data(), y_bar.data()});
  }

 private:
  /// Those that norms are over.
  [[nodiscard]] S entries() const {
    std::int64_t const left_out = this->layout().tail_in_norms ? 0 : this->layout().replicated;
    return S(static_cast<double>(this->layout().global_entries() - left_out));
  }
  template <class Term>
  [[nodiscard]] S sum_for_norm(std::string const& label, Term const& term) const {
    return this->sum_over_entries(label, term, this->layout().tail_in_norms);
  }
  template <class Term>
  [[nodiscard]] field_kernels::SampleMean<Term, S> sample_mean(Term const& term) const {
    return {term, this->layout().item_size, this->layout().distributed_entries()};
  }
  /// The largest root mean square of a sample, of each copy; the replicated tail counts as one sample.
  template <class Term>
  [[nodiscard]] S largest_of_samples(std::string const& label, Term const& term) const {
    FieldLayout const& layout = this->layout();
    S const of_samples = largest(label, sample_mean(term));
    if (layout.replicated == 0 || !layout.tail_in_norms) return of_samples;
    field_kernels::TailOnly<Term, S> const tail{term, layout.distributed_entries()};
    return larger_norm(of_samples,
                       math::sqrt(this->sum_over_entries(label, tail) / S(static_cast<double>(layout.replicated))));
  }
  /// The root of the largest of the terms. Its derivative is the mean of those that attain it.
  template <class Term>
  [[nodiscard]] S largest(std::string const& label, Term const& term) const {
    auto const norm = static_cast<S>(math::sqrt(this->max_over_entries(label, term, this->layout().tail_in_norms)));
    if constexpr (is_dual<S>::value) {
      if (!math::is_finite(norm)) return norm;
      return sum_for_norm(label, field_kernels::AttainedRoot<Term, S>{term, norm}) / attained(label, term, norm);
    }
    return norm;
  }
  /// How many entries have the norm `norm`.
  template <class Term>
  [[nodiscard]] S attained(std::string const& label, Term const& term, S const& norm) const {
    return sum_for_norm(label, field_kernels::Attains<Term, S>{term, norm});
  }
  [[nodiscard]] static T factor_of(Scaled<S, State> const& term) { return T(term.factor); }
  [[nodiscard]] static T factor_of(Plain<State> const&) { return T(1.0); }
  template <class... Extra>
  [[nodiscard]] static FusedCombination<T, sizeof...(Extra)> combination(State& out, CoefficientRow const& row,
                                                                         S const& scale, Stages const& x,
                                                                         Extra const&... extra) {
    return {out.data(), T(scale), {row, x}, {{extra.x.data()...}}, {{factor_of(extra)...}}};
  }
  [[nodiscard]] static field_kernels::ScaledError<T, S> scaled_error(Tableau const& tab, StepControl const& control,
                                                                     State const& y, State const& y_new, S const& h,
                                                                     Stages const& k) {
    return {{control, y.data(), y_new.data()}, {h, {tab.error_row(), k}}};
  }
  [[nodiscard]] static field_kernels::ScaledSquare<T, S> scaled_square(StepControl const& control, State const& x,
                                                                       State const& y) {
    return {{control, y.data(), y.data()}, x.data()};
  }
};

/// In host memory, shared among the threads of `Exec`.
template <class T, class S, class Exec>
using FieldAlgebra = FieldOperations<HostFieldPasses<T, S, Exec>>;

}  // namespace retrace
