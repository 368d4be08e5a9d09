#include "core/error.hpp"
#include "results/reader.hpp"
#include "results/tests/sample_document.hpp"
#include "results/tests/temporary_folder.hpp"
#include "results/validate.hpp"
#include "results/writer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace retrace::results {
namespace {

using testing::content_of;
using testing::difference;
using testing::message_of;
using testing::put_content;
using testing::sample_document;
using testing::TemporaryFolder;

TEST(WriteSnapshot, every_column_survives_the_round_trip_to_the_bit) {
  TemporaryFolder const folder;
  ResultDocument const document = sample_document();

  write_snapshot(folder / "result.h5", document);
  ResultDocument const read = read_result(folder / "result.h5");

  EXPECT_EQ(difference(document, read), "");
  EXPECT_EQ(read.schema_version, schema_version);
  EXPECT_EQ(read.title, document.title);
  EXPECT_EQ(read.created_utc, document.created_utc);
  EXPECT_EQ(read.finalized, document.finalized);
  EXPECT_EQ(read.generator, document.generator);
  EXPECT_EQ(read.license, "");
  EXPECT_EQ(read.history, document.history);
  EXPECT_EQ(read.config.toml, document.config.toml);
  EXPECT_EQ(read.config.effective_json, document.config.effective_json);
  EXPECT_EQ(read.config.sha256, document.config.sha256);
  EXPECT_EQ(read.cases[3].samples.size(), 2500U);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"result.h5"});
}

// The comparison above must itself be able to fail.
TEST(WriteSnapshot, the_comparison_sees_single_bits) {
  ResultDocument const document = sample_document();
  ResultDocument sign = document;
  ResultDocument text = document;
  ResultDocument missing = document;

  double& value = sign.cases[5].accuracy.grad_rel_l2;
  value = -value;
  text.cases[10].row.reason += " ";
  missing.cases[8].checks.pop_back();

  EXPECT_EQ(difference(document, sign), "/accuracy/grad_rel_l2, row 5");
  EXPECT_EQ(difference(document, text), "/cases/reason, row 10");
  EXPECT_EQ(difference(document, missing).substr(0, 7), "/checks");
}

TEST(WriteSnapshot, an_empty_document_works) {
  TemporaryFolder const folder;

  write_snapshot(folder / "result.h5", {});
  ResultDocument const read = read_result(folder / "result.h5");

  EXPECT_EQ(difference(ResultDocument{}, read), "");
  EXPECT_FALSE(read.finalized);
  EXPECT_EQ(read.created_utc, read.modified_utc);
  EXPECT_EQ(read.created_utc.size(), std::string("2024-06-01T12:34:56Z").size());
  EXPECT_TRUE(validate(folder / "result.h5").empty());
}

TEST(WriteSnapshot, defaults_mean_not_measured) {
  TemporaryFolder const folder;
  ResultDocument document;
  document.runs.emplace_back();
  document.cases.emplace_back();

  write_snapshot(folder / "result.h5", document);
  CaseRecord const read = read_result(folder / "result.h5").cases.at(0);

  EXPECT_TRUE(std::isnan(read.row.rtol));
  EXPECT_TRUE(std::isnan(read.accuracy.grad_rel_l2));
  EXPECT_TRUE(std::isnan(read.cost.time_median));
  EXPECT_EQ(read.cost.nfe_fwd, -1);
  EXPECT_EQ(read.accuracy.ref_kind, ReferenceKind::none);
  EXPECT_EQ(read.row.status, Status::error);
}

TEST(WriteSnapshot, bytes_that_are_not_utf8_become_readable) {
  TemporaryFolder const folder;
  ResultDocument document;
  document.title = "latin1 \xe9";
  document.environment.push_back({0, "host", "nul", std::string("a\0b", 3)});
  document.environment.push_back({0, "host", "bad", "\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82|ok é€🚀"});

  write_snapshot(folder / "result.h5", document);
  ResultDocument const read = read_result(folder / "result.h5");

  std::string const r = "\xef\xbf\xbd";  // U+FFFD, one for each offending byte
  EXPECT_EQ(read.title, "latin1 " + r);
  EXPECT_EQ(read.environment[0].value, "a" + r + "b");
  EXPECT_EQ(read.environment[1].value, r + r + "|" + r + r + r + "|" + r + r + r + r + "|" + r + r + "|ok é€🚀");
}

TEST(WriteSnapshot, replaces_the_former_snapshot) {
  TemporaryFolder const folder;
  ResultDocument document = sample_document();

  write_snapshot(folder / "result.h5", {});
  write_snapshot(folder / "result.h5", document);

  EXPECT_EQ(read_result(folder / "result.h5").cases.size(), document.cases.size());
  EXPECT_EQ(folder.names(), std::vector<std::string>{"result.h5"});
}

TEST(WriteSnapshot, failure_leaves_the_former_snapshot) {
  TemporaryFolder const folder;
  put_content(folder / "file", "not a folder");

  std::string const message =
      message_of<EnvironmentError>([&] { write_snapshot(folder / "file" / "result.h5", sample_document()); });

  EXPECT_NE(message.find((folder / "file").string()), std::string::npos) << message;
  EXPECT_EQ(content_of(folder / "file"), "not a folder");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"file"});
}

TEST(ClaimOutput, accepts_a_new_name_and_leaves_nothing) {
  TemporaryFolder const folder;

  claim_output(folder / "result.h5");

  EXPECT_TRUE(folder.names().empty());
}

TEST(ClaimOutput, refuses_what_exists) {
  TemporaryFolder const folder;
  put_content(folder / "result.h5", "precious");
  std::filesystem::create_symlink(folder / "nowhere", folder / "link.h5");

  std::string const message = message_of<UsageError>([&] { claim_output(folder / "result.h5"); });
  std::string const link = message_of<UsageError>([&] { claim_output(folder / "link.h5"); });
  EXPECT_THROW(claim_output(folder / ""), UsageError);
  EXPECT_THROW(claim_output(""), UsageError);

  EXPECT_NE(message.find((folder / "result.h5").string()), std::string::npos) << message;
  EXPECT_NE(message.find("exists"), std::string::npos) << message;
  EXPECT_NE(message.find("-o"), std::string::npos) << message;
  EXPECT_NE(link.find("exists"), std::string::npos) << link;
  EXPECT_EQ(content_of(folder / "result.h5"), "precious");
}

TEST(ClaimOutput, refuses_a_folder_that_cannot_be_written) {
  TemporaryFolder const folder;
  put_content(folder / "file", "");

  EXPECT_THROW(claim_output(folder / "file" / "result.h5"), UsageError);
  EXPECT_THROW(claim_output(folder / "absent" / "result.h5"), UsageError);
  if (std::filesystem::exists("/proc/self")) {  // no file can be made there, by root neither
    EXPECT_THROW(claim_output("/proc/retrace-result.h5"), EnvironmentError);
  }
}

}  // namespace
}  // namespace retrace::results
