#include "core/error.hpp"
#include "results/atomic_file.hpp"
#include "results/tests/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <vector>

namespace retrace::results {
namespace {

using testing::content_of;
using testing::message_of;
using testing::put_content;
using testing::TemporaryFolder;

std::span<std::byte const> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<char const>(text.data(), text.size()));
}

/// A full disk for everybody, root too: no file may grow beyond `bytes` while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : former_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &former_);
    rlimit limited = former_;
    limited.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &former_);
    std::signal(SIGXFSZ, former_handler_);
  }
  FileSizeLimit(FileSizeLimit const&) = delete;
  FileSizeLimit& operator=(FileSizeLimit const&) = delete;

 private:
  rlimit former_{};
  void (*former_handler_)(int);
};

TEST(AtomicFile, replaces_the_target_on_commit_only) {
  TemporaryFolder const folder;
  put_content(folder / "result", "old");

  AtomicFile file(folder / "result");
  file.write(bytes_of("new "));
  file.write(bytes_of("content"));
  std::string const before = content_of(folder / "result");
  file.commit();

  EXPECT_EQ(before, "old");
  EXPECT_EQ(content_of(folder / "result"), "new content");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"result"});
}

TEST(AtomicFile, removes_what_was_not_committed) {
  TemporaryFolder const folder;
  put_content(folder / "result", "old");

  {
    AtomicFile file(folder / "result");
    file.write(bytes_of("new"));
    file.sync();
    EXPECT_EQ(folder.names().size(), 2U);
  }

  EXPECT_EQ(content_of(folder / "result"), "old");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"result"});
}

TEST(AtomicFile, a_kill_between_write_and_rename_leaves_the_old_file) {
  TemporaryFolder const folder;
  put_content(folder / "result", "old");

  pid_t const child = ::fork();
  if (child == 0) {
    AtomicFile file(folder / "result");
    file.write(bytes_of("new"));
    file.sync();
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);

  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(content_of(folder / "result"), "old");
}

TEST(AtomicFile, a_full_disk_is_reported_and_leaves_nothing) {
  TemporaryFolder const folder;
  put_content(folder / "result", "old");
  std::string message;

  {
    FileSizeLimit const limit(1000);
    message = message_of<EnvironmentError>([&] {
      AtomicFile file(folder / "result");
      file.write(bytes_of(std::string(5000, 'x')));
      file.commit();
    });
  }

  EXPECT_NE(message.find("cannot write"), std::string::npos) << message;
  EXPECT_NE(message.find((folder / "result").string()), std::string::npos) << message;
  EXPECT_NE(message.find("File too large"), std::string::npos) << message;
  EXPECT_EQ(content_of(folder / "result"), "old");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"result"});
}

// Below a regular file: fails for root too.
TEST(AtomicFile, an_impossible_folder_is_reported) {
  TemporaryFolder const folder;
  put_content(folder / "file", "");

  std::string const below_file = message_of<EnvironmentError>([&] { AtomicFile(folder / "file" / "result"); });
  std::string const nowhere = message_of<EnvironmentError>([&] { AtomicFile(folder / "absent" / "result"); });
  std::string const on_folder = message_of<EnvironmentError>([&] { AtomicFile(folder / ""); });

  EXPECT_NE(below_file.find("Not a directory"), std::string::npos) << below_file;
  EXPECT_NE(nowhere.find("No such file or directory"), std::string::npos) << nowhere;
  EXPECT_NE(on_folder.find("Is a directory"), std::string::npos) << on_folder;
  EXPECT_EQ(folder.names(), std::vector<std::string>{"file"});
}

TEST(AtomicFile, a_target_that_cannot_be_replaced_is_reported) {
  TemporaryFolder const folder;

  std::string const message = message_of<EnvironmentError>([&] {
    AtomicFile file(folder / "result");
    file.write(bytes_of("new"));
    std::filesystem::create_directory(folder / "result");
    file.commit();
  });

  EXPECT_NE(message.find("cannot rename over"), std::string::npos) << message;
  EXPECT_EQ(folder.names(), std::vector<std::string>{"result"});
}

TEST(AtomicFile, two_writers_do_not_share_a_temporary_file) {
  TemporaryFolder const folder;

  AtomicFile first(folder / "result");
  AtomicFile second(folder / "result");
  first.write(bytes_of("first"));
  second.write(bytes_of("second"));
  first.commit();
  second.commit();

  EXPECT_NE(first.temporary_path(), second.temporary_path());
  EXPECT_EQ(content_of(folder / "result"), "second");
}

}  // namespace
}  // namespace retrace::results
