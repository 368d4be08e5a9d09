#include "core/error.hpp"
#include "results/lock_file.hpp"
#include "results/tests/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace retrace::results {
namespace {

using testing::content_of;
using testing::message_of;
using testing::put_content;
using testing::TemporaryFolder;

/// A lock whose holder has died.
void leave_a_lock(std::filesystem::path const& path) {
  pid_t const child = fork();
  if (child == 0) {
    auto* const lock = new LockFile(path);  // never released
    _exit(lock != nullptr ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(std::filesystem::exists(path));
}

TEST(LockFile, stands_while_it_is_held) {
  TemporaryFolder const folder;
  {
    LockFile const lock(folder / "l");
    EXPECT_EQ(folder.names(), std::vector<std::string>{"l"});
    EXPECT_EQ(lock.taken_over_from(), "");
    EXPECT_NE(content_of(folder / "l").find("\"process\":" + std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(LockFile, a_live_holder_keeps_others_out) {
  TemporaryFolder const folder;
  LockFile const lock(folder / "l");

  std::string const message = message_of<UsageError>([&] { LockFile const second(folder / "l"); });

  EXPECT_EQ(message.find("another run writes this result: process " + std::to_string(::getpid())), 0U) << message;
  EXPECT_EQ(folder.names(), std::vector<std::string>{"l"});
}

TEST(LockFile, the_lock_of_a_dead_process_is_taken_over) {
  TemporaryFolder const folder;
  leave_a_lock(folder / "l");

  LockFile lock(folder / "l");

  EXPECT_EQ(lock.taken_over_from().find("process "), 0U) << lock.taken_over_from();
  EXPECT_EQ(folder.names(), std::vector<std::string>{"l"});
  lock.release();
  EXPECT_TRUE(folder.names().empty());
}

TEST(LockFile, a_process_of_the_same_number_is_not_the_holder) {
  LockHolder holder;
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  holder.host = name.data();
  holder.process = ::getpid();
  holder.started = 1;
  EXPECT_EQ(state_of(holder), HolderState::gone);
}

TEST(LockFile, a_process_that_nobody_has_waited_for_is_gone) {
  TemporaryFolder const folder;
  pid_t const child = fork();
  if (child == 0) {
    auto* const lock = new LockFile(folder / "l");
    _exit(lock != nullptr ? 0 : 1);
  }
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);  // a zombie from now on

  LockFile const lock(folder / "l");

  EXPECT_NE(lock.taken_over_from(), "");
  waitpid(child, nullptr, 0);
}

TEST(LockFile, of_another_host_only_the_same_job_is_known_to_be_gone) {
  LockHolder holder{.host = "elsewhere", .job = "17", .token = "t", .process = 1, .started = 1};
  ::unsetenv("SLURM_JOB_ID");
  EXPECT_EQ(state_of(holder), HolderState::unknown);
  ::setenv("SLURM_JOB_ID", "17", 1);
  EXPECT_EQ(state_of(holder), HolderState::gone);
  holder.job = "18";
  EXPECT_EQ(state_of(holder), HolderState::unknown);
  ::unsetenv("SLURM_JOB_ID");

  TemporaryFolder const folder;
  put_content(folder / "l", R"({"host":"elsewhere","job":"18","process":1,"started":1,"token":"t"})");
  std::string const message = message_of<UsageError>([&] { LockFile const lock(folder / "l"); });
  EXPECT_NE(message.find("remove that file if it has ended"), std::string::npos) << message;
}

TEST(LockFile, something_else_of_that_name_is_left_alone) {
  TemporaryFolder const folder;
  put_content(folder / "l", "mine\n");

  std::string const message = message_of<UsageError>([&] { LockFile const lock(folder / "l"); });

  EXPECT_NE(message.find("is no lock of this program"), std::string::npos) << message;
  EXPECT_EQ(content_of(folder / "l"), "mine\n");
}

TEST(LockFile, needs_a_folder_that_can_be_written) {
  EXPECT_NE(message_of<EnvironmentError>([] { LockFile const lock("/proc/l"); }).find("cannot create '/proc/l'"),
            std::string::npos);
}

/// The claim of a taker that died between its two steps is finished by the next.
TEST(LockFile, a_taker_that_died_is_in_nobodys_way) {
  TemporaryFolder const folder;
  leave_a_lock(folder / "l");
  std::string const dead = content_of(folder / "l");
  std::size_t const at = dead.find("\"token\":\"") + 9;
  std::string const token = dead.substr(at, dead.find('"', at) - at);
  std::string claim = dead;
  claim.replace(at, token.size(), std::string(token.size(), 'f'));
  put_content(folder / ("l.after-" + token), claim);

  LockFile const lock(folder / "l");

  EXPECT_NE(lock.taken_over_from(), "");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"l"});
}

/// Many processes meet one stale lock; each that wins says so and keeps it. Two winners would be two lines.
TEST(LockFile, of_many_takers_one_wins) {
  constexpr int rounds = 20, takers = 8;
  for (int round = 0; round < rounds; ++round) {
    TemporaryFolder const folder;
    leave_a_lock(folder / "l");
    std::array<int, 2> start{}, done{};
    ASSERT_EQ(pipe(start.data()), 0);
    ASSERT_EQ(pipe(done.data()), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < takers; ++i) {
      pid_t const child = fork();
      if (child == 0) {
        ::close(start[1]);
        ::close(done[1]);
        char byte = 0;
        (void)!::read(start[0], &byte, 1);  // until the parent closes its end
        int code = 0;
        std::optional<LockFile> lock;
        try {
          lock.emplace(folder / "l");
          code = 1;
        } catch (UsageError const&) {
        } catch (...) {
          code = 2;
        }
        if (code == 1) (void)!::read(done[0], &byte, 1);  // holds it until all others have been refused
        _exit(code);
      }
      children.push_back(child);
    }
    for (int const end : {start[0], start[1], done[0]}) ::close(end);

    int winners = 0, refused = 0;
    for (int i = 0; i < takers - 1; ++i) {  // those that do not wait end first
      int status = 0;
      std::erase(children, waitpid(-1, &status, 0));
      refused += WEXITSTATUS(status) == 0 ? 1 : 0;
    }
    ::close(done[1]);
    for (pid_t const child : children) {
      int status = 0;
      waitpid(child, &status, 0);
      winners += WEXITSTATUS(status) == 1 ? 1 : 0;
    }
    EXPECT_EQ(refused, takers - 1);
    EXPECT_EQ(winners, 1);
  }
}

}  // namespace
}  // namespace retrace::results
