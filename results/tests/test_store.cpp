#include "core/error.hpp"
#include "results/reader.hpp"
#include "results/store.hpp"
#include "results/tests/sample_document.hpp"
#include "results/tests/temporary_folder.hpp"
#include "results/writer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace retrace::results {
namespace {

using testing::message_of;
using testing::put_content;
using testing::TemporaryFolder;
using Names = std::vector<std::string>;

ResultDocument head() {
  ResultDocument document;
  document.title = "t";
  RunRow run;
  run.run_uuid = "first";
  document.runs.push_back(run);
  return document;
}

CaseRecord passing(std::string const& id) {
  CaseRecord record;
  record.row.case_id = id;
  record.row.status = Status::pass;
  return record;
}

Names ids_of(ResultDocument const& document) {
  Names ids;
  for (CaseRecord const& record : document.cases) ids.push_back(record.row.case_id);
  return ids;
}

TEST(ResultStore, a_run_from_begin_to_end) {
  TemporaryFolder const folder;
  {
    ResultStore store(folder / "r.h5");
    EXPECT_FALSE(store.find_earlier());
    store.begin(head(), {}, {"a", "b"});
    EXPECT_EQ(folder.names(), (Names{"r.h5", "r.h5.journal", "r.h5.lock"}));
    EXPECT_EQ(read_result(folder / "r.h5").planned_cases, 2);
    for (char const* id : {"b", "a"}) {
      store.case_begins(id);
      store.case_ends(passing(id));
    }
    store.end(EndedBy::finished, 0, true);
  }

  ResultDocument const document = read_result(folder / "r.h5");

  EXPECT_EQ(folder.names(), Names{"r.h5"});
  EXPECT_EQ(ids_of(document), (Names{"a", "b"}));  // as planned, not as run
  EXPECT_TRUE(document.finalized);
  EXPECT_EQ(document.runs.back().ended_by, EndedBy::finished);
}

TEST(ResultStore, what_a_killed_run_left_is_continued) {
  TemporaryFolder const folder;
  {
    ResultStore store(folder / "r.h5");
    store.begin(head(), {}, {"a", "b", "c"});
    store.case_begins("b");
    store.case_ends(passing("b"));
    store.case_begins("c");
  }  // no end: as if killed
  put_content(folder / "r.h5.tmp.17-ab", "half a snapshot");
  put_content(folder / "r.h5.tmp.h5", "somebody's");
  put_content(folder / "r.h5.journal.tmp.17-ab", "half a journal");
  EXPECT_TRUE(read_result(folder / "r.h5").cases.empty());  // a snapshot was not due

  ResultStore store(folder / "r.h5");
  auto earlier = store.find_earlier();

  ASSERT_TRUE(earlier);
  EXPECT_EQ(ids_of(earlier->document), Names{"b"});
  EXPECT_EQ(earlier->attempts["c"].open, 1);
  earlier->document.runs.push_back(earlier->document.runs.front());
  store.begin(std::move(earlier->document), std::move(earlier->attempts), {"a", "b", "c"});
  EXPECT_EQ(ids_of(read_result(folder / "r.h5")), Names{"b"});
  for (char const* id : {"a", "c"}) {
    store.case_begins(id);
    store.case_ends(passing(id));
  }
  store.end(EndedBy::finished, 0, true);
  ResultDocument const document = read_result(folder / "r.h5");
  EXPECT_EQ(ids_of(document), (Names{"a", "b", "c"}));
  EXPECT_EQ(document.cases[1].row.run, 0);
  EXPECT_EQ(document.cases[2].row.run, 1);
  EXPECT_EQ(document.cases[2].row.attempts, 2);
  EXPECT_EQ(folder.names(), (Names{"r.h5", "r.h5.tmp.h5"}));
}

TEST(ResultStore, a_file_without_its_journal_is_continued_too) {
  TemporaryFolder const folder;
  {
    ResultStore store(folder / "r.h5");
    store.begin(head(), {}, {"a", "b"});
    store.case_begins("a");
    store.case_ends(passing("a"));
    store.end(EndedBy::signal, 75, false);
  }
  EXPECT_EQ(folder.names(), (Names{"r.h5", "r.h5.journal"}));
  std::filesystem::remove(folder / "r.h5.journal");

  ResultStore const store(folder / "r.h5");
  auto const earlier = store.find_earlier();

  ASSERT_TRUE(earlier);
  EXPECT_EQ(ids_of(earlier->document), Names{"a"});
  EXPECT_EQ(earlier->attempts.at("a").total, 1);
}

TEST(ResultStore, a_journal_without_its_file_is_continued_too) {
  TemporaryFolder const folder;
  {
    ResultStore store(folder / "r.h5");
    store.begin(head(), {}, {"a", "b"});
    store.case_begins("a");
    store.case_ends(passing("a"));
  }
  std::filesystem::remove(folder / "r.h5");

  EXPECT_EQ(ids_of(ResultStore(folder / "r.h5").find_earlier()->document), Names{"a"});
}

TEST(ResultStore, file_and_journal_of_different_runs_are_refused) {
  TemporaryFolder const folder;
  {
    ResultStore store(folder / "r.h5");
    store.begin(head(), {}, {"a"});
  }
  ResultDocument other = head();
  other.runs.front().run_uuid = "second";
  write_snapshot(folder / "r.h5", other);

  ResultStore const store(folder / "r.h5");

  EXPECT_NE(message_of<UsageError>([&] { (void)store.find_earlier(); }).find("are of different runs"),
            std::string::npos);
}

TEST(ResultStore, something_else_of_that_name_is_left_alone) {
  TemporaryFolder const folder;
  put_content(folder / "r.h5", "mine");

  ResultStore const store(folder / "r.h5");

  EXPECT_NE(message_of<UsageError>([&] { (void)store.find_earlier(); }).find("exists and is not overwritten"),
            std::string::npos);
}

TEST(ResultStore, one_writer_at_a_time) {
  TemporaryFolder const folder;
  ResultStore const store(folder / "r.h5");
  EXPECT_NE(message_of<UsageError>([&] { ResultStore const second(folder / "r.h5"); }).find("another run writes"),
            std::string::npos);
}

TEST(ResultStore, the_journal_stays_if_wanted) {
  TemporaryFolder const folder;
  ResultStore store(folder / "r.h5");
  store.begin(head(), {}, {"a"});
  store.case_begins("a");
  store.case_ends(passing("a"));
  store.end(EndedBy::finished, 0, true, true);

  EXPECT_EQ(folder.names(), (Names{"r.h5", "r.h5.journal"}));
  EXPECT_TRUE(ResultStore(folder / "r.h5").find_earlier()->document.finalized);
}

TEST(ResultStore, without_a_name_everything_stays_in_memory) {
  ResultStore store("");
  store.begin(head(), {}, {"a"});
  store.case_begins("a");
  store.case_ends(passing("a"));
  store.end(EndedBy::finished, 0, true);
  EXPECT_EQ(ids_of(store.document()), Names{"a"});
}

}  // namespace
}  // namespace retrace::results
