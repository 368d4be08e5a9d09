#include "verification/extrapolation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#ifdef RETRACE_HAS_QUAD
namespace retrace {

namespace {

using Numbers = std::vector<Quad>;
constexpr int rows = 10;  // of the extrapolation table; row j takes 2 (j + 1) substeps
constexpr int order = 2 * rows;

/// One step with everything that it needs, allocated once.
class MidpointTable {
 public:
  MidpointTable(QuadRhs const& rhs, std::size_t size, int columns) : rhs_(&rhs), columns_(columns) {
    for (Numbers* numbers : {&slope0_, &slope_, &before_, &now_, &spare_}) numbers->resize(size);
    for (auto& row : table_) row.resize(size);
    largest_.resize(static_cast<std::size_t>(columns));
  }

  /// f(t, x) for the steps that begin there.
  void begin(Quad const& t, Numbers const& x) { (*rhs_)(t, x.data(), slope0_.data()); }
  /// A step of `h` from `x`; the estimated error over the tolerance.
  double step(Quad const& t, Quad const& h, Numbers const& x, double tolerance) {
    for (int j = 0; j < rows; ++j) {
      Numbers& newest = midpoint(t, h, x, 2 * (j + 1));
      extrapolate_row(j, newest);
    }
    return error(x, tolerance);
  }
  [[nodiscard]] Numbers const& result() const { return table_[0]; }
  static constexpr std::int64_t evaluations_per_step = rows * (rows + 1) - rows;

 private:
  /// x(t + h) by `substeps`; the first slope is shared.
  Numbers& midpoint(Quad const& t, Quad const& h, Numbers const& x, int substeps) {
    Quad const small = h / Quad(substeps), twice = small + small;
    before_ = x;
    for (std::size_t i = 0; i < x.size(); ++i) now_[i] = x[i] + small * slope0_[i];
    for (int m = 1; m < substeps; ++m) {
      (*rhs_)(t + Quad(m) * small, now_.data(), slope_.data());
      for (std::size_t i = 0; i < x.size(); ++i) spare_[i] = before_[i] + twice * slope_[i];
      std::swap(before_, now_);
      std::swap(now_, spare_);
    }
    return now_;
  }
  /// Aitken and Neville: table_[rows - 1 - k] holds T_(j,k+1) of the row before; the best entry ends in table_[0].
  void extrapolate_row(int j, Numbers& newest) {
    for (std::size_t i = 0; i < newest.size(); ++i) {
      Quad entry = newest[i];
      for (int k = 1; k <= j; ++k) {
        Quad const ratio = Quad(j + 1) / Quad(j + 1 - k);
        Quad const better = entry + (entry - at(k - 1, i)) / (ratio * ratio - Quad(1));
        at(k - 1, i) = entry;
        entry = better;
      }
      at(j, i) = entry;
    }
  }
  [[nodiscard]] Quad& at(int k, std::size_t i) { return table_[static_cast<std::size_t>(rows - 1 - k)][i]; }

  [[nodiscard]] double error(Numbers const& x, double tolerance) {
    std::ranges::fill(largest_, 0.0);
    auto const column = [this](std::size_t i) { return i % static_cast<std::size_t>(columns_); };
    for (std::size_t i = 0; i < x.size(); ++i) {
      double& largest = largest_[column(i)];
      largest = std::max({largest, std::abs(value_of(x[i])), std::abs(value_of(table_[0][i]))});
    }
    double worst = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      double const difference = std::abs(value_of(table_[0][i] - table_[1][i])),
                   scaled = difference > 0.0 ? difference / (tolerance * largest_[column(i)]) : difference;
      if (!std::isfinite(scaled)) return scaled;
      worst = std::max(worst, scaled);
    }
    return worst;
  }

  QuadRhs const* rhs_;
  int columns_;
  Numbers slope0_, slope_, before_, now_, spare_;
  std::array<Numbers, rows> table_;
  std::vector<double> largest_;
};

}  // namespace

Extrapolated extrapolate(QuadRhs const& rhs, Quad const& t0, Quad const& t1, std::vector<Quad> x0, int columns,
                         double tolerance, std::int64_t max_steps) {
  // The estimate is the error of an entry of order 2 rows - 2, O(h^(order - 1)).
  constexpr double exponent = 1.0 / (order - 1), safety = 0.8, least = 0.1, most = 4.0;
  Extrapolated solved{.x = std::move(x0)};
  MidpointTable table(rhs, solved.x.size(), columns);
  double const span = value_of(t1 - t0);
  Quad t = t0;
  double proposed = span / 16.0;
  bool have_slope = false;
  while (t != t1) {
    if (solved.steps + solved.rejected >= max_steps) return solved;
    double const remaining = value_of(t1 - t);
    bool const last = std::abs(proposed) >= std::abs(remaining);
    Quad const h = last ? t1 - t : Quad(proposed);
    if (!have_slope) {
      table.begin(t, solved.x);
      ++solved.evaluations;
    }
    have_slope = true;
    double const error = table.step(t, h, solved.x, tolerance);
    solved.evaluations += MidpointTable::evaluations_per_step;
    bool const accepted = error <= 1.0;
    double const ideal = safety * std::pow(error, -exponent);  // infinite where the error is 0
    double const factor = std::isfinite(error) ? std::min(std::max(ideal, least), accepted ? most : 1.0) : least;
    proposed = value_of(h) * factor;
    if (accepted) {
      solved.x = table.result();
      t = last ? t1 : t + h;
      ++solved.steps;
      have_slope = false;
    } else {
      ++solved.rejected;
      constexpr double smallest = 1e-25;
      if (std::abs(proposed) < smallest * std::abs(span)) return solved;
    }
  }
  solved.success = std::ranges::all_of(solved.x, [](Quad const& x) { return std::isfinite(value_of(x)); });
  return solved;
}

}  // namespace retrace

#endif
