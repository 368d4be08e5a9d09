#include "core/error.hpp"
#include "results/journal.hpp"
#include "results/record_json.hpp"
#include "results/tests/sample_document.hpp"
#include "results/tests/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace retrace::results {
namespace {

using testing::content_of;
using testing::message_of;
using testing::put_content;
using testing::TemporaryFolder;

/// Without the cases, which the tests add one by one.
ResultDocument begun() {
  ResultDocument document = testing::sample_document();
  document.cases.clear();
  document.finalized = false;
  document.planned_cases = 11;
  return document;
}

std::vector<std::string> lines_of(std::filesystem::path const& path) {
  std::vector<std::string> lines;
  std::istringstream text(content_of(path));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(RecordJson, gives_back_every_bit) {
  for (CaseRecord const& record : testing::sample_document().cases) {
    ResultDocument before, after;
    before.cases = {record};
    after.cases = {record_of_json(nlohmann::json::parse(record_json(record).dump()))};
    after.cases.front().row.run = record.row.run;

    EXPECT_EQ(testing::difference(before, after), "") << record.row.case_id;
  }
}

TEST(RecordJson, says_which_column_does_not_fit) {
  auto json = record_json(testing::sample_document().cases.front());
  json["cases"]["status"] = "perfect";
  EXPECT_EQ(message_of<std::runtime_error>([&] { (void)record_of_json(json); }),
            "/cases/status: 'perfect' is none of its words");
}

TEST(Journal, gives_back_the_document_it_was_made_of_and_what_came_after) {
  TemporaryFolder const folder;
  ResultDocument const whole = testing::sample_document();
  ResultDocument document = begun();
  {
    Journal journal(folder / "j", document, {});
    for (CaseRecord const& record : whole.cases) {
      journal.case_begins(record.row.case_id);
      journal.case_ends(record);
    }
    document.finalized = true;
    document.runs.back().exit_code = 1;
    journal.run_ends(document);
  }

  JournalContent const content = read_journal(folder / "j");

  document.cases = whole.cases;
  EXPECT_EQ(testing::difference(content.document, document), "");
  EXPECT_TRUE(content.document.finalized);
  EXPECT_EQ(content.document.title, whole.title);
  EXPECT_EQ(content.document.config.toml, whole.config.toml);
  EXPECT_EQ(content.document.planned_cases, 11);
  EXPECT_TRUE(content.remarks.empty());

  Journal const again(folder / "j", content.document, content.attempts);  // as a run that goes on does
  EXPECT_EQ(testing::difference(read_journal(folder / "j").document, document), "");
}

TEST(Journal, cut_off_anywhere_it_has_the_cases_of_its_whole_lines) {
  TemporaryFolder const folder;
  auto cases = testing::sample_document().cases;
  cases.resize(3);  // the next one is long
  {
    Journal journal(folder / "j", begun(), {});
    for (CaseRecord const& record : cases) journal.case_ends(record);
  }
  std::string const whole = content_of(folder / "j");
  std::size_t const head = whole.find("\n{\"done\"") + 1;

  for (std::size_t length = head; length < whole.size(); length += 997) {
    put_content(folder / "cut", whole.substr(0, length));
    JournalContent const content = read_journal(folder / "cut");
    auto const complete = static_cast<std::size_t>(std::count(
        whole.begin() + static_cast<std::ptrdiff_t>(head), whole.begin() + static_cast<std::ptrdiff_t>(length), '\n'));
    ASSERT_EQ(content.document.cases.size(), complete) << length;
    EXPECT_TRUE(content.remarks.empty());
  }
}

TEST(Journal, counts_beginnings_without_an_end) {
  TemporaryFolder const folder;
  CaseRecord const record = testing::sample_document().cases.front();
  std::string const id = record.row.case_id;
  {
    Journal journal(folder / "j", begun(), {});
    journal.case_begins("a");
    journal.case_begins("a");
    journal.case_begins("b");
    journal.case_abandoned("b");
    journal.case_begins(id);
    journal.case_ends(record);
  }
  JournalContent content = read_journal(folder / "j");
  EXPECT_EQ(content.attempts["a"].open, 2);
  EXPECT_EQ(content.attempts["b"].open, 0);
  EXPECT_EQ(content.attempts["b"].total, 1);
  EXPECT_EQ(content.attempts[id].open, 0);

  Journal const again(folder / "j", content.document, content.attempts);
  EXPECT_EQ(read_journal(folder / "j").attempts["a"].open, 2);
}

TEST(Journal, the_last_end_of_a_case_counts) {
  TemporaryFolder const folder;
  CaseRecord record = testing::sample_document().cases.front();
  {
    Journal journal(folder / "j", begun(), {});
    journal.case_ends(record);
    record.row.reason = "second";
    journal.case_ends(record);
  }

  JournalContent const content = read_journal(folder / "j");

  ASSERT_EQ(content.document.cases.size(), 1U);
  EXPECT_EQ(content.document.cases.front().row.reason, "second");
}

TEST(Journal, levels_of_convergence_come_with_their_case) {
  TemporaryFolder const folder;
  ResultDocument document = begun();
  document.convergence.clear();
  CaseRecord const record = testing::sample_document().cases.front();
  ConvergenceRow row;
  row.case_group = "a";
  ConvergenceRow other = row;
  other.case_group = "b";
  {
    Journal journal(folder / "j", document, {});
    journal.case_ends(record, {row, row});
    journal.case_ends(record, {other});
    row.error = 0.5;
    journal.case_ends(record, {row});  // the case was done again
  }

  auto const levels = read_journal(folder / "j").document.convergence;

  ASSERT_EQ(levels.size(), 2U);
  EXPECT_EQ(levels[0].case_group, "b");
  EXPECT_EQ(levels[1].error, 0.5);
}

TEST(Journal, a_damaged_line_is_named_and_costs_its_case_only) {
  TemporaryFolder const folder;
  auto const cases = testing::sample_document().cases;
  {
    Journal journal(folder / "j", begun(), {});
    for (std::size_t i = 0; i < 3; ++i) journal.case_ends(cases[i]);
  }
  auto lines = lines_of(folder / "j");
  lines[lines.size() - 2].resize(20);
  std::string text;
  for (std::string const& line : lines) text += line + '\n';
  put_content(folder / "j", text);

  JournalContent const content = read_journal(folder / "j");

  EXPECT_EQ(content.document.cases.size(), 2U);
  ASSERT_EQ(content.remarks.size(), 1U);
  EXPECT_EQ(content.remarks.front(), "line " + std::to_string(lines.size() - 1) + " is left out: not JSON");
}

TEST(Journal, refuses_what_is_none) {
  TemporaryFolder const folder;
  put_content(folder / "j", "schema = 1\n");
  auto const refusal = [&] { return message_of<UsageError>([&] { (void)read_journal(folder / "j"); }); };
  EXPECT_NE(refusal().find("not a journal of this program"), std::string::npos);

  put_content(folder / "j", R"({"journal":2})"
                            "\n");
  EXPECT_NE(refusal().find("a journal of form 2; this program reads form 1"), std::string::npos);

  put_content(folder / "j", "");
  EXPECT_NE(refusal().find("empty or torn in its first line"), std::string::npos);
}

TEST(Journal, texts_that_are_not_utf8_do_not_end_the_run) {
  TemporaryFolder const folder;
  CaseRecord record = testing::sample_document().cases.front();
  record.row.reason = "caf\xe9";
  Journal journal(folder / "j", begun(), {});

  journal.case_ends(record);

  EXPECT_EQ(read_journal(folder / "j").document.cases.front().row.reason, "caf\xef\xbf\xbd");
}

/// A limit on the size of files stands for a full disk.
TEST(Journal, a_line_that_does_not_fit_is_taken_back) {
  TemporaryFolder const folder;
  auto const cases = testing::sample_document().cases;
  Journal journal(folder / "j", begun(), {});
  journal.case_ends(cases[0]);
  auto const size = std::filesystem::file_size(folder / "j");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit const small{size + 100, before.rlim_max};
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);

  std::string const message = message_of<EnvironmentError>([&] { journal.case_ends(cases[3]); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  EXPECT_EQ(message, "cannot write '" + (folder / "j").string() + "': File too large");
  EXPECT_EQ(std::filesystem::file_size(folder / "j"), size);
  journal.case_ends(cases[1]);
  EXPECT_EQ(read_journal(folder / "j").document.cases.size(), 2U);
}

}  // namespace
}  // namespace retrace::results
