#pragma once

#include "core/math.hpp"
#include "problems/matrix_op.hpp"

#include <Kokkos_Core.hpp>

#ifdef KOKKOS_ENABLE_CUDA
#include "core/error.hpp"

#include <cublas_v2.h>
#include <memory>
#endif

#include <cstdint>
#include <string>
#include <type_traits>

/// Many products of dense matrices in one launch, where an execution space computes: through cuBLAS on Cuda, elsewhere
/// one entry of the result per work item.
namespace retrace::matrix {

/// C_e [m][n] = or += op(A_e) [m][k] op(B_e) [k][n] for `count` entries e, column-major without gaps.
struct BatchedShape {
  Op op_a, op_b;
  std::int64_t m, n, k, count;

  /// Leading dimensions, as BLAS has them: from one column of A or B in memory to the next.
  [[nodiscard]] std::int64_t leading_a() const { return op_a == Op::plain ? m : k; }
  [[nodiscard]] std::int64_t leading_b() const { return op_b == Op::plain ? k : n; }
};

/// Matrices of a batch, `stride` numbers from one to the next; 0 if all entries have the same.
template <class T>
struct BatchedOperand {
  T* first;
  std::int64_t stride = 0;
};

/// One entry of one result; neighbours in a column of C are neighbouring work items.
template <class T>
struct BatchedProductEntry {
  std::int64_t m, n, k;
  std::int64_t a_row, a_column, b_row, b_column;  // distance in memory of neighbours in op(A), op(B)
  BatchedOperand<T const> a, b;
  BatchedOperand<T> c;
  bool add;

  KOKKOS_FUNCTION void operator()(std::int64_t entry) const {
    std::int64_t const e = entry / (m * n), in_c = entry % (m * n), i = in_c % m, j = in_c / m;
    T const* const from_a = a.first + e * a.stride + i * a_row;
    T const* const from_b = b.first + e * b.stride + j * b_column;
    T sum(0);
    for (std::int64_t l = 0; l < k; ++l) sum = math::fma(from_a[l * a_column], from_b[l * b_row], sum);
    T& to = c.first[e * c.stride + in_c];
    to = add ? to + sum : sum;
  }
};

/// The products of an execution space. Asynchronous on `exec`, which has to be the one that it was made for; never
/// fences.
template <class Exec>
class BatchedProduct {
 public:
  explicit BatchedProduct(Exec const& /*exec*/) {}

  template <class T>
  void operator()(Exec const& exec, BatchedShape const& s, BatchedOperand<std::type_identity_t<T> const> a,
                  BatchedOperand<std::type_identity_t<T> const> b, Into into, BatchedOperand<T> c) const {
    static std::string const label("retrace::batched_product");
    bool const a_plain = s.op_a == Op::plain, b_plain = s.op_b == Op::plain;
    std::int64_t const lda = s.leading_a(), ldb = s.leading_b();
    Kokkos::parallel_for(label,
                         Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>>(exec, 0, s.count * s.m * s.n),
                         BatchedProductEntry<T>{s.m, s.n, s.k, a_plain ? 1 : lda, a_plain ? lda : 1, b_plain ? 1 : ldb,
                                                b_plain ? ldb : 1, a, b, c, into == Into::add});
  }
};

#ifdef KOKKOS_ENABLE_CUDA
/// In cuBLAS's default mode: sums in the precision of their numbers (no TF32), without atomics. On one stream of one
/// GPU a product has the same bits in every run (cuBLAS manual, "Results Reproducibility"); which kernel is taken, and
/// with it the order of a sum, may depend on the shape. Copies share the handle.
template <>
class BatchedProduct<Kokkos::Cuda> {
 public:
  /// Throws EnvironmentError where cuBLAS cannot be had.
  explicit BatchedProduct(Kokkos::Cuda const& exec) {
    cublasHandle_t handle = nullptr;
    check(cublasCreate(&handle), "cublasCreate");
    handle_ = Handle(handle, [](cublasHandle_t h) { (void)cublasDestroy(h); });
    check(cublasSetStream(handle, exec.cuda_stream()), "cublasSetStream");
  }

  template <class T>
  void operator()(Kokkos::Cuda const& /*exec*/, BatchedShape const& s, BatchedOperand<std::type_identity_t<T> const> a,
                  BatchedOperand<std::type_identity_t<T> const> b, Into into, BatchedOperand<T> c) const {
    if (s.count == 0 || s.m == 0 || s.n == 0) return;
    T const alpha(1), beta(into == Into::add ? 1 : 0);
    auto const lda = static_cast<int>(s.leading_a()), ldb = static_cast<int>(s.leading_b());
    auto const m = static_cast<int>(s.m), n = static_cast<int>(s.n), k = static_cast<int>(s.k);
    auto const count = static_cast<int>(s.count);
    if constexpr (std::is_same_v<T, double>)
      check(cublasDgemmStridedBatched(handle_.get(), operation(s.op_a), operation(s.op_b), m, n, k, &alpha, a.first,
                                      lda, a.stride, b.first, ldb, b.stride, &beta, c.first, m, c.stride, count),
            "cublasDgemmStridedBatched");
    else
      check(cublasSgemmStridedBatched(handle_.get(), operation(s.op_a), operation(s.op_b), m, n, k, &alpha, a.first,
                                      lda, a.stride, b.first, ldb, b.stride, &beta, c.first, m, c.stride, count),
            "cublasSgemmStridedBatched");
  }

 private:
  using Handle = std::shared_ptr<std::remove_pointer_t<cublasHandle_t>>;

  [[nodiscard]] static cublasOperation_t operation(Op op) { return op == Op::plain ? CUBLAS_OP_N : CUBLAS_OP_T; }
  static void check(cublasStatus_t status, char const* call) {
    if (status != CUBLAS_STATUS_SUCCESS)
      throw EnvironmentError(std::string(call) + " failed: " + cublasGetStatusString(status));
  }

  Handle handle_;
};
#endif

}  // namespace retrace::matrix
