#pragma once

#include "core/lane_loops.hpp"
#include "core/math.hpp"
#include "solvers/step_control.hpp"
#include "solvers/tableau.hpp"

#include <Kokkos_Core.hpp>

#include <cstdint>

/// What the operations on a large state do to one entry `i`, or to `width` entries from `i` on: the same lines where
/// host threads take packs (FieldAlgebra) and where each work item of a device takes one entry (DeviceFieldPasses).
/// `T` is the scalar of the state, `S` that of time, norms and sums. Terms of a sum return an S, or one per lane.
namespace retrace {

/// sum_j row_j x_j over arrays, entry by entry, with the roundings of VecAlgebra. Coefficients that are zero are left
/// out.
template <class T>
struct StageSum {
  int terms = 0;
  Kokkos::Array<T, max_stages> coefficient;
  Kokkos::Array<T const*, max_stages> x;

  template <class StageArray>
  StageSum(CoefficientRow const& row, StageArray const& stages) {
    for (int j = row.begin; j < row.end; ++j) {
      if (row.at(j) == 0.0) continue;
      auto const at = static_cast<std::size_t>(terms++);
      coefficient[at] = T(row.at(j));
      x[at] = stages[static_cast<std::size_t>(j)].data();
    }
  }
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<T, Width::value> at(Width width, std::int64_t i) const {
    using X = Lanes<T, width()>;
    if (terms == 0) return X(0.0);
    X sum = X(coefficient[0]) * load_lanes<width()>(x[0] + i);
    for (std::size_t j = 1; j < static_cast<std::size_t>(terms); ++j)
      sum = math::fma(X(coefficient[j]), load_lanes<width()>(x[j] + i), sum);
    return sum;
  }
};

/// out = scale * sum_j row_j x_j + sum of `Extra` factors times arrays, one pass over memory.
template <class T, std::size_t Extra>
struct FusedCombination {
  T* out;
  T scale;
  StageSum<T> stages;
  Kokkos::Array<T const*, Extra + 1> extra;  // one too many, because there are no empty aggregates
  Kokkos::Array<T, Extra + 1> factor;

  template <class Width>
  KOKKOS_INLINE_FUNCTION void operator()(Width width, std::int64_t i) const {
    using X = Lanes<T, width()>;
    X sum = stages.at(width, i);
    if constexpr (Extra == 0) {
      sum = X(scale) * sum;
    } else {
      X const first = X(factor[0]) * load_lanes<width()>(extra[0] + i);
      sum = stages.terms == 0 ? first : math::fma(X(scale), sum, first);
    }
    for (std::size_t e = 1; e < Extra; ++e) sum = math::fma(X(factor[e]), load_lanes<width()>(extra[e] + i), sum);
    store_lanes(sum, out + i);
  }
};

namespace field_kernels {

/// x += factor y
template <class T>
struct AddMultiple {
  T factor;
  T const* y;
  T* x;
  template <class Width>
  KOKKOS_INLINE_FUNCTION void operator()(Width width, std::int64_t i) const {
    using X = Lanes<T, width()>;
    store_lanes(math::fma(X(factor), load_lanes<width()>(y + i), load_lanes<width()>(x + i)), x + i);
  }
};
/// x *= factor
template <class T>
struct Scale {
  T factor;
  T* x;
  template <class Width>
  KOKKOS_INLINE_FUNCTION void operator()(Width width, std::int64_t i) const {
    store_lanes(Lanes<T, width()>(factor) * load_lanes<width()>(x + i), x + i);
  }
};
/// 0 where x is finite, else 1.
template <class T, class S>
struct NotFinite {
  T const* x;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> operator()(Width width, std::int64_t i) const {
    using XS = Lanes<S, width()>;
    MaskOf<XS> const finite(math::is_finite(load_lanes<width()>(x + i)));
    return select(finite, XS(0.0), XS(1.0));
  }
};
/// x y
template <class T, class S>
struct Product {
  T const *x, *y;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> operator()(Width width, std::int64_t i) const {
    using XS = Lanes<S, width()>;
    return XS(load_lanes<width()>(x + i)) * XS(load_lanes<width()>(y + i));
  }
};

/// w = atol + rtol max(|y|, |y_new|)
template <class T, class S>
struct Weights {
  double absolute_tolerance, relative_tolerance;
  T const *y, *y_new;

  Weights(StepControl const& control, T const* old_state, T const* new_state)
      : absolute_tolerance(control.absolute_tolerance),
        relative_tolerance(control.relative_tolerance),
        y(old_state),
        y_new(new_state) {}
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> at(Width width, std::int64_t i) const {
    using XS = Lanes<S, width()>;
    return XS(S(absolute_tolerance)) +
           XS(S(relative_tolerance)) *
               XS(math::max(math::abs(load_lanes<width()>(y + i)), math::abs(load_lanes<width()>(y_new + i))));
  }
};
/// e = h sum_j (b_j - b_hat_j) k_j
template <class T, class S>
struct ErrorEstimate {
  S h;
  StageSum<T> sum;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> at(Width width, std::int64_t i) const {
    return Lanes<S, width()>(h) * Lanes<S, width()>(sum.at(width, i));
  }
};
/// (e / w)^2
template <class T, class S>
struct ScaledError {
  Weights<T, S> weights;
  ErrorEstimate<T, S> error;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> operator()(Width width, std::int64_t i) const {
    auto const scaled = error.at(width, i) / weights.at(width, i);
    return scaled * scaled;
  }
};
/// At the first entry of each sample of `size` entries, all of which lie before `end`, the mean of a term over the
/// sample; 0 elsewhere.
template <class Term, class S>
struct SampleMean {
  Term term;
  std::int64_t size, end;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> operator()(Width width, std::int64_t i) const {
    if constexpr (width() == 1) {
      S sum(0.0);
      if (i < end && i % size == 0) {
        for (std::int64_t j = i; j < i + size; ++j) sum += term(width, j);
      }
      return sum / S(static_cast<double>(size));
    } else {
      Lanes<S, width()> means(S(0.0));
      for (int lane = 0; lane < width(); ++lane) means.set(lane, (*this)(retrace::Width<1>{}, i + lane));
      return means;
    }
  }
};
/// A term from entry `first` on, 0 before.
template <class Term, class S>
struct TailOnly {
  Term term;
  std::int64_t first;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> operator()(Width width, std::int64_t i) const {
    return i < first ? Lanes<S, width()>(S(0.0)) : term(width, i);
  }
};
/// 1 where the root of a term is `norm`, else 0.
template <class Term, class S>
struct Attains {
  Term term;
  S norm;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> operator()(Width width, std::int64_t i) const {
    using XS = Lanes<S, width()>;
    return select(math::sqrt(term(width, i)) == XS(norm), XS(1.0), XS(0.0));
  }
};
/// The root of a term where its value is `norm`, else 0.
template <class Term, class S>
struct AttainedRoot {
  Term term;
  S norm;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> operator()(Width width, std::int64_t i) const {
    using XS = Lanes<S, width()>;
    XS const root = math::sqrt(term(width, i));
    return select(root == XS(norm), root, XS(0.0));
  }
};
/// The same, after y_new has been formed.
template <class T, class S>
struct UpdateAndScaledError {
  FusedCombination<T, 1> update;
  ScaledError<T, S> error;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> operator()(Width width, std::int64_t i) const {
    update(width, i);
    return error(width, i);
  }
};
/// (x / w)^2
template <class T, class S>
struct ScaledSquare {
  Weights<T, S> weights;
  T const* x;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Lanes<S, Width::value> operator()(Width width, std::int64_t i) const {
    auto const scaled = Lanes<S, width()>(load_lanes<width()>(x + i)) / weights.at(width, i);
    return scaled * scaled;
  }
};
/// The reverse of E = sqrt(sum (e / w)^2 / n), or of the largest |e / w|, shared among the `entries` that attain it;
/// one entry at a time.
template <class T, class S>
struct ScaledErrorVjp {
  ScaledError<T, S> of;
  S e_norm, e_norm_bar, entries;
  bool is_max;
  T *error_bar, *y_bar, *y_new_bar;
  template <class Width>
  KOKKOS_INLINE_FUNCTION void operator()(Width width, std::int64_t i) const {
    S const w = of.weights.at(width, i), e = of.error.at(width, i);
    bool const counts = !is_max || math::sqrt(of(width, i)) == e_norm;
    S const common = counts ? e_norm_bar * e / (entries * e_norm * w * w) : S(0.0);
    error_bar[i] = T(common);
    S const w_bar = -common * e / w;
    T const *const y = of.weights.y, *const y_new = of.weights.y_new;
    bool const new_is_larger = math::abs(y_new[i]) > math::abs(y[i]);
    T const larger = new_is_larger ? y_new[i] : y[i];
    (new_is_larger ? y_new_bar : y_bar)[i] += T(S(of.weights.relative_tolerance) * w_bar) * math::sign(larger);
  }
};
/// The reverse of the largest of the samples' norms: that of `of` with `is_max` off, whose `entries` are those of all
/// samples that attain it, in these samples; one sample at a time.
template <class T, class S>
struct SampleErrorVjp {
  ScaledErrorVjp<T, S> of;
  SampleMean<ScaledError<T, S>, S> mean;
  template <class Width>
  KOKKOS_INLINE_FUNCTION void operator()(Width width, std::int64_t i) const {
    if (i % mean.size != 0) return;
    bool const attains = math::sqrt(mean(width, i)) == of.e_norm;
    for (std::int64_t j = i; j < i + mean.size; ++j) {
      if (attains)
        of(width, j);
      else
        of.error_bar[j] = T(0.0);
    }
  }
};
/// The reverse of sqrt(sum (x / w)^2 / n); one entry at a time. `x_bar` and `y_bar` may be the same.
template <class T, class S>
struct ScaledSquareVjp {
  ScaledSquare<T, S> of;
  S norm, norm_bar, entries;
  T *x_bar, *y_bar;
  template <class Width>
  KOKKOS_INLINE_FUNCTION void operator()(Width width, std::int64_t i) const {
    S const w = of.weights.at(width, i);
    S const common = norm_bar * S(of.x[i]) / (entries * norm * w * w);
    T const through_weight =
        T(-common * S(of.x[i]) / w * S(of.weights.relative_tolerance)) * math::sign(of.weights.y[i]);
    x_bar[i] += T(common);
    y_bar[i] += through_weight;
  }
};

}  // namespace field_kernels
}  // namespace retrace
