#pragma once

#include "benchmarks/cache_sizes.hpp"
#include "results/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What this machine does at best: rates that no gradient can exceed, and that measured times are seen against.
/// Measures on the calling process alone and prints nothing.
namespace retrace {

/// C (m x n) = A (m x k) B (k x n), column-major; 2 m n k operations.
struct GemmShape {
  std::int64_t m = 512, n = 512, k = 512;
};
/// `512x256x64`
[[nodiscard]] std::string to_string(GemmShape const& shape);
/// Reads `m,n,k` or `mxnxk`; UsageError for anything but three numbers from 1 to 16384.
[[nodiscard]] GemmShape parse_gemm_shape(std::string_view text);

struct CeilingPlan {
  std::vector<GemmShape> gemm_shapes{{512, 512, 512}};
  int repetitions = 7;               ///< the median of them is reported
  double repetition_seconds = 0.02;  ///< a repetition repeats its kernel until it lasts this long
  double limit_seconds = 30.0;       ///< all together; what has not begun by then is left out
  CacheSizes caches = cache_sizes();
  std::int64_t most_bytes = std::int64_t{1} << 30;  ///< arrays of the triad in memory, all threads together
};

/// One rate. Each of `threads` threads works on data of its own.
struct Ceiling {
  std::string key;   ///< `fma_gflops_f64`, `triad_l2_gbytes_f64`, `gemm_gflops_f32_512x512x512`
  std::string unit;  ///< `GFLOP/s` or `GB/s`, powers of ten
  int threads = 1;
  double median = 0.0, least = 0.0, most = 0.0;  ///< of the repetitions, threads together
  int repetitions = 0;
  std::int64_t bytes = 0;  ///< working set of all threads; 0 in registers

  /// (most - least) / median.
  [[nodiscard]] double spread() const { return (most - least) / median; }
};

/// Measured with one thread, and with all of Kokkos' default host space where that has more than one:
///
/// - `fma`: multiply-adds on registers, as wide as the compiler was told that they are, two operations each;
/// - `triad`: a = b + s c; 24 bytes (f64) an element are counted, as in STREAM, though a cache that reads a line before
///   it is written moves 32. In half of L1, half of L2, and four times the last-level cache;
/// - `gemm`: the BLAS of the build, else Eigen's products; one product per thread, the library's own threads off.
///
/// Takes about (5 + 2 shapes) repetitions * repetition_seconds, and as much again for all threads. Local call.
[[nodiscard]] std::vector<Ceiling> measure_ceilings(CeilingPlan const& plan);

/// The plan that a timed run can afford before its first case: under a second for an optimised build, no measurement
/// begun after 1.5.
[[nodiscard]] CeilingPlan quick_ceiling_plan();

/// `OpenBLAS`, …, or `Eigen`: what multiplies matrices in this build.
[[nodiscard]] std::string_view gemm_library();

/// Rows of scope "host": `ceiling_<key>_1thread`, `ceiling_<key>_all_threads` (the same value where there is one thread
/// only), `ceiling_threads`, `ceiling_gemm_library`, and `ceiling_widest_spread`: well above 0.1, others were at work,
/// the rates are too low and are no bounds.
[[nodiscard]] std::vector<results::EnvironmentRow> ceiling_rows(std::vector<Ceiling> const& ceilings);

}  // namespace retrace
