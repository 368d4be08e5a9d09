#include "core/error.hpp"
#include "results/reader.hpp"
#include "results/tests/damaged_file.hpp"
#include "results/tests/sample_document.hpp"
#include "results/tests/temporary_folder.hpp"
#include "results/validate.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace retrace::results {
namespace {

using testing::content_of;
using testing::message_of;
using testing::put_content;
using testing::TemporaryFolder;

class ReadResult : public ::testing::Test {
 protected:
  void SetUp() override { write_snapshot(path_, testing::sample_document()); }

  /// The one line that reading the file gives now; it begins with the path.
  [[nodiscard]] std::string refusal() const {
    std::string const message = message_of<UsageError>([&] { (void)read_result(path_); });
    EXPECT_EQ(message.find("'" + path_.string() + "': "), 0U) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "result.h5";
};

#define EXPECT_CONTAINS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(ReadResult, refuses_what_is_no_file) {
  std::filesystem::remove(path_);
  EXPECT_CONTAINS(refusal(), "No such file or directory");

  std::filesystem::create_directory(path_);
  EXPECT_CONTAINS(refusal(), "is a folder");
}

TEST_F(ReadResult, refuses_what_is_not_hdf5) {
  put_content(path_, "");
  EXPECT_CONTAINS(refusal(), "not an HDF5 file");

  put_content(path_, std::string(10'000, 'x'));
  EXPECT_CONTAINS(refusal(), "not an HDF5 file");
}

TEST_F(ReadResult, refuses_a_file_cut_off_anywhere) {
  std::string const whole = content_of(path_);
  for (std::size_t const divisor : {2U, 3U, 10U, 100U, 1000U}) {
    put_content(path_, whole.substr(0, whole.size() - whole.size() / divisor));
    EXPECT_CONTAINS(refusal(), "damaged or cut off");
  }
}

TEST_F(ReadResult, refuses_damaged_bytes_wherever_they_are) {
  std::string const whole = content_of(path_);
  for (std::size_t place = 8; place < whole.size() - 31; place += 4999) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(~damaged[place]);
    put_content(path_, damaged);
    EXPECT_CONTAINS(refusal(), "the checksum at its end does not match");
  }
}

// HDF5 cuts the seal off when a program changes the file; such a file is read on its merits.
TEST_F(ReadResult, reads_a_file_that_another_program_has_changed) {
  testing::replace_attribute(path_, "/", "title", "changed");

  EXPECT_EQ(read_result(path_).title, "changed");
}

TEST_F(ReadResult, refuses_another_major_version_and_names_both) {
  testing::replace_attribute(path_, "/", "schema_version", "2.3.4");

  std::string const message = refusal();

  EXPECT_CONTAINS(message, "2.3.4");
  EXPECT_CONTAINS(message, std::string(schema_version));
}

TEST_F(ReadResult, reads_newer_minor_versions_with_columns_of_their_own) {
  testing::replace_attribute(path_, "/", "schema_version", "1.7.0");
  {
    H5File const file = testing::open_to_damage(path_);
    h5_check(H5Lcreate_hard(file, "/cases/rtol", file, "/cases/new_in_1_7", H5P_DEFAULT, H5P_DEFAULT), "new column");
  }

  ResultDocument const read = read_result(path_);

  EXPECT_EQ(read.schema_version, "1.7.0");
  EXPECT_EQ(testing::difference(testing::sample_document(), read), "");
}

TEST_F(ReadResult, reads_files_from_before_a_table_that_a_minor_version_brought) {
  testing::remove_link(path_, "/time_gradients");
  EXPECT_CONTAINS(refusal(), "the table /time_gradients is missing");

  testing::replace_attribute(path_, "/", "schema_version", "1.1.0");
  ResultDocument const read = read_result(path_);

  EXPECT_EQ(read.cases.size(), testing::sample_document().cases.size());
  for (CaseRecord const& record : read.cases) EXPECT_TRUE(record.time_gradients.empty());
  EXPECT_TRUE(validate(path_).empty());
}

TEST_F(ReadResult, refuses_hdf5_of_other_programs) {
  testing::replace_attribute(path_, "/", "schema_name", "something_else");
  EXPECT_CONTAINS(refusal(), "not a Retrace result");

  testing::replace_attribute(path_, "/", "schema_name", nullptr);
  EXPECT_CONTAINS(refusal(), "not a Retrace result");
}

TEST_F(ReadResult, refuses_missing_tables_columns_and_scales) {
  testing::remove_link(path_, "/cases/rtol");
  EXPECT_CONTAINS(refusal(), "/cases/rtol: the column is missing");

  testing::remove_link(path_, "/cases");
  EXPECT_CONTAINS(refusal(), "the table /cases is missing");

  write_snapshot(path_, testing::sample_document());
  testing::remove_link(path_, "/samples/sample");
  EXPECT_CONTAINS(refusal(), "the scale 'sample' is missing");

  write_snapshot(path_, testing::sample_document());
  testing::remove_link(path_, "/config/toml");
  EXPECT_CONTAINS(refusal(), "toml");
}

TEST_F(ReadResult, refuses_a_column_of_another_type) {
  testing::retype_column(path_, "/cases/rtol", H5T_STD_I32LE);
  EXPECT_CONTAINS(refusal(), "/cases/rtol: the type is int32, expected float64");

  write_snapshot(path_, testing::sample_document());
  testing::retype_column(path_, "/cost/nfe_fwd", H5T_STD_U64LE);
  EXPECT_CONTAINS(refusal(), "/cost/nfe_fwd: the type is uint64, expected int64");

  write_snapshot(path_, testing::sample_document());
  testing::retype_column(path_, "/checks/message", H5T_C_S1);
  EXPECT_CONTAINS(refusal(), "/checks/message: the type is fixed-length text, expected text");
}

TEST_F(ReadResult, refuses_columns_of_unequal_length) {
  testing::resize_column(path_, "/memory/peak_bytes", 3);
  EXPECT_CONTAINS(refusal(), "/memory/peak_bytes: 3 rows");
}

TEST_F(ReadResult, refuses_lengths_that_nothing_stands_behind) {
  testing::resize_column(path_, "/samples/sample", hsize_t{1} << 45U);
  EXPECT_CONTAINS(refusal(), "too few bytes");
}

TEST_F(ReadResult, refuses_codes_and_cases_out_of_range) {
  testing::set_value<std::uint8_t>(path_, "/cases/status", 4, 11, H5T_NATIVE_UINT8);
  EXPECT_CONTAINS(refusal(), "/cases/status: row 4 holds 11, the largest code is 10");

  write_snapshot(path_, testing::sample_document());
  testing::set_value<std::int64_t>(path_, "/samples/case", 0, 11, H5T_NATIVE_INT64);
  EXPECT_CONTAINS(refusal(), "/samples/case is 11");

  testing::set_value<std::int64_t>(path_, "/samples/case", 0, -1, H5T_NATIVE_INT64);
  EXPECT_CONTAINS(refusal(), "/samples/case is -1");
}

}  // namespace
}  // namespace retrace::results
