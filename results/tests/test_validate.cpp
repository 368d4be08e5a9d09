#include "results/tests/damaged_file.hpp"
#include "results/tests/sample_document.hpp"
#include "results/tests/temporary_folder.hpp"
#include "results/validate.hpp"

#include <gtest/gtest.h>
#include <hdf5_hl.h>

#include <ostream>
#include <string>
#include <vector>

namespace retrace::results {

void PrintTo(Finding const& finding, std::ostream* stream) {
  *stream << finding.where << ": " << finding.what;
}

namespace {

using testing::TemporaryFolder;

class Validate : public ::testing::Test {
 protected:
  void SetUp() override { write_snapshot(path_, document_); }

  /// A fresh file must be clean, so whatever is found afterwards was done by the test.
  void expect_single_finding(std::string const& where, std::string const& what) const {
    std::vector<Finding> const findings = validate(path_);
    ASSERT_EQ(findings.size(), 1U) << ::testing::PrintToString(findings);
    EXPECT_EQ(findings[0].where, where);
    EXPECT_NE(findings[0].what.find(what), std::string::npos) << findings[0].what;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "result.h5";
  ResultDocument document_ = testing::sample_document();
};

TEST_F(Validate, finds_nothing_in_what_the_writer_wrote) {
  EXPECT_EQ(validate(path_), std::vector<Finding>{});
}

TEST_F(Validate, an_unfinished_snapshot_is_fine) {
  document_.finalized = false;
  document_.runs.back().ended_by = EndedBy::crash;
  write_snapshot(path_, document_);
  EXPECT_EQ(validate(path_), std::vector<Finding>{});
}

TEST_F(Validate, unreadable_files_are_one_finding) {
  testing::put_content(path_, testing::content_of(path_).substr(0, 5000));
  expect_single_finding("/", "damaged or cut off");
  std::filesystem::remove(path_);
  expect_single_finding("/", "No such file");
}

TEST_F(Validate, finds_another_type) {
  testing::retype_column(path_, "/cases/rtol", H5T_STD_I32LE);
  expect_single_finding("/cases/rtol", "the type is int32, expected float64");
}

TEST_F(Validate, finds_a_missing_column_and_table) {
  testing::remove_link(path_, "/checks/op");
  expect_single_finding("/checks/op", "the column is missing");
  write_snapshot(path_, document_);
  testing::remove_link(path_, "/checks");
  expect_single_finding("/checks", "the table /checks is missing");
}

TEST_F(Validate, finds_wrong_and_missing_attributes) {
  testing::replace_attribute(path_, "/cost/time_median", "units", "ms");
  expect_single_finding("/cost/time_median", "attribute 'units' is 'ms', expected 's'");
  testing::replace_attribute(path_, "/cost/time_median", "units", nullptr);
  expect_single_finding("/cost/time_median", "attribute 'units' missing");
}

TEST_F(Validate, finds_other_words_for_codes) {
  testing::replace_attribute(path_, "/cases/status", "flag_meanings", "pass fail");
  expect_single_finding("/cases/status", "flag_meanings");
}

TEST_F(Validate, finds_codes_out_of_range) {
  testing::set_value<std::uint8_t>(path_, "/checks/verdict", 1, 4, H5T_NATIVE_UINT8);
  expect_single_finding("/checks/verdict", "row 1 holds 4");
}

TEST_F(Validate, finds_indices_out_of_range) {
  testing::set_value<std::int64_t>(path_, "/cases/run", 2, 2, H5T_NATIVE_INT64);
  expect_single_finding("/cases/run", "row 2 holds 2, but /runs has 2 rows");
}

TEST_F(Validate, finds_a_scale_that_does_not_count) {
  testing::set_value<std::int64_t>(path_, "/samples/sample", 2000, 7, H5T_NATIVE_INT64);
  expect_single_finding("/samples/sample", "row 2000 holds 7");
}

TEST_F(Validate, finds_a_detached_scale) {
  {
    H5File const file = testing::open_to_damage(path_);
    H5Dataset const column(H5Dopen2(file, "/memory/space", H5P_DEFAULT), "open");
    H5Dataset const scale(H5Dopen2(file, "/memory/mem_row", H5P_DEFAULT), "open");
    h5_check(H5DSdetach_scale(column, scale, 0), "detach");
  }
  expect_single_finding("/memory/space", "not attached");
}

TEST_F(Validate, finds_a_case_twice_in_one_run) {
  document_.cases[2].row.case_id = document_.cases[0].row.case_id;  // both in run 0
  document_.cases[1].row.case_id = document_.cases[0].row.case_id;  // run 1: a second launch, fine
  write_snapshot(path_, document_);
  expect_single_finding("/cases", "occurs twice in run 0");
}

TEST_F(Validate, finds_finalized_without_a_finished_run) {
  document_.runs.back().ended_by = EndedBy::time_limit;
  write_snapshot(path_, document_);
  expect_single_finding("/", "ended by time_limit");
}

TEST_F(Validate, finds_another_major_version) {
  testing::replace_attribute(path_, "/", "schema_version", "0.9.0");
  expect_single_finding("/", "0.9.0");
}

TEST_F(Validate, finds_tables_that_must_be_as_long_as_cases) {
  // Every column of /cost and its scale one row shorter.
  for (Column<CostRow> const& column : Table<CostRow>::columns) {
    testing::resize_column(path_, "/cost/" + std::string(column.spec.name), 10);
  }
  testing::resize_column(path_, "/cost/case", 10);
  expect_single_finding("/cost", "10 rows, but /cases has 11");
}

}  // namespace
}  // namespace retrace::results
