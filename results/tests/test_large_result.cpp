#include "results/reader.hpp"
#include "results/store.hpp"
#include "results/tests/large_document.hpp"
#include "results/tests/sample_document.hpp"
#include "results/tests/temporary_folder.hpp"
#include "results/validate.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace retrace::results {
namespace {

constexpr std::size_t cases = 10'000;

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// RETRACE_LARGE_RESULT names a file to keep, for those who read it.
TEST(LargeResult, ten_thousand_cases_are_written_in_a_second_as_ten_megabytes) {
  testing::TemporaryFolder const folder;
  ResultDocument document = testing::LargeDocument::make(cases);
  std::vector<std::string> ids;
  for (CaseRecord const& record : document.cases) ids.push_back(record.row.case_id);
  ResultStore store(folder / "r.h5");
  store.begin(std::move(document), {}, ids);

  double const before = processor_seconds();
  store.save();
  double const seconds = processor_seconds() - before;  // others use the machine, too

  auto const bytes = std::filesystem::file_size(folder / "r.h5");
  RecordProperty("seconds", std::to_string(seconds));
  RecordProperty("bytes", std::to_string(bytes));
  std::printf("%zu cases: %.2f s of the processor, %.2f MB\n", cases, seconds, static_cast<double>(bytes) / 1e6);
#ifdef NDEBUG
  EXPECT_LT(seconds, 1.0);
#endif
  EXPECT_LT(bytes, 10'000'000U);
  store.end(EndedBy::finished, 0, true);
  ResultDocument const back = read_result(folder / "r.h5");
  EXPECT_EQ(testing::difference(back, store.document()), "");
  EXPECT_TRUE(validate(folder / "r.h5").empty());
  if (char const* const kept = std::getenv("RETRACE_LARGE_RESULT"))
    std::filesystem::copy_file(folder / "r.h5", kept, std::filesystem::copy_options::overwrite_existing);
}

}  // namespace
}  // namespace retrace::results
