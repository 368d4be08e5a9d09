#include "core/memory_tracker.hpp"

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace retrace {
namespace {

using Space = Kokkos::DefaultExecutionSpace::memory_space;
// Views announce a multiple of 8 bytes; with doubles that is the size asked for.
using Doubles = Kokkos::View<double*, Space>;
constexpr std::int64_t word = sizeof(double);
namespace tools = Kokkos::Tools::Experimental;

std::string space_name() {
  return Space::name();
}

SpaceUsage usage_of(std::vector<SpaceUsage> const& usages, std::string const& space, AllocationKind kind) {
  auto const found = std::find_if(usages.begin(), usages.end(),
                                  [&](SpaceUsage const& u) { return u.space == space && u.kind == kind; });
  if (found != usages.end()) return *found;
  SpaceUsage none;
  none.space = "no entry for " + space;
  return none;
}

SpaceUsage stop_and_get(AllocationKind kind = AllocationKind::solver) {
  return usage_of(MemoryTracker::instance().stop_recording(), space_name(), kind);
}

// The main of the tests installs before Kokkos::initialize; nothing may have displaced the callbacks since.
TEST(MemoryTracker, is_installed_before_initialize_and_still_there) {
  if (std::getenv("KOKKOS_TOOLS_LIBS") != nullptr) GTEST_SKIP() << "a loaded tools library takes the callbacks first";
  EXPECT_TRUE(MemoryTracker::installed());
  EXPECT_FALSE(MemoryTracker::install());
  EXPECT_TRUE(MemoryTracker::installed());
}

TEST(MemoryTracker, nested_scopes_match_to_the_byte) {
  Doubles const before("retrace::test::before", 1001);
  MemoryTracker& tracker = MemoryTracker::instance();
  std::int64_t const live = tracker.live_bytes(AllocationKind::solver);

  tracker.start_recording();
  {
    Doubles const a("retrace::test::a", 7);
    {
      Doubles const b("retrace::test::b", 100'003);
      { Doubles const c("retrace::test::c", 11); }
    }
    Doubles const d("retrace::test::d", 50'021);
    Kokkos::View<double* [3], Space> const e("retrace::test::e", 5);
  }
  SpaceUsage const usage = stop_and_get();

  EXPECT_EQ(usage.baseline, live);
  EXPECT_EQ(usage.peak - usage.baseline, (7 + 100'003 + 11) * word);
  EXPECT_EQ(usage.end, usage.baseline);
  EXPECT_EQ(usage.count, 5);
  EXPECT_EQ(usage.unmatched_frees, 0);
  EXPECT_EQ(tracker.live_bytes(AllocationKind::solver), live);
}

TEST(MemoryTracker, what_outlives_the_recording_is_named) {
  MemoryTracker& tracker = MemoryTracker::instance();

  tracker.start_recording();
  Doubles const leaked("retrace::test::leaked", 4093);
  SpaceUsage const usage = stop_and_get();

  EXPECT_EQ(usage.end - usage.baseline, 4093 * word);
  EXPECT_EQ(usage.peak, usage.end);
  auto const live = tracker.live_labels(AllocationKind::solver);
  EXPECT_TRUE(std::any_of(live.begin(), live.end(), [](LabelBytes const& label) {
    return label.label == "retrace::test::leaked" && label.bytes == 4093 * word;
  }));
}

TEST(MemoryTracker, freeing_older_blocks_never_lowers_the_peak_below_the_baseline) {
  Doubles older("retrace::test::older", 5000);

  MemoryTracker::instance().start_recording();
  older = Doubles();
  Doubles const smaller("retrace::test::smaller", 10);
  SpaceUsage const usage = stop_and_get();

  EXPECT_EQ(usage.peak, usage.baseline);
  EXPECT_EQ(usage.end - usage.baseline, (10 - 5000) * word);
}

TEST(MemoryTracker, resize_holds_both_blocks_for_a_moment) {
  Doubles view("retrace::test::resized", 1000);

  MemoryTracker::instance().start_recording();
  Kokkos::resize(view, 3000);
  SpaceUsage const usage = stop_and_get();

  EXPECT_EQ(usage.peak - usage.baseline, 3000 * word);
  EXPECT_EQ(usage.end - usage.baseline, 2000 * word);
  EXPECT_EQ(usage.unmatched_frees, 0);
}

// Kokkos announces only its header for an empty View; whatever it says must be taken back in full.
TEST(MemoryTracker, zero_length_leaves_nothing_behind) {
  constexpr std::int64_t header_limit = 256;

  MemoryTracker::instance().start_recording();
  { Doubles const empty("retrace::test::empty", 0); }
  SpaceUsage const usage = stop_and_get();

  EXPECT_LE(usage.peak - usage.baseline, header_limit);
  EXPECT_EQ(usage.end, usage.baseline);
  EXPECT_EQ(usage.unmatched_frees, 0);
}

TEST(MemoryTracker, raw_allocations_count_too) {
  MemoryTracker::instance().start_recording();
  void* block = Kokkos::kokkos_malloc<Space>("retrace::test::raw", 777);
  block = Kokkos::kokkos_realloc<Space>(block, 1777);
  Kokkos::kokkos_free<Space>(block);
  SpaceUsage const usage = stop_and_get();

  EXPECT_EQ(usage.peak - usage.baseline, 777 + 1777);
  EXPECT_EQ(usage.end, usage.baseline);
}

TEST(MemoryTracker, labels_are_those_of_the_moment_of_the_peak) {
  MemoryTracker::instance().start_recording();
  {
    Doubles const small("retrace::test::small", 500'000);
    Doubles const large_1("retrace::test::large", 900'000);
    Doubles const large_2("retrace::test::large", 900'001);
  }
  Doubles const later("retrace::test::later", 1'900'000);  // large, but not at the peak
  SpaceUsage const usage = stop_and_get();

  ASSERT_GE(usage.labels.size(), 2U);
  EXPECT_EQ(usage.labels[0].label, "retrace::test::large");
  EXPECT_EQ(usage.labels[0].bytes, 1'800'001 * word);
  EXPECT_EQ(usage.labels[1].label, "retrace::test::small");
  EXPECT_EQ(usage.labels[1].bytes, 500'000 * word);
  EXPECT_TRUE(std::none_of(usage.labels.begin(), usage.labels.end(),
                           [](LabelBytes const& label) { return label.label == "retrace::test::later"; }));
}

TEST(MemoryTracker, sixteen_largest_labels_are_kept_in_order) {
  std::vector<Doubles> views;

  MemoryTracker::instance().start_recording();
  for (std::size_t i = 1; i <= 20; ++i) views.emplace_back("retrace::test::rank" + std::to_string(i), 1'000'000 + i);
  SpaceUsage const usage = stop_and_get();

  ASSERT_EQ(usage.labels.size(), 16U);
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(usage.labels[i].label, "retrace::test::rank" + std::to_string(20 - i));
  }
}

TEST(MemoryTracker, labels_tell_the_runtime_from_the_solver) {
  EXPECT_EQ(kind_of_label("retrace::aca::checkpoints"), AllocationKind::solver);
  EXPECT_EQ(kind_of_label("retrace::rk::scratch"), AllocationKind::solver);
  EXPECT_EQ(kind_of_label("user view"), AllocationKind::solver);
  EXPECT_EQ(kind_of_label(""), AllocationKind::solver);
  EXPECT_EQ(kind_of_label("Kokkos::InternalScratchSpace"), AllocationKind::runtime);
  EXPECT_EQ(kind_of_label("Kokkos::OpenMP::scratch_mem"), AllocationKind::runtime);
  EXPECT_EQ(kind_of_label("my scratch"), AllocationKind::runtime);
  EXPECT_EQ(kind_of_label("TeamScratch"), AllocationKind::runtime);
}

TEST(MemoryTracker, runtime_bytes_have_their_own_books) {
  MemoryTracker::instance().start_recording();
  { Doubles const scratch("Kokkos::test::pretended", 12'345); }
  auto const usages = MemoryTracker::instance().stop_recording();

  SpaceUsage const runtime = usage_of(usages, space_name(), AllocationKind::runtime);
  EXPECT_EQ(runtime.peak - runtime.baseline, 12'345 * word);
  SpaceUsage const solver = usage_of(usages, space_name(), AllocationKind::solver);
  EXPECT_EQ(solver.peak, solver.baseline);
}

TEST(MemoryTracker, awkward_events_are_survived) {
  MemoryTracker& tracker = MemoryTracker::instance();
  int block = 0;
  int never_announced = 0;

  tracker.start_recording();
  tracker.on_allocate("Synthetic", "null", nullptr, 10);
  tracker.on_deallocate("Synthetic", "null", nullptr);
  tracker.on_allocate("Synthetic", "zero", &block, 0);
  tracker.on_deallocate("Synthetic", "zero", &block);
  tracker.on_deallocate("Synthetic", "unknown", &never_announced);
  tracker.on_allocate("Synthetic", "first", &block, 100);
  tracker.on_allocate("Synthetic", "reused without a free", &block, 30);
  tracker.on_deallocate("Elsewhere", "[unlabeled]", &block);  // goes where the block was announced
  auto const usages = tracker.stop_recording();

  SpaceUsage const usage = usage_of(usages, "Synthetic", AllocationKind::solver);
  EXPECT_EQ(usage.baseline, 0);
  EXPECT_EQ(usage.peak, 100);
  EXPECT_EQ(usage.end, 0);
  EXPECT_EQ(usage.count, 4);
  EXPECT_EQ(usage.unmatched_frees, 1);
  EXPECT_EQ(usage_of(usages, "Elsewhere", AllocationKind::solver).space, "no entry for Elsewhere");
}

TEST(MemoryTracker, many_threads_agree_on_the_sum) {
  MemoryTracker& tracker = MemoryTracker::instance();
  constexpr std::size_t threads = 4, blocks = 2000;
  std::vector<std::vector<char>> addresses(threads, std::vector<char>(blocks));
  std::vector<std::thread> workers;

  tracker.start_recording();
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&tracker, &mine = addresses[t]] {
      for (char& address : mine) tracker.on_allocate("Threads", "shared label", &address, 3);
    });
  }
  for (std::thread& worker : workers) worker.join();
  workers.clear();
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&tracker, &mine = addresses[t]] {
      for (char& address : mine) tracker.on_deallocate("Threads", "", &address);
    });
  }
  for (std::thread& worker : workers) worker.join();
  SpaceUsage const usage = usage_of(tracker.stop_recording(), "Threads", AllocationKind::solver);

  EXPECT_EQ(usage.peak, 3 * static_cast<std::int64_t>(threads * blocks));
  EXPECT_EQ(usage.end, 0);
  ASSERT_EQ(usage.labels.size(), 1U);
  EXPECT_EQ(usage.labels[0].bytes, usage.peak);
}

TEST(MemoryTracker, recordings_do_not_nest) {
  MemoryTracker& tracker = MemoryTracker::instance();
  EXPECT_THROW((void)tracker.stop_recording(), std::logic_error);

  tracker.start_recording();
  EXPECT_TRUE(tracker.recording());
  EXPECT_THROW(tracker.start_recording(), std::logic_error);
  (void)tracker.stop_recording();

  EXPECT_FALSE(tracker.recording());
}

// A tools library loaded by Kokkos::initialize overwrites every slot it serves; both must see every event afterwards.
std::int64_t foreign_bytes = 0;
int foreign_fences = 0;
decltype(tools::EventSet::allocate_data) calls_back = nullptr;
void foreign_allocate(Kokkos::Tools::SpaceHandle const space, char const* label, void const* pointer,
                      std::uint64_t const bytes) {
  foreign_bytes += static_cast<std::int64_t>(bytes);
  if (calls_back != nullptr) calls_back(space, label, pointer, bytes);
}
void foreign_fence(char const*, std::uint32_t, std::uint64_t*) {
  ++foreign_fences;
}

TEST(MemoryTracker, chains_to_a_tool_that_took_its_place) {
  auto const own = tools::get_callbacks();
  foreign_bytes = 0;
  foreign_fences = 0;
  calls_back = own.allocate_data;  // the tool is well-behaved too and calls what it found: no event may count twice
  tools::set_allocate_data_callback(&foreign_allocate);
  tools::set_begin_fence_callback(&foreign_fence);
  EXPECT_FALSE(MemoryTracker::installed());

  MemoryTracker::instance().start_recording();
  EXPECT_TRUE(MemoryTracker::installed());
  ToolCounts const before = MemoryTracker::instance().counts();
  int const foreign_fences_before = foreign_fences;
  { Doubles const seen_by_both("retrace::test::seen_by_both", 2999); }
  Kokkos::fence("retrace::test: counted by both");
  ToolCounts const after = MemoryTracker::instance().counts();
  int const foreign_fences_after = foreign_fences;
  SpaceUsage const usage = stop_and_get();

  EXPECT_EQ(usage.peak - usage.baseline, 2999 * word);
  EXPECT_EQ(usage.count, 1);
  EXPECT_EQ(foreign_bytes, 2999 * word);
  EXPECT_EQ(after.fences - before.fences, foreign_fences_after - foreign_fences_before);
  EXPECT_GE(after.fences - before.fences, 1);
  tools::set_callbacks(own);
}

struct Fill {
  Doubles view;
  KOKKOS_FUNCTION void operator()(std::size_t i) const { view(i) = static_cast<double>(i); }
};

TEST(MemoryTracker, counts_show_a_loop_without_allocation_and_fence) {
  Kokkos::DefaultExecutionSpace const exec;
  Doubles const view("retrace::test::loop", 1000);
  exec.fence("retrace::test: before the loop");
  ToolCounts const before = MemoryTracker::instance().counts();

  for (int step = 0; step < 5; ++step) {
    Kokkos::parallel_for("retrace::test::fill", Kokkos::RangePolicy(exec, 0, view.extent(0)), Fill{view});
  }
  ToolCounts const after_loop = MemoryTracker::instance().counts();
  exec.fence("retrace::test: one fence");
  { Doubles const allocated("retrace::test::allocated", 10); }
  ToolCounts const after = MemoryTracker::instance().counts();

  EXPECT_EQ(after_loop.allocations, before.allocations);
  EXPECT_EQ(after_loop.deallocations, before.deallocations);
  EXPECT_EQ(after_loop.fences, before.fences);
  EXPECT_EQ(after.allocations, after_loop.allocations + 1);
  EXPECT_EQ(after.deallocations, after_loop.deallocations + 1);
  EXPECT_GE(after.fences, after_loop.fences + 1);
}

TEST(ProcessPeakRss, sees_a_large_block_and_can_be_reset) {
  if (process_peak_rss_bytes() < 0 || !reset_process_peak_rss()) GTEST_SKIP() << "no VmHWM, or not resettable, here";
  constexpr std::int64_t block = std::int64_t{64} << 20U;
  // The kernel counts pages per thread and adds them up late.
  constexpr std::int64_t slack = std::int64_t{8} << 20U;
  std::int64_t const before = process_peak_rss_bytes();

  // Fresh pages: malloc might hand out a block that an earlier test has left resident.
  void* pages =
      ::mmap(nullptr, static_cast<std::size_t>(block), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  std::memset(pages, 1, static_cast<std::size_t>(block));
  ::munmap(pages, static_cast<std::size_t>(block));
  std::int64_t const with_block = process_peak_rss_bytes();
  EXPECT_TRUE(reset_process_peak_rss());
  std::int64_t const after_reset = process_peak_rss_bytes();

  EXPECT_GE(with_block, before + block - slack);
  EXPECT_LE(after_reset, before + slack);
}

}  // namespace
}  // namespace retrace
