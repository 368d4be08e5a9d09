// The operations on a state in a device's memory are those on one in host memory: the same kernels in other passes. Run
// on a host space, where the passes are the same lines.
#include "solvers/device_field_passes.hpp"
#include "solvers/tableaus/bogacki_shampine32.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace retrace {
namespace {

constexpr Tableau tab = tableau_of<BogackiShampine32>;
using Host = FieldAlgebra<double, double, Kokkos::DefaultHostExecutionSpace>;
using Device = DeviceFieldAlgebra<double, double, Kokkos::DefaultHostExecutionSpace>;

/// Seven items in blocks of two, in two copies with a tail; then pieces: blocks and tail of more than one, none of them
/// full.
FieldLayout const small{BlockPartition(7, 2, 0, 1), 3, 2, 2};
FieldLayout const in_pieces{BlockPartition(7, 2, 0, 1), 2500, 2, 4999};
static_assert(field_kernels::SumPieces::length == 4096,
              "the layout above has blocks of 5000 entries and a tail of 4999");

class DeviceFieldPassesTest : public ::testing::TestWithParam<FieldLayout> {
 protected:
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  Host const host{GetParam(), self};
  Device const device{GetParam(), self};
  StepControl const control{.relative_tolerance = 1e-2, .absolute_tolerance = 1e-3};
  std::mt19937_64 random{5};
  /// Sums of so many terms of size 1, in another order.
  double const round_off = static_cast<double>(GetParam().local_entries()) * std::numeric_limits<double>::epsilon();

  struct Both {
    Host::State host;
    Device::State device;
  };
  Both random_state() {
    Both x{host.make_state("retrace::test::x"), device.make_state("retrace::test::x")};
    for (std::size_t i = 0; i < x.host.size(); ++i)
      x.host(i) = x.device(i) = std::uniform_real_distribution<double>(-1.0, 1.0)(random);
    return x;
  }
  struct Stages {
    Host::Stages host;
    Device::Stages device;
  };
  Stages random_stages() {
    Stages k;
    for (std::size_t i = 0; i < static_cast<std::size_t>(tab.stages); ++i) {
      Both const one = random_state();
      k.host[i] = one.host;
      k.device[i] = one.device;
    }
    return k;
  }
  static void expect_same(Both const& x) {
    for (std::size_t i = 0; i < x.host.size(); ++i) ASSERT_EQ(x.device(i), x.host(i)) << i;
  }
};

TEST_P(DeviceFieldPassesTest, pieces_cover_every_entry_once) {
  field_kernels::SumPieces const pieces(GetParam());
  std::vector<int> times(static_cast<std::size_t>(GetParam().local_entries()), 0);

  for (std::int64_t piece = 0; piece < pieces.count(); ++piece) {
    std::int64_t begin = 0, end = 0;
    pieces.range(piece, begin, end);
    for (std::int64_t i = begin; i < end; ++i) ++times[static_cast<std::size_t>(i)];
  }

  for (int const n : times) ASSERT_EQ(n, 1);
}

TEST_P(DeviceFieldPassesTest, entries_have_the_bits_of_the_host) {
  auto const k = random_stages();
  Both x = random_state(), y = random_state(), z = random_state();
  host.combine(x.host, tab.weight_row(), 0.3, k.host, Plain{y.host}, Scaled{-0.7, z.host});
  device.combine(x.device, tab.weight_row(), 0.3, k.device, Plain{y.device}, Scaled{-0.7, z.device});
  expect_same(x);
  host.add(x.host, 0.4, z.host);
  device.add(x.device, 0.4, z.device);
  host.scale(x.host, 1.7);
  device.scale(x.device, 1.7);
  host.add_stages(x.host, 3, k.host);
  device.add_stages(x.device, 3, k.device);
  expect_same(x);
  host.assign(z.host, x.host);
  device.assign(z.device, x.device);
  expect_same(z);
  host.move_where(true, y.host, z.host);
  device.move_where(true, y.device, z.device);
  expect_same(y);
  expect_same(z);
}

TEST_P(DeviceFieldPassesTest, sums_are_those_of_the_host) {
  auto const k = random_stages();
  Both x = random_state(), y = random_state(), y_new = random_state();
  double const entries = static_cast<double>(GetParam().local_entries());

  EXPECT_NEAR(device.dot(x.device, y.device), host.dot(x.host, y.host), round_off * entries);
  double const rms = host.weighted_rms(control, x.host, y.host);
  EXPECT_NEAR(device.weighted_rms(control, x.device, y.device), rms, round_off * rms);
  double const error = host.error_norm(tab, control, y.host, y_new.host, 0.3, k.host);
  EXPECT_NEAR(device.error_norm(tab, control, y.device, y_new.device, 0.3, k.device), error, round_off * error);
  double const updated = host.update_and_error_norm(tab, control, y.host, y_new.host, 0.3, k.host);
  EXPECT_NEAR(device.update_and_error_norm(tab, control, y.device, y_new.device, 0.3, k.device), updated,
              round_off * updated);
  expect_same(y_new);
}

TEST_P(DeviceFieldPassesTest, reverses_of_norms_have_the_bits_of_the_host) {
  auto const k = random_stages();
  Both const y = random_state(), y_new = random_state();
  Both e_bar = random_state(), y_bar = random_state(), y_new_bar = random_state();

  host.error_norm_vjp(tab, control, 0.8, 0.3, y.host, y_new.host, 0.3, k.host, e_bar.host, y_bar.host, y_new_bar.host);
  device.error_norm_vjp(tab, control, 0.8, 0.3, y.device, y_new.device, 0.3, k.device, e_bar.device, y_bar.device,
                        y_new_bar.device);
  host.weighted_rms_vjp(control, 0.6, 0.2, y.host, y.host, y_bar.host, y_bar.host);
  device.weighted_rms_vjp(control, 0.6, 0.2, y.device, y.device, y_bar.device, y_bar.device);

  expect_same(e_bar);
  expect_same(y_bar);
  expect_same(y_new_bar);
}

TEST_P(DeviceFieldPassesTest, one_entry_that_is_not_finite_is_seen_anywhere) {
  Both x = random_state();
  EXPECT_TRUE(device.is_finite(x.device));
  for (std::size_t const i : {std::size_t{0}, x.device.size() / 2, x.device.size() - 1}) {
    double const before = x.device(i);
    for (double const bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
      x.device(i) = bad;
      EXPECT_FALSE(device.is_finite(x.device)) << i;
    }
    x.device(i) = before;
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, DeviceFieldPassesTest, ::testing::Values(small, in_pieces));

}  // namespace
}  // namespace retrace
