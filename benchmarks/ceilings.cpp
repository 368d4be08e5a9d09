#include "benchmarks/ceilings.hpp"

#include "core/error.hpp"

#include <Kokkos_Core.hpp>

#ifndef RETRACE_BLAS
#include <Eigen/Core>
#endif
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <type_traits>
#include <utility>

#ifdef RETRACE_BLAS
extern "C" {
void dgemm_(char const*, char const*, int const*, int const*, int const*, double const*, double const*, int const*,
            double const*, int const*, double const*, double*, int const*);
void sgemm_(char const*, char const*, int const*, int const*, int const*, float const*, float const*, int const*,
            float const*, int const*, float const*, float*, int const*);
#ifdef RETRACE_OPENBLAS_THREADS
void openblas_set_num_threads(int);
int openblas_get_num_threads();
#endif
}
#endif

namespace retrace {

namespace {

using Exec = Kokkos::DefaultHostExecutionSpace;
using Clock = std::chrono::steady_clock;

template <class T>
inline constexpr std::string_view precision = sizeof(T) == 8 ? "f64" : "f32";

// --- Kernels: what thread `thread` does `passes` times
// ----------------------------------------------------------------

#if defined(__AVX512F__)
inline constexpr int register_bytes = 64;
#elif defined(__AVX__)
inline constexpr int register_bytes = 32;
#else
inline constexpr int register_bytes = 16;
#endif

/// x <- a x + b on independent registers. Twelve chains hide a latency of six cycles at two multiply-adds a cycle, and
/// fit into sixteen registers. This file alone is compiled with -ffp-contract=fast, so that the expression is one
/// instruction.
template <class T>
struct FmaChains {
  typedef T Register __attribute__((vector_size(register_bytes)));
  static constexpr int chains = 12, lanes = register_bytes / static_cast<int>(sizeof(T));
  static constexpr double flops_per_pass = 2.0 * chains * lanes * 64.0;

  Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace> kept;  // [thread][16 lanes], so that the work has a purpose

  KOKKOS_FUNCTION void operator()(int thread, std::int64_t passes) const {
    Register const a = Register{} + T(0.999), b = Register{} + T(0.001);  // x stays near 1
    Register x0 = b, x1 = b * T(2), x2 = b * T(3), x3 = b * T(4), x4 = b * T(5), x5 = b * T(6), x6 = b * T(7),
             x7 = b * T(8), x8 = b * T(9), x9 = b * T(10), x10 = b * T(11), x11 = b * T(12);
    for (std::int64_t i = 0; i < 64 * passes; ++i) {
      x0 = x0 * a + b;
      x1 = x1 * a + b;
      x2 = x2 * a + b;
      x3 = x3 * a + b;
      x4 = x4 * a + b;
      x5 = x5 * a + b;
      x6 = x6 * a + b;
      x7 = x7 * a + b;
      x8 = x8 * a + b;
      x9 = x9 * a + b;
      x10 = x10 * a + b;
      x11 = x11 * a + b;
    }
    Register const sum = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11;
    for (int l = 0; l < lanes; ++l) kept(thread, l) = sum[l];
  }
};

/// a = b + s c; s changes from pass to pass, so that none can be left out.
template <class T>
struct Triad {
  Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace> arrays;  // [thread][a, b, c]
  std::int64_t length, stride;                                       // elements of an array; from one to the next

  KOKKOS_FUNCTION void operator()(int thread, std::int64_t passes) const {
    T* const a = &arrays(thread, 0);
    T const* const b = a + stride;
    T const* const c = b + stride;
    for (std::int64_t pass = 0; pass < passes; ++pass) {
      T const s = T(1) + T(1e-3) * static_cast<T>(pass % 8);
      for (std::int64_t i = 0; i < length; ++i) a[i] = b[i] + s * c[i];
    }
  }
};

/// The thread that will use the data touches it first, so that it lies in that thread's memory.
template <class T>
struct FirstTouch {
  Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace> data;

  KOKKOS_FUNCTION void operator()(int thread) const {
    auto const n = static_cast<std::int64_t>(data.extent(1));
    for (std::int64_t i = 0; i < n; ++i) data(thread, i) = T(0.5) + T(1e-3) * static_cast<T>(i % 7);
  }
};

#ifdef RETRACE_BLAS
void gemm(int m, int n, int k, double const* a, double const* b, double* c) {
  double const one = 1.0, zero = 0.0;
  dgemm_("N", "N", &m, &n, &k, &one, a, &m, b, &k, &zero, c, &m);
}
void gemm(int m, int n, int k, float const* a, float const* b, float* c) {
  float const one = 1.0F, zero = 0.0F;
  sgemm_("N", "N", &m, &n, &k, &one, a, &m, b, &k, &zero, c, &m);
}
#else
template <class T>
void gemm(int m, int n, int k, T const* a, T const* b, T* c) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  Eigen::Map<Matrix>(c, m, n).noalias() = Eigen::Map<Matrix const>(a, m, k) * Eigen::Map<Matrix const>(b, k, n);
}
#endif

/// C = A B through a library; host only.
template <class T>
struct GemmProduct {
  Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace> data;  // [thread][A, B, C]
  GemmShape shape;

  void operator()(int thread, std::int64_t passes) const {
    T* const a = &data(thread, 0);
    T* const b = a + shape.m * shape.k;
    T* const c = b + shape.k * shape.n;
    for (std::int64_t pass = 0; pass < passes; ++pass) {
      gemm(static_cast<int>(shape.m), static_cast<int>(shape.n), static_cast<int>(shape.k), a, b, c);
    }
  }
};

/// One iteration per thread.
template <class Kernel>
struct OnEachThread {
  Kernel kernel;
  std::int64_t passes;

  KOKKOS_FUNCTION void operator()(int thread) const { kernel(thread, passes); }
};

/// Threads of the BLAS itself off while this lives: the threads here each have a product of their own.
class BlasThreadsOff {
 public:
#ifdef RETRACE_OPENBLAS_THREADS
  BlasThreadsOff() : before_(openblas_get_num_threads()) {
    openblas_set_num_threads(1);
  }
  ~BlasThreadsOff() {
    openblas_set_num_threads(before_);
  }
#else
  BlasThreadsOff() = default;
#endif
  BlasThreadsOff(BlasThreadsOff const&) = delete;
  BlasThreadsOff& operator=(BlasThreadsOff const&) = delete;

 private:
  [[maybe_unused]] int before_ = 0;
};

// --- Measurement
// ------------------------------------------------------------------------------------------------------

class Session {
 public:
  explicit Session(CeilingPlan const& plan) : plan_(plan) {}

  template <class T>
  void fma(int threads) {
    FmaChains<T> const kernel{make_data<T>(threads, 16)};
    add(fmt::format("fma_gflops_{}", precision<T>), "GFLOP/s", threads, 0, kernel.flops_per_pass, kernel);
  }

  /// `bytes`: of the three arrays together, per thread.
  void triad(int threads, std::string_view level, std::int64_t bytes) {
    constexpr std::int64_t line = 8, size = sizeof(double);  // line: doubles in 64 bytes
    std::int64_t const length = std::max(bytes / (3 * size) / line * line, line);
    // Three lines more than a power of two keep equal indices of the arrays out of the same set of a cache.
    std::int64_t const stride = length + 3 * line;
    if (over()) return;
    Triad<double> const kernel{make_data<double>(threads, 3 * stride), length, stride};
    add(fmt::format("triad_{}_gbytes_f64", level), "GB/s", threads, threads * 3 * length * size,
        3.0 * static_cast<double>(length * size), kernel);
  }

  template <class T>
  void gemm(int threads, GemmShape const& shape) {
    std::int64_t const numbers = shape.m * shape.k + shape.k * shape.n + shape.m * shape.n;
    if (over()) return;
    GemmProduct<T> const kernel{make_data<T>(threads, numbers), shape};
    double const flops = 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n * shape.k);
    add(fmt::format("gemm_gflops_{}_{}", precision<T>, to_string(shape)), "GFLOP/s", threads,
        threads * numbers * static_cast<std::int64_t>(sizeof(T)), flops, kernel);
  }

  [[nodiscard]] std::vector<Ceiling> take() { return std::move(ceilings_); }

 private:
  [[nodiscard]] static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }
  [[nodiscard]] bool over() const { return seconds_since(begin_) > plan_.limit_seconds; }

  template <class T>
  static Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace> make_data(int threads, std::int64_t numbers) {
    Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace> data(
        Kokkos::view_alloc(Kokkos::WithoutInitializing, "retrace::ceilings::data"), threads, numbers);
    on_threads(threads, FirstTouch<T>{data});
    return data;
  }

  template <class Functor>
  static void on_threads(int threads, Functor const& functor) {
    if (threads == 1) {
      functor(0);
      return;
    }
    Exec const exec;
    Kokkos::parallel_for("retrace::ceilings::kernel",
                         Kokkos::RangePolicy<Exec, Kokkos::Schedule<Kokkos::Static>, Kokkos::IndexType<int>>(
                             exec, 0, threads, Kokkos::ChunkSize(1)),
                         functor);
    exec.fence("retrace::ceilings: all threads are done when the clock stops");
  }

  template <class Kernel>
  [[nodiscard]] static double seconds_of(int threads, std::int64_t passes, Kernel const& kernel) {
    auto const start = Clock::now();
    on_threads(threads, OnEachThread<Kernel>{kernel, passes});
    return seconds_since(start);
  }

  /// `work`: of one pass of one thread, flop or byte.
  template <class Kernel>
  void add(std::string key, std::string_view unit, int threads, std::int64_t bytes, double work, Kernel const& kernel) {
    if (over()) return;
    // The passes of a repetition, found by doubling on this thread alone: where others are at work, starting all
    // threads may take longer than the passes. The tries warm up; a first call of a library may be a slow one.
    std::int64_t passes = 1;
    double seconds = seconds_of(1, passes, kernel);
    constexpr double enough = 0.25;
    while (seconds < enough * plan_.repetition_seconds && passes < (std::int64_t{1} << 40)) {
      passes *= 2;
      seconds = seconds_of(1, passes, kernel);
    }
    double const wanted = plan_.repetition_seconds / std::max(seconds, 1e-9) * static_cast<double>(passes);
    passes = std::max<std::int64_t>(1, std::llround(wanted));

    if (threads > 1) static_cast<void>(seconds_of(threads, std::max<std::int64_t>(1, passes / 4), kernel));

    std::vector<double> rates;
    while (static_cast<int>(rates.size()) < std::max(plan_.repetitions, 1) && (rates.empty() || !over())) {
      seconds = std::max(seconds_of(threads, passes, kernel), 1e-9);
      rates.push_back(1e-9 * work * threads * static_cast<double>(passes) / seconds);
    }
    std::ranges::sort(rates);
    std::size_t const n = rates.size();
    double const median = n % 2 == 1 ? rates[n / 2] : 0.5 * (rates[n / 2 - 1] + rates[n / 2]);
    ceilings_.push_back({.key = std::move(key),
                         .unit = std::string(unit),
                         .threads = threads,
                         .median = median,
                         .least = rates.front(),
                         .most = rates.back(),
                         .repetitions = static_cast<int>(n),
                         .bytes = bytes});
  }

  CeilingPlan plan_;
  Clock::time_point begin_ = Clock::now();
  std::vector<Ceiling> ceilings_;
};

/// Per thread, so that all threads together are four times all last-level caches that they use.
std::int64_t memory_bytes(CeilingPlan const& plan, int threads) {
  std::int64_t const all_caches =
      plan.caches.last * ((threads + plan.caches.last_shared_by - 1) / plan.caches.last_shared_by);
  return std::min(4 * all_caches, plan.most_bytes) / threads;
}

}  // namespace

std::string to_string(GemmShape const& shape) {
  return fmt::format("{}x{}x{}", shape.m, shape.n, shape.k);
}

GemmShape parse_gemm_shape(std::string_view text) {
  constexpr std::int64_t largest = 16384;
  std::array<std::int64_t, 3> sizes{};
  char const *at = text.data(), *const end = text.data() + text.size();
  bool good = true;
  for (std::size_t i = 0; i < sizes.size() && good; ++i) {
    auto const [next, error] = std::from_chars(at, end, sizes[i]);
    bool const last = i + 1 == sizes.size();
    good = error == std::errc{} && sizes[i] >= 1 && sizes[i] <= largest &&
           (last ? next == end : next != end && (*next == ',' || *next == 'x'));
    at = next + (last ? 0 : 1);
  }
  if (!good) {
    throw UsageError(fmt::format("--gemm: '{}' is not of the form m,n,k with sizes from 1 to {}", text, largest));
  }
  return {sizes[0], sizes[1], sizes[2]};
}

std::vector<Ceiling> measure_ceilings(CeilingPlan const& plan) {
  BlasThreadsOff const blas_threads_off;
  Session session(plan);
  int const all = Exec().concurrency();
  for (int const threads : {1, all}) {
    session.fma<double>(threads);
    session.fma<float>(threads);
    session.triad(threads, "l1", plan.caches.l1 / 2);
    session.triad(threads, "l2", plan.caches.l2 / 2);
    session.triad(threads, "memory", memory_bytes(plan, threads));
    for (GemmShape const& shape : plan.gemm_shapes) {
      session.gemm<double>(threads, shape);
      session.gemm<float>(threads, shape);
    }
    if (all == 1) break;
  }
  return session.take();
}

CeilingPlan quick_ceiling_plan() {
  CeilingPlan plan;
  plan.gemm_shapes = {{256, 256, 256}};
  plan.repetitions = 5;
  plan.repetition_seconds = 0.01;
  plan.limit_seconds = 1.5;
  plan.most_bytes = std::int64_t{256} << 20;
  return plan;
}

std::string_view gemm_library() {
#ifdef RETRACE_BLAS
  return RETRACE_BLAS;
#else
  return "Eigen";
#endif
}

std::vector<results::EnvironmentRow> ceiling_rows(std::vector<Ceiling> const& ceilings) {
  std::vector<results::EnvironmentRow> rows;
  auto const add = [&](std::string key, std::string value) {
    rows.push_back({.run = 0, .scope = "host", .key = "ceiling_" + std::move(key), .value = std::move(value)});
  };
  int threads = 1;
  for (Ceiling const& ceiling : ceilings) threads = std::max(threads, ceiling.threads);
  for (Ceiling const& ceiling : ceilings) {
    std::string const value = fmt::format("{:.4g}", ceiling.median);
    if (ceiling.threads == 1) add(ceiling.key + "_1thread", value);
    if (ceiling.threads == threads) add(ceiling.key + "_all_threads", value);
  }
  if (ceilings.empty()) return rows;
  double spread = 0.0;
  for (Ceiling const& ceiling : ceilings) spread = std::max(spread, ceiling.spread());
  add("widest_spread", fmt::format("{:.2g}", spread));
  add("threads", std::to_string(threads));
  add("gemm_library", std::string(gemm_library()));
  return rows;
}

}  // namespace retrace
