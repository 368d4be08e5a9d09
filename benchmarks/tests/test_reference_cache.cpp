// References in quadruple precision kept in files: the same numbers from the file as made, on any number of ranks.
#include "benchmarks/reference_cache.hpp"
#include "core/blocks.hpp"
#include "core/error.hpp"
#include "verification/quad_references.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace retrace {
namespace {

/// A folder of this test that is gone afterwards.
class ReferenceCacheTest : public ::testing::Test {
 protected:
  Communicator const world = Communicator::duplicate_of(MPI_COMM_WORLD);
  std::filesystem::path const folder =
      std::filesystem::temp_directory_path() / ("retrace_references_" + std::to_string(world.size()) + "_" +
                                                ::testing::UnitTest::GetInstance()->current_test_info()->name());
  static constexpr std::int64_t trajectories = 35;  // three blocks, the last of them short
  nlohmann::json const arguments{{"T", 1.5}, {"k", -0.3}, {"n", trajectories}};
  ReferenceCache const cache{folder};

  ReferenceCacheTest() { remove(); }
  ~ReferenceCacheTest() override { remove(); }
  void remove() const {
    world.barrier();
    if (world.rank() == 0) std::filesystem::remove_all(folder);
    world.barrier();
  }
  [[nodiscard]] Reference reference(ReferenceCache const& from) const {
    return from.quad("linear", arguments, trajectories, world);
  }
};

/// All arguments of neural_mlp.
nlohmann::json net(std::vector<int> const& widths, std::int64_t samples) {
  return {{"widths", widths}, {"n", samples}, {"block", 2}, {"gain", 1.5}, {"contraction", 0.0}, {"T", 1.0}};
}

void expect_equal(Reference const& a, Reference const& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.dloss_dy0, b.dloss_dy0);
  EXPECT_EQ(a.dloss_dp, b.dloss_dp);
  EXPECT_EQ(a.final_state, b.final_state);
  EXPECT_EQ(a.uncertainty, b.uncertainty);
}

#ifdef RETRACE_HAS_QUAD

TEST_F(ReferenceCacheTest, gives_back_from_its_file_what_it_made) {
  Reference const made = reference(cache);
  auto const written = std::filesystem::last_write_time(cache.file_of("linear", arguments));
  Reference const kept = reference(cache), without_files = reference(ReferenceCache{});

  EXPECT_EQ(made.kind, Reference::Kind::extended);
  expect_equal(kept, made);
  expect_equal(without_files, made);
  EXPECT_EQ(std::filesystem::last_write_time(cache.file_of("linear", arguments)), written) << "not made again";
}

TEST_F(ReferenceCacheTest, tells_problems_and_arguments_apart) {
  nlohmann::json longer = arguments;
  longer["T"] = 2.0;

  EXPECT_NE(cache.file_of("linear", arguments), cache.file_of("linear", longer));
  EXPECT_NE(cache.file_of("linear", arguments), cache.file_of("lorenz63", arguments));
}

TEST_F(ReferenceCacheTest, refuses_a_file_that_is_none_on_every_rank) {
  if (world.rank() == 0) {
    std::filesystem::create_directories(folder);
    std::ofstream(cache.file_of("linear", arguments)) << "nothing";
  }
  world.barrier();

  EXPECT_THROW((void)reference(cache), EnvironmentError);
}

TEST_F(ReferenceCacheTest, refuses_the_file_of_other_arguments) {
  (void)reference(cache);
  nlohmann::json longer = arguments;
  longer["T"] = 2.0;
  if (world.rank() == 0)
    std::filesystem::copy_file(cache.file_of("linear", arguments), cache.file_of("linear", longer));
  world.barrier();

  EXPECT_THROW((void)cache.quad("linear", longer, trajectories, world), EnvironmentError);
}

TEST_F(ReferenceCacheTest, of_a_small_field_is_dealt_to_ranks_by_the_blocks_of_the_field) {
  constexpr std::int64_t samples = 5;  // three blocks, the last of them short
  nlohmann::json const small = net({2, 3, 2}, samples);
  auto const of = [&] { return cache.quad("neural_mlp", small, samples, world); };
  Reference const made = of(), kept = of();

  expect_equal(kept, made);
  std::int64_t const rank = world.rank(), size = world.size();
  BlockPartition const partition(samples, 2, static_cast<int>(rank), static_cast<int>(size));
  EXPECT_EQ(static_cast<std::int64_t>(made.dloss_dy0.size()), 2 * partition.local_items());
}

#endif

TEST_F(ReferenceCacheTest, of_a_large_field_is_refused) {
  EXPECT_THROW((void)cache.quad("neural_mlp", net({8, 32, 8}, 4), 4, world), UsageError);
}

}  // namespace
}  // namespace retrace
