#pragma once

#include "core/complex_number.hpp"
#include "core/math.hpp"
#include "problems/matrix_op.hpp"

#include <Eigen/Core>

#include <cstdint>
#include <type_traits>

#ifdef RETRACE_OPENBLAS_THREADS
extern "C" void openblas_set_num_threads(int);
#endif

/// Products of dense matrices: through the BLAS of the build, else through Eigen; of duals and other scalars, in plain
/// loops. A product runs on the calling thread alone, so that its bits depend on shapes and operands only.
namespace retrace::matrix {

/// The BLAS's own threads are switched off for the whole process where that is known how (OpenBLAS): blocks are what
/// threads share here. Other libraries read OMP_NUM_THREADS or MKL_NUM_THREADS inside a parallel region, where it is 1.
inline void use_calling_thread_only() {
#ifdef RETRACE_OPENBLAS_THREADS
  openblas_set_num_threads(1);
#endif
}

namespace detail {

#ifdef RETRACE_BLAS  // declared by Eigen, which has EIGEN_USE_BLAS then; called directly, for its beta = 0
inline void gemm(Op op_a, Op op_b, int m, int n, int k, double const* a, int lda, double const* b, int ldb, double beta,
                 double* c) {
  char const a_is = static_cast<char>(op_a), b_is = static_cast<char>(op_b);
  double const one = 1.0;
  dgemm_(&a_is, &b_is, &m, &n, &k, &one, a, &lda, b, &ldb, &beta, c, &m);
}
inline void gemm(Op op_a, Op op_b, int m, int n, int k, float const* a, int lda, float const* b, int ldb, float beta,
                 float* c) {
  char const a_is = static_cast<char>(op_a), b_is = static_cast<char>(op_b);
  float const one = 1.0F;
  sgemm_(&a_is, &b_is, &m, &n, &k, &one, a, &lda, b, &ldb, &beta, c, &m);
}
#else
template <class T>
void gemm(Op op_a, Op op_b, int m, int n, int k, T const* a, int lda, T const* b, int ldb, T beta, T* c) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  Eigen::Map<Matrix> out(c, m, n);
  Eigen::Map<Matrix const> const left(a, lda, op_a == Op::plain ? k : m), right(b, ldb, op_b == Op::plain ? n : k);
  if (beta == T(0)) out.setZero();
  if (op_a == Op::plain && op_b == Op::plain)
    out.noalias() += left * right;
  else if (op_a == Op::plain)
    out.noalias() += left * right.transpose();
  else if (op_b == Op::plain)
    out.noalias() += left.transpose() * right;
  else
    out.noalias() += left.transpose() * right.transpose();
}
#endif

template <class T>
void loops(Op op_a, Op op_b, std::int64_t m, std::int64_t n, std::int64_t k, T const* a, T const* b, T* c) {
  std::int64_t const a_row = op_a == Op::plain ? 1 : k, a_column = op_a == Op::plain ? m : 1,
                     b_row = op_b == Op::plain ? 1 : n, b_column = op_b == Op::plain ? k : 1;
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t l = 0; l < k; ++l)
      for (std::int64_t i = 0; i < m; ++i)
        c[i + j * m] = math::fma(a[i * a_row + l * a_column], b[l * b_row + j * b_column], c[i + j * m]);
}

}  // namespace detail

/// C [m][n] = or += op(A) [m][k] op(B) [k][n], column-major without gaps; 2 m n k operations.
template <class T>
void multiply(Op op_a, Op op_b, std::int64_t m, std::int64_t n, std::int64_t k, T const* a, T const* b, Into into,
              T* c) {
  if constexpr (std::is_floating_point_v<T>) {
    detail::gemm(op_a, op_b, static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), a,
                 static_cast<int>(op_a == Op::plain ? m : k), b, static_cast<int>(op_b == Op::plain ? k : n),
                 into == Into::set ? T(0) : T(1), c);
  } else {
    if (into == Into::set)
      for (std::int64_t i = 0; i < m * n; ++i) c[i] = T(0.0);
    detail::loops(op_a, op_b, m, n, k, a, b, c);
  }
}

}  // namespace retrace::matrix
