// The least a Kokkos must do: allocate, fill, copy, reduce, free, several times and in each memory space. Some pairs
// of compiler and Kokkos crash at the first free; better here, in seconds, than in the middle of a run.

#include <Kokkos_Core.hpp>

#include <cstdio>

namespace {

struct Fill {
  Kokkos::View<double**> values;
  KOKKOS_FUNCTION void operator()(int i) const {
    for (int j = 0; j < values.extent_int(1); ++j) values(i, j) = i + 0.5 * j;
  }
};

struct Sum {
  Kokkos::View<double const**> values;
  KOKKOS_FUNCTION void operator()(int i, double& sum) const {
    for (int j = 0; j < values.extent_int(1); ++j) sum += values(i, j);
  }
};

bool round_trip(int rows, int columns) {
  Kokkos::View<double**> const values("retrace::smoke::values", rows, columns);
  Kokkos::parallel_for("retrace::smoke::fill", rows, Fill{values});

  Kokkos::View<double**> const copy("retrace::smoke::copy", rows, columns);
  Kokkos::deep_copy(copy, values);
  auto const on_host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, copy);

  double sum = 0.0;
  Kokkos::parallel_reduce("retrace::smoke::sum", rows, Sum{copy}, sum);
  double const exact = columns * 0.5 * rows * (rows - 1) + rows * 0.25 * columns * (columns - 1);  // no rounding

  return sum == exact && on_host(rows - 1, columns - 1) == rows - 1 + 0.5 * (columns - 1);
}

}  // namespace

int main(int argc, char** argv) {
  Kokkos::ScopeGuard const kokkos(argc, argv);
  for (int rows = 1; rows < 2000; rows *= 3) {
    if (!round_trip(rows, 7)) {
      std::fprintf(stderr, "kokkos_smoke: wrong sum or copy with %d rows\n", rows);
      return 1;
    }
  }
  std::printf("kokkos_smoke: passed\n");
  return 0;
}
