#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// Whose bytes: what the solver asked for, or what the Kokkos runtime took for itself (reduction and team scratch,
/// appearing lazily and kept until finalize).
enum class AllocationKind { solver, runtime };

[[nodiscard]] std::string_view name_of(AllocationKind kind);

/// `runtime` for labels that begin with "Kokkos::" or contain "scratch" or "Scratch"; `solver` for all others, and for
/// every label that begins with "retrace::".
[[nodiscard]] AllocationKind kind_of_label(std::string_view label);

struct LabelBytes {
  std::string label;
  std::int64_t bytes = 0;
};

/// Bytes of one memory space (named as Kokkos names it: Host, Cuda, CudaHostPinned, HIP, …) during one recording.
struct SpaceUsage {
  std::string space;
  AllocationKind kind = AllocationKind::solver;
  std::int64_t baseline = 0;         ///< bytes alive when the recording began
  std::int64_t peak = 0;             ///< most bytes alive at one time, baseline included
  std::int64_t end = 0;              ///< bytes alive when it ended
  std::int64_t count = 0;            ///< allocations during the recording
  std::int64_t unmatched_frees = 0;  ///< frees during it of blocks that were never announced
  std::vector<LabelBytes> labels;    ///< alive at the first moment of the peak: largest first, at most 16, ties by name
};

/// Events since the callbacks were installed. Differences of two snapshots tell whether a piece of code allocates or
/// fences. A fence of a parallel_reduce into a host scalar, of deep_copy and of a deallocation counts like any other.
struct ToolCounts {
  std::int64_t allocations = 0;
  std::int64_t deallocations = 0;
  std::int64_t fences = 0;
};

/// Peak bytes per Kokkos memory space, from the allocation callbacks of the Kokkos Tools interface, to the byte.
///
/// Install before Kokkos::initialize, else the blocks of the runtime show up only as unmatched frees. A tools library
/// that Kokkos::initialize loads overwrites the callbacks; `start_recording` and a second `install` notice that and put
/// the tracker in front of it, so that both see every event. Blocks are freed by the size remembered for their
/// pointer; the size that a free reports is not looked at. Kokkos announces the bytes asked for (a View's rounded up to
/// a multiple of 8) without its header, but for a View of length zero it announces the header alone (128 bytes in
/// 4.5): what is announced is what is counted.
/// Invisible: std::vector, unmanaged Views, vendor libraries; `process_peak_rss_bytes` stands beside it for those.
///
/// Events may come from any thread. The callbacks hook allocations and fences only (hooks on kernels would make Kokkos
/// fence), nothing is ever paused, and one event costs a few mutex operations.
class MemoryTracker {
 public:
  /// Puts the callbacks in place, chained to those that are there. Idempotent. True if they had to be put in place.
  static bool install();
  /// Whether both allocation callbacks and the fence callback of Kokkos are this tracker's now.
  [[nodiscard]] static bool installed();

  [[nodiscard]] static MemoryTracker& instance();

  /// Kokkos must be initialised. Fences, takes baselines, resets peaks. Throws std::logic_error when already recording.
  void start_recording();
  /// Fences and ends the recording: one entry per space and kind with bytes alive at some time of the recording, or
  /// with frees that did not match; sorted by space, solver before runtime. Throws std::logic_error when not recording.
  [[nodiscard]] std::vector<SpaceUsage> stop_recording();
  [[nodiscard]] bool recording() const;

  /// Bytes alive now in spaces of that kind, all spaces together.
  [[nodiscard]] std::int64_t live_bytes(AllocationKind kind) const;
  /// Bytes alive now by label, of that kind, all spaces together; largest first. For naming a leak.
  [[nodiscard]] std::vector<LabelBytes> live_labels(AllocationKind kind) const;
  [[nodiscard]] ToolCounts counts() const;

  MemoryTracker(MemoryTracker const&) = delete;
  MemoryTracker& operator=(MemoryTracker const&) = delete;

  // What the callbacks do, public so that tests can play awkward tools: null pointers, frees that match nothing.
  void on_allocate(std::string_view space, std::string_view label, void const* pointer, std::uint64_t bytes);
  void on_deallocate(std::string_view space, std::string_view label, void const* pointer);
  void on_fence();

 private:
  MemoryTracker();
  struct State;
  State* state_;  // never freed: blocks die after main
};

/// Peak resident set size of this process in bytes (VmHWM), since its start or the last successful reset; -1 where the
/// system does not tell.
[[nodiscard]] std::int64_t process_peak_rss_bytes();
/// Sets the peak back to the present resident size. False where the system does not allow it; the peak then stands.
[[nodiscard]] bool reset_process_peak_rss();

}  // namespace retrace
