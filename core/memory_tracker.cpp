#include "core/memory_tracker.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace retrace {

namespace {

constexpr std::size_t labels_kept = 16;
constexpr std::size_t shard_count = 64;

/// Largest first, ties by name; at most `limit`.
std::vector<LabelBytes> largest(std::map<std::string, std::int64_t, std::less<>> const& by_label, std::size_t limit) {
  std::vector<LabelBytes> labels;
  for (auto const& [label, bytes] : by_label) {
    if (bytes > 0) labels.push_back({label, bytes});
  }
  std::stable_sort(labels.begin(), labels.end(), [](auto const& a, auto const& b) { return a.bytes > b.bytes; });
  if (labels.size() > limit) labels.resize(limit);
  return labels;
}

/// The books of one memory space and kind. Its mutex makes live, peak and labels one consistent picture.
struct Account {
  std::mutex mutable mutex;
  std::string space;
  AllocationKind kind = AllocationKind::solver;
  std::int64_t live = 0, baseline = 0, peak = 0, count = 0, unmatched_frees = 0;
  std::map<std::string, std::int64_t, std::less<>> live_by_label;  // entries of zero bytes are erased
  std::vector<LabelBytes> labels_at_peak;
  // The labels of a peak are collected when the peak is over, not at every step up to it.
  bool peak_is_now = false;

  void add(std::string_view label, std::int64_t bytes, bool recording) {
    std::lock_guard const lock(mutex);
    live += bytes;
    if (recording) ++count;
    if (bytes == 0) return;
    if (recording && live > peak) {
      peak = live;
      peak_is_now = true;
    }
    // At a tie with an earlier peak nothing is collected: the first moment counts.
    auto entry = live_by_label.find(label);
    if (entry == live_by_label.end()) entry = live_by_label.emplace(std::string(label), 0).first;
    entry->second += bytes;
  }

  void remove(std::string_view label, std::int64_t bytes) {
    std::lock_guard const lock(mutex);
    if (bytes == 0) return;
    collect_labels_of_peak();
    live -= bytes;
    if (auto const entry = live_by_label.find(label); entry != live_by_label.end()) {
      entry->second -= bytes;
      if (entry->second == 0) live_by_label.erase(entry);
    }
  }

  void collect_labels_of_peak() {
    if (!std::exchange(peak_is_now, false)) return;
    labels_at_peak = largest(live_by_label, labels_kept);
  }

  void begin() {
    std::lock_guard const lock(mutex);
    baseline = peak = live;
    count = unmatched_frees = 0;
    peak_is_now = true;
  }

  [[nodiscard]] SpaceUsage end() {
    std::lock_guard const lock(mutex);
    collect_labels_of_peak();
    return {space, kind, baseline, peak, live, count, unmatched_frees, labels_at_peak};
  }
};

struct Block {
  Account* account = nullptr;
  std::int64_t bytes = 0;
  std::string label;
};

struct Shard {
  std::mutex mutex;
  std::unordered_map<void const*, Block> blocks;
};

/// What stood in the slots of Kokkos before the tracker.
struct Chained {
  using Slots = Kokkos::Tools::Experimental::EventSet;
  std::atomic<decltype(Slots::allocate_data)> allocate{nullptr};
  std::atomic<decltype(Slots::deallocate_data)> deallocate{nullptr};
  std::atomic<decltype(Slots::begin_fence)> fence{nullptr};
};
Chained chained;

/// A tool that was put in after the tracker may itself call the tracker, which calls it: one event, seen once.
class CallbackGuard {
 public:
  CallbackGuard() : outermost_(!std::exchange(inside_, true)) {}
  ~CallbackGuard() {
    if (outermost_) inside_ = false;
  }
  CallbackGuard(CallbackGuard const&) = delete;
  CallbackGuard& operator=(CallbackGuard const&) = delete;
  [[nodiscard]] bool outermost() const { return outermost_; }

 private:
  static thread_local bool inside_;
  bool outermost_;
};
thread_local bool CallbackGuard::inside_ = false;

template <class Record, class Function, class... Arguments>
void seen_once(Record const& record, std::atomic<Function> const& next, Arguments... arguments) {
  CallbackGuard const guard;
  if (!guard.outermost()) return;
  record();
  if (Function const function = next.load()) function(arguments...);
}

std::string_view name_in(Kokkos::Tools::SpaceHandle const& space) {
  return {space.name, ::strnlen(space.name, sizeof(space.name))};
}
std::string_view text_of(char const* label) {
  return label != nullptr ? std::string_view(label) : std::string_view();
}

void allocate_callback(Kokkos::Tools::SpaceHandle const space, char const* label, void const* pointer,
                       std::uint64_t const bytes) {
  seen_once([&] { MemoryTracker::instance().on_allocate(name_in(space), text_of(label), pointer, bytes); },
            chained.allocate, space, label, pointer, bytes);
}

void deallocate_callback(Kokkos::Tools::SpaceHandle const space, char const* label, void const* pointer,
                         std::uint64_t const bytes) {
  seen_once([&] { MemoryTracker::instance().on_deallocate(name_in(space), text_of(label), pointer); },
            chained.deallocate, space, label, pointer, bytes);
}

void fence_callback(char const* name, std::uint32_t const device, std::uint64_t* handle) {
  seen_once([] { MemoryTracker::instance().on_fence(); }, chained.fence, name, device, handle);
}

}  // namespace

struct MemoryTracker::State {
  std::array<Shard, shard_count> shards;
  std::mutex mutable accounts_mutex;
  std::map<std::pair<std::string, AllocationKind>, Account> accounts;  // a map never moves its values
  std::atomic<bool> recording{false};
  std::atomic<std::int64_t> allocations{0}, deallocations{0}, fences{0};

  [[nodiscard]] Shard& shard_of(void const* pointer) {
    // Blocks are aligned to at least 64 bytes, so the low bits say nothing.
    return shards[(reinterpret_cast<std::uintptr_t>(pointer) >> 6U) % shard_count];
  }

  [[nodiscard]] Account& account(std::string_view space, AllocationKind kind) {
    std::lock_guard const lock(accounts_mutex);
    auto const [entry, is_new] = accounts.try_emplace({std::string(space), kind});
    if (is_new) {
      entry->second.space = space;
      entry->second.kind = kind;
    }
    return entry->second;
  }
};

std::string_view name_of(AllocationKind kind) {
  return kind == AllocationKind::solver ? "solver" : "runtime";
}

AllocationKind kind_of_label(std::string_view label) {
  if (label.starts_with("retrace::")) return AllocationKind::solver;
  bool const runtime = label.starts_with("Kokkos::") || label.find("scratch") != std::string_view::npos ||
                       label.find("Scratch") != std::string_view::npos;
  return runtime ? AllocationKind::runtime : AllocationKind::solver;
}

MemoryTracker::MemoryTracker() : state_(new State) {}

MemoryTracker& MemoryTracker::instance() {
  static MemoryTracker tracker;
  return tracker;
}

bool MemoryTracker::installed() {
  auto const now = Kokkos::Tools::Experimental::get_callbacks();
  return now.allocate_data == &allocate_callback && now.deallocate_data == &deallocate_callback &&
         now.begin_fence == &fence_callback;
}

bool MemoryTracker::install() {
  (void)instance();
  if (installed()) return false;
  namespace tools = Kokkos::Tools::Experimental;
  auto const before = tools::get_callbacks();
  if (before.allocate_data != &allocate_callback) {
    chained.allocate = before.allocate_data;
    tools::set_allocate_data_callback(&allocate_callback);
  }
  if (before.deallocate_data != &deallocate_callback) {
    chained.deallocate = before.deallocate_data;
    tools::set_deallocate_data_callback(&deallocate_callback);
  }
  if (before.begin_fence != &fence_callback) {
    chained.fence = before.begin_fence;
    tools::set_begin_fence_callback(&fence_callback);
  }
  return true;
}

void MemoryTracker::on_allocate(std::string_view space, std::string_view label, void const* pointer,
                                std::uint64_t bytes) {
  ++state_->allocations;
  Account& account = state_->account(space, kind_of_label(label));
  auto const size = pointer != nullptr ? static_cast<std::int64_t>(bytes) : 0;
  Block replaced;
  if (pointer != nullptr) {
    Shard& shard = state_->shard_of(pointer);
    std::lock_guard const lock(shard.mutex);
    Block& block = shard.blocks[pointer];
    replaced = std::exchange(block, Block{&account, size, std::string(label)});
  }
  // The same address again without a free in between: the free went unseen while a tool was in the tracker's place.
  if (replaced.account != nullptr) replaced.account->remove(replaced.label, replaced.bytes);
  account.add(label, size, state_->recording);
}

void MemoryTracker::on_deallocate(std::string_view space, std::string_view label, void const* pointer) {
  ++state_->deallocations;
  if (pointer == nullptr) return;
  Block block;
  {
    Shard& shard = state_->shard_of(pointer);
    std::lock_guard const lock(shard.mutex);
    if (auto const entry = shard.blocks.find(pointer); entry != shard.blocks.end()) {
      block = std::move(entry->second);
      shard.blocks.erase(entry);
    }
  }
  if (block.account != nullptr) {
    block.account->remove(block.label, block.bytes);
  } else if (state_->recording) {
    Account& account = state_->account(space, kind_of_label(label));
    std::lock_guard const lock(account.mutex);
    ++account.unmatched_frees;
  }
}

void MemoryTracker::on_fence() {
  ++state_->fences;
}

void MemoryTracker::start_recording() {
  if (state_->recording) throw std::logic_error("MemoryTracker: start_recording while a recording is on");
  (void)install();
  Kokkos::fence("retrace::memory_tracker: work before the recording is not part of it");
  std::lock_guard const lock(state_->accounts_mutex);
  for (auto& [key, account] : state_->accounts) account.begin();
  state_->recording = true;
}

std::vector<SpaceUsage> MemoryTracker::stop_recording() {
  if (!state_->recording) throw std::logic_error("MemoryTracker: stop_recording without start_recording");
  Kokkos::fence("retrace::memory_tracker: work launched during the recording is part of it");
  state_->recording = false;
  std::lock_guard const lock(state_->accounts_mutex);
  std::vector<SpaceUsage> usages;
  for (auto& [key, account] : state_->accounts) {
    SpaceUsage usage = account.end();
    if (usage.peak != 0 || usage.count != 0 || usage.unmatched_frees != 0) usages.push_back(std::move(usage));
  }
  return usages;
}

bool MemoryTracker::recording() const {
  return state_->recording;
}

std::int64_t MemoryTracker::live_bytes(AllocationKind kind) const {
  std::lock_guard const lock(state_->accounts_mutex);
  std::int64_t bytes = 0;
  for (auto const& [key, account] : state_->accounts) {
    std::lock_guard const account_lock(account.mutex);
    if (account.kind == kind) bytes += account.live;
  }
  return bytes;
}

std::vector<LabelBytes> MemoryTracker::live_labels(AllocationKind kind) const {
  std::lock_guard const lock(state_->accounts_mutex);
  std::map<std::string, std::int64_t, std::less<>> by_label;
  for (auto const& [key, account] : state_->accounts) {
    std::lock_guard const account_lock(account.mutex);
    if (account.kind != kind) continue;
    for (auto const& [label, bytes] : account.live_by_label) by_label[label] += bytes;
  }
  return largest(by_label, by_label.size());
}

ToolCounts MemoryTracker::counts() const {
  return {state_->allocations.load(), state_->deallocations.load(), state_->fences.load()};
}

std::int64_t process_peak_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    std::int64_t kibibytes = 0;
    return status >> kibibytes ? kibibytes * 1024 : -1;
  }
  return -1;
}

bool reset_process_peak_rss() {
  std::ofstream clear("/proc/self/clear_refs");
  clear << "5\n" << std::flush;  // proc(5): 5 resets the peak resident set size
  return clear.good();
}

}  // namespace retrace
