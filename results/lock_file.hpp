#pragma once

#include <filesystem>
#include <functional>
#include <string>

/// One writer per result: `<out>.lock`, made in one step with host, process and job of its holder in it.
namespace retrace::results {

/// Who holds a lock, as its file says.
struct LockHolder {
  std::string host, job, token;  ///< job: the scheduler's id, or empty; token: of this one lock
  long process = 0;
  long long started = 0;  ///< ticks since the host's start, which tell a process from a later one of the same number

  [[nodiscard]] std::string text() const;  ///< "process 4711 on node7 (job 123)"
};

/// Is a holder of this lock surely gone? Locks left by killed runs are.
enum class HolderState { alive, gone, unknown };
[[nodiscard]] HolderState state_of(LockHolder const& holder);

/// Held while the object lives. A lock whose holder is gone is taken over: first its successor is claimed, in one step
/// that only one of several takers can win, then the lock becomes the winner's. Throws UsageError when somebody alive,
/// or of whom this host cannot tell, holds it: who, and which file to remove if he is gone; EnvironmentError when the
/// folder cannot be written.
class LockFile {
 public:
  /// `state`: for tests.
  explicit LockFile(std::filesystem::path path, std::function<HolderState(LockHolder const&)> const& state = state_of);
  ~LockFile();
  LockFile(LockFile const&) = delete;
  LockFile& operator=(LockFile const&) = delete;

  /// Whose lock was taken over, as a text; empty when it was free.
  [[nodiscard]] std::string const& taken_over_from() const { return taken_over_from_; }

  /// Gives the lock up now. For a program that ends without destructors.
  void release();

 private:
  std::filesystem::path path_;
  LockHolder own_;
  std::string taken_over_from_;
  bool held_ = false;
};

}  // namespace retrace::results
