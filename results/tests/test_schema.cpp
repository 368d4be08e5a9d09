#include "results/schema.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>
#include <type_traits>

namespace retrace::results {
namespace {

struct Anything {
  template <class Value>
  operator Value() const;  // NOLINT(google-explicit-constructor): stands for any member; never called
};

/// Number of members of a plain struct: the longest braced list that initialises it.
template <class Row, class... Members>
consteval std::size_t member_count() {
  if constexpr (requires { Row{Members{}..., Anything{}}; }) {
    return member_count<Row, Members..., Anything>();
  } else {
    return sizeof...(Members);
  }
}

// A member without a column would be lost in the file without a word; two columns of one member would read it twice.
TEST(Schema, every_member_has_exactly_one_column) {
  for_each_table(Tables{}, []<class Row>(std::vector<Row> const&) {
    std::string const table(Table<Row>::name);
    auto const& columns = Table<Row>::columns;
    EXPECT_EQ(columns.size(), member_count<Row>()) << table;
    for (std::size_t a = 0; a < columns.size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        EXPECT_FALSE(columns[a].member == columns[b].member) << table << ": " << columns[a].spec.name;
      }
    }
  });
}

TEST(Schema, names_are_unique_and_numbers_have_units) {
  std::set<std::string_view> tables;
  for_each_table(Tables{}, [&]<class Row>(std::vector<Row> const&) {
    EXPECT_TRUE(tables.insert(Table<Row>::name).second);
    std::set<std::string_view> columns{Table<Row>::scale};
    for (Column<Row> const& column : Table<Row>::columns) {
      EXPECT_TRUE(columns.insert(column.spec.name).second) << column.spec.name;
      EXPECT_EQ(column.spec.units.empty(), column.spec.type == ColumnType::text) << column.spec.name;
      EXPECT_EQ(column.spec.flags.empty(), column.spec.type != ColumnType::code) << column.spec.name;
      EXPECT_FALSE(column.spec.long_name.empty()) << column.spec.name;
    }
  });
  EXPECT_EQ(tables.size(), 13U);
}

TEST(Schema, codes_have_the_values_of_the_specification) {
  EXPECT_EQ(static_cast<int>(Status::pass), 0);
  EXPECT_EQ(static_cast<int>(Status::nonfinite), 4);
  EXPECT_EQ(static_cast<int>(Status::skipped), 6);
  EXPECT_EQ(static_cast<int>(Status::crashed), 10);
  EXPECT_EQ(name_of(Status::oom), "oom");
  EXPECT_EQ(name_of(MemoryKind::process_rss), "process_rss");
  EXPECT_EQ(name_of(static_cast<Status>(200)), "unknown");
  EXPECT_EQ(code_named<Verdict>("inconclusive"), Verdict::inconclusive);
  EXPECT_EQ(code_named<Verdict>("Pass"), std::nullopt);
}

TEST(Schema, words_of_codes_have_no_blanks) {
  for_each_table(Tables{}, []<class Row>(std::vector<Row> const&) {
    for (Column<Row> const& column : Table<Row>::columns) {
      for (std::string_view word : column.spec.flags) EXPECT_EQ(word.find(' '), std::string_view::npos) << word;
    }
  });
}

}  // namespace
}  // namespace retrace::results
